//! The known peers.
//!
//! Each peer has a number, which is found once by its address and used from then on. Numbers are valid until a peer is
//! removed.

mod by_machine;
mod classes;
mod delivery_slots;
mod eviction_order;
mod free;
mod listing;
mod place_groups;

mod backoff;
mod partitioned;
#[cfg(feature = "simulation")]
mod prefetch;
mod record;
mod restore;
mod table;

use std::{collections::BTreeMap, net::IpAddr, time::Duration};

use crate::protocol::Address;

use super::{KnownPeer, Now, Peer, PeerCounts, Status, packed_key::PackedKey};

use self::{
    backoff::Backoffs,
    classes::PeerClasses,
    eviction_order::EvictionOrder,
    record::{Class, Record, nanos, nanos_before, signed_nanos},
    table::{Table, TableEntry},
};
pub(super) use self::{free::Drawn, restore::PeerRecord};

/// All known peers. Each belongs to exactly one class.
#[derive(Debug)]
pub(super) struct Peers {
    classes: PeerClasses,
    table: Table,
    eviction_order: EvictionOrder,
    /// Deliveries in flight to peers that were removed since. They count again if the peer returns.
    departed: BTreeMap<Address, u32>,
    /// Pauses and refusals of peers that have any.
    backoffs: Option<Box<Backoffs>>,
    /// Deliveries in flight.
    in_flight: usize,
    max_in_flight: usize,
    max_in_flight_per_peer: usize,
    /// Number of peers that did not respond when last tried and have a delivery in flight.
    probes: usize,
    /// Response time in microseconds above which a peer is slow.
    slow_from: u32,
}

/// Properties of a response that accepted a payload.
#[derive(Debug, Clone, Copy)]
pub(super) struct Accepted {
    pub(super) round_trip: Duration,
    /// The remote address of the response, if known.
    pub(super) remote: Option<IpAddr>,
    pub(super) has_body: bool,
}

impl Peers {
    /// An empty list of peers.
    pub(super) fn new(max_in_flight_per_peer: usize, max_in_flight: usize) -> Self {
        Self {
            classes: PeerClasses::default(),
            table: Table::default(),
            eviction_order: EvictionOrder::default(),
            departed: BTreeMap::new(),
            backoffs: None,
            in_flight: 0,
            max_in_flight,
            max_in_flight_per_peer,
            probes: 0,
            slow_from: u32::MAX,
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

    /// The peer with this number, as the API reports it.
    pub(super) fn peer(&self, number: usize) -> Peer {
        let TableEntry { address, record } = self.table.at(number);
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
        Class::all_of(status).iter().map(|class| self.classes.len(*class)).sum()
    }

    pub(super) fn counts(&self) -> PeerCounts {
        PeerCounts {
            new: self.count(Status::New),
            alive: self.count(Status::Alive),
            unverified: self.classes.len(Class::UserAddedUntried) + self.classes.len(Class::Unverified),
            lost: self.count(Status::Lost),
            dead: self.count(Status::Dead),
            ignored: self.count(Status::Ignored),
        }
    }

    // === Members and their statuses ===

    /// Adds an unknown peer. Returns its number.
    pub(super) fn insert(&mut self, address: &Address, status: Status, now: Now) -> usize {
        self.insert_record(address.clone(), Record::new(status, now))
    }

    /// Adds an unknown peer as new. `remote` is the remote address of the payload that introduced it, if any. Returns
    /// its number.
    pub(super) fn introduce(&mut self, address: &Address, remote: Option<IpAddr>, now: Now) -> usize {
        let source = remote.map(PackedKey::of);
        self.insert_record(address.clone(), Record { source, ..Record::new(Status::New, now) })
    }

    /// Adds an unknown peer of an earlier run. If its status is unchanged, the time of the status is kept. A time in
    /// the future counts as now.
    pub(super) fn restore(&mut self, known: KnownPeer, status: Status, now: Now) {
        let KnownPeer { address, status: known_status, time, ever_responded, added_by_user, before_ignored } =
            known;
        let last_attempt_ok = (status != Status::Ignored).then_some(false);
        let mut record = Record {
            ever_responded,
            last_attempt_ok,
            added_by_user,
            before_ignored,
            ..Record::new(status, now)
        };
        record.classify(status);
        if status == known_status {
            record.time = time.min(now.unix_ms);
            record.since = nanos_before(now.uptime, now.unix_ms - record.time);
        }
        self.insert_record(address, record);
    }

    fn insert_record(&mut self, address: Address, mut record: Record) -> usize {
        record.in_flight = self.departed.remove(&address).unwrap_or(0);
        record.is_paused = self.backoffs.as_ref().is_some_and(|backoffs| backoffs.is_paused(&address));
        self.eviction_order.insert(&address, &record);
        let number = self.table.push(address, record);
        self.insert_into_class(number);
        number
    }

    pub(super) fn remove(&mut self, address: &Address) -> Option<Peer> {
        let number = self.find(address)?;
        self.remove_from_class(number);
        let TableEntry { address, record } = self.table.swap_remove(number);
        self.eviction_order.remove(&address, &record);
        self.classes.renumber_last(number, &self.table);
        let peer = record.snapshot(&address);
        self.backoffs.as_mut().into_iter().for_each(|backoffs| backoffs.keep_pause(&address));
        if record.in_flight > 0 {
            self.departed.insert(address, record.in_flight);
        }
        Some(peer)
    }

    /// Changes properties that determine the class of a peer, and moves the peer to its new class with this status.
    fn reclassify(&mut self, number: usize, status: Status, change: impl FnOnce(&mut Record)) {
        self.remove_from_class(number);
        let TableEntry { address, record } = self.table.at_mut(number);
        self.eviction_order.remove(address, record);
        change(record);
        record.classify(status);
        self.eviction_order.insert(address, record);
        self.insert_into_class(number);
    }

    /// Sets the status of a peer. Returns the former status, or `None` if it is unchanged.
    pub(super) fn set_status(&mut self, number: usize, status: Status, now: Now) -> Option<Status> {
        let from = self.record(number).status();
        if from == status {
            return None;
        }
        self.reclassify(number, status, |record| {
            (record.time, record.since) = (now.unix_ms, signed_nanos(now.uptime));
        });
        Some(from)
    }

    /// Ignores a peer. Returns its former status, which it gets back when it is no longer ignored.
    pub(super) fn ignore(&mut self, number: usize, now: Now) -> Option<Status> {
        let status = self.record(number).status();
        if status != Status::Ignored {
            self.record_mut(number).before_ignored = Some(status);
        }
        self.set_status(number, Status::Ignored, now)
    }

    /// The status that an ignored peer gets back when it is no longer ignored.
    pub(super) fn status_before_ignored(&self, number: usize) -> Status {
        self.record(number).before_ignored.unwrap_or(Status::New)
    }

    /// Records that the peer accepted a payload. Any web page may respond with a body, so a response with a body counts
    /// only if the peer has shown that it speaks the protocol.
    pub(super) fn record_response(&mut self, number: usize, accepted: &Accepted, now: Now) {
        let slow_from = self.slow_from;
        let update = |record: &mut Record| {
            record.last_response = nanos(now.uptime);
            record.set_round_trip(accepted.round_trip);
            record.is_slow = record.response_micros > slow_from;
            record.place = accepted.remote.map(PackedKey::of).or(record.place);
            let spoke_before =
                record.introduced_itself && record.source.is_some() && record.source == record.place;
            record.speaks_protocol |= !accepted.has_body || spoke_before;
            record.responded_with_body = !record.speaks_protocol;
            (record.last_attempt_ok, record.ever_responded) = (Some(record.speaks_protocol), true);
        };
        let record = self.record_mut(number);
        if record.class == Class::Responding
            && accepted.remote.is_none_or(|remote| record.place == Some(PackedKey::of(remote)))
        {
            let was_slow = record.is_slow;
            update(record);
            self.record_speed(number, was_slow);
        } else {
            self.reclassify(number, self.record(number).status(), update);
        }
    }

    /// Records that the peer did not respond as a node does.
    pub(super) fn record_no_response(&mut self, number: usize) {
        let record = self.record(number);
        if record.last_attempt_ok != Some(false) || record.responded_with_body {
            self.reclassify(number, record.status(), |record| {
                (record.last_attempt_ok, record.responded_with_body) = (Some(false), false);
            });
        }
    }

    /// Records a payload whose sender is the peer. If it came from the address at which the peer responded, the peer
    /// speaks the protocol. Returns whether the peer counts as responding from now on.
    pub(super) fn record_payload(&mut self, number: usize, remote: Option<IpAddr>) -> bool {
        let record = self.record_mut(number);
        if record.speaks_protocol || remote.is_none() || record.place != remote.map(PackedKey::of) {
            return false;
        }
        record.speaks_protocol = true;
        let was_mute = record.responded_with_body;
        if was_mute {
            self.reclassify(number, self.record(number).status(), |record| {
                (record.last_attempt_ok, record.responded_with_body) = (Some(true), false);
            });
        }
        was_mute
    }

    /// Marks the peer as added by the user, so that it is never evicted. Returns whether that is a change.
    pub(super) fn set_added_by_user(&mut self, number: usize) -> bool {
        let is_news = !self.record(number).added_by_user;
        if is_news {
            self.reclassify(number, self.record(number).status(), |record| record.added_by_user = true);
        }
        is_news
    }

    /// The peer that is evicted when the list is full.
    ///
    /// - First a peer that never responded and that the user did not add: the oldest of the largest group by source or
    ///   by IP address, or the oldest of all if no group has two members.
    /// - Then the lost or dead peer whose last response is oldest. Otherwise peers that responded once could fill the
    ///   list for good.
    /// - Then an alive peer of the remote address with the most alive peers, if that has more than `remote`. Otherwise
    ///   one machine could fill the list.
    ///
    /// Ignored peers are never evicted, because otherwise a flood of new peers could undo an ignore.
    pub(super) fn eviction_candidate(&self, remote: Option<IpAddr>) -> Option<&Address> {
        self.eviction_order.eviction_candidate(&self.table, remote.map(PackedKey::of))
    }

    /// The new peer that is evicted first.
    pub(super) fn new_eviction_candidate(&self) -> Option<&Address> {
        self.eviction_order.new_eviction_candidate(&self.table)
    }

    /// Whether another source has introduced more new peers than this one would have with one more.
    pub(super) fn is_another_group_larger(&self, remote: Option<IpAddr>) -> bool {
        self.eviction_order.is_another_group_larger(&self.table, remote.map(PackedKey::of))
    }

    /// The addresses of the new and alive peers, in no order.
    #[cfg(feature = "simulation")]
    pub(super) fn live(&self) -> impl Iterator<Item = &Address> {
        let is_new_or_alive =
            |known: &&TableEntry| matches!(known.record.status(), Status::New | Status::Alive);
        self.table.iter().filter(is_new_or_alive).map(|known| &known.address)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Accepted {
        /// Accepted by a node at an unknown address, with a round trip of zero.
        pub(in crate::core) fn at_once() -> Self {
            Self { round_trip: Duration::ZERO, remote: None, has_body: false }
        }
    }

    impl Peers {
        /// Whether each peer is where the table says, and the orders match the table.
        pub(in crate::core) fn is_consistent(&self) -> bool {
            let classes = || Status::ALL.into_iter().flat_map(Class::all_of).copied();
            let members: usize = classes().map(|class| self.classes.len(class)).sum();
            let stands = |(number, known): (usize, &TableEntry)| self.find(&known.address) == Some(number);
            let probes = self.table.iter().filter(|known| known.record.has_probe()).count();
            members == self.len()
                && probes == self.probes
                && self.departed.values().all(|in_flight| *in_flight > 0)
                && self.table.iter().enumerate().all(stands)
                && self.classes.is_consistent(&self.table)
                && self.eviction_order.matches(&self.table)
        }
    }

    #[test]
    fn a_changed_status_leaves_no_trace_of_the_former_one() {
        let now = Now { uptime: Duration::ZERO, unix_ms: 0 };
        let peer: Address = "peer:1".parse().unwrap();
        let mut peers = Peers::new(1, usize::MAX);
        // Creates the orders.
        assert!(peers.iter().next().is_none() && peers.eviction_candidate(None).is_none());
        let number = peers.insert(&peer, Status::New, now);
        for status in Status::ALL {
            peers.set_status(number, status, now);
            peers.record_response(number, &Accepted::at_once(), now);
            assert_eq!((peers.len(), peers.count(status), peers.iter().count()), (1, 1, 1));
            assert!(peers.is_consistent());
        }
        peers.remove(&peer);
        assert!(
            peers.is_consistent()
                && peers.iter().next().is_none()
                && peers.eviction_candidate(None).is_none()
        );
    }
}
