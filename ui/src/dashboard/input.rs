//! The line at the bottom: a message, a command, or a filter.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use tui_input::{Input as Line, InputRequest};

/// Longest draft in bytes.
const MAX_DRAFT: usize = 8 << 10;
/// Drafts that can be called back.
const MAX_HISTORY: usize = 500;

/// The drafts, of a message and of a command, and what was sent before.
#[derive(Debug, Default)]
pub(crate) struct Input {
    message: Line,
    command: Line,
    /// Which of them is being written.
    writes_command: bool,
    /// What the command was begun with.
    begun: String,
    history: Vec<String>,
    /// The entry of the history that is shown, and the draft that it stands in for.
    recalled: Option<(usize, String)>,
}

impl Input {
    /// What is being written.
    pub(crate) fn draft(&self) -> &str {
        self.line().value()
    }

    /// Whether a command was begun from the lists, where Enter goes back to.
    pub(crate) fn writes_command(&self) -> bool {
        self.writes_command
    }

    /// Goes on with the message.
    pub(crate) fn write_message(&mut self) {
        self.writes_command = false;
        self.recalled = None;
    }

    /// Begins a command, or goes on with one that begins so. Another that was being written goes into the history.
    pub(crate) fn write_command(&mut self, begun: &str) {
        self.write_message();
        self.writes_command = true;
        if !self.draft().starts_with(begun) {
            self.remember();
            self.set(begun);
        }
        begun.clone_into(&mut self.begun);
    }

    /// Leaves the draft to be gone on with later, but for a command that nothing was added to: that is none.
    pub(crate) fn leave(&mut self) {
        if self.writes_command && self.draft() == self.begun {
            self.clear();
            self.write_message();
        }
    }

    fn line(&self) -> &Line {
        if self.writes_command { &self.command } else { &self.message }
    }

    fn line_mut(&mut self) -> &mut Line {
        if self.writes_command { &mut self.command } else { &mut self.message }
    }

    fn set(&mut self, draft: &str) {
        *self.line_mut() = Line::new(draft.to_owned());
        self.recalled = None;
    }

    /// How many characters stand before the cursor.
    fn before_cursor(&self) -> usize {
        self.line().cursor()
    }

    /// Empties the line that is being written.
    pub(crate) fn clear(&mut self) {
        self.set("");
    }

    /// Inserts text at the cursor as one line. Returns how many bytes had no room.
    pub(crate) fn insert(&mut self, text: &str) -> usize {
        // A line break would end the line; a space keeps the words apart.
        let text = text.trim_end_matches(['\r', '\n']).replace("\r\n", "\n").replace(['\n', '\r', '\t'], " ");
        let room = MAX_DRAFT.saturating_sub(self.draft().len());
        let fits = (0..=room.min(text.len())).rev().find_map(|end| text.get(..end)).unwrap_or_default();
        let (before, after) = self.draft().split_at(self.cursor_byte());
        let cursor = self.before_cursor() + fits.chars().count();
        let draft = format!("{before}{fits}{after}");
        *self.line_mut() = Line::new(draft).with_cursor(cursor);
        text.len() - fits.len()
    }

    /// Where the cursor stands in the draft, in bytes.
    pub(crate) fn cursor_byte(&self) -> usize {
        self.draft().char_indices().nth(self.before_cursor()).map_or(self.draft().len(), |(at, _)| at)
    }

    /// Takes the draft, and remembers it. Returns whether it was a command begun from the lists; what is written
    /// next is the message again.
    pub(crate) fn take(&mut self) -> bool {
        self.remember();
        self.clear();
        std::mem::take(&mut self.writes_command)
    }

    fn remember(&mut self) {
        let draft = self.draft().to_owned();
        if !draft.is_empty() && self.history.last() != Some(&draft) {
            self.history.push(draft);
        }
        if self.history.len() > MAX_HISTORY {
            self.history.remove(0);
        }
    }

    /// Edits the draft; returns whether the key did anything.
    pub(crate) fn edit(&mut self, key: KeyEvent) -> bool {
        match key.code {
            KeyCode::Up => self.recall(-1),
            KeyCode::Down => self.recall(1),
            KeyCode::Char(character) if is_typing(key) => self.type_in(character),
            _ => request(key).map(|request| self.line_mut().handle(request)).is_some(),
        }
    }

    fn type_in(&mut self, character: char) -> bool {
        let has_room = self.draft().len() + character.len_utf8() <= MAX_DRAFT;
        if has_room {
            self.line_mut().handle(InputRequest::InsertChar(character));
        }
        has_room
    }

    fn recall(&mut self, by: isize) -> bool {
        let (from, draft) = match self.recalled.take() {
            Some((entry, draft)) => (entry, draft),
            None => (self.history.len(), self.draft().to_owned()),
        };
        let entry = from.saturating_add_signed(by).min(self.history.len());
        let shown = self.history.get(entry).cloned();
        let is_entry = shown.is_some();
        *self.line_mut() = Line::new(shown.unwrap_or_else(|| draft.clone()));
        self.recalled = is_entry.then_some((entry, draft));
        entry != from
    }
}

fn is_typing(key: KeyEvent) -> bool {
    // AltGr arrives as Ctrl+Alt on some systems.
    !key.modifiers.contains(KeyModifiers::CONTROL) && !key.modifiers.contains(KeyModifiers::ALT)
        || key.modifiers.contains(KeyModifiers::CONTROL | KeyModifiers::ALT)
}

/// The keys of a shell's line.
fn request(key: KeyEvent) -> Option<InputRequest> {
    let control = key.modifiers.contains(KeyModifiers::CONTROL);
    let alt = key.modifiers.contains(KeyModifiers::ALT);
    Some(match key.code {
        KeyCode::Left if control || alt => InputRequest::GoToPrevWord,
        KeyCode::Right if control || alt => InputRequest::GoToNextWord,
        KeyCode::Left => InputRequest::GoToPrevChar,
        KeyCode::Right => InputRequest::GoToNextChar,
        KeyCode::Home => InputRequest::GoToStart,
        KeyCode::End => InputRequest::GoToEnd,
        KeyCode::Backspace if control || alt => InputRequest::DeletePrevWord,
        KeyCode::Backspace => InputRequest::DeletePrevChar,
        KeyCode::Delete => InputRequest::DeleteNextChar,
        KeyCode::Char('a') if control => InputRequest::GoToStart,
        KeyCode::Char('e') if control => InputRequest::GoToEnd,
        KeyCode::Char('w') if control => InputRequest::DeletePrevWord,
        KeyCode::Char('u') if control => InputRequest::DeleteFromStart,
        KeyCode::Char('k') if control => InputRequest::DeleteTillEnd,
        KeyCode::Char('y') if control => InputRequest::Yank,
        KeyCode::Char('b') if alt => InputRequest::GoToPrevWord,
        KeyCode::Char('f') if alt => InputRequest::GoToNextWord,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn press(input: &mut Input, code: KeyCode) {
        input.edit(KeyEvent::from(code));
    }

    #[test]
    fn history_is_walked_and_the_draft_comes_back() {
        let mut input = Input::default();
        for sent in ["one", "two"] {
            input.insert(sent);
            input.take();
        }
        input.insert("draft");
        let mut seen = Vec::new();
        for key in [KeyCode::Up, KeyCode::Up, KeyCode::Up, KeyCode::Down, KeyCode::Down, KeyCode::Down] {
            press(&mut input, key);
            seen.push(input.draft().to_owned());
        }
        assert_eq!(seen, ["two", "one", "one", "two", "draft", "draft"]);
    }

    #[test]
    fn a_paste_stays_on_one_line_and_within_bounds() {
        let mut input = Input::default();
        assert_eq!(input.insert("a\r\nb\nc\td\n"), 0);
        assert_eq!(input.draft(), "a b c d");
        assert_eq!(input.insert(&"x".repeat(MAX_DRAFT)), 7);
        assert_eq!(input.draft().len(), MAX_DRAFT);
    }

    #[test]
    fn control_keys_are_not_text() {
        let mut input = Input::default();
        input.edit(KeyEvent::new(KeyCode::Char('x'), KeyModifiers::CONTROL));
        input.edit(KeyEvent::new(KeyCode::Char('@'), KeyModifiers::CONTROL | KeyModifiers::ALT));
        assert_eq!(input.draft(), "@");
    }
}
