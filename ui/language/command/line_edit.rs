//! The commands that edit the line being written.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

/// A step in the line that is being written, or a change of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineKey {
    HistoryBack,
    HistoryOn,
    Left,
    Right,
    WordLeft,
    WordRight,
    Start,
    End,
    DeleteWord,
    DeleteBefore,
    DeleteBehind,
    PutBack,
}

impl LineKey {
    /// The key that does this in a shell, and so in the input, whichever key it is bound to.
    pub fn key(self) -> KeyEvent {
        match self {
            Self::HistoryBack => KeyCode::Up.into(),
            Self::HistoryOn => KeyCode::Down.into(),
            Self::Left => KeyCode::Left.into(),
            Self::Right => KeyCode::Right.into(),
            Self::WordLeft => KeyEvent::new(KeyCode::Left, KeyModifiers::CONTROL),
            Self::WordRight => KeyEvent::new(KeyCode::Right, KeyModifiers::CONTROL),
            Self::Start => KeyCode::Home.into(),
            Self::End => KeyCode::End.into(),
            Self::DeleteWord => control('w'),
            Self::DeleteBefore => control('u'),
            Self::DeleteBehind => control('k'),
            Self::PutBack => control('y'),
        }
    }
}

fn control(character: char) -> KeyEvent {
    KeyEvent::new(KeyCode::Char(character), KeyModifiers::CONTROL)
}
