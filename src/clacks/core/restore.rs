//! States that are saved before a command, so that the command can be undone.

use std::net::IpAddr;

use crate::protocol::{Address, Message};

use super::{
    EnqueueError, HeldBy, HoldRule, MessageId, QueuedMessage, peers::PeerRecord, refusals::MessageRefusals,
};

/// A saved state of a message: its text, position, reason for being held, whether the hold rule lets it pass, and which
/// peers refused it.
///
/// [`Core::message_state`](super::Core::message_state) and [`Core::drop_these`](super::Core::drop_these) return it;
/// [`Core::restore_messages`](super::Core::restore_messages) takes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessageState {
    pub(super) queued: QueuedMessage,
    pub(super) held: Option<HeldBy>,
    /// The number of the hold rule that lets it pass; 0 for none.
    pub(super) passed: u64,
    pub(super) refused: Option<MessageRefusals>,
    /// The id by which the message is tracked when its id changes.
    pub(super) first_id: MessageId,
    /// Whether the message was dropped. If so, restoring adds it again when it is not at the node.
    pub(super) was_dropped: bool,
}

impl MessageState {
    /// The message in its saved state.
    pub fn queued(&self) -> &QueuedMessage {
        &self.queued
    }

    /// The message itself.
    pub fn message(&self) -> &Message {
        &self.queued.message
    }

    /// The reason for being held; `None` if it was queued.
    pub fn held(&self) -> Option<HeldBy> {
        self.held.clone()
    }
}

/// A saved hold rule, the messages that it let pass, and the held messages.
#[derive(Debug, Clone, PartialEq)]
pub struct HoldState {
    pub(super) rule: Option<HoldRule>,
    pub(super) rule_number: u64,
    /// Ids of the queued messages that the rule passed, sorted.
    pub(super) passed: Vec<MessageId>,
    /// Ids of the held messages, sorted.
    pub(super) held: Vec<MessageId>,
    /// The id of the next new message.
    pub(super) next_id: MessageId,
}

impl HoldState {
    /// The saved rule.
    pub fn rule(&self) -> Option<&HoldRule> {
        self.rule.as_ref()
    }

    /// Number of message ids in it, of eight bytes each.
    pub fn len(&self) -> usize {
        self.passed.len() + self.held.len()
    }

    /// Whether it contains no ids.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// A saved state of a peer, or that the address was not a peer.
#[derive(Debug, Clone, PartialEq)]
pub struct PeerState {
    pub(super) address: Address,
    pub(super) record: Option<Box<PeerRecord>>,
    /// Number of known peers.
    pub(super) known: usize,
}

impl PeerState {
    /// The address of the peer.
    pub fn address(&self) -> &Address {
        &self.address
    }

    /// Whether the address was a peer.
    pub fn is_known(&self) -> bool {
        self.record.is_some()
    }
}

/// Whether a remote address was ignored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RemoteState {
    pub(super) remote: IpAddr,
    /// The address as the user wrote it when it was ignored.
    pub(super) ignored: Option<IpAddr>,
}

impl RemoteState {
    /// The remote address.
    pub fn remote(&self) -> IpAddr {
        self.remote
    }
}

/// The result of restoring messages. Each message is counted once.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct RestoredMessages {
    /// Messages queued again at their positions.
    pub waiting: usize,
    /// Messages held again.
    pub held: usize,
    /// Messages being sent. If the delivery fails, those that were held are held again.
    pub on_their_way: usize,
    /// Messages that a peer accepted or another command dropped in the meantime.
    pub gone: usize,
    /// Messages without room.
    pub refused: Vec<MessageState>,
    /// The reason for the first of those.
    pub error: Option<EnqueueError>,
}
