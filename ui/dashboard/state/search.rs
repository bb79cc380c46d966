//! The search in an open overlay.

use std::ops::Range;

use clacks_text::{
    charset::Charset,
    sanitize::{SafeLine, sanitize},
};
use regex::{Regex, RegexBuilder};

/// Maximum length of the query, in bytes.
const MAX_QUERY: usize = 100;

/// Maximum number of counted matches.
pub(crate) const MAX_MATCHES: usize = 9999;

/// Width of the longest text that is never broken across rows, in columns: an escape such as `\u{10ffff}`.
const MAX_UNBROKEN_WIDTH: usize = 10;

/// Separates two rows of one line of the text. Rows contain no control characters.
const SOFT_BREAK: char = '\n';

/// Separates two rows of different lines of the text.
const HARD_BREAK: char = '\0';

/// Search in the open text, with its matches.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Search {
    pub(crate) query: String,
    /// Whether the query is being typed. Keys then edit it.
    pub(crate) is_typing: bool,
    /// Whether the overlay has no text to search. Keys still edit the query, so that they have no other effect.
    pub(crate) has_no_text: bool,
    /// Scroll position at the start of the search, in lines.
    pub start_scroll: usize,
    /// Whether only a part of the message was searched, because only that part is shown.
    pub(crate) is_partial: bool,
    /// Rows above the message that were searched. Unlike the message they can change.
    pub rows_above: Vec<String>,
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
    /// Index of its match.
    match_index: usize,
}

impl Search {
    pub(crate) fn query(&self) -> &str {
        &self.query
    }

    /// Returns the status, as in `3 of 17` or `no match`. Empty while the query is empty.
    pub fn status_text(&self) -> String {
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

    /// Whether the query is blank.
    pub(crate) fn has_no_query(&self) -> bool {
        self.query.trim().is_empty()
    }

    /// Whether there is exactly one match.
    pub(crate) fn has_one_match(&self) -> bool {
        self.matches == 1
    }

    /// Whether the query is not blank and has no match.
    pub(crate) fn has_no_match(&self) -> bool {
        self.matches == 0 && !self.query.trim().is_empty()
    }

    /// Returns the pieces in a row, each with whether it belongs to the current match.
    pub(crate) fn matches_in_row(&self, row: usize) -> impl Iterator<Item = (&Piece, bool)> {
        let first = self.pieces.partition_point(|piece| piece.row < row);
        let pieces = self.pieces[first..].iter().take_while(move |piece| piece.row == row);
        pieces.map(|piece| (piece, piece.match_index == self.current))
    }

    /// Returns the first row of the current match.
    pub fn current_row(&self) -> Option<usize> {
        let at = self.pieces.partition_point(|piece| piece.match_index < self.current);
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

    /// Searches the text of an overlay: the rows above the message, and the message. `columns` is the width of the
    /// overlay.
    pub(crate) fn find_matches(
        &mut self,
        head: Vec<String>,
        message: &[SafeLine],
        columns: usize,
        charset: Charset,
    ) {
        self.rows_above = head;
        (self.pieces, self.matches) = (Vec::new(), 0);
        let Some(pattern) = pattern(&self.query) else { return };
        let rows: Vec<&str> =
            self.rows_above.iter().map(String::as_str).chain(message.iter().map(|row| &**row)).collect();
        let (text, starts) = join_rows(&rows, columns, charset);
        for (number, found) in pattern.find_iter(&text).take(MAX_MATCHES).enumerate() {
            self.matches = number + 1;
            let first = starts.partition_point(|start| *start <= found.start()).saturating_sub(1);
            let behind = starts.partition_point(|start| *start < found.end());
            for row in first..behind {
                let in_row = |at: usize| at.saturating_sub(starts[row]).min(rows[row].len());
                let indent = rows[row].len() - rows[row].trim_start().len();
                let start = if row == first { in_row(found.start()) } else { indent };
                self.pieces.push(Piece {
                    row,
                    span: start..in_row(found.end()).max(start),
                    match_index: number,
                });
            }
        }
        self.current = self.current.min(self.matches.saturating_sub(1));
    }

    /// Selects the first match from a row on, or the first match of all.
    pub(crate) fn select_from(&mut self, row: usize) {
        let next = self.pieces.iter().find(|piece| piece.row >= row);
        self.current = next.map_or(0, |piece| piece.match_index);
    }

    /// Selects the last match before a row, or the last match of all.
    pub(crate) fn select_before(&mut self, row: usize) {
        let before = self.pieces.partition_point(|piece| piece.row < row);
        let last = self.matches.saturating_sub(1);
        self.current = before.checked_sub(1).map_or(last, |at| self.pieces[at].match_index);
    }

    /// Selects the next or the previous match. Wraps around at the ends.
    pub fn step_match(&mut self, forwards: bool) {
        let matches = self.matches.max(1);
        self.current = (self.current + if forwards { 1 } else { matches - 1 }) % matches;
    }
}

/// Joins the rows to one text. Returns it with the start of each row, in bytes.
fn join_rows(rows: &[&str], columns: usize, charset: Charset) -> (String, Vec<usize>) {
    let mut text = String::with_capacity(rows.iter().map(|row| row.len() + 1).sum());
    let mut starts = Vec::with_capacity(rows.len());
    for (number, row) in rows.iter().enumerate() {
        starts.push(text.len());
        text.push_str(row);
        let next = rows.get(number + 1).copied().unwrap_or_default();
        text.push(if continues_on_next(row, next, columns, charset) { SOFT_BREAK } else { HARD_BREAK });
    }
    (text, starts)
}

/// Whether a row was broken because it was full.
fn continues_on_next(row: &str, next: &str, columns: usize, charset: Charset) -> bool {
    // A character of two columns can leave one column free, an unbroken escape more.
    let left = if next.starts_with('\\') { MAX_UNBROKEN_WIDTH } else { 1 };
    let is_full = row.len() + left >= columns && sanitize(row, usize::MAX, charset).width() + left >= columns;
    row.ends_with(' ') || is_full
}

/// Returns the regex for a query. It also matches across padding in cells, across row breaks inside words, and across
/// rows between words. It ignores case unless the query has an uppercase letter.
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
