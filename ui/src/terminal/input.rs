//! What the user does, and the thread that reads it.

use std::{
    io::{self, PipeReader, PipeWriter, Read, Write},
    thread,
    time::Duration,
};

use crossterm::event::{self, Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers, MouseEvent};
use rustix::{
    event::{PollFd, PollFlags, poll},
    io::Errno,
};
use tokio::sync::mpsc;

/// How many keys wait while a frame is drawn; more wait in the terminal.
const WAITING_KEYS: usize = 64;

/// How long the reader may take to leave the keyboard to another program.
const PATIENCE: Duration = Duration::from_secs(1);

/// How long to look for more in what was read. crossterm does not look at all once the time is over, so it has to be
/// long enough for a machine that is busy.
const SETTLING: Duration = Duration::from_millis(200);

/// How soon after another a key comes that was not typed but read together with it.
const AT_ONCE: Duration = Duration::from_millis(2);
/// How soon the next piece of such a crowd of keys comes.
const IN_PIECES: Duration = Duration::from_millis(15);
/// From so many keys on that write something, nobody typed them.
const BURST: usize = 6;
/// Keys that are passed on together at most, more than the longest draft has letters; the others are dropped.
const LONGEST_BURST: usize = 64 << 10;

/// Something that the user or the system does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Input {
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
    /// The system asks the program to end: SIGTERM, SIGINT from another process, SIGHUP.
    Terminate,
    /// The terminal has gone.
    HungUp,
    /// A thread or task panicked. The terminal was given back and the panic is on it: end with a failure.
    Panicked,
}

/// The keys that were read, and the thread that reads them.
#[derive(Debug)]
pub(super) struct Keys {
    read: mpsc::Receiver<Input>,
    /// A byte has the thread stop reading, the next one has it go on.
    wishes: PipeWriter,
    stopped: std::sync::mpsc::Receiver<()>,
}

/// Reads the keyboard and the mouse on a thread of its own: crossterm's reader never comes back from a terminal that
/// has gone, or that sent half a paste.
pub(super) fn read_keys() -> io::Result<Keys> {
    let (sender, read) = mpsc::channel(WAITING_KEYS);
    let (heard, wishes) = io::pipe()?;
    let (stopped_to, stopped) = std::sync::mpsc::channel();
    let reader = Reader { listener: sender, heard, stopped: stopped_to };
    // What ends it is that nobody listens any more or nothing can be read.
    thread::Builder::new().name("keys".into()).spawn(move || reader.run().ok())?;
    Ok(Keys { read, wishes, stopped })
}

impl Keys {
    /// The next one; `None` once there will be none.
    pub(super) async fn next(&mut self) -> Option<Input> {
        self.read.recv().await
    }

    /// Leaves what is typed to another program, until [`Keys::take`]. Fails if the reader does not come to it, as when
    /// half a paste has come.
    pub(super) fn leave(&mut self) -> io::Result<()> {
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
    pub(super) fn take(&mut self) -> io::Result<()> {
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
}

impl Reader {
    fn run(mut self) -> io::Result<()> {
        loop {
            if self.wait()? {
                self.stop()?;
                continue;
            }
            // All that has come, as crossterm may have read more than it told.
            while event::poll(SETTLING)? {
                let Some(input) = Input::from_event(event::read()?) else { continue };
                self.pass_on(input)?;
            }
        }
    }

    fn pass_on(&self, input: Input) -> io::Result<()> {
        let inputs = match input {
            Input::Key(key) => gathered(key, next_within),
            input => vec![input],
        };
        let sent = inputs.into_iter().try_for_each(|input| self.listener.blocking_send(input));
        sent.map_err(|_| io::ErrorKind::BrokenPipe.into())
    }

    /// Sleeps until something is typed, or wished: then it returns true.
    fn wait(&self) -> io::Result<bool> {
        let stdin = io::stdin();
        let mut ends = [PollFd::new(&stdin, PollFlags::IN), PollFd::new(&self.heard, PollFlags::IN)];
        match poll(&mut ends, None) {
            Err(Errno::INTR) => Ok(false),
            Err(error) => Err(error.into()),
            // crossterm would look for keys in a terminal that has gone, over and over.
            Ok(_) if ends[0].revents().contains(PollFlags::HUP) => Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(_) => Ok(!ends[1].revents().is_empty()),
        }
    }

    fn stop(&mut self) -> io::Result<()> {
        let mut wish = [0];
        self.heard.read_exact(&mut wish)?;
        let _ = self.stopped.send(());
        self.heard.read_exact(&mut wish)
    }
}

/// The next event, if it comes within this time.
fn next_within(time: Duration) -> Option<Event> {
    event::poll(time).ok()?.then(event::read)?.ok()
}

/// A key and those that come at once with it: apart from one another, or together if they are so many that nobody
/// typed them. What ended them is the last. A key that comes alone is held back for [`AT_ONCE`] only.
fn gathered(first: KeyEvent, mut next: impl FnMut(Duration) -> Option<Event>) -> Vec<Input> {
    let mut keys = vec![first];
    let mut written = usize::from(writes(first));
    let mut end = None;
    // One that follows so soon is the second of a crowd, which may come in several pieces.
    let patience = |keys: usize| if keys > 1 { IN_PIECES } else { AT_ONCE };
    while let Some(event) = next(patience(keys.len())) {
        match Input::from_event(event) {
            Some(Input::Key(key)) => {
                written += usize::from(writes(key));
                // What is behind the longest is no key either.
                if keys.len() < LONGEST_BURST {
                    keys.push(key);
                }
            }
            Some(other) => {
                end = Some(other);
                break;
            }
            None => {}
        }
    }
    let mut inputs =
        if written < BURST { keys.into_iter().map(Input::Key).collect() } else { vec![Input::Burst(keys)] };
    inputs.extend(end);
    inputs
}

/// Whether a key would write something, a line break included.
fn writes(key: KeyEvent) -> bool {
    match key.code {
        KeyCode::Enter | KeyCode::Tab => true,
        // A line feed comes as Ctrl-J.
        KeyCode::Char(character) => character == 'j' || !key.modifiers.contains(KeyModifiers::CONTROL),
        _ => false,
    }
}

impl Input {
    /// Resizes come by [`signals`](super::signals), releases of keys are of no use.
    fn from_event(event: Event) -> Option<Self> {
        match event {
            Event::Key(key) if key.kind != KeyEventKind::Release => Some(Self::Key(key)),
            Event::Paste(text) => Some(Self::Paste(text)),
            Event::Mouse(mouse) => Some(Self::Mouse(mouse)),
            Event::FocusGained => Some(Self::Focus(true)),
            Event::FocusLost => Some(Self::Focus(false)),
            Event::Key(_) | Event::Resize(..) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn presses_and_repeats_come_through_and_releases_do_not() {
        let key = |kind| KeyEvent::new_with_kind(KeyCode::Char('x'), KeyModifiers::NONE, kind);
        for kind in [KeyEventKind::Press, KeyEventKind::Repeat] {
            assert_eq!(Input::from_event(Event::Key(key(kind))), Some(Input::Key(key(kind))));
        }
        assert_eq!(Input::from_event(Event::Key(key(KeyEventKind::Release))), None);
    }

    #[test]
    fn the_focus_comes_through() {
        assert_eq!(Input::from_event(Event::FocusLost), Some(Input::Focus(false)));
        assert_eq!(Input::from_event(Event::FocusGained), Some(Input::Focus(true)));
    }

    fn key(character: char) -> KeyEvent {
        KeyEvent::from(KeyCode::Char(character))
    }

    /// What is passed on when these follow at once.
    fn passed_on(first: char, others: &str, end: Option<Event>) -> Vec<Input> {
        let mut events = others.chars().map(|character| Event::Key(key(character))).chain(end);
        gathered(key(first), |_| events.next())
    }

    #[test]
    fn keys_that_nobody_typed_stay_together() {
        let keys: Vec<_> = "quit n".chars().map(key).collect();
        assert_eq!(passed_on('q', "uit n", None), [Input::Burst(keys.clone())]);
        let end = Event::Paste("x".to_owned());
        assert_eq!(
            passed_on('q', "uit n", Some(end)),
            [Input::Burst(keys), Input::Paste("x".to_owned())],
            "what follows comes behind them"
        );
    }

    #[test]
    fn a_few_keys_are_keys_and_one_is_not_waited_with() {
        assert_eq!(passed_on('j', "j", None), [Input::Key(key('j')), Input::Key(key('j'))]);
        let mut waits = Vec::new();
        gathered(key('j'), |time| {
            waits.push(time);
            None
        });
        assert_eq!(waits, [AT_ONCE]);
        let mut ups = vec![Event::Key(KeyCode::Up.into()); 20].into_iter();
        let passed = gathered(KeyCode::Up.into(), |_| ups.next());
        assert_eq!(passed.len(), 21, "keys that write nothing are no paste");
        let leave = KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL);
        let mut leaves = vec![Event::Key(leave); 20].into_iter();
        assert_eq!(gathered(leave, |_| leaves.next()).len(), 21);
    }

    #[test]
    fn a_burst_without_end_is_cut_and_leaves_no_key_behind() {
        let passed = passed_on('x', &"y".repeat(LONGEST_BURST + 3), None);
        assert!(matches!(&passed[..], [Input::Burst(keys)] if keys.len() == LONGEST_BURST));
    }
}
