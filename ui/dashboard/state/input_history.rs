//! History of the input, oldest line first. The arrow keys recall lines, Ctrl-R searches, and the inline hint
//! suggests from it.

use std::collections::VecDeque;

/// Maximum number of lines in the history.
pub const MAX_LINES: usize = 500;
/// Maximum length of a line, in bytes.
pub(crate) const MAX_LINE_BYTES: usize = 8 << 10;

#[derive(Debug, Default)]
pub(crate) struct History {
    lines: VecDeque<Entry>,
}

#[derive(Debug)]
struct Entry {
    text: String,
    /// Whether the line was sent. Otherwise it was abandoned or refused.
    was_sent: bool,
}

/// A walk through the history, starting from a draft.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct HistoryWalk {
    /// Index of the current line.
    index: usize,
    draft: String,
    /// Only lines with this prefix are visited. Empty for all.
    prefix: String,
}

/// Search in the history, newest line first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct HistorySearch {
    /// Text to find.
    pub query: String,
    found: Option<usize>,
}

impl History {
    /// Adds a sent line, unless it equals the last line or is too long. Returns whether it was added, or the last
    /// line changed from unsent to sent.
    pub(crate) fn push_sent(&mut self, line: &str) -> bool {
        self.push_line(line, true)
    }

    /// Adds a line that was abandoned or refused. It can be recalled and is never suggested.
    pub(crate) fn push_unsent(&mut self, line: &str) {
        self.push_line(line, false);
    }

    fn push_line(&mut self, line: &str, was_sent: bool) -> bool {
        if line.is_empty() || line.len() > MAX_LINE_BYTES {
            return false;
        }
        if let Some(last) = self.lines.back_mut().filter(|last| last.text == line) {
            return was_sent && !std::mem::replace(&mut last.was_sent, true);
        }
        self.lines.push_back(Entry { text: line.to_owned(), was_sent });
        if self.lines.len() > MAX_LINES {
            self.lines.pop_front();
        }
        true
    }

    /// Returns the newest sent line that begins with `begun` and is longer.
    pub(crate) fn suggestion(&self, prefix: &str) -> Option<&str> {
        let sent = self.lines.iter().rev().filter(|line| line.was_sent).map(|line| &*line.text);
        sent.into_iter().find(|line| line.len() > prefix.len() && line.starts_with(prefix))
    }

    /// Moves to the next older line, or with `newer` to the next newer one. A walk visits only lines that begin with
    /// the draft, if there are any. Returns `None` when it returns to the draft.
    pub(crate) fn walk(&self, walk: Option<HistoryWalk>, draft: &str, newer: bool) -> Option<HistoryWalk> {
        let walk = walk.unwrap_or_else(|| self.start_walk(draft));
        let fits = |at: &usize| self.lines[*at].text.starts_with(&walk.prefix);
        let last = self.lines.len();
        let at = if newer {
            (walk.index.min(last) + 1..last).find(fits)?
        } else {
            // Stay at the oldest line.
            (0..walk.index.min(last)).rev().find(fits).unwrap_or(walk.index)
        };
        (at < last).then_some(HistoryWalk { index: at, ..walk })
    }

    fn start_walk(&self, draft: &str) -> HistoryWalk {
        let prefix = if self.lines.iter().any(|line| line.text.starts_with(draft)) { draft } else { "" };
        HistoryWalk { index: self.lines.len(), draft: draft.to_owned(), prefix: prefix.to_owned() }
    }

    pub(crate) fn line_at<'a>(&'a self, walk: &'a HistoryWalk) -> &'a str {
        self.lines.get(walk.index).map_or(&walk.draft, |line| &line.text)
    }

    /// Searches the newest line that contains `query`. The search ignores case unless `query` has an uppercase
    /// letter.
    pub(crate) fn search(&self, query: &str) -> HistorySearch {
        let found = self.find_before(query, self.lines.len());
        HistorySearch { query: query.to_owned(), found }
    }

    /// Moves the search to the next older match. Stays if there is none.
    pub(crate) fn search_older(&self, search: &HistorySearch) -> HistorySearch {
        let older = search.found.and_then(|found| {
            // Skip equal lines, because they would look as if nothing had happened.
            let shown = self.lines.get(found).map(|line| &line.text);
            let mut before = found;
            loop {
                before = self.find_before(&search.query, before)?;
                if self.lines.get(before).map(|line| &line.text) != shown {
                    return Some(before);
                }
            }
        });
        HistorySearch { found: older.or(search.found), ..search.clone() }
    }

    /// Returns the line that the search found.
    pub(crate) fn search_result(&self, search: &HistorySearch) -> Option<&str> {
        self.lines.get(search.found?).map(|line| &*line.text)
    }

    /// Returns the index of the newest match before an index.
    fn find_before(&self, query: &str, before: usize) -> Option<usize> {
        let has_capital = query.chars().any(char::is_uppercase);
        (0..before.min(self.lines.len())).rev().find(|at| {
            let line = &self.lines[*at].text;
            if has_capital { line.contains(query) } else { line.to_lowercase().contains(query) }
        })
    }
}

impl HistoryWalk {
    /// Returns the draft at the start of the walk.
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
            history.push_sent(line);
        });
        history
    }

    /// Returns the line after each step.
    fn walked(history: &History, draft: &str, steps: &str) -> Vec<String> {
        let mut walk = None;
        let step = |key| {
            walk = history.walk(walk.take(), draft, key == 'd');
            walk.as_ref().map_or(draft, |walk| history.line_at(walk)).to_owned()
        };
        steps.chars().map(step).collect()
    }

    #[test]
    fn the_history_drops_repeated_and_oldest_lines() {
        let mut history = history(&["a", "a", "b", "a", ""]);
        assert_eq!(history.lines.iter().map(|line| &*line.text).collect::<Vec<_>>(), ["a", "b", "a"]);
        (0..MAX_LINES).for_each(|number| assert!(history.push_sent(&number.to_string())));
        assert_eq!((history.lines.len(), &*history.lines.front().unwrap().text), (MAX_LINES, "0"));
        assert!(!history.push_sent(&"x".repeat(MAX_LINE_BYTES + 1)));
    }

    #[test]
    fn unsent_lines_are_recalled_but_not_suggested() {
        let mut history = history(&[":rate 2"]);
        history.push_unsent(":rate abc");
        assert_eq!(history.suggestion(":r"), Some(":rate 2"));
        assert_eq!(walked(&history, ":", "u"), [":rate abc"]);
        assert!(history.push_sent(":rate abc"), "now it was sent");
        assert!(!history.push_sent(":rate abc"));
        assert_eq!(history.suggestion(":r"), Some(":rate abc"));
        history.push_unsent(":rate abc");
        assert_eq!(history.suggestion(":r"), Some(":rate abc"), "it was sent before");
    }

    #[test]
    fn a_walk_with_a_draft_visits_only_lines_with_that_prefix() {
        let history = history(&[":add a:1", "hello", ":add b:1", "goodbye"]);
        assert_eq!(walked(&history, ":a", "uuudd"), [":add b:1", ":add a:1", ":add a:1", ":add b:1", ":a"]);
        assert_eq!(walked(&history, "", "uud"), ["goodbye", ":add b:1", "goodbye"]);
        assert_eq!(walked(&history, "other", "uudd"), ["goodbye", ":add b:1", "goodbye", "other"]);
        assert_eq!(walked(&history, "h", "d"), ["h"]);
        assert_eq!(walked(&History::default(), "h", "ud"), ["h", "h"]);
    }

    #[test]
    fn a_search_continues_with_older_lines() {
        let history = history(&["GNU Terry", "lamp oil", "gnu", "gnu!", "gnu!"]);
        let search = history.search("gnu");
        assert_eq!(history.search_result(&search), Some("gnu!"));
        let search = history.search_older(&search);
        assert_eq!(history.search_result(&search), Some("gnu"));
        let search = history.search_older(&history.search_older(&search));
        assert_eq!(history.search_result(&search), Some("GNU Terry"), "the oldest stays");
        assert_eq!(history.search_result(&history.search("GNU")), Some("GNU Terry"));
        assert_eq!(history.search_result(&history.search("chess")), None);
        assert_eq!(history.search_result(&history.search_older(&history.search("chess"))), None);
    }

    #[test]
    fn the_newest_longer_line_is_suggested() {
        let history = history(&["hello there", "hello", "other"]);
        assert_eq!(history.suggestion("hel"), Some("hello"));
        assert_eq!(history.suggestion("hello"), Some("hello there"));
        assert_eq!(history.suggestion("x"), None);
    }
}
