//! Preview of the filter that is being typed: each edit filters the traffic, or the list that has the focus.

use clacks_feed::{
    description::ListId,
    filter::{Filter, FilterError},
};

use crate::{
    available::{FILTER_PROMPT, ONLY_PROMPT},
    model::{Model, focus::FocusOwner},
    state::{
        filter_preview::{FilterPreview, Mistake, Unfiltered},
        layout::Pane,
    },
};

/// What a filter in the draft filters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Target {
    Traffic,
    List(ListId),
}

impl Model {
    /// Previews the filter in the draft. Restores the previous filter if the draft has no filter any more.
    pub(crate) fn preview_draft(&mut self) {
        let draft = self.input.draft().to_owned();
        let is_writing = matches!(self.focus_after_question(), FocusOwner::Input(_) | FocusOwner::Choices(_));
        match self.filter_in(&draft).filter(|_| is_writing) {
            Some((target, text)) => self.preview_filter(target, text, draft.len() - text.len()),
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

    /// Whether the line began with a filter and was deleted. Enter then removes the filter.
    pub(crate) fn is_cleared_filter(&self) -> bool {
        [FILTER_PROMPT, ONLY_PROMPT].iter().any(|prompt| self.input.is_cleared_command(prompt))
    }

    /// Returns the filter in a draft of a filter command, and what it filters.
    fn filter_in<'a>(&self, draft: &'a str) -> Option<(Target, &'a str)> {
        let targets =
            [(FILTER_PROMPT, Some(Target::Traffic)), (ONLY_PROMPT, self.narrowed_list().map(Target::List))];
        targets.into_iter().find_map(|(prompt, target)| {
            let emptied = self.input.is_cleared_command(prompt).then_some("");
            Some((target?, filter_text(draft, prompt).or(emptied)?))
        })
    }

    fn preview_filter(&mut self, target: Target, text: &str, offset: usize) {
        if self.filter_preview.as_ref().is_some_and(|preview| preview.target() != target) {
            self.restore_filter();
        }
        if self.filter_preview.is_none() {
            let Some(previous) = self.unfiltered(target) else { return };
            // Different from any text, so that this one is parsed.
            self.filter_preview = Some(FilterPreview { previous, text: "\0".to_owned(), error: None });
            if target == Target::Traffic {
                self.pane = Pane::Traffic;
            }
        }
        let Some(writing) = self.filter_preview.as_mut().filter(|writing| writing.text != text) else {
            return;
        };
        text.clone_into(&mut writing.text);
        let error = self.set_filter_of(target, text).err();
        if let Some(error) = &error {
            // A word before a colon was typed as a field, so it is not searched as a word while its value is missing.
            let before = text.get(..error.span.start).unwrap_or_default();
            let _ = self.set_filter_of(target, before);
        }
        let mistake = error.map(|error| Mistake {
            span: error.span.start + offset..error.span.end + offset,
            reason: error.to_string(),
        });
        self.filter_preview.iter_mut().for_each(|writing| writing.error.clone_from(&mistake));
    }

    /// Returns what is filtered as it is now.
    fn unfiltered(&self, target: Target) -> Option<Unfiltered> {
        Some(match target {
            Target::Traffic => {
                Unfiltered::Traffic { filter: self.log.filter().cloned(), pane: Some(self.pane) }
            }
            Target::List(id) => {
                let list = self.networks.active().list(id)?;
                let (filter, selected) = (list.filter.clone(), list.selected.clone());
                Unfiltered::List { list: id, filter, selected, row: list.row }
            }
        })
    }

    /// Filters with a text, which may be blank. An invalid one changes nothing.
    fn set_filter_of(&mut self, target: Target, text: &str) -> Result<(), FilterError> {
        let text = Some(text).filter(|text| !text.trim().is_empty());
        match target {
            Target::Traffic => {
                let networks = self.filter_networks();
                let filter = text.map(|text| networks.parse(text)).transpose()?;
                self.set_log_filter(filter);
            }
            Target::List(list) => {
                text.map_or(Ok(()), |text| self.read_row_filter(text))?;
                self.set_row_filter(list, text.map(str::trim));
            }
        }
        Ok(())
    }

    fn set_log_filter(&mut self, filter: Option<Filter>) {
        if filter.as_ref() != self.log.filter() {
            self.log.set_filter(filter);
        }
    }

    /// Restores what was shown before a filter was typed.
    pub(crate) fn restore_filter(&mut self) {
        match self.filter_preview.take().map(|preview| preview.previous) {
            Some(Unfiltered::Traffic { filter, pane }) => {
                pane.into_iter().for_each(|pane| self.pane = pane);
                self.set_log_filter(filter);
            }
            Some(Unfiltered::List { list, filter, selected, row }) => {
                self.set_row_filter(list, filter.as_deref());
                if let Some(list) = self.networks.active_mut().list_mut(list) {
                    (list.selected, list.row) = (selected, row);
                }
            }
            None => {}
        }
    }
}

impl FilterPreview {
    fn target(&self) -> Target {
        match &self.previous {
            Unfiltered::Traffic { .. } => Target::Traffic,
            Unfiltered::List { list, .. } => Target::List(*list),
        }
    }
}

/// Returns the filter in a draft of the filter command that a prompt begins.
fn filter_text<'a>(draft: &'a str, prompt: &str) -> Option<&'a str> {
    draft.strip_prefix(prompt.trim_end())?.strip_prefix(char::is_whitespace)
}
