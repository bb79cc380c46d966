use std::{collections::VecDeque, fmt, num::ParseIntError, ops::Range, str::FromStr};

use serde::Serialize;

use crate::protocol::{Message, MessageError};

use super::Options;

/// A message's ticket in the queue of one node: later ones are greater. A message that comes back from a failed
/// delivery draws a new one.
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
    /// The message is not one that can be passed on.
    #[error("the message is {0}")]
    Message(#[from] MessageError),
}

/// Messages in the order in which they are sent, and what is held in all.
///
/// What is taken out to be sent still counts against the bounds until it is released, so a failed delivery always
/// finds room.
#[derive(Debug)]
pub(super) struct Queue {
    waiting: VecDeque<QueuedMessage>,
    next_id: u64,
    held_messages: usize,
    held_bytes: usize,
    max_messages: usize,
    max_bytes: usize,
}

impl Queue {
    pub(super) fn new(options: &Options) -> Self {
        Self {
            waiting: VecDeque::new(),
            next_id: 1,
            held_messages: 0,
            held_bytes: 0,
            max_messages: options.max_queue_messages,
            max_bytes: options.max_queue_bytes,
        }
    }

    /// Whether a message of `size` bytes fits.
    pub(super) fn check_room(&self, size: usize) -> Result<(), EnqueueError> {
        if self.held_messages < self.max_messages && self.held_bytes.saturating_add(size) <= self.max_bytes {
            Ok(())
        } else {
            Err(EnqueueError::Full { messages: self.held_messages, bytes: self.held_bytes })
        }
    }

    /// Puts a message at the tail.
    pub(super) fn push(
        &mut self,
        message: Message,
        since_ms: u64,
        visits: u32,
    ) -> Result<MessageId, EnqueueError> {
        self.check_room(message.size())?;
        self.held_messages += 1;
        self.held_bytes += message.size();
        Ok(self.append(message, since_ms, visits))
    }

    /// Takes the head out to be sent; it still counts as held.
    pub(super) fn take_out(&mut self) -> Option<QueuedMessage> {
        self.waiting.pop_front()
    }

    /// Puts what was taken out back at the tail, under a new ticket.
    pub(super) fn put_back(&mut self, taken: QueuedMessage) -> MessageId {
        self.append(taken.message, taken.since_ms, taken.visits)
    }

    /// What was taken out has been delivered.
    pub(super) fn release(&mut self, taken: &QueuedMessage) {
        self.held_messages -= 1;
        self.held_bytes -= taken.message.size();
    }

    /// Takes a message out for good.
    pub(super) fn remove(&mut self, id: MessageId) -> Option<QueuedMessage> {
        let removed = self.position(id).and_then(|position| self.waiting.remove(position))?;
        self.release(&removed);
        Some(removed)
    }

    /// Where a message stands, 0 being the head.
    pub(super) fn position(&self, id: MessageId) -> Option<usize> {
        self.waiting.binary_search_by_key(&id, |queued| queued.id).ok()
    }

    pub(super) fn get(&self, id: MessageId) -> Option<&QueuedMessage> {
        self.position(id).and_then(|position| self.waiting.get(position))
    }

    pub(super) fn head(&self) -> Option<&QueuedMessage> {
        self.waiting.front()
    }

    /// The messages at these positions, as far as there are any.
    pub(super) fn window(&self, positions: Range<usize>) -> impl Iterator<Item = &QueuedMessage> {
        let end = positions.end.min(self.waiting.len());
        self.waiting.range(positions.start.min(end)..end)
    }

    /// Messages that wait.
    pub(super) fn len(&self) -> usize {
        self.waiting.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Bytes of JSON text held, waiting and in flight.
    pub(super) fn held_bytes(&self) -> usize {
        self.held_bytes
    }

    fn append(&mut self, message: Message, since_ms: u64, visits: u32) -> MessageId {
        let id = MessageId(self.next_id);
        self.next_id += 1;
        self.waiting.push_back(QueuedMessage { id, message, since_ms, visits });
        id
    }
}
