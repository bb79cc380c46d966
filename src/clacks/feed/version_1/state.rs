//! Reconstructs the state of a node from its events.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, VecDeque},
    net::IpAddr,
    ops::Range,
    time::Duration,
};

use clacks_p2p::{
    Address,
    core::{
        Counters, Event, Failure, HeldBy, HeldMessage, Limit, MessageId, Now, Origin, Peer, PeerCounts,
        QueuedMessage, Status,
    },
    node::Overview,
};

use super::parse::Holdings;

/// Messages on their way that are remembered at most; a node of ours has no more.
const MOST_UNDER_WAY: usize = 4096;

/// State of the recorded node after the events so far.
///
/// A recording starts with a limited number of peers and messages. Of the rest only the number is known.
#[derive(Debug, Clone, PartialEq)]
pub struct ReplayedNode {
    address: Address,
    now: Now,
    send_rate: f64,
    counters: Counters,
    in_flight: usize,
    held_bytes: usize,
    next_send: Option<Duration>,
    free_peers: PeerCounts,
    /// In the order in which peers are listed.
    peers: BTreeMap<(Status, Address), Peer>,
    statuses: HashMap<Address, Status>,
    /// Peers by status, those included that are not listed.
    counts: [usize; Status::ALL.len()],
    /// Those of them that are alive by their word alone.
    claimed: usize,
    /// Later tickets are greater.
    queue: VecDeque<QueuedMessage>,
    /// Messages that wait and are not listed.
    unlisted: usize,
    held: VecDeque<HeldMessage>,
    /// Messages that are held and not listed.
    unlisted_held: usize,
    hold_rule: Option<String>,
    ignored_remotes: BTreeSet<IpAddr>,
    /// Messages that are on their way, and to whom, as far as they are known.
    under_way: Vec<(Address, QueuedMessage)>,
}

impl ReplayedNode {
    /// Returns the time at which the node started, in milliseconds since the Unix epoch.
    pub fn started_unix_ms(&self) -> u64 {
        let uptime_ms = u64::try_from(self.now.uptime.as_millis()).unwrap_or(u64::MAX);
        self.now.unix_ms.saturating_sub(uptime_ms)
    }

    /// Creates the state from a snapshot taken at `now`. `address` is the address of the node.
    pub fn new(address: Address, held: Holdings, now: Now) -> Self {
        let listed = held.queue.len();
        let mut state = Self {
            address,
            now,
            send_rate: held.send_rate,
            counters: held.counters,
            in_flight: held.in_flight,
            held_bytes: held.held_bytes,
            next_send: held.next_send,
            free_peers: held.peer_counts,
            peers: BTreeMap::new(),
            statuses: HashMap::new(),
            counts: Status::ALL.map(|status| held.peer_counts.of(status)),
            claimed: 0,
            queue: held.queue.into(),
            unlisted: held.queued.saturating_sub(listed),
            unlisted_held: held.held_in_all.saturating_sub(held.held.len()),
            held: held.held.into(),
            hold_rule: held.hold_rule,
            ignored_remotes: held.ignored_remotes,
            under_way: held.under_way,
        };
        state.free_peers.ignored = 0;
        // What is not in the order of the tickets was not written by a node.
        state.queue.make_contiguous().sort_by_key(|queued| queued.id);
        state.held.make_contiguous().sort_by_key(|held| held.queued.id);
        state.under_way.truncate(MOST_UNDER_WAY);
        for peer in held.peers {
            state.list(peer);
        }
        // Those that are not listed as well.
        state.claimed = state.claimed.max(held.peer_counts.unverified);
        state
    }

    /// Creates a new state from a later snapshot, when the events in between are unknown.
    pub fn replaced(&self, held: Holdings, now: Now) -> Self {
        Self::new(self.address.clone(), held, now)
    }

    /// Address where other nodes reach this node.
    pub fn address(&self) -> &Address {
        &self.address
    }

    /// Current time of the state, on both of the node's clocks.
    pub fn now(&self) -> Now {
        self.now
    }

    /// Up to `count` peers that pass the predicate, like [`Node::find_peers`](clacks_p2p::Node::find_peers).
    pub fn find_peers(&self, count: usize, is_wanted: &mut dyn FnMut(&Peer) -> bool) -> Vec<Peer> {
        self.peers.values().filter(|peer| is_wanted(peer)).take(count).cloned().collect()
    }

    /// Advances the time without an event.
    pub fn pass(&mut self, now: Now) {
        self.now = now;
    }

    /// How many messages that are on their way are known.
    #[cfg(test)]
    pub fn under_way(&self) -> usize {
        self.under_way.len()
    }

    /// Applies the next event, which happened at `now`.
    pub fn apply(&mut self, event: &Event, now: Now) {
        self.now = now;
        match event {
            Event::MessageReceived { peer, id, .. } => {
                self.counters.received = self.counters.received.saturating_add(u64::from(id.is_some()));
                self.note(peer);
            }
            Event::MessageQueued { id, message, origin, since_ms, visits, place } => {
                let (id, message, since_ms, visits) = (*id, message.clone(), *since_ms, *visits);
                let mut queued = QueuedMessage::new(id, message, since_ms, visits, None, *place);
                self.enter(&queued, origin);
                queued.from = self.sender_of(&queued, origin);
                self.list_message(queued);
            }
            Event::MessageSending { id, peer, choice, .. } => {
                let taken = self.take_out(*id);
                if self.under_way.len() < MOST_UNDER_WAY {
                    self.under_way.extend(taken.map(|taken| (peer.address.clone(), taken)));
                }
                self.in_flight = self.in_flight.saturating_add(1);
                self.free_peers = choice.free;
                self.next_send = Some(now.uptime.saturating_add(self.interval()));
                self.note(peer);
            }
            Event::MessageDelivered { id, peer, message, .. } => {
                self.under_way.retain(|(_, queued)| queued.id != *id);
                bump(&mut self.counters.delivered);
                self.in_flight = self.in_flight.saturating_sub(1);
                self.held_bytes = self.held_bytes.saturating_sub(message.size());
                self.note(peer);
            }
            Event::DeliveryFailed { peer, failure, .. } => {
                bump(&mut self.counters.failed);
                if matches!(failure, Failure::NotContacted(_)) {
                    self.counters.limits.count(Limit::Scopes);
                }
                self.note(peer);
            }
            Event::MessageDropped { id, message, .. } => {
                drop(self.take_out(*id));
                self.held_bytes = self.held_bytes.saturating_sub(message.size());
            }
            Event::AnnounceReceived { peer, .. } => {
                bump(&mut self.counters.announces);
                self.note(peer);
            }
            Event::Refused(refusal) => {
                bump(&mut self.counters.refused);
                limit_met(refusal.status).into_iter().for_each(|limit| self.counters.limits.count(limit));
            }
            Event::PayloadDiscarded { status, peer, .. } => {
                let Counters { swallowed, refused_by_plugin, .. } = &mut self.counters;
                bump(if *status == 200 { swallowed } else { refused_by_plugin });
                self.note(peer);
            }
            Event::MessageRewritten { peer, .. } => self.note(peer),
            Event::PluginFailed { .. } => bump(&mut self.counters.plugin_faults),
            // What each refusal tells of is in it.
            Event::LimitsMet { met } => self.counters.limits = *met,
            Event::SendRateChanged { rate } => self.send_rate = *rate,
            other => self.apply_to_held(other),
        }
    }

    fn apply_to_held(&mut self, event: &Event) {
        match event {
            Event::MessageHeld { held, origin } => {
                match origin {
                    Some(origin) => {
                        self.enter(&held.queued, origin);
                        // It is not on its way any more.
                        self.sender_of(&held.queued, origin);
                    }
                    None => drop(self.take_out(held.queued.id)),
                }
                self.list_held(held.clone());
            }
            Event::MessageReleased { was, queued } => {
                self.take_out_held(*was);
                self.list_message(queued.clone());
            }
            Event::MessageRestored { was, queued, held } => self.restore(*was, queued, held.clone()),
            Event::MessageChanged { before, queued, .. } => {
                self.held_bytes = self.held_bytes.saturating_sub(before.size());
                self.held_bytes = self.held_bytes.saturating_add(queued.message.size());
                if let Some(place) = self.queue_position(queued.id) {
                    self.queue[place] = queued.clone();
                } else if let Some(place) = self.held_position(queued.id) {
                    self.held[place].queued = queued.clone();
                }
            }
            Event::HoldRuleChanged { rule } => self.hold_rule.clone_from(rule),
            other => self.apply_to_peers(other),
        }
    }

    fn apply_to_peers(&mut self, event: &Event) {
        match event {
            Event::PeerDiscovered { peer, .. } => {
                self.count(peer.status);
                self.list(peer.clone());
            }
            Event::PeerChanged { peer } => self.note(peer),
            Event::ClaimConfirmed { peer } => {
                let is_unlisted = !self.statuses.contains_key(&peer.address);
                self.claimed = self.claimed.saturating_sub(usize::from(is_unlisted));
                self.note(peer);
            }
            Event::RemoteIgnored { remote } => drop(self.ignored_remotes.insert(*remote)),
            Event::RemoteUnignored { remote } => drop(self.ignored_remotes.remove(remote)),
            Event::PeerUpdated { peer, from } => {
                self.uncount(*from);
                self.count(peer.status);
                self.list(peer.clone());
            }
            Event::PeerForgotten { peer } => {
                self.uncount(peer.status);
                if self.unlist(&peer.address).is_none() && peer.is_unverified() {
                    self.claimed = self.claimed.saturating_sub(1);
                }
            }
            Event::FoundOurselves { address } => {
                if let Some(peer) = self.unlist(address) {
                    self.uncount(peer.status);
                }
            }
            _ => {}
        }
    }

    /// A message has come, or come back: it counts as held by the node.
    fn enter(&mut self, queued: &QueuedMessage, origin: &Origin) {
        match origin {
            Origin::Returned(_) => self.in_flight = self.in_flight.saturating_sub(1),
            Origin::Local => {
                bump(&mut self.counters.enqueued);
                self.held_bytes = self.held_bytes.saturating_add(queued.message.size());
            }
            Origin::Received(_) => {
                self.held_bytes = self.held_bytes.saturating_add(queued.message.size());
            }
        }
    }

    /// Who sent a message to the node in the first place.
    fn sender_of(&mut self, queued: &QueuedMessage, origin: &Origin) -> Option<Address> {
        match origin {
            Origin::Local => None,
            Origin::Received(peer) => Some(peer.clone()),
            // It has another ticket now.
            Origin::Returned(peer) => {
                let place = self.under_way.iter().position(|(to, taken)| {
                    (to, &taken.message, taken.since_ms, taken.visits)
                        == (peer, &queued.message, queued.since_ms, queued.visits)
                })?;
                self.under_way.swap_remove(place).1.from
            }
        }
    }

    /// A message is what and where it was before a command that was undone.
    fn restore(&mut self, was: Option<MessageId>, queued: &QueuedMessage, held: Option<HeldBy>) {
        let former = was.map(|was| self.take_out(was));
        // Of one that is not listed the size is not known; most keep theirs.
        let former =
            former.map(|former| former.map_or(queued.message.size(), |former| former.message.size()));
        self.held_bytes = self.held_bytes.saturating_sub(former.unwrap_or(0));
        self.held_bytes = self.held_bytes.saturating_add(queued.message.size());
        match held {
            Some(by) => self.list_held(HeldMessage::new(queued.clone(), by)),
            None => self.list_message(queued.clone()),
        }
    }

    fn list_held(&mut self, held: HeldMessage) {
        let place = self.held.partition_point(|other| other.queued.id < held.queued.id);
        self.held.insert(place, held);
    }

    fn list_message(&mut self, queued: QueuedMessage) {
        // One that does not come later than all others was not written by a node.
        let place = self.queue.partition_point(|other| other.id < queued.id);
        self.queue.insert(place, queued);
    }

    /// Takes a message out of the queue or from those that are held.
    fn take_out(&mut self, id: MessageId) -> Option<QueuedMessage> {
        match self.queue_position(id) {
            Some(position) => self.queue.remove(position),
            None if self.held_position(id).is_some() => self.take_out_held(id),
            None => {
                self.unlisted = self.unlisted.saturating_sub(1);
                None
            }
        }
    }

    fn take_out_held(&mut self, id: MessageId) -> Option<QueuedMessage> {
        if let Some(position) = self.held_position(id) {
            return self.held.remove(position).map(|held| held.queued);
        }
        self.unlisted_held = self.unlisted_held.saturating_sub(1);
        None
    }

    /// Takes in a peer as it is now, if it is known at all.
    fn note(&mut self, peer: &Peer) {
        if self.statuses.get(&peer.address) == Some(&peer.status) {
            self.list(peer.clone());
        }
    }

    fn list(&mut self, peer: Peer) {
        self.unlist(&peer.address);
        self.claimed = self.claimed.saturating_add(usize::from(peer.is_unverified()));
        self.statuses.insert(peer.address.clone(), peer.status);
        self.peers.insert((peer.status, peer.address.clone()), peer);
    }

    fn unlist(&mut self, address: &Address) -> Option<Peer> {
        let status = self.statuses.remove(address)?;
        let peer = self.peers.remove(&(status, address.clone()))?;
        self.claimed = self.claimed.saturating_sub(usize::from(peer.is_unverified()));
        Some(peer)
    }

    fn count(&mut self, status: Status) {
        let count = &mut self.counts[status as usize];
        *count = count.saturating_add(1);
    }

    fn uncount(&mut self, status: Status) {
        let count = &mut self.counts[status as usize];
        *count = count.saturating_sub(1);
    }

    /// The time between two messages.
    fn interval(&self) -> Duration {
        Duration::try_from_secs_f64(self.send_rate.recip()).unwrap_or_default()
    }

    fn queued_in_all(&self) -> usize {
        self.queue.len().saturating_add(self.unlisted)
    }
}

/// The file may say that as many have been counted as a number can tell.
fn bump(counter: &mut u64) {
    *counter = counter.saturating_add(1);
}

/// The limit that an answer of this status tells of, until it is told how often each was met.
fn limit_met(status: u16) -> Option<Limit> {
    match status {
        408 => Some(Limit::BodyTime),
        413 => Some(Limit::BodySize),
        429 => Some(Limit::Payloads),
        503 => Some(Limit::Queue),
        _ => None,
    }
}

/// Queries of what is listed.
impl ReplayedNode {
    /// The counts and the current state. `free_peers` and `next_send` are those of the last sent message.
    pub fn overview(&self) -> Overview {
        let mut overview = Overview::new(self.address.clone());
        overview.uptime = self.now.uptime;
        overview.send_rate = self.send_rate;
        overview.queued = self.queued_in_all();
        overview.in_flight = self.in_flight;
        overview.held = self.held.len().saturating_add(self.unlisted_held);
        overview.held_bytes = self.held_bytes;
        overview.peers = PeerCounts::from(Status::ALL.map(|status| (status, self.counts[status as usize])));
        overview.peers.unverified = self.claimed.min(overview.peers.alive);
        overview.free_peers = self.free_peers;
        overview.next_send = self.next_send.filter(|_| self.queued_in_all() > 0);
        overview.counters = self.counters;
        // Nothing tells of hand-ons, nor of whose turn it is.
        overview
    }

    /// The peer with this address, if it is listed.
    pub fn peer(&self, address: &Address) -> Option<Peer> {
        self.peers.get(&(*self.statuses.get(address)?, address.clone())).cloned()
    }

    /// Listed peers around this one.
    pub fn peers_around(&self, anchor: &Address, before: usize, after: usize) -> Vec<Peer> {
        let Some(status) = self.statuses.get(anchor) else {
            return self.first_peers(before.saturating_add(after));
        };
        let anchor = (*status, anchor.clone());
        let mut peers: Vec<_> =
            self.peers.range(..&anchor).rev().take(before).map(|(_, peer)| peer.clone()).collect();
        peers.reverse();
        peers.extend(self.peers.range(&anchor..).take(after).map(|(_, peer)| peer.clone()));
        peers
    }

    /// The first listed peers, at most `count`.
    pub fn first_peers(&self, count: usize) -> Vec<Peer> {
        self.peers.values().take(count).cloned().collect()
    }

    /// The last listed peers, at most `count`.
    pub fn last_peers(&self, count: usize) -> Vec<Peer> {
        let mut peers: Vec<_> = self.peers.values().rev().take(count).cloned().collect();
        peers.reverse();
        peers
    }

    /// The number of listed messages in the queue.
    pub fn queue_len(&self) -> usize {
        self.queue.len()
    }

    /// The position of a listed message in the queue.
    pub fn queue_position(&self, id: MessageId) -> Option<usize> {
        self.queue.binary_search_by_key(&id, |queued| queued.id).ok()
    }

    /// The listed messages at these positions of the queue.
    pub fn queue_window(&self, positions: Range<usize>) -> Vec<QueuedMessage> {
        let end = positions.end.min(self.queue.len());
        self.queue.range(positions.start.min(end)..end).cloned().collect()
    }

    /// The queued message with this number, if it is listed.
    pub fn queued_message(&self, id: MessageId) -> Option<QueuedMessage> {
        self.queue.get(self.queue_position(id)?).cloned()
    }

    /// The position of a listed held message.
    pub fn held_position(&self, id: MessageId) -> Option<usize> {
        self.held.binary_search_by_key(&id, |held| held.queued.id).ok()
    }

    /// The listed held messages at these positions.
    pub fn held_window(&self, positions: Range<usize>) -> Vec<HeldMessage> {
        let end = positions.end.min(self.held.len());
        self.held.range(positions.start.min(end)..end).cloned().collect()
    }

    /// The text of the filter that holds messages.
    pub fn hold_rule(&self) -> Option<String> {
        self.hold_rule.clone()
    }

    /// The ignored remote IP addresses, sorted.
    pub fn ignored_remotes(&self) -> Vec<IpAddr> {
        self.ignored_remotes.iter().copied().collect()
    }
}
