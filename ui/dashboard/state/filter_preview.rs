//! A filter that is being typed.

use std::ops::Range;

use clacks_language::filter::Filter;

use super::layout::Pane;

/// A filter that is being written.
#[derive(Debug, PartialEq)]
pub struct FilterPreview {
    /// What was shown before, to go back to when the user leaves it at that.
    pub former: Option<Filter>,
    /// The list that had the focus before, unless another was chosen meanwhile.
    pub(crate) former_pane: Option<Pane>,
    /// Filter as typed.
    pub text: String,
    /// What is wrong with it; what is before that or was valid last stays on.
    pub error: Option<Mistake>,
}

/// What is wrong with the draft, and where in it, in bytes.
#[derive(Debug, Clone, PartialEq)]
pub struct Mistake {
    /// Range of the error in the text, in bytes.
    pub span: Range<usize>,
    /// Reason, one line.
    pub reason: String,
}

impl FilterPreview {
    /// The list that has the focus keeps it when the filter is put back.
    pub fn stays(&mut self) {
        self.former_pane = None;
    }
}
