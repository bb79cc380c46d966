//! The share of the queue that each rate-limit key uses, and its limit.
//!
//! The limits are dynamic thresholds, as in switches that share one memory among their ports (Choudhury and Hahne,
//! 1998). The limit of a network depends on the free room of all peers; the limit of a key depends on what is left for
//! its network. So one key alone gets almost all of the room, and no accepted message has to be dropped for later
//! senders. A threshold in proportion to the free room is not enough, because messages that nobody accepts stay: each
//! later network would take most of the rest, and five networks would fill the queue. So the last part of the room is
//! given out in small shares: see [`bound`].
//!
//! A place in this file is the rate-limit key of a remote address.

use std::{
    collections::{BTreeSet, HashMap},
    net::IpAddr,
    ops::Bound,
};

use clacks_transport::network;
use serde::Serialize;

/// Limit of one network, as a multiple of the free room beyond the last part.
const ALPHA: usize = 16;
/// The last part is one sixteenth of the room.
const LAST: usize = 16;
/// Limit of one network when only the last part is left: one sixteenth of the free room. The keys of a network above
/// its limit share the same amount.
const SMALL: usize = 16;

/// Represents all keys beyond the maximum number of tracked keys.
const OTHERS: IpAddr = IpAddr::V6(std::net::Ipv6Addr::UNSPECIFIED);

/// Messages, and bytes of JSON text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Load {
    pub(super) messages: usize,
    pub(super) bytes: usize,
}

impl Load {
    /// One message of this size.
    pub(super) fn of(size: usize) -> Self {
        Self { messages: 1, bytes: size }
    }

    pub(super) fn add(&mut self, size: usize) {
        self.messages += 1;
        self.bytes += size;
    }

    pub(super) fn remove(&mut self, size: usize) {
        self.messages -= 1;
        self.bytes -= size;
    }
}

/// The share of the queue that messages from one remote address use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct PlaceShare {
    /// The rate-limit key: an IPv4 address, or the first address of a /64 network of IPv6. `::` stands for all further
    /// keys while there are messages from more than a million.
    pub place: IpAddr,
    /// Messages queued, held or in flight.
    pub messages: usize,
    /// Their bytes of JSON text.
    pub bytes: usize,
    /// Number of these messages that are held.
    pub held: usize,
    /// Messages refused because the share was used up, since the address last had no message here.
    pub refused: u64,
}

impl PlaceShare {
    /// A share without held and refused messages.
    pub fn new(place: IpAddr, messages: usize, bytes: usize) -> Self {
        Self { place, messages, bytes, held: 0, refused: 0 }
    }
}

/// The position of a remote address among those with messages here: the largest share first, then by address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct PlaceRank {
    /// What its share leaves of the room for all messages, in billionths of that room: 0 to 1,000,000,000. The share is
    /// that of the messages or of the bytes, whichever is larger.
    pub rest: u32,
    /// The rate-limit key: [`PlaceShare::place`].
    pub place: IpAddr,
}

impl PlaceRank {
    /// The whole room in [`PlaceRank::rest`].
    pub const WHOLE: u32 = 1_000_000_000;

    /// The position of a share, given the room for all messages.
    fn of(share: &PlaceShare, most: Load) -> Self {
        let of_messages = share.messages as f64 / most.messages as f64;
        let part = of_messages.max(share.bytes as f64 / most.bytes as f64).min(1.0);
        // Without room the part is no number, which counts as none.
        let used = (part * f64::from(Self::WHOLE)) as u32;
        Self { rest: Self::WHOLE - used, place: share.place }
    }

    /// Its share of the room for all messages: 0 to 1.
    pub fn share(self) -> f64 {
        f64::from(Self::WHOLE - self.rest) / f64::from(Self::WHOLE)
    }
}

/// A range of positions.
pub(super) type PlaceRange = (Bound<PlaceRank>, Bound<PlaceRank>);

/// Identifies a rate-limit key while it has messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Slot(u32);

impl Slot {
    /// Number of bits of a slot.
    pub(super) const BITS: u32 = 20;
    /// The slot of messages without a rate-limit key.
    pub(super) const NONE: Self = Self(0);
    /// Maximum number of tracked keys.
    const COUNT: usize = (1 << Self::BITS) - 2;

    pub(super) fn from_bits(bits: u32) -> Self {
        Self(bits)
    }

    pub(super) fn to_bits(self) -> u32 {
        self.0
    }
}

/// The share of one network.
#[derive(Debug, Default)]
struct Network {
    load: Load,
    /// Number of its keys with messages.
    places: usize,
}

/// The shares of all rate-limit keys with messages.
#[derive(Debug)]
pub(super) struct Shares {
    /// The room for all messages.
    most: Load,
    /// The first element has slot 1.
    places: Vec<PlaceShare>,
    unused: Vec<Slot>,
    // Strangers choose the keys, so std's seeded hash is used.
    slots: HashMap<IpAddr, Slot>,
    networks: HashMap<IpAddr, Network>,
    /// The keys, the largest share first.
    ranks: BTreeSet<PlaceRank>,
}

impl Shares {
    /// No shares of this room.
    pub(super) fn new(most: Load) -> Self {
        Self {
            most,
            places: Vec::new(),
            unused: Vec::new(),
            slots: HashMap::new(),
            networks: HashMap::new(),
            ranks: BTreeSet::new(),
        }
    }

    /// Whether `new` messages are accepted from this key, all or none. `free` is the free room of all peers, `whole`
    /// their total. Bytes are compared including the messages. Messages are compared without the last one, so that a
    /// queue of a few messages can be filled.
    pub(super) fn admits(&self, place: IpAddr, new: Load, free: Load, whole: Load) -> bool {
        let none = Network::default();
        let Network { load, places } = self.networks.get(&network(place)).unwrap_or(&none);
        let share = self.get(place);
        let places = places + usize::from(share.is_none());
        let (messages, bytes) = share.map_or((0, 0), |share| (share.messages, share.bytes));
        let in_messages =
            Measure { place: messages + new.messages, network: load.messages + new.messages, places };
        let in_bytes = Measure { place: bytes + new.bytes, network: load.bytes + new.bytes, places };
        let others = new.messages.saturating_sub(1);
        in_messages.is_within(free.messages.saturating_sub(others), whole.messages)
            && in_bytes.is_within(free.bytes.saturating_sub(new.bytes), whole.bytes)
    }

    /// Counts a message. Returns the key that it is counted for.
    pub(super) fn add(&mut self, place: IpAddr, size: usize) -> IpAddr {
        let place = if self.is_tracked(place) { place } else { OTHERS };
        let slot = self.create(place);
        let (before, after) = self.change(slot, |share| {
            share.messages += 1;
            share.bytes += size;
        });
        let is_first = before.messages == 0;
        self.move_rank((!is_first).then_some(before), Some(after));
        let network = self.networks.entry(network(place)).or_default();
        network.load.add(size);
        network.places += usize::from(is_first);
        place
    }

    /// Uncounts a message.
    pub(super) fn remove(&mut self, place: IpAddr, size: usize) {
        let Some(slot) = self.slots.get(&place).copied() else { return };
        let (before, after) = self.change(slot, |share| {
            share.messages -= 1;
            share.bytes -= size;
        });
        let is_last = after.messages == 0;
        self.move_rank(Some(before), (!is_last).then_some(after));
        if is_last {
            self.slots.remove(&place);
            self.unused.push(slot);
        }
        let get = network(place);
        if let Some(Network { load, places }) = self.networks.get_mut(&get) {
            load.remove(size);
            *places -= usize::from(is_last);
            if load.messages == 0 {
                self.networks.remove(&get);
            }
        }
        if self.slots.is_empty() {
            *self = Self::new(self.most);
        }
    }

    /// Updates the size of a message.
    pub(super) fn resize(&mut self, place: IpAddr, before: usize, after: usize) {
        if let Some(slot) = self.slots.get(&place).copied() {
            let (was, is) = self.change(slot, |share| share.bytes = share.bytes - before + after);
            self.move_rank(Some(was), Some(is));
        }
        if let Some(Network { load, .. }) = self.networks.get_mut(&network(place)) {
            load.bytes = load.bytes - before + after;
        }
    }

    /// Adds `change` to the number of held messages of a key.
    pub(super) fn count_held(&mut self, place: IpAddr, change: isize) {
        if let Some(share) = self.get_mut(place) {
            share.held = share.held.saturating_add_signed(change);
        }
    }

    pub(super) fn count_refused(&mut self, place: IpAddr) {
        if let Some(share) = self.get_mut(place) {
            share.refused = share.refused.saturating_add(1);
        }
    }

    /// The slot of a key with messages.
    pub(super) fn slot(&self, place: Option<IpAddr>) -> Slot {
        place.and_then(|place| self.slots.get(&place).copied()).unwrap_or(Slot::NONE)
    }

    /// The key with this slot.
    pub(super) fn place(&self, slot: Slot) -> Option<IpAddr> {
        (slot != Slot::NONE).then(|| self.at(slot).place)
    }

    /// Number of keys with messages.
    pub(super) fn len(&self) -> usize {
        self.slots.len()
    }

    /// The shares at these positions, the largest first.
    pub(super) fn ranked(
        &self,
        range: PlaceRange,
    ) -> impl DoubleEndedIterator<Item = (PlaceRank, PlaceShare)> {
        self.ranks.range(range).filter_map(|rank| Some((*rank, *self.get(rank.place)?)))
    }

    /// The share of a key with messages, and its position.
    pub(super) fn find(&self, place: IpAddr) -> Option<(PlaceRank, PlaceShare)> {
        self.get(place).map(|share| (PlaceRank::of(share, self.most), *share))
    }

    fn is_tracked(&self, place: IpAddr) -> bool {
        self.slots.len() < Slot::COUNT || self.slots.contains_key(&place)
    }

    /// Changes a share. Returns it as it was and as it is.
    fn change(&mut self, slot: Slot, change: impl FnOnce(&mut PlaceShare)) -> (PlaceShare, PlaceShare) {
        let share = self.at_mut(slot);
        let before = *share;
        change(share);
        (before, *share)
    }

    /// Updates the position of a share. `None`: it has no messages.
    fn move_rank(&mut self, before: Option<PlaceShare>, after: Option<PlaceShare>) {
        let [before, after] =
            [before, after].map(|share| share.map(|share| PlaceRank::of(&share, self.most)));
        if before != after {
            before.into_iter().for_each(|rank| _ = self.ranks.remove(&rank));
            self.ranks.extend(after);
        }
    }

    /// The slot of a key, which has no messages yet if it is new.
    fn create(&mut self, place: IpAddr) -> Slot {
        self.slots.get(&place).copied().unwrap_or_else(|| {
            let empty = PlaceShare { place, messages: 0, bytes: 0, held: 0, refused: 0 };
            let slot = self.unused.pop().unwrap_or(Slot(self.places.len() as u32 + 1));
            match self.places.get_mut(slot.0 as usize - 1) {
                Some(unused) => *unused = empty,
                None => self.places.push(empty),
            }
            self.slots.insert(place, slot);
            slot
        })
    }

    fn get(&self, place: IpAddr) -> Option<&PlaceShare> {
        self.slots.get(&place).map(|slot| self.at(*slot))
    }

    fn get_mut(&mut self, place: IpAddr) -> Option<&mut PlaceShare> {
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

/// Amounts including a new message, in messages or in bytes, and the number of keys of its network.
struct Measure {
    place: usize,
    network: usize,
    places: usize,
}

impl Measure {
    /// Whether the amounts are within the limits. A network can exceed its limit because there was more room when its
    /// messages came, or because of its other keys. A key of such a network still gets a small share.
    fn is_within(&self, free: usize, whole: usize) -> bool {
        let of_network = bound(free, whole);
        let left = of_network.checked_sub(self.network);
        left.is_some_and(|left| self.place <= bound(left, of_network))
            || self.place <= free / SMALL / self.places
    }
}

/// The limit for one participant, given the free part of the whole. One alone gets 88 % of the whole. Of the last part
/// each gets a small share: if sixteen participants take all they can, one after the other, 3 % of the whole is left,
/// and the next gets a seventeenth of that.
fn bound(free: usize, whole: usize) -> usize {
    free.saturating_sub(whole / LAST).saturating_mul(ALPHA).saturating_add(free / SMALL)
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    const MOST: Load = Load { messages: 1 << 22, bytes: 1 << 30 };

    fn v4(number: usize) -> IpAddr {
        Ipv4Addr::from_bits(number as u32).into()
    }

    #[test]
    fn a_slot_is_reused_and_an_empty_table_frees_its_memory() {
        let mut shares = Shares::new(MOST);
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
        assert_eq!((shares.places.capacity(), shares.networks.len(), shares.ranks.len()), (0, 0, 0));
    }

    #[test]
    fn keys_beyond_the_tracked_maximum_are_counted_together() {
        let mut shares = Shares::new(MOST);
        for place in 0..Slot::COUNT {
            assert_eq!(shares.add(v4(place), 1), v4(place));
        }
        for place in 0..3 {
            assert_eq!(shares.add(v4(Slot::COUNT + place), 2), OTHERS);
            assert_eq!(shares.add(v4(place), 2), v4(place));
        }
        let others = PlaceShare { place: OTHERS, messages: 3, bytes: 6, held: 0, refused: 0 };
        assert_eq!(shares.get(OTHERS), Some(&others));
        assert!(shares.slot(Some(OTHERS)).to_bits() < 1 << Slot::BITS);
    }
}
