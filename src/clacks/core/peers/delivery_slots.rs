//! How many deliveries may be under way to one peer and to one machine, by how many slots are free.
//!
//! A bound that is a share of what is free (a dynamic threshold, as switches with a shared buffer have it) lets one take
//! much while nobody else wants it, and leaves room for others at any moment: whoever has reached it waits until
//! others, or its own, have ended.

use super::{machines::Machines, record::Record};

/// The bounds at one moment. Each admits one at least.
#[derive(Debug, Clone, Copy)]
pub(super) struct DeliverySlots {
    per_peer: u32,
    per_machine: u32,
    per_slow_machine: u32,
    /// Whether peers can be sent to that are slow or did not answer last time.
    pub(super) admits_slow: bool,
}

impl DeliverySlots {
    /// With so many slots free of so many, and at most `per_peer` for one peer. The last quarter of all slots is for fast
    /// peers, which free them soon, if there are any.
    /// A machine alone, beside which no other wants room, is bounded by its peers only.
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

    /// Whether one more can be sent to a machine with so many under way, if its peer is slow or not.
    pub(super) fn admits_machine(&self, in_flight: u32, is_slow: bool) -> bool {
        let most = if is_slow { self.per_slow_machine } else { self.per_machine };
        in_flight < most && (self.admits_slow || !is_slow)
    }

    /// Whether one more can be sent to a peer that answered last time, at a machine with so many under way.
    pub(super) fn admits(&self, record: &Record, at_machine: Option<u32>) -> bool {
        !record.is_paused
            && record.in_flight < self.per_peer
            && self.admits_machine(at_machine.unwrap_or(record.in_flight), record.is_slow)
    }
}
