//! What the node knows.

use std::ops::Bound;

use crate::{
    core::{Member, Options, RefusalCounts},
    protocol::Id,
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

/// A member, or one that the user dropped.
#[derive(Debug, Clone, Copy)]
pub struct Listed<'a> {
    /// The member. One that was dropped is as it was then.
    pub member: &'a Member,
    /// Whether the user dropped it.
    pub is_dropped: bool,
}

/// Members and dropped members in one order. No id is in both.
fn merged<'a>(
    members: impl Iterator<Item = (&'a Id, &'a Member)>,
    dropped: impl Iterator<Item = (&'a Id, &'a Member)>,
    is_first: fn(&Id, &Id) -> bool,
) -> impl Iterator<Item = Listed<'a>> {
    let (mut members, mut dropped) = (members.peekable(), dropped.peekable());
    std::iter::from_fn(move || {
        let is_dropped = match (members.peek(), dropped.peek()) {
            (Some((member, _)), Some((other, _))) => !is_first(member, other),
            (member, _) => member.is_none(),
        };
        let next = if is_dropped { dropped.next() } else { members.next() };
        next.map(|(_, member)| Listed { member, is_dropped })
    })
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

    /// The dropped members, by id, as they were when they were dropped.
    pub fn dropped(&self) -> impl ExactSizeIterator<Item = &Member> {
        self.dropped.values()
    }

    /// The dropped member with this id.
    pub fn dropped_member(&self, id: &Id) -> Option<&Member> {
        self.dropped.get(id)
    }

    /// The members and the dropped members from a place on, by id. The text need not be an id.
    pub fn listed_from(&self, start: Bound<&str>) -> impl Iterator<Item = Listed<'_>> {
        let range = (start, Bound::Unbounded);
        merged(self.members.range::<str, _>(range), self.dropped.range::<str, _>(range), Id::le)
    }

    /// The members and the dropped members that [`Core::listed_from`] leaves out, by descending id; `None`: all.
    pub fn listed_before(&self, start: Option<Bound<&str>>) -> impl Iterator<Item = Listed<'_>> {
        let end = match start {
            None => Bound::Unbounded,
            Some(Bound::Included(text)) => Bound::Excluded(text),
            Some(Bound::Excluded(text)) => Bound::Included(text),
            // No id is empty.
            Some(Bound::Unbounded) => Bound::Excluded(""),
        };
        let range = (Bound::Unbounded, end);
        let (members, dropped) = (self.members.range::<str, _>(range), self.dropped.range::<str, _>(range));
        merged(members.rev(), dropped.rev(), Id::ge)
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
            ("disputed", self.disputed.len(), members),
            ("waiting checks", self.waiting_checks.len(), members),
            ("dropped", self.dropped.len(), members),
            ("former", self.former.len(), super::heal::MAX_FORMER),
            ("newcomers", self.newcomers.len(), 2 * self.options.max_newcomers),
            ("sending", self.sending, self.options.max_requests + self.sends.len()),
            ("receivers", self.sending_to.len(), self.sending),
            ("in flight", self.in_flight.len(), in_flight + 1000),
            ("timers", self.timers.len(), 1000),
            ("replays", self.replays.len(), self.options.max_remembered),
        ]
    }
}
