//! Which place has the most of something, so that it makes room first.
//!
//! Bitcoin Core's address manager bounds how many of its buckets one network can fill with addresses, by where they lead
//! and by who told of them. Here the number of places is small enough for counts, so that the bound need not be known
//! beforehand: whoever has the most makes room, and one that shares with nobody is as it was.

use std::collections::{BTreeSet, HashMap};

use crate::{core::packed_key::PackedKey, protocol::Address};

/// Addresses by their places, and how many each place and each network of places has.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Crowds {
    /// Of each place the oldest first.
    members: BTreeSet<(PackedKey, u64, Address)>,
    of_place: HashMap<PackedKey, u32>,
    of_network: HashMap<PackedKey, u32>,
    /// Of each network the largest place last.
    places: BTreeSet<(PackedKey, u32, PackedKey)>,
    /// The largest network last.
    networks: BTreeSet<(u32, PackedKey)>,
}

/// How many members a network has, and the place in it. The greater one makes room first.
pub(super) type Size = (u32, u32);

impl Crowds {
    /// An address that is known since then is at this place.
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
        let (before, after) = changed(&mut self.of_place, place, &change);
        self.places.remove(&(network, before, place));
        self.places.extend((after > 0).then_some((network, after, place)));
        let (before, after) = changed(&mut self.of_network, network, &change);
        self.networks.remove(&(before, network));
        self.networks.extend((after > 0).then_some((after, network)));
    }

    /// The oldest address at the largest place of the largest network, and how large both are.
    pub(super) fn largest(&self) -> Option<(Size, &Address)> {
        let (in_network, network) = *self.networks.last()?;
        let (_, at_place, place) = *self.places.range(..=(network, u32::MAX, PackedKey::LAST)).next_back()?;
        // Any address will do, as nobody is known since zero.
        let before_all = (place, 0, self.members.first()?.2.clone());
        let (_, _, address) = self.members.range(before_all..).next()?;
        Some(((in_network, at_place), address))
    }

    /// How large the place would be with one more.
    pub(super) fn size_with(&self, place: PackedKey) -> Size {
        let of = |counts: &HashMap<_, u32>, key| counts.get(&key).map_or(1, |count| count + 1);
        (of(&self.of_network, place.network()), of(&self.of_place, place))
    }
}

fn member(place: PackedKey, since: u64, address: &Address) -> (PackedKey, u64, Address) {
    (place, since.saturating_add(1), address.clone())
}

/// Changes a count, which is not kept when it is zero. Returns it as it was and as it is.
fn changed(counts: &mut HashMap<PackedKey, u32>, key: PackedKey, change: impl Fn(u32) -> u32) -> (u32, u32) {
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
        // Three networks of three places.
        PackedKey::of(std::net::IpAddr::from([10, 0, number / 3, number % 3]))
    }

    proptest! {
        #[test]
        fn the_oldest_of_the_largest_place_of_the_largest_network_is_found(
            steps in vec((0_u8..9, 1_u16..20, any::<bool>()), 1..60),
        ) {
            let mut crowds = Crowds::default();
            let mut naive: BTreeMap<(u8, u16), PackedKey> = BTreeMap::new();
            for (number, age, is_there) in steps {
                let address = Address::new("peer", age).unwrap();
                let (place, since) = (place(number), u64::from(age));
                if is_there {
                    crowds.insert(place, since, &address);
                    naive.insert((number, age), place);
                } else {
                    crowds.remove(place, since, &address);
                    naive.remove(&(number, age));
                }
                let count = |is_meant: &dyn Fn(PackedKey) -> bool| {
                    naive.values().filter(|place| is_meant(**place)).count() as u32
                };
                let size = |place: PackedKey| {
                    let network = place.network();
                    (count(&|other| other.network() == network), count(&|other| other == place))
                };
                let found = crowds.largest();
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
            let one_more = crowds.size_with(place(4));
            naive.insert((4, 99), place(4));
            let of = |is_meant: &dyn Fn(&PackedKey) -> bool| naive.values().filter(|at| is_meant(at)).count() as u32;
            let network = place(4).network();
            prop_assert_eq!(one_more, (of(&|at| at.network() == network), of(&|at| *at == place(4))));
        }
    }
}
