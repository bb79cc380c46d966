//! The input line: a message, a command or a filter.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use tui_input::{Input as Line, InputRequest};

use super::input_history::{History, HistorySearch, HistoryWalk, MAX_LINE_BYTES};

/// Maximum length of a draft, in bytes.
pub(crate) const MAX_DRAFT: usize = MAX_LINE_BYTES;

/// Input line: the draft of a message, the draft of a command, and the history.
#[derive(Debug, Default)]
pub struct Input {
    message: Line,
    command: Line,
    /// Whether the command is edited; otherwise the message.
    is_command: bool,
    /// Text that the command was started with.
    command_start: String,
    history: History,
    /// Position in the history while one of its lines replaces the draft.
    walk: Option<HistoryWalk>,
    /// Search in the history, while it is open.
    search: Option<HistorySearch>,
}

/// Line that was submitted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Submitted {
    /// Whether it was a command that was started from the lists.
    pub(crate) was_command: bool,
    /// The line, if it was added to the history.
    pub history_line: Option<String>,
}

impl Input {
    /// Returns the text of the line.
    pub fn draft(&self) -> &str {
        self.active_line().value()
    }

    /// Whether the line is a command that was started from the lists. Enter then returns to them.
    pub(crate) fn is_command(&self) -> bool {
        self.is_command
    }

    /// Continues the message.
    pub(crate) fn switch_to_message(&mut self) {
        self.end_walk();
        self.is_command = false;
        self.search = None;
    }

    /// Starts a command, or continues one that begins with `begun`. `:` always starts a new one. The previous draft
    /// of a command is added to the history of this run.
    pub(crate) fn start_command(&mut self, begun: &str) {
        self.switch_to_message();
        self.is_command = true;
        let goes_on = begun != ":" && self.draft().starts_with(begun);
        if !goes_on {
            self.archive_draft();
            self.set_line(begun);
        }
        begun.clone_into(&mut self.command_start);
    }

    /// Whether a command that started with `begun` was deleted completely.
    pub(crate) fn is_cleared_command(&self, begun: &str) -> bool {
        self.is_command && self.command.value().is_empty() && self.command_start.starts_with(begun)
    }

    /// Keeps the draft for later. Discards a command if nothing was added to its start.
    pub fn discard_untyped_command(&mut self) {
        if self.is_command && self.draft() == self.command_start {
            self.clear();
            self.switch_to_message();
        }
    }

    /// Adds the draft of a command to the history and returns to the message.
    pub(crate) fn archive_command(&mut self) {
        self.is_command = true;
        self.archive_draft();
        self.clear();
        self.switch_to_message();
    }

    fn active_line(&self) -> &Line {
        if self.is_command { &self.command } else { &self.message }
    }

    fn active_line_mut(&mut self) -> &mut Line {
        if self.is_command { &mut self.command } else { &mut self.message }
    }

    fn set_line(&mut self, draft: &str) {
        *self.active_line_mut() = Line::new(draft.to_owned());
        self.end_walk();
    }

    /// Makes the recalled line the draft. Adds the former draft to the history, unless the recalled line begins with
    /// it.
    fn end_walk(&mut self) {
        let former = self.walk.take().map(HistoryWalk::into_draft);
        if let Some(former) = former.filter(|former| !self.draft().starts_with(former)) {
            self.history.push_unsent(&former);
        }
    }

    /// Replaces the line. `cursor` is the position of the cursor, in bytes.
    pub(crate) fn replace_line(&mut self, line: &str, cursor: usize) {
        self.set_line(line);
        let before = line.get(..cursor).map_or(usize::MAX, |before| before.chars().count());
        self.active_line_mut().handle(InputRequest::SetCursor(before));
    }

    /// Returns the position of the cursor, in characters.
    fn cursor_chars(&self) -> usize {
        self.active_line().cursor()
    }

    /// Clears the line.
    pub fn clear(&mut self) {
        self.set_line("");
    }

    /// Returns the number of bytes that can still be added to the line.
    pub fn free_bytes(&self) -> usize {
        MAX_DRAFT.saturating_sub(self.draft().len())
    }

    /// Returns the number of bytes that can still be added to the draft of the message.
    pub(crate) fn free_message_bytes(&self) -> usize {
        MAX_DRAFT.saturating_sub(self.message.value().len())
    }

    /// Inserts text at the cursor, as one line. Inserts nothing if it does not fit. Returns whether it was inserted.
    pub fn insert(&mut self, text: &str) -> bool {
        // A line break would end the line. A space keeps the words apart.
        let text = text.trim_end_matches(['\r', '\n']).replace("\r\n", "\n").replace(['\n', '\r', '\t'], " ");
        if text.len() > self.free_bytes() {
            return false;
        }
        let (before, after) = self.draft().split_at(self.cursor_byte());
        let cursor = self.cursor_chars() + text.chars().count();
        *self.active_line_mut() = Line::new(format!("{before}{text}{after}")).with_cursor(cursor);
        self.end_walk();
        true
    }

    /// Whether the key would insert a character that no longer fits.
    pub(crate) fn is_full_for(&self, key: KeyEvent) -> bool {
        matches!(key.code, KeyCode::Char(character) if is_text_key(key) && character.len_utf8() > self.free_bytes())
    }

    /// Whether the cursor is at the end of the line.
    pub fn is_cursor_at_end(&self) -> bool {
        self.cursor_byte() == self.draft().len()
    }

    /// Returns the position of the cursor, in bytes.
    pub(crate) fn cursor_byte(&self) -> usize {
        self.draft().char_indices().nth(self.cursor_chars()).map_or(self.draft().len(), |(at, _)| at)
    }

    /// Returns the draft, and whether it was a command, without adding it to the history. The draft of the message
    /// becomes active.
    pub(crate) fn take_draft(&mut self) -> (String, bool) {
        let draft = self.draft().to_owned();
        self.clear();
        (draft, std::mem::take(&mut self.is_command))
    }

    /// Adds an unsent line to the history.
    pub(crate) fn push_unsent(&mut self, line: &str) {
        self.history.push_unsent(line);
    }

    /// Adds the draft to the history and clears it. The draft of the message becomes active.
    pub fn submit(&mut self) -> Submitted {
        let remembered = self.push_draft();
        self.clear();
        Submitted { was_command: std::mem::take(&mut self.is_command), history_line: remembered }
    }

    /// Adds the draft to the history as an unsent line.
    fn archive_draft(&mut self) {
        let draft = self.draft().to_owned();
        self.history.push_unsent(&draft);
    }

    /// Adds the draft to the history. Returns it unless it is the last line already.
    fn push_draft(&mut self) -> Option<String> {
        let draft = self.draft().to_owned();
        self.history.push_sent(&draft).then_some(draft)
    }

    /// Adds sent lines to the history. Returns whether the last one was added.
    pub(crate) fn push_history<'a>(&mut self, lines: impl IntoIterator<Item = &'a str>) -> bool {
        lines.into_iter().fold(false, |_, line| self.history.push_sent(line))
    }

    /// Whether the history has any line.
    pub(crate) fn has_history(&self) -> bool {
        self.history.walk(None, "", false).is_some()
    }

    /// Returns the newest sent line that begins with the draft and is longer.
    pub(crate) fn suggestion(&self) -> Option<&str> {
        self.history.suggestion(self.draft())
    }

    // === The search in the history ===

    /// Returns the search in the history, while it is open.
    pub fn search(&self) -> Option<&HistorySearch> {
        self.search.as_ref()
    }

    /// Returns the line that the search has found.
    pub fn found(&self) -> Option<&str> {
        self.search.as_ref().and_then(|search| self.history.search_result(search))
    }

    /// Opens the search, or continues it with the next older line.
    pub(crate) fn search_older(&mut self) {
        self.search = Some(match &self.search {
            Some(search) => self.history.search_older(search),
            None => self.history.search(""),
        });
    }

    /// Edits the query of the search. Returns whether the key had an effect.
    pub(crate) fn edit_search(&mut self, key: KeyEvent) -> bool {
        let Some(search) = &self.search else { return false };
        let mut query = search.query.clone();
        match key.code {
            KeyCode::Char(character) if is_text_key(key) => query.push(character),
            KeyCode::Backspace => drop(query.pop()),
            _ => return false,
        }
        if query.len() <= MAX_DRAFT {
            self.search = Some(self.history.search(&query));
        }
        true
    }

    /// Closes the search. With `accepts` the found line replaces the draft.
    pub(crate) fn end_search(&mut self, accepts: bool) {
        if let Some(found) = self.found().filter(|_| accepts).map(str::to_owned) {
            self.set_line(&found);
        }
        self.search = None;
    }

    // === Editing ===

    /// Edits the draft with one key. Returns whether the key had an effect.
    pub fn edit(&mut self, key: KeyEvent) -> bool {
        match key.code {
            KeyCode::Up => self.recall(false),
            KeyCode::Down => self.recall(true),
            KeyCode::Char(character) if is_text_key(key) => self.insert_char(character),
            _ => edit_request(key).map(|request| self.apply(request)).is_some(),
        }
    }

    fn insert_char(&mut self, character: char) -> bool {
        let has_room = character.len_utf8() <= self.free_bytes();
        if has_room {
            self.apply(InputRequest::InsertChar(character));
        }
        has_room
    }

    fn apply(&mut self, request: InputRequest) {
        let changed = self.active_line_mut().handle(request);
        if changed.is_some_and(|changed| changed.value) {
            self.end_walk();
        }
    }

    fn recall(&mut self, newer: bool) -> bool {
        let before = self.draft().to_owned();
        let walk = self.walk.take();
        let draft = walk.clone().map_or_else(|| before.clone(), HistoryWalk::into_draft);
        self.walk = self.history.walk(walk, &draft, newer);
        let shown = self.walk.as_ref().map_or(draft.as_str(), |walk| self.history.line_at(walk));
        let line = Line::new(shown.to_owned());
        *self.active_line_mut() = line;
        before != self.draft()
    }
}

fn is_text_key(key: KeyEvent) -> bool {
    // AltGr arrives as Ctrl+Alt on some systems.
    !key.modifiers.contains(KeyModifiers::CONTROL) && !key.modifiers.contains(KeyModifiers::ALT)
        || key.modifiers.contains(KeyModifiers::CONTROL | KeyModifiers::ALT)
}

/// Maps the editing keys of a shell to requests.
fn edit_request(key: KeyEvent) -> Option<InputRequest> {
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
    fn walking_the_history_returns_to_the_draft() {
        let mut input = Input::default();
        for sent in ["one", "two"] {
            input.insert(sent);
            input.submit();
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
    fn an_edited_recalled_line_becomes_the_draft() {
        let mut input = Input::default();
        for sent in ["one", "two"] {
            input.insert(sent);
            input.submit();
        }
        input.insert("draft");
        press(&mut input, KeyCode::Up);
        press(&mut input, KeyCode::Left);
        press(&mut input, KeyCode::Char('!'));
        let mut seen = Vec::new();
        for key in [KeyCode::Up, KeyCode::Up, KeyCode::Up, KeyCode::Down, KeyCode::Down, KeyCode::Down] {
            press(&mut input, key);
            seen.push(input.draft().to_owned());
        }
        assert_eq!(seen, ["draft", "two", "one", "two", "draft", "tw!o"]);
        press(&mut input, KeyCode::Up);
        input.insert("pasted");
        press(&mut input, KeyCode::Up);
        press(&mut input, KeyCode::Down);
        assert_eq!(input.draft(), "draftpasted");
    }

    #[test]
    fn the_draft_before_a_walk_is_in_the_history_after_another_line_is_sent() {
        let mut input = Input::default();
        input.insert("one");
        input.submit();
        input.insert("draft");
        press(&mut input, KeyCode::Up);
        assert_eq!(input.submit().history_line, None, "it is there already");
        press(&mut input, KeyCode::Up);
        assert_eq!(input.draft(), "draft");
    }

    #[test]
    fn a_colon_starts_an_empty_command_and_archives_the_previous_one() {
        let mut input = Input::default();
        input.start_command(":");
        input.insert("rate abc");
        input.discard_untyped_command();
        input.start_command(":");
        assert_eq!(input.draft(), ":");
        press(&mut input, KeyCode::Up);
        assert_eq!(input.draft(), ":rate abc");
    }

    #[test]
    fn a_paste_becomes_one_line_within_the_maximum_length() {
        let mut input = Input::default();
        assert!(input.insert("a\r\nb\nc\td\n"));
        assert_eq!(input.draft(), "a b c d");
        assert!(!input.insert(&"x".repeat(MAX_DRAFT)), "all or nothing");
        assert_eq!(input.draft(), "a b c d");
        assert!(input.insert(&"x".repeat(input.free_bytes())));
        assert_eq!((input.draft().len(), input.free_bytes()), (MAX_DRAFT, 0));
        assert!(input.is_full_for(KeyEvent::from(KeyCode::Char('x'))));
        assert!(!input.is_full_for(KeyEvent::from(KeyCode::Left)));
    }

    #[test]
    fn control_keys_are_not_text() {
        let mut input = Input::default();
        input.edit(KeyEvent::new(KeyCode::Char('x'), KeyModifiers::CONTROL));
        input.edit(KeyEvent::new(KeyCode::Char('@'), KeyModifiers::CONTROL | KeyModifiers::ALT));
        assert_eq!(input.draft(), "@");
    }
}
