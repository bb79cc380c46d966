//! What the node knows.

use crate::{
    core::{Member, Options, RefusalCounts},
    protocol::{Address, Id},
};

use super::Core;

/// Totals since the node started.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Counters {
    /// Messages received.
    pub received: u64,
    /// Messages sent, each to one member.
    pub sent: u64,
    /// Replies to our messages.
    pub replies: u64,
    /// Messages of ours without a reply.
    pub failed: u64,
    /// Checks of members.
    pub checks: u64,
    /// Refused requests.
    pub refusals: RefusalCounts,
}

impl Core {
    /// Our id.
    pub fn id(&self) -> &Id {
        &self.id
    }

    /// The options, with the current data and interval of checks.
    pub fn options(&self) -> &Options {
        &self.options
    }

    /// The other members, by id.
    pub fn members(&self) -> impl ExactSizeIterator<Item = &Member> {
        self.members.values()
    }

    /// The member with this id.
    pub fn member(&self, id: &Id) -> Option<&Member> {
        self.members.get(id)
    }

    /// The dropped members: ids and addresses.
    pub fn dropped(&self) -> impl ExactSizeIterator<Item = (&Id, &Address)> {
        self.dropped.iter()
    }

    /// Whether the node is asking others to let it in.
    pub fn is_attempting_to_join(&self) -> bool {
        self.attempt.is_some()
    }

    /// Number of messages and updates whose replies are awaited.
    pub fn open_sends(&self) -> usize {
        self.sends.len()
    }

    /// Totals since the node started.
    pub fn counters(&self) -> &Counters {
        &self.counters
    }
}

#[cfg(test)]
impl Core {
    /// The sizes of everything that grows, with their bounds.
    pub(in crate::core) fn sizes(&self) -> Vec<(&'static str, usize, usize)> {
        let members = self.options.bodies.max_members;
        let in_flight = self.sending + self.options.max_newcomers + 2 * members + 1;
        vec![
            ("members", self.members.len(), members),
            ("disputed", self.disputed.len(), 2 * members),
            ("dropped", self.dropped.len(), members),
            ("former", self.former.len(), super::MAX_FORMER),
            ("newcomers", self.newcomers.len(), 2 * self.options.max_newcomers),
            ("sending", self.sending, self.options.max_requests + self.sends.len()),
            ("receivers", self.sending_to.len(), self.sending),
            ("in flight", self.in_flight.len(), in_flight + 1000),
            ("timers", self.timers.len(), 1000),
            ("replays", self.replays.len(), self.options.max_remembered),
        ]
    }
}
