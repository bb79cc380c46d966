//! Saved states of messages, for undo.

use std::collections::HashMap;

use crate::core::{HeldBy, HeldMessage, MessageId, MessageState, QueuedMessage};

use super::{CompactEntry, Entry, Queue, Slot};

impl Queue {
    /// The state of a queued or held message. It is tracked from now on.
    pub(in crate::core) fn state(&mut self, id: MessageId) -> Option<MessageState> {
        let state = self.untracked_state(id)?;
        self.tracked.track(id);
        Some(state)
    }

    /// The state of a queued or held message.
    pub(super) fn untracked_state(&self, id: MessageId) -> Option<MessageState> {
        let (queued, held, passed) = if let Some(position) = self.position(id) {
            let waiting = &self.waiting[position];
            (self.queued(waiting), None, if waiting.passes() { self.rule } else { 0 })
        } else {
            let held = self.held.get(id)?;
            (held.queued.clone(), Some(held.by.clone()), 0)
        };
        let (refused, first_id) = (self.refusals.of(id).cloned(), self.tracked.first_id(id));
        Some(MessageState { queued, held, passed, refused, first_id, was_dropped: false })
    }

    /// Restores a message to its saved state. `was` is its current id if it is queued or held. There must be room for
    /// it.
    pub(in crate::core) fn restore(&mut self, state: MessageState, was: Option<MessageId>) -> QueuedMessage {
        let MessageState { mut queued, held, passed, refused, first_id, .. } = state;
        if let Some(former) = was.and_then(|was| self.remove_waiting(was).or_else(|| self.remove_held(was))) {
            self.release(&former);
        }
        queued.place = self.room.add(queued.place, queued.from.is_none(), queued.message.size());
        self.tracked.track_again(queued.id, first_id);
        refused.into_iter().for_each(|refused| self.refusals.restore(queued.id, refused));
        match held {
            Some(by) => self.hold_entry(HeldMessage { queued: queued.clone(), by }),
            None => self.put_in_place(vec![Entry { queued: queued.clone(), passed }]),
        }
        queued
    }

    /// Returns held messages to their positions in the queue.
    pub(in crate::core) fn unhold_all(&mut self, ids: &[MessageId]) -> Vec<QueuedMessage> {
        let queued: Vec<_> = ids.iter().filter_map(|id| self.remove_held(*id)).collect();
        self.put_in_place(queued.iter().cloned().map(|queued| Entry { queued, passed: 0 }).collect());
        queued
    }

    /// Inserts entries at the positions of their ids.
    fn put_in_place(&mut self, entries: Vec<Entry>) {
        let is_one = entries.len() == 1;
        for entry in entries {
            self.refused_waiting += self.refused_count(entry.queued.id);
            let slot = self.room.shares.as_ref().map_or(Slot::NONE, |shares| shares.slot(entry.queued.place));
            let waiting = CompactEntry::new(entry, self.rule, slot);
            let position = if is_one {
                self.waiting.partition_point(|other| other.id() < waiting.id())
            } else {
                self.waiting.len()
            };
            self.waiting.insert(position, waiting);
        }
        if !is_one {
            self.waiting.make_contiguous().sort_by_key(CompactEntry::id);
        }
    }

    /// The ids of the queued messages that the current hold rule passed, sorted.
    pub(in crate::core) fn passed_ids(&self) -> Vec<MessageId> {
        self.waiting.iter().filter(|waiting| waiting.passes()).map(CompactEntry::id).collect()
    }

    /// Marks those of these messages that are queued as passed by the current hold rule. `ids` are sorted.
    pub(in crate::core) fn mark_all_passed(&mut self, ids: &[MessageId]) {
        let passed_ids = self.waiting.iter_mut().filter(|waiting| ids.binary_search(&waiting.id()).is_ok());
        passed_ids.for_each(|waiting| waiting.set_passes(true));
    }

    /// Whether a message is queued or held.
    pub(in crate::core) fn is_here(&self, id: MessageId) -> bool {
        self.position(id).is_some() || self.held.position(id).is_some()
    }

    /// Bytes of a queued or held message.
    pub(in crate::core) fn size_of(&self, id: MessageId) -> Option<usize> {
        let waiting = self.position(id).map(|position| self.waiting[position].message.size());
        waiting.or_else(|| self.held.get(id).map(|held| held.queued.message.size()))
    }

    /// The id of the next new message.
    pub(in crate::core) fn peek_next_id(&self) -> MessageId {
        MessageId(self.next_id)
    }

    /// Whether this queue issued an id.
    pub(in crate::core) fn has_issued(&self, id: MessageId) -> bool {
        id.0 > 0 && id < self.peek_next_id()
    }

    /// The current ids of the tracked messages, by the ids that they had when tracking began.
    pub(in crate::core) fn current_ids(&self) -> HashMap<MessageId, MessageId> {
        self.tracked.current_ids()
    }

    /// Sets whether a message in flight is held if it returns, and its id and reason then.
    pub(in crate::core) fn hold_on_return(&mut self, id: MessageId, held: Option<(MessageId, HeldBy)>) {
        self.tracked.hold_on_return(id, held);
    }

    /// Removes and returns the id and reason with which a returned message is to be held.
    pub(in crate::core) fn remove_held_on_return(&mut self, id: MessageId) -> Option<(MessageId, HeldBy)> {
        self.tracked.remove_held_on_return(id)
    }

    /// Gives a message, which is in no list, a former id.
    pub(in crate::core) fn with_former_id(&mut self, queued: QueuedMessage, id: MessageId) -> QueuedMessage {
        self.refusals.forget(queued.id);
        self.tracked.change_id(queued.id, id);
        QueuedMessage { id, ..queued }
    }
}
