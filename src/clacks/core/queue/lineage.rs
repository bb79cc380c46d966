//! Following messages that draw new tickets, so that a command on them can be undone.

use std::collections::HashMap;

use crate::core::{HeldBy, MessageId};

/// The messages that are followed, by their present tickets. Each is followed until it leaves the node.
#[derive(Debug, Default)]
pub(super) struct Lineages(Option<Box<Followed>>);

/// Boxed, because most nodes follow none and a map without a message takes as much room as one with some.
#[derive(Debug, Default)]
struct Followed {
    by_ticket: HashMap<MessageId, Lineage>,
}

/// What is known of a message that is followed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lineage {
    /// The ticket that it had when it was first followed.
    first: MessageId,
    /// It is on its way, and is to be held under this ticket if it comes back.
    held_on_return: Option<(MessageId, HeldBy)>,
}

impl Lineages {
    /// Follows the message with this ticket from now on.
    pub(super) fn follow(&mut self, id: MessageId) {
        let all = &mut self.0.get_or_insert_default().by_ticket;
        all.entry(id).or_insert(Lineage { first: id, held_on_return: None });
    }

    /// The ticket that a message had at first.
    pub(super) fn first(&self, id: MessageId) -> MessageId {
        self.0.as_ref().and_then(|all| all.by_ticket.get(&id)).map_or(id, |lineage| lineage.first)
    }

    /// Follows a message again that was dropped and is back.
    pub(super) fn follow_again(&mut self, id: MessageId, first: MessageId) {
        self.0.get_or_insert_default().by_ticket.insert(id, Lineage { first, held_on_return: None });
    }

    /// The message has another ticket.
    pub(super) fn rename(&mut self, from: MessageId, to: MessageId) {
        let Some(all) = &mut self.0 else { return };
        if let Some(lineage) = all.by_ticket.remove(&from) {
            all.by_ticket.insert(to, lineage);
        }
    }

    /// The message is not here any more.
    pub(super) fn forget(&mut self, id: MessageId) {
        let Some(all) = &mut self.0 else { return };
        all.by_ticket.remove(&id);
        if all.by_ticket.is_empty() {
            self.0 = None;
        }
    }

    /// The present tickets of all that are followed, by the tickets that they had at first.
    pub(super) fn present(&self) -> HashMap<MessageId, MessageId> {
        self.0
            .iter()
            .flat_map(|all| all.by_ticket.iter().map(|(now, lineage)| (lineage.first, *now)))
            .collect()
    }

    /// A message that is on its way is to be held if it comes back.
    pub(super) fn hold_on_return(&mut self, id: MessageId, held: Option<(MessageId, HeldBy)>) {
        let lineage = self.0.as_mut().and_then(|all| all.by_ticket.get_mut(&id));
        lineage.into_iter().for_each(|lineage| lineage.held_on_return = held);
    }

    /// Whether a message that came back is to be held, and under which ticket. Asked once.
    pub(super) fn remove_held_on_return(&mut self, id: MessageId) -> Option<(MessageId, HeldBy)> {
        self.0.as_mut()?.by_ticket.get_mut(&id)?.held_on_return.take()
    }
}
