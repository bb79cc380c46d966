//! A line that is typed on a terminal, key by key.
//!
//! The terminal would do this by itself, but then nobody could know that a line is being typed, and what happens would be
//! written into it. Keys are read one by one here, so that sentences wait until the line is sent or empty: who listens is
//! not interrupted, and hears the line as it was typed. No escape sequence is written: what is deleted is gone back over,
//! and where that does not do, the line is written anew.

use std::collections::BTreeMap;

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

use crate::{
    headless::input::{Line, LineError, MAX_LINE},
    untrusted::spelt,
};

/// Lines that can be had back with the arrow keys.
const MOST_LINES: usize = 200;

/// What keys came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Typed {
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
pub(super) struct LineEditor {
    line: Vec<u8>,
    /// Some of the line was longer than a line may be, and is not in it.
    is_too_long: bool,
    drawn: Drawn,
    /// Columns of the terminal; 0 where that is not known.
    columns: usize,
    sequence: Sequence,
    lines: Vec<String>,
    /// The line of those before that is shown, counted from the newest; 0 for the one that is new.
    back: usize,
    /// The lines that were left with the arrow keys, as they were then, by the same count.
    left: BTreeMap<usize, (Vec<u8>, bool)>,
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
    pub(super) fn set_columns(&mut self, columns: usize) {
        self.columns = columns;
    }

    /// Whether nothing is being typed.
    pub(super) fn is_empty(&self) -> bool {
        self.line.is_empty()
    }

    /// Throws the line away, as Ctrl-C does.
    pub(super) fn abandon(&mut self) {
        self.clear();
        self.drawn = Drawn::default();
        self.left.clear();
        (self.sequence, self.back) = (Sequence::None, 0);
    }

    /// Takes in keys that came at once. What they did to the line is drawn once.
    ///
    /// A key that sends an escape sequence sends all of it at once, so an escape at the end is the key Esc. It does
    /// nothing, and neither does Alt with a key.
    pub(super) fn press(&mut self, keys: &[u8]) -> Vec<Typed> {
        let mut typed = Vec::new();
        for key in keys {
            if let Some(done) = self.press_one(*key) {
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
        let new = shown_bytes(tail);
        let old = self.drawn.text.split_off(settled.text);
        let common = common_start(&old, &new);
        let gone = old[common..].width();
        let before = (gone > 0).then(|| self.drawn.text.width() + old.width());
        self.drawn.text.push_str(&new);
        // The last character may yet become another one.
        let text = str::from_utf8(tail).map(without_tabs).unwrap_or_default();
        if let Some((last, _)) = text.grapheme_indices(true).next_back() {
            let text = settled.text + shown_bytes(&tail[..last]).len();
            self.drawn.settled = Length { line: settled.line + last, text };
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
fn shown_bytes(line: &[u8]) -> String {
    spelt(&without_tabs(&String::from_utf8_lossy(line)), usize::MAX)
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
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::untrusted::tests::hostile;

    /// What is typed key by key, and what comes of it.
    fn type_in(editor: &mut LineEditor, text: &[u8]) -> Vec<Typed> {
        text.iter().flat_map(|byte| editor.press(&[*byte])).collect()
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
            (b"a\x1b\x1b[Cb\x1b[\r", "ab"),
            ("a\x1b\u{e4}b\x1b\r".as_bytes(), "a\u{e4}b"),
            ("na\u{ef}\x7f\u{ef}ve \u{4e2d}\x7f\r".as_bytes(), "na\u{ef}ve "),
            ("e\u{301}\x7fx\r".as_bytes(), "x"),
            (b"a\tb\x01\x02\r", "a\tb"),
            (b"\r", ""),
        ] {
            let mut editor = LineEditor::default();
            let finished = editor.press(typed).pop();
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
    fn esc_alone_does_nothing_to_what_is_typed_behind_it() {
        for keys in [
            &[&b"\x1b"[..], b":quit\r"][..],
            &[b":qu", b"\x1b", b"it", b"\x1b", b"\r"],
            &[b"\x1b", b"\x1b", b":quit\r"],
        ] {
            let mut editor = LineEditor::default();
            let typed: Vec<_> = keys.iter().flat_map(|keys| editor.press(keys)).collect();
            assert_eq!(typed.last(), Some(&Typed::Line(Ok(":quit".to_owned()))), "{keys:?}");
        }
    }

    #[test]
    fn lines_that_were_typed_come_back() {
        let mut editor = LineEditor::default();
        editor.press(b"one\rtwo\rtwo\r \r");
        let mut shown = editor.press(b"\x1b[A");
        for (key, line) in
            [(b'A', "one"), (b'A', "one"), (b'B', "two"), (b'B', ""), (b'B', ""), (b'A', "two")]
        {
            shown.extend(editor.press(&[0x1b, b'[', key]));
            assert_eq!(screen(&shown), line);
        }
        assert_eq!(editor.press(b"\r"), [Typed::Line(Ok("two".to_owned()))]);
    }

    #[test]
    fn a_line_that_is_left_with_an_arrow_comes_back_as_it_was() {
        const UP: &[u8] = b"\x1b[A";
        const DOWN: &[u8] = b"\x1b[B";
        let mut editor = LineEditor::default();
        editor.press(b"one\rtwo\r");
        let mut shown = editor.press(b"a draft");
        for (keys, line) in [
            (UP, "two"),
            (b"!", "two!"),
            (UP, "one"),
            (UP, "one"),
            (DOWN, "two!"),
            (DOWN, "a draft"),
            (DOWN, "a draft"),
        ] {
            shown.extend(editor.press(keys));
            assert_eq!(screen(&shown), line, "{keys:?}");
        }
        editor.press(b"\x1b[A\r");
        assert_eq!(screen(&editor.press(UP)), "two!", "what was left is as it was only until a line is sent");
        editor.abandon();
        assert_eq!(editor.press(DOWN), []);
    }

    #[test]
    fn ctrl_z_knows_the_line_as_it_was_then() {
        let typed = LineEditor::default().press(b"ab\x1ac");
        let echo = |text: &str| Typed::Echo(text.to_owned());
        assert_eq!(typed, [echo("ab"), Typed::Stop("ab".to_owned()), echo("c")]);
    }

    #[test]
    fn where_a_terminal_cannot_go_back_the_line_is_written_anew() {
        let mut editor = LineEditor::default();
        editor.set_columns(4);
        editor.press(b"abcd");
        assert_eq!(editor.press(b"\x7f"), [Typed::Echo("\nabc".to_owned())]);
        editor.press(b"de");
        assert_eq!(editor.press(b"\x17"), [Typed::Echo("\n".to_owned())]);
        assert!(editor.is_empty());
    }

    #[test]
    fn of_a_line_that_is_too_long_it_is_said_as_in_a_pipe() {
        for (behind, line) in [
            (&b""[..], Ok(MAX_LINE)),
            (b"x", Err(LineError::TooLong)),
            (b"x\x7f", Err(LineError::TooLong)),
            (b"x\x1b[A\x1b[B", Err(LineError::TooLong)),
            (b"x\x15ok", Ok(2)),
        ] {
            let mut editor = LineEditor::default();
            editor.press(b"ok\r");
            editor.line = vec![b'x'; MAX_LINE];
            editor.press(behind);
            assert_eq!(editor.line.len().min(MAX_LINE), editor.line.len());
            let Some(Typed::Line(finished)) = editor.press(b"\r").pop() else { panic!("{behind:?}") };
            assert_eq!(finished.map(|line| line.len()), line, "{behind:?}");
            assert_eq!(editor.press(b"next\r").pop(), Some(Typed::Line(Ok("next".to_owned()))));
        }
    }

    #[test]
    fn a_paste_is_drawn_once_a_read_and_only_its_end_is_laid_out_again() {
        for text in ["word ", "\u{4e2d}", "e\u{301}", "\u{1f1e9}\u{1f1ea}", "\t\u{627}"] {
            let paste = text.repeat(3000);
            let mut editor = LineEditor::default();
            for read in paste.as_bytes().chunks(1000) {
                assert_eq!(editor.press(read).len(), 1, "{text:?}");
                let again = editor.line.len() - editor.drawn.settled.line;
                assert!(again <= 2 * text.len() + 4, "{text:?}: {again}");
            }
            assert_eq!(editor.drawn.text, shown_bytes(paste.as_bytes()), "{text:?}");
        }
    }

    proptest! {
        /// Whatever is typed and however it is read, the terminal shows the line, and no control sequence is written.
        #[test]
        fn the_terminal_shows_the_line(
            reads in prop::collection::vec(prop::collection::vec(prop_oneof![
                Just(b"\x7f".to_vec()), Just(b"\x17".to_vec()), Just(b"\x15".to_vec()), Just(b"\x1b[A".to_vec()),
                Just(b"\x1b[B".to_vec()), Just(b"\r".to_vec()), "[a-c ]".prop_map(String::into_bytes),
            ], 1..6), 0..20)
        ) {
            let mut editor = LineEditor::default();
            let mut typed = Vec::new();
            for read in reads {
                for done in editor.press(&read.concat()) {
                    match done {
                        Typed::Line(_) => typed.clear(),
                        other => typed.push(other),
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

        /// A line that is drawn piece by piece looks as it does when it is drawn at once.
        #[test]
        fn pieces_are_drawn_as_the_whole_is(
            pieces in prop::collection::vec(prop_oneof![hostile(), Just("\u{7f}".to_owned())], 0..12),
            size in 1..9_usize,
        ) {
            let mut editor = LineEditor::default();
            let keys = pieces.concat().replace(['\r', '\n', '\u{1b}', '\u{1a}', '\u{4}'], "");
            for read in keys.as_bytes().chunks(size) {
                editor.press(read);
                prop_assert_eq!(&editor.drawn.text, &shown_bytes(whole_characters(&editor.line)));
            }
        }
    }
}
