//! History of the input, oldest line first. The arrow keys walk it, Ctrl-R searches it, and the hint behind the cursor
//! suggests from it.

use std::collections::VecDeque;

/// Maximum number of lines in the history.
pub const MOST_LINES: usize = 500;
/// Longest line that is kept, in bytes.
pub(crate) const LONGEST_LINE: usize = 8 << 10;

#[derive(Debug, Default)]
pub(crate) struct History {
    lines: VecDeque<Entry>,
}

#[derive(Debug)]
struct Entry {
    text: String,
    /// It was sent; if not, it was begun and left, or refused.
    was_sent: bool,
}

/// A walk through the history, away from a draft.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Walk {
    /// The line that is shown.
    at: usize,
    draft: String,
    /// What the lines begin with that are shown; empty for all.
    begun: String,
}

/// Search in the history, newest line first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct HistorySearch {
    /// Text to find.
    pub wanted: String,
    found: Option<usize>,
}

impl History {
    /// Adds a line that was sent, unless it is the same as the last or too long to be kept. Returns whether it was
    /// added, or was there already but not as one that was sent.
    pub(crate) fn push(&mut self, line: &str) -> bool {
        self.add(line, true)
    }

    /// Adds a line that was begun and left, or refused: it can be brought back and is not suggested.
    pub(crate) fn push_unsent(&mut self, line: &str) {
        self.add(line, false);
    }

    fn add(&mut self, line: &str, was_sent: bool) -> bool {
        if line.is_empty() || line.len() > LONGEST_LINE {
            return false;
        }
        if let Some(last) = self.lines.back_mut().filter(|last| last.text == line) {
            return was_sent && !std::mem::replace(&mut last.was_sent, true);
        }
        self.lines.push_back(Entry { text: line.to_owned(), was_sent });
        if self.lines.len() > MOST_LINES {
            self.lines.pop_front();
        }
        true
    }

    /// The newest line that was sent, begins so and goes on.
    pub(crate) fn suggestion(&self, begun: &str) -> Option<&str> {
        let sent = self.lines.iter().rev().filter(|line| line.was_sent).map(|line| &*line.text);
        sent.into_iter().find(|line| line.len() > begun.len() && line.starts_with(begun))
    }

    /// Goes to an older line, or with `newer` to a newer one. A walk that begins with a draft keeps to the lines that
    /// begin so if there are any. `None` if it ends at the draft.
    pub(crate) fn step(&self, walk: Option<Walk>, draft: &str, newer: bool) -> Option<Walk> {
        let walk = walk.unwrap_or_else(|| self.walk_from(draft));
        let fits = |at: &usize| self.lines[*at].text.starts_with(&walk.begun);
        let last = self.lines.len();
        let at = if newer {
            (walk.at.min(last) + 1..last).find(fits)?
        } else {
            // There is nothing before the oldest that fits.
            (0..walk.at.min(last)).rev().find(fits).unwrap_or(walk.at)
        };
        (at < last).then_some(Walk { at, ..walk })
    }

    fn walk_from(&self, draft: &str) -> Walk {
        let begun = if self.lines.iter().any(|line| line.text.starts_with(draft)) { draft } else { "" };
        Walk { at: self.lines.len(), draft: draft.to_owned(), begun: begun.to_owned() }
    }

    pub(crate) fn shown<'a>(&'a self, walk: &'a Walk) -> &'a str {
        self.lines.get(walk.at).map_or(&walk.draft, |line| &line.text)
    }

    /// The search for this: the newest line that holds it. Letters mean either case unless one of them is a capital.
    pub(crate) fn search(&self, wanted: &str) -> HistorySearch {
        let found = self.holding(wanted, self.lines.len());
        HistorySearch { wanted: wanted.to_owned(), found }
    }

    /// The search gone on to the next older line; where it is if there is none.
    pub(crate) fn search_on(&self, search: &HistorySearch) -> HistorySearch {
        let older = search.found.and_then(|found| {
            // The same line again would look as if nothing happened.
            let shown = self.lines.get(found).map(|line| &line.text);
            let mut before = found;
            loop {
                before = self.holding(&search.wanted, before)?;
                if self.lines.get(before).map(|line| &line.text) != shown {
                    return Some(before);
                }
            }
        });
        HistorySearch { found: older.or(search.found), ..search.clone() }
    }

    /// The line that a search has found.
    pub(crate) fn found(&self, search: &HistorySearch) -> Option<&str> {
        self.lines.get(search.found?).map(|line| &*line.text)
    }

    /// The newest line before this one that holds what is wanted.
    fn holding(&self, wanted: &str, before: usize) -> Option<usize> {
        let has_capital = wanted.chars().any(char::is_uppercase);
        (0..before.min(self.lines.len())).rev().find(|at| {
            let line = &self.lines[*at].text;
            if has_capital { line.contains(wanted) } else { line.to_lowercase().contains(wanted) }
        })
    }
}

impl Walk {
    /// The draft that the walk began with.
    pub(crate) fn into_draft(self) -> String {
        self.draft
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn history(lines: &[&str]) -> History {
        let mut history = History::default();
        lines.iter().for_each(|line| {
            history.push(line);
        });
        history
    }

    /// The lines that are shown one after another.
    fn walked(history: &History, draft: &str, steps: &str) -> Vec<String> {
        let mut walk = None;
        let step = |key| {
            walk = history.step(walk.take(), draft, key == 'd');
            walk.as_ref().map_or(draft, |walk| history.shown(walk)).to_owned()
        };
        steps.chars().map(step).collect()
    }

    #[test]
    fn a_line_is_not_kept_twice_in_a_row_and_the_oldest_go() {
        let mut history = history(&["a", "a", "b", "a", ""]);
        assert_eq!(history.lines.iter().map(|line| &*line.text).collect::<Vec<_>>(), ["a", "b", "a"]);
        (0..MOST_LINES).for_each(|number| assert!(history.push(&number.to_string())));
        assert_eq!((history.lines.len(), &*history.lines.front().unwrap().text), (MOST_LINES, "0"));
        assert!(!history.push(&"x".repeat(LONGEST_LINE + 1)));
    }

    #[test]
    fn what_was_not_sent_comes_back_and_is_not_suggested() {
        let mut history = history(&[":rate 2"]);
        history.push_unsent(":rate abc");
        assert_eq!(history.suggestion(":r"), Some(":rate 2"));
        assert_eq!(walked(&history, ":", "u"), [":rate abc"]);
        assert!(history.push(":rate abc"), "now it was sent");
        assert!(!history.push(":rate abc"));
        assert_eq!(history.suggestion(":r"), Some(":rate abc"));
        history.push_unsent(":rate abc");
        assert_eq!(history.suggestion(":r"), Some(":rate abc"), "it was sent before");
    }

    #[test]
    fn a_walk_with_a_draft_keeps_to_what_begins_so() {
        let history = history(&[":add a:1", "hello", ":add b:1", "goodbye"]);
        assert_eq!(walked(&history, ":a", "uuudd"), [":add b:1", ":add a:1", ":add a:1", ":add b:1", ":a"]);
        assert_eq!(walked(&history, "", "uud"), ["goodbye", ":add b:1", "goodbye"]);
        assert_eq!(walked(&history, "other", "uudd"), ["goodbye", ":add b:1", "goodbye", "other"]);
        assert_eq!(walked(&history, "h", "d"), ["h"]);
        assert_eq!(walked(&History::default(), "h", "ud"), ["h", "h"]);
    }

    #[test]
    fn a_search_goes_back_line_by_line() {
        let history = history(&["GNU Terry", "lamp oil", "gnu", "gnu!", "gnu!"]);
        let search = history.search("gnu");
        assert_eq!(history.found(&search), Some("gnu!"));
        let search = history.search_on(&search);
        assert_eq!(history.found(&search), Some("gnu"));
        let search = history.search_on(&history.search_on(&search));
        assert_eq!(history.found(&search), Some("GNU Terry"), "the oldest stays");
        assert_eq!(history.found(&history.search("GNU")), Some("GNU Terry"));
        assert_eq!(history.found(&history.search("chess")), None);
        assert_eq!(history.found(&history.search_on(&history.search("chess"))), None);
    }

    #[test]
    fn the_newest_line_that_goes_on_is_suggested() {
        let history = history(&["hello there", "hello", "other"]);
        assert_eq!(history.suggestion("hel"), Some("hello"));
        assert_eq!(history.suggestion("hello"), Some("hello there"));
        assert_eq!(history.suggestion("x"), None);
    }
}
