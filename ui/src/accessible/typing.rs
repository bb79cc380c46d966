//! A line that is typed on a terminal, key by key.
//!
//! The terminal would do this by itself, but then nobody could know that a line is being typed, and what happens would be
//! written into it. Keys are read one by one here, so that sentences wait until the line is sent or empty: who listens is
//! not interrupted, and hears the line as it was typed. No escape sequence is written: what is deleted is gone back over,
//! and where that does not do, the line is written anew.

use unicode_width::UnicodeWidthStr;

use crate::{
    headless::input::{Line, LineError},
    untrusted::spelt,
};

/// Longest line in bytes. More of it is not taken.
const MAX_LINE: usize = 1 << 20;
/// Lines that can be had back with the arrow keys.
const MOST_LINES: usize = 200;

/// What a key came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Typed {
    /// This is to be written.
    Echo(String),
    /// A line is finished. Its end is to be written.
    Line(Line),
    /// Ctrl-D on an empty line.
    End,
    /// Ctrl-Z.
    Stop,
}

/// The line so far.
#[derive(Debug, Default)]
pub(super) struct LineEditor {
    line: Vec<u8>,
    /// What the terminal shows of it.
    shown: String,
    /// Columns of the terminal; 0 where that is not known.
    columns: usize,
    sequence: Sequence,
    lines: Vec<String>,
    /// The line of those before that is shown, counted from the newest; 0 for the one that is new.
    back: usize,
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
    pub(super) fn set_columns(&mut self, columns: usize) {
        self.columns = columns;
    }

    /// Whether nothing is being typed.
    pub(super) fn is_empty(&self) -> bool {
        self.line.is_empty()
    }

    /// Throws the line away, as Ctrl-C does.
    pub(super) fn abandon(&mut self) {
        self.line.clear();
        self.shown.clear();
        (self.sequence, self.back) = (Sequence::None, 0);
    }

    /// Writes the line again where a new one begins.
    pub(super) fn again(&self) -> String {
        self.shown.clone()
    }

    /// Takes in a byte that was typed.
    pub(super) fn press(&mut self, byte: u8) -> Option<Typed> {
        match (self.sequence, byte) {
            (Sequence::Begun, b'[') => self.sequence = Sequence::Control,
            (Sequence::Begun, b'O') => self.sequence = Sequence::Single,
            // Alt with a key.
            (Sequence::Begun, _) => self.sequence = Sequence::None,
            (Sequence::Control, 0x40..=0x7e) | (Sequence::Single, _) => {
                self.sequence = Sequence::None;
                return self.arrow(byte);
            }
            (Sequence::Control, _) => {}
            (Sequence::None, 0x1b) => self.sequence = Sequence::Begun,
            (Sequence::None, _) => return self.key(byte),
        }
        None
    }

    fn key(&mut self, byte: u8) -> Option<Typed> {
        const BACKSPACE: [u8; 2] = [0x08, 0x7f];
        const ENTER: [u8; 2] = *b"\r\n";
        match byte {
            _ if ENTER.contains(&byte) => return Some(self.finish()),
            0x04 if self.is_empty() => return Some(Typed::End),
            0x1a => return Some(Typed::Stop),
            _ if BACKSPACE.contains(&byte) => self.delete_last(),
            // Ctrl-U and Ctrl-W.
            0x15 => self.line.clear(),
            0x17 => self.delete_word(),
            b'\t' => self.line.push(b'\t'),
            0..=0x1f => return None,
            _ if self.line.len() < MAX_LINE => self.line.push(byte),
            _ => return None,
        }
        self.show()
    }

    /// Up and down: lines that were typed before.
    fn arrow(&mut self, key: u8) -> Option<Typed> {
        self.back = match key {
            b'A' => (self.back + 1).min(self.lines.len()),
            b'B' => self.back.checked_sub(1)?,
            _ => return None,
        };
        let line = self.lines.len().checked_sub(self.back).and_then(|at| self.lines.get(at));
        self.line = line.cloned().unwrap_or_default().into_bytes();
        self.show()
    }

    fn finish(&mut self) -> Typed {
        let line = String::from_utf8(std::mem::take(&mut self.line)).map_err(|_| LineError::NotText);
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

    fn delete_last(&mut self) {
        let keep = match str::from_utf8(&self.line) {
            Ok(text) => unicode_segmentation::UnicodeSegmentation::grapheme_indices(text, true)
                .next_back()
                .map_or(0, |(start, _)| start),
            Err(_) => self.line.len().saturating_sub(1),
        };
        self.line.truncate(keep);
    }

    fn delete_word(&mut self) {
        let end = self.line.trim_ascii_end().len();
        let start = self.line[..end].iter().rposition(u8::is_ascii_whitespace).map_or(0, |at| at + 1);
        self.line.truncate(start);
    }

    /// What has the terminal show the line as it is now; `None` if it does already.
    fn show(&mut self) -> Option<Typed> {
        // The rest of a character is still to come.
        let text = match str::from_utf8(&self.line) {
            Err(error) if error.error_len().is_none() => {
                String::from_utf8_lossy(&self.line[..error.valid_up_to()]).into_owned()
            }
            _ => String::from_utf8_lossy(&self.line).into_owned(),
        };
        let new = spelt(&text.replace('\t', " "), usize::MAX);
        let old = std::mem::replace(&mut self.shown, new);
        let new = &self.shown;
        if *new == old {
            return None;
        }
        let common = common_start(&old, new);
        let (gone, added) = (old[common..].width(), &new[common..]);
        // A terminal does not go back to the row before.
        let row = if self.columns == 0 { old.width() } else { old.width() % self.columns };
        Some(Typed::Echo(if gone <= row.saturating_sub(usize::from(row == 0)) || gone == 0 {
            format!("{0}{1}{0}{added}", "\u{8}".repeat(gone), " ".repeat(gone))
        } else {
            format!("\n{new}")
        }))
    }
}

/// Bytes that two texts begin with together.
fn common_start(one: &str, other: &str) -> usize {
    let same = one.chars().zip(other.chars()).take_while(|(one, other)| one == other);
    same.map(|(character, _)| character.len_utf8()).sum()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What is typed, and what comes of it.
    fn type_in(editor: &mut LineEditor, text: &[u8]) -> Vec<Typed> {
        text.iter().filter_map(|byte| editor.press(*byte)).collect()
    }

    /// What a terminal without end shows on its last row.
    fn screen(typed: &[Typed]) -> String {
        let mut cells: Vec<char> = Vec::new();
        let mut at = 0;
        for typed in typed {
            let Typed::Echo(text) = typed else { continue };
            for character in text.chars() {
                match character {
                    '\u{8}' => at -= 1,
                    '\n' => (cells, at) = (Vec::new(), 0),
                    other => {
                        cells.truncate(cells.len().max(at));
                        cells.splice(at..cells.len().min(at + 1), [other]);
                        at += 1;
                    }
                }
            }
        }
        cells.into_iter().collect::<String>().trim_end().to_owned()
    }

    #[test]
    fn keys_make_a_line_and_delete_from_it() {
        for (typed, line) in [
            (&b"hello\r"[..], "hello"),
            (b"hellp\x7fo\n", "hello"),
            (b"hel\x08\x08\x08\x08bye\r", "bye"),
            (b"one two  \x17three\r", "one three"),
            (b"one\x15two\r", "two"),
            (b"a\x1b[Cb\x1b[3~c\x1bOPd\x1bxe\r", "abcde"),
            ("na\u{ef}\x7f\u{ef}ve \u{4e2d}\x7f\r".as_bytes(), "na\u{ef}ve "),
            ("e\u{301}\x7fx\r".as_bytes(), "x"),
            (b"a\tb\x01\x02\r", "a\tb"),
            (b"\r", ""),
        ] {
            let mut editor = LineEditor::default();
            let finished = type_in(&mut editor, typed).pop();
            assert_eq!(finished, Some(Typed::Line(Ok(line.to_owned()))), "{typed:?}");
            assert!(editor.is_empty());
        }
        assert_eq!(
            type_in(&mut LineEditor::default(), b"\xff\r").pop(),
            Some(Typed::Line(Err(LineError::NotText)))
        );
        assert_eq!(type_in(&mut LineEditor::default(), b"\x04"), [Typed::End]);
        assert!(type_in(&mut LineEditor::default(), b"a\x04").iter().all(|typed| *typed != Typed::End));
    }

    #[test]
    fn lines_that_were_typed_come_back() {
        let mut editor = LineEditor::default();
        type_in(&mut editor, b"one\rtwo\rtwo\r \r");
        let mut shown = type_in(&mut editor, b"\x1b[A");
        for (key, line) in
            [(b'A', "one"), (b'A', "one"), (b'B', "two"), (b'B', ""), (b'B', ""), (b'A', "two")]
        {
            shown.extend(type_in(&mut editor, &[0x1b, b'[', key]));
            assert_eq!(screen(&shown), line);
        }
        assert_eq!(editor.press(b'\r'), Some(Typed::Line(Ok("two".to_owned()))));
    }

    #[test]
    fn where_a_terminal_cannot_go_back_the_line_is_written_anew() {
        let mut editor = LineEditor::default();
        editor.set_columns(4);
        type_in(&mut editor, b"abcd");
        assert_eq!(editor.press(0x7f), Some(Typed::Echo("\nabc".to_owned())));
        type_in(&mut editor, b"de");
        assert_eq!(editor.press(0x17), Some(Typed::Echo("\n".to_owned())));
        assert!(editor.is_empty());
    }

    #[test]
    fn a_line_does_not_grow_without_end() {
        let mut editor = LineEditor { line: vec![b'x'; MAX_LINE], ..LineEditor::default() };
        assert_eq!(editor.press(b'x'), None);
        assert_eq!(editor.line.len(), MAX_LINE);
    }

    proptest! {
        /// Whatever is typed, the terminal shows the line, and no control sequence is written.
        #[test]
        fn the_terminal_shows_the_line(
            keys in prop::collection::vec(prop_oneof![
                Just(b"\x7f".to_vec()), Just(b"\x17".to_vec()), Just(b"\x15".to_vec()), Just(b"\x1b[A".to_vec()),
                Just(b"\x1b[B".to_vec()), Just(b"\r".to_vec()), "[a-c ]".prop_map(String::into_bytes),
            ], 0..60)
        ) {
            let mut editor = LineEditor::default();
            let mut typed = Vec::new();
            for key in keys {
                for byte in key {
                    match editor.press(byte) {
                        Some(Typed::Line(_)) => typed.clear(),
                        other => typed.extend(other),
                    }
                }
                let line = String::from_utf8_lossy(&editor.line).into_owned();
                prop_assert_eq!(screen(&typed), line.trim_end());
            }
            for echo in typed {
                let Typed::Echo(text) = echo else { continue };
                prop_assert!(!text.contains(|c: char| c.is_control() && c != '\u{8}' && c != '\n'), "{:?}", text);
            }
        }
    }
}
