//! Input of the user and the system, and the thread that reads the keyboard.

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

/// Maximum number of buffered inputs while a frame is drawn; further ones stay in the terminal.
const BUFFERED_INPUTS: usize = 64;

/// Maximum time until the reader has paused for another program.
const PAUSE_TIMEOUT: Duration = Duration::from_secs(1);

/// Maximum number of bytes per read.
const READ_SIZE: usize = 4096;

/// An input of the user or the system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    /// A key press or repeat.
    Key(KeyEvent),
    /// Keys that arrived faster than anybody types, as from a paste without bracketed paste.
    Burst(Vec<KeyEvent>),
    /// Pasted text. It never acts as keys.
    Paste(String),
    /// A mouse button or the wheel.
    Mouse(MouseEvent),
    /// The terminal got (`true`) or lost the focus. Not every terminal reports it.
    Focus(bool),
    /// The terminal's size changed. Several changes in a row are reported once.
    Resized,
    /// The process was stopped and continues. The screen is empty.
    Resumed,
    /// The system asked the process to stop, which failed for this reason.
    CannotStop(String),
    /// A termination request: SIGTERM, SIGHUP, or SIGINT from another process.
    Terminate,
    /// The terminal was closed.
    HungUp,
    /// A thread or task panicked. The terminal is restored and shows the message; the program has to exit with a
    /// failure.
    Panicked,
}

/// The receiver of keyboard input, and the control of its reader thread.
#[derive(Debug)]
pub(crate) struct Keys {
    read: mpsc::Receiver<Input>,
    /// One byte pauses the reader, the next one resumes it.
    control: PipeWriter,
    stopped: std::sync::mpsc::Receiver<()>,
}

/// Starts a thread that reads the keyboard and the mouse. It uses our own [`Decoder`], because crossterm's reads
/// terminal responses as keys and waits forever for the end of a paste.
pub(crate) fn read_keys() -> io::Result<Keys> {
    let (sender, read) = mpsc::channel(BUFFERED_INPUTS);
    let (requests, control) = io::pipe()?;
    let (stopped_to, stopped) = std::sync::mpsc::channel();
    let reader =
        Reader { listener: sender, control: requests, stopped: stopped_to, decoder: Decoder::default() };
    // The thread ends when the receiver is dropped or the keyboard cannot be read.
    thread::Builder::new().name("keys".into()).spawn(move || reader.run().ok())?;
    Ok(Keys { read, control, stopped })
}

impl Keys {
    /// The next input; `None` after the reader has ended. Cancel-safe.
    pub(crate) async fn next(&mut self) -> Option<Input> {
        self.read.recv().await
    }

    /// Pauses the reader, so that another program can read the keyboard, until [`Keys::resume`].
    ///
    /// # Errors
    ///
    /// Fails if the reader does not pause within 1 s, for example because many keys are buffered. It then continues.
    pub(crate) fn pause(&mut self) -> io::Result<()> {
        // Discards late confirmations of earlier requests.
        while self.stopped.try_recv().is_ok() {}
        self.toggle()?;
        if self.stopped.recv_timeout(PAUSE_TIMEOUT).is_ok() {
            return Ok(());
        }
        self.resume()?;
        Err(io::Error::new(io::ErrorKind::TimedOut, "the keyboard is busy; try again"))
    }

    /// Resumes the reader.
    ///
    /// # Errors
    ///
    /// Fails if the reader has ended.
    pub(crate) fn resume(&mut self) -> io::Result<()> {
        self.toggle()
    }

    fn toggle(&mut self) -> io::Result<()> {
        self.control.write_all(&[0])
    }
}

/// The state of the reader thread.
struct Reader {
    listener: mpsc::Sender<Input>,
    control: PipeReader,
    stopped: std::sync::mpsc::Sender<()>,
    decoder: Decoder,
}

/// The event that woke the reader.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Woken {
    InputReady,
    ControlByte,
    /// The decoder's wait has expired without input.
    TimedOut,
}

impl Reader {
    fn run(mut self) -> io::Result<()> {
        loop {
            match self.wait()? {
                Woken::InputReady => self.read()?,
                Woken::ControlByte => self.pause()?,
                Woken::TimedOut => self.decoder.expire(Instant::now()),
            }
            while let Some(input) = self.decoder.next() {
                let sent = self.listener.blocking_send(input);
                sent.map_err(|_| io::Error::from(io::ErrorKind::BrokenPipe))?;
            }
        }
    }

    fn read(&mut self) -> io::Result<()> {
        let mut bytes = [0; READ_SIZE];
        match rustix::io::read(io::stdin(), &mut bytes) {
            Ok(0) => Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(length) => {
                self.decoder.decode(&bytes[..length], Instant::now());
                Ok(())
            }
            Err(Errno::INTR | Errno::AGAIN) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Sleeps until input arrives, a request arrives, or the decoder's wait expires.
    fn wait(&self) -> io::Result<Woken> {
        let stdin = io::stdin();
        let mut sources = [PollFd::new(&stdin, PollFlags::IN), PollFd::new(&self.control, PollFlags::IN)];
        let timeout = self.decoder.deadline().map(|until| until.saturating_duration_since(Instant::now()));
        let timeout = timeout.and_then(|timeout| Timespec::try_from(timeout).ok());
        match poll(&mut sources, timeout.as_ref()) {
            Err(Errno::INTR) | Ok(0) => Ok(Woken::TimedOut),
            Err(error) => Err(error.into()),
            Ok(_) if sources[0].revents().contains(PollFlags::HUP) => {
                Err(io::ErrorKind::UnexpectedEof.into())
            }
            Ok(_) if !sources[1].revents().is_empty() => Ok(Woken::ControlByte),
            Ok(_) => Ok(Woken::InputReady),
        }
    }

    fn pause(&mut self) -> io::Result<()> {
        let mut byte = [0];
        self.control.read_exact(&mut byte)?;
        // The rest of an incomplete sequence goes to the other program.
        self.decoder.reset();
        let _ = self.stopped.send(());
        self.control.read_exact(&mut byte)
    }
}
