//! What the user does, and the thread that reads it.

use std::{io, thread};

use crossterm::event::{self, Event, KeyEvent, KeyEventKind, MouseEvent};
use tokio::sync::mpsc;

/// How many keys wait while a frame is drawn; more wait in the terminal.
const WAITING_KEYS: usize = 64;

/// Something that the user or the system does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Input {
    /// A key went down or repeats.
    Key(KeyEvent),
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

/// Reads the keyboard and the mouse on a thread of its own: crossterm's reader never comes back from a terminal that
/// has gone, or that sent half a paste.
pub(super) fn read_keys() -> io::Result<mpsc::Receiver<Input>> {
    let (sender, receiver) = mpsc::channel(WAITING_KEYS);
    thread::Builder::new().name("keys".into()).spawn(move || pass_on(&sender))?;
    Ok(receiver)
}

/// Ends when nobody listens any more or nothing can be read.
fn pass_on(listener: &mpsc::Sender<Input>) {
    while let Ok(event) = event::read() {
        let Some(input) = Input::from_event(event) else { continue };
        if listener.blocking_send(input).is_err() {
            return;
        }
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
    use crossterm::event::{KeyCode, KeyModifiers};

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
}
