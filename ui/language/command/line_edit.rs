//! Commands that edit the input line.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

/// An editing action on the input line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineKey {
    /// Shows the previous line of the history.
    HistoryBack,
    /// Shows the next line of the history.
    HistoryOn,
    /// Moves the cursor one character to the left.
    Left,
    /// Moves the cursor one character to the right.
    Right,
    /// Moves the cursor one word to the left.
    WordLeft,
    /// Moves the cursor one word to the right.
    WordRight,
    /// Moves the cursor to the start of the line.
    Start,
    /// Moves the cursor to the end of the line.
    End,
    /// Deletes the word before the cursor.
    DeleteWord,
    /// Deletes all text before the cursor.
    DeleteBefore,
    /// Deletes all text after the cursor.
    DeleteBehind,
    /// Inserts the text that was deleted last.
    PutBack,
}

impl LineKey {
    /// The readline key of this action. The input handles this key, whichever key the action is bound to.
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
