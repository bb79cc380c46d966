//! Looking for text in what is open over the lists.

use std::ops::Range;

use regex::{Regex, RegexBuilder};

use super::{
    model::{Model, Overlay},
    view,
};
use crate::untrusted::{Shown, shown};

/// Longest text to look for, in bytes.
const MAX_QUERY: usize = 100;
/// Most matches that are counted.
const MAX_MATCHES: usize = 9999;
/// Columns of the longest piece that is not broken at the end of a row: an escape such as `\u{10ffff}`.
const LONGEST_PIECE: usize = 10;
/// What stands between two rows that are one in the text; a row itself holds no control character.
const SAME_ROW: char = '\n';
/// What stands between two rows that are two in the text as well.
const NEXT_ROW: char = '\0';

/// What is looked for in the text that is open, and where it was found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Search {
    query: String,
    /// Keys are text to look for.
    pub(crate) is_writing: bool,
    /// There is no text to look through. Keys are text nevertheless, so that none of them does anything else.
    pub(crate) has_no_text: bool,
    /// How far the text was scrolled when the search began.
    began: usize,
    /// Not all of the message was looked through, because it is not all shown.
    is_partial: bool,
    /// The rows that were looked through above the message, which unlike it can change.
    head: Vec<String>,
    /// The pieces of the matches, one in each row that a match is in, from top to bottom.
    pieces: Vec<Piece>,
    matches: usize,
    current: usize,
}

/// The part of a match that stands in one row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Piece {
    pub(crate) row: usize,
    /// In bytes.
    pub(crate) span: Range<usize>,
    /// Which of the matches it belongs to.
    number: usize,
}

impl Search {
    pub(crate) fn query(&self) -> &str {
        &self.query
    }

    /// How it went: `3 of 17`, `no match`; nothing as long as there is nothing to look for.
    pub(crate) fn outcome(&self) -> String {
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

    /// The first row of the match that was gone to.
    fn row(&self) -> Option<usize> {
        let at = self.pieces.partition_point(|piece| piece.number < self.current);
        self.pieces.get(at).map(|piece| piece.row)
    }

    fn push(&mut self, text: &str) {
        let text = text.chars().map(|character| if character.is_control() { ' ' } else { character });
        for character in text {
            if self.query.len() + character.len_utf8() <= MAX_QUERY {
                self.query.push(character);
            }
        }
    }

    /// Looks through the rows of a text that is this many columns wide, of which the message is the end.
    fn look_through(&mut self, head: Vec<String>, message: &[Shown], columns: usize) {
        self.head = head;
        (self.pieces, self.matches) = (Vec::new(), 0);
        let Some(pattern) = pattern(&self.query) else { return };
        let rows: Vec<&str> =
            self.head.iter().map(String::as_str).chain(message.iter().map(|row| &**row)).collect();
        let (text, starts) = joined(&rows, columns);
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
    fn go_from(&mut self, row: usize) {
        let next = self.pieces.iter().find(|piece| piece.row >= row);
        self.current = next.map_or(0, |piece| piece.number);
    }

    /// Goes to the last match before this row, or to the last of all.
    fn go_before(&mut self, row: usize) {
        let before = self.pieces.partition_point(|piece| piece.row < row);
        let last = self.matches.saturating_sub(1);
        self.current = before.checked_sub(1).map_or(last, |at| self.pieces[at].number);
    }

    fn step(&mut self, forwards: bool) {
        let matches = self.matches.max(1);
        self.current = (self.current + if forwards { 1 } else { matches - 1 }) % matches;
    }
}

/// The rows as one text, and where in it each begins.
fn joined(rows: &[&str], columns: usize) -> (String, Vec<usize>) {
    let mut text = String::with_capacity(rows.iter().map(|row| row.len() + 1).sum());
    let mut starts = Vec::with_capacity(rows.len());
    for (number, row) in rows.iter().enumerate() {
        starts.push(text.len());
        text.push_str(row);
        let next = rows.get(number + 1).copied().unwrap_or_default();
        text.push(if goes_on(row, next, columns) { SAME_ROW } else { NEXT_ROW });
    }
    (text, starts)
}

/// Whether a row was broken only because it was full.
fn goes_on(row: &str, next: &str, columns: usize) -> bool {
    // A cell of two columns leaves one over, and what is not broken leaves more.
    let left = if next.starts_with('\\') { LONGEST_PIECE } else { 1 };
    let is_full = row.len() + left >= columns && shown(row, usize::MAX).width() + left >= columns;
    row.ends_with(' ') || is_full
}

/// What finds a text, also where a cell has pads behind it, a full row ends in the middle of a word, or any row between two. Capital letters are found as they are, small ones
/// stand for both unless there is a capital among them.
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

impl Model {
    /// The search in what is open, if there is one.
    pub(crate) fn search(&self) -> Option<&Search> {
        self.overlay.as_ref().and_then(|overlay| overlay.search.as_ref())
    }

    /// Whether keys are text to look for.
    pub(crate) fn writes_search(&self) -> bool {
        self.search().is_some_and(|search| search.is_writing)
    }

    /// Begins to look for something in what is open, or for something else.
    pub(super) fn begin_search(&mut self) {
        let has_no_text = view::overlay_length(self) == 0;
        let Some(overlay) = &mut self.overlay else { return };
        let began = overlay.scrolled;
        overlay.search = Some(Search { is_writing: true, has_no_text, began, ..Search::default() });
    }

    /// Adds text to what is looked for, and goes to where that is.
    pub(super) fn type_search(&mut self, text: &str) {
        self.change_search(|search| search.push(text));
    }

    /// Takes the last character of what is looked for away.
    pub(super) fn shorten_search(&mut self) {
        self.change_search(|search| {
            search.query.pop();
        });
    }

    /// Empties what is looked for; ends the search if it is empty.
    pub(super) fn clear_search(&mut self) {
        if self.search().is_some_and(|search| search.query.is_empty()) {
            self.leave_search();
        } else {
            self.change_search(|search| search.query.clear());
        }
    }

    fn change_search(&mut self, change: impl FnOnce(&mut Search)) {
        let Some(overlay) = &mut self.overlay else { return };
        let Some(search) = &mut overlay.search else { return };
        change(search);
        overlay.scrolled = search.began;
        self.search_again();
        if let Some(search) = self.search_mut() {
            search.go_from(search.began);
        }
        self.show_match();
    }

    fn search_mut(&mut self) -> Option<&mut Search> {
        self.overlay.as_mut()?.search.as_mut()
    }

    /// Keeps what was found on the screen; keys act on what is open again.
    pub(super) fn keep_search(&mut self) {
        let Some(overlay) = &mut self.overlay else { return };
        overlay.search = overlay.search.take().filter(|search| !search.is_idle() && !search.has_no_text);
        overlay.search.iter_mut().for_each(|search| search.is_writing = false);
    }

    /// Goes back to where the search began, and forgets it.
    pub(super) fn leave_search(&mut self) {
        let Some(overlay) = &mut self.overlay else { return };
        if let Some(search) = overlay.search.take() {
            overlay.scrolled = search.began;
        }
    }

    /// Goes to the next match, or to the one before; round at the ends. Who has scrolled away goes on from there.
    pub(super) fn step_search(&mut self, forwards: bool) {
        let key = self.keymap.name_of(super::keymap::Place::Overlay, ":search");
        let height = self.overlay_height();
        let Some(Overlay { search: Some(search), scrolled, .. }) = &mut self.overlay else {
            self.complain(format!("nothing is looked for; {key} begins"));
            return;
        };
        let is_seen = search.row().is_some_and(|row| (*scrolled..*scrolled + height).contains(&row));
        match forwards {
            _ if is_seen => search.step(forwards),
            true => search.go_from(*scrolled),
            false => search.go_before(*scrolled),
        }
        self.show_match();
    }

    /// Looks through what is open again.
    pub(super) fn search_again(&mut self) {
        if self.search().is_none() {
            return;
        }
        let (head, columns) = (view::overlay_head(self), self.overlay_columns());
        if let Some(Overlay { search: Some(search), message, is_cut, .. }) = &mut self.overlay {
            search.is_partial = *is_cut;
            search.look_through(head, message, columns);
        }
    }

    /// Looks again if the text has changed by itself.
    pub(super) fn follow_text(&mut self) {
        if self.search().is_some_and(|search| search.head != view::overlay_head(self)) {
            self.search_again();
        }
    }

    /// Scrolls to the match that was gone to, unless it is on the screen.
    pub(super) fn show_match(&mut self) {
        let height = self.overlay_height();
        let last = view::overlay_length(self).saturating_sub(height);
        let Some(Overlay { search: Some(search), scrolled, .. }) = &mut self.overlay else { return };
        let Some(row) = search.row() else { return };
        if !(*scrolled..*scrolled + height).contains(&row) {
            // With some of what stands above it.
            *scrolled = row.saturating_sub(height / 3).min(last);
        }
    }

    /// Keeps the match that was gone to on the screen when that has another size, and of any text its end.
    pub(super) fn keep_in_sight(&mut self) {
        self.stop_at_the_end();
        self.show_match();
    }

    /// Goes back from behind the end of what is open.
    pub(super) fn stop_at_the_end(&mut self) {
        // Where that is is known where the text is laid out.
        let most = view::overlay_length(self).saturating_sub(self.overlay_height());
        if let Some(overlay) = &mut self.overlay {
            overlay.scrolled = overlay.scrolled.min(most);
        }
    }

    /// How many rows of what is open are on the screen.
    pub(super) fn overlay_height(&self) -> usize {
        self.areas().map_or(1, |areas| usize::from(areas.body.height).saturating_sub(1).max(1))
    }

    fn overlay_columns(&self) -> usize {
        self.areas().map_or(0, |areas| usize::from(areas.body.width))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::untrusted::shown_lines;

    /// What is looked for in a message below these rows.
    fn searched(query: &str, head: &[&str], message: &str, columns: usize) -> (Search, Vec<String>) {
        let head: Vec<String> = head.iter().map(|row| (*row).to_owned()).collect();
        let message = shown_lines(message, columns, 0, usize::MAX);
        let rows = head.iter().cloned().chain(message.iter().map(ToString::to_string)).collect();
        let mut search = Search { query: query.to_owned(), ..Search::default() };
        search.look_through(head, &message, columns);
        (search, rows)
    }

    /// The rows with each match between brackets, and the number of matches.
    fn found(query: &str, head: &[&str], message: &str, columns: usize) -> (Vec<String>, usize) {
        let (search, rows) = searched(query, head, message, columns);
        let marked = rows.iter().enumerate().map(|(number, row)| {
            let mut marked = row.clone();
            let pieces: Vec<_> = search.found_in(number).collect();
            for (piece, _) in pieces.into_iter().rev() {
                marked.insert(piece.span.end, ']');
                marked.insert(piece.span.start, '[');
            }
            marked
        });
        (marked.collect(), search.matches)
    }

    #[test]
    fn a_text_is_found_in_any_case_unless_it_has_capitals() {
        for (query, message, wanted, matches) in [
            ("gnu", "GNU\na gnu, gnU", &["[GNU]", "a [gnu], [gnU]"][..], 3),
            ("GNU", "GNU\na gnu, gnU", &["[GNU]", "a gnu, gnU"], 1),
            ("gnU", "GNU\na gnu, gnU", &["GNU", "a gnu, [gnU]"], 1),
            ("a.c", "abc a.c", &["abc [a.c]"], 1),
            ("\u{fc}ber", "\u{dc}BER \u{fc}", &["[\u{dc}BER] \u{fc}"], 1),
            ("\u{dc}", "\u{dc}BER \u{fc}", &["[\u{dc}]BER \u{fc}"], 1),
            ("\u{754c}", "\u{4e16}\u{754c}", &["\u{4e16}[\u{754c}]"], 1),
            (" ", "a b", &["a b"], 0),
            ("", "a", &["a"], 0),
        ] {
            let wanted = wanted.iter().map(ToString::to_string).collect();
            assert_eq!(found(query, &[], message, 40), (wanted, matches), "{query}");
        }
    }

    #[test]
    fn a_text_is_found_over_the_end_of_a_row_that_was_full_and_of_no_other() {
        for (query, message, wanted, matches) in [
            ("terry p", "GNU Terry Pratchett", &["GNU [Terry ]", "[P]ratchett"][..], 1),
            ("ff gg", "aaaabbbbccccddddeeeeffff gg", &["aaaabbbbcccc", "ddddeeeeff[ff]", "[gg]"], 1),
            ("cdd", "aaaabbbbccccdddd", &["aaaabbbbccc[c]", "[dd]dd"], 1),
            ("bbbccccddddeeeef", "aaaabbbbccccddddeeeeffff", &["aaaab[bbbcccc]", "[ddddeeeef]fff"], 1),
            ("ab", "a\nb", &["a", "b"], 0),
            ("a  b", "a\n  b", &["[a]", "  [b]"], 1),
            ("b\\u", "aaaaabb\u{202e}", &["aaaaab[b]", "[\\u]{202e}"], 1),
        ] {
            let wanted = wanted.iter().map(ToString::to_string).collect();
            assert_eq!(found(query, &[], message, 12), (wanted, matches), "{query}");
        }
        let (marked, _) = found("c0ffee", &["print   c0ff", "        ee", "c0ff", "ee"], "", 12);
        assert_eq!(marked[..4], ["print   [c0ff]", "        [ee]", "c0ff", "ee"]);
    }

    #[test]
    fn matches_are_gone_round_and_counted_within_bounds() {
        let (mut search, _) = searched("a", &["a", "b", "aa"], "", 40);
        search.go_from(1);
        let outcomes = [true, true, false, false].map(|forwards| {
            let outcome = search.outcome();
            search.step(forwards);
            outcome
        });
        assert_eq!(outcomes, ["2 of 3", "3 of 3", "1 of 3", "3 of 3"]);
        let places = [0, 1, 2, 3].map(|row| {
            search.go_before(row);
            search.current
        });
        assert_eq!(places, [2, 0, 0, 2]);
        search.look_through(vec!["a".repeat(20_000)], &[], 40);
        assert_eq!((search.matches, search.outcome()), (MAX_MATCHES, "3 of 9999 or more".to_owned()));
        search.look_through(vec!["b".to_owned()], &[], 40);
        search.step(true);
        assert_eq!(search.outcome(), "no match");
    }
}
