//! Looking ahead: what the next few things will need is fetched before they happen.

use crate::{
    core::Core,
    protocol::{Address, Message},
};

use super::{
    Simulation,
    network::{SimEvent, SimNode},
};

/// So many of the things that happen next are looked at in one go.
const PREFETCH: usize = 32;

/// What happens next: at which node, and the hashes of those who are looked up then.
struct Upcoming<'a> {
    sim_node: &'a SimNode,
    core: &'a Core,
    hashes: [Option<u64>; 2],
    /// The message that arrives.
    message: Option<&'a Message>,
}

impl Simulation {
    /// Reads what the next few things that happen will read. They happen to nodes that nothing has happened to for long:
    /// without this the processor would wait for the memory of one after the other, with it it waits once for all.
    /// Returns how many things that were.
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
        // So that the compiler takes it for something.
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
