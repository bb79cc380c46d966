//! A filter that is being typed.

use std::{ops::Range, sync::Arc};

use clacks_feed::{description::ListId, filter::Filter};

use super::{layout::Pane, list::Selection};

/// Filter that is being typed, and the filter before it.
#[derive(Debug, PartialEq)]
pub struct FilterPreview {
    /// What is filtered, as it was before typing began. Cancelling restores it.
    pub previous: Unfiltered,
    /// Filter as typed.
    pub text: String,
    /// Error in the text. The last valid filter stays active.
    pub error: Option<Mistake>,
}

/// What is filtered, as it was before typing began.
#[derive(Debug, PartialEq)]
pub enum Unfiltered {
    /// The traffic.
    Traffic {
        /// Filter before.
        filter: Option<Filter>,
        /// List that had the focus before. `None` if another list was chosen meanwhile.
        pane: Option<Pane>,
    },
    /// The rows of a list of the network that is shown.
    List {
        /// The list.
        list: ListId,
        /// Filter before.
        filter: Option<Arc<str>>,
        /// Selected row before.
        selected: Selection,
        /// Row of the screen on which it was.
        row: usize,
    },
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
        if let Unfiltered::Traffic { pane, .. } = &mut self.previous {
            *pane = None;
        }
    }
}
