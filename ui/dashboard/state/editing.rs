//! The message that is being edited.

use clacks_p2p::core::MessageId;

/// Message that is being edited.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Editing {
    /// Id of the message.
    pub id: MessageId,
    /// Whether the message returns to its place in the queue.
    pub returns_to_queue: bool,
    /// Whether the list of held messages was open at the start. If so it is opened again at the end.
    pub(crate) opened_from_held: bool,
}
