//! The message that is edited.

use clacks_p2p::core::MessageId;

/// Message that is being edited.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Editing {
    /// Id of the message.
    pub id: MessageId,
    /// Whether the message returns to its place in the queue.
    pub goes_back: bool,
    /// The held messages were shown, and are again afterwards.
    pub(crate) from_held: bool,
}
