//! Tracking of messages whose ids change, so that a command on them can be undone.

use std::collections::HashMap;

use crate::core::{HeldBy, MessageId};

/// The tracked messages by current id. Each is tracked until it leaves the node.
#[derive(Debug, Default)]
pub(super) struct TrackedMessages(Option<Box<TrackedById>>);

/// Boxed, because most nodes track none, and an empty map is as large as one with messages.
#[derive(Debug, Default)]
struct TrackedById {
    by_id: HashMap<MessageId, TrackedMessage>,
}

/// The tracking state of a message.
#[derive(Debug, Clone)]
pub(super) struct TrackedMessage {
    /// The id when tracking began.
    first_id: MessageId,
    /// The id and reason with which the message is held if the delivery in flight fails.
    held_on_return: Option<(MessageId, HeldBy)>,
}

impl TrackedMessages {
    /// Starts to track the message with this id.
    pub(super) fn track(&mut self, id: MessageId) {
        let all = &mut self.0.get_or_insert_default().by_id;
        all.entry(id).or_insert(TrackedMessage { first_id: id, held_on_return: None });
    }

    /// The id that the message had when tracking began.
    pub(super) fn first_id(&self, id: MessageId) -> MessageId {
        self.0.as_ref().and_then(|all| all.by_id.get(&id)).map_or(id, |tracked| tracked.first_id)
    }

    /// Tracks a dropped message again that was restored.
    pub(super) fn track_again(&mut self, id: MessageId, first_id: MessageId) {
        self.0.get_or_insert_default().by_id.insert(id, TrackedMessage { first_id, held_on_return: None });
    }

    /// Updates the id of a message.
    pub(super) fn change_id(&mut self, from: MessageId, to: MessageId) {
        let Some(all) = &mut self.0 else { return };
        if let Some(tracked) = all.by_id.remove(&from) {
            all.by_id.insert(to, tracked);
        }
    }

    /// Stops tracking a message that left the node.
    pub(super) fn forget(&mut self, id: MessageId) {
        let Some(all) = &mut self.0 else { return };
        all.by_id.remove(&id);
        if all.by_id.is_empty() {
            self.0 = None;
        }
    }

    /// The current ids of all tracked messages, by the ids that they had when tracking began.
    pub(super) fn current_ids(&self) -> HashMap<MessageId, MessageId> {
        self.0
            .iter()
            .flat_map(|all| all.by_id.iter().map(|(now, tracked)| (tracked.first_id, *now)))
            .collect()
    }

    /// Sets whether a message in flight is held if it returns.
    pub(super) fn hold_on_return(&mut self, id: MessageId, held: Option<(MessageId, HeldBy)>) {
        if let Some(tracked) = self.0.as_mut().and_then(|all| all.by_id.get_mut(&id)) {
            tracked.held_on_return = held;
        }
    }

    /// Removes and returns the id and reason with which a returned message is to be held.
    pub(super) fn remove_held_on_return(&mut self, id: MessageId) -> Option<(MessageId, HeldBy)> {
        self.0.as_mut()?.by_id.get_mut(&id)?.held_on_return.take()
    }
}
