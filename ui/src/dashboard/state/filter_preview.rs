//! A filter that is being typed.

use std::ops::Range;

use super::layout::Pane;
use crate::language::filter::Filter;

/// A filter that is being written.
#[derive(Debug, PartialEq)]
pub(crate) struct Writing {
    /// What was shown before, to go back to when the user leaves it at that.
    pub(crate) former: Option<Filter>,
    /// The list that had the focus before, unless another was chosen meanwhile.
    pub(crate) former_pane: Option<Pane>,
    pub(crate) text: String,
    /// What is wrong with it; what is before that or was valid last stays on.
    pub(crate) error: Option<Mistake>,
}

/// What is wrong with the draft, and where in it, in bytes.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Mistake {
    pub(crate) span: Range<usize>,
    pub(crate) reason: String,
}

impl Writing {
    /// The list that has the focus keeps it when the filter is put back.
    pub(crate) fn stays(&mut self) {
        self.former_pane = None;
    }
}
