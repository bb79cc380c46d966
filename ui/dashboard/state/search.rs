//! The search in an open page.

use std::ops::Range;

use clacks_text::{
    charset::Charset,
    sanitize::{SafeLine, shown},
};
use regex::{Regex, RegexBuilder};

/// Longest text to look for, in bytes.
const MAX_QUERY: usize = 100;

/// Most matches that are counted.
pub(crate) const MAX_MATCHES: usize = 9999;

/// Columns of the longest piece that is not broken at the end of a row: an escape such as `\u{10ffff}`.
const LONGEST_PIECE: usize = 10;

/// What stands between two rows that are one in the text; a row itself holds no control character.
const SAME_ROW: char = '\n';

/// What stands between two rows that are two in the text as well.
const NEXT_ROW: char = '\0';

/// Search in the open text, with its matches.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Search {
    pub(crate) query: String,
    /// Keys are text to look for.
    pub(crate) is_writing: bool,
    /// There is no text to look through. Keys are text nevertheless, so that none of them does anything else.
    pub(crate) has_no_text: bool,
    /// Scroll position at the start of the search, in lines.
    pub began: usize,
    /// Not all of the message was looked through, because it is not all shown.
    pub(crate) is_partial: bool,
    /// Rows above the message that were searched. Unlike the message they can change.
    pub head: Vec<String>,
    /// Pieces of the matches, from top to bottom. A match has one piece in each of its rows.
    pub pieces: Vec<Piece>,
    /// Number of matches, at most 9999.
    pub matches: usize,
    /// Index of the current match, from 0.
    pub current: usize,
}

/// Part of a match in one row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// Row of the text, from 0.
    pub row: usize,
    /// Range in the row, in bytes.
    pub span: Range<usize>,
    /// Which of the matches it belongs to.
    number: usize,
}

impl Search {
    pub(crate) fn query(&self) -> &str {
        &self.query
    }

    /// Returns the outcome, as in `3 of 17` or `no match`. Empty while the query is empty.
    pub fn outcome(&self) -> String {
        let outcome = match self.matches {
            _ if self.has_no_text => {
                return "there is no text here to look through; Esc goes back".to_owned();
            }
            _ if self.query.trim().is_empty() => return String::new(),
            0 => "no match".to_owned(),
            MAX_MATCHES => format!("{} of {MAX_MATCHES} or more", self.current + 1),
            matches => format!("{} of {matches}", self.current + 1),
        };
        if self.is_partial { outcome + " in what is shown" } else { outcome }
    }

    /// Whether nothing is looked for yet.
    pub(crate) fn is_idle(&self) -> bool {
        self.query.trim().is_empty()
    }

    /// Whether there is no other match to go to.
    pub(crate) fn has_one_match(&self) -> bool {
        self.matches == 1
    }

    /// Whether there is something to look for and it is not there.
    pub(crate) fn is_in_vain(&self) -> bool {
        self.matches == 0 && !self.query.trim().is_empty()
    }

    /// What was found in a row, and whether it is of the match that was gone to.
    pub(crate) fn found_in(&self, row: usize) -> impl Iterator<Item = (&Piece, bool)> {
        let first = self.pieces.partition_point(|piece| piece.row < row);
        let pieces = self.pieces[first..].iter().take_while(move |piece| piece.row == row);
        pieces.map(|piece| (piece, piece.number == self.current))
    }

    /// Returns the first row of the current match.
    pub fn row(&self) -> Option<usize> {
        let at = self.pieces.partition_point(|piece| piece.number < self.current);
        self.pieces.get(at).map(|piece| piece.row)
    }

    /// Appends text to the query. Control characters become spaces. Ignores characters beyond 100 bytes.
    pub fn push(&mut self, text: &str) {
        let text = text.chars().map(|character| if character.is_control() { ' ' } else { character });
        for character in text {
            if self.query.len() + character.len_utf8() <= MAX_QUERY {
                self.query.push(character);
            }
        }
    }

    /// Looks through the rows of a text that is this many columns wide, of which the message is the end.
    pub(crate) fn look_through(
        &mut self,
        head: Vec<String>,
        message: &[SafeLine],
        columns: usize,
        charset: Charset,
    ) {
        self.head = head;
        (self.pieces, self.matches) = (Vec::new(), 0);
        let Some(pattern) = pattern(&self.query) else { return };
        let rows: Vec<&str> =
            self.head.iter().map(String::as_str).chain(message.iter().map(|row| &**row)).collect();
        let (text, starts) = joined(&rows, columns, charset);
        for (number, found) in pattern.find_iter(&text).take(MAX_MATCHES).enumerate() {
            self.matches = number + 1;
            let first = starts.partition_point(|start| *start <= found.start()).saturating_sub(1);
            let behind = starts.partition_point(|start| *start < found.end());
            for row in first..behind {
                let in_row = |at: usize| at.saturating_sub(starts[row]).min(rows[row].len());
                let indent = rows[row].len() - rows[row].trim_start().len();
                let start = if row == first { in_row(found.start()) } else { indent };
                self.pieces.push(Piece { row, span: start..in_row(found.end()).max(start), number });
            }
        }
        self.current = self.current.min(self.matches.saturating_sub(1));
    }

    /// Goes to the first match from this row on, or to the first of all.
    pub(crate) fn go_from(&mut self, row: usize) {
        let next = self.pieces.iter().find(|piece| piece.row >= row);
        self.current = next.map_or(0, |piece| piece.number);
    }

    /// Goes to the last match before this row, or to the last of all.
    pub(crate) fn go_before(&mut self, row: usize) {
        let before = self.pieces.partition_point(|piece| piece.row < row);
        let last = self.matches.saturating_sub(1);
        self.current = before.checked_sub(1).map_or(last, |at| self.pieces[at].number);
    }

    /// Goes to the next or the previous match. Wraps around at the ends.
    pub fn step(&mut self, forwards: bool) {
        let matches = self.matches.max(1);
        self.current = (self.current + if forwards { 1 } else { matches - 1 }) % matches;
    }
}

/// The rows as one text, and where in it each begins.
fn joined(rows: &[&str], columns: usize, charset: Charset) -> (String, Vec<usize>) {
    let mut text = String::with_capacity(rows.iter().map(|row| row.len() + 1).sum());
    let mut starts = Vec::with_capacity(rows.len());
    for (number, row) in rows.iter().enumerate() {
        starts.push(text.len());
        text.push_str(row);
        let next = rows.get(number + 1).copied().unwrap_or_default();
        text.push(if goes_on(row, next, columns, charset) { SAME_ROW } else { NEXT_ROW });
    }
    (text, starts)
}

/// Whether a row was broken only because it was full.
fn goes_on(row: &str, next: &str, columns: usize, charset: Charset) -> bool {
    // A cell of two columns leaves one over, and what is not broken leaves more.
    let left = if next.starts_with('\\') { LONGEST_PIECE } else { 1 };
    let is_full = row.len() + left >= columns && shown(row, usize::MAX, charset).width() + left >= columns;
    row.ends_with(' ') || is_full
}

/// What finds a text, also where a cell has pads behind it, a full row ends in the middle of a word, or any row between
/// two. Capital letters are found as they are, small ones stand for both unless there is a capital among them.
fn pattern(query: &str) -> Option<Regex> {
    let words = query.split_whitespace().map(|word| {
        let letters = word.chars().map(|letter| regex::escape(letter.encode_utf8(&mut [0; 4])));
        letters.collect::<Vec<_>>().join("\u{a0}*(?:\n *)?")
    });
    let pattern = words.collect::<Vec<_>>().join(r"[\s\x00]+");
    let has_capitals = query.contains(char::is_uppercase);
    let pattern = RegexBuilder::new(&pattern).case_insensitive(!has_capitals).build();
    pattern.ok().filter(|pattern| !pattern.as_str().is_empty())
}
