//! The peers that are known.
//!
//! Each has a number here, by which it is asked for after it was looked up once. A number holds until a peer is removed.

mod groups;
mod orders;
mod record;
mod table;
#[cfg(feature = "simulation")]
mod touch;

use std::{collections::BTreeMap, ops::Bound};

use crate::protocol::Address;

use super::{KnownPeer, Now, Peer, PeerCounts, Status};

use self::{
    groups::Groups,
    orders::Orders,
    record::{Class, Record, nanos},
    table::{Known, Table},
};

/// All known peers. Each is in exactly one group, that of its class.
#[derive(Debug)]
pub(super) struct Peers {
    groups: Groups,
    table: Table,
    orders: Orders,
    /// Deliveries under way to peers that were forgotten meanwhile; who comes back still has them.
    left: BTreeMap<Address, u32>,
    max_in_flight_per_peer: usize,
    max_tries: usize,
}

impl Peers {
    /// Nobody is known. At most `max_tries` peers that did not answer last time can be sent to at once.
    pub(super) fn new(max_in_flight_per_peer: usize, max_tries: usize) -> Self {
        Self {
            groups: Groups::default(),
            table: Table::default(),
            orders: Orders::default(),
            left: BTreeMap::new(),
            max_in_flight_per_peer,
            max_tries,
        }
    }

    /// The number of a peer.
    pub(super) fn find(&self, address: &Address) -> Option<usize> {
        self.table.find(address)
    }

    pub(super) fn record(&self, number: usize) -> &Record {
        &self.table.at(number).record
    }

    pub(super) fn record_mut(&mut self, number: usize) -> &mut Record {
        &mut self.table.at_mut(number).record
    }

    pub(super) fn address(&self, number: usize) -> &Address {
        &self.table.at(number).address
    }

    /// The peer with this number, as those who watch see it.
    pub(super) fn peer(&self, number: usize) -> Peer {
        let Known { address, record } = self.table.at(number);
        record.snapshot(address)
    }

    pub(super) fn status(&self, address: &Address) -> Option<Status> {
        self.find(address).map(|number| self.record(number).status())
    }

    pub(super) fn get(&self, address: &Address) -> Option<Peer> {
        self.find(address).map(|number| self.peer(number))
    }

    pub(super) fn len(&self) -> usize {
        self.table.len()
    }

    pub(super) fn count(&self, status: Status) -> usize {
        Class::all_of(status).iter().map(|class| self.groups.len(*class)).sum()
    }

    pub(super) fn counts(&self) -> PeerCounts {
        PeerCounts {
            new: self.count(Status::New),
            alive: self.count(Status::Alive),
            claimed: self.groups.len(Class::Vouched) + self.groups.len(Class::Claimed),
            lost: self.count(Status::Lost),
            dead: self.count(Status::Dead),
            ignored: self.count(Status::Ignored),
        }
    }

    // === Who is known, and where each stands ===

    /// Adds a peer that is not known and returns its number.
    pub(super) fn insert(&mut self, address: &Address, status: Status, now: Now) -> usize {
        self.put(address.clone(), Record::new(status, now))
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

    fn put(&mut self, address: Address, mut record: Record) -> usize {
        record.in_flight = self.left.remove(&address).unwrap_or(0);
        self.orders.insert(&address, &record);
        let number = self.table.push(address, record);
        self.enter(number);
        number
    }

    pub(super) fn remove(&mut self, address: &Address) -> Option<Peer> {
        let number = self.find(address)?;
        self.leave(number);
        let Known { address, record } = self.table.swap_remove(number);
        self.orders.remove(&address, &record);
        let is_other_there = number < self.table.len();
        self.groups.forget(number, is_other_there.then(|| self.record(number).class));
        let peer = record.snapshot(&address);
        if record.in_flight > 0 {
            self.left.insert(address, record.in_flight);
        }
        Some(peer)
    }

    /// Changes what decides where a peer stands, and lets it stand there. The status is the one that it has then.
    fn change(&mut self, number: usize, status: Status, change: impl FnOnce(&mut Record)) {
        self.leave(number);
        let Known { address, record } = self.table.at_mut(number);
        self.orders.remove(address, record);
        change(record);
        record.classify(status);
        self.orders.insert(address, record);
        self.enter(number);
    }

    /// Moves a peer to another status; returns the one that it had, or `None` if nothing changed.
    pub(super) fn set_status(&mut self, number: usize, status: Status, now: Now) -> Option<Status> {
        let from = self.record(number).status();
        if from == status {
            return None;
        }
        self.change(number, status, |record| (record.time, record.since) = (now.unix_ms, nanos(now.uptime)));
        Some(from)
    }

    /// Notes that the peer answered when we tried it.
    pub(super) fn note_answer(&mut self, number: usize, now: Now) {
        let record = self.record_mut(number);
        let (status, uptime) = (record.status(), nanos(now.uptime));
        if record.class == Class::Answering {
            record.answered = uptime;
            return;
        }
        self.change(number, status, |record| {
            (record.answers, record.reached, record.answered) = (Some(true), true, uptime);
        });
    }

    /// Notes that it did not.
    pub(super) fn note_no_answer(&mut self, number: usize) {
        let record = self.record(number);
        if record.answers != Some(false) {
            self.change(number, record.status(), |record| record.answers = Some(false));
        }
    }

    /// The user named this peer: it makes room for nobody.
    pub(super) fn keep(&mut self, number: usize) {
        self.change(number, self.record(number).status(), |record| record.is_named = true);
    }

    /// Notes the status that an ignored peer had, to be given back.
    pub(super) fn remember_status(&mut self, number: usize, status: Status) {
        self.record_mut(number).before_ignored = Some(status);
    }

    pub(super) fn remembered_status(&self, number: usize) -> Option<Status> {
        self.record(number).before_ignored
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
        let record = self.record(number);
        let (class, is_busy) = (record.class, self.is_busy(record));
        self.groups.enter(number, class, is_busy);
    }

    /// A peer leaves its place.
    fn leave(&mut self, number: usize) {
        let class = self.record(number).class;
        self.groups.leave(number, class);
    }

    /// Notes that a delivery to the peer began.
    pub(super) fn begin_delivery(&mut self, number: usize) {
        self.note_deliveries(number, |in_flight| in_flight + 1);
    }

    /// Notes that a delivery to the address ended. Returns the peer's number if it is known still.
    pub(super) fn end_delivery(&mut self, address: &Address) -> Option<usize> {
        let number = self.find(address);
        match number {
            Some(number) => self.note_deliveries(number, |in_flight| in_flight.saturating_sub(1)),
            None => self.end_of_one_that_left(address),
        }
        number
    }

    fn note_deliveries(&mut self, number: usize, change: impl FnOnce(u32) -> u32) {
        let record = self.record_mut(number);
        record.in_flight = change(record.in_flight);
        let class = record.class;
        let is_busy = self.is_busy(self.record(number));
        self.groups.set_busy(number, class, is_busy);
    }

    fn end_of_one_that_left(&mut self, address: &Address) {
        let in_flight = self.left.get_mut(address);
        if let Some(in_flight) = in_flight {
            *in_flight -= 1;
            if *in_flight == 0 {
                self.left.remove(address);
            }
        }
    }

    /// Whether a peer takes no further delivery until one of those under way has ended.
    fn is_busy(&self, record: &Record) -> bool {
        let most = if record.class == Class::Answering { self.max_in_flight_per_peer } else { 1 };
        record.in_flight as usize >= most
    }

    /// How many peers of this status can be sent to now.
    pub(super) fn free(&self, status: Status) -> usize {
        Class::all_of(status).iter().map(|class| self.free_in(*class)).sum()
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
    pub(super) fn is_hearsay(&self, number: usize) -> bool {
        matches!(self.record(number).class, Class::New | Class::Claimed)
    }

    fn free_in(&self, class: Class) -> usize {
        if class.is_bounded() && self.groups.tries() >= self.max_tries { 0 } else { self.groups.free(class) }
    }

    /// The number of the peer at this place among those of a status that can be sent to now.
    pub(super) fn nth_free(&self, status: Status, mut place: usize) -> Option<usize> {
        for class in Class::all_of(status) {
            let free = self.free_in(*class);
            if place < free {
                return self.nth(*class, place);
            }
            place -= free;
        }
        None
    }

    /// The number of the new peer that is known for the longest among those that can be sent to now.
    pub(super) fn oldest_free_new(&self) -> Option<usize> {
        let classes = Class::all_of(Status::New).iter();
        let numbers = classes.flat_map(|class| self.groups.numbers(*class).iter().take(self.free_in(*class)));
        let age = |number: &usize| {
            let Known { address, record } = self.table.at(*number);
            (record.known_since, address)
        };
        numbers.map(|number| *number as usize).min_by_key(age)
    }

    fn nth(&self, class: Class, place: usize) -> Option<usize> {
        self.groups.numbers(class).get(place).map(|number| *number as usize)
    }

    /// How many peers answered when they were last tried, and the place among them that this one has.
    pub(super) fn answering(&self, number: Option<usize>) -> (usize, Option<usize>) {
        let is_among_them = |number: &usize| self.record(*number).class == Class::Answering;
        let place = number.filter(is_among_them).map(|number| self.groups.place(number));
        (self.groups.len(Class::Answering), place)
    }

    /// The number of the peer at this place among those that answered when they were last tried.
    pub(super) fn nth_answering(&self, place: usize) -> Option<usize> {
        self.nth(Class::Answering, place)
    }

    /// Reads the addresses of a receiver and its friend, which are about to be shared with a delivery. Among many peers
    /// they are in no cache, and each count that is raised would wait for its own; read here, both come at once.
    pub(super) fn fetch_names(&self, receiver: usize, friend: Option<usize>) {
        let first_letter = |number| self.address(number).hostname().as_bytes().first().copied();
        std::hint::black_box((first_letter(receiver), friend.map(first_letter)));
    }

    /// The addresses of those that are new or alive, in no order.
    #[cfg(feature = "simulation")]
    pub(super) fn good(&self) -> impl Iterator<Item = &Address> {
        let is_good = |known: &&Known| matches!(known.record.status(), Status::New | Status::Alive);
        self.table.iter().filter(is_good).map(|known| &known.address)
    }

    // === As they are listed ===

    /// All peers, by status and then by address.
    pub(super) fn iter(&self) -> impl Iterator<Item = Peer> {
        Status::ALL.into_iter().flat_map(|status| self.listed(status, Bound::Unbounded))
    }

    /// The peers that are listed behind this place, whether or not a peer is there; all of them for `None`.
    pub(super) fn after<'a>(
        &'a self,
        place: Option<(Status, &'a Address)>,
    ) -> impl Iterator<Item = Peer> + use<'a> {
        let first = place.map_or(Status::ALL[0], |(status, _)| status);
        Status::ALL.into_iter().filter(move |status| *status >= first).flat_map(move |status| {
            let from = place.filter(|(of, _)| *of == status);
            self.listed(status, from.map_or(Bound::Unbounded, |(_, address)| Bound::Excluded(address)))
        })
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
            let classes = || Status::ALL.into_iter().flat_map(Class::all_of).copied();
            let members: usize = classes().map(|class| self.groups.len(class)).sum();
            let stands = |(number, known): (usize, &Known)| {
                let Known { address, record } = known;
                let place = self.groups.place(number);
                self.find(address) == Some(number)
                    && self.groups.numbers(record.class)[place] as usize == number
                    && (place >= self.groups.free(record.class)) == self.is_busy(record)
            };
            let busy = |class| self.groups.len(class) - self.groups.free(class);
            let tries: usize = classes().filter(|class| class.is_bounded()).map(busy).sum();
            members == self.len()
                && tries == self.groups.tries()
                && self.table.iter().enumerate().all(stands)
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
        let number = peers.insert(&peer, Status::New, now);
        for status in Status::ALL {
            peers.set_status(number, status, now);
            peers.note_answer(number, now);
            assert_eq!((peers.len(), peers.count(status), peers.iter().count()), (1, 1, 1));
            assert!(peers.is_sound());
        }
        peers.remove(&peer);
        assert!(peers.is_sound() && peers.iter().next().is_none() && peers.first_to_go().is_none());
    }
}
