//! Queued messages in 40 bytes each, because there can be millions.

use std::net::IpAddr;

use crate::protocol::{Address, Message};

use super::{MessageId, QueuedMessage, queue::Entry, shares::Slot};

/// An [`Entry`] in 40 bytes.
#[derive(Debug)]
pub(super) struct CompactEntry {
    packed_id: PackedId,
    pub(super) message: Message,
    from: Option<Address>,
    meta: PackedMeta,
}

/// The id of a message in 44 bits, and the slot of its rate-limit key. 44 bits are enough for five years at the maximum
/// send rate if every send assigns a new id, and for half a million years at the default rate.
#[derive(Debug, Clone, Copy)]
struct PackedId(u64);

impl PackedId {
    fn new(id: MessageId, slot: Slot) -> Self {
        Self(id.0 << Slot::BITS | u64::from(slot.to_bits()))
    }

    fn id(self) -> MessageId {
        MessageId(self.0 >> Slot::BITS)
    }

    fn slot(self) -> Slot {
        Slot::from_bits(self.0 as u32 & ((1 << Slot::BITS) - 1))
    }
}

/// Time of arrival in milliseconds of uptime (40 bits, 34 years), number of visits (23 bits), and whether the current
/// hold rule passed the message (one bit). Larger values are stored as the maximum.
#[derive(Debug, Clone, Copy)]
struct PackedMeta(u64);

const VISITS_BITS: u32 = 23;
const SINCE_BITS: u32 = 40;

impl PackedMeta {
    fn new(since_ms: u64, visits: u32, passes: bool) -> Self {
        let since_ms = since_ms.min((1 << SINCE_BITS) - 1);
        let visits = u64::from(visits).min((1 << VISITS_BITS) - 1);
        Self(since_ms << (VISITS_BITS + 1) | visits << 1 | u64::from(passes))
    }

    fn since_ms(self) -> u64 {
        self.0 >> (VISITS_BITS + 1)
    }

    fn visits(self) -> u32 {
        (self.0 >> 1) as u32 & ((1 << VISITS_BITS) - 1)
    }

    fn passes(self) -> bool {
        self.0 & 1 == 1
    }
}

impl CompactEntry {
    /// `rule` is the number of the current hold rule.
    pub(super) fn new(entry: Entry, rule: u64, slot: Slot) -> Self {
        let Entry { queued: QueuedMessage { id, message, since_ms, visits, from, .. }, passed } = entry;
        let meta = PackedMeta::new(since_ms, visits, passed == rule);
        Self { packed_id: PackedId::new(id, slot), message, from, meta }
    }

    pub(super) fn into_entry(self, rule: u64, place: Option<IpAddr>) -> Entry {
        let passed = if self.passes() { rule } else { 0 };
        let Self { packed_id, message, from, meta } = self;
        let (id, since_ms, visits) = (packed_id.id(), meta.since_ms(), meta.visits());
        Entry { queued: QueuedMessage { id, message, since_ms, visits, from, place }, passed }
    }

    pub(super) fn queued(&self, place: Option<IpAddr>) -> QueuedMessage {
        let Self { packed_id, message, from, meta } = self;
        let (message, from) = (message.clone(), from.clone());
        let (id, since_ms, visits) = (packed_id.id(), meta.since_ms(), meta.visits());
        QueuedMessage { id, message, since_ms, visits, from, place }
    }

    pub(super) fn id(&self) -> MessageId {
        self.packed_id.id()
    }

    /// The slot of the rate-limit key of its source.
    pub(super) fn slot(&self) -> Slot {
        self.packed_id.slot()
    }

    /// Whether the user of this node wrote it.
    pub(super) fn is_local(&self) -> bool {
        self.from.is_none()
    }

    /// Whether the current hold rule passed it.
    pub(super) fn passes(&self) -> bool {
        self.meta.passes()
    }

    pub(super) fn set_passes(&mut self, passes: bool) {
        self.meta = PackedMeta::new(self.meta.since_ms(), self.meta.visits(), passes);
    }

    /// Replaces the text. The current hold rule has not passed the new text.
    pub(super) fn replace_message(&mut self, message: Message, visits: u32) {
        self.meta = PackedMeta::new(self.meta.since_ms(), visits, false);
        self.message = message;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The maximum time and number of visits that are stored.
    const MOST: (u64, u32) = ((1 << 40) - 1, (1 << 23) - 1);
    const LAST: MessageId = MessageId((1 << (u64::BITS - Slot::BITS)) - 1);

    fn entry(since_ms: u64, visits: u32, passed: u64) -> Entry {
        let (message, from) = (Message::text("GNU"), Some(Address::new("a", 1).unwrap()));
        let place = Some([10, 0, 0, 1].into());
        Entry { queued: QueuedMessage { id: LAST, message, since_ms, visits, from, place }, passed }
    }

    #[test]
    fn a_compact_entry_keeps_all_values_and_saturates_at_its_maximum() {
        let place = entry(0, 0, 0).queued.place;
        for (since_ms, visits, passed) in [(0, 0, 0), (1, 2, 7), (MOST.0, MOST.1, 7)] {
            for slot in [Slot::NONE, Slot::from_bits(1), Slot::from_bits((1 << Slot::BITS) - 1)] {
                let waiting = CompactEntry::new(entry(since_ms, visits, passed), 7, slot);
                assert_eq!(waiting.queued(place), entry(since_ms, visits, passed).queued);
                assert_eq!((waiting.passes(), waiting.slot(), waiting.id()), (passed == 7, slot, LAST));
                assert_eq!(waiting.into_entry(7, place), entry(since_ms, visits, passed));
            }
        }
        for (since_ms, visits, passed) in [
            (u64::MAX, u32::MAX, 7),
            (u64::MAX, 0, 0),
            (0, u32::MAX, 0),
            (MOST.0 + 1, 1, 7),
            (1, MOST.1 + 1, 7),
        ] {
            let most = CompactEntry::new(entry(since_ms, visits, passed), 7, Slot::NONE).into_entry(7, place);
            assert_eq!(most, entry(since_ms.min(MOST.0), visits.min(MOST.1), passed), "{since_ms} {visits}");
        }
    }

    #[test]
    fn a_compact_entry_has_at_most_40_bytes() {
        assert!(size_of::<CompactEntry>() <= 40, "{}", size_of::<CompactEntry>());
    }
}
