//! Which peers can get a message now.

use crate::{
    core::{PeerCounts, Status},
    protocol::Address,
};

use super::{
    Peers,
    by_machine::Free,
    delivery_slots::DeliverySlots,
    record::{Class, Record},
    table::TableEntry,
};

/// A peer that was drawn from those of a status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::core) struct Drawn {
    pub(in crate::core) number: usize,
    /// Number of free peers at its machine.
    pub(in crate::core) at_place: usize,
}

impl Peers {
    /// Adds a peer to its class.
    pub(super) fn insert_into_class(&mut self, number: usize) {
        self.probes += usize::from(self.record(number).has_probe());
        self.classes.insert(number, &self.table);
    }

    /// Removes a peer from its class.
    pub(super) fn remove_from_class(&mut self, number: usize) {
        self.probes -= usize::from(self.record(number).has_probe());
        self.classes.remove(number, &self.table);
    }

    /// Updates the position of a peer after a change that does not affect its class.
    pub(super) fn update(&mut self, number: usize) {
        let in_flight = self.record(number).in_flight;
        self.classes.update(number, in_flight, &self.table);
    }

    /// Records the start of a delivery to the peer.
    pub(in crate::core) fn begin_delivery(&mut self, number: usize) {
        self.in_flight += 1;
        self.update_deliveries(number, |in_flight| in_flight + 1);
    }

    /// Records the end of a delivery to the address. Returns the peer's number if it is still known.
    pub(in crate::core) fn end_delivery(&mut self, address: &Address) -> Option<usize> {
        self.in_flight -= 1;
        let number = self.find(address);
        match number {
            Some(number) => self.update_deliveries(number, |in_flight| in_flight.saturating_sub(1)),
            None => self.end_delivery_to_departed(address),
        }
        number
    }

    fn update_deliveries(&mut self, number: usize, change: impl FnOnce(u32) -> u32) {
        let record = self.record_mut(number);
        let (before, probed_before) = (record.in_flight, record.has_probe());
        record.in_flight = change(before);
        let has_probe = record.has_probe();
        self.probes = self.probes + usize::from(has_probe) - usize::from(probed_before);
        self.classes.update(number, before, &self.table);
    }

    fn end_delivery_to_departed(&mut self, address: &Address) {
        let in_flight = self.departed.get_mut(address);
        if let Some(in_flight) = in_flight {
            *in_flight -= 1;
            if *in_flight == 0 {
                self.departed.remove(address);
            }
        }
    }

    /// Pauses or resumes a peer. A paused peer is not free. Returns whether that is a change.
    pub(in crate::core) fn set_paused(&mut self, number: usize, is_paused: bool) -> bool {
        let was_paused = std::mem::replace(&mut self.record_mut(number).is_paused, is_paused);
        self.update(number);
        was_paused != is_paused
    }

    /// Sets the response time in microseconds from which a peer is slow.
    pub(in crate::core) fn set_slow_from(&mut self, slow_from: u32) {
        self.slow_from = slow_from;
        for number in 0..self.len() {
            let record = self.record_mut(number);
            let is_slow = record.response_micros > slow_from;
            let was_slow = std::mem::replace(&mut record.is_slow, is_slow);
            if was_slow != is_slow {
                self.record_speed(number, was_slow);
            }
        }
    }

    /// Updates the counts of fast peers after the speed of a peer was measured.
    pub(super) fn record_speed(&mut self, number: usize, was_slow: bool) {
        let record = self.record(number);
        if record.class == Class::Responding {
            let is_slow = record.is_slow;
            self.classes.machines.record_speed(was_slow, is_slow);
        }
        self.update(number);
    }

    fn slots(&self) -> DeliverySlots {
        let free = self.max_in_flight.saturating_sub(self.in_flight);
        DeliverySlots::of(free, self.max_in_flight, self.max_in_flight_per_peer, &self.classes.machines)
    }

    /// Whether a message can be sent to the peer now.
    pub(in crate::core) fn is_free(&self, number: usize) -> bool {
        let (record, slots) = (self.record(number), self.slots());
        match record.class {
            Class::Ignored => false,
            Class::Responding => self.classes.machines.is_free(number as u32, &slots, &self.table),
            _ => self.admits_probe(&slots) && !record.is_busy(),
        }
    }

    /// Whether any peer can be sent to now.
    pub(in crate::core) fn is_any_free(&self) -> bool {
        let slots = self.slots();
        let is_free = |class: &Class| class.is_unresponsive() && !self.classes.free(*class).is_empty();
        self.classes.machines.is_any_free(&slots, &self.table)
            || (self.admits_probe(&slots) && Status::ALL.into_iter().flat_map(Class::all_of).any(is_free))
    }

    /// Whether another peer that did not respond when last tried can be sent to: at most half of all slots are for such
    /// peers.
    fn admits_probe(&self, slots: &DeliverySlots) -> bool {
        slots.admits_slow && self.probes < self.max_in_flight.div_ceil(2)
    }

    fn free_responding(&self) -> Free {
        self.classes.machines.free(&self.slots(), &self.table)
    }

    /// Number of free peers of a class whose peers did not respond when last tried.
    fn free_for_probe(&self, class: Class) -> usize {
        if class.is_unresponsive() && self.admits_probe(&self.slots()) {
            self.classes.free(class).len()
        } else {
            0
        }
    }

    /// Number of free peers by status. Ignored peers are never free.
    pub(in crate::core) fn free_counts(&self) -> PeerCounts {
        let [user_added, new, user_added_untried, unverified, lost, dead] = [
            Class::UserAdded,
            Class::New,
            Class::UserAddedUntried,
            Class::Unverified,
            Class::Lost,
            Class::Dead,
        ]
        .map(|class| self.free_for_probe(class));
        let alive = self.free_responding().peers + user_added_untried + unverified;
        PeerCounts {
            new: user_added + new,
            alive,
            unverified: user_added_untried + unverified,
            lost,
            dead,
            ignored: 0,
        }
    }

    /// Number of free peers of this status.
    #[cfg(test)]
    pub(in crate::core) fn free(&self, status: Status) -> usize {
        self.free_counts().of(status)
    }

    /// Number of free verified peers: new ones that the user added, and alive ones that responded when last tried or
    /// that the user added and that were never tried.
    pub(in crate::core) fn free_verified(&self) -> PeerCounts {
        let [new, user_added_untried] =
            [Class::UserAdded, Class::UserAddedUntried].map(|class| self.free_for_probe(class));
        let alive = self.free_responding().peers + user_added_untried;
        PeerCounts { new, alive, unverified: user_added_untried, ..PeerCounts::default() }
    }

    /// Number of machines of the free alive peers.
    pub(in crate::core) fn alive_places(&self, verified_only: bool) -> usize {
        let unverified = if verified_only { 0 } else { self.free_for_probe(Class::Unverified) };
        self.free_responding().machines + self.free_for_probe(Class::UserAddedUntried) + unverified
    }

    /// Whether any verified peer is known, free or not.
    pub(in crate::core) fn is_any_verified(&self) -> bool {
        [Class::UserAdded, Class::Responding, Class::UserAddedUntried]
            .into_iter()
            .any(|class| self.classes.len(class) > 0)
    }

    /// Whether the peer is verified: it responded when last tried, or the user added it and it was never tried.
    pub(in crate::core) fn is_verified(&self, number: usize) -> bool {
        self.record(number).class.is_verified()
    }

    /// A random free peer of a status; with `verified_only`, a random verified one. `pick(n)` draws a number below `n`.
    pub(in crate::core) fn draw(
        &self,
        status: Status,
        verified_only: bool,
        mut pick: impl FnMut(usize) -> usize,
    ) -> Option<Drawn> {
        let slots = self.slots();
        let machines = if status == Status::Alive { self.free_responding().machines } else { 0 };
        let others = Class::all_of(status).iter().filter(|class| !verified_only || class.is_verified());
        let free = |class: &Class| if class.is_unresponsive() { self.free_for_probe(*class) } else { 0 };
        let places = machines + others.clone().map(free).sum::<usize>();
        let mut place = (places > 0).then(|| pick(places))?;
        if place < machines {
            let (machine, at_place) = self.classes.machines.nth_free(place, &slots, &self.table)?;
            let peer = if at_place > 1 { pick(at_place) } else { 0 };
            let number = self.classes.machines.nth_free_at(machine, peer, &slots, &self.table)?;
            return Some(Drawn { number: number as usize, at_place });
        }
        place -= machines;
        for class in others {
            let free = free(class);
            if place < free {
                let number = self.classes.free(*class)[place] as usize;
                return Some(Drawn { number, at_place: 1 });
            }
            place -= free;
        }
        None
    }

    /// The number of the oldest free new peer.
    pub(in crate::core) fn oldest_free_new(&self) -> Option<usize> {
        let classes = Class::all_of(Status::New).iter();
        let numbers =
            classes.flat_map(|class| self.classes.free(*class).iter().take(self.free_for_probe(*class)));
        let age = |number: &usize| {
            let TableEntry { address, record } = self.table.at(*number);
            (record.known_since, address)
        };
        numbers.map(|number| *number as usize).min_by_key(age)
    }

    /// The number of a random peer other than the receiver that responded when last tried, to be named as friend. The
    /// machine is drawn first. `pick(n)` draws a number below `n`.
    pub(in crate::core) fn draw_friend(
        &self,
        receiver: Option<usize>,
        pick: impl FnMut(usize) -> usize,
    ) -> Option<usize> {
        let is_responding = |record: &Record| record.class == Class::Responding;
        let except =
            receiver.filter(|number| is_responding(self.record(*number))).map(|number| number as u32);
        let drawn = self.classes.machines.draw_friend(except, &self.table, &self.classes.positions, pick);
        drawn.map(|number| number as usize)
    }

    /// Reads the addresses of a receiver and its friend, whose reference counts are incremented next. Among many peers
    /// they are in no cache. Reading both here makes the processor fetch them in parallel.
    pub(in crate::core) fn prefetch_addresses(&self, receiver: usize, friend: Option<usize>) {
        let first_letter = |number| self.address(number).hostname().as_bytes().first().copied();
        std::hint::black_box((first_letter(receiver), friend.map(first_letter)));
    }
}
