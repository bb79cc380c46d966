//! A line that is typed on a terminal, key by key.
//!
//! The terminal would do this by itself, but then nobody could know that a line is being typed, and what happens would be
//! written into it. Keys are read one by one here, so that sentences wait until the line is sent or empty: who listens is
//! not interrupted, and hears the line as it was typed. No escape sequence is written: what is deleted is gone back over,
//! and where that does not do, the line is written anew.

use std::collections::BTreeMap;

use clacks_text::{charset::Charset, sanitize::spelt};
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

use super::tab::Tab;
use crate::platform::input::{Line, LineError, MAX_LINE};

/// Lines that can be had back with the arrow keys.
const MOST_LINES: usize = 200;

const ZERO_WIDTH_JOINER: char = '\u{200d}';

/// What keys came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Typed {
    /// This is to be written.
    Echo(String),
    /// A line is finished. Its end is to be written.
    Line(Line),
    /// Ctrl-D on an empty line.
    End,
    /// Ctrl-Z. The line so far is to be written once more when the program goes on.
    Stop(String),
}

/// The line so far.
#[derive(Debug, Default)]
pub(crate) struct LineEditor {
    line: Vec<u8>,
    /// Some of the line was longer than a line may be, and is not in it.
    is_too_long: bool,
    drawn: Drawn,
    /// Columns of the terminal; 0 where that is not known.
    columns: usize,
    charset: Charset,
    sequence: Sequence,
    lines: Vec<String>,
    /// The line of those before that is shown, counted from the newest; 0 for the one that is new.
    back: usize,
    /// The lines that were left with the arrow keys, as they were then, by the same count.
    left: BTreeMap<usize, (Vec<u8>, bool)>,
    /// What Tab does with a line; where there is nothing, it writes a tab.
    tab: Option<fn(&str) -> Option<Tab>>,
}

/// What the terminal shows of the line.
#[derive(Debug, Default)]
struct Drawn {
    text: String,
    /// How much of the line will be drawn the same whatever is typed behind it, in bytes, and how much of the text that is.
    settled: Length,
}

/// The length of the start of a line, and of what the terminal shows of it, in bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Length {
    line: usize,
    text: usize,
}

/// How much of an escape sequence has come.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Sequence {
    #[default]
    None,
    /// The escape.
    Begun,
    /// `ESC [`, and what comes until a letter.
    Control,
    /// `ESC O`, and one more.
    Single,
}

impl LineEditor {
    /// One that shows a line in these characters, and in which Tab does this.
    pub(crate) fn new(tab: fn(&str) -> Option<Tab>, charset: Charset) -> Self {
        Self { tab: Some(tab), charset, ..Self::default() }
    }

    pub(crate) fn set_columns(&mut self, columns: usize) {
        self.columns = columns;
    }

    /// Whether nothing is being typed.
    pub(crate) fn is_empty(&self) -> bool {
        self.line.is_empty()
    }

    /// Throws the line away, as Ctrl-C does.
    pub(crate) fn abandon(&mut self) {
        self.clear();
        self.drawn = Drawn::default();
        self.left.clear();
        (self.sequence, self.back) = (Sequence::None, 0);
    }

    /// Takes in keys that came at once. What they did to the line is drawn once.
    ///
    /// A key that sends an escape sequence sends all of it at once, so an escape at the end is the key Esc. It does
    /// nothing, and neither does Alt with a key. A tab with something behind it is a part of what was pasted.
    pub(crate) fn press(&mut self, keys: &[u8]) -> Vec<Typed> {
        let mut typed = Vec::new();
        for (at, key) in keys.iter().enumerate() {
            let is_tab = *key == b'\t' && at + 1 == keys.len() && self.sequence == Sequence::None;
            let completed = if is_tab { self.complete() } else { None };
            if let Some(done) = completed.or_else(|| self.press_one(*key)) {
                typed.extend(done);
            }
        }
        self.sequence = Sequence::None;
        typed.extend(self.draw());
        typed
    }

    fn press_one(&mut self, key: u8) -> Option<Vec<Typed>> {
        match (self.sequence, key) {
            (Sequence::None | Sequence::Begun, 0x1b) => self.sequence = Sequence::Begun,
            (Sequence::Begun, b'[') => self.sequence = Sequence::Control,
            (Sequence::Begun, b'O') => self.sequence = Sequence::Single,
            (Sequence::Begun, 0x20..=0x7f) => self.sequence = Sequence::None,
            (Sequence::Control, 0x20..=0x3f) => {}
            (Sequence::Control | Sequence::Single, 0x40..=0x7e) => {
                self.sequence = Sequence::None;
                self.arrow(key);
            }
            // No part of a sequence.
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

    /// Completes the line, or tells something between it and the same line once more. `None` where there is neither.
    fn complete(&mut self) -> Option<Vec<Typed>> {
        match (self.tab?)(str::from_utf8(&self.line).ok()?)? {
            Tab::Add(text) => {
                self.line.extend(text.into_bytes());
                Some(Vec::new())
            }
            Tab::Tell(sentence) => Some(self.after_drawing(|editor| {
                let sentence = spelt(&sentence, usize::MAX, editor.charset);
                Typed::Echo(format!("\n{sentence}\n{}", editor.drawn.text))
            })),
        }
    }

    fn after_drawing(&mut self, act: impl FnOnce(&mut Self) -> Typed) -> Vec<Typed> {
        self.draw().into_iter().chain([act(self)]).collect()
    }

    /// Up and down: lines that were typed before. The one that is left stays as it is for when it comes back.
    fn arrow(&mut self, key: u8) {
        let back = match key {
            b'A' => (self.back + 1).min(self.lines.len()),
            b'B' => self.back.saturating_sub(1),
            _ => return,
        };
        if back == self.back {
            return;
        }
        let left = (std::mem::take(&mut self.line), self.is_too_long);
        self.clear();
        self.left.insert(self.back, left);
        self.back = back;
        let before = || {
            let line = self.lines.len().checked_sub(back).and_then(|at| self.lines.get(at));
            (line.cloned().unwrap_or_default().into_bytes(), false)
        };
        (self.line, self.is_too_long) = self.left.remove(&back).unwrap_or_else(before);
    }

    fn finish(&mut self) -> Typed {
        let is_too_long = self.is_too_long;
        let line = String::from_utf8(std::mem::take(&mut self.line)).map_err(|_| LineError::NotText);
        let line = if is_too_long { Err(LineError::TooLong) } else { line };
        self.abandon();
        if let Ok(line) = line.as_ref().map(String::as_str)
            && !line.trim().is_empty()
            && self.lines.last().is_none_or(|last| last != line)
        {
            self.lines.push(line.to_owned());
            let too_many = self.lines.len().saturating_sub(MOST_LINES);
            self.lines.drain(..too_many);
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

    /// Every way to take something from the line.
    fn truncate(&mut self, keep: usize) {
        self.line.truncate(keep);
        self.is_too_long &= keep > 0;
        // What is typed next may join the character before.
        if keep <= self.drawn.settled.line {
            self.drawn.settled = Length::default();
        }
    }

    // === Drawing ===

    /// What has the terminal show the line as it is now; `None` if it does already. Only what is not settled is laid out.
    fn draw(&mut self) -> Option<Typed> {
        let settled = self.drawn.settled;
        let tail = whole_characters(&self.line[settled.line..]);
        let new = shown_bytes(tail, self.charset);
        let old = self.drawn.text.split_off(settled.text);
        let common = common_start(&old, &new);
        let gone = old[common..].width();
        let before = (gone > 0).then(|| self.drawn.text.width() + old.width());
        self.drawn.text.push_str(&new);
        // The last character may yet become another one.
        let text = str::from_utf8(tail).map(without_tabs).unwrap_or_default();
        if let Some((last, _)) = text.grapheme_indices(true).next_back() {
            // How a joiner is shown depends on what stands behind it.
            let shown = shown_bytes(&tail[..last], self.charset);
            if !text[..last].ends_with(ZERO_WIDTH_JOINER) && new.starts_with(&shown) {
                self.drawn.settled = Length { line: settled.line + last, text: settled.text + shown.len() };
            }
        }
        if new == old {
            return None;
        }
        let Some(width) = before else { return Some(Typed::Echo(new[common..].to_owned())) };
        // A terminal does not go back to the row before.
        let row = if self.columns == 0 { width } else { width % self.columns };
        Some(Typed::Echo(if gone <= row.saturating_sub(usize::from(row == 0)) {
            format!("{0}{1}{0}{2}", "\u{8}".repeat(gone), " ".repeat(gone), &new[common..])
        } else {
            format!("\n{}", self.drawn.text)
        }))
    }
}

/// What has come of a line without the start of a character of which the rest is still to come.
fn whole_characters(line: &[u8]) -> &[u8] {
    match str::from_utf8(line) {
        Err(error) if error.error_len().is_none() => &line[..error.valid_up_to()],
        _ => line,
    }
}

/// What is shown of a line or of its end.
fn shown_bytes(line: &[u8], charset: Charset) -> String {
    spelt(&without_tabs(&String::from_utf8_lossy(line)), usize::MAX, charset)
}

/// Spaces in place of tabs, which are as long and leave every other character where it is.
fn without_tabs(text: &str) -> String {
    text.replace('\t', " ")
}

/// Bytes that two texts begin with together.
fn common_start(one: &str, other: &str) -> usize {
    let same = one.chars().zip(other.chars()).take_while(|(one, other)| one == other);
    same.map(|(character, _)| character.len_utf8()).sum()
}

#[cfg(test)]
mod tests;
