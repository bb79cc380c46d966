//! Addresses grouped by rate-limit key and network, to evict from the largest group first.
//!
//! Bitcoin Core's address manager limits how many of its buckets one network can fill, by the addresses and by their
//! sources. Here the number of keys is small enough for exact counts, so that no limit has to be chosen: the largest
//! group loses a member, and small groups are unaffected.
//!
//! A place in this file is the rate-limit key of a remote address.

use std::collections::{BTreeSet, HashMap};

use crate::{core::packed_key::PackedKey, protocol::Address};

/// Addresses by key, and their numbers by key and by network.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct PlaceGroups {
    /// Sorted by key; the oldest address of a key comes first.
    members: BTreeSet<(PackedKey, u64, Address)>,
    of_place: HashMap<PackedKey, u32>,
    of_network: HashMap<PackedKey, u32>,
    /// Sorted by network; the largest key of a network comes last.
    places: BTreeSet<(PackedKey, u32, PackedKey)>,
    /// The largest network comes last.
    networks: BTreeSet<(u32, PackedKey)>,
}

/// The number of members of a network, and of a key in it. The greatest value is evicted from first.
pub(super) type Size = (u32, u32);

impl PlaceGroups {
    /// Adds an address with this key and this time of discovery.
    pub(super) fn insert(&mut self, place: PackedKey, since: u64, address: &Address) {
        if self.members.insert(member(place, since, address)) {
            self.count(place, |count| count + 1);
        }
    }

    pub(super) fn remove(&mut self, place: PackedKey, since: u64, address: &Address) {
        if self.members.remove(&member(place, since, address)) {
            self.count(place, |count| count - 1);
        }
    }

    fn count(&mut self, place: PackedKey, change: impl Fn(u32) -> u32) {
        let network = place.network();
        let (before, after) = change_count(&mut self.of_place, place, &change);
        self.places.remove(&(network, before, place));
        self.places.extend((after > 0).then_some((network, after, place)));
        let (before, after) = change_count(&mut self.of_network, network, &change);
        self.networks.remove(&(before, network));
        self.networks.extend((after > 0).then_some((after, network)));
    }

    /// The oldest address of the largest key of the largest network, and both sizes.
    pub(super) fn largest(&self) -> Option<(Size, &Address)> {
        let (in_network, network) = *self.networks.last()?;
        let (_, at_place, place) = *self.places.range(..=(network, u32::MAX, PackedKey::LAST)).next_back()?;
        // Any address will do, because no address has the time zero.
        let before_all = (place, 0, self.members.first()?.2.clone());
        let (_, _, address) = self.members.range(before_all..).next()?;
        Some(((in_network, at_place), address))
    }

    /// The size of the group of this key with one more member.
    pub(super) fn size_with(&self, place: PackedKey) -> Size {
        let of = |counts: &HashMap<_, u32>, key| counts.get(&key).map_or(1, |count| count + 1);
        (of(&self.of_network, place.network()), of(&self.of_place, place))
    }
}

fn member(place: PackedKey, since: u64, address: &Address) -> (PackedKey, u64, Address) {
    (place, since.saturating_add(1), address.clone())
}

/// Changes a count, and removes it if it becomes zero. Returns the former and the new count.
fn change_count(
    counts: &mut HashMap<PackedKey, u32>,
    key: PackedKey,
    change: impl Fn(u32) -> u32,
) -> (u32, u32) {
    let before = counts.get(&key).copied().unwrap_or(0);
    let after = change(before);
    _ = if after == 0 { counts.remove(&key) } else { counts.insert(key, after) };
    (before, after)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::{collection::vec, prelude::*};

    use super::*;

    fn place(number: u8) -> PackedKey {
        // Three networks of three keys.
        PackedKey::of(std::net::IpAddr::from([10, 0, number / 3, number % 3]))
    }

    proptest! {
        #[test]
        fn the_oldest_member_of_the_largest_key_of_the_largest_network_is_found(
            steps in vec((0_u8..9, 1_u16..20, any::<bool>()), 1..60),
        ) {
            let mut groups = PlaceGroups::default();
            let mut naive: BTreeMap<(u8, u16), PackedKey> = BTreeMap::new();
            for (number, age, is_there) in steps {
                let address = Address::new("peer", age).unwrap();
                let (place, since) = (place(number), u64::from(age));
                if is_there {
                    groups.insert(place, since, &address);
                    naive.insert((number, age), place);
                } else {
                    groups.remove(place, since, &address);
                    naive.remove(&(number, age));
                }
                let count = |is_selected: &dyn Fn(PackedKey) -> bool| {
                    naive.values().filter(|place| is_selected(**place)).count() as u32
                };
                let size = |place: PackedKey| {
                    let network = place.network();
                    (count(&|other| other.network() == network), count(&|other| other == place))
                };
                let found = groups.largest();
                let in_network = naive.values().copied().map(|place| size(place).0).max();
                prop_assert_eq!(found.map(|((in_network, _), _)| in_network), in_network);
                if let Some((size_found, address)) = found {
                    let is_oldest = |((_, age), place): (&(u8, u16), &PackedKey)| {
                        let of_it = naive.iter().filter(|(_, other)| *other == place);
                        let in_it = naive.values().copied().filter(|other| other.network() == place.network());
                        size(*place) == size_found
                            && in_it.map(size).max() == Some(size_found)
                            && *age == address.port()
                            && of_it.map(|((_, age), _)| age).min() == Some(age)
                    };
                    prop_assert!(naive.iter().any(is_oldest));
                }
            }
            let one_more = groups.size_with(place(4));
            naive.insert((4, 99), place(4));
            let of = |is_selected: &dyn Fn(&PackedKey) -> bool| naive.values().filter(|at| is_selected(at)).count() as u32;
            let network = place(4).network();
            prop_assert_eq!(one_more, (of(&|at| at.network() == network), of(&|at| *at == place(4))));
        }
    }
}
