//! The peers that are known.

mod orders;
mod record;

use std::{collections::HashMap, ops::Bound};

use indexmap::IndexMap;

use crate::protocol::Address;

use super::{KnownPeer, Now, Peer, PeerCounts, Status};

use self::{
    orders::Orders,
    record::{Class, Record},
};

/// The peers of one class, by their numbers in the table. Those that can take no further delivery just now stand at the
/// end, so that one of the others is drawn by its place.
#[derive(Debug, Default)]
struct Group {
    numbers: Vec<u32>,
    busy: usize,
}

impl Group {
    fn free(&self) -> usize {
        self.numbers.len() - self.busy
    }
}

/// All known peers. Each is in exactly one group, that of its class.
#[derive(Debug)]
pub(super) struct Peers {
    // Peers choose the keys: std's seeded hash. The order is never shown.
    table: IndexMap<Address, Record>,
    groups: [Group; 8],
    orders: Orders,
    /// Deliveries under way to peers that were forgotten meanwhile; who comes back still has them.
    left: HashMap<Address, u32>,
    max_in_flight_per_peer: usize,
    max_tries: usize,
}

impl Peers {
    /// Nobody is known. At most `max_tries` peers that did not answer last time can be sent to at once.
    pub(super) fn new(max_in_flight_per_peer: usize, max_tries: usize) -> Self {
        Self {
            table: IndexMap::new(),
            groups: Default::default(),
            orders: Orders::default(),
            left: HashMap::new(),
            max_in_flight_per_peer,
            max_tries,
        }
    }

    fn group(&self, class: Class) -> &Group {
        &self.groups[class as usize]
    }

    fn group_mut(&mut self, class: Class) -> &mut Group {
        &mut self.groups[class as usize]
    }

    fn class(&self, address: &Address) -> Option<Class> {
        self.table.get(address).map(|record| record.class)
    }

    pub(super) fn status(&self, address: &Address) -> Option<Status> {
        self.table.get(address).map(Record::status)
    }

    pub(super) fn get(&self, address: &Address) -> Option<Peer> {
        self.table.get(address).map(|record| record.snapshot(address))
    }

    /// Whether the peer is known and the user named it.
    pub(super) fn is_named(&self, address: &Address) -> bool {
        self.table.get(address).is_some_and(|record| record.is_named)
    }

    pub(super) fn record_mut(&mut self, address: &Address) -> Option<&mut Record> {
        self.table.get_mut(address)
    }

    pub(super) fn len(&self) -> usize {
        self.table.len()
    }

    pub(super) fn count(&self, status: Status) -> usize {
        Class::all_of(status).map(|class| self.group(class).numbers.len()).sum()
    }

    pub(super) fn counts(&self) -> PeerCounts {
        PeerCounts {
            new: self.count(Status::New),
            alive: self.count(Status::Alive),
            claimed: self.group(Class::Vouched).numbers.len() + self.group(Class::Claimed).numbers.len(),
            lost: self.count(Status::Lost),
            dead: self.count(Status::Dead),
            ignored: self.count(Status::Ignored),
        }
    }

    // === Who is known, and where each stands ===

    /// Adds a peer that is not known.
    pub(super) fn insert(&mut self, address: &Address, status: Status, now: Now) -> Peer {
        let record = Record::new(status, now);
        let peer = record.snapshot(address);
        self.put(address.clone(), record);
        peer
    }

    /// Adds a peer of an earlier run that is not known.
    pub(super) fn restore(&mut self, known: KnownPeer, status: Status, now: Now) {
        let KnownPeer { address, time, reached, is_named, .. } = known;
        let answers = (status != Status::Ignored).then_some(false);
        let mut record = Record { reached, answers, is_named, ..Record::new(status, now) };
        record.classify(status);
        if status == Status::Ignored {
            // Nothing is measured by it.
            record.time = time;
        }
        self.put(address, record);
    }

    fn put(&mut self, address: Address, mut record: Record) {
        record.in_flight = self.left.remove(&address).unwrap_or(0);
        self.orders.insert(&address, &record);
        let (number, _) = self.table.insert_full(address, record);
        self.enter(number);
    }

    pub(super) fn remove(&mut self, address: &Address) -> Option<Peer> {
        let number = self.table.get_index_of(address)?;
        self.leave(number);
        let (address, record) = self.table.swap_remove_index(number)?;
        self.orders.remove(&address, &record);
        // The last one has its number now.
        if let Some((_, moved)) = self.table.get_index(number) {
            self.groups[moved.class as usize].numbers[moved.place as usize] = number as u32;
        }
        let peer = record.snapshot(&address);
        if record.in_flight > 0 {
            self.left.insert(address, record.in_flight);
        }
        Some(peer)
    }

    /// Changes what decides where a peer stands, and lets it stand there. The status is the one that it has then.
    fn change(&mut self, number: usize, status: Status, change: impl FnOnce(&mut Record)) {
        self.leave(number);
        let Some((address, record)) = self.table.get_index_mut(number) else { return };
        self.orders.remove(address, record);
        change(record);
        record.classify(status);
        self.orders.insert(address, record);
        self.enter(number);
    }

    /// Moves a peer to another status; returns it and the status it had, or `None` if nothing changed.
    pub(super) fn set_status(
        &mut self,
        address: &Address,
        status: Status,
        now: Now,
    ) -> Option<(Peer, Status)> {
        let (number, _, record) = self.table.get_full(address)?;
        let from = record.status();
        if from == status {
            return None;
        }
        self.change(number, status, |record| (record.time, record.since) = (now.unix_ms, now.uptime));
        Some((self.table[number].snapshot(address), from))
    }

    /// Notes that the peer answered when we tried it.
    pub(super) fn note_answer(&mut self, address: &Address, now: Now) {
        let Some((number, _, record)) = self.table.get_full_mut(address) else { return };
        if record.class == Class::Answering {
            record.answered = now.uptime;
            return;
        }
        let status = record.status();
        self.change(number, status, |record| {
            (record.answers, record.reached, record.answered) = (Some(true), true, now.uptime);
        });
    }

    /// Notes that it did not.
    pub(super) fn note_no_answer(&mut self, address: &Address) {
        let Some((number, _, record)) = self.table.get_full(address) else { return };
        if record.answers != Some(false) {
            self.change(number, record.status(), |record| record.answers = Some(false));
        }
    }

    /// The user named this peer: it makes room for nobody.
    pub(super) fn keep(&mut self, address: &Address) {
        if let Some((number, _, record)) = self.table.get_full(address) {
            self.change(number, record.status(), |record| record.is_named = true);
        }
    }

    /// Notes the status that an ignored peer had, to be given back.
    pub(super) fn remember_status(&mut self, address: &Address, status: Status) {
        if let Some(record) = self.record_mut(address) {
            record.before_ignored = Some(status);
        }
    }

    pub(super) fn remembered_status(&self, address: &Address) -> Option<Status> {
        self.table.get(address).filter(|record| record.class == Class::Ignored)?.before_ignored
    }

    /// Who is forgotten first when there are too many: of those that never answered and that the user did not name
    /// the one that is known for the longest; without such, of those that are lost or dead the one that answered the
    /// longest ago, or else a crowd that answered once would fill all places for good. Ignored ones stay: else a crowd
    /// could undo an ignore.
    pub(super) fn first_to_go(&self) -> Option<&Address> {
        self.orders.first_to_go(&self.table)
    }

    /// The same among the new ones only.
    pub(super) fn first_new_to_go(&self) -> Option<&Address> {
        self.orders.first_new_to_go(&self.table)
    }

    // === Who can be sent to ===

    /// A peer takes its place in the group of its class.
    fn enter(&mut self, number: usize) {
        let record = &self.table[number];
        let (class, is_busy) = (record.class, self.is_busy(record));
        let group = self.group_mut(class);
        let last = group.numbers.len();
        let first_busy = last - group.busy;
        group.numbers.push(number as u32);
        // It stands first among the busy, or last among the free.
        group.busy += usize::from(is_busy);
        self.swap(class, first_busy, last);
    }

    /// A peer leaves its place.
    fn leave(&mut self, number: usize) {
        let class = self.table[number].class;
        self.set_busy(number, true);
        let place = self.table[number].place as usize;
        let group = self.group_mut(class);
        group.busy -= 1;
        group.numbers.swap_remove(place);
        if let Some(moved) = group.numbers.get(place).copied() {
            self.table[moved as usize].place = place as u32;
        }
    }

    /// Two peers of a class take each other's place.
    fn swap(&mut self, class: Class, one: usize, other: usize) {
        let numbers = &mut self.groups[class as usize].numbers;
        numbers.swap(one, other);
        for place in [one, other] {
            self.table[numbers[place] as usize].place = place as u32;
        }
    }

    fn set_busy(&mut self, number: usize, busy: bool) {
        let (class, place) = (self.table[number].class, self.table[number].place as usize);
        let group = self.group_mut(class);
        let free = group.free();
        let was_busy = place >= free;
        if busy && !was_busy {
            group.busy += 1;
            self.swap(class, place, free - 1);
        } else if !busy && was_busy {
            group.busy -= 1;
            self.swap(class, place, free);
        }
    }

    /// Notes that a delivery to the address began.
    pub(super) fn begin_delivery(&mut self, address: &Address) {
        self.note_deliveries(address, |in_flight| in_flight + 1);
    }

    /// Notes that a delivery to the address ended.
    pub(super) fn end_delivery(&mut self, address: &Address) {
        self.note_deliveries(address, |in_flight| in_flight.saturating_sub(1));
    }

    fn note_deliveries(&mut self, address: &Address, change: impl FnOnce(u32) -> u32) {
        if let Some((number, _, record)) = self.table.get_full_mut(address) {
            record.in_flight = change(record.in_flight);
            let is_busy = self.is_busy(&self.table[number]);
            self.set_busy(number, is_busy);
            return;
        }
        let in_flight = change(self.left.get(address).copied().unwrap_or(0));
        if in_flight == 0 {
            self.left.remove(address);
        } else {
            self.left.insert(address.clone(), in_flight);
        }
    }

    /// Whether a peer takes no further delivery until one of those under way has ended.
    fn is_busy(&self, record: &Record) -> bool {
        let most = if record.class == Class::Answering { self.max_in_flight_per_peer } else { 1 };
        record.in_flight as usize >= most
    }

    /// How many peers of this status can be sent to now.
    pub(super) fn free(&self, status: Status) -> usize {
        Class::all_of(status).map(|class| self.free_in(class)).sum()
    }

    /// How many peers can be sent to now that more than strangers speak for: new ones that the user named, and alive
    /// ones that answered last time or that the user named and that were never tried. They have the first numbers of
    /// their status.
    pub(super) fn free_proven(&self) -> PeerCounts {
        let [new, answering, vouched] =
            [Class::Named, Class::Answering, Class::Vouched].map(|class| self.free_in(class));
        PeerCounts { new, alive: answering + vouched, claimed: vouched, ..PeerCounts::default() }
    }

    /// How many that are alive by their word alone can be sent to now.
    pub(super) fn free_claimed(&self) -> usize {
        self.free_in(Class::Vouched) + self.free_in(Class::Claimed)
    }

    /// Whether nothing but what strangers say speaks for the peer: it is new and not by the user's word, or alive and
    /// did not answer last time, unless the user named it and it was never tried.
    pub(super) fn is_hearsay(&self, address: &Address) -> bool {
        matches!(self.class(address), Some(Class::New | Class::Claimed))
    }

    fn free_in(&self, class: Class) -> usize {
        let is_bounded = Class::UNANSWERED.contains(&class);
        if is_bounded && self.tries() >= self.max_tries { 0 } else { self.group(class).free() }
    }

    /// How many peers that did not answer last time have a delivery under way.
    fn tries(&self) -> usize {
        Class::UNANSWERED.map(|class| self.group(class).busy).iter().sum()
    }

    /// The peer with this number among those of a status that can be sent to now.
    pub(super) fn nth_free(&self, status: Status, mut number: usize) -> Option<&Address> {
        for class in Class::all_of(status) {
            let free = self.free_in(class);
            if number < free {
                return self.nth(class, number);
            }
            number -= free;
        }
        None
    }

    /// The new peer that is known for the longest among those that can be sent to now.
    pub(super) fn oldest_free_new(&self) -> Option<&Address> {
        let classes = Class::all_of(Status::New).map(|class| (self.group(class), self.free_in(class)));
        let numbers = classes.flat_map(|(group, free)| group.numbers.iter().take(free));
        let free = numbers.filter_map(|number| self.table.get_index(*number as usize));
        free.min_by_key(|(address, record)| (record.known_since, *address)).map(|(address, _)| address)
    }

    fn nth(&self, class: Class, place: usize) -> Option<&Address> {
        let number = *self.group(class).numbers.get(place)?;
        self.table.get_index(number as usize).map(|(address, _)| address)
    }

    /// How many peers answered when they were last tried, and the number among them that this one has.
    pub(super) fn answering(&self, address: &Address) -> (usize, Option<usize>) {
        let record = self.table.get(address).filter(|record| record.class == Class::Answering);
        (self.group(Class::Answering).numbers.len(), record.map(|record| record.place as usize))
    }

    /// The peer with this number among those that answered when they were last tried.
    pub(super) fn nth_answering(&self, number: usize) -> Option<&Address> {
        self.nth(Class::Answering, number)
    }

    // === As they are listed ===

    /// All peers, by status and then by address.
    pub(super) fn iter(&self) -> impl Iterator<Item = Peer> {
        Status::ALL.into_iter().flat_map(|status| self.listed(status, Bound::Unbounded))
    }

    /// Up to `before` peers that are listed before `anchor`, then `anchor` itself and what follows, `after` in all.
    pub(super) fn window(&self, anchor: &Address, before: usize, after: usize) -> Vec<Peer> {
        let Some(status) = self.status(anchor) else {
            return self.iter().take(before.saturating_add(after)).collect();
        };
        let earlier = Status::ALL.into_iter().filter(|other| *other < status).rev();
        let mut peers: Vec<Peer> = self
            .listed_backwards(status, Bound::Excluded(anchor))
            .chain(earlier.flat_map(|earlier| self.listed_backwards(earlier, Bound::Unbounded)))
            .take(before)
            .collect();
        peers.reverse();
        let later = Status::ALL.into_iter().filter(|other| *other > status);
        peers.extend(
            self.listed(status, Bound::Included(anchor))
                .chain(later.flat_map(|later| self.listed(later, Bound::Unbounded)))
                .take(after),
        );
        peers
    }

    /// The last `count` peers of the list.
    pub(super) fn last(&self, count: usize) -> Vec<Peer> {
        let backwards = Status::ALL.into_iter().rev();
        let mut peers: Vec<Peer> = backwards
            .flat_map(|status| self.listed_backwards(status, Bound::Unbounded))
            .take(count)
            .collect();
        peers.reverse();
        peers
    }

    fn listed<'a>(&'a self, status: Status, from: Bound<&'a Address>) -> impl Iterator<Item = Peer> + 'a {
        let listed = self.orders.listed(&self.table, status, (from, Bound::Unbounded));
        listed.filter_map(|address| self.get(address))
    }

    fn listed_backwards<'a>(
        &'a self,
        status: Status,
        to: Bound<&'a Address>,
    ) -> impl Iterator<Item = Peer> + 'a {
        let listed = self.orders.listed(&self.table, status, (Bound::Unbounded, to)).rev();
        listed.filter_map(|address| self.get(address))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    impl Peers {
        /// Whether each peer stands where the table says, and the orders are those of the table.
        pub(in crate::core) fn is_sound(&self) -> bool {
            let members: usize = self.groups.iter().map(|group| group.numbers.len()).sum();
            let stands = |(number, record): (usize, &Record)| {
                let group = self.group(record.class);
                let is_among_busy = record.place as usize >= group.free();
                group.numbers[record.place as usize] as usize == number
                    && is_among_busy == self.is_busy(record)
            };
            members == self.table.len()
                && self.table.values().enumerate().all(stands)
                && self.orders.are_of(&self.table)
        }
    }

    #[test]
    fn a_status_keeps_nothing_of_a_peer_that_left_it() {
        let now = Now { uptime: Duration::ZERO, unix_ms: 0 };
        let peer: Address = "peer:1".parse().unwrap();
        let mut peers = Peers::new(1, usize::MAX);
        // So that the orders are there.
        assert!(peers.iter().next().is_none() && peers.first_to_go().is_none());
        peers.insert(&peer, Status::New, now);
        for status in Status::ALL {
            peers.set_status(&peer, status, now);
            peers.note_answer(&peer, now);
            assert_eq!((peers.len(), peers.count(status), peers.iter().count()), (1, 1, 1));
            assert!(peers.is_sound());
        }
        peers.remove(&peer);
        assert!(peers.is_sound() && peers.iter().next().is_none() && peers.first_to_go().is_none());
    }
}
