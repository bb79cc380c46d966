//! How much of the queue each remote place has, and how much more it may have.
//!
//! The bounds are dynamic thresholds, as in switches that share one memory among their ports (Choudhury and Hahne,
//! 1998): each network may have [`ALPHA`] times the room that is free for all strangers, and each place in it
//! [`ALPHA`] times what its network may still have. So one place alone gets almost all of the room, and many that want all
//! of it leave some free: nothing that was accepted has to be thrown away for those that come later. What a network has
//! more than it may is no reason to refuse a place that has little: see [`LITTLE`].

use std::{collections::HashMap, net::IpAddr};

use serde::Serialize;

use super::place::network;

/// How many times the free room one network may have. One place alone gets 88 % of the room; sixteen networks that want
/// all of it leave 0.8 % free.
const ALPHA: usize = 8;

/// A place may have this part of the free room whatever others of its network have. So a network of 65,536 places that
/// all want it leaves a two-thousandth of the room.
const LITTLE: usize = 32;

/// Stands for all places beyond those that are told apart.
const OTHERS: IpAddr = IpAddr::V6(std::net::Ipv6Addr::UNSPECIFIED);

/// Messages, and bytes of JSON text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Load {
    pub(super) messages: usize,
    pub(super) bytes: usize,
}

impl Load {
    pub(super) fn add(&mut self, size: usize) {
        self.messages += 1;
        self.bytes += size;
    }

    pub(super) fn remove(&mut self, size: usize) {
        self.messages -= 1;
        self.bytes -= size;
    }
}

/// What a node has of the messages that came from one remote place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct PlaceShare {
    /// The place: an IPv4 address, or the first address of an IPv6 network of 64 bits. `::` stands for all that came from
    /// further places while there were messages of more than a million.
    pub place: IpAddr,
    /// Messages that wait, are held or are in flight.
    pub messages: usize,
    /// Their bytes of JSON text.
    pub bytes: usize,
    /// How many of the messages are held.
    pub held: usize,
    /// Messages that were not accepted because the place had its share, since it last had no message here.
    pub refused: u64,
}

/// Names a place for as long as there is a message of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Slot(u32);

impl Slot {
    /// Bits that a slot takes.
    pub(super) const BITS: u32 = 20;
    /// Of messages without a place.
    pub(super) const NONE: Self = Self(0);
    /// Places that are told apart.
    const COUNT: usize = (1 << Self::BITS) - 2;

    pub(super) fn from_bits(bits: u32) -> Self {
        Self(bits)
    }

    pub(super) fn to_bits(self) -> u32 {
        self.0
    }
}

/// The shares of all places that have messages here.
#[derive(Debug, Default)]
pub(super) struct Shares {
    /// Slot 1 is the first.
    places: Vec<PlaceShare>,
    unused: Vec<Slot>,
    // Strangers choose the keys: std's seeded hash.
    slots: HashMap<IpAddr, Slot>,
    networks: HashMap<IpAddr, Load>,
}

impl Shares {
    /// Whether a place may have one more message of `size` bytes while this much is free for strangers. Bytes are
    /// compared as they are then; messages as they are before, so that a queue of a few messages can be filled.
    pub(super) fn admits(&self, place: IpAddr, size: usize, free: Load) -> bool {
        let of_network = self.networks.get(&network(place)).copied().unwrap_or_default();
        let of_place = self.of(place).map_or(Load::default(), |share| Load {
            messages: share.messages,
            bytes: share.bytes,
        });
        is_within(of_place.messages + 1, of_network.messages + 1, free.messages)
            && is_within(of_place.bytes + size, of_network.bytes + size, free.bytes.saturating_sub(size))
    }

    /// Counts a message of this place. Returns the place that it is counted for.
    pub(super) fn add(&mut self, place: IpAddr, size: usize) -> IpAddr {
        let place = if self.is_told_apart(place) { place } else { OTHERS };
        let share = self.make(place);
        share.messages += 1;
        share.bytes += size;
        self.networks.entry(network(place)).or_default().add(size);
        place
    }

    /// Counts one less.
    pub(super) fn remove(&mut self, place: IpAddr, size: usize) {
        let Some(slot) = self.slots.get(&place).copied() else { return };
        let share = self.at_mut(slot);
        share.messages -= 1;
        share.bytes -= size;
        if share.messages == 0 {
            self.slots.remove(&place);
            self.unused.push(slot);
        }
        let network = network(place);
        if let Some(load) = self.networks.get_mut(&network) {
            load.remove(size);
            if load.messages == 0 {
                self.networks.remove(&network);
            }
        }
        if self.slots.is_empty() {
            *self = Self::default();
        }
    }

    /// A message of this place has another size.
    pub(super) fn resize(&mut self, place: IpAddr, before: usize, after: usize) {
        if let Some(share) = self.of_mut(place) {
            share.bytes = share.bytes - before + after;
        }
        if let Some(load) = self.networks.get_mut(&network(place)) {
            load.bytes = load.bytes - before + after;
        }
    }

    /// So many more of a place's messages are held, or fewer.
    pub(super) fn count_held(&mut self, place: IpAddr, change: isize) {
        if let Some(share) = self.of_mut(place) {
            share.held = share.held.saturating_add_signed(change);
        }
    }

    pub(super) fn count_refused(&mut self, place: IpAddr) {
        if let Some(share) = self.of_mut(place) {
            share.refused = share.refused.saturating_add(1);
        }
    }

    /// The slot of a place that has messages.
    pub(super) fn slot(&self, place: Option<IpAddr>) -> Slot {
        place.and_then(|place| self.slots.get(&place).copied()).unwrap_or(Slot::NONE)
    }

    /// The place that has this slot.
    pub(super) fn place(&self, slot: Slot) -> Option<IpAddr> {
        (slot != Slot::NONE).then(|| self.at(slot).place)
    }

    /// How many places have messages here.
    pub(super) fn len(&self) -> usize {
        self.slots.len()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &PlaceShare> {
        self.places.iter().filter(|share| share.messages > 0)
    }

    fn is_told_apart(&self, place: IpAddr) -> bool {
        self.slots.len() < Slot::COUNT || self.slots.contains_key(&place)
    }

    fn make(&mut self, place: IpAddr) -> &mut PlaceShare {
        let slot = self.slots.get(&place).copied().unwrap_or_else(|| {
            let empty = PlaceShare { place, messages: 0, bytes: 0, held: 0, refused: 0 };
            let slot = self.unused.pop().unwrap_or(Slot(self.places.len() as u32 + 1));
            match self.places.get_mut(slot.0 as usize - 1) {
                Some(unused) => *unused = empty,
                None => self.places.push(empty),
            }
            self.slots.insert(place, slot);
            slot
        });
        self.at_mut(slot)
    }

    fn of(&self, place: IpAddr) -> Option<&PlaceShare> {
        self.slots.get(&place).map(|slot| self.at(*slot))
    }

    fn of_mut(&mut self, place: IpAddr) -> Option<&mut PlaceShare> {
        let slot = self.slots.get(&place).copied();
        slot.map(|slot| self.at_mut(slot))
    }

    fn at(&self, slot: Slot) -> &PlaceShare {
        &self.places[slot.0 as usize - 1]
    }

    fn at_mut(&mut self, slot: Slot) -> &mut PlaceShare {
        &mut self.places[slot.0 as usize - 1]
    }
}

/// Whether a place and its network may have this much while this much is free.
fn is_within(of_place: usize, of_network: usize, free: usize) -> bool {
    let left = free.saturating_mul(ALPHA).checked_sub(of_network);
    of_place <= free / LITTLE || left.is_some_and(|left| of_place <= left.saturating_mul(ALPHA))
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    fn v4(number: usize) -> IpAddr {
        Ipv4Addr::from_bits(number as u32).into()
    }

    #[test]
    fn a_slot_is_used_again_and_an_empty_table_keeps_no_memory() {
        let mut shares = Shares::default();
        for place in [1, 2, 1, 3] {
            shares.add(v4(place), 10);
        }
        let slot = shares.slot(Some(v4(2)));
        shares.remove(v4(2), 10);
        assert_eq!((shares.slot(Some(v4(2))), shares.len()), (Slot::NONE, 2));
        shares.add(v4(4), 7);
        assert_eq!((shares.slot(Some(v4(4))), shares.place(slot)), (slot, Some(v4(4))));
        for (place, size) in [(4, 7), (1, 10), (3, 10), (1, 10)] {
            shares.remove(v4(place), size);
        }
        assert_eq!((shares.places.capacity(), shares.networks.len(), shares.iter().count()), (0, 0, 0));
    }

    #[test]
    fn places_beyond_those_that_are_told_apart_are_counted_together() {
        let mut shares = Shares::default();
        for place in 0..Slot::COUNT {
            assert_eq!(shares.add(v4(place), 1), v4(place));
        }
        for place in 0..3 {
            assert_eq!(shares.add(v4(Slot::COUNT + place), 2), OTHERS);
            assert_eq!(shares.add(v4(place), 2), v4(place));
        }
        let others = PlaceShare { place: OTHERS, messages: 3, bytes: 6, held: 0, refused: 0 };
        assert_eq!(shares.of(OTHERS), Some(&others));
        assert!(shares.slot(Some(OTHERS)).to_bits() < 1 << Slot::BITS);
    }
}
