//! The line at the bottom: a message, a command, or a filter.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use tui_input::{Input as Line, InputRequest};

use super::input_history::{History, HistorySearch, LONGEST_LINE, Walk};

/// Longest draft in bytes.
pub(crate) const MAX_DRAFT: usize = LONGEST_LINE;

/// Input line: the draft of a message, the draft of a command, and the history.
#[derive(Debug, Default)]
pub struct Input {
    message: Line,
    command: Line,
    /// Which of them is being written.
    writes_command: bool,
    /// What the command was begun with.
    begun: String,
    history: History,
    /// The line of the history that is shown instead of the draft.
    walk: Option<Walk>,
    /// What is searched for in the history.
    search: Option<HistorySearch>,
}

/// Line taken from the input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inserted {
    /// It was a command begun from the lists.
    pub(crate) was_command: bool,
    /// The line, if it was added to the history.
    pub remembered: Option<String>,
}

impl Input {
    /// Returns the text of the line.
    pub fn draft(&self) -> &str {
        self.line().value()
    }

    /// Whether a command was begun from the lists, where Enter goes back to.
    pub(crate) fn writes_command(&self) -> bool {
        self.writes_command
    }

    /// Goes on with the message.
    pub(crate) fn write_message(&mut self) {
        self.end_walk();
        self.writes_command = false;
        self.search = None;
    }

    /// Begins a command, or goes on with one that begins so; a colon alone always begins a new one. Another that was
    /// being written goes into the history of this run.
    pub(crate) fn write_command(&mut self, begun: &str) {
        self.write_message();
        self.writes_command = true;
        let goes_on = begun != ":" && self.draft().starts_with(begun);
        if !goes_on {
            self.leave_in_history();
            self.set(begun);
        }
        begun.clone_into(&mut self.begun);
    }

    /// Whether all of a command was deleted that was begun with this.
    pub(crate) fn is_emptied(&self, begun: &str) -> bool {
        self.writes_command && self.command.value().is_empty() && self.begun.starts_with(begun)
    }

    /// Keeps the draft for later. Discards a command of which only its start was written.
    pub fn leave(&mut self) {
        if self.writes_command && self.draft() == self.begun {
            self.clear();
            self.write_message();
        }
    }

    /// Puts the command that was being written into the history, and goes on with the message.
    pub(crate) fn put_away_command(&mut self) {
        self.writes_command = true;
        self.leave_in_history();
        self.clear();
        self.write_message();
    }

    fn line(&self) -> &Line {
        if self.writes_command { &self.command } else { &self.message }
    }

    fn line_mut(&mut self) -> &mut Line {
        if self.writes_command { &mut self.command } else { &mut self.message }
    }

    fn set(&mut self, draft: &str) {
        *self.line_mut() = Line::new(draft.to_owned());
        self.end_walk();
    }

    /// The line that is shown is the draft from now on. The one that the walk began with goes into the history, unless
    /// it is the beginning of this one.
    fn end_walk(&mut self) {
        let former = self.walk.take().map(Walk::into_draft);
        if let Some(former) = former.filter(|former| !self.draft().starts_with(former)) {
            self.history.push_unsent(&former);
        }
    }

    /// Writes another line, with the cursor before this byte of it.
    pub(crate) fn write_line(&mut self, line: &str, cursor: usize) {
        self.set(line);
        let before = line.get(..cursor).map_or(usize::MAX, |before| before.chars().count());
        self.line_mut().handle(InputRequest::SetCursor(before));
    }

    /// How many characters stand before the cursor.
    fn before_cursor(&self) -> usize {
        self.line().cursor()
    }

    /// Clears the line.
    pub fn clear(&mut self) {
        self.set("");
    }

    /// Returns the number of bytes that the line can still hold.
    pub fn room(&self) -> usize {
        MAX_DRAFT.saturating_sub(self.draft().len())
    }

    /// Returns the number of bytes that the draft of the message can still hold.
    pub(crate) fn room_of_message(&self) -> usize {
        MAX_DRAFT.saturating_sub(self.message.value().len())
    }

    /// Inserts text at the cursor, as one line. Inserts nothing if it does not fit. Returns whether it was inserted.
    pub fn insert(&mut self, text: &str) -> bool {
        // A line break would end the line; a space keeps the words apart.
        let text = text.trim_end_matches(['\r', '\n']).replace("\r\n", "\n").replace(['\n', '\r', '\t'], " ");
        if text.len() > self.room() {
            return false;
        }
        let (before, after) = self.draft().split_at(self.cursor_byte());
        let cursor = self.before_cursor() + text.chars().count();
        *self.line_mut() = Line::new(format!("{before}{text}{after}")).with_cursor(cursor);
        self.end_walk();
        true
    }

    /// Whether the key would write a character for which the line has no room.
    pub(crate) fn has_no_room_for(&self, key: KeyEvent) -> bool {
        matches!(key.code, KeyCode::Char(character) if is_typing(key) && character.len_utf8() > self.room())
    }

    /// Returns whether the cursor is at the end of the line.
    pub fn is_at_end(&self) -> bool {
        self.cursor_byte() == self.draft().len()
    }

    /// Where the cursor stands in the draft, in bytes.
    pub(crate) fn cursor_byte(&self) -> usize {
        self.draft().char_indices().nth(self.before_cursor()).map_or(self.draft().len(), |(at, _)| at)
    }

    /// Takes the draft without remembering it, and whether it was a command. What is written next is the message again.
    pub(crate) fn take_unremembered(&mut self) -> (String, bool) {
        let draft = self.draft().to_owned();
        self.clear();
        (draft, std::mem::take(&mut self.writes_command))
    }

    /// Adds a line to the history as one that was not sent.
    pub(crate) fn leave_aside(&mut self, line: &str) {
        self.history.push_unsent(line);
    }

    /// Takes the draft and adds it to the history. The draft of the message is active again.
    pub fn take(&mut self) -> Inserted {
        let remembered = self.remember();
        self.clear();
        Inserted { was_command: std::mem::take(&mut self.writes_command), remembered }
    }

    /// Adds the draft to the history as one that was not sent.
    fn leave_in_history(&mut self) {
        let draft = self.draft().to_owned();
        self.history.push_unsent(&draft);
    }

    /// Adds the draft to the history; returns it unless it is there already.
    fn remember(&mut self) -> Option<String> {
        let draft = self.draft().to_owned();
        self.history.push(&draft).then_some(draft)
    }

    /// Adds lines of earlier runs, or what was sent without having been a draft. Returns whether the last was added.
    pub(crate) fn remember_all<'a>(&mut self, lines: impl IntoIterator<Item = &'a str>) -> bool {
        lines.into_iter().fold(false, |_, line| self.history.push(line))
    }

    /// Whether anything was sent before.
    pub(crate) fn has_history(&self) -> bool {
        self.history.step(None, "", false).is_some()
    }

    /// The line of the history that begins with the draft and goes on.
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
        self.search.as_ref().and_then(|search| self.history.found(search))
    }

    /// Begins a search, or goes on to the next older line.
    pub(crate) fn search_on(&mut self) {
        self.search = Some(match &self.search {
            Some(search) => self.history.search_on(search),
            None => self.history.search(""),
        });
    }

    /// Changes what is searched for; returns whether the key did anything.
    pub(crate) fn edit_search(&mut self, key: KeyEvent) -> bool {
        let Some(search) = &self.search else { return false };
        let mut wanted = search.wanted.clone();
        match key.code {
            KeyCode::Char(character) if is_typing(key) => wanted.push(character),
            KeyCode::Backspace => drop(wanted.pop()),
            _ => return false,
        }
        if wanted.len() <= MAX_DRAFT {
            self.search = Some(self.history.search(&wanted));
        }
        true
    }

    /// Ends the search: with what it found in place of the draft, or with the draft as it was.
    pub(crate) fn end_search(&mut self, takes_it: bool) {
        if let Some(found) = self.found().filter(|_| takes_it).map(str::to_owned) {
            self.set(&found);
        }
        self.search = None;
    }

    // === Editing ===

    /// Edits the draft with one key. Returns whether the key had an effect.
    pub fn edit(&mut self, key: KeyEvent) -> bool {
        match key.code {
            KeyCode::Up => self.recall(false),
            KeyCode::Down => self.recall(true),
            KeyCode::Char(character) if is_typing(key) => self.type_in(character),
            _ => request(key).map(|request| self.handle(request)).is_some(),
        }
    }

    fn type_in(&mut self, character: char) -> bool {
        let has_room = character.len_utf8() <= self.room();
        if has_room {
            self.handle(InputRequest::InsertChar(character));
        }
        has_room
    }

    fn handle(&mut self, request: InputRequest) {
        let changed = self.line_mut().handle(request);
        if changed.is_some_and(|changed| changed.value) {
            self.end_walk();
        }
    }

    fn recall(&mut self, newer: bool) -> bool {
        let before = self.draft().to_owned();
        let walk = self.walk.take();
        let draft = walk.clone().map_or_else(|| before.clone(), Walk::into_draft);
        self.walk = self.history.step(walk, &draft, newer);
        let shown = self.walk.as_ref().map_or(draft.as_str(), |walk| self.history.shown(walk));
        let line = Line::new(shown.to_owned());
        *self.line_mut() = line;
        before != self.draft()
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
    fn an_edit_of_a_recalled_line_is_kept_when_one_goes_on() {
        let mut input = Input::default();
        for sent in ["one", "two"] {
            input.insert(sent);
            input.take();
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
    fn the_draft_that_a_walk_began_with_is_not_lost_when_another_line_is_sent() {
        let mut input = Input::default();
        input.insert("one");
        input.take();
        input.insert("draft");
        press(&mut input, KeyCode::Up);
        assert_eq!(input.take().remembered, None, "it is there already");
        press(&mut input, KeyCode::Up);
        assert_eq!(input.draft(), "draft");
    }

    #[test]
    fn a_command_begun_with_a_colon_starts_empty_and_what_was_begun_is_in_the_history() {
        let mut input = Input::default();
        input.write_command(":");
        input.insert("rate abc");
        input.leave();
        input.write_command(":");
        assert_eq!(input.draft(), ":");
        press(&mut input, KeyCode::Up);
        assert_eq!(input.draft(), ":rate abc");
    }

    #[test]
    fn a_paste_stays_on_one_line_and_within_bounds() {
        let mut input = Input::default();
        assert!(input.insert("a\r\nb\nc\td\n"));
        assert_eq!(input.draft(), "a b c d");
        assert!(!input.insert(&"x".repeat(MAX_DRAFT)), "all or nothing");
        assert_eq!(input.draft(), "a b c d");
        assert!(input.insert(&"x".repeat(input.room())));
        assert_eq!((input.draft().len(), input.room()), (MAX_DRAFT, 0));
        assert!(input.has_no_room_for(KeyEvent::from(KeyCode::Char('x'))));
        assert!(!input.has_no_room_for(KeyEvent::from(KeyCode::Left)));
    }

    #[test]
    fn control_keys_are_not_text() {
        let mut input = Input::default();
        input.edit(KeyEvent::new(KeyCode::Char('x'), KeyModifiers::CONTROL));
        input.edit(KeyEvent::new(KeyCode::Char('@'), KeyModifiers::CONTROL | KeyModifiers::ALT));
        assert_eq!(input.draft(), "@");
    }
}
