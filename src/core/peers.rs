use std::{
    collections::{BTreeSet, HashMap, hash_map::Entry},
    fmt,
    ops::Bound,
    str::FromStr,
    time::Duration,
};

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use crate::protocol::Address;

use super::Now;

/// What a node thinks of a peer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Just added, never tried. New peers are sent to first.
    New,
    /// The last contact worked.
    Alive,
    /// A send failed.
    Lost,
    /// Lost for longer than the kill timeout.
    Dead,
    /// The user said so: never sent to, and answered 403.
    Ignored,
}

impl Status {
    /// Every status, in the order in which peers are listed.
    pub const ALL: [Self; 5] = [Self::New, Self::Alive, Self::Lost, Self::Dead, Self::Ignored];

    /// The word for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Alive => "alive",
            Self::Lost => "lost",
            Self::Dead => "dead",
            Self::Ignored => "ignored",
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Status {
    type Err = ();

    fn from_str(name: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|status| status.name() == name).ok_or(())
    }
}

/// A peer as it is now.
#[derive(Debug, Clone, PartialEq)]
pub struct Peer {
    /// Where it listens.
    pub address: Address,
    /// What we think of it.
    pub status: Status,
    /// When the status last changed, in milliseconds since the Unix epoch.
    pub time: u64,
    /// When the status last changed, as uptime of the node. That is its start for a peer that was ignored in an
    /// earlier run: only `time` tells since when.
    pub since: Duration,
    /// How long the last delivery or announce that it took lasted, from the start of the request to its answer.
    pub round_trip: Option<Duration>,
    /// Messages that it took from us.
    pub delivered: u64,
    /// Messages that came in its name.
    pub received: u64,
    /// Deliveries to it that failed.
    pub failed: u64,
}

/// A peer as it is kept from one run to the next.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownPeer {
    /// Where it listens.
    #[serde(flatten)]
    pub address: Address,
    /// Its status when it was kept.
    pub status: Status,
    /// When the status last changed, in milliseconds since the Unix epoch.
    pub time: u64,
}

/// How many peers have each status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct PeerCounts {
    /// Peers that are new.
    pub new: usize,
    /// Peers that are alive.
    pub alive: usize,
    /// Peers that are lost.
    pub lost: usize,
    /// Peers that are dead.
    pub dead: usize,
    /// Peers that are ignored.
    pub ignored: usize,
}

impl PeerCounts {
    /// How many have this status.
    pub fn of(&self, status: Status) -> usize {
        match status {
            Status::New => self.new,
            Status::Alive => self.alive,
            Status::Lost => self.lost,
            Status::Dead => self.dead,
            Status::Ignored => self.ignored,
        }
    }

    /// All of them.
    pub fn total(&self) -> usize {
        Status::ALL.into_iter().map(|status| self.of(status)).sum()
    }
}

/// What is kept of a peer beside its address and status.
#[derive(Debug, Clone)]
pub(super) struct Record {
    time: u64,
    since: Duration,
    pub(super) round_trip: Option<Duration>,
    pub(super) delivered: u64,
    pub(super) received: u64,
    pub(super) failed: u64,
    /// The status before the user ignored the peer.
    before_ignored: Option<Status>,
}

impl Record {
    fn new(now: Now) -> Self {
        Self {
            time: now.unix_ms,
            since: now.uptime,
            round_trip: None,
            delivered: 0,
            received: 0,
            failed: 0,
            before_ignored: None,
        }
    }
}

/// The peers of one status. Those that can take no further delivery just now stand at the end of the table, so that
/// one of the others is drawn by number.
#[derive(Debug, Default)]
struct Group {
    // Peers choose the keys: std's seeded hash. The order is never shown; `in_order` is.
    table: IndexMap<Address, Record>,
    busy: usize,
    in_order: BTreeSet<Address>,
}

impl Group {
    fn insert(&mut self, address: Address, record: Record, is_busy: bool) {
        self.in_order.insert(address.clone());
        let (last, _) = self.table.insert_full(address, record);
        let first_busy = last - self.busy;
        self.table.swap_indices(first_busy, last);
        if is_busy {
            self.busy += 1;
            // It stands first among the busy already.
        }
    }

    fn remove(&mut self, address: &Address) -> Option<Record> {
        let index = self.table.get_index_of(address)?;
        self.set_busy(index, true);
        let index = self.table.get_index_of(address)?;
        self.busy -= 1;
        self.in_order.remove(address);
        self.table.swap_remove_index(index).map(|(_, record)| record)
    }

    fn free(&self) -> usize {
        self.table.len() - self.busy
    }

    fn set_busy(&mut self, index: usize, busy: bool) {
        let was_busy = index >= self.free();
        if busy && !was_busy {
            self.table.swap_indices(index, self.free() - 1);
            self.busy += 1;
        } else if !busy && was_busy {
            self.table.swap_indices(index, self.free());
            self.busy -= 1;
        }
    }
}

/// All known peers. Each is in exactly one group, that of its status.
#[derive(Debug)]
pub(super) struct Peers {
    groups: [Group; 5],
    /// Deliveries under way. A peer that is forgotten meanwhile and comes back still has them.
    in_flight: HashMap<Address, usize>,
    max_in_flight_per_peer: usize,
    max_tries: usize,
}

impl Peers {
    /// Nobody is known. At most `max_tries` peers that are not alive can be sent to at once.
    pub(super) fn new(max_in_flight_per_peer: usize, max_tries: usize) -> Self {
        Self { groups: Default::default(), in_flight: HashMap::new(), max_in_flight_per_peer, max_tries }
    }

    fn group(&self, status: Status) -> &Group {
        &self.groups[status as usize]
    }

    fn group_mut(&mut self, status: Status) -> &mut Group {
        &mut self.groups[status as usize]
    }

    pub(super) fn status(&self, address: &Address) -> Option<Status> {
        // Most who ask are alive.
        [Status::Alive, Status::New, Status::Ignored, Status::Lost, Status::Dead]
            .into_iter()
            .find(|status| self.group(*status).table.contains_key(address))
    }

    pub(super) fn get(&self, address: &Address) -> Option<Peer> {
        let status = self.status(address)?;
        self.group(status).table.get(address).map(|record| snapshot(address, status, record))
    }

    pub(super) fn record_mut(&mut self, address: &Address) -> Option<&mut Record> {
        let status = self.status(address)?;
        self.group_mut(status).table.get_mut(address)
    }

    pub(super) fn len(&self) -> usize {
        self.groups.iter().map(|group| group.table.len()).sum()
    }

    pub(super) fn counts(&self) -> PeerCounts {
        let count = |status| self.group(status).table.len();
        PeerCounts {
            new: count(Status::New),
            alive: count(Status::Alive),
            lost: count(Status::Lost),
            dead: count(Status::Dead),
            ignored: count(Status::Ignored),
        }
    }

    /// Adds a peer that is not known.
    pub(super) fn insert(&mut self, address: &Address, status: Status, now: Now) -> Peer {
        let record = Record::new(now);
        let peer = snapshot(address, status, &record);
        let is_busy = self.is_busy(status, address);
        self.group_mut(status).insert(address.clone(), record, is_busy);
        peer
    }

    /// Sets the time at which an ignored peer that was kept became so. Nothing is measured by it.
    pub(super) fn restore_time(&mut self, address: &Address, time: u64) {
        if let Some(record) = self.record_mut(address) {
            record.time = time;
        }
    }

    pub(super) fn remove(&mut self, address: &Address) -> Option<Peer> {
        let status = self.status(address)?;
        let record = self.group_mut(status).remove(address)?;
        Some(snapshot(address, status, &record))
    }

    /// Moves a peer to another status; returns it and the status it had, or `None` if nothing changed.
    pub(super) fn set_status(
        &mut self,
        address: &Address,
        status: Status,
        now: Now,
    ) -> Option<(Peer, Status)> {
        let from = self.status(address).filter(|from| *from != status)?;
        let mut record = self.group_mut(from).remove(address)?;
        (record.time, record.since) = (now.unix_ms, now.uptime);
        let peer = snapshot(address, status, &record);
        let is_busy = self.is_busy(status, address);
        self.group_mut(status).insert(address.clone(), record, is_busy);
        Some((peer, from))
    }

    /// Notes the status that an ignored peer had, to be given back.
    pub(super) fn remember_status(&mut self, address: &Address, status: Status) {
        if let Some(record) = self.record_mut(address) {
            record.before_ignored = Some(status);
        }
    }

    pub(super) fn remembered_status(&self, address: &Address) -> Option<Status> {
        self.group(Status::Ignored).table.get(address)?.before_ignored
    }

    /// Notes that a delivery to the address began.
    pub(super) fn begin_delivery(&mut self, address: &Address) {
        *self.in_flight.entry(address.clone()).or_default() += 1;
        self.refresh_busy(address);
    }

    /// Notes that a delivery to the address ended.
    pub(super) fn end_delivery(&mut self, address: &Address) {
        if let Entry::Occupied(mut in_flight) = self.in_flight.entry(address.clone()) {
            *in_flight.get_mut() -= 1;
            if *in_flight.get() == 0 {
                in_flight.remove();
            }
        }
        self.refresh_busy(address);
    }

    fn refresh_busy(&mut self, address: &Address) {
        let Some(status) = self.status(address) else { return };
        let is_busy = self.is_busy(status, address);
        let group = self.group_mut(status);
        if let Some(index) = group.table.get_index_of(address) {
            group.set_busy(index, is_busy);
        }
    }

    /// Whether a peer of this status takes no further delivery until one of those under way has ended.
    fn is_busy(&self, status: Status, address: &Address) -> bool {
        let most = if status == Status::Alive { self.max_in_flight_per_peer } else { 1 };
        self.in_flight.get(address).is_some_and(|in_flight| *in_flight >= most)
    }

    /// How many peers of this status can be sent to now.
    pub(super) fn free(&self, status: Status) -> usize {
        if status == Status::Alive || self.tries() < self.max_tries { self.group(status).free() } else { 0 }
    }

    /// How many peers that are not alive have a delivery under way.
    fn tries(&self) -> usize {
        [Status::New, Status::Lost, Status::Dead].map(|status| self.group(status).busy).iter().sum()
    }

    /// The peer with this number among those that can be sent to now.
    pub(super) fn nth_free(&self, status: Status, number: usize) -> Option<&Address> {
        if number < self.free(status) { self.nth(status, number) } else { None }
    }

    /// The peer with this number among all of this status.
    pub(super) fn nth(&self, status: Status, number: usize) -> Option<&Address> {
        self.group(status).table.get_index(number).map(|(address, _)| address)
    }

    pub(super) fn index_of(&self, status: Status, address: &Address) -> Option<usize> {
        self.group(status).table.get_index_of(address)
    }

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
        let group = self.group(status);
        group
            .in_order
            .range((from, Bound::Unbounded))
            .filter_map(move |address| snapshot_of(group, status, address))
    }

    fn listed_backwards<'a>(
        &'a self,
        status: Status,
        to: Bound<&'a Address>,
    ) -> impl Iterator<Item = Peer> + 'a {
        let group = self.group(status);
        group
            .in_order
            .range((Bound::Unbounded, to))
            .rev()
            .filter_map(move |address| snapshot_of(group, status, address))
    }
}

fn snapshot_of(group: &Group, status: Status, address: &Address) -> Option<Peer> {
    group.table.get(address).map(|record| snapshot(address, status, record))
}

fn snapshot(address: &Address, status: Status, record: &Record) -> Peer {
    Peer {
        address: address.clone(),
        status,
        time: record.time,
        since: record.since,
        round_trip: record.round_trip,
        delivered: record.delivered,
        received: record.received,
        failed: record.failed,
    }
}

impl From<Peer> for KnownPeer {
    fn from(peer: Peer) -> Self {
        Self { address: peer.address, status: peer.status, time: peer.time }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_keeps_nothing_of_a_peer_that_left_it() {
        let now = Now { uptime: Duration::ZERO, unix_ms: 0 };
        let peer: Address = "peer:1".parse().unwrap();
        let mut peers = Peers::new(1, usize::MAX);
        peers.insert(&peer, Status::New, now);
        for status in Status::ALL {
            peers.set_status(&peer, status, now);
            let listed: Vec<usize> = peers.groups.iter().map(|group| group.in_order.len()).collect();
            let mut expected = [0; 5];
            expected[status as usize] = 1;
            assert_eq!(listed, expected);
        }
        peers.remove(&peer);
        assert!(peers.groups.iter().all(|group| group.in_order.is_empty() && group.table.is_empty()));
    }
}
