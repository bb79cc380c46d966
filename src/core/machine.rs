use std::{
    collections::{BTreeSet, HashMap, VecDeque},
    net::IpAddr,
    ops::Range,
    time::Duration,
};

use rand::Rng;
use serde::Serialize;

use crate::protocol::{Address, Kind, Message, Payload};

use self::{handing_on::HandingOn, holding::Rule, remotes::Remotes};
use super::{
    EnqueueError, Event, Failure, Introduction, KnownPeer, Limit, LimitCounts, MessageId, Newcomers, Now,
    Options, OptionsError, Origin, Peer, PeerCounts, QueuedMessage, Refusal, Status, choice,
    options::check_send_rate,
    pace::Pace,
    peers::Peers,
    queue::{Entry, Queue},
    sightings::Sightings,
};

mod handing_on;
mod holding;
mod remotes;

/// Messages at the head of the queue that are held in one go at most.
const MOST_HOLDS: usize = 64;
/// Seconds after which a peer whose message has no room here may try again.
const RETRY_AFTER: &str = "60";
/// Other names of this node that are remembered at most; a host has a handful.
const MAX_ALIASES: usize = 64;

/// A node of the network as a state machine. See the [module](crate::core) for how it is driven.
#[derive(Debug)]
pub struct Core {
    options: Options,
    peers: Peers,
    queue: Queue,
    sightings: Sightings,
    rule: Rule,
    pace: Pace,
    handing_on: Option<HandingOn>,
    /// The last message went to a peer that only strangers spoke for.
    after_try: bool,
    remotes: Remotes,
    in_flight: HashMap<DeliveryId, InFlight>,
    messages_in_flight: usize,
    next_delivery: u64,
    aliases: BTreeSet<Address>,
    counters: Counters,
    /// When the next limit that is met is told of, as uptime.
    tells_of_limits: Duration,
    deliveries: VecDeque<Delivery>,
    events: VecDeque<Event>,
}

/// One request to a peer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DeliveryId(u64);

/// A request that the shell is to make: post `payload` to `to`, then tell [`Core::handle_delivery`] how it ended.
#[derive(Debug, Clone)]
pub struct Delivery {
    /// Names the delivery when it ends.
    pub id: DeliveryId,
    /// Whom to post to.
    pub to: Address,
    /// What to post.
    pub payload: Payload,
    /// Whether the user named the address. One that only strangers named is contacted where it is public only: see
    /// [`Scope`](super::Scope).
    pub is_named: bool,
}

/// What a delivery is for.
#[derive(Debug)]
enum Purpose {
    /// The head of the queue, taken out.
    Message(Entry),
    /// We make ourselves known.
    Announce,
}

#[derive(Debug)]
struct InFlight {
    to: Address,
    purpose: Purpose,
}

/// How a delivery ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The peer answered 200.
    Taken {
        /// From the start of the request to its answer.
        round_trip: Duration,
    },
    /// The peer did not take it.
    Failed(Failure),
    /// The request came to this node itself.
    Ourselves,
}

/// The answer to a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// Further HTTP headers, names and values.
    pub headers: Vec<(String, String)>,
    /// The body; plain text.
    pub body: String,
}

impl Answer {
    /// 200 with an empty body: the payload was taken.
    pub fn taken() -> Self {
        Self { status: 200, headers: Vec::new(), body: String::new() }
    }

    /// The payload was not taken, for this reason.
    pub fn refused(status: u16, reason: &str) -> Self {
        Self { status, headers: Vec::new(), body: format!("{reason}\n") }
    }

    fn with_header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }
}

/// What waits for the shell: see [`Core::swap_outputs`].
#[derive(Debug, Default)]
pub struct Outputs {
    deliveries: VecDeque<Delivery>,
    events: VecDeque<Event>,
}

/// What has happened since the node started.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Counters {
    /// Messages that came from peers and were queued.
    pub received: u64,
    /// Messages that peers took.
    pub delivered: u64,
    /// Deliveries that failed.
    pub failed: u64,
    /// Messages that were typed in here.
    pub enqueued: u64,
    /// Announces that came from peers.
    pub announces: u64,
    /// Requests that were not taken.
    pub refused: u64,
    /// How often each limit was met.
    pub limits: LimitCounts,
}

impl Core {
    /// A node that knows nobody and holds nothing.
    pub fn new(options: Options) -> Result<Self, OptionsError> {
        options.check()?;
        Ok(Self {
            peers: Peers::new(options.max_in_flight_per_peer, options.max_tries()),
            queue: Queue::new(&options),
            sightings: Sightings::default(),
            rule: Rule::default(),
            handing_on: None,
            after_try: false,
            remotes: Remotes::new(&options),
            pace: Pace::new(options.send_rate),
            in_flight: HashMap::new(),
            messages_in_flight: 0,
            next_delivery: 1,
            aliases: BTreeSet::new(),
            counters: Counters::default(),
            tells_of_limits: Duration::ZERO,
            deliveries: VecDeque::new(),
            events: VecDeque::new(),
            options,
        })
    }

    /// Makes the peers of an earlier run known: as lost from now on, so that each is tried for the whole kill
    /// timeout, or as ignored since when they were.
    pub fn restore(&mut self, known: impl IntoIterator<Item = KnownPeer>, now: Now) {
        for peer in known {
            let restored = if peer.status == Status::Ignored { Status::Ignored } else { Status::Lost };
            if self.is_unknown(&peer.address) && self.peers.len() < self.options.max_peers {
                self.peers.restore(peer, restored, now);
            }
        }
    }

    // === What happened ===

    /// A payload from this remote address came in the name of `sender`: it becomes known, or alive unless it is
    /// ignored. Returns it as it is then.
    pub fn see_sender(&mut self, sender: &Address, remote: Option<IpAddr>, now: Now) -> Peer {
        let seen = if self.peers.status(sender).is_some() {
            self.is_alive(sender, now);
            self.peers.get(sender)
        } else {
            self.meet(sender, Introduction::Sender, remote, now)
        };
        seen.unwrap_or_else(|| stranger(sender, now))
    }

    /// Takes what `sender` sent, or says why not. [`Core::see_sender`] comes first; plugins may have changed the
    /// payload in between.
    pub fn take_payload(
        &mut self,
        sender: &Address,
        payload: Payload,
        remote: Option<IpAddr>,
        now: Now,
    ) -> Answer {
        let peer = self.peers.get(sender).unwrap_or_else(|| stranger(sender, now));
        if peer.status == Status::Ignored {
            return self.refuse(403, "ignored", Some(sender), Some(&payload.message), remote);
        }
        match payload.kind {
            Kind::Message => {
                if let Err(answer) = self.take_message(&peer, payload.message, remote, now) {
                    return answer;
                }
            }
            Kind::Announce => {
                self.counters.announces += 1;
                self.events.push_back(Event::AnnounceReceived { peer });
            }
            Kind::Other => {}
        }
        if let Some(friend) = payload.friend {
            self.meet(&friend, Introduction::Friend(sender.clone()), remote, now);
        }
        Answer::taken()
    }

    fn take_message(
        &mut self,
        peer: &Peer,
        message: Message,
        remote: Option<IpAddr>,
        now: Now,
    ) -> Result<(), Answer> {
        if message.is_falsy() {
            self.events.push_back(Event::MessageReceived {
                peer: peer.clone(),
                message,
                id: None,
                visits: 0,
            });
            return Ok(());
        }
        if let Err(reason) = self.check_takes(message.size()) {
            let answer = self.refuse(503, reason, Some(&peer.address), Some(&message), remote);
            if self.queue.check_room(message.size()).is_err() {
                self.meets(Limit::Queue, now);
            }
            return Err(answer.with_header("retry-after", RETRY_AFTER));
        }
        let visits = self.sightings.note(&message);
        let entry =
            self.queue.take_in(message.clone(), millis(now.uptime), visits, Some(peer.address.clone()));
        self.counters.received += 1;
        if let Some(record) = self.peers.record_mut(&peer.address) {
            record.received += 1;
        }
        self.events.push_back(Event::MessageReceived {
            peer: peer.clone(),
            message,
            id: Some(entry.queued.id),
            visits,
        });
        self.admit(entry, Origin::Received(peer.address.clone()));
        Ok(())
    }

    /// Whether a message of `size` bytes is taken from a peer now, or why not.
    fn check_takes(&self, size: usize) -> Result<(), &'static str> {
        if self.handing_on.is_some() {
            return Err("handing on what is here before leaving, keep yours");
        }
        self.queue.check_room(size).map_err(|_| "the queue is full, try again later")
    }

    /// Notes that a request was not taken, for a reason that the core had no part in or gave itself, and returns
    /// the answer.
    pub fn refuse(
        &mut self,
        status: u16,
        reason: &str,
        sender: Option<&Address>,
        message: Option<&Message>,
        remote: Option<IpAddr>,
    ) -> Answer {
        self.counters.refused += 1;
        self.events.push_back(Event::Refused(Refusal {
            status,
            reason: reason.to_owned(),
            sender: sender.cloned(),
            preview: message.map(Refusal::preview_of),
            remote,
        }));
        Answer::refused(status, reason)
    }

    /// The time that [`Core::poll_timeout`] named has come: sends what is due.
    pub fn handle_timeout(&mut self, now: Now, rng: &mut impl Rng) {
        // So that a rule which holds all of a long queue does not keep its caller for long; what is left is due still.
        let mut holds = MOST_HOLDS;
        while holds > 0 && self.can_send() && self.is_due(now.uptime) {
            if self.hold_head() {
                holds -= 1;
                continue;
            }
            self.advance(now.uptime);
            self.send_next(rng);
        }
    }

    fn can_send(&self) -> bool {
        !self.queue.is_empty()
            && self.messages_in_flight < self.options.max_in_flight
            && choice::is_anybody_free(&self.peers)
            && !self.waits_for_a_good_peer()
    }

    fn send_next(&mut self, rng: &mut impl Rng) {
        // The peer is chosen first: without one, the message stays where it is.
        let Some((to, choice)) = choice::choose(self.candidates(), &self.peers, rng) else { return };
        let Some(entry) = self.queue.take_out() else { return };
        self.after_try = self.options.newcomers == Newcomers::EverySecond && self.peers.is_hearsay(&to);
        self.peers.begin_delivery(&to);
        self.messages_in_flight += 1;
        let QueuedMessage { id, message, .. } = &entry.queued;
        if let Some(peer) = self.peers.get(&to) {
            let (id, message) = (*id, message.clone());
            self.events.push_back(Event::MessageSending { id, peer, message, choice });
        }
        self.start(to, Kind::Message, message.clone(), Purpose::Message(entry), rng);
    }

    fn start(
        &mut self,
        to: Address,
        kind: Kind,
        message: Message,
        purpose: Purpose,
        rng: &mut impl Rng,
    ) -> DeliveryId {
        let id = DeliveryId(self.next_delivery);
        self.next_delivery += 1;
        let friend = choice::choose_friend(&self.peers, &to, rng);
        let payload = Payload { message, kind, sender: self.options.address.clone(), friend };
        let is_named = matches!(purpose, Purpose::Announce) || self.peers.is_named(&to);
        self.in_flight.insert(id, InFlight { to: to.clone(), purpose });
        self.deliveries.push_back(Delivery { id, to, payload, is_named });
        id
    }

    /// A delivery ended. One that is not known (the node took it back meanwhile) is left alone.
    pub fn handle_delivery(&mut self, id: DeliveryId, outcome: Outcome, now: Now) {
        let Some(InFlight { to, purpose }) = self.in_flight.remove(&id) else { return };
        match purpose {
            Purpose::Message(taken) => self.message_delivery_ended(&to, taken, outcome, now),
            Purpose::Announce => self.announce_ended(to, outcome, now),
        }
    }

    fn message_delivery_ended(&mut self, to: &Address, taken: Entry, outcome: Outcome, now: Now) {
        self.messages_in_flight -= 1;
        self.peers.end_delivery(to);
        self.note_for_handing_on(&outcome);
        match outcome {
            Outcome::Taken { round_trip } => {
                if let Some(record) = self.peers.record_mut(to) {
                    record.delivered += 1;
                    record.round_trip = Some(round_trip);
                }
                self.queue.settle(&taken.queued);
                self.counters.delivered += 1;
                let QueuedMessage { id, message, .. } = taken.queued;
                let peer = self.peers.get(to).unwrap_or_else(|| stranger(to, now));
                self.events.push_back(Event::MessageDelivered { id, peer, message, round_trip });
                self.contact_worked(to, now);
            }
            Outcome::Failed(failure) => {
                let is_ours = failure == Failure::NoResources;
                if let Some(record) = self.peers.record_mut(to).filter(|_| !is_ours) {
                    record.failed += 1;
                }
                self.counters.failed += 1;
                let is_out_of_reach = matches!(failure, Failure::NotContacted(_));
                let (id, message) = (taken.queued.id, taken.queued.message.clone());
                let peer = self.peers.get(to).unwrap_or_else(|| stranger(to, now));
                self.events.push_back(Event::DeliveryFailed { id, peer, message, failure });
                if is_out_of_reach {
                    self.meets(Limit::Scopes, now);
                }
                if is_ours {
                    self.pause_handing_on(now);
                } else {
                    self.contact_failed(to, now);
                }
                self.put_back(taken, to);
            }
            Outcome::Ourselves => {
                self.drop_ourselves(to);
                self.put_back(taken, to);
            }
        }
    }

    fn put_back(&mut self, taken: Entry, from: &Address) {
        let entry = self.queue.renewed(taken);
        self.admit(entry, Origin::Returned(from.clone()));
    }

    fn announce_ended(&mut self, to: Address, outcome: Outcome, now: Now) {
        match outcome {
            Outcome::Taken { round_trip } => {
                if self.peers.status(&to).is_none() {
                    self.discover(&to, Introduction::Announced, now);
                    self.peers.note_answer(&to, now);
                    self.note_round_trip(&to, round_trip);
                } else {
                    // First, so that the event of a new status has it.
                    self.note_round_trip(&to, round_trip);
                    self.contact_worked(&to, now);
                }
                self.peers.keep(&to);
                self.events.push_back(Event::Announced { peer: to, round_trip });
            }
            Outcome::Failed(failure) => self.events.push_back(Event::AnnounceFailed { peer: to, failure }),
            Outcome::Ourselves => self.drop_ourselves(&to),
        }
    }

    fn note_round_trip(&mut self, address: &Address, round_trip: Duration) {
        if let Some(record) = self.peers.record_mut(address) {
            record.round_trip = Some(round_trip);
        }
    }

    /// An address is another name of this node: it is no peer, now and later.
    fn drop_ourselves(&mut self, address: &Address) {
        self.peers.remove(address);
        if self.aliases.len() < MAX_ALIASES {
            self.aliases.insert(address.clone());
        }
        self.events.push_back(Event::FoundOurselves { address: address.clone() });
    }

    /// Puts every message that is in flight back into the queue, as when the node stops. What a peer took without
    /// our hearing of it is then there twice, which the network is used to.
    pub fn reclaim_in_flight(&mut self) {
        let mut in_flight: Vec<_> = std::mem::take(&mut self.in_flight).into_iter().collect();
        // In the order in which they were taken.
        in_flight.sort_unstable_by_key(|(id, _)| *id);
        for (_, InFlight { to, purpose }) in in_flight {
            if let Purpose::Message(taken) = purpose {
                self.messages_in_flight -= 1;
                self.peers.end_delivery(&to);
                self.put_back(taken, &to);
            }
        }
        self.deliveries.clear();
    }

    // === The peers' statuses ===

    /// The peer says that it is there, or shows it.
    fn is_alive(&mut self, address: &Address, now: Now) {
        if self.peers.status(address).is_some_and(|status| status != Status::Ignored) {
            self.set_status(address, Status::Alive, now);
        }
    }

    /// The peer answered us at its address.
    fn contact_worked(&mut self, address: &Address, now: Now) {
        let was_claim = self.peers.get(address).is_some_and(|peer| peer.is_claim());
        self.peers.note_answer(address, now);
        self.is_alive(address, now);
        if let Some(peer) = self.peers.get(address).filter(|_| was_claim) {
            self.events.push_back(Event::ClaimConfirmed { peer });
        }
    }

    fn contact_failed(&mut self, address: &Address, now: Now) {
        self.peers.note_no_answer(address);
        let Some(peer) = self.peers.get(address) else { return };
        match peer.status {
            Status::New | Status::Alive => self.set_status(address, Status::Lost, now),
            Status::Lost if now.uptime.saturating_sub(peer.since) > self.options.kill_timeout => {
                self.set_status(address, Status::Dead, now);
            }
            Status::Lost | Status::Dead | Status::Ignored => {}
        }
    }

    fn set_status(&mut self, address: &Address, status: Status, now: Now) {
        if let Some((peer, from)) = self.peers.set_status(address, status, now) {
            self.events.push_back(Event::PeerUpdated { peer, from });
        }
    }

    /// A payload names an address that may be unknown: adds it as new unless there are too many such, or too many
    /// from this remote address.
    fn meet(
        &mut self,
        address: &Address,
        introduction: Introduction,
        remote: Option<IpAddr>,
        now: Now,
    ) -> Option<Peer> {
        if !self.is_unknown(address) {
            return None;
        }
        if !remote.is_none_or(|remote| self.remotes.may_introduce(remote, now)) {
            self.meets(Limit::Introductions, now);
            return None;
        }
        if !self.makes_room_among_new(&introduction, now) {
            return None;
        }
        self.discover(address, introduction, now)
    }

    /// Adds an address as new unless it is known, is this node, or there is no room for it.
    fn discover(&mut self, address: &Address, introduction: Introduction, now: Now) -> Option<Peer> {
        if !self.is_unknown(address) || !self.makes_room(now) {
            return None;
        }
        let peer = self.peers.insert(address, Status::New, now);
        self.events.push_back(Event::PeerDiscovered { peer: peer.clone(), introduction });
        Some(peer)
    }

    fn is_unknown(&self, address: &Address) -> bool {
        !self.is_this_node(address) && self.peers.status(address).is_none()
    }

    /// Whether there is room for one more peer, after another made room if need be.
    fn makes_room(&mut self, now: Now) -> bool {
        if self.peers.len() < self.options.max_peers {
            return true;
        }
        self.meets(Limit::Peers, now);
        let first = self.peers.first_to_go().cloned();
        first.is_some_and(|address| self.leave(&address))
    }

    /// Whether there is room for one more new peer: somebody who is there has the room of one of whom was only heard.
    fn makes_room_among_new(&mut self, introduction: &Introduction, now: Now) -> bool {
        if self.peers.count(Status::New) < self.options.max_new_peers {
            return true;
        }
        self.meets(Limit::NewPeers, now);
        let first = self.peers.first_new_to_go().filter(|_| *introduction == Introduction::Sender).cloned();
        first.is_some_and(|address| self.leave(&address))
    }

    /// Forgets a peer.
    fn leave(&mut self, address: &Address) -> bool {
        let left = self.peers.remove(address);
        let is_known = left.is_some();
        self.events.extend(left.map(|peer| Event::PeerForgotten { peer }));
        is_known
    }

    /// Whether the address is this node's own, under any name that it is known to have.
    pub fn is_this_node(&self, address: &Address) -> bool {
        self.options.address.same_place(address) || self.aliases.iter().any(|alias| alias.same_place(address))
    }

    // === What the user says ===

    /// Puts a message at the tail of the queue, or among the held ones if the rule says so.
    pub fn enqueue(&mut self, message: Message, now: Now) -> Result<MessageId, EnqueueError> {
        if message.is_falsy() {
            return Err(EnqueueError::Empty);
        }
        if self.handing_on.is_some() {
            return Err(EnqueueError::HandingOn);
        }
        self.queue.check_room(message.size())?;
        let visits = self.sightings.note(&message);
        let entry = self.queue.take_in(message, millis(now.uptime), visits, None);
        let id = entry.queued.id;
        self.counters.enqueued += 1;
        self.admit(entry, Origin::Local);
        Ok(id)
    }

    /// Takes the head of the queue out for good.
    pub fn dequeue(&mut self) -> Option<QueuedMessage> {
        let head = self.queue.head()?.queued.id;
        self.drop_message(head)
    }

    /// Takes a message that waits or is held out for good.
    pub fn drop_message(&mut self, id: MessageId) -> Option<QueuedMessage> {
        let dropped = self.queue.remove(id)?;
        let (message, from) = (dropped.message.clone(), dropped.from.clone());
        self.events.push_back(Event::MessageDropped { id, message, from });
        Some(dropped)
    }

    /// Adds a peer as new. Returns whether it was added: not if it is known, is this node, or there are as many
    /// peers as may be.
    pub fn add_peer(&mut self, address: &Address, now: Now) -> bool {
        let is_added = self.discover(address, Introduction::ByHand, now).is_some();
        self.peers.keep(address);
        is_added
    }

    /// Makes this node known to another, which becomes a peer when it answers 200. `None`, and nothing is sent, if
    /// the address is ignored or is this node.
    pub fn announce(&mut self, address: &Address, rng: &mut impl Rng) -> Option<DeliveryId> {
        if self.is_this_node(address) || self.peers.status(address) == Some(Status::Ignored) {
            return None;
        }
        Some(self.start(address.clone(), Kind::Announce, Message::null(), Purpose::Announce, rng))
    }

    /// Ignores an address, known or not. Returns whether it was not ignored before.
    pub fn ignore(&mut self, address: &Address, now: Now) -> bool {
        match self.peers.status(address) {
            Some(Status::Ignored) => false,
            Some(from) => {
                self.set_status(address, Status::Ignored, now);
                self.peers.remember_status(address, from);
                true
            }
            None if self.is_this_node(address) => false,
            None => {
                let peer = self.peers.insert(address, Status::Ignored, now);
                self.events.push_back(Event::PeerDiscovered { peer, introduction: Introduction::ByHand });
                true
            }
        }
    }

    /// Takes an ignore back: the peer has the status again that it had, or is new if it had none. Returns whether
    /// it was ignored.
    pub fn unignore(&mut self, address: &Address, now: Now) -> bool {
        let is_ignored = self.peers.status(address) == Some(Status::Ignored);
        if is_ignored {
            let status = self.peers.remembered_status(address).unwrap_or(Status::New);
            self.set_status(address, status, now);
        }
        is_ignored
    }

    /// Removes a peer; it comes back when somebody names it. Returns whether it was known.
    pub fn forget(&mut self, address: &Address) -> bool {
        self.leave(address)
    }

    /// Changes how many messages a second are sent.
    pub fn set_send_rate(&mut self, rate: f64, now: Now) -> Result<(), OptionsError> {
        check_send_rate(rate)?;
        self.options.send_rate = rate;
        self.pace.set_rate(rate, now.uptime);
        self.events.push_back(Event::SendRateChanged { rate });
        Ok(())
    }

    // === What the shell is to do ===

    /// The next request to make.
    pub fn poll_delivery(&mut self) -> Option<Delivery> {
        self.deliveries.pop_front()
    }

    /// Exchanges what waits for the shell with `outputs`, and with it the memory that it waits in. A shell with many
    /// cores lends each the same while something happens to it, so that not all of them keep some.
    pub fn swap_outputs(&mut self, outputs: &mut Outputs) {
        std::mem::swap(&mut self.deliveries, &mut outputs.deliveries);
        std::mem::swap(&mut self.events, &mut outputs.events);
    }

    /// The next thing that happened.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// When to call [`Core::handle_timeout`], as uptime; `None` while there is nothing to send or nobody to send
    /// to. Every input can change it. It may have passed already.
    pub fn poll_timeout(&self) -> Option<Duration> {
        self.can_send().then(|| self.next_send())
    }

    /// Whether [`Core::poll_timeout`] names an earlier time than this, or any if this is `None`. Costs next to nothing
    /// where it does not.
    pub fn is_due_before(&self, wakes: Option<Duration>) -> bool {
        wakes.is_none_or(|wakes| self.next_send() < wakes) && self.can_send()
    }

    // === What a screen shows ===

    /// How many peers of each status the next message could go to: those that are not busy with as many as may be, and
    /// after a message went to a peer that only strangers spoke for just the others: see
    /// [`Core::is_turn_of_proven`].
    pub fn free_peers(&self) -> PeerCounts {
        self.candidates().free
    }

    /// Whether the next message is for a peer that answered or that the user named, because the last went to one that
    /// only strangers spoke for.
    pub fn is_turn_of_proven(&self) -> bool {
        self.candidates().is_for_proven
    }

    /// How the node behaves.
    pub fn options(&self) -> &Options {
        &self.options
    }

    /// What has happened since the node started.
    pub fn counters(&self) -> Counters {
        self.counters
    }

    /// A peer by its address.
    pub fn peer(&self, address: &Address) -> Option<Peer> {
        self.peers.get(address)
    }

    /// How many peers have each status.
    pub fn peer_counts(&self) -> PeerCounts {
        self.peers.counts()
    }

    /// All peers, by status (new, alive, lost, dead, ignored) and then by address.
    pub fn peers(&self) -> impl Iterator<Item = Peer> {
        self.peers.iter()
    }

    /// The peers listed around `anchor`: up to `before` that stand before it, then it and those behind it, up to
    /// `after` in all. The first of the list if the anchor is not known.
    pub fn peers_around(&self, anchor: &Address, before: usize, after: usize) -> Vec<Peer> {
        self.peers.window(anchor, before, after)
    }

    /// The last `count` peers of the list.
    pub fn last_peers(&self, count: usize) -> Vec<Peer> {
        self.peers.last(count)
    }

    /// The messages that wait, at these positions; 0 is the head.
    pub fn queue(&self, positions: Range<usize>) -> impl Iterator<Item = &QueuedMessage> {
        self.queue.window(positions)
    }

    /// How many messages wait.
    pub fn queue_len(&self) -> usize {
        self.queue.len()
    }

    /// Bytes of JSON text that this node has: waiting, held and in flight.
    pub fn held_bytes(&self) -> usize {
        self.queue.bytes()
    }

    /// How many messages are on their way.
    pub fn in_flight(&self) -> usize {
        self.messages_in_flight
    }

    /// The messages that are on their way as they waited before, and whom each goes to, in the order in which they left.
    pub fn under_way(&self) -> impl Iterator<Item = (&Address, &QueuedMessage)> {
        let mut in_flight: Vec<_> = self.in_flight.iter().collect();
        in_flight.sort_unstable_by_key(|(id, _)| **id);
        in_flight.into_iter().filter_map(|(_, InFlight { to, purpose })| match purpose {
            Purpose::Message(entry) => Some((to, &entry.queued)),
            Purpose::Announce => None,
        })
    }

    /// A message that waits.
    pub fn queued_message(&self, id: MessageId) -> Option<&QueuedMessage> {
        self.queue.get(id)
    }

    /// Where a message stands in the queue; 0 is the head.
    pub fn queue_position(&self, id: MessageId) -> Option<usize> {
        self.queue.position(id)
    }
}

/// A peer that is served but not remembered: this node's own address, or one more than may be known.
fn stranger(address: &Address, now: Now) -> Peer {
    Peer::new(address.clone(), Status::New, now)
}

fn millis(uptime: Duration) -> u64 {
    uptime.as_millis() as u64
}
