//! Prefetching, for a shell with so many cores that most of them are in no cache of the processor.
//!
//! Each function reads a part of what the next input will read. Its return value is meaningless; it only keeps the
//! compiler from removing the reads. A shell calls one function for many cores in a row, and then the next one. The
//! processor then fetches the memory of all cores in parallel, before the inputs need it.

use super::Core;

impl Core {
    /// Reads the core itself.
    pub(crate) fn prefetch(&self) -> usize {
        let Self { queue, in_flight, outputs, rule, send_timer, .. } = self;
        self.peers.prefetch()
            ^ queue.len()
            ^ in_flight.len()
            ^ usize::from(outputs.0.is_some())
            ^ rule.prefetch()
            ^ send_timer.next().subsec_nanos() as usize
            ^ self.next_delivery as usize
            ^ self.aliases.len()
            ^ usize::from(self.is_watched)
            ^ usize::from(self.address.port())
    }

    /// Reads the memory that the core points to.
    pub(crate) fn prefetch_pointees(&self) -> usize {
        let head = self.queue.head().map_or(0, |head| head.id().0 as usize);
        let in_flight = self.in_flight.iter().map(|in_flight| in_flight.id.0 as usize);
        in_flight.fold(head, |one, other| one ^ other) ^ self.peers.prefetch_pointees()
    }

    /// Reads the index entry of an address with this [hash](crate::protocol::Address::table_hash). Returns the number
    /// of the peer that it probably is.
    pub(crate) fn prefetch_index(&self, hash: u64) -> Option<u32> {
        self.peers.prefetch_index(hash)
    }

    /// Reads the peer with this number.
    pub(crate) fn prefetch_peer(&self, number: u32) -> usize {
        self.peers.prefetch_peer(number)
    }

    /// Reads the head of the queue.
    pub(crate) fn prefetch_head(&self) -> usize {
        self.queue.head().map_or(0, |head| usize::from(head.message.is_falsy()))
    }
}
