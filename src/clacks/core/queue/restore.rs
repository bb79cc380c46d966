//! Messages as they were before a command changed them.

use std::collections::HashMap;

use crate::core::{HeldBy, HeldMessage, MessageId, MessageState, QueuedMessage};

use super::{CompactEntry, Entry, Queue, Slot};

impl Queue {
    /// A message that waits or is held, as it is. It is followed from now on.
    pub(in crate::core) fn state(&mut self, id: MessageId) -> Option<MessageState> {
        let state = self.unfollowed_state(id)?;
        self.lineages.follow(id);
        Some(state)
    }

    /// A message that waits or is held, as it is.
    pub(super) fn unfollowed_state(&self, id: MessageId) -> Option<MessageState> {
        let (queued, held, passed) = if let Some(position) = self.position(id) {
            let waiting = &self.waiting[position];
            (self.queued(waiting), None, if waiting.passes() { self.rule } else { 0 })
        } else {
            let held = self.held.get(id)?;
            (held.queued.clone(), Some(held.by), 0)
        };
        let (refused, first) = (self.refusals.of(id).cloned(), self.lineages.first(id));
        Some(MessageState { queued, held, passed, refused, first, is_dropped: false })
    }

    /// Puts a message back as it was, which waits or is held under the ticket `was` or is not here. There is room for it.
    pub(in crate::core) fn restore(&mut self, state: MessageState, was: Option<MessageId>) -> QueuedMessage {
        let MessageState { mut queued, held, passed, refused, first, .. } = state;
        if let Some(former) = was.and_then(|was| self.remove_waiting(was).or_else(|| self.remove_held(was))) {
            self.release(&former);
        }
        queued.place = self.room.add(queued.place, queued.from.is_none(), queued.message.size());
        self.lineages.follow_again(queued.id, first);
        refused.into_iter().for_each(|refused| self.refusals.put(queued.id, refused));
        match held {
            Some(by) => self.hold_entry(HeldMessage { queued: queued.clone(), by }),
            None => self.put_in_place(vec![Entry { queued: queued.clone(), passed }]),
        }
        queued
    }

    /// Puts held messages back to their places among those that wait.
    pub(in crate::core) fn unhold_all(&mut self, ids: &[MessageId]) -> Vec<QueuedMessage> {
        let queued: Vec<_> = ids.iter().filter_map(|id| self.remove_held(*id)).collect();
        self.put_in_place(queued.iter().cloned().map(|queued| Entry { queued, passed: 0 }).collect());
        queued
    }

    /// Puts entries where their tickets say.
    fn put_in_place(&mut self, entries: Vec<Entry>) {
        let is_one = entries.len() == 1;
        for entry in entries {
            self.refused_waiting += self.refused(entry.queued.id);
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

    /// The tickets of the messages that wait and that the present hold rule lets pass, in order.
    pub(in crate::core) fn passing(&self) -> Vec<MessageId> {
        self.waiting.iter().filter(|waiting| waiting.passes()).map(CompactEntry::id).collect()
    }

    /// The present hold rule lets those of these messages pass that wait. The tickets are in order.
    pub(in crate::core) fn let_all_pass(&mut self, ids: &[MessageId]) {
        let passing = self.waiting.iter_mut().filter(|waiting| ids.binary_search(&waiting.id()).is_ok());
        passing.for_each(|waiting| waiting.set_passes(true));
    }

    /// Whether a message waits or is held.
    pub(in crate::core) fn is_here(&self, id: MessageId) -> bool {
        self.position(id).is_some() || self.held.position(id).is_some()
    }

    /// Bytes of a message that waits or is held.
    pub(in crate::core) fn size_of(&self, id: MessageId) -> Option<usize> {
        let waiting = self.position(id).map(|position| self.waiting[position].message.size());
        waiting.or_else(|| self.held.get(id).map(|held| held.queued.message.size()))
    }

    /// The ticket that the next message draws.
    pub(in crate::core) fn peek_ticket(&self) -> MessageId {
        MessageId(self.next_id)
    }

    /// Draws a ticket.
    pub(in crate::core) fn next_ticket(&mut self) -> MessageId {
        self.next_id()
    }

    /// Whether a ticket is one that was drawn here.
    pub(in crate::core) fn has_issued(&self, id: MessageId) -> bool {
        id.0 > 0 && id < self.peek_ticket()
    }

    /// The present tickets of the messages that are followed, by the tickets that they had at first.
    pub(in crate::core) fn present_tickets(&self) -> HashMap<MessageId, MessageId> {
        self.lineages.present()
    }

    /// A message that is on its way is to be held under this ticket if it comes back.
    pub(in crate::core) fn hold_on_return(&mut self, id: MessageId, held: Option<(MessageId, HeldBy)>) {
        self.lineages.hold_on_return(id, held);
    }

    /// Whether a message that came back is to be held, and under which ticket. Asked once.
    pub(in crate::core) fn remove_held_on_return(&mut self, id: MessageId) -> Option<(MessageId, HeldBy)> {
        self.lineages.remove_held_on_return(id)
    }

    /// A message in no list under a ticket that it had before.
    pub(in crate::core) fn renamed(&mut self, queued: QueuedMessage, id: MessageId) -> QueuedMessage {
        self.refusals.forget(queued.id);
        self.lineages.rename(queued.id, id);
        QueuedMessage { id, ..queued }
    }
}
