use std::{collections::VecDeque, fmt, net::IpAddr, num::ParseIntError, ops::Range, str::FromStr};

use serde::Serialize;

use crate::protocol::{Address, Message, MessageError};

use super::{HeldBy, HeldMessage, Options, held::Held, waiting::Waiting};

/// A message's ticket in the queue of one node: later ones are greater. A message that comes back from a failed
/// delivery draws a new one, as does one that was held and is released.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct MessageId(pub(crate) u64);

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

/// A message that waits to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueuedMessage {
    /// Its ticket.
    pub id: MessageId,
    /// The message.
    pub message: Message,
    /// When it came to this node, in milliseconds of uptime.
    pub since_ms: u64,
    /// How often this message has been seen here, this time included.
    pub visits: u32,
    /// Who sent it to this node; none if it was typed in here.
    pub from: Option<Address>,
    /// The place that it came from: an IPv4 address, or the first address of the IPv6 network of 64 bits; none if it was
    /// typed in here.
    pub place: Option<IpAddr>,
}

/// Why a message was not queued. The queue is as it was.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EnqueueError {
    /// The network never queues `null`, `false`, `0` and `""`.
    #[error("an empty message (null, false, 0 or \"\") is never queued")]
    Empty,
    /// The queue holds as much as it may.
    #[error("the queue is full ({messages} messages, {bytes} bytes); wait until some are sent")]
    Full {
        /// Messages held, queued and in flight.
        messages: usize,
        /// Bytes of JSON text held.
        bytes: usize,
    },
    /// The node has stopped; nothing was queued.
    #[error("the node has stopped")]
    Stopped,
    /// The node hands on what it has and takes nothing new meanwhile.
    #[error("the node hands on what it has and takes nothing new meanwhile")]
    HandingOn,
    /// The message is not one that can be passed on.
    #[error("the message is {0}")]
    Message(#[from] MessageError),
}

/// Why a message was not replaced by another text. It is as it was.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReplaceError {
    /// No message with this ticket waits or is held: it was delivered, dropped, or is on its way.
    #[error("it neither waits nor is held; a message that comes back has a new number")]
    NotHere,
    /// The new text is one that can't be queued.
    #[error("{0}")]
    Refused(#[from] EnqueueError),
}

/// A message on its way into the queue or out of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) queued: QueuedMessage,
    /// The number of the hold rule that lets it pass, so that it is not asked again; 0 for none.
    pub(super) passed: u64,
}

/// Messages in the order in which they are sent, those that are held, and how much there is in all.
///
/// What is taken out to be sent still counts against the bounds until it is settled, so a failed delivery always
/// finds room.
#[derive(Debug)]
pub(super) struct Queue {
    waiting: VecDeque<Waiting>,
    held: Held,
    /// The number of the present hold rule.
    rule: u64,
    next_id: u64,
    /// Waiting, held and in flight.
    messages: usize,
    bytes: usize,
    max_messages: usize,
    max_bytes: usize,
}

impl Queue {
    pub(super) fn new(options: &Options) -> Self {
        Self {
            waiting: VecDeque::new(),
            held: Held::default(),
            rule: 0,
            next_id: 1,
            messages: 0,
            bytes: 0,
            max_messages: options.max_queue_messages,
            max_bytes: options.max_queue_bytes,
        }
    }

    /// Whether a message of `size` bytes fits.
    pub(super) fn check_room(&self, size: usize) -> Result<(), EnqueueError> {
        if self.messages < self.max_messages && self.bytes.saturating_add(size) <= self.max_bytes {
            Ok(())
        } else {
            Err(EnqueueError::Full { messages: self.messages, bytes: self.bytes })
        }
    }

    /// Draws a ticket for a message that comes; from now on it counts. It has yet to be put somewhere.
    pub(super) fn take_in(
        &mut self,
        message: Message,
        since_ms: u64,
        visits: u32,
        from: Option<Address>,
        place: Option<IpAddr>,
    ) -> Entry {
        self.messages += 1;
        self.bytes += message.size();
        Entry { queued: QueuedMessage { id: self.draw(), message, since_ms, visits, from, place }, passed: 0 }
    }

    /// The entry under a new ticket. It has yet to be put somewhere.
    pub(super) fn renewed(&mut self, entry: Entry) -> Entry {
        Entry { queued: QueuedMessage { id: self.draw(), ..entry.queued }, ..entry }
    }

    fn draw(&mut self) -> MessageId {
        let id = MessageId(self.next_id);
        self.next_id += 1;
        id
    }

    /// Puts an entry with the latest ticket at the tail.
    pub(super) fn append(&mut self, entry: Entry) {
        if self.waiting.len() == self.waiting.capacity() {
            // Less than is made otherwise where there is one or two.
            self.waiting.reserve_exact(self.waiting.len().max(1));
        }
        self.waiting.push_back(Waiting::new(entry, self.rule));
    }

    /// Takes the head out to be sent; it still counts.
    pub(super) fn take_out(&mut self) -> Option<Entry> {
        self.waiting.pop_front().map(|waiting| waiting.into_entry(self.rule))
    }

    /// What was taken out is gone for good.
    pub(super) fn settle(&mut self, gone: &QueuedMessage) {
        self.messages -= 1;
        self.bytes -= gone.message.size();
    }

    /// Takes a message that waits or is held out for good.
    pub(super) fn remove(&mut self, id: MessageId) -> Option<QueuedMessage> {
        let removed = match self.take_waiting(id) {
            Some(queued) => queued,
            None => self.held.remove(id)?.queued,
        };
        self.settle(&removed);
        Some(removed)
    }

    fn take_waiting(&mut self, id: MessageId) -> Option<QueuedMessage> {
        let waiting = self.position(id).and_then(|position| self.waiting.remove(position))?;
        Some(waiting.into_entry(self.rule).queued)
    }

    /// Where a message stands, 0 being the head.
    pub(super) fn position(&self, id: MessageId) -> Option<usize> {
        self.waiting.binary_search_by_key(&id, |waiting| waiting.id).ok()
    }

    pub(super) fn get(&self, id: MessageId) -> Option<QueuedMessage> {
        self.position(id).and_then(|position| self.waiting.get(position)).map(Waiting::queued)
    }

    pub(super) fn head(&self) -> Option<&Waiting> {
        self.waiting.front()
    }

    /// The messages at these positions, as far as there are any.
    pub(super) fn window(&self, positions: Range<usize>) -> impl Iterator<Item = QueuedMessage> {
        let end = positions.end.min(self.waiting.len());
        self.waiting.range(positions.start.min(end)..end).map(Waiting::queued)
    }

    /// The messages with later tickets than this, head first.
    pub(super) fn after(&self, id: MessageId) -> impl Iterator<Item = QueuedMessage> {
        let from = self.waiting.partition_point(|waiting| waiting.id <= id);
        self.waiting.range(from..).map(Waiting::queued)
    }

    /// Messages that wait.
    pub(super) fn len(&self) -> usize {
        self.waiting.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Bytes of JSON text waiting, held and in flight.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    // === Holding ===

    pub(super) fn held(&self) -> &Held {
        &self.held
    }

    /// Puts a message that is in no list among the held.
    pub(super) fn keep(&mut self, held: HeldMessage) {
        self.held.insert(held);
    }

    /// Holds a message that waits.
    pub(super) fn hold(&mut self, id: MessageId, by: HeldBy) -> Option<&HeldMessage> {
        let queued = self.take_waiting(id)?;
        self.keep(HeldMessage { queued, by });
        self.held.get(id)
    }

    /// There is another hold rule, with this number, that has been asked about no message yet.
    pub(super) fn set_rule(&mut self, number: u64) {
        self.rule = number;
        self.waiting.iter_mut().for_each(Waiting::ask_again);
    }

    /// Holds those of these messages that wait and that the rule has not let pass, in one go through the queue. The
    /// tickets are in order. Returns what is held by it.
    pub(super) fn hold_all(&mut self, ids: &[MessageId]) -> Vec<HeldMessage> {
        let is_meant = |waiting: &Waiting| !waiting.passes() && ids.binary_search(&waiting.id).is_ok();
        let (picked, others) =
            std::mem::take(&mut self.waiting).into_iter().partition::<VecDeque<_>, _>(is_meant);
        self.waiting = others;
        let held = |waiting: Waiting| HeldMessage { queued: waiting.queued(), by: HeldBy::Rule };
        let picked: Vec<_> = picked.into_iter().map(held).collect();
        self.held.insert_all(picked.iter().cloned());
        picked
    }

    /// Takes a message out of the held; it still counts.
    pub(super) fn take_held(&mut self, id: MessageId) -> Option<QueuedMessage> {
        self.held.remove(id).map(|held| held.queued)
    }

    /// Takes all messages out of the held; they still count.
    pub(super) fn take_all_held(&mut self) -> Vec<QueuedMessage> {
        self.held.take_all().into_iter().map(|held| held.queued).collect()
    }

    // === Changing ===

    /// Whether a message of `size` bytes fits in the place of this one.
    pub(super) fn check_exchange(&self, before: &Message, size: usize) -> Result<(), EnqueueError> {
        if self.bytes - before.size() + size <= self.max_bytes {
            Ok(())
        } else {
            Err(EnqueueError::Full { messages: self.messages, bytes: self.bytes })
        }
    }

    /// Puts another text in the place of a message's; no hold rule has been asked about it.
    pub(super) fn exchange(&mut self, id: MessageId, message: Message, visits: u32) {
        let size = message.size();
        let position = self.position(id);
        let before = if let Some(waiting) = position.and_then(|position| self.waiting.get_mut(position)) {
            let before = waiting.message.size();
            waiting.exchange(message, visits);
            before
        } else if let Some(HeldMessage { queued, .. }) = self.held.get_mut(id) {
            let before = queued.message.size();
            (queued.message, queued.visits) = (message, visits);
            before
        } else {
            return;
        };
        self.bytes = self.bytes - before + size;
    }
}
