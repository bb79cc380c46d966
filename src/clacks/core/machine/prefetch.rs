//! Reading ahead, for a shell with so many cores that most of them are in none of the processor's caches.
//!
//! Each function reads some of what the next input will read, and returns something of it that means nothing. A shell
//! calls one of them for many cores in a row, and then the next: the processor fetches what they read all at once, and has
//! it when the inputs come, each of which would wait for one piece of memory after the other.

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

    /// Reads what it points to.
    pub(crate) fn prefetch_pointees(&self) -> usize {
        let head = self.queue.head().map_or(0, |head| head.id().0 as usize);
        let in_flight = self.in_flight.iter().map(|in_flight| in_flight.id.0 as usize);
        in_flight.fold(head, |one, other| one ^ other) ^ self.peers.prefetch_pointees()
    }

    /// Reads where an address with this [hash](crate::protocol::Address::table_hash) is looked up. Returns the number of
    /// the peer that it most likely is.
    pub(crate) fn prefetch_index(&self, hash: u64) -> Option<u32> {
        self.peers.prefetch_index(hash)
    }

    /// Reads the peer with this number.
    pub(crate) fn prefetch_peer(&self, number: u32) -> usize {
        self.peers.prefetch_peer(number)
    }

    /// Reads the message that is sent next.
    pub(crate) fn prefetch_head(&self) -> usize {
        self.queue.head().map_or(0, |head| usize::from(head.message.is_falsy()))
    }
}
