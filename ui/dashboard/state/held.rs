//! The visible held messages.

use clacks_language::command::Step;
use clacks_p2p::core::{HeldMessage, MessageId};

use super::lists::{Anchor, QueueList};

/// Held messages and their selection.
#[derive(Debug, Default)]
pub struct Held {
    /// Window of the held messages, with its selection.
    pub list: QueueList<HeldMessage>,
    /// Number of all held messages.
    pub total: usize,
    /// Filter of the hold rule, if one is set.
    pub rule: Option<String>,
}

/// Query for a window of the held messages.
#[derive(Debug, Clone, PartialEq)]
pub struct HeldQuery {
    /// Selected message.
    pub message: Anchor<MessageId>,
    /// Last known index of the selected message.
    pub list_index: usize,
    /// Number of messages to fetch before the selected one.
    pub before: usize,
    /// Number of messages to fetch from the selected one on.
    pub after: usize,
}

/// Held messages as the node returned them.
#[derive(Debug, Clone)]
pub struct HeldSnapshot {
    /// Consecutive held messages.
    pub window: Vec<HeldMessage>,
    /// Index of the first message of the window.
    pub first: usize,
    /// Filter of the hold rule, if one is set.
    pub rule: Option<String>,
}

impl Held {
    /// Returns the query for a page and one page before and after it, so that keys can move there.
    pub fn query(&self, page: usize) -> HeldQuery {
        HeldQuery {
            message: self.list.selected.clone(),
            list_index: self.list.list_index,
            before: self.list.row + page,
            after: 2 * page,
        }
    }

    /// Applies the reply of the node. `total` is the number of all held messages.
    pub(crate) fn refresh(&mut self, snapshot: HeldSnapshot, total: usize, page: usize) {
        (self.rule, self.total) = (snapshot.rule, total);
        self.list.refresh(snapshot.window, snapshot.first, page);
    }

    /// Moves the selection. `page` is the number of rows of a page.
    pub fn move_selection(&mut self, by: Step, page: usize) {
        self.list.lost = None;
        match by {
            Step::Top => self.list.selected = Anchor::First,
            Step::Bottom => self.list.selected = Anchor::Last,
            by => self.list.move_by(by.rows(page), page),
        }
    }
}

impl HeldQuery {
    /// Returns the index at which the window begins. `list_index` is the index of the selected message, `held` the number
    /// of held messages.
    pub fn window_start(&self, list_index: Option<usize>, held: usize) -> usize {
        match self.message {
            Anchor::Untouched | Anchor::First => 0,
            Anchor::Last => held.saturating_sub(self.after),
            Anchor::At(_) => list_index.unwrap_or(self.list_index).saturating_sub(self.before),
        }
    }

    /// Returns the id of the selected message, if the anchor names one.
    pub fn selected_id(&self) -> Option<MessageId> {
        match self.message {
            Anchor::At(id) => Some(id),
            Anchor::Untouched | Anchor::First | Anchor::Last => None,
        }
    }
}
