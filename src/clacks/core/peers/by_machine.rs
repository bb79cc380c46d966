//! The peers that responded when last tried, grouped by machine.
//!
//! A machine is a rate-limit key. Its owner can run a peer at each port and under each name that leads there, so a
//! machine is drawn first, uniformly, and then one of its peers. A peer with unknown key is a machine of its own.
//!
//! Most machines have one peer and are represented by its number. Machines, and the peers in one, are stored in
//! partitions. Those without a delivery in flight come first; they are nearly all, and their counts are known. For the
//! others, which are at most as many as there are deliveries in flight, the limits are evaluated when needed.

use std::{
    hash::{BuildHasher, RandomState},
    sync::LazyLock,
};

use hashbrown::HashTable;

use crate::core::packed_key::PackedKey;

use super::{delivery_slots::DeliverySlots, partitioned::Partitioned, record::Record, table::Table};

/// Hashes the keys. It is seeded, because strangers choose them.
static KEY: LazyLock<RandomState> = LazyLock::new(RandomState::new);

/// Partition of fast peers without a delivery in flight.
const FAST: usize = 0;
/// Partition of slow peers without a delivery in flight.
const SLOW: usize = 1;
/// Partition of peers and machines with a delivery in flight.
const ACTIVE: usize = 2;
/// Partition of paused peers.
const PAUSED: usize = 3;

/// A machine: the number of its only peer or, with the bit [`SHARED`], the index of a [`Shared`].
type MachineId = u32;
const SHARED: u32 = 1 << 31;

/// All machines.
#[derive(Debug, Default)]
pub(super) struct Machines {
    members: Partitioned<4>,
    shared: Vec<Shared>,
    /// The machines by rate-limit key, if it is known.
    by_place: HashTable<MachineId>,
    /// Number of fast and of slow peers at machines without a delivery in flight.
    idle: [u32; 2],
    len: u32,
    /// Number of fast peers, free or not.
    fast: u32,
}

/// A machine that has, or had, several peers.
#[derive(Debug)]
struct Shared {
    place: PackedKey,
    peers: Partitioned<4>,
    /// Deliveries in flight to its peers.
    in_flight: u32,
    /// Its position among all machines.
    position: u32,
}

/// Number of free machines and peers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Free {
    pub(super) machines: usize,
    pub(super) peers: usize,
}

fn is_shared(machine: MachineId) -> bool {
    machine & SHARED != 0
}

fn hash(place: PackedKey) -> u64 {
    KEY.hash_one(place)
}

fn part_of(record: &Record) -> usize {
    match record {
        _ if record.is_paused => PAUSED,
        _ if record.in_flight > 0 => ACTIVE,
        _ if record.is_slow => SLOW,
        _ => FAST,
    }
}

impl Machines {
    /// Number of peers.
    pub(super) fn len(&self) -> usize {
        self.len as usize
    }

    fn find(&self, place: PackedKey, table: &Table) -> Option<MachineId> {
        let is_same = |machine: &MachineId| self.place(*machine, table) == Some(place);
        self.by_place.find(hash(place), is_same).copied()
    }

    fn place(&self, machine: MachineId, table: &Table) -> Option<PackedKey> {
        if is_shared(machine) { Some(self.shared(machine).place) } else { table.record(machine).place }
    }

    fn shared(&self, machine: MachineId) -> &Shared {
        &self.shared[(machine & !SHARED) as usize]
    }

    fn shared_mut(&mut self, machine: MachineId) -> &mut Shared {
        &mut self.shared[(machine & !SHARED) as usize]
    }

    /// The machine of a peer.
    fn machine_of(&self, number: u32, table: &Table) -> MachineId {
        table.record(number).place.and_then(|place| self.find(place, table)).unwrap_or(number)
    }

    fn position(&self, machine: MachineId, positions: &[u32]) -> u32 {
        if is_shared(machine) { self.shared(machine).position } else { positions[machine as usize] }
    }

    // === Members ===

    /// Adds a peer. `positions` holds the position of each peer by its number.
    pub(super) fn insert(&mut self, number: u32, table: &Table, positions: &mut [u32]) {
        let record = table.record(number);
        self.len += 1;
        self.fast += u32::from(!record.is_slow);
        match record.place.and_then(|place| self.find(place, table)) {
            None => {
                if let Some(place) = record.place {
                    let rehash =
                        |machine: &MachineId| place_of(&self.shared, *machine, table).map_or(0, hash);
                    self.by_place.insert_unique(hash(place), number, rehash);
                }
                self.insert_machine(number, part_of(record), positions);
                self.count_idle(number, positions, true);
            }
            Some(machine) => {
                let machine =
                    if is_shared(machine) { machine } else { self.make_shared(machine, table, positions) };
                self.change(machine, positions, |shared, positions| {
                    shared.in_flight += record.in_flight;
                    shared.peers.insert(number, part_of(record), &mut record_position(positions));
                });
            }
        }
    }

    /// Turns a machine with one peer into one that can have several.
    fn make_shared(&mut self, only: u32, table: &Table, positions: &mut [u32]) -> MachineId {
        let record = table.record(only);
        let machine = self.shared.len() as u32 | SHARED;
        let Some(place) = record.place else { return only };
        self.count_idle(only, positions, false);
        let position = positions[only as usize];
        let mut peers = Partitioned::default();
        peers.insert(only, part_of(record), &mut record_position(positions));
        self.shared.push(Shared { place, peers, in_flight: record.in_flight, position });
        self.members.replace(position, machine);
        self.replace_id(hash(place), only, machine);
        self.count_idle(machine, positions, true);
        machine
    }

    /// Removes a peer. Its record must be as it was when it was added or last updated.
    pub(super) fn remove(&mut self, number: u32, table: &Table, positions: &mut [u32]) {
        self.len -= 1;
        self.fast -= u32::from(!table.record(number).is_slow);
        let machine = self.machine_of(number, table);
        if !is_shared(machine) {
            self.count_idle(machine, positions, false);
            self.remove_machine(machine, table, positions);
            return;
        }
        let in_flight = table.record(number).in_flight;
        self.change(machine, positions, |shared, positions| {
            shared.in_flight -= in_flight;
            let position = positions[number as usize];
            shared.peers.remove(position, &mut record_position(positions));
        });
        if self.shared(machine).peers.is_empty() {
            self.remove_machine(machine, table, positions);
            self.drop_shared(machine);
        }
    }

    /// Updates the position of a peer in its machine, after its deliveries in flight, its pause or its speed changed.
    pub(super) fn update(
        &mut self,
        number: u32,
        in_flight_before: u32,
        table: &Table,
        positions: &mut [u32],
    ) {
        let (machine, record) = (self.machine_of(number, table), table.record(number));
        if is_shared(machine) {
            self.change(machine, positions, |shared, positions| {
                shared.in_flight = shared.in_flight + record.in_flight - in_flight_before;
                let position = positions[number as usize];
                shared.peers.move_to(position, part_of(record), &mut record_position(positions));
            });
        } else {
            self.count_idle(machine, positions, false);
            self.move_machine(machine, part_of(record), positions);
            self.count_idle(machine, positions, true);
        }
    }

    /// Updates the number of a peer. The table has the new number already.
    pub(super) fn renumber(&mut self, from: u32, to: u32, table: &Table, positions: &[u32]) {
        let position = positions[to as usize];
        // A machine with this peer alone is still named by the old number.
        let place = table.record(to).place;
        let is_same =
            |machine: &MachineId| *machine == from || place_of(&self.shared, *machine, table) == place;
        let machine =
            place.and_then(|place| self.by_place.find(hash(place), is_same).copied()).unwrap_or(from);
        if is_shared(machine) {
            self.shared_mut(machine).peers.replace(position, to);
        } else {
            self.members.replace(position, to);
            place.into_iter().for_each(|place| self.replace_id(hash(place), from, to));
        }
    }

    fn replace_id(&mut self, hash: u64, from: MachineId, to: MachineId) {
        let found = self.by_place.find_mut(hash, |machine| *machine == from);
        found.into_iter().for_each(|machine| *machine = to);
    }

    /// Changes a machine with several peers and updates its position.
    fn change(
        &mut self,
        machine: MachineId,
        positions: &mut [u32],
        change: impl FnOnce(&mut Shared, &mut [u32]),
    ) {
        self.count_idle(machine, positions, false);
        change(self.shared_mut(machine), positions);
        let part = self.shared(machine).part();
        self.move_machine(machine, part, positions);
        self.count_idle(machine, positions, true);
    }

    /// Adds the peers of a machine without a delivery in flight to the counts, or subtracts them.
    fn count_idle(&mut self, machine: MachineId, positions: &[u32], is_more: bool) {
        let part = self.members.part_at(self.position(machine, positions));
        let counts = match part {
            FAST | SLOW if is_shared(machine) => {
                [FAST, SLOW].map(|part| self.shared(machine).peers.len_of(part) as u32)
            }
            FAST => [1, 0],
            SLOW => [0, 1],
            _ => return,
        };
        for (idle, count) in self.idle.iter_mut().zip(counts) {
            *idle = if is_more { *idle + count } else { *idle - count };
        }
    }

    fn insert_machine(&mut self, machine: MachineId, part: usize, positions: &mut [u32]) {
        self.members.insert(machine, part, &mut record_machine_positions(&mut self.shared, positions));
    }

    fn move_machine(&mut self, machine: MachineId, part: usize, positions: &mut [u32]) {
        let position = self.position(machine, positions);
        self.members.move_to(position, part, &mut record_machine_positions(&mut self.shared, positions));
    }

    fn remove_machine(&mut self, machine: MachineId, table: &Table, positions: &mut [u32]) {
        let position = self.position(machine, positions);
        self.members.remove(position, &mut record_machine_positions(&mut self.shared, positions));
        if let Some(place) = self.place(machine, table)
            && let Ok(found) = self.by_place.find_entry(hash(place), |found| *found == machine)
        {
            found.remove();
        }
    }

    /// Removes a machine without peers. The last machine gets its index.
    fn drop_shared(&mut self, machine: MachineId) {
        self.shared.swap_remove((machine & !SHARED) as usize);
        let last = self.shared.len() as u32 | SHARED;
        if last != machine {
            let Shared { position, place, .. } = *self.shared(machine);
            self.members.replace(position, machine);
            self.replace_id(hash(place), last, machine);
        }
    }

    // === Free peers ===

    /// Number of free machines and peers within these limits.
    pub(super) fn free(&self, slots: &DeliverySlots, table: &Table) -> Free {
        let [fast, slow] = self.idle.map(|count| count as usize);
        let idle = if slots.admits_slow { fast + slow } else { fast };
        // The counts cover machines without a delivery in flight, except slow peers of a machine with fast ones.
        let machines = self.idle_machines(slots);
        self.active(slots, table).fold(Free { machines, peers: idle }, |free, (_, peers)| Free {
            machines: free.machines + 1,
            peers: free.peers + peers,
        })
    }

    /// Whether there is at most one machine.
    pub(super) fn is_only_one(&self) -> bool {
        self.members.len() <= 1
    }

    /// Whether any peer is fast, free or not.
    pub(super) fn is_any_fast(&self) -> bool {
        self.fast > 0
    }

    /// Updates the count of fast peers. The caller also calls [`Machines::update`].
    pub(super) fn record_speed(&mut self, was_slow: bool, is_slow: bool) {
        self.fast = self.fast + u32::from(was_slow) - u32::from(is_slow);
    }

    /// Whether any peer is free.
    pub(super) fn is_any_free(&self, slots: &DeliverySlots, table: &Table) -> bool {
        self.idle_machines(slots) > 0 || self.active(slots, table).next().is_some()
    }

    /// Number of free machines without a delivery in flight. They come first.
    fn idle_machines(&self, slots: &DeliverySlots) -> usize {
        self.members.len_of(FAST) + if slots.admits_slow { self.members.len_of(SLOW) } else { 0 }
    }

    /// The free machines with a delivery in flight, and the number of their free peers.
    fn active<'a>(
        &'a self,
        slots: &'a DeliverySlots,
        table: &'a Table,
    ) -> impl Iterator<Item = (MachineId, usize)> + 'a {
        let machines = self.members.part(ACTIVE).iter().copied();
        machines.map(|machine| (machine, self.free_at(machine, slots, table))).filter(|(_, peers)| *peers > 0)
    }

    /// The free machine at this position, and the number of its free peers.
    pub(super) fn nth_free(
        &self,
        place: usize,
        slots: &DeliverySlots,
        table: &Table,
    ) -> Option<(MachineId, usize)> {
        let idle = self.idle_machines(slots);
        if place >= idle {
            return self.active(slots, table).nth(place - idle);
        }
        let machine = self.members.at(place)?;
        Some((machine, self.free_at(machine, slots, table)))
    }

    fn free_at(&self, machine: MachineId, slots: &DeliverySlots, table: &Table) -> usize {
        if !is_shared(machine) {
            return usize::from(slots.admits(table.record(machine), None));
        }
        let Shared { peers, in_flight, .. } = self.shared(machine);
        let of =
            |part, is_slow| if slots.admits_machine(*in_flight, is_slow) { peers.len_of(part) } else { 0 };
        of(FAST, false) + of(SLOW, true) + self.active_at(machine, slots, table).count()
    }

    /// The free peers of a machine that have a delivery in flight.
    fn active_at<'a>(
        &'a self,
        machine: MachineId,
        slots: &'a DeliverySlots,
        table: &'a Table,
    ) -> impl Iterator<Item = u32> + 'a {
        let Shared { peers, in_flight, .. } = self.shared(machine);
        let admits = move |number: &u32| slots.admits(table.record(*number), Some(*in_flight));
        peers.part(ACTIVE).iter().copied().filter(admits)
    }

    /// The free peer of a machine at this position.
    pub(super) fn nth_free_at(
        &self,
        machine: MachineId,
        place: usize,
        slots: &DeliverySlots,
        table: &Table,
    ) -> Option<u32> {
        if !is_shared(machine) {
            return Some(machine);
        }
        let Shared { peers, in_flight, .. } = self.shared(machine);
        let mut place = place;
        for (part, is_slow) in [(FAST, false), (SLOW, true)] {
            if slots.admits_machine(*in_flight, is_slow) {
                match peers.part(part).get(place) {
                    Some(number) => return Some(*number),
                    None => place -= peers.len_of(part),
                }
            }
        }
        self.active_at(machine, slots, table).nth(place)
    }

    /// Whether a peer is free.
    pub(super) fn is_free(&self, number: u32, slots: &DeliverySlots, table: &Table) -> bool {
        let machine = self.machine_of(number, table);
        let in_flight = is_shared(machine).then(|| self.shared(machine).in_flight);
        slots.admits(table.record(number), in_flight)
    }

    // === Friends ===

    /// The number of machines with a candidate for a friend, and a random peer of a random machine. The peer `except` is
    /// no candidate. `pick(n)` draws a number below `n`.
    pub(super) fn draw_friend(
        &self,
        except: Option<u32>,
        table: &Table,
        positions: &[u32],
        mut pick: impl FnMut(usize) -> usize,
    ) -> Option<u32> {
        let machine = except.map(|number| self.machine_of(number, table));
        let is_alone = |machine: &MachineId| !is_shared(*machine) || self.shared(*machine).peers.len() == 1;
        let excluded = machine.filter(is_alone).map(|machine| self.position(machine, positions) as usize);
        let position = pick_except(self.members.len(), excluded, &mut pick)?;
        let drawn = self.members.at(position)?;
        if !is_shared(drawn) {
            return Some(drawn);
        }
        let peers = &self.shared(drawn).peers;
        let excluded =
            except.filter(|_| machine == Some(drawn)).map(|number| positions[number as usize] as usize);
        peers.at(pick_except(peers.len(), excluded, &mut pick)?)
    }

    // === Prefetching ===

    #[cfg(feature = "simulation")]
    pub(super) fn prefetch(&self) -> usize {
        self.members.all().last().map_or(0, |last| *last as usize) ^ self.shared.len() ^ self.by_place.len()
    }

    /// The numbers of all peers.
    #[cfg(test)]
    pub(super) fn numbers(&self) -> Vec<u32> {
        let of = |machine: &MachineId| {
            if is_shared(*machine) { self.shared(*machine).peers.all().to_vec() } else { vec![*machine] }
        };
        self.members.all().iter().flat_map(of).collect()
    }
}

impl Shared {
    /// The partition that it belongs to.
    fn part(&self) -> usize {
        if self.peers.len_of(PAUSED) == self.peers.len() {
            PAUSED
        } else if self.in_flight > 0 {
            ACTIVE
        } else if self.peers.len_of(FAST) > 0 {
            FAST
        } else {
            SLOW
        }
    }
}

/// A random position below `len`, other than `excluded`.
fn pick_except(len: usize, excluded: Option<usize>, pick: &mut impl FnMut(usize) -> usize) -> Option<usize> {
    let candidates = len - usize::from(excluded.is_some());
    let position = (candidates > 0).then(|| pick(candidates))?;
    Some(position + usize::from(excluded.is_some_and(|excluded| position >= excluded)))
}

fn place_of(shared: &[Shared], machine: MachineId, table: &Table) -> Option<PackedKey> {
    if is_shared(machine) {
        Some(shared[(machine & !SHARED) as usize].place)
    } else {
        table.record(machine).place
    }
}

/// A callback that stores the positions of peers.
fn record_position(positions: &mut [u32]) -> impl FnMut(u32, u32) {
    |number, position| positions[number as usize] = position
}

/// A callback that stores the positions of machines.
fn record_machine_positions<'a>(
    shared: &'a mut [Shared],
    positions: &'a mut [u32],
) -> impl FnMut(u32, u32) + 'a {
    |machine, position| {
        if is_shared(machine) {
            shared[(machine & !SHARED) as usize].position = position;
        } else {
            positions[machine as usize] = position;
        }
    }
}

#[cfg(test)]
mod tests;
