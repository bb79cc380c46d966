//! Preview of the filter that is being typed: each edit filters the traffic.

use clacks_feed::filter::{Filter, FilterError};
use clacks_language::traffic_filter::FilterNetworks;

use crate::{
    available::FILTER_PROMPT,
    model::{Model, focus::FocusOwner},
    state::{
        filter_preview::{FilterPreview, Mistake},
        layout::Pane,
    },
};

/// The command whose draft is previewed.
const COMMAND: &str = ":filter";

impl Model {
    /// Previews the filter in the draft. Restores the previous filter if the draft has no filter any more.
    pub(crate) fn preview_draft(&mut self) {
        let draft = self.input.draft().to_owned();
        let is_writing = matches!(self.focus_after_question(), FocusOwner::Input(_) | FocusOwner::Choices(_));
        let emptied = self.input.is_cleared_command(FILTER_PROMPT).then_some("");
        match filter_text(&draft).or(emptied).filter(|_| is_writing) {
            Some(text) => self.preview_filter(text, draft.len() - text.len()),
            None => self.restore_filter(),
        }
    }

    /// Applies the filter that is being typed.
    pub(crate) fn apply_filter(&mut self) {
        self.filter_preview = None;
    }

    /// Removes the filter of the traffic. The focus does not change.
    pub(crate) fn clear_filter(&mut self) {
        self.apply_filter();
        self.log.set_filter(None);
        self.notify("all traffic is shown");
    }

    fn preview_filter(&mut self, text: &str, offset: usize) {
        if self.filter_preview.is_none() {
            let (former, former_pane) = (self.log.filter().cloned(), Some(self.pane));
            // Different from any text, so that this one is parsed.
            self.filter_preview = Some(FilterPreview {
                previous_filter: former,
                previous_pane: former_pane,
                text: "\0".to_owned(),
                error: None,
            });
            self.pane = Pane::Traffic;
        }
        let networks = self.filter_networks();
        let Some(writing) = self.filter_preview.as_mut().filter(|writing| writing.text != text) else {
            return;
        };
        text.clone_into(&mut writing.text);
        match parse_filter(&networks, text) {
            Ok(filter) => {
                writing.error = None;
                self.set_log_filter(filter);
            }
            Err(error) => {
                let span = error.span.start + offset..error.span.end + offset;
                writing.error = Some(Mistake { span, reason: error.to_string() });
                // A word before a colon was typed as a field, so it is not searched as a word while its value is
                // missing.
                let before = text.get(..error.span.start).unwrap_or_default();
                parse_filter(&networks, before).into_iter().for_each(|filter| self.set_log_filter(filter));
            }
        }
    }

    fn set_log_filter(&mut self, filter: Option<Filter>) {
        if filter.as_ref() != self.log.filter() {
            self.log.set_filter(filter);
        }
    }

    fn restore_filter(&mut self) {
        let Some(FilterPreview { previous_filter: former, previous_pane: former_pane, .. }) =
            self.filter_preview.take()
        else {
            return;
        };
        former_pane.into_iter().for_each(|pane| self.pane = pane);
        self.set_log_filter(former);
    }
}

fn parse_filter(networks: &FilterNetworks, text: &str) -> Result<Option<Filter>, FilterError> {
    if text.trim().is_empty() { Ok(None) } else { networks.parse(text).map(Some) }
}

/// Returns the filter in a draft of the filter command.
fn filter_text(draft: &str) -> Option<&str> {
    draft.strip_prefix(COMMAND)?.strip_prefix(char::is_whitespace)
}
