//! Held messages, the hold rule, and replacing the text of messages.

use std::ops::Range;

use crate::{
    core::{
        Event, HeldBy, HeldMessage, HoldRule, MessageId, Origin, QueuedMessage, ReplaceError, queue::Entry,
    },
    protocol::Message,
};

use super::Core;

/// The current hold rule with its number. Each rule that is set gets the next number.
#[derive(Debug, Default)]
pub(super) struct Rule {
    pub(super) current: Option<HoldRule>,
    pub(super) number: u64,
    /// The highest number of any rule so far.
    last: u64,
}

impl Rule {
    fn set(&mut self, rule: Option<HoldRule>) {
        self.last += 1;
        (self.current, self.number) = (rule, self.last);
    }

    /// Restores a rule with its former number.
    pub(super) fn restore(&mut self, rule: Option<HoldRule>, number: u64) {
        (self.current, self.number) = (rule, number);
    }

    #[cfg(feature = "simulation")]
    pub(super) fn prefetch(&self) -> usize {
        self.number as usize
    }

    fn holds(&self, entry: &Entry) -> bool {
        let rule = self.current.as_ref().filter(|_| entry.passed != self.number);
        rule.is_some_and(|rule| rule.matches(&entry.queued))
    }
}

impl Core {
    /// Appends an entry to the queue, or holds it if the hold rule matches. The entry is in no list yet.
    pub(super) fn admit(&mut self, entry: Entry, origin: impl FnOnce() -> Origin) {
        let held = self.is_to_be_held(&entry).then_some(HeldBy::Rule);
        self.admit_checked(entry, held, origin);
    }

    /// Whether the hold rule matches an entry that is in no list yet.
    pub(super) fn is_to_be_held(&self, entry: &Entry) -> bool {
        self.rule.holds(entry)
    }

    /// As [`Core::admit`], with the reason for which the entry is to be held.
    pub(super) fn admit_checked(
        &mut self,
        mut entry: Entry,
        held: Option<HeldBy>,
        origin: impl FnOnce() -> Origin,
    ) {
        if let Some(by) = held {
            self.hold_entry(HeldMessage { queued: entry.queued, by }, origin());
        } else {
            entry.passed = self.rule.number;
            let QueuedMessage { id, ref message, since_ms, visits, place, .. } = entry.queued;
            self.emit(|_| {
                let (message, origin) = (message.clone(), origin());
                Event::MessageQueued { id, message, origin, since_ms, visits, place }
            });
            self.queue.append(entry);
        }
    }

    /// Holds the head of the queue if the current rule matches it. Returns whether it did.
    pub(super) fn hold_head(&mut self) -> bool {
        let Some(rule) = &self.rule.current else { return false };
        let head = self.queue.head_to_check().filter(|head| rule.matches(head));
        let id = head.map(|head| head.id);
        id.is_some_and(|id| self.hold_with_reason(id, HeldBy::Rule))
    }

    fn hold_with_reason(&mut self, id: MessageId, by: HeldBy) -> bool {
        let held = self.queue.hold(id, by).cloned();
        let is_held = held.is_some();
        held.into_iter().for_each(|held| self.emit(|_| Event::MessageHeld { held, origin: None }));
        is_held
    }

    /// Holds a queued message until it is released. Its id is unchanged. Returns whether it was queued.
    pub fn hold(&mut self, id: MessageId) -> bool {
        self.hold_with_reason(id, HeldBy::Hand)
    }

    /// Releases a held message to the tail of the queue. Returns its new id. The current hold rule does not match it
    /// again at this node, and earlier refusals are forgotten.
    pub fn release(&mut self, id: MessageId) -> Option<MessageId> {
        self.queue.remove_held(id).map(|queued| self.append_released(queued))
    }

    /// Releases all held messages, sorted by id. Returns their number.
    pub fn release_all(&mut self) -> usize {
        let held = self.queue.drain_held();
        held.into_iter().map(|queued| self.append_released(queued)).count()
    }

    /// Releases a held message to the position of its id, which is unchanged. The hold rule is evaluated when it
    /// becomes the head. Returns whether it was held.
    pub fn release_to_place(&mut self, id: MessageId) -> bool {
        let Some(queued) = self.queue.remove_held(id) else { return false };
        self.queue.insert(Entry { queued: queued.clone(), passed: 0 });
        self.emit(|_| Event::MessageReleased { was: id, queued });
        true
    }

    fn append_released(&mut self, queued: QueuedMessage) -> MessageId {
        let was = queued.id;
        self.queue.forget_refusals(was);
        let entry = self.queue.with_new_id(Entry { queued, passed: self.rule.number });
        let queued = entry.queued.clone();
        self.queue.append(entry);
        let id = queued.id;
        self.emit(|_| Event::MessageReleased { was, queued });
        id
    }

    /// Adds a message to the held messages. It is in no list yet.
    pub(super) fn hold_entry(&mut self, held: HeldMessage, origin: Origin) {
        self.queue.hold_entry(held.clone());
        self.emit(|_| Event::MessageHeld { held, origin: Some(origin) });
    }

    /// Number of held messages with lower ids than this: the position of the first of the others.
    pub fn held_position_from(&self, id: MessageId) -> usize {
        self.queue.held().position_from(id)
    }

    /// The current text of a message, or the error that [`Core::replace`] would return for a new text. Nothing is
    /// changed.
    pub fn check_replace(&self, id: MessageId, message: &Message) -> Result<Message, ReplaceError> {
        let held = || self.held_message(id).map(|held| held.queued.clone());
        let before = self.queue.get(id).or_else(held).ok_or(ReplaceError::NotHere)?.message;
        if *message != before {
            self.check_written(message)?;
            self.queue.check_replacement(before.size(), message.size())?;
        }
        Ok(before)
    }

    /// Replaces the text of a queued or held message. Its id, position and age are unchanged. The new text counts as
    /// one visit if it had none. The hold rule is evaluated for the new text of a queued message.
    pub fn replace(&mut self, id: MessageId, message: Message) -> Result<(), ReplaceError> {
        let held = |core: &Self| core.held_message(id).map(|held| held.queued.clone());
        let before = self.check_replace(id, &message)?;
        if message == before {
            return Ok(());
        }
        let visits = self.count_written(&message);
        self.queue.replace_message(id, message, visits);
        let waits = self.queue.get(id);
        let rule = self.hold_rule().zip(waits.as_ref());
        let is_to_be_held = rule.is_some_and(|(rule, queued)| rule.matches(queued));
        let held_by = self.held_message(id).map(|held| held.by.clone());
        if let Some(queued) = waits.or_else(|| held(self)) {
            self.emit(|_| Event::MessageChanged { before, queued, held: held_by });
        }
        if is_to_be_held {
            self.hold_with_reason(id, HeldBy::Rule);
        } else {
            // The rule was evaluated for the new text above.
            self.queue.mark_passed(id);
        }
        Ok(())
    }

    /// Sets or removes the hold rule. Held messages stay held until they are released. The rule is evaluated for a
    /// queued message when it becomes the head; [`Core::hold_matching`] and [`Core::hold_these`] do so at once. Takes
    /// time linear in the queue: milliseconds for a million messages.
    pub fn set_hold_rule(&mut self, rule: Option<HoldRule>) {
        let text = rule.as_ref().map(|rule| rule.text().to_owned());
        if rule.is_some() || self.rule.current.is_some() {
            self.emit(|_| Event::HoldRuleChanged { rule: text });
        }
        self.rule.set(rule);
        self.queue.set_rule(self.rule.number);
    }

    /// The current rule.
    pub fn hold_rule(&self) -> Option<&HoldRule> {
        self.rule.current.as_ref()
    }

    /// Holds all queued messages that the rule matches. Evaluates the rule for the whole queue.
    pub fn hold_matching(&mut self) {
        let Some(rule) = self.rule.current.clone() else { return };
        let matches = |queued: &QueuedMessage| rule.matches(queued);
        let ids: Vec<_> = self.queue.window(0..usize::MAX).filter(matches).map(|queued| queued.id).collect();
        self.hold_these(&rule, &ids);
    }

    /// Holds those of these messages that are queued. The caller has found that this rule matches them. Holds none if
    /// another rule is current, and none whose text was changed since and passes. `ids` are sorted.
    pub fn hold_these(&mut self, rule: &HoldRule, ids: &[MessageId]) {
        if !self.rule.current.as_ref().is_some_and(|current| current.is_same(rule)) {
            return;
        }
        let held = self.queue.hold_all(ids);
        held.into_iter().for_each(|held| self.emit(|_| Event::MessageHeld { held, origin: None }));
    }

    /// The number of held messages.
    pub fn held_len(&self) -> usize {
        self.queue.held().len()
    }

    /// The number of messages that are held by hand, by the rule, because peers refused them, and by plugins.
    pub fn held_counts(&self) -> [usize; 4] {
        self.queue.held().counts()
    }

    /// The held messages at these positions, sorted by id.
    pub fn held(&self, positions: Range<usize>) -> impl Iterator<Item = &HeldMessage> {
        self.queue.held().window(positions)
    }

    /// A held message.
    pub fn held_message(&self, id: MessageId) -> Option<&HeldMessage> {
        self.queue.held().get(id)
    }

    /// The position of a held message.
    pub fn held_position(&self, id: MessageId) -> Option<usize> {
        self.queue.held().position(id)
    }

    /// The queued messages after this id, head first, whether or not it is queued itself.
    pub fn queue_after(&self, id: MessageId) -> impl Iterator<Item = QueuedMessage> {
        self.queue.after(id)
    }
}
