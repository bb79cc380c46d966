//! The filter while it is written: with each edit the traffic narrows to what it admits so far.

use clacks_language::filter::{Filter, domain::Domain, error::FilterError};

use crate::{
    available::FILTER_PROMPT,
    model::{Model, focus::FocusOwner},
    state::{
        filter_preview::{FilterPreview, Mistake},
        layout::Pane,
    },
};

/// The command whose draft is followed.
const COMMAND: &str = ":filter";

impl Model {
    /// Shows what the filter in the draft admits; what was shown before when no filter is written any more.
    pub(crate) fn follow_draft(&mut self) {
        let draft = self.input.draft().to_owned();
        let is_writing = matches!(self.next_owner(), FocusOwner::Input(_) | FocusOwner::Choices(_));
        let emptied = self.input.is_cleared_command(FILTER_PROMPT).then_some("");
        match filter_in(&draft).or(emptied).filter(|_| is_writing) {
            Some(text) => self.show_live(text, draft.len() - text.len()),
            None => self.restore_filter(),
        }
    }

    /// Keeps the filter that is being written.
    pub(crate) fn settle_filter(&mut self) {
        self.writing = None;
    }

    fn show_live(&mut self, text: &str, offset: usize) {
        if self.writing.is_none() {
            let (former, former_pane) = (self.log.filter().cloned(), Some(self.pane));
            // A text that is none, so that this one is looked at.
            self.writing = Some(FilterPreview {
                previous_filter: former,
                previous_pane: former_pane,
                text: "\0".to_owned(),
                error: None,
            });
            self.pane = Pane::Traffic;
        }
        let Some(writing) = self.writing.as_mut().filter(|writing| writing.text != text) else { return };
        text.clone_into(&mut writing.text);
        match filter(text) {
            Ok(filter) => {
                writing.error = None;
                self.show_filter(filter);
            }
            Err(error) => {
                let span = error.span.start + offset..error.span.end + offset;
                writing.error = Some(Mistake { span, reason: error.to_string() });
                // A field without its value was a word a moment ago, which is not what anybody looks for.
                let before = text.get(..error.span.start).unwrap_or_default();
                filter(before).into_iter().for_each(|filter| self.show_filter(filter));
            }
        }
    }

    fn show_filter(&mut self, filter: Option<Filter>) {
        if filter.as_ref() != self.log.filter() {
            self.log.set_filter(filter);
        }
    }

    fn restore_filter(&mut self) {
        let Some(FilterPreview { previous_filter: former, previous_pane: former_pane, .. }) =
            self.writing.take()
        else {
            return;
        };
        former_pane.into_iter().for_each(|pane| self.pane = pane);
        self.show_filter(former);
    }
}

fn filter(text: &str) -> Result<Option<Filter>, FilterError> {
    if text.trim().is_empty() { Ok(None) } else { Filter::parse_for(text, Domain::Traffic).map(Some) }
}

/// The filter in a draft that begins to write one.
fn filter_in(draft: &str) -> Option<&str> {
    draft.strip_prefix(COMMAND)?.strip_prefix(char::is_whitespace)
}
