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
    /// Whether it ever answered us at its address, in this run or in an earlier one. A sender's name is a claim that
    /// anybody can make; this is not.
    pub reached: bool,
    /// Whether it answered when we last tried it. A peer that is alive and did not is so by its word alone.
    pub answers: bool,
    /// Whether the user named it: strangers' peers are contacted at public addresses only, and make room for others.
    pub is_named: bool,
}

impl Peer {
    /// A peer with which nothing has passed yet: it neither answered nor did the user name it.
    pub fn new(address: Address, status: Status, now: Now) -> Self {
        Self {
            address,
            status,
            time: now.unix_ms,
            since: now.uptime,
            round_trip: None,
            delivered: 0,
            received: 0,
            failed: 0,
            reached: false,
            answers: false,
            is_named: false,
        }
    }

    /// Whether nothing but a sender's claim says that it is alive.
    pub fn is_claim(&self) -> bool {
        self.status == Status::Alive && !self.answers
    }
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
    /// Whether it ever answered us at its address.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub reached: bool,
    /// Whether the user named it.
    #[serde(default, rename = "named", skip_serializing_if = "std::ops::Not::not")]
    pub is_named: bool,
}

/// How many peers have each status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct PeerCounts {
    /// Peers that are new.
    pub new: usize,
    /// Peers that are alive.
    pub alive: usize,
    /// Those of the alive that are so by their word alone: see [`Peer::is_claim`].
    pub claimed: usize,
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
    /// When it became known, as uptime.
    known_since: Duration,
    reached: bool,
    answers: bool,
    /// When it last answered us, as uptime; of one that did in an earlier run, when it became known in this.
    answered: Duration,
    /// The user named it, so it makes room for nobody.
    is_named: bool,
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
            known_since: now.uptime,
            reached: false,
            answers: false,
            answered: now.uptime,
            is_named: false,
            before_ignored: None,
        }
    }

    /// Whether the peer may be forgotten to make room for another before any that answered.
    fn makes_room(&self) -> bool {
        !self.reached && !self.is_named
    }

    /// Whether it may be forgotten when there is no such peer, because it did answer but is lost or dead by now.
    fn makes_room_at_last(&self, status: Status) -> bool {
        self.reached && !self.is_named && matches!(status, Status::Lost | Status::Dead)
    }
}

/// Where a peer stands: by its status, the new ones by whether the user named them, and the alive ones by whether they
/// answered when we last tried them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Class {
    Named,
    New,
    Answering,
    Claimed,
    Lost,
    Dead,
    Ignored,
}

impl Class {
    const ALL: [Self; 7] =
        [Self::Answering, Self::Claimed, Self::Named, Self::New, Self::Ignored, Self::Lost, Self::Dead];
    /// Those in which peers have not answered, the least hopeful first.
    const UNANSWERED: [Self; 5] = [Self::Dead, Self::Lost, Self::Claimed, Self::New, Self::Named];

    fn of(status: Status, record: &Record) -> Self {
        match status {
            Status::New if record.is_named => Self::Named,
            Status::New => Self::New,
            Status::Alive if record.answers => Self::Answering,
            Status::Alive => Self::Claimed,
            Status::Lost => Self::Lost,
            Status::Dead => Self::Dead,
            Status::Ignored => Self::Ignored,
        }
    }

    fn status(self) -> Status {
        match self {
            Self::Named | Self::New => Status::New,
            Self::Answering | Self::Claimed => Status::Alive,
            Self::Lost => Status::Lost,
            Self::Dead => Status::Dead,
            Self::Ignored => Status::Ignored,
        }
    }

    /// Those of a status, the ones that are sent to first.
    fn all_of(status: Status) -> impl Iterator<Item = Self> {
        Self::ALL.into_iter().filter(move |class| class.status() == status)
    }
}

/// The peers of one class. Those that can take no further delivery just now stand at the end of the table, so that
/// one of the others is drawn by number.
#[derive(Debug, Default)]
struct Group {
    // Peers choose the keys: std's seeded hash. The order is never shown.
    table: IndexMap<Address, Record>,
    busy: usize,
    /// Those that make room for others, by since when they are known.
    by_age: BTreeSet<(Duration, Address)>,
}

impl Group {
    fn insert(&mut self, address: Address, record: Record, is_busy: bool) {
        if record.makes_room() {
            self.by_age.insert((record.known_since, address.clone()));
        }
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
        let (address, record) = self.table.swap_remove_index(index)?;
        self.by_age.remove(&(record.known_since, address));
        Some(record)
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

/// All known peers. Each is in exactly one group, that of its class.
#[derive(Debug)]
pub(super) struct Peers {
    groups: [Group; 7],
    /// The addresses of each status, as they are listed.
    in_order: [BTreeSet<Address>; 5],
    /// Deliveries under way. A peer that is forgotten meanwhile and comes back still has them.
    in_flight: HashMap<Address, usize>,
    /// Those that answered once and are lost or dead and not named by the user, by when they last answered.
    gone: BTreeSet<(Duration, Address)>,
    max_in_flight_per_peer: usize,
    max_tries: usize,
}

impl Peers {
    /// Nobody is known. At most `max_tries` peers that did not answer last time can be sent to at once.
    pub(super) fn new(max_in_flight_per_peer: usize, max_tries: usize) -> Self {
        Self {
            groups: Default::default(),
            in_order: Default::default(),
            in_flight: HashMap::new(),
            gone: BTreeSet::new(),
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
        Class::ALL.into_iter().find(|class| self.group(*class).table.contains_key(address))
    }

    pub(super) fn status(&self, address: &Address) -> Option<Status> {
        self.class(address).map(Class::status)
    }

    pub(super) fn get(&self, address: &Address) -> Option<Peer> {
        let class = self.class(address)?;
        let record = self.group(class).table.get(address)?;
        Some(snapshot(address, class.status(), record))
    }

    pub(super) fn record_mut(&mut self, address: &Address) -> Option<&mut Record> {
        let class = self.class(address)?;
        self.group_mut(class).table.get_mut(address)
    }

    pub(super) fn len(&self) -> usize {
        self.in_order.iter().map(BTreeSet::len).sum()
    }

    pub(super) fn count(&self, status: Status) -> usize {
        self.in_order[status as usize].len()
    }

    pub(super) fn counts(&self) -> PeerCounts {
        PeerCounts {
            new: self.count(Status::New),
            alive: self.count(Status::Alive),
            claimed: self.group(Class::Claimed).table.len(),
            lost: self.count(Status::Lost),
            dead: self.count(Status::Dead),
            ignored: self.count(Status::Ignored),
        }
    }

    /// Adds a peer that is not known.
    pub(super) fn insert(&mut self, address: &Address, status: Status, now: Now) -> Peer {
        let record = Record::new(now);
        let peer = snapshot(address, status, &record);
        self.put(address.clone(), status, record);
        peer
    }

    /// Adds a peer of an earlier run that is not known.
    pub(super) fn restore(&mut self, known: KnownPeer, status: Status, now: Now) {
        let KnownPeer { address, time, reached, is_named, .. } = known;
        let mut record = Record { reached, is_named, ..Record::new(now) };
        if status == Status::Ignored {
            // Nothing is measured by it.
            record.time = time;
        }
        self.put(address, status, record);
    }

    pub(super) fn remove(&mut self, address: &Address) -> Option<Peer> {
        let (status, record) = self.take(address)?;
        Some(snapshot(address, status, &record))
    }

    fn put(&mut self, address: Address, status: Status, record: Record) {
        let class = Class::of(status, &record);
        let is_busy = self.is_busy(class, &address);
        self.in_order[status as usize].insert(address.clone());
        if record.makes_room_at_last(status) {
            self.gone.insert((record.answered, address.clone()));
        }
        self.group_mut(class).insert(address, record, is_busy);
    }

    fn take(&mut self, address: &Address) -> Option<(Status, Record)> {
        let class = self.class(address)?;
        let record = self.group_mut(class).remove(address)?;
        self.in_order[class.status() as usize].remove(address);
        if record.makes_room_at_last(class.status()) {
            self.gone.remove(&(record.answered, address.clone()));
        }
        Some((class.status(), record))
    }

    /// Moves a peer to another status; returns it and the status it had, or `None` if nothing changed.
    pub(super) fn set_status(
        &mut self,
        address: &Address,
        status: Status,
        now: Now,
    ) -> Option<(Peer, Status)> {
        self.status(address).filter(|from| *from != status)?;
        let (from, mut record) = self.take(address)?;
        (record.time, record.since) = (now.unix_ms, now.uptime);
        let peer = snapshot(address, status, &record);
        self.put(address.clone(), status, record);
        Some((peer, from))
    }

    /// Notes that the peer answered when we tried it.
    pub(super) fn note_answer(&mut self, address: &Address, now: Now) {
        let answered = now.uptime;
        if self.class(address) != Some(Class::Answering) {
            self.change(address, |record| Record { answers: true, reached: true, answered, ..record });
        } else if let Some(record) = self.record_mut(address) {
            record.answered = answered;
        }
    }

    /// Notes that it did not.
    pub(super) fn note_no_answer(&mut self, address: &Address) {
        if self.record_mut(address).is_some_and(|record| record.answers) {
            self.change(address, |record| Record { answers: false, ..record });
        }
    }

    /// Changes what decides where a peer stands.
    fn change(&mut self, address: &Address, change: impl FnOnce(Record) -> Record) {
        if let Some((status, record)) = self.take(address) {
            self.put(address.clone(), status, change(record));
        }
    }

    /// The user named this peer: it makes room for nobody.
    pub(super) fn keep(&mut self, address: &Address) {
        self.change(address, |record| Record { is_named: true, ..record });
    }

    /// Notes the status that an ignored peer had, to be given back.
    pub(super) fn remember_status(&mut self, address: &Address, status: Status) {
        if let Some(record) = self.record_mut(address) {
            record.before_ignored = Some(status);
        }
    }

    pub(super) fn remembered_status(&self, address: &Address) -> Option<Status> {
        self.group(Class::Ignored).table.get(address)?.before_ignored
    }

    /// Who is forgotten first when there are too many: of those that never answered and that the user did not name
    /// the one that is known for the longest; without such, of those that are lost or dead the one that answered the
    /// longest ago, or else a crowd that answered once would fill all places for good. Ignored ones stay: else a crowd
    /// could undo an ignore.
    pub(super) fn first_to_go(&self) -> Option<&Address> {
        let oldest = Class::UNANSWERED.into_iter().filter_map(|class| self.group(class).by_age.first());
        oldest.min().or_else(|| self.gone.first()).map(|(_, address)| address)
    }

    /// The same among the new ones only.
    pub(super) fn first_new_to_go(&self) -> Option<&Address> {
        self.group(Class::New).by_age.first().map(|(_, address)| address)
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
        let Some(class) = self.class(address) else { return };
        let is_busy = self.is_busy(class, address);
        let group = self.group_mut(class);
        if let Some(index) = group.table.get_index_of(address) {
            group.set_busy(index, is_busy);
        }
    }

    /// Whether a peer of this class takes no further delivery until one of those under way has ended.
    fn is_busy(&self, class: Class, address: &Address) -> bool {
        let most = if class == Class::Answering { self.max_in_flight_per_peer } else { 1 };
        self.in_flight.get(address).is_some_and(|in_flight| *in_flight >= most)
    }

    /// How many peers of this status can be sent to now.
    pub(super) fn free(&self, status: Status) -> usize {
        Class::all_of(status).map(|class| self.free_in(class)).sum()
    }

    /// How many new peers that the user named, and how many alive ones that answered last time, can be sent to now.
    /// They have the first numbers of their status.
    pub(super) fn free_proven(&self) -> (usize, usize) {
        (self.free_in(Class::Named), self.free_in(Class::Answering))
    }

    /// How many alive peers that did not answer last time can be sent to now.
    pub(super) fn free_claimed(&self) -> usize {
        self.free_in(Class::Claimed)
    }

    /// Whether nothing but what strangers say speaks for the peer: it is new and not by the user's word, or alive and
    /// did not answer last time.
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
        let free = classes.flat_map(|(group, free)| group.table.iter().take(free));
        free.min_by_key(|(address, record)| (record.known_since, *address)).map(|(address, _)| address)
    }

    fn nth(&self, class: Class, number: usize) -> Option<&Address> {
        self.group(class).table.get_index(number).map(|(address, _)| address)
    }

    /// How many peers answered when they were last tried, and the number among them that this one has.
    pub(super) fn answering(&self, address: &Address) -> (usize, Option<usize>) {
        let table = &self.group(Class::Answering).table;
        (table.len(), table.get_index_of(address))
    }

    /// The peer with this number among those that answered when they were last tried.
    pub(super) fn nth_answering(&self, number: usize) -> Option<&Address> {
        self.nth(Class::Answering, number)
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
        let listed = self.in_order[status as usize].range((from, Bound::Unbounded));
        listed.filter_map(|address| self.get(address))
    }

    fn listed_backwards<'a>(
        &'a self,
        status: Status,
        to: Bound<&'a Address>,
    ) -> impl Iterator<Item = Peer> + 'a {
        let listed = self.in_order[status as usize].range((Bound::Unbounded, to)).rev();
        listed.filter_map(|address| self.get(address))
    }
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
        reached: record.reached,
        answers: record.answers,
        is_named: record.is_named,
    }
}

impl From<Peer> for KnownPeer {
    fn from(peer: Peer) -> Self {
        let Peer { address, status, time, reached, is_named, .. } = peer;
        Self { address, status, time, reached, is_named }
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
            peers.note_answer(&peer, now);
            let listed: Vec<usize> = peers.in_order.iter().map(BTreeSet::len).collect();
            let mut expected = [0; 5];
            expected[status as usize] = 1;
            assert_eq!(listed, expected);
        }
        peers.remove(&peer);
        assert!(peers.groups.iter().all(|group| group.by_age.is_empty() && group.table.is_empty()));
        assert!(peers.gone.is_empty());
    }
}
