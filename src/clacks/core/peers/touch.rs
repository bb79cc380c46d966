//! Reading ahead: see `machine/touch.rs`.

use super::{Groups, Peers, Table, table::Known};

/// Lines of a cache that are read of one list at most.
const LINES: usize = 8;

impl Peers {
    pub(in crate::core) fn touch(&self) -> usize {
        self.groups.touch() ^ self.table.len() ^ self.left.len() ^ self.max_in_flight
    }

    pub(in crate::core) fn touch_further(&self) -> usize {
        self.groups.touch_further()
    }

    pub(in crate::core) fn touch_index(&self, hash: u64) -> Option<u32> {
        self.table.touch_index(hash)
    }

    pub(in crate::core) fn touch_peer(&self, number: u32) -> usize {
        self.table.touch_known(number)
    }
}

impl Groups {
    fn touch(&self) -> usize {
        let mut read = self.machines.len() ^ self.positions.len();
        for numbers in &self.others {
            read ^= numbers.len();
        }
        read
    }

    fn touch_further(&self) -> usize {
        let mut read = self.machines.touch() as u32;
        for numbers in &self.others {
            read ^= numbers.all().last().copied().unwrap_or(0);
        }
        // One of each line of a cache; of those who know very many no more than that, as they are in it anyway.
        for line in self.positions.chunks(16).take(LINES) {
            read ^= line[0];
        }
        read as usize
    }
}

impl Table {
    fn touch_index(&self, hash: u64) -> Option<u32> {
        self.index.iter_hash(hash).next().copied()
    }

    fn touch_known(&self, number: u32) -> usize {
        let read = |known: &Known| known.record.received as usize ^ usize::from(known.address.port());
        self.known.get(number as usize).map_or(0, read)
    }
}
