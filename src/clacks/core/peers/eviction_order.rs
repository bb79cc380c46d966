//! Orders of the peers that few nodes need: for listing and for eviction. Each is created on first use and kept up to
//! date from then on. A node without observers that has room for its peers creates none.

use std::{cell::OnceCell, collections::BTreeSet, ops::Bound};

use crate::{
    core::{Status, packed_key::PackedKey},
    protocol::Address,
};

use super::{
    crowds::{Crowds, Size},
    record::{Class, Record},
    table::{Known, Table},
};

/// The orders.
#[derive(Debug, Default)]
pub(super) struct EvictionOrder {
    listed: OnceCell<Box<Listed>>,
    leaving: OnceCell<Box<Leaving>>,
}

/// The addresses of each status, sorted for listing.
#[derive(Debug, Default, PartialEq, Eq)]
struct Listed([BTreeSet<Address>; 5]);

/// The candidates for eviction, in their order.
#[derive(Debug, Default, PartialEq, Eq)]
struct Leaving {
    /// Peers that never responded and that the user did not add.
    unanswered: Unanswered,
    /// The new peers among those.
    new: Unanswered,
    /// Lost and dead peers that responded once and that the user did not add, by the time of the last response.
    gone: BTreeSet<(u64, Address)>,
    /// Alive peers that responded and that the user did not add, by the rate-limit key at which they responded.
    reached: Crowds,
}

/// Peers that never responded.
#[derive(Debug, Default, PartialEq, Eq)]
struct Unanswered {
    /// By time of discovery.
    ages: BTreeSet<(u64, Address)>,
    /// By the rate-limit key of the payload that introduced them.
    sources: Crowds,
    /// By the rate-limit key of their address, if it is an IP address.
    places: Crowds,
}

impl EvictionOrder {
    /// Adds a peer to the orders that exist.
    pub(super) fn insert(&mut self, address: &Address, record: &Record) {
        self.listed.get_mut().into_iter().for_each(|listed| listed.insert(address, record));
        self.leaving.get_mut().into_iter().for_each(|leaving| leaving.insert(address, record));
    }

    /// Removes a peer from the orders that exist.
    pub(super) fn remove(&mut self, address: &Address, record: &Record) {
        self.listed.get_mut().into_iter().for_each(|listed| listed.remove(address, record));
        self.leaving.get_mut().into_iter().for_each(|leaving| leaving.remove(address, record));
    }

    /// The addresses of a status within a range, sorted.
    pub(super) fn listed<'a>(
        &'a self,
        table: &Table,
        status: Status,
        range: (Bound<&'a Address>, Bound<&'a Address>),
    ) -> impl DoubleEndedIterator<Item = &'a Address> {
        self.listed.get_or_init(|| Box::new(Listed::of(table))).0[status as usize].range(range)
    }

    /// The peer that is evicted first for one that this source introduces.
    pub(super) fn eviction_candidate(&self, table: &Table, source: Option<PackedKey>) -> Option<&Address> {
        let Leaving { unanswered, gone, reached, .. } = self.leaving(table);
        let own = source.map_or((1, 1), |source| reached.size_with(source));
        let of_crowd = || reached.largest().filter(|(size, _)| *size > own).map(|(_, address)| address);
        unanswered.first().or_else(|| gone.first().map(|(_, address)| address)).or_else(of_crowd)
    }

    /// The new peer that is evicted first.
    pub(super) fn new_eviction_candidate(&self, table: &Table) -> Option<&Address> {
        self.leaving(table).new.first()
    }

    /// Whether another source has introduced more new peers than this one would have with one more.
    pub(super) fn is_another_crowd_larger(&self, table: &Table, source: Option<PackedKey>) -> bool {
        let new = &self.leaving(table).new;
        let own = source.map_or((1, 1), |source| new.sources.size_with(source));
        new.crowd().is_some_and(|(size, _)| size > own)
    }

    fn leaving(&self, table: &Table) -> &Leaving {
        self.leaving.get_or_init(|| Box::new(Leaving::of(table)))
    }

    /// Whether the orders are equal to new ones.
    #[cfg(test)]
    pub(super) fn are_of(&self, table: &Table) -> bool {
        self.listed.get().is_none_or(|listed| **listed == Listed::of(table))
            && self.leaving.get().is_none_or(|leaving| **leaving == Leaving::of(table))
    }
}

impl Listed {
    fn of(table: &Table) -> Self {
        let mut listed = Self::default();
        table.iter().for_each(|Known { address, record }| listed.insert(address, record));
        listed
    }

    fn insert(&mut self, address: &Address, record: &Record) {
        self.0[record.status() as usize].insert(address.clone());
    }

    fn remove(&mut self, address: &Address, record: &Record) {
        self.0[record.status() as usize].remove(address);
    }
}

impl Leaving {
    fn of(table: &Table) -> Self {
        let mut leaving = Self::default();
        table.iter().for_each(|Known { address, record }| leaving.insert(address, record));
        leaving
    }

    fn insert(&mut self, address: &Address, record: &Record) {
        if record.is_evictable() {
            if record.class == Class::New {
                self.new.insert(address, record);
            }
            self.unanswered.insert(address, record);
        } else if record.is_evictable_last() {
            self.gone.insert((record.answered, address.clone()));
        } else if let Some(place) = record.crowded_place() {
            self.reached.insert(place, record.known_since, address);
        }
    }

    fn remove(&mut self, address: &Address, record: &Record) {
        if record.is_evictable() {
            if record.class == Class::New {
                self.new.remove(address, record);
            }
            self.unanswered.remove(address, record);
        } else if record.is_evictable_last() {
            self.gone.remove(&(record.answered, address.clone()));
        } else if let Some(place) = record.crowded_place() {
            self.reached.remove(place, record.known_since, address);
        }
    }
}

impl Unanswered {
    /// The peer that is evicted first: one of the largest group, or the oldest if no group has two members.
    fn first(&self) -> Option<&Address> {
        let of_crowd = self.crowd().map(|(_, address)| address);
        of_crowd.or_else(|| self.ages.first().map(|(_, address)| address))
    }

    /// The oldest peer of the largest group, if it has more than one member.
    fn crowd(&self) -> Option<(Size, &Address)> {
        let crowds = [&self.sources, &self.places];
        let largest = crowds.into_iter().filter_map(Crowds::largest).max_by_key(|(size, _)| *size);
        largest.filter(|((in_network, _), _)| *in_network > 1)
    }

    fn insert(&mut self, address: &Address, record: &Record) {
        let since = record.known_since;
        self.ages.insert((since, address.clone()));
        record.source.into_iter().for_each(|source| self.sources.insert(source, since, address));
        place_of(address).into_iter().for_each(|place| self.places.insert(place, since, address));
    }

    fn remove(&mut self, address: &Address, record: &Record) {
        let since = record.known_since;
        self.ages.remove(&(since, address.clone()));
        record.source.into_iter().for_each(|source| self.sources.remove(source, since, address));
        place_of(address).into_iter().for_each(|place| self.places.remove(place, since, address));
    }
}

fn place_of(address: &Address) -> Option<PackedKey> {
    address.ip().map(PackedKey::of)
}
