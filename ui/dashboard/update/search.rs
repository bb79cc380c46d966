//! Search in the text of an overlay.

use crate::{
    model::Model,
    state::{overlay::Overlay, search::Search},
};

impl Model {
    /// Starts a search in the overlay, or edits the query of the current one.
    pub(crate) fn begin_search(&mut self) {
        let has_no_text = crate::pages::overlay_line_count(self) == 0;
        let Some(overlay) = &mut self.overlay else { return };
        let began = overlay.scrolled;
        overlay.search =
            Some(Search { is_typing: true, has_no_text, start_scroll: began, ..Search::default() });
    }

    /// Appends text to the query and scrolls to the match.
    pub(crate) fn push_query(&mut self, text: &str) {
        self.change_search(|search| search.push(text));
    }

    /// Removes the last character of the query.
    pub(crate) fn pop_query(&mut self) {
        self.change_search(|search| {
            search.query.pop();
        });
    }

    /// Clears the query. Cancels the search if it is already empty.
    pub(crate) fn clear_search(&mut self) {
        if self.search().is_some_and(|search| search.query.is_empty()) {
            self.cancel_search();
        } else {
            self.change_search(|search| search.query.clear());
        }
    }

    fn change_search(&mut self, change: impl FnOnce(&mut Search)) {
        let Some(overlay) = &mut self.overlay else { return };
        let Some(search) = &mut overlay.search else { return };
        change(search);
        overlay.scrolled = search.start_scroll;
        self.refresh_search();
        if let Some(search) = self.search_mut() {
            search.select_from(search.start_scroll);
        }
        self.scroll_to_match();
    }

    fn search_mut(&mut self) -> Option<&mut Search> {
        self.overlay.as_mut()?.search.as_mut()
    }

    /// Ends typing. The matches and the scroll position stay.
    pub(crate) fn finish_search(&mut self) {
        let Some(overlay) = &mut self.overlay else { return };
        overlay.search = overlay.search.take().filter(|search| !search.has_no_query() && !search.has_no_text);
        overlay.search.iter_mut().for_each(|search| search.is_typing = false);
    }

    /// Cancels the search and restores the scroll position.
    pub(crate) fn cancel_search(&mut self) {
        let Some(overlay) = &mut self.overlay else { return };
        if let Some(search) = overlay.search.take() {
            overlay.scrolled = search.start_scroll;
        }
    }

    /// Selects the next or previous match and scrolls to it. Wraps around. Continues from the visible part if the
    /// user scrolled away.
    pub(crate) fn go_to_match(&mut self, forwards: bool) {
        let key = self.key_name_in(crate::keymap::KeyContext::Overlay, ":search");
        let height = self.overlay_height();
        let Some(Overlay { search: Some(search), scrolled, .. }) = &mut self.overlay else {
            self.notify_error(format!("nothing is looked for; {key} begins"));
            return;
        };
        let is_only = search.has_one_match();
        let is_seen = search.current_row().is_some_and(|row| (*scrolled..*scrolled + height).contains(&row));
        match forwards {
            _ if is_seen => search.step_match(forwards),
            true => search.select_from(*scrolled),
            false => search.select_before(*scrolled),
        }
        if is_seen && is_only {
            self.notify("there is no other match");
        }
        self.scroll_to_match();
    }

    /// Searches the text of the overlay again.
    pub(crate) fn refresh_search(&mut self) {
        if self.search().is_none() {
            return;
        }
        let (head, columns, charset) =
            (crate::pages::overlay_text_above_message(self), self.overlay_columns(), self.charset());
        if let Some(Overlay { search: Some(search), message, is_cut, .. }) = &mut self.overlay {
            search.is_partial = *is_cut;
            search.find_matches(head, message, columns, charset);
        }
    }

    /// Searches again if the text has changed.
    pub(crate) fn refresh_changed_search(&mut self) {
        if self
            .search()
            .is_some_and(|search| search.rows_above != crate::pages::overlay_text_above_message(self))
        {
            self.refresh_search();
        }
    }

    /// Scrolls to the current match, unless it is visible.
    pub(crate) fn scroll_to_match(&mut self) {
        let height = self.overlay_height();
        let last = crate::pages::overlay_line_count(self).saturating_sub(height);
        let Some(Overlay { search: Some(search), scrolled, .. }) = &mut self.overlay else { return };
        let Some(row) = search.current_row() else { return };
        if !(*scrolled..*scrolled + height).contains(&row) {
            // Some rows above the match stay visible.
            *scrolled = row.saturating_sub(height / 3).min(last);
        }
    }

    /// Keeps the current match visible after a resize, and does not scroll past the end.
    pub(crate) fn keep_match_visible(&mut self) {
        self.clamp_scroll();
        self.scroll_to_match();
    }

    /// Limits the scroll position to the end of the text.
    pub(crate) fn clamp_scroll(&mut self) {
        // The end is known only after wrapping.
        let most = crate::pages::overlay_line_count(self).saturating_sub(self.overlay_height());
        if let Some(overlay) = &mut self.overlay {
            overlay.scrolled = overlay.scrolled.min(most);
        }
    }
}

#[cfg(test)]
mod tests {
    use clacks_text::{charset::Charset, sanitize::sanitize_lines};

    use crate::state::search::{MAX_MATCHES, Search};

    /// Searches a message with these rows above it.
    fn searched(query: &str, head: &[&str], message: &str, columns: usize) -> (Search, Vec<String>) {
        let head: Vec<String> = head.iter().map(|row| (*row).to_owned()).collect();
        let message = sanitize_lines(message, columns, 0, usize::MAX, Charset::Unicode);
        let rows = head.iter().cloned().chain(message.iter().map(ToString::to_string)).collect();
        let mut search = Search { query: query.to_owned(), ..Search::default() };
        search.find_matches(head, &message, columns, Charset::Unicode);
        (search, rows)
    }

    /// Returns the rows with each match in brackets, and the number of matches.
    fn found(query: &str, head: &[&str], message: &str, columns: usize) -> (Vec<String>, usize) {
        let (search, rows) = searched(query, head, message, columns);
        let marked = rows.iter().enumerate().map(|(number, row)| {
            let mut marked = row.clone();
            let pieces: Vec<_> = search.matches_in_row(number).collect();
            for (piece, _) in pieces.into_iter().rev() {
                marked.insert(piece.span.end, ']');
                marked.insert(piece.span.start, '[');
            }
            marked
        });
        (marked.collect(), search.matches)
    }

    #[test]
    fn a_search_ignores_case_unless_it_has_capitals() {
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
    fn matches_span_rows_only_if_the_row_was_full() {
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
    fn matches_wrap_around_and_their_count_is_bounded() {
        let (mut search, _) = searched("a", &["a", "b", "aa"], "", 40);
        search.select_from(1);
        let outcomes = [true, true, false, false].map(|forwards| {
            let outcome = search.status_text();
            search.step_match(forwards);
            outcome
        });
        assert_eq!(outcomes, ["2 of 3", "3 of 3", "1 of 3", "3 of 3"]);
        let places = [0, 1, 2, 3].map(|row| {
            search.select_before(row);
            search.current
        });
        assert_eq!(places, [2, 0, 0, 2]);
        search.find_matches(vec!["a".repeat(20_000)], &[], 40, Charset::Unicode);
        assert_eq!((search.matches, search.status_text()), (MAX_MATCHES, "3 of 9999 or more".to_owned()));
        search.find_matches(vec!["b".to_owned()], &[], 40, Charset::Unicode);
        search.step_match(true);
        assert_eq!(search.status_text(), "no match");
    }
}
