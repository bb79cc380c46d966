//! A line editor for a terminal.
//!
//! The terminal could edit the line itself, but then the program would not know that a line is being typed, and would
//! write output into it. So the program reads single keys, and output waits until the line is sent or empty. No escape
//! sequence is written, because screen readers and simple terminals may not handle them: deleted text is overwritten
//! with backspaces and spaces, and if that does not work the line is written again.

use std::collections::BTreeMap;

use clacks_text::{charset::Charset, sanitize::sanitize_unpadded};
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

use super::tab_completion::{OnTab, Tab};
use crate::platform::input::{Line, LineError, MAX_LINE};

/// Maximum number of lines in the history.
const MAX_HISTORY: usize = 200;

const ZERO_WIDTH_JOINER: char = '\u{200d}';

/// The result of typed keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Typed {
    /// Text to write.
    Echo(String),
    /// A finished line. The caller writes the line break.
    Line(Line),
    /// Ctrl-D on an empty line.
    End,
    /// Ctrl-Z. The caller writes this line again when the program continues.
    Stop(String),
}

/// The line and its history.
#[derive(Debug, Default)]
pub(crate) struct LineEditor {
    line: Vec<u8>,
    /// Part of the input was dropped, because the line reached its maximum length.
    is_too_long: bool,
    drawn: Drawn,
    /// Width of the terminal in columns; 0 if unknown.
    columns: usize,
    charset: Charset,
    sequence: Sequence,
    history: Vec<String>,
    /// Index of the shown history line, counted from the newest; 0 is the new line.
    history_index: usize,
    /// Edited history lines that were left with the arrow keys, by the same index.
    edited: BTreeMap<usize, (Vec<u8>, bool)>,
    /// The handler of Tab. If it returns nothing, a tab is inserted.
    tab: Option<OnTab>,
}

/// The text that the terminal shows for the line.
#[derive(Debug, Default)]
struct Drawn {
    text: String,
    /// The start of the line whose text cannot change when more is typed.
    settled: Length,
}

/// Length of the start of a line, and of the text shown for it, in bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Length {
    line: usize,
    text: usize,
}

/// The state of an escape sequence in the input.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Sequence {
    #[default]
    None,
    /// After ESC.
    Begun,
    /// After `ESC [`, until the final letter.
    Control,
    /// After `ESC O`; one more character follows.
    Single,
}

impl LineEditor {
    /// Creates an editor with this handler of Tab.
    pub(crate) fn new(tab: OnTab, charset: Charset) -> Self {
        Self { tab: Some(tab), charset, ..Self::default() }
    }

    pub(crate) fn set_columns(&mut self, columns: usize) {
        self.columns = columns;
    }

    /// Whether the line is empty.
    pub(crate) fn is_empty(&self) -> bool {
        self.line.is_empty()
    }

    /// Discards the line, as Ctrl-C does.
    pub(crate) fn discard(&mut self) {
        self.clear();
        self.drawn = Drawn::default();
        self.edited.clear();
        (self.sequence, self.history_index) = (Sequence::None, 0);
    }

    /// Processes keys that arrived in one read. The line is drawn once, after the last key.
    ///
    /// A key that sends an escape sequence sends all of it at once, so an ESC at the end of a read is the Esc key. Esc
    /// and keys with Alt have no effect. A tab with more text after it belongs to a paste.
    pub(crate) fn press(&mut self, keys: &[u8]) -> Vec<Typed> {
        let mut typed = Vec::new();
        for (at, key) in keys.iter().enumerate() {
            let is_tab = *key == b'\t' && at + 1 == keys.len() && self.sequence == Sequence::None;
            let completed = if is_tab { self.complete() } else { None };
            if let Some(done) = completed.or_else(|| self.press_byte(*key)) {
                typed.extend(done);
            }
        }
        self.sequence = Sequence::None;
        typed.extend(self.draw());
        typed
    }

    fn press_byte(&mut self, key: u8) -> Option<Vec<Typed>> {
        match (self.sequence, key) {
            (Sequence::None | Sequence::Begun, 0x1b) => self.sequence = Sequence::Begun,
            (Sequence::Begun, b'[') => self.sequence = Sequence::Control,
            (Sequence::Begun, b'O') => self.sequence = Sequence::Single,
            (Sequence::Begun, 0x20..=0x7f) => self.sequence = Sequence::None,
            (Sequence::Control, 0x20..=0x3f) => {}
            (Sequence::Control | Sequence::Single, 0x40..=0x7e) => {
                self.sequence = Sequence::None;
                self.move_in_history(key);
            }
            // Not part of a sequence.
            _ => {
                self.sequence = Sequence::None;
                return self.key(key);
            }
        }
        None
    }

    fn key(&mut self, byte: u8) -> Option<Vec<Typed>> {
        const BACKSPACE: [u8; 2] = [0x08, 0x7f];
        const ENTER: [u8; 2] = *b"\r\n";
        match byte {
            _ if ENTER.contains(&byte) => return Some(self.after_drawing(Self::finish)),
            0x04 if self.is_empty() => return Some(self.after_drawing(|_| Typed::End)),
            0x1a => return Some(self.after_drawing(|editor| Typed::Stop(editor.drawn.text.clone()))),
            _ if BACKSPACE.contains(&byte) => self.delete_last(),
            // Ctrl-U and Ctrl-W.
            0x15 => self.clear(),
            0x17 => self.delete_word(),
            0..=0x1f if byte != b'\t' => {}
            _ if self.line.len() < MAX_LINE => self.line.push(byte),
            _ => self.is_too_long = true,
        }
        None
    }

    /// Completes the line, or writes a sentence and then the line again. `None` if Tab has no result.
    fn complete(&mut self) -> Option<Vec<Typed>> {
        match self.tab.as_ref()?.of(str::from_utf8(&self.line).ok()?)? {
            Tab::Add(text) => {
                self.line.extend(text.into_bytes());
                Some(Vec::new())
            }
            Tab::Tell(sentence) => Some(self.after_drawing(|editor| {
                let sentence = sanitize_unpadded(&sentence, usize::MAX, editor.charset);
                Typed::Echo(format!("\n{sentence}\n{}", editor.drawn.text))
            })),
        }
    }

    fn after_drawing(&mut self, act: impl FnOnce(&mut Self) -> Typed) -> Vec<Typed> {
        self.draw().into_iter().chain([act(self)]).collect()
    }

    /// Up and Down: moves through the history. An edited line is kept for the return to it.
    fn move_in_history(&mut self, key: u8) {
        let back = match key {
            b'A' => (self.history_index + 1).min(self.history.len()),
            b'B' => self.history_index.saturating_sub(1),
            _ => return,
        };
        if back == self.history_index {
            return;
        }
        let left = (std::mem::take(&mut self.line), self.is_too_long);
        self.clear();
        self.edited.insert(self.history_index, left);
        self.history_index = back;
        let before = || {
            let line = self.history.len().checked_sub(back).and_then(|at| self.history.get(at));
            (line.cloned().unwrap_or_default().into_bytes(), false)
        };
        (self.line, self.is_too_long) = self.edited.remove(&back).unwrap_or_else(before);
    }

    fn finish(&mut self) -> Typed {
        let is_too_long = self.is_too_long;
        let line = String::from_utf8(std::mem::take(&mut self.line)).map_err(|_| LineError::NotText);
        let line = if is_too_long { Err(LineError::TooLong) } else { line };
        self.discard();
        if let Ok(line) = line.as_ref().map(String::as_str)
            && !line.trim().is_empty()
            && self.history.last().is_none_or(|last| last != line)
        {
            self.history.push(line.to_owned());
            let too_many = self.history.len().saturating_sub(MAX_HISTORY);
            self.history.drain(..too_many);
        }
        Typed::Line(line)
    }

    // === Deleting ===

    fn clear(&mut self) {
        self.truncate(0);
    }

    fn delete_last(&mut self) {
        let keep = match str::from_utf8(&self.line) {
            Ok(text) => text.grapheme_indices(true).next_back().map_or(0, |(start, _)| start),
            Err(_) => self.line.len().saturating_sub(1),
        };
        self.truncate(keep);
    }

    fn delete_word(&mut self) {
        let end = self.line.trim_ascii_end().len();
        let start = self.line[..end].iter().rposition(u8::is_ascii_whitespace).map_or(0, |at| at + 1);
        self.truncate(start);
    }

    /// Shortens the line. All deletions go through here.
    fn truncate(&mut self, keep: usize) {
        self.line.truncate(keep);
        self.is_too_long &= keep > 0;
        // The next character can join the one before.
        if keep <= self.drawn.settled.line {
            self.drawn.settled = Length::default();
        }
    }

    // === Drawing ===

    /// Text that updates the terminal to the current line; `None` if nothing changed. Lays out only the part that is
    /// not settled.
    fn draw(&mut self) -> Option<Typed> {
        let settled = self.drawn.settled;
        let tail = whole_characters(&self.line[settled.line..]);
        let new = display_text(tail, self.charset);
        let old = self.drawn.text.split_off(settled.text);
        let common = common_prefix_len(&old, &new);
        let deleted = old[common..].width();
        let before = (deleted > 0).then(|| self.drawn.text.width() + old.width());
        self.drawn.text.push_str(&new);
        // The last character can still be joined by the next one.
        let text = str::from_utf8(tail).map(without_tabs).unwrap_or_default();
        if let Some((last, _)) = text.grapheme_indices(true).next_back() {
            // The text of a joiner depends on the character after it.
            let shown = display_text(&tail[..last], self.charset);
            if !text[..last].ends_with(ZERO_WIDTH_JOINER) && new.starts_with(&shown) {
                self.drawn.settled = Length { line: settled.line + last, text: settled.text + shown.len() };
            }
        }
        if new == old {
            return None;
        }
        let Some(width) = before else { return Some(Typed::Echo(new[common..].to_owned())) };
        // Backspace does not move to the previous row.
        let row = if self.columns == 0 { width } else { width % self.columns };
        Some(Typed::Echo(if deleted <= row.saturating_sub(usize::from(row == 0)) {
            format!("{0}{1}{0}{2}", "\u{8}".repeat(deleted), " ".repeat(deleted), &new[common..])
        } else {
            format!("\n{}", self.drawn.text)
        }))
    }
}

/// The bytes without an incomplete character at their end.
fn whole_characters(line: &[u8]) -> &[u8] {
    match str::from_utf8(line) {
        Err(error) if error.error_len().is_none() => &line[..error.valid_up_to()],
        _ => line,
    }
}

/// The text shown for a line or the end of one.
fn display_text(line: &[u8], charset: Charset) -> String {
    sanitize_unpadded(&without_tabs(&String::from_utf8_lossy(line)), usize::MAX, charset)
}

/// Replaces tabs by spaces of the same length, so that all offsets stay.
fn without_tabs(text: &str) -> String {
    text.replace('\t', " ")
}

/// Length in bytes of the common prefix.
fn common_prefix_len(one: &str, other: &str) -> usize {
    let same = one.chars().zip(other.chars()).take_while(|(one, other)| one == other);
    same.map(|(character, _)| character.len_utf8()).sum()
}

#[cfg(test)]
mod tests;
