//! The peers by address and by number.

use hashbrown::HashTable;

use crate::protocol::Address;

use super::record::Record;

/// A peer with its address.
#[derive(Debug)]
pub(super) struct TableEntry {
    pub(super) address: Address,
    pub(super) record: Record,
}

/// All peers. The number of a peer is its index. When a peer is removed, the last one gets its number.
#[derive(Debug, Default)]
pub(super) struct Table {
    /// The numbers by the hashes of the addresses.
    pub(super) index: HashTable<u32>,
    pub(super) entries: Vec<TableEntry>,
}

impl Table {
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(super) fn find(&self, address: &Address) -> Option<usize> {
        let is_it = |number: &u32| self.entries[*number as usize].address == *address;
        self.index.find(address.table_hash(), is_it).map(|number| *number as usize)
    }

    /// The peer with this number. It must exist.
    pub(super) fn at(&self, number: usize) -> &TableEntry {
        &self.entries[number]
    }

    pub(super) fn record(&self, number: u32) -> &Record {
        &self.entries[number as usize].record
    }

    pub(super) fn at_mut(&mut self, number: usize) -> &mut TableEntry {
        &mut self.entries[number]
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &TableEntry> {
        self.entries.iter()
    }

    /// Adds an unknown peer. Returns its number.
    pub(super) fn push(&mut self, address: Address, record: Record) -> usize {
        let number = self.entries.len();
        let hash_of = |number: &u32| self.entries[*number as usize].address.table_hash();
        self.index.insert_unique(address.table_hash(), number as u32, hash_of);
        if number == self.entries.capacity() {
            // The list grows by a quarter, not by its whole length, because it is most of the memory of a node with
            // many peers.
            self.entries.reserve_exact((number / 4).max(8));
        }
        self.entries.push(TableEntry { address, record });
        number
    }

    /// Removes the peer with this number.
    pub(super) fn swap_remove(&mut self, number: usize) -> TableEntry {
        let going = self.entries.swap_remove(number);
        let is = |other: usize| move |found: &u32| *found as usize == other;
        if let Ok(found) = self.index.find_entry(going.address.table_hash(), is(number)) {
            found.remove();
        }
        if let Some(moved) = self.entries.get(number) {
            let last = self.entries.len();
            let found = self.index.find_mut(moved.address.table_hash(), is(last));
            found.into_iter().for_each(|found| *found = number as u32);
        }
        going
    }
}
