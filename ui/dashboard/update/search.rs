//! Looking for text in what is open over the lists.

use crate::{
    model::{Model, overlay::Overlay},
    state::search::Search,
};

impl Model {
    /// Returns the search in the overlay, if there is one.
    pub fn search(&self) -> Option<&Search> {
        self.overlay.as_ref().and_then(|overlay| overlay.search.as_ref())
    }

    /// Whether keys are text to look for.
    pub(crate) fn writes_search(&self) -> bool {
        self.search().is_some_and(|search| search.is_typing)
    }

    /// Begins to look for something in what is open, or for something else.
    pub(crate) fn begin_search(&mut self) {
        let has_no_text = crate::pages::overlay_line_count(self) == 0;
        let Some(overlay) = &mut self.overlay else { return };
        let began = overlay.scrolled;
        overlay.search =
            Some(Search { is_typing: true, has_no_text, start_scroll: began, ..Search::default() });
    }

    /// Adds text to what is looked for, and goes to where that is.
    pub(crate) fn type_search(&mut self, text: &str) {
        self.change_search(|search| search.push(text));
    }

    /// Takes the last character of what is looked for away.
    pub(crate) fn shorten_search(&mut self) {
        self.change_search(|search| {
            search.query.pop();
        });
    }

    /// Empties what is looked for; ends the search if it is empty.
    pub(crate) fn clear_search(&mut self) {
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
        overlay.scrolled = search.start_scroll;
        self.search_again();
        if let Some(search) = self.search_mut() {
            search.select_from(search.start_scroll);
        }
        self.show_match();
    }

    fn search_mut(&mut self) -> Option<&mut Search> {
        self.overlay.as_mut()?.search.as_mut()
    }

    /// Keeps what was found on the screen; keys act on what is open again.
    pub(crate) fn keep_search(&mut self) {
        let Some(overlay) = &mut self.overlay else { return };
        overlay.search = overlay.search.take().filter(|search| !search.has_no_query() && !search.has_no_text);
        overlay.search.iter_mut().for_each(|search| search.is_typing = false);
    }

    /// Goes back to where the search began, and forgets it.
    pub(crate) fn leave_search(&mut self) {
        let Some(overlay) = &mut self.overlay else { return };
        if let Some(search) = overlay.search.take() {
            overlay.scrolled = search.start_scroll;
        }
    }

    /// Goes to the next match, or to the one before; round at the ends. Who has scrolled away goes on from there.
    pub(crate) fn step_search(&mut self, forwards: bool) {
        let key = self.key_at(crate::keymap::KeyContext::Overlay, ":search");
        let height = self.overlay_height();
        let Some(Overlay { search: Some(search), scrolled, .. }) = &mut self.overlay else {
            self.complain(format!("nothing is looked for; {key} begins"));
            return;
        };
        let is_seen = search.current_row().is_some_and(|row| (*scrolled..*scrolled + height).contains(&row));
        match forwards {
            _ if is_seen => search.step_match(forwards),
            true => search.select_from(*scrolled),
            false => search.select_before(*scrolled),
        }
        self.show_match();
    }

    /// Looks through what is open again.
    pub(crate) fn search_again(&mut self) {
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

    /// Looks again if the text has changed by itself.
    pub(crate) fn follow_text(&mut self) {
        if self
            .search()
            .is_some_and(|search| search.rows_above != crate::pages::overlay_text_above_message(self))
        {
            self.search_again();
        }
    }

    /// Scrolls to the match that was gone to, unless it is on the screen.
    pub(crate) fn show_match(&mut self) {
        let height = self.overlay_height();
        let last = crate::pages::overlay_line_count(self).saturating_sub(height);
        let Some(Overlay { search: Some(search), scrolled, .. }) = &mut self.overlay else { return };
        let Some(row) = search.current_row() else { return };
        if !(*scrolled..*scrolled + height).contains(&row) {
            // With some of what stands above it.
            *scrolled = row.saturating_sub(height / 3).min(last);
        }
    }

    /// Keeps the match that was gone to on the screen when that has another size, and of any text its end.
    pub(crate) fn keep_in_sight(&mut self) {
        self.stop_at_the_end();
        self.show_match();
    }

    /// Goes back from behind the end of what is open.
    pub(crate) fn stop_at_the_end(&mut self) {
        // Where that is is known where the text is laid out.
        let most = crate::pages::overlay_line_count(self).saturating_sub(self.overlay_height());
        if let Some(overlay) = &mut self.overlay {
            overlay.scrolled = overlay.scrolled.min(most);
        }
    }

    /// How many rows of what is open are on the screen.
    pub(crate) fn overlay_height(&self) -> usize {
        self.areas().map_or(1, |areas| usize::from(areas.body.height).saturating_sub(1).max(1))
    }

    fn overlay_columns(&self) -> usize {
        self.areas().map_or(0, |areas| usize::from(areas.body.width))
    }
}

#[cfg(test)]
mod tests {
    use clacks_text::{charset::Charset, sanitize::shown_lines};

    use crate::state::search::{MAX_MATCHES, Search};

    /// What is looked for in a message below these rows.
    fn searched(query: &str, head: &[&str], message: &str, columns: usize) -> (Search, Vec<String>) {
        let head: Vec<String> = head.iter().map(|row| (*row).to_owned()).collect();
        let message = shown_lines(message, columns, 0, usize::MAX, Charset::Unicode);
        let rows = head.iter().cloned().chain(message.iter().map(ToString::to_string)).collect();
        let mut search = Search { query: query.to_owned(), ..Search::default() };
        search.find_matches(head, &message, columns, Charset::Unicode);
        (search, rows)
    }

    /// The rows with each match between brackets, and the number of matches.
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
