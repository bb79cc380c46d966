//! Looking ahead: what the next few things will need is fetched before they happen.

use crate::{
    core::Core,
    protocol::{Address, Message},
};

use super::{
    Simulation,
    network::{Happening, Tower},
};

/// So many of the things that happen next are looked at in one go.
const AHEAD: usize = 32;

/// What happens next: at which node, and the hashes of those who are looked up then.
struct Next<'a> {
    tower: &'a Tower,
    core: &'a Core,
    hashes: [Option<u64>; 2],
    /// The message that arrives.
    message: Option<&'a Message>,
}

impl Simulation {
    /// Reads what the next few things that happen will read. They happen to nodes that nothing has happened to for long:
    /// without this the processor would wait for the memory of one after the other, with it it waits once for all.
    /// Returns how many things that were.
    pub(super) fn look_ahead(&self) -> usize {
        let count = self.calendar.upcoming(AHEAD).count();
        if count == 0 {
            return 0;
        }
        let mut next = Vec::with_capacity(AHEAD);
        next.extend(self.calendar.upcoming(AHEAD).filter_map(|what| self.next(*what)));
        let mut read = 0;
        for Next { tower, core, .. } in &next {
            read ^= tower.wake as usize ^ core.touch();
        }
        let mut peers = Vec::with_capacity(2 * AHEAD);
        for Next { core, hashes, .. } in &next {
            read ^= core.touch_further();
            for hash in hashes.iter().flatten() {
                peers.extend(core.touch_index(*hash).map(|number| (core, number)));
            }
        }
        for (core, number) in peers {
            read ^= core.touch_peer(number);
        }
        for Next { core, message, .. } in &next {
            let comes = message.map_or(0, |message| usize::from(message.is_falsy()));
            read ^= comes ^ core.touch_head();
        }
        // So that the compiler takes it for something.
        std::hint::black_box(read);
        count
    }

    fn next(&self, what: Happening) -> Option<Next<'_>> {
        let next = |node: u32, hashes, message| {
            let tower = &self.towers[node as usize];
            tower.core.as_ref().map(|core| Next { tower, core, hashes, message })
        };
        match what {
            Happening::Wake(node) => next(node, [None, None], None),
            Happening::Arrives(place) => {
                let parcel = self.parcels.at(place);
                let payload = parcel.payload.as_ref()?;
                let friend = payload.friend.as_ref().map(Address::table_hash);
                next(parcel.to, [Some(payload.sender.table_hash()), friend], Some(&payload.message))
            }
            Happening::Ends(place, _) => {
                let parcel = self.parcels.at(place);
                let is_node = parcel.id.is_some();
                is_node.then(|| next(parcel.from, [Some(parcel.hash), None], None)).flatten()
            }
            Happening::Announces(_) | Happening::Fails(_) | Happening::Returns(_) | Happening::Floods => None,
        }
    }
}
