use std::{collections::VecDeque, fmt, ops::Range, sync::Arc};

use super::{MessageId, QueuedMessage};

/// A held message. It is not sent until it is released, and counts towards the limits of the queue.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct HeldMessage {
    /// The message, with its id.
    pub queued: QueuedMessage,
    /// The reason.
    pub by: HeldBy,
}

impl HeldMessage {
    /// A message that is held for this reason.
    pub fn new(queued: QueuedMessage, by: HeldBy) -> Self {
        Self { queued, by }
    }
}

/// Why a message is held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HeldBy {
    /// The user chose it.
    Hand,
    /// The [`HoldRule`] matched it.
    Rule,
    /// Peers with three different rate-limit keys refused it, or all peers together refused it three times, or it was
    /// refused twelve times. Sending it again is pointless.
    Refused,
    /// A plugin chose it.
    Plugin(Arc<PluginHold>),
}

/// The plugin that holds a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PluginHold {
    /// The name of the plugin.
    pub plugin: Arc<str>,
    /// Its reason, if it gave one.
    pub reason: Option<String>,
}

/// A predicate for messages that enter the queue: received, written, or returned from a delivery. Matching messages are
/// held.
///
/// It is called once for each message while the node is locked. It must not call the node, and must run in time linear
/// in the size of the message.
#[derive(Clone)]
pub struct HoldRule(Arc<RuleInner>);

struct RuleInner {
    text: String,
    matches: Box<Predicate>,
}

type Predicate = dyn Fn(&QueuedMessage) -> bool + Send + Sync;

impl HoldRule {
    /// A rule that is shown as `text`.
    pub fn new(
        text: impl Into<String>,
        matches: impl Fn(&QueuedMessage) -> bool + Send + Sync + 'static,
    ) -> Self {
        Self(Arc::new(RuleInner { text: text.into(), matches: Box::new(matches) }))
    }

    /// The text of the rule.
    pub fn text(&self) -> &str {
        &self.0.text
    }

    /// Whether this message is to be held.
    pub fn matches(&self, queued: &QueuedMessage) -> bool {
        (self.0.matches)(queued)
    }

    /// Whether the other rule is a clone of this one.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

/// Two rules are equal if one is a clone of the other.
impl PartialEq for HoldRule {
    fn eq(&self, other: &Self) -> bool {
        self.is_same(other)
    }
}

impl fmt::Debug for HoldRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("HoldRule").field(&self.0.text).finish()
    }
}

impl HeldBy {
    /// Number of kinds of reasons.
    const KINDS: usize = 4;

    /// The position of its kind: by hand, by the rule, refused, by a plugin.
    fn kind(&self) -> usize {
        match self {
            Self::Hand => 0,
            Self::Rule => 1,
            Self::Refused => 2,
            Self::Plugin(_) => 3,
        }
    }
}

/// The held messages, sorted by id.
#[derive(Debug, Default)]
pub(super) struct Held {
    messages: VecDeque<HeldMessage>,
    /// Number of messages for each kind of reasons.
    counts: [usize; HeldBy::KINDS],
}

impl Held {
    pub(super) fn len(&self) -> usize {
        self.messages.len()
    }

    /// Number of messages that are held by hand, by the rule, because peers refused them, and by plugins.
    pub(super) fn counts(&self) -> [usize; HeldBy::KINDS] {
        self.counts
    }

    pub(super) fn position(&self, id: MessageId) -> Option<usize> {
        self.messages.binary_search_by_key(&id, |held| held.queued.id).ok()
    }

    /// Number of held messages with lower ids.
    pub(super) fn position_from(&self, id: MessageId) -> usize {
        self.messages.partition_point(|held| held.queued.id < id)
    }

    pub(super) fn get(&self, id: MessageId) -> Option<&HeldMessage> {
        self.position(id).and_then(|position| self.messages.get(position))
    }

    /// The message with this id, to be changed.
    pub(super) fn get_mut(&mut self, id: MessageId) -> Option<&mut QueuedMessage> {
        self.position(id).and_then(|position| self.messages.get_mut(position)).map(|held| &mut held.queued)
    }

    pub(super) fn window(&self, positions: Range<usize>) -> impl Iterator<Item = &HeldMessage> {
        let end = positions.end.min(self.messages.len());
        self.messages.range(positions.start.min(end)..end)
    }

    pub(super) fn insert(&mut self, held: HeldMessage) {
        self.counts[held.by.kind()] += 1;
        // Usually the message is the latest one.
        let position = self.messages.partition_point(|other| other.queued.id < held.queued.id);
        self.messages.insert(position, held);
    }

    pub(super) fn insert_all(&mut self, held: impl IntoIterator<Item = HeldMessage>) {
        let Self { messages, counts } = self;
        messages.extend(held.into_iter().inspect(|held| counts[held.by.kind()] += 1));
        messages.make_contiguous().sort_by_key(|held| held.queued.id);
    }

    pub(super) fn remove(&mut self, id: MessageId) -> Option<HeldMessage> {
        let held = self.position(id).and_then(|position| self.messages.remove(position))?;
        self.counts[held.by.kind()] -= 1;
        Some(held)
    }

    /// Removes the matching messages and returns them, sorted by id.
    pub(super) fn extract(&mut self, is_selected: impl Fn(&HeldMessage) -> bool) -> VecDeque<HeldMessage> {
        let (picked, others): (VecDeque<_>, _) =
            std::mem::take(&mut self.messages).into_iter().partition(is_selected);
        self.messages = others;
        picked.iter().for_each(|held| self.counts[held.by.kind()] -= 1);
        picked
    }

    pub(super) fn drain(&mut self) -> VecDeque<HeldMessage> {
        std::mem::take(self).messages
    }
}
