//! Prefetching: see `machine/prefetch.rs`.

use super::{PeerClasses, Peers, Table, table::TableEntry};

/// Maximum cache lines that are read of one list.
const LINES: usize = 8;

impl Peers {
    pub(in crate::core) fn prefetch(&self) -> usize {
        self.classes.prefetch() ^ self.table.len() ^ self.departed.len() ^ self.max_in_flight
    }

    pub(in crate::core) fn prefetch_pointees(&self) -> usize {
        self.classes.prefetch_pointees()
    }

    pub(in crate::core) fn prefetch_index(&self, hash: u64) -> Option<u32> {
        self.table.prefetch_index(hash)
    }

    pub(in crate::core) fn prefetch_peer(&self, number: u32) -> usize {
        self.table.prefetch_known(number)
    }
}

impl PeerClasses {
    fn prefetch(&self) -> usize {
        let mut read = self.machines.len() ^ self.positions.len();
        for numbers in &self.others {
            read ^= numbers.len();
        }
        read
    }

    fn prefetch_pointees(&self) -> usize {
        let mut read = self.machines.prefetch() as u32;
        for numbers in &self.others {
            read ^= numbers.all().last().copied().unwrap_or(0);
        }
        // One element of each cache line. A node with very many peers is in the cache anyway.
        for line in self.positions.chunks(16).take(LINES) {
            read ^= line[0];
        }
        read as usize
    }
}

impl Table {
    fn prefetch_index(&self, hash: u64) -> Option<u32> {
        self.index.iter_hash(hash).next().copied()
    }

    fn prefetch_known(&self, number: u32) -> usize {
        let read = |known: &TableEntry| known.record.received as usize ^ usize::from(known.address.port());
        self.entries.get(number as usize).map_or(0, read)
    }
}
