//! What the user does, and the thread that reads it.

use std::{
    io::{self, PipeReader, PipeWriter, Read, Write},
    thread,
    time::{Duration, Instant},
};

use crossterm::event::{KeyEvent, MouseEvent};
use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    io::Errno,
};
use tokio::sync::mpsc;

use super::decoder::Decoder;

/// How many keys wait while a frame is drawn; more wait in the terminal.
const WAITING_KEYS: usize = 64;

/// How long the reader may take to leave the keyboard to another program.
const PATIENCE: Duration = Duration::from_secs(1);

/// How many bytes are read at once.
const READ: usize = 4096;

/// Something that the user or the system does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    /// A key went down or repeats.
    Key(KeyEvent),
    /// Keys that came faster than anybody types, as from a terminal without bracketed paste.
    Burst(Vec<KeyEvent>),
    /// Text came at once. It is never a key, whatever it says.
    Paste(String),
    Mouse(MouseEvent),
    /// The terminal has the focus or has lost it. Not every terminal says so.
    Focus(bool),
    /// The terminal has another size; however often, it is told once.
    Resized,
    /// The process was stopped and goes on. The terminal is empty.
    Resumed,
    /// The system asked the program to stop, and it can't, for this reason.
    CannotStop(String),
    /// The system asks the program to end: SIGTERM, SIGINT from another process, SIGHUP.
    Terminate,
    /// The terminal has gone.
    HungUp,
    /// A thread or task panicked. The terminal was given back and the panic is on it: end with a failure.
    Panicked,
}

/// The keys that were read, and the thread that reads them.
#[derive(Debug)]
pub struct Keys {
    read: mpsc::Receiver<Input>,
    /// A byte has the thread stop reading, the next one has it go on.
    wishes: PipeWriter,
    stopped: std::sync::mpsc::Receiver<()>,
}

/// Reads the keyboard and the mouse on a thread of its own. The bytes go through a [`Decoder`] of ours, because crossterm's
/// takes the answers of a terminal for keys, and waits without end for the rest of a paste.
pub(crate) fn read_keys() -> io::Result<Keys> {
    let (sender, read) = mpsc::channel(WAITING_KEYS);
    let (heard, wishes) = io::pipe()?;
    let (stopped_to, stopped) = std::sync::mpsc::channel();
    let reader = Reader { listener: sender, heard, stopped: stopped_to, decoder: Decoder::default() };
    // What ends it is that nobody listens any more or nothing can be read.
    thread::Builder::new().name("keys".into()).spawn(move || reader.run().ok())?;
    Ok(Keys { read, wishes, stopped })
}

impl Keys {
    /// The next one; `None` once there will be none.
    pub async fn next(&mut self) -> Option<Input> {
        self.read.recv().await
    }

    /// Leaves what is typed to another program, until [`Keys::take`]. Fails if the reader does not come to it, as when
    /// many keys wait.
    pub fn leave(&mut self) -> io::Result<()> {
        // A late answer to an earlier wish is none to this one.
        while self.stopped.try_recv().is_ok() {}
        self.wish()?;
        if self.stopped.recv_timeout(PATIENCE).is_ok() {
            return Ok(());
        }
        self.take()?;
        Err(io::Error::new(io::ErrorKind::TimedOut, "the keyboard is busy; try again"))
    }

    /// Takes what is typed again.
    pub fn take(&mut self) -> io::Result<()> {
        self.wish()
    }

    fn wish(&mut self) -> io::Result<()> {
        self.wishes.write_all(&[0])
    }
}

/// What the thread has.
struct Reader {
    listener: mpsc::Sender<Input>,
    heard: PipeReader,
    stopped: std::sync::mpsc::Sender<()>,
    decoder: Decoder,
}

/// What the reader was woken by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Woken {
    Typed,
    Wished,
    /// Nothing came for as long as the decoder waits.
    Waited,
}

impl Reader {
    fn run(mut self) -> io::Result<()> {
        loop {
            match self.wait()? {
                Woken::Typed => self.read()?,
                Woken::Wished => self.stop()?,
                Woken::Waited => self.decoder.expire(Instant::now()),
            }
            while let Some(input) = self.decoder.next() {
                let sent = self.listener.blocking_send(input);
                sent.map_err(|_| io::Error::from(io::ErrorKind::BrokenPipe))?;
            }
        }
    }

    fn read(&mut self) -> io::Result<()> {
        let mut bytes = [0; READ];
        match rustix::io::read(io::stdin(), &mut bytes) {
            Ok(0) => Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(length) => {
                self.decoder.take(&bytes[..length], Instant::now());
                Ok(())
            }
            Err(Errno::INTR | Errno::AGAIN) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Sleeps until something is typed or wished, or the decoder waits no longer.
    fn wait(&self) -> io::Result<Woken> {
        let stdin = io::stdin();
        let mut ends = [PollFd::new(&stdin, PollFlags::IN), PollFd::new(&self.heard, PollFlags::IN)];
        let patience = self.decoder.deadline().map(|until| until.saturating_duration_since(Instant::now()));
        let patience = patience.and_then(|patience| Timespec::try_from(patience).ok());
        match poll(&mut ends, patience.as_ref()) {
            Err(Errno::INTR) | Ok(0) => Ok(Woken::Waited),
            Err(error) => Err(error.into()),
            Ok(_) if ends[0].revents().contains(PollFlags::HUP) => Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(_) if !ends[1].revents().is_empty() => Ok(Woken::Wished),
            Ok(_) => Ok(Woken::Typed),
        }
    }

    fn stop(&mut self) -> io::Result<()> {
        let mut wish = [0];
        self.heard.read_exact(&mut wish)?;
        // What has begun ends in the other program.
        self.decoder.reset();
        let _ = self.stopped.send(());
        self.heard.read_exact(&mut wish)
    }
}
