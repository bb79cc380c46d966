//! Orders of the peers that few nodes need: for listing and for eviction. Each is created on first use and kept up to
//! date from then on. A node without observers that has room for its peers creates none.

use std::{cell::OnceCell, collections::BTreeSet, ops::Bound};

use crate::{
    core::{Status, packed_key::PackedKey},
    protocol::Address,
};

use super::{
    place_groups::{PlaceGroups, Size},
    record::{Class, Record},
    table::{Table, TableEntry},
};

/// The orders.
#[derive(Debug, Default)]
pub(super) struct EvictionOrder {
    listed: OnceCell<Box<Listed>>,
    candidates: OnceCell<Box<EvictionCandidates>>,
}

/// The addresses of each status, sorted for listing.
#[derive(Debug, Default, PartialEq, Eq)]
struct Listed([BTreeSet<Address>; 5]);

/// The candidates for eviction, in their order.
#[derive(Debug, Default, PartialEq, Eq)]
struct EvictionCandidates {
    /// Peers that never responded and that the user did not add.
    never_responded: NeverResponded,
    /// The new peers among those.
    new: NeverResponded,
    /// Lost and dead peers that responded once and that the user did not add, by the time of the last response.
    unreachable: BTreeSet<(u64, Address)>,
    /// Alive peers that responded and that the user did not add, by the rate-limit key at which they responded.
    alive: PlaceGroups,
}

/// Peers that never responded.
#[derive(Debug, Default, PartialEq, Eq)]
struct NeverResponded {
    /// By time of discovery.
    ages: BTreeSet<(u64, Address)>,
    /// By the rate-limit key of the payload that introduced them.
    sources: PlaceGroups,
    /// By the rate-limit key of their address, if it is an IP address.
    places: PlaceGroups,
}

impl EvictionOrder {
    /// Adds a peer to the orders that exist.
    pub(super) fn insert(&mut self, address: &Address, record: &Record) {
        self.listed.get_mut().into_iter().for_each(|listed| listed.insert(address, record));
        self.candidates.get_mut().into_iter().for_each(|candidates| candidates.insert(address, record));
    }

    /// Removes a peer from the orders that exist.
    pub(super) fn remove(&mut self, address: &Address, record: &Record) {
        self.listed.get_mut().into_iter().for_each(|listed| listed.remove(address, record));
        self.candidates.get_mut().into_iter().for_each(|candidates| candidates.remove(address, record));
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
        let EvictionCandidates { never_responded, unreachable, alive, .. } = self.candidates(table);
        let own = source.map_or((1, 1), |source| alive.size_with(source));
        let of_group = || alive.largest().filter(|(size, _)| *size > own).map(|(_, address)| address);
        never_responded.first().or_else(|| unreachable.first().map(|(_, address)| address)).or_else(of_group)
    }

    /// The new peer that is evicted first.
    pub(super) fn new_eviction_candidate(&self, table: &Table) -> Option<&Address> {
        self.candidates(table).new.first()
    }

    /// Whether another source has introduced more new peers than this one would have with one more.
    pub(super) fn is_another_group_larger(&self, table: &Table, source: Option<PackedKey>) -> bool {
        let new = &self.candidates(table).new;
        let own = source.map_or((1, 1), |source| new.sources.size_with(source));
        new.largest_group().is_some_and(|(size, _)| size > own)
    }

    fn candidates(&self, table: &Table) -> &EvictionCandidates {
        self.candidates.get_or_init(|| Box::new(EvictionCandidates::of(table)))
    }

    /// Whether the orders are equal to new ones.
    #[cfg(test)]
    pub(super) fn matches(&self, table: &Table) -> bool {
        self.listed.get().is_none_or(|listed| **listed == Listed::of(table))
            && self.candidates.get().is_none_or(|candidates| **candidates == EvictionCandidates::of(table))
    }
}

impl Listed {
    fn of(table: &Table) -> Self {
        let mut listed = Self::default();
        table.iter().for_each(|TableEntry { address, record }| listed.insert(address, record));
        listed
    }

    fn insert(&mut self, address: &Address, record: &Record) {
        self.0[record.status() as usize].insert(address.clone());
    }

    fn remove(&mut self, address: &Address, record: &Record) {
        self.0[record.status() as usize].remove(address);
    }
}

impl EvictionCandidates {
    fn of(table: &Table) -> Self {
        let mut candidates = Self::default();
        table.iter().for_each(|TableEntry { address, record }| candidates.insert(address, record));
        candidates
    }

    fn insert(&mut self, address: &Address, record: &Record) {
        if record.is_evictable() {
            if record.class == Class::New {
                self.new.insert(address, record);
            }
            self.never_responded.insert(address, record);
        } else if record.is_evictable_last() {
            self.unreachable.insert((record.last_response, address.clone()));
        } else if let Some(place) = record.evictable_place() {
            self.alive.insert(place, record.known_since, address);
        }
    }

    fn remove(&mut self, address: &Address, record: &Record) {
        if record.is_evictable() {
            if record.class == Class::New {
                self.new.remove(address, record);
            }
            self.never_responded.remove(address, record);
        } else if record.is_evictable_last() {
            self.unreachable.remove(&(record.last_response, address.clone()));
        } else if let Some(place) = record.evictable_place() {
            self.alive.remove(place, record.known_since, address);
        }
    }
}

impl NeverResponded {
    /// The peer that is evicted first: one of the largest group, or the oldest if no group has two members.
    fn first(&self) -> Option<&Address> {
        let of_group = self.largest_group().map(|(_, address)| address);
        of_group.or_else(|| self.ages.first().map(|(_, address)| address))
    }

    /// The oldest peer of the largest group, if it has more than one member.
    fn largest_group(&self) -> Option<(Size, &Address)> {
        let groups = [&self.sources, &self.places];
        let largest = groups.into_iter().filter_map(PlaceGroups::largest).max_by_key(|(size, _)| *size);
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
