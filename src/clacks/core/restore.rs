//! States that are kept before a command changes them, so that the command can be undone.

use std::net::IpAddr;

use crate::protocol::{Address, Message};

use super::{EnqueueError, HeldBy, HoldRule, MessageId, QueuedMessage, peers::PeerRecord, refusals::Refused};

/// A message as it was: its text, its place in the queue or among the held messages, why it was held, whether the hold
/// rule lets it pass, and which peers refused it.
///
/// [`Core::message_state`](super::Core::message_state) and [`Core::drop_these`](super::Core::drop_these) return it;
/// [`Core::restore_messages`](super::Core::restore_messages) takes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessageState {
    pub(super) queued: QueuedMessage,
    pub(super) held: Option<HeldBy>,
    /// The number of the hold rule that lets it pass; 0 for none.
    pub(super) passed: u64,
    pub(super) refused: Option<Refused>,
    /// The ticket by which the message is followed when it draws new ones.
    pub(super) first: MessageId,
    /// A drop took it out, so it is put back where it is not here any more.
    pub(super) is_dropped: bool,
}

impl MessageState {
    /// The message as it waited or was held.
    pub fn queued(&self) -> &QueuedMessage {
        &self.queued
    }

    /// The message itself.
    pub fn message(&self) -> &Message {
        &self.queued.message
    }

    /// Why it was held; `None` if it waited.
    pub fn held(&self) -> Option<HeldBy> {
        self.held
    }
}

/// The hold rule as it was, which messages it let pass, and which messages were held.
#[derive(Debug, Clone, PartialEq)]
pub struct HoldState {
    pub(super) rule: Option<HoldRule>,
    pub(super) number: u64,
    /// The messages that waited and that the rule let pass, in the order of their tickets.
    pub(super) passes: Vec<MessageId>,
    /// The messages that were held, in the order of their tickets.
    pub(super) held: Vec<MessageId>,
    /// The ticket that the next message was to draw.
    pub(super) next: MessageId,
}

impl HoldState {
    /// The rule that was in force.
    pub fn rule(&self) -> Option<&HoldRule> {
        self.rule.as_ref()
    }

    /// How many tickets it keeps, each of eight bytes.
    pub fn len(&self) -> usize {
        self.passes.len() + self.held.len()
    }

    /// Whether it keeps no ticket.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// A peer as it was, or that the address was not known.
#[derive(Debug, Clone, PartialEq)]
pub struct PeerState {
    pub(super) address: Address,
    pub(super) record: Option<Box<PeerRecord>>,
    /// How many peers were known.
    pub(super) known: usize,
}

impl PeerState {
    /// The address that it is about.
    pub fn address(&self) -> &Address {
        &self.address
    }

    /// Whether the address was that of a known peer.
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
    /// The remote address that it is about.
    pub fn remote(&self) -> IpAddr {
        self.remote
    }
}

/// How it went to restore messages. Each of them is counted once.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct RestoredMessages {
    /// They wait again, at their places.
    pub waiting: usize,
    /// They are held again.
    pub held: usize,
    /// They are on their way to a peer. If that fails, they are held again where they were held before.
    pub on_their_way: usize,
    /// A peer accepted them or another command dropped them in the meantime.
    pub gone: usize,
    /// They found no room.
    pub refused: Vec<MessageState>,
    /// Why the first of those did not.
    pub error: Option<EnqueueError>,
}
