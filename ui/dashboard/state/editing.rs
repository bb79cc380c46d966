//! The message that is being edited.

use clacks_feed::Draft;
use clacks_p2p::core::MessageId;

/// Message that is being edited.
#[derive(Debug, Clone, PartialEq)]
pub struct Editing {
    /// Id of the message.
    pub id: MessageId,
    /// Its text before, and the calls that end the edit.
    pub draft: Draft,
    /// Whether the list of held messages was open at the start. If so it is opened again at the end.
    pub(crate) opened_from_held: bool,
}
