//! Prefetching of memory for the next events.

use crate::{
    core::Core,
    protocol::{Address, Message},
};

use super::{
    Simulation,
    network::{SimEvent, SimNode},
};

/// Number of next events that are prefetched at once.
const PREFETCH: usize = 32;

/// An event to prefetch for: the node, and the hashes of the addresses that it will look up.
struct Upcoming<'a> {
    sim_node: &'a SimNode,
    core: &'a Core,
    hashes: [Option<u64>; 2],
    /// The message that will arrive.
    message: Option<&'a Message>,
}

impl Simulation {
    /// Reads the memory that the next events will read. Their nodes have had no event for long and are in no cache.
    /// Without this, the processor waits for the memory of each event; with it, it waits once for all. Returns the
    /// number of events.
    pub(super) fn prefetch(&self) -> usize {
        let count = self.events.upcoming(PREFETCH).count();
        if count == 0 {
            return 0;
        }
        let mut next = Vec::with_capacity(PREFETCH);
        next.extend(self.events.upcoming(PREFETCH).filter_map(|event| self.next(*event)));
        let mut read = 0;
        for Upcoming { sim_node, core, .. } in &next {
            read ^= sim_node.wake as usize ^ core.prefetch();
        }
        let mut peers = Vec::with_capacity(2 * PREFETCH);
        for Upcoming { core, hashes, .. } in &next {
            read ^= core.prefetch_pointees();
            for hash in hashes.iter().flatten() {
                peers.extend(core.prefetch_index(*hash).map(|number| (core, number)));
            }
        }
        for (core, number) in peers {
            read ^= core.prefetch_peer(number);
        }
        for Upcoming { core, message, .. } in &next {
            let comes = message.map_or(0, |message| usize::from(message.is_falsy()));
            read ^= comes ^ core.prefetch_head();
        }
        // Keeps the compiler from removing the reads.
        std::hint::black_box(read);
        count
    }

    fn next(&self, event: SimEvent) -> Option<Upcoming<'_>> {
        let next = |node: u32, hashes, message| {
            let sim_node = &self.sim_nodes[node as usize];
            sim_node.core.as_ref().map(|core| Upcoming { sim_node, core, hashes, message })
        };
        match event {
            SimEvent::Wake(node) => next(node, [None, None], None),
            SimEvent::Arrival(slot) => {
                let packet = self.packets.at(slot);
                let payload = packet.payload.as_ref()?;
                let friend = payload.friend.as_ref().map(Address::table_hash);
                next(packet.to, [Some(payload.sender.table_hash()), friend], Some(&payload.message))
            }
            SimEvent::Result(slot, _) => {
                let packet = self.packets.at(slot);
                let is_node = packet.id.is_some();
                is_node.then(|| next(packet.from, [Some(packet.hash), None], None)).flatten()
            }
            SimEvent::Announce(_) | SimEvent::Failure(_) | SimEvent::Return(_) | SimEvent::Flood => None,
        }
    }
}
