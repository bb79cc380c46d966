use std::{
    collections::{BTreeMap, VecDeque},
    ops::Range,
    time::Duration,
};

use crate::{
    core::{Event, Reply, SendKind},
    protocol::{Id, Json, Record},
};

use super::HistoryLimits;

/// Bytes that a receiver without a reply needs, in about.
const RECEIVER_BYTES: usize = 192;

/// The last messages, by number.
#[derive(Debug, Default)]
pub struct Messages {
    /// The oldest first.
    all: VecDeque<Message>,
    counts: MessageCounts,
    bytes: usize,
}

/// A message that was sent or received.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Message {
    /// Its number. It grows with each message.
    pub number: u64,
    /// When it was sent, or answered.
    pub since: Duration,
    /// Its content.
    pub content: Json,
    /// Where it came from.
    pub origin: MessageOrigin,
    /// Receivers whose reply came.
    pub answered: usize,
    /// Receivers that failed.
    pub failed: usize,
}

/// Where a message came from.
#[derive(Debug, Clone, PartialEq)]
pub enum MessageOrigin {
    /// A member.
    Member {
        /// The member.
        from: Record,
        /// Our reply; `None` if the handler failed.
        reply: Option<Json>,
    },
    /// This node.
    Ourselves {
        /// The only receiver of a message to one member.
        to: Option<Id>,
        /// The receivers, by id.
        receivers: BTreeMap<Id, Receiver>,
        /// Whether all have replied or failed to.
        is_done: bool,
    },
}

/// The reply of a receiver. `None`: it is awaited.
pub type Receiver = Option<Reply>;

/// Numbers of messages and of receivers, by what they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct MessageCounts {
    /// Sent messages with receivers that are awaited.
    pub open: usize,
    /// Sent messages without.
    pub done: usize,
    /// Received messages.
    pub received: usize,
    /// Receivers that are awaited.
    pub awaited: usize,
    /// Receivers whose reply came.
    pub answered: usize,
    /// Receivers that failed.
    pub failed: usize,
}

impl Message {
    /// The receivers of a sent message, by id.
    pub fn receivers(&self) -> Option<&BTreeMap<Id, Receiver>> {
        match &self.origin {
            MessageOrigin::Ourselves { receivers, .. } => Some(receivers),
            MessageOrigin::Member { .. } => None,
        }
    }

    /// Receivers that are awaited.
    pub fn awaited(&self) -> usize {
        self.receivers().map_or(0, BTreeMap::len) - self.answered - self.failed
    }

    pub(super) fn bytes(&self) -> usize {
        let other = match &self.origin {
            MessageOrigin::Member { reply, .. } => reply.as_ref().map_or(0, Json::size),
            MessageOrigin::Ourselves { receivers, .. } => receivers.values().map(receiver_bytes).sum(),
        };
        self.content.size() + other
    }

    fn counts(&self) -> MessageCounts {
        let (answered, failed, awaited) = (self.answered, self.failed, self.awaited());
        let counts = MessageCounts { awaited, answered, failed, ..MessageCounts::default() };
        match &self.origin {
            MessageOrigin::Member { .. } => MessageCounts { received: 1, ..counts },
            MessageOrigin::Ourselves { is_done: true, .. } => MessageCounts { done: 1, ..counts },
            MessageOrigin::Ourselves { .. } => MessageCounts { open: 1, ..counts },
        }
    }

    /// Records a reply. Returns the bytes that it needs.
    fn record(&mut self, reply: &Reply) -> usize {
        let MessageOrigin::Ourselves { receivers, .. } = &mut self.origin else { return 0 };
        let receiver = receivers.get_mut(&reply.member.id).filter(|receiver| receiver.is_none());
        let Some(receiver) = receiver else { return 0 };
        *receiver = Some(reply.clone());
        let count = if reply.result.is_ok() { &mut self.answered } else { &mut self.failed };
        *count += 1;
        reply.size()
    }
}

fn receiver_bytes(receiver: &Receiver) -> usize {
    RECEIVER_BYTES + receiver.as_ref().map_or(0, Reply::size)
}

impl Messages {
    pub(super) fn record(&mut self, event: &Event, now: Duration) {
        match event {
            Event::MessageReceived { number, member, message, reply } => self.push(Message {
                number: *number,
                since: now,
                content: message.clone(),
                origin: MessageOrigin::Member { from: member.clone(), reply: reply.clone() },
                answered: 0,
                failed: 0,
            }),
            Event::Sent { id, kind: SendKind::Message, body, is_broadcast, receivers } => {
                let to = receivers.first().filter(|_| !is_broadcast).cloned();
                let receivers = receivers.iter().map(|id| (id.clone(), None)).collect();
                self.push(Message {
                    number: id.number(),
                    since: now,
                    content: body.clone(),
                    origin: MessageOrigin::Ourselves { to, receivers, is_done: false },
                    answered: 0,
                    failed: 0,
                });
            }
            Event::Replied { id, kind: SendKind::Message, reply } => {
                self.change(id.number(), |message| message.record(reply));
            }
            Event::Replies { id, kind: SendKind::Message, .. } => self.change(id.number(), |message| {
                if let MessageOrigin::Ourselves { is_done, .. } = &mut message.origin {
                    *is_done = true;
                }
                0
            }),
            _ => {}
        }
    }

    fn push(&mut self, message: Message) {
        self.bytes += message.bytes();
        self.counts.add(message.counts());
        self.all.push_back(message);
    }

    /// Changes a message, if it is still here. `change` returns the bytes that were added.
    fn change(&mut self, number: u64, change: impl FnOnce(&mut Message) -> usize) {
        let position = self.position_from(number);
        let Some(message) = self.all.get_mut(position).filter(|message| message.number == number) else {
            return;
        };
        let before = message.counts();
        self.bytes += change(message);
        let after = message.counts();
        self.counts.remove(before);
        self.counts.add(after);
    }

    /// Forgets the oldest messages that are too many. Returns their numbers.
    pub(super) fn trim(&mut self, limits: &HistoryLimits) -> Vec<u64> {
        let mut forgotten = Vec::new();
        let is_too_much = |messages: &Self| {
            let count = messages.all.len();
            count > limits.max_messages || (messages.bytes > limits.max_bytes && count > 1)
        };
        while is_too_much(self) {
            let Some(message) = self.all.pop_front() else { break };
            self.bytes -= message.bytes();
            self.counts.remove(message.counts());
            forgotten.push(message.number);
        }
        forgotten
    }

    /// Number of messages.
    pub fn len(&self) -> usize {
        self.all.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// Bytes of the messages and their replies, in about.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Numbers of messages and receivers by what they are.
    pub fn counts(&self) -> MessageCounts {
        self.counts
    }

    /// The message with this number.
    pub fn get(&self, number: u64) -> Option<&Message> {
        self.all.get(self.position_from(number)).filter(|message| message.number == number)
    }

    /// The position of the first message with at least this number: [`Messages::len`] if there is none.
    pub fn position_from(&self, number: u64) -> usize {
        self.all.partition_point(|message| message.number < number)
    }

    /// The messages at these positions, as far as there are any, the oldest first.
    pub fn range(&self, positions: Range<usize>) -> impl DoubleEndedIterator<Item = &Message> {
        let end = positions.end.min(self.all.len());
        self.all.range(positions.start.min(end)..end)
    }
}

impl MessageCounts {
    fn each(&mut self, other: Self, change: impl Fn(&mut usize, usize)) {
        let Self { open, done, received, awaited, answered, failed } = other;
        change(&mut self.open, open);
        change(&mut self.done, done);
        change(&mut self.received, received);
        change(&mut self.awaited, awaited);
        change(&mut self.answered, answered);
        change(&mut self.failed, failed);
    }

    fn add(&mut self, other: Self) {
        self.each(other, |count, other| *count += other);
    }

    fn remove(&mut self, other: Self) {
        self.each(other, |count, other| *count -= other);
    }

    /// Number of receivers.
    pub fn receivers(&self) -> usize {
        self.awaited + self.answered + self.failed
    }
}
