//! A filter that is being typed.

use std::ops::Range;

use clacks_feed::filter::Filter;

use super::layout::Pane;

/// Filter that is being typed, and the filter before it.
#[derive(Debug, PartialEq)]
pub struct FilterPreview {
    /// Filter before typing began. Cancelling restores it.
    pub previous_filter: Option<Filter>,
    /// List that had the focus before. `None` if another list was chosen meanwhile.
    pub(crate) previous_pane: Option<Pane>,
    /// Filter as typed.
    pub text: String,
    /// Error in the text. The last valid filter stays active.
    pub error: Option<Mistake>,
}

/// Error in a filter, with its position.
#[derive(Debug, Clone, PartialEq)]
pub struct Mistake {
    /// Range of the error in the text, in bytes.
    pub span: Range<usize>,
    /// Reason, one line.
    pub reason: String,
}

impl FilterPreview {
    /// Leaves the focus where it is when the previous filter is restored.
    pub fn keep_focus(&mut self) {
        self.previous_pane = None;
    }
}
