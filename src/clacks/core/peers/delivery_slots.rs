//! Maximum deliveries in flight to one peer and to one machine, as a function of the free slots.
//!
//! A limit that is a share of the free slots is a dynamic threshold, as in switches with a shared buffer. One peer can
//! use much while nobody else needs it, and there is always room for others. A peer at its limit waits until deliveries
//! end.

use super::{by_machine::Machines, record::Record};

/// The current limits. Each is at least one.
#[derive(Debug, Clone, Copy)]
pub(super) struct DeliverySlots {
    per_peer: u32,
    per_machine: u32,
    per_slow_machine: u32,
    /// Whether slow peers, and peers that did not respond when last tried, can be sent to.
    pub(super) admits_slow: bool,
}

impl DeliverySlots {
    /// The limits while `free` of `all` slots are free, and at most `per_peer` for one peer. The last quarter of all
    /// slots is for fast peers, which release them soon, if there are any. If there is only one machine, only its peers
    /// are limited.
    pub(super) fn of(free: usize, all: usize, per_peer: usize, machines: &Machines) -> Self {
        let is_alone = machines.is_only_one();
        let bound = |bound: usize| u32::try_from(bound.max(1)).unwrap_or(u32::MAX);
        Self {
            per_peer: bound(free.div_ceil(4).min(per_peer)),
            per_machine: if is_alone { u32::MAX } else { bound(free.saturating_mul(3)) },
            per_slow_machine: if is_alone { u32::MAX } else { bound(free) },
            admits_slow: free > all / 4 || !machines.is_any_fast(),
        }
    }

    /// Whether a machine with this many deliveries in flight can get one more, for a slow or a fast peer.
    pub(super) fn admits_machine(&self, in_flight: u32, is_slow: bool) -> bool {
        let most = if is_slow { self.per_slow_machine } else { self.per_machine };
        in_flight < most && (self.admits_slow || !is_slow)
    }

    /// Whether a peer that responded when last tried can get one more delivery. `at_machine` is the number of
    /// deliveries in flight to its machine.
    pub(super) fn admits(&self, record: &Record, at_machine: Option<u32>) -> bool {
        !record.is_paused
            && record.in_flight < self.per_peer
            && self.admits_machine(at_machine.unwrap_or(record.in_flight), record.is_slow)
    }
}
