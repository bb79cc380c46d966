use std::{collections::VecDeque, fmt, net::IpAddr, num::ParseIntError, ops::Range, str::FromStr};

use serde::Serialize;

use crate::protocol::{Address, Message, MessageError};

use super::{
    HeldBy, HeldMessage, MessageState, Options,
    compact_entry::CompactEntry,
    held::Held,
    refusals::{MessageRefusals, Refusals},
    shares::Slot,
};

mod restore;
mod room;
#[cfg(test)]
mod tests;
mod tracked;

pub(super) use room::NoRoom;
use room::Room;
use tracked::TrackedMessages;

/// The id of a message at one node. Later ids are greater. A message gets a new id when it returns from a failed
/// delivery and when it is released to the tail of the queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct MessageId(pub(crate) u64);

impl MessageId {
    /// The id as a number. Numbers start at 1 in each run of the node.
    pub fn number(self) -> u64 {
        self.0
    }
}

impl From<u64> for MessageId {
    fn from(number: u64) -> Self {
        Self(number)
    }
}

impl fmt::Display for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for MessageId {
    type Err = ParseIntError;

    fn from_str(text: &str) -> Result<Self, ParseIntError> {
        text.parse().map(Self)
    }
}

/// A message in the queue.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct QueuedMessage {
    /// Its id.
    pub id: MessageId,
    /// The message.
    pub message: Message,
    /// Time of arrival, in milliseconds of uptime.
    pub since_ms: u64,
    /// Number of visits of this message to the node, including this one. It counts each arrival from a peer, and the
    /// first time that the user wrote it.
    pub visits: u32,
    /// The sender; `None` if the user wrote it.
    pub from: Option<Address>,
    /// The rate-limit key of its source: an IPv4 address, or the first address of a /64 network of IPv6; `None` if the
    /// user wrote it. See also [`PlaceShare::place`](super::PlaceShare::place).
    pub place: Option<IpAddr>,
}

impl QueuedMessage {
    /// A message in the queue, with the values of the fields in their order.
    pub fn new(
        id: MessageId,
        message: Message,
        since_ms: u64,
        visits: u32,
        from: Option<Address>,
        place: Option<IpAddr>,
    ) -> Self {
        Self { id, message, since_ms, visits, from, place }
    }
}

/// Why a message was not queued. The queue is unchanged.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EnqueueError {
    /// Empty messages are never queued: `null`, `false`, `0` and `""`.
    #[error("an empty message (null, false, 0 or \"\") is never queued")]
    Empty,
    /// The queue is full.
    #[error("the queue is full ({messages} messages, {bytes} bytes); drop some or wait until some are sent")]
    Full {
        /// Messages queued, held and in flight.
        messages: usize,
        /// Bytes of their JSON text.
        bytes: usize,
    },
    /// The message is larger than [`Options::max_message_bytes`]. No node would accept it.
    #[error("the message has {size} bytes, and nodes accept at most {most}; split it or shorten it")]
    TooLarge {
        /// Bytes of its JSON text.
        size: usize,
        /// The maximum.
        most: usize,
    },
    /// The node has stopped.
    #[error("the node has stopped")]
    Stopped,
    /// The node is draining and accepts no new messages.
    #[error("the node hands on what it has and takes nothing new meanwhile")]
    Draining,
    /// Other nodes would not accept the message.
    #[error("the message is {0}")]
    Message(#[from] MessageError),
}

/// Why the text of a message was not replaced. The message is unchanged.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReplaceError {
    /// No message with this id is queued or held: it was delivered or dropped, or is being sent.
    #[error("it neither waits nor is held; a message that comes back has a new number")]
    NotHere,
    /// The new text cannot be queued.
    #[error("{0}")]
    Refused(#[from] EnqueueError),
}

/// A message that enters or leaves the queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) queued: QueuedMessage,
    /// The number of the hold rule that let it pass, so that the rule is not evaluated again; 0 for none.
    pub(super) passed: u64,
}

/// The queued messages in the order of sending, the held messages, and the totals of both.
///
/// A message that is being sent counts until [`Queue::release`], so a failed delivery always finds room.
#[derive(Debug)]
pub(super) struct Queue {
    waiting: VecDeque<CompactEntry>,
    held: Held,
    /// Refusals of messages by peers.
    refusals: Refusals,
    /// Messages with saved states, for undo.
    tracked: TrackedMessages,
    /// Number of queued messages that a peer has refused.
    refused_waiting: usize,
    /// The number of the current hold rule.
    rule: u64,
    next_id: u64,
    room: Room,
}

impl Queue {
    pub(super) fn new(options: &Options) -> Self {
        Self {
            waiting: VecDeque::new(),
            held: Held::default(),
            refusals: Refusals::default(),
            tracked: TrackedMessages::default(),
            refused_waiting: 0,
            rule: 0,
            next_id: 1,
            room: Room::new(options),
        }
    }

    /// Counts a new message and gives it an id. The caller then appends or holds it.
    pub(super) fn add(
        &mut self,
        message: Message,
        since_ms: u64,
        visits: u32,
        from: Option<Address>,
        place: Option<IpAddr>,
    ) -> Entry {
        let place = self.room.add(place, from.is_none(), message.size());
        Entry {
            queued: QueuedMessage { id: self.next_id(), message, since_ms, visits, from, place },
            passed: 0,
        }
    }

    /// Gives the entry a new id. The caller then appends or holds it.
    pub(super) fn with_new_id(&mut self, entry: Entry) -> Entry {
        let id = self.next_id();
        self.refusals.change_id(entry.queued.id, id);
        self.tracked.change_id(entry.queued.id, id);
        Entry { queued: QueuedMessage { id, ..entry.queued }, ..entry }
    }

    /// Issues an id.
    pub(super) fn next_id(&mut self) -> MessageId {
        let id = MessageId(self.next_id);
        self.next_id += 1;
        id
    }

    /// Appends an entry, which has the highest id.
    pub(super) fn append(&mut self, entry: Entry) {
        if self.waiting.len() == self.waiting.capacity() {
            // The default growth is larger, and most queues have one or two messages.
            self.waiting.reserve_exact(self.waiting.len().max(1));
        }
        self.refused_waiting += self.refused_count(entry.queued.id);
        let slot = self.room.shares.as_ref().map_or(Slot::NONE, |shares| shares.slot(entry.queued.place));
        self.waiting.push_back(CompactEntry::new(entry, self.rule, slot));
    }

    /// Inserts an entry at the position of its id.
    pub(super) fn insert(&mut self, entry: Entry) {
        let position = self.waiting.partition_point(|waiting| waiting.id() < entry.queued.id);
        let slot = self.room.shares.as_ref().map_or(Slot::NONE, |shares| shares.slot(entry.queued.place));
        self.waiting.insert(position, CompactEntry::new(entry, self.rule, slot));
    }

    /// Removes the head for sending. It still counts.
    pub(super) fn pop(&mut self) -> Option<Entry> {
        let waiting = self.waiting.pop_front()?;
        self.refused_waiting -= self.refused_count(waiting.id());
        Some(self.entry(waiting))
    }

    /// The rate-limit key of the source of a queued message.
    fn place(&self, waiting: &CompactEntry) -> Option<IpAddr> {
        self.room.shares.as_ref().and_then(|shares| shares.place(waiting.slot()))
    }

    fn entry(&self, waiting: CompactEntry) -> Entry {
        let place = self.place(&waiting);
        waiting.into_entry(self.rule, place)
    }

    fn queued(&self, waiting: &CompactEntry) -> QueuedMessage {
        waiting.queued(self.place(waiting))
    }

    /// Releases the room of a message that has left this node.
    pub(super) fn release(&mut self, gone: &QueuedMessage) {
        self.refusals.forget(gone.id);
        self.tracked.forget(gone.id);
        self.room.remove(gone);
    }

    /// Removes those of these messages that are queued or held, in one pass. `ids` are sorted, and so is the result.
    pub(super) fn remove_all(&mut self, ids: &[MessageId]) -> Vec<MessageState> {
        let states = ids.iter().filter_map(|id| self.untracked_state(*id));
        let removed: Vec<_> = states.map(|state| MessageState { was_dropped: true, ..state }).collect();
        let is_selected = |id| ids.binary_search(&id).is_ok();
        self.extract_waiting(|waiting| is_selected(waiting.id()));
        self.held.extract(|held| is_selected(held.queued.id));
        for state in &removed {
            self.room.count_held(&state.queued, -isize::from(state.held.is_some()));
            self.release(&state.queued);
        }
        removed
    }

    /// Removes the matching queued messages.
    fn extract_waiting(&mut self, is_selected: impl Fn(&CompactEntry) -> bool) -> VecDeque<CompactEntry> {
        let (picked, others) = std::mem::take(&mut self.waiting).into_iter().partition(is_selected);
        self.waiting = others;
        self.refused_waiting -= picked.iter().map(|waiting| self.refused_count(waiting.id())).sum::<usize>();
        picked
    }

    /// Removes a queued or held message.
    pub(super) fn remove(&mut self, id: MessageId) -> Option<QueuedMessage> {
        let removed = match self.remove_waiting(id) {
            Some(queued) => queued,
            None => self.remove_held(id)?,
        };
        self.release(&removed);
        Some(removed)
    }

    fn remove_waiting(&mut self, id: MessageId) -> Option<QueuedMessage> {
        let waiting = self.position(id).and_then(|position| self.waiting.remove(position))?;
        self.refused_waiting -= self.refused_count(id);
        Some(self.entry(waiting).queued)
    }

    /// The position of a message; 0 is the head.
    pub(super) fn position(&self, id: MessageId) -> Option<usize> {
        self.waiting.binary_search_by_key(&id, CompactEntry::id).ok()
    }

    /// Number of queued messages with lower ids.
    pub(super) fn position_from(&self, id: MessageId) -> usize {
        self.waiting.partition_point(|waiting| waiting.id() < id)
    }

    pub(super) fn get(&self, id: MessageId) -> Option<QueuedMessage> {
        let waiting = self.position(id).and_then(|position| self.waiting.get(position));
        waiting.map(|waiting| self.queued(waiting))
    }

    pub(super) fn head(&self) -> Option<&CompactEntry> {
        self.waiting.front()
    }

    /// The head, if the current hold rule has not passed it yet.
    pub(super) fn head_to_check(&self) -> Option<QueuedMessage> {
        self.head().filter(|head| !head.passes()).map(|head| self.queued(head))
    }

    /// The messages at these positions. Positions beyond the tail are ignored.
    pub(super) fn window(&self, positions: Range<usize>) -> impl Iterator<Item = QueuedMessage> {
        let end = positions.end.min(self.waiting.len());
        self.waiting.range(positions.start.min(end)..end).map(|waiting| self.queued(waiting))
    }

    /// The messages with greater ids than this, head first.
    pub(super) fn after(&self, id: MessageId) -> impl Iterator<Item = QueuedMessage> {
        let from = self.waiting.partition_point(|waiting| waiting.id() <= id);
        self.waiting.range(from..).map(|waiting| self.queued(waiting))
    }

    /// Number of queued messages.
    pub(super) fn len(&self) -> usize {
        self.waiting.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    // === Holding ===

    pub(super) fn held(&self) -> &Held {
        &self.held
    }

    /// Holds a queued message.
    pub(super) fn hold(&mut self, id: MessageId, by: HeldBy) -> Option<&HeldMessage> {
        let queued = self.remove_waiting(id)?;
        self.hold_entry(HeldMessage { queued, by });
        self.held.get(id)
    }

    /// Sets the number of the current hold rule. No message has passed it yet.
    pub(super) fn set_rule(&mut self, number: u64) {
        self.rule = number;
        self.waiting.iter_mut().for_each(|waiting| waiting.set_passes(false));
    }

    /// Holds those of these messages that are queued and that the rule has not passed, in one pass. `ids` are sorted.
    /// Returns the messages that are held now.
    pub(super) fn hold_all(&mut self, ids: &[MessageId]) -> Vec<HeldMessage> {
        let is_selected =
            |waiting: &CompactEntry| !waiting.passes() && ids.binary_search(&waiting.id()).is_ok();
        let picked = self.extract_waiting(is_selected);
        let held = |waiting| HeldMessage { queued: self.entry(waiting).queued, by: HeldBy::Rule };
        let picked: Vec<_> = picked.into_iter().map(held).collect();
        picked.iter().for_each(|held| self.room.count_held(&held.queued, 1));
        self.held.insert_all(picked.iter().cloned());
        picked
    }

    /// Removes a held message. It still counts.
    pub(super) fn remove_held(&mut self, id: MessageId) -> Option<QueuedMessage> {
        let queued = self.held.remove(id)?.queued;
        self.room.count_held(&queued, -1);
        Some(queued)
    }

    /// Removes all held messages. They still count.
    pub(super) fn drain_held(&mut self) -> Vec<QueuedMessage> {
        let held: Vec<_> = self.held.drain().into_iter().map(|held| held.queued).collect();
        held.iter().for_each(|queued| self.room.count_held(queued, -1));
        held
    }

    // === Refusals ===

    /// The refusals of the head of the queue, if any.
    pub(super) fn refusals_of_head(&self) -> Option<&MessageRefusals> {
        self.refusals.of(self.head()?.id())
    }

    /// Whether each queued message was refused by a peer.
    pub(super) fn are_all_refused(&self) -> bool {
        self.refused_waiting == self.waiting.len()
    }

    /// 1 if a peer refused the message, otherwise 0.
    fn refused_count(&self, id: MessageId) -> usize {
        usize::from(self.refusals.of(id).is_some())
    }

    pub(super) fn refusals(&self, id: MessageId) -> Option<&MessageRefusals> {
        self.refusals.of(id)
    }

    pub(super) fn refusals_mut(&mut self, id: MessageId) -> &mut MessageRefusals {
        self.refusals.of_mut(id)
    }

    /// Forgets the refusals of a message.
    pub(super) fn forget_refusals(&mut self, id: MessageId) {
        self.refusals.forget(id);
    }

    // === Replacing ===

    /// Replaces the text of a message. Refusals and the result of the hold rule are reset.
    pub(super) fn replace_message(&mut self, id: MessageId, message: Message, visits: u32) {
        let size = message.size();
        let position = self.position(id);
        let (place, is_local, before) =
            if let Some(waiting) = position.and_then(|position| self.waiting.get_mut(position)) {
                let before = waiting.message.size();
                waiting.replace_message(message, visits);
                self.refused_waiting -= usize::from(self.refusals.of(id).is_some());
                let (slot, is_local) = (waiting.slot(), waiting.is_local());
                (self.room.shares.as_ref().and_then(|shares| shares.place(slot)), is_local, before)
            } else if let Some(queued) = self.held.get_mut(id) {
                let before = queued.message.size();
                (queued.message, queued.visits) = (message, visits);
                (queued.place, queued.from.is_none(), before)
            } else {
                return;
            };
        self.refusals.forget(id);
        self.room.resize(place, is_local, before, size);
    }

    /// Records that the current hold rule passed a queued message.
    pub(super) fn mark_passed(&mut self, id: MessageId) {
        if let Some(waiting) = self.position(id).and_then(|position| self.waiting.get_mut(position)) {
            waiting.set_passes(true);
        }
    }
}
