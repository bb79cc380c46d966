//! The expected state of the peers.

use std::cmp::Reverse;

use super::*;

impl Model {
    pub(super) fn new(options: Options) -> Self {
        Self {
            options,
            now: at(0),
            peers: BTreeMap::new(),
            aliases: BTreeSet::new(),
            queue: Vec::new(),
            held: Vec::new(),
            rule: None,
            passed: BTreeSet::new(),
            is_draining: false,
            owed_to_verified: 0,
            in_flight: Vec::new(),
            locate: BTreeMap::new(),
            counters: Counters::default(),
            paused: BTreeMap::new(),
            backoff: BTreeMap::new(),
            refusals: BTreeMap::new(),
        }
    }

    pub(super) fn status(&self, address: &Address) -> Option<Status> {
        self.peers.get(address).map(|known| known.peer.status)
    }

    pub(super) fn set_status(&mut self, address: &Address, status: Status) {
        let Now { uptime, unix_ms } = self.now;
        let peer = &mut self.peers.get_mut(address).unwrap().peer;
        if peer.status != status {
            peer.before_ignored = (status == Status::Ignored).then_some(peer.status);
            (peer.status, peer.since, peer.time) = (status, uptime, unix_ms);
        }
    }

    pub(super) fn add(&mut self, address: &Address, status: Status, source: Option<IpAddr>) {
        let known = Known {
            peer: Peer::new(address.clone(), status, self.now),
            met: self.now.uptime,
            is_tried: false,
            speaks: false,
            is_mute: false,
            answered: self.now.uptime,
            delay: 0,
            place: None,
            source,
            introduced_itself: false,
        };
        assert!(self.peers.insert(address.clone(), known).is_none());
        if !self.paused.contains_key(address) {
            self.backoff.remove(address);
        }
    }

    pub(super) fn is_us(&self, address: &Address) -> bool {
        *address == ourselves() || self.aliases.contains(address)
    }

    /// Adds an unknown peer as new, if there is room or a peer can be evicted.
    pub(super) fn discover(&mut self, address: &Address, source: Option<IpAddr>) -> bool {
        if self.is_us(address) || self.peers.contains_key(address) {
            return false;
        }
        let has_room = self.peers.len() < self.options.max_peers
            || self.make_room(|_| true)
            || self.evict_from_largest_group(source);
        if has_room {
            self.add(address, Status::New, source);
        }
        has_room
    }

    pub(super) fn add_peer(&mut self, address: &Address) -> bool {
        let is_added = self.discover(address, None);
        self.peers.entry(address.clone()).and_modify(|known| known.peer.added_by_user = true);
        is_added
    }

    /// A payload names the address.
    pub(super) fn introduce(&mut self, address: &Address, is_sender: bool, source: Option<IpAddr>) -> bool {
        if self.is_us(address) || self.peers.contains_key(address) {
            return false;
        }
        let is_new = |known: &Known| known.peer.status == Status::New;
        let has_room = self.with_status(Status::New).len() < self.options.max_new_peers
            || ((is_sender || self.is_another_group_larger(source)) && self.make_room(is_new));
        let is_added = has_room && self.discover(address, source);
        if is_added && let Some(known) = self.peers.get_mut(address) {
            known.introduced_itself = is_sender;
        }
        is_added
    }

    /// The candidates for eviction before any peer that responded.
    pub(super) fn never_responded(&self, may: impl Fn(&Known) -> bool) -> Vec<&Known> {
        let is_unanswered = |known: &&Known| {
            let Peer { status, added_by_user, ever_responded, .. } = known.peer;
            status != Status::Ignored && !added_by_user && !ever_responded && may(known)
        };
        self.peers.values().filter(is_unanswered).collect()
    }

    pub(super) fn is_another_group_larger(&self, source: Option<IpAddr>) -> bool {
        let new = self.never_responded(|known| known.peer.status == Status::New);
        let sources: Vec<IpAddr> = new.iter().filter_map(|known| known.source).collect();
        let own = source.map_or((1, 1), |source| {
            let (in_network, at_place) = group_size(&sources, source);
            (in_network + 1, at_place + 1)
        });
        largest_group(&new).is_some_and(|(size, _)| size > own)
    }

    /// Evicts a peer of the largest group of those that never responded, or else the oldest of them, or else the lost
    /// or dead peer whose last response is oldest.
    pub(super) fn make_room(&mut self, may: impl Fn(&Known) -> bool) -> bool {
        let never_responded = self.never_responded(&may);
        let oldest = never_responded.iter().min_by_key(|known| (known.met, &known.peer.address));
        let of_crowd = largest_group(&never_responded).map(|(_, address)| address);
        let is_gone = |known: &&Known| {
            let Peer { status, added_by_user, .. } = known.peer;
            matches!(status, Status::Lost | Status::Dead) && !added_by_user && may(known)
        };
        let gone =
            self.peers.values().filter(is_gone).min_by_key(|known| (known.answered, &known.peer.address));
        let first = of_crowd.or_else(|| oldest.copied().or(gone).map(|known| known.peer.address.clone()));
        first.is_some_and(|address| self.peers.remove(&address).is_some())
    }

    /// Evicts an alive peer of the address with the most alive peers, if that has more than the source.
    fn evict_from_largest_group(&mut self, source: Option<IpAddr>) -> bool {
        let is_meant = |known: &&Known| known.peer.status == Status::Alive && !known.peer.added_by_user;
        let living: Vec<&Known> = self.peers.values().filter(is_meant).collect();
        let places: Vec<IpAddr> = living.iter().filter_map(|known| known.place).collect();
        let own = source.map_or((1, 1), |source| {
            let (in_network, at_place) = group_size(&places, source);
            (in_network + 1, at_place + 1)
        });
        let largest = largest_by(&living, |known| known.place).filter(|(size, _)| *size > own);
        largest.is_some_and(|(_, address)| self.peers.remove(&address).is_some())
    }

    pub(super) fn is_alive(&mut self, address: &Address) {
        if self.status(address).is_some_and(|status| status != Status::Ignored) {
            self.set_status(address, Status::Alive);
        }
    }

    /// A payload has it as sender.
    pub(super) fn record_payload(&mut self, address: &Address, from: Option<IpAddr>) {
        let Some(known) = self.peers.get_mut(address) else { return };
        if known.peer.status != Status::Ignored && from.is_some() && from == known.place {
            known.speaks = true;
            if std::mem::take(&mut known.is_mute) {
                known.peer.last_attempt_ok = true;
            }
        }
        self.is_alive(address);
    }

    pub(super) fn record_response(&mut self, address: &Address, reply: &Reply) {
        let now = self.now.uptime;
        let Some(known) = self.peers.get_mut(address) else { return };
        let micros = reply.round_trip.as_micros() as u32;
        known.delay = micros.max(known.delay - known.delay.saturating_sub(micros).div_ceil(8));
        known.place = reply.remote.or(known.place);
        let spoke_before = known.introduced_itself && known.source.is_some() && known.source == known.place;
        known.speaks |= !reply.has_body || spoke_before;
        (known.is_tried, known.is_mute, known.answered) = (true, !known.speaks, now);
        let peer = &mut known.peer;
        (peer.ever_responded, peer.last_attempt_ok, peer.round_trip) =
            (true, known.speaks, Some(reply.round_trip));
    }

    pub(super) fn record_contact_failure(&mut self, address: &Address) {
        let Some(known) = self.peers.get_mut(address) else { return };
        (known.is_tried, known.is_mute, known.peer.last_attempt_ok) = (true, false, false);
        match known.peer.status {
            Status::New | Status::Alive => self.set_status(address, Status::Lost),
            Status::Lost if self.now.uptime > known.peer.since + KILL_TIMEOUT => {
                self.set_status(address, Status::Dead);
            }
            _ => {}
        }
    }
}

/// Number of these in the network of an address, and at the address.
fn group_size(all: &[IpAddr], of: IpAddr) -> (usize, usize) {
    let count = |is_meant: &dyn Fn(IpAddr) -> bool| all.iter().filter(|other| is_meant(**other)).count();
    (
        count(&|other| network(other) == network(of)),
        count(&|other| rate_limit_key(other) == rate_limit_key(of)),
    )
}

/// The oldest peer of the largest group, by source or by address; `None` if no group has two members.
fn largest_group(known: &[&Known]) -> Option<((usize, usize), Address)> {
    let by: [fn(&Known) -> Option<IpAddr>; 2] = [|known| known.source, |known| known.peer.address.ip()];
    let largest = by.map(|at| largest_by(known, at)).into_iter().flatten().max_by_key(|(size, _)| *size);
    largest.filter(|((in_network, _), _)| *in_network > 1)
}

/// The same for the groups by `at`.
fn largest_by(known: &[&Known], at: fn(&Known) -> Option<IpAddr>) -> Option<((usize, usize), Address)> {
    let all: Vec<IpAddr> = known.iter().filter_map(|known| at(known)).collect();
    // In one order, IPv4 before IPv6.
    let key = |at: IpAddr| (group_size(&all, at).0, network(at), group_size(&all, at).1, rate_limit_key(at));
    let of_it = known.iter().filter_map(|known| Some((key(at(known)?), known)));
    let first = of_it.max_by_key(|(key, known)| (*key, Reverse((known.met, known.peer.address.clone()))));
    first.map(|((in_network, _, at_place, _), known)| ((in_network, at_place), known.peer.address.clone()))
}
