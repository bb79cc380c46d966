//! Tracking of messages whose ids change, so that a command on them can be undone.

use std::collections::HashMap;

use crate::core::{HeldBy, MessageId};

/// The tracked messages by current id. Each is tracked until it leaves the node.
#[derive(Debug, Default)]
pub(super) struct Lineages(Option<Box<Followed>>);

/// Boxed, because most nodes track none, and an empty map is as large as one with messages.
#[derive(Debug, Default)]
struct Followed {
    by_ticket: HashMap<MessageId, Lineage>,
}

/// The tracking state of a message.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lineage {
    /// The id when tracking began.
    first: MessageId,
    /// The id and reason with which the message is held if the delivery in flight fails.
    held_on_return: Option<(MessageId, HeldBy)>,
}

impl Lineages {
    /// Starts to track the message with this id.
    pub(super) fn follow(&mut self, id: MessageId) {
        let all = &mut self.0.get_or_insert_default().by_ticket;
        all.entry(id).or_insert(Lineage { first: id, held_on_return: None });
    }

    /// The id that the message had when tracking began.
    pub(super) fn first(&self, id: MessageId) -> MessageId {
        self.0.as_ref().and_then(|all| all.by_ticket.get(&id)).map_or(id, |lineage| lineage.first)
    }

    /// Tracks a dropped message again that was restored.
    pub(super) fn follow_again(&mut self, id: MessageId, first: MessageId) {
        self.0.get_or_insert_default().by_ticket.insert(id, Lineage { first, held_on_return: None });
    }

    /// Updates the id of a message.
    pub(super) fn rename(&mut self, from: MessageId, to: MessageId) {
        let Some(all) = &mut self.0 else { return };
        if let Some(lineage) = all.by_ticket.remove(&from) {
            all.by_ticket.insert(to, lineage);
        }
    }

    /// Stops tracking a message that left the node.
    pub(super) fn forget(&mut self, id: MessageId) {
        let Some(all) = &mut self.0 else { return };
        all.by_ticket.remove(&id);
        if all.by_ticket.is_empty() {
            self.0 = None;
        }
    }

    /// The current ids of all tracked messages, by the ids that they had when tracking began.
    pub(super) fn present(&self) -> HashMap<MessageId, MessageId> {
        self.0
            .iter()
            .flat_map(|all| all.by_ticket.iter().map(|(now, lineage)| (lineage.first, *now)))
            .collect()
    }

    /// Sets whether a message in flight is held if it returns.
    pub(super) fn hold_on_return(&mut self, id: MessageId, held: Option<(MessageId, HeldBy)>) {
        let lineage = self.0.as_mut().and_then(|all| all.by_ticket.get_mut(&id));
        lineage.into_iter().for_each(|lineage| lineage.held_on_return = held);
    }

    /// Removes and returns the id and reason with which a returned message is to be held.
    pub(super) fn remove_held_on_return(&mut self, id: MessageId) -> Option<(MessageId, HeldBy)> {
        self.0.as_mut()?.by_ticket.get_mut(&id)?.held_on_return.take()
    }
}
