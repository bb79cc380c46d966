use std::{collections::VecDeque, fmt, ops::Range, sync::Arc};

use serde::Serialize;

use super::{MessageId, QueuedMessage};

/// A message that is kept here and not sent until it is released. It counts against the bounds of the queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldMessage {
    /// The message, with the ticket that it had in the queue or would have had there.
    pub queued: QueuedMessage,
    /// Why it is held.
    pub by: HeldBy,
}

/// Why a message is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum HeldBy {
    /// The user picked it out.
    Hand,
    /// The [`HoldRule`] matched it.
    Rule,
    /// Peers at three different places refused it, or it was refused three times by all the peers that there are, or
    /// twelve times, so that sending it again is of no use.
    Refused,
}

/// Says which messages are held as they enter the queue: received, typed in, or back from a delivery.
///
/// It is asked while the node's state is locked, once for each message that comes. So it has to be quick, in time that
/// grows no faster than the message, and must not call the node.
#[derive(Clone)]
pub struct HoldRule(Arc<Named>);

struct Named {
    text: String,
    matches: Box<Predicate>,
}

type Predicate = dyn Fn(&QueuedMessage) -> bool + Send + Sync;

impl HoldRule {
    /// The rule that people know as `text`.
    pub fn new(
        text: impl Into<String>,
        matches: impl Fn(&QueuedMessage) -> bool + Send + Sync + 'static,
    ) -> Self {
        Self(Arc::new(Named { text: text.into(), matches: Box::new(matches) }))
    }

    /// What people know it as.
    pub fn text(&self) -> &str {
        &self.0.text
    }

    /// Whether it holds this message.
    pub fn matches(&self, queued: &QueuedMessage) -> bool {
        (self.0.matches)(queued)
    }

    /// Whether the other is a clone of this one.
    pub(super) fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

/// Two rules are the same if one is a clone of the other.
impl PartialEq for HoldRule {
    fn eq(&self, other: &Self) -> bool {
        self.is(other)
    }
}

impl fmt::Debug for HoldRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("HoldRule").field(&self.0.text).finish()
    }
}

/// The messages that are held, by their tickets.
#[derive(Debug, Default)]
pub(super) struct Held(VecDeque<HeldMessage>);

impl Held {
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn position(&self, id: MessageId) -> Option<usize> {
        self.0.binary_search_by_key(&id, |held| held.queued.id).ok()
    }

    pub(super) fn get(&self, id: MessageId) -> Option<&HeldMessage> {
        self.position(id).and_then(|position| self.0.get(position))
    }

    pub(super) fn get_mut(&mut self, id: MessageId) -> Option<&mut HeldMessage> {
        self.position(id).and_then(|position| self.0.get_mut(position))
    }

    pub(super) fn window(&self, positions: Range<usize>) -> impl Iterator<Item = &HeldMessage> {
        let end = positions.end.min(self.0.len());
        self.0.range(positions.start.min(end)..end)
    }

    pub(super) fn insert(&mut self, held: HeldMessage) {
        // Most are the latest that came.
        let position = self.0.partition_point(|other| other.queued.id < held.queued.id);
        self.0.insert(position, held);
    }

    pub(super) fn insert_all(&mut self, held: impl IntoIterator<Item = HeldMessage>) {
        self.0.extend(held);
        self.0.make_contiguous().sort_by_key(|held| held.queued.id);
    }

    pub(super) fn remove(&mut self, id: MessageId) -> Option<HeldMessage> {
        self.position(id).and_then(|position| self.0.remove(position))
    }

    /// Takes those that are meant out, in the order of their tickets.
    pub(super) fn split(&mut self, is_meant: impl Fn(&HeldMessage) -> bool) -> VecDeque<HeldMessage> {
        let (picked, others) = self.drain().into_iter().partition(is_meant);
        self.0 = others;
        picked
    }

    pub(super) fn drain(&mut self) -> VecDeque<HeldMessage> {
        std::mem::take(&mut self.0)
    }
}
