//! The message that is being edited.

use clacks_feed::{Draft, Key, description::ListId};

/// Message that is being edited.
#[derive(Debug, Clone, PartialEq)]
pub struct Editing {
    /// Position of its network.
    pub network: usize,
    /// Key of the message.
    pub item: Key,
    /// Its text before, and the calls that end the edit.
    pub draft: Draft,
    /// List that was open at the start. It is opened again at the end.
    pub(crate) opened_from: Option<ListId>,
}
