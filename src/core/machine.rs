use std::{
    collections::{BTreeSet, VecDeque},
    net::IpAddr,
    ops::Range,
    sync::Arc,
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
#[cfg(feature = "simulation")]
mod touch;

/// Messages at the head of the queue that are held in one go at most.
const MOST_HOLDS: usize = 64;
/// Seconds after which a peer whose message has no room here may try again.
const RETRY_AFTER: &str = "60";
/// Other names of this node that are remembered at most; a host has a handful.
const MAX_ALIASES: usize = 64;

/// A node of the network as a state machine. See the [module](crate::core) for how it is driven.
#[derive(Debug)]
pub struct Core {
    /// Where others find this node.
    address: Address,
    options: Arc<Options>,
    peers: Peers,
    queue: Queue,
    // What a node that nobody watches, knows nobody's network address or does not leave has no need of is made when it is.
    sightings: Option<Box<Sightings>>,
    rule: Rule,
    pace: Pace,
    handing_on: Option<Box<HandingOn>>,
    /// The last message went to a peer that only strangers spoke for.
    after_try: bool,
    remotes: Option<Box<Remotes>>,
    /// In the order in which they began, which is that of their ids.
    in_flight: VecDeque<InFlight>,
    messages_in_flight: usize,
    next_delivery: u64,
    aliases: BTreeSet<Address>,
    counters: Option<Box<Counters>>,
    /// When the next limit that is met is told of, as uptime.
    tells_of_limits: Duration,
    outputs: Outputs,
    is_watched: bool,
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
    id: DeliveryId,
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
pub struct Outputs(Option<Box<Pending>>);

#[derive(Debug, Default)]
struct Pending {
    deliveries: VecDeque<Delivery>,
    events: VecDeque<Event>,
}

impl Outputs {
    fn pending(&mut self) -> &mut Pending {
        self.0.get_or_insert_default()
    }

    fn poll_delivery(&mut self) -> Option<Delivery> {
        self.0.as_mut()?.deliveries.pop_front()
    }

    fn poll_event(&mut self) -> Option<Event> {
        self.0.as_mut()?.events.pop_front()
    }
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
        Ok(Self::sharing(options.address.clone(), Arc::new(options)))
    }

    /// One of many nodes that are alike but for their addresses. The options were checked.
    pub(crate) fn sharing(address: Address, options: Arc<Options>) -> Self {
        Self {
            peers: Peers::new(options.max_in_flight_per_peer, options.max_tries()),
            queue: Queue::new(&options),
            sightings: None,
            rule: Rule::default(),
            handing_on: None,
            after_try: false,
            remotes: None,
            pace: Pace::new(options.send_rate),
            in_flight: VecDeque::new(),
            messages_in_flight: 0,
            next_delivery: 1,
            aliases: BTreeSet::new(),
            counters: None,
            tells_of_limits: Duration::ZERO,
            outputs: Outputs::default(),
            is_watched: true,
            address,
            options,
        }
    }

    /// Whether anybody is told what happens here. If not, there are no events, and nothing is counted: neither what
    /// [`Core::counters`] tells nor how often a message has been seen here, which changes nothing that a peer could
    /// notice. Nodes are watched unless they are told otherwise.
    pub fn set_watched(&mut self, is_watched: bool) {
        self.is_watched = is_watched;
    }

    /// Tells those who watch, if there are any, what happened.
    fn tell(&mut self, event: impl FnOnce(&Peers) -> Event) {
        if self.is_watched {
            self.outputs.pending().events.push_back(event(&self.peers));
        }
    }

    /// Counts what happened for those who watch, if there are any.
    fn count(&mut self, count: impl FnOnce(&mut Counters)) {
        if self.is_watched {
            count(self.counters.get_or_insert_default());
        }
    }

    fn remotes(&mut self) -> &mut Remotes {
        self.remotes.get_or_insert_with(|| Box::new(Remotes::new(&self.options)))
    }

    /// Counts that a message is seen here, and returns how often it has been.
    fn sight(&mut self, message: &Message) -> u32 {
        if self.is_watched { self.sightings.get_or_insert_default().note(message) } else { 0 }
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
        let number = self.note_sender(sender, remote, now);
        number.map_or_else(|| stranger(sender, now), |number| self.peers.peer(number))
    }

    /// The same, but returns the peer's number, if it is known then.
    fn note_sender(&mut self, sender: &Address, remote: Option<IpAddr>, now: Now) -> Option<usize> {
        let Some(number) = self.peers.find(sender) else {
            return self.meet(sender, remote, now, || Introduction::Sender);
        };
        self.is_alive(number, now);
        Some(number)
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
        self.take_from(self.peers.find(sender), sender, payload, remote, now)
    }

    /// [`Core::see_sender`] and [`Core::take_payload`] in one go, for a shell that has no plugins.
    pub fn receive(&mut self, payload: Payload, remote: Option<IpAddr>, now: Now) -> Answer {
        let sender = payload.sender.clone();
        let number = self.note_sender(&sender, remote, now);
        self.take_from(number, &sender, payload, remote, now)
    }

    /// Takes what a sender sent that has this number, if it is known.
    fn take_from(
        &mut self,
        number: Option<usize>,
        sender: &Address,
        payload: Payload,
        remote: Option<IpAddr>,
        now: Now,
    ) -> Answer {
        let record = number.map(|number| self.peers.record(number));
        if record.is_some_and(|record| record.status() == Status::Ignored) {
            return self.refuse(403, "ignored", Some(sender), Some(&payload.message), remote);
        }
        let who = |peers: &Peers| number.map_or_else(|| stranger(sender, now), |number| peers.peer(number));
        match payload.kind {
            Kind::Message => {
                if let Err(answer) = self.take_message(number, sender, who, payload.message, remote, now) {
                    return answer;
                }
            }
            Kind::Announce => {
                self.count(|counters| counters.announces += 1);
                self.tell(|peers| Event::AnnounceReceived { peer: who(peers) });
            }
            Kind::Other => {}
        }
        if let Some(friend) = payload.friend {
            self.meet(&friend, remote, now, || Introduction::Friend(sender.clone()));
        }
        Answer::taken()
    }

    fn take_message(
        &mut self,
        number: Option<usize>,
        sender: &Address,
        who: impl Fn(&Peers) -> Peer,
        message: Message,
        remote: Option<IpAddr>,
        now: Now,
    ) -> Result<(), Answer> {
        if message.is_falsy() {
            self.tell(|peers| Event::MessageReceived { peer: who(peers), message, id: None, visits: 0 });
            return Ok(());
        }
        if let Err(reason) = self.check_takes(message.size()) {
            let answer = self.refuse(503, reason, Some(sender), Some(&message), remote);
            if self.queue.check_room(message.size()).is_err() {
                self.meets(Limit::Queue, now);
            }
            return Err(answer.with_header("retry-after", RETRY_AFTER));
        }
        // As those who watch see the peer, this message is not among what came from it.
        let peer = self.is_watched.then(|| who(&self.peers));
        let visits = self.sight(&message);
        // The peer's own, where there is one: many messages come from few.
        let from = number.map_or(sender, |number| self.peers.address(number)).clone();
        let entry = self.queue.take_in(message, millis(now.uptime), visits, Some(from));
        self.count(|counters| counters.received += 1);
        if let Some(number) = number {
            self.peers.record_mut(number).received += 1;
        }
        if let Some(peer) = peer {
            let QueuedMessage { id, message, .. } = &entry.queued;
            let (id, message) = (Some(*id), message.clone());
            self.tell(|_| Event::MessageReceived { peer, message, id, visits });
        }
        self.admit(entry, || Origin::Received(sender.clone()));
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
        self.count(|counters| counters.refused += 1);
        self.tell(|_| {
            Event::Refused(Refusal {
                status,
                reason: reason.to_owned(),
                sender: sender.cloned(),
                preview: message.map(Refusal::preview_of),
                remote,
            })
        });
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
        let Some((number, choice)) = choice::choose(self.candidates(), &self.peers, rng) else { return };
        let Some(entry) = self.queue.take_out() else { return };
        self.after_try = self.options.newcomers == Newcomers::EverySecond && self.peers.is_hearsay(number);
        self.peers.begin_delivery(number);
        self.messages_in_flight += 1;
        let friend = choice::choose_friend(&self.peers, Some(number), rng);
        self.peers.fetch_names(number, friend);
        let QueuedMessage { id, ref message, .. } = entry.queued;
        let message = message.clone();
        self.tell(|peers| Event::MessageSending {
            id,
            peer: peers.peer(number),
            message: message.clone(),
            choice,
        });
        let to = self.peers.address(number).clone();
        let friend = friend.map(|number| self.peers.address(number).clone());
        let is_named = self.peers.record(number).is_named;
        let payload = Payload { message, kind: Kind::Message, sender: self.address.clone(), friend };
        self.start(to, payload, Purpose::Message(entry), is_named);
    }

    fn start(&mut self, to: Address, payload: Payload, purpose: Purpose, is_named: bool) -> DeliveryId {
        let id = DeliveryId(self.next_delivery);
        self.next_delivery += 1;
        if self.in_flight.len() == self.in_flight.capacity() {
            // Most nodes have one or two: less room than is made for more.
            self.in_flight.reserve_exact(self.in_flight.len().max(1));
        }
        self.in_flight.push_back(InFlight { id, to: to.clone(), purpose });
        self.outputs.pending().deliveries.push_back(Delivery { id, to, payload, is_named });
        id
    }

    /// A delivery ended. One that is not known (the node took it back meanwhile) is left alone.
    pub fn handle_delivery(&mut self, id: DeliveryId, outcome: Outcome, now: Now) {
        let place = self.in_flight.binary_search_by_key(&id, |in_flight| in_flight.id);
        let in_flight = place.ok().and_then(|place| self.in_flight.remove(place));
        let Some(InFlight { to, purpose, .. }) = in_flight else { return };
        match purpose {
            Purpose::Message(taken) => self.message_delivery_ended(&to, taken, outcome, now),
            Purpose::Announce => self.announce_ended(to, outcome, now),
        }
    }

    fn message_delivery_ended(&mut self, to: &Address, taken: Entry, outcome: Outcome, now: Now) {
        self.messages_in_flight -= 1;
        let number = self.peers.end_delivery(to);
        self.note_for_handing_on(&outcome);
        let who = |peers: &Peers| number.map_or_else(|| stranger(to, now), |number| peers.peer(number));
        match outcome {
            Outcome::Taken { round_trip } => {
                if let Some(number) = number {
                    let record = self.peers.record_mut(number);
                    record.delivered += 1;
                    record.set_round_trip(round_trip);
                }
                self.queue.settle(&taken.queued);
                self.count(|counters| counters.delivered += 1);
                let QueuedMessage { id, message, .. } = taken.queued;
                self.tell(|peers| Event::MessageDelivered { id, peer: who(peers), message, round_trip });
                if let Some(number) = number {
                    self.contact_worked(number, now);
                }
            }
            Outcome::Failed(failure) => {
                let is_ours = failure == Failure::NoResources;
                let failed = number.filter(|_| !is_ours);
                failed.into_iter().for_each(|number| self.peers.record_mut(number).count_failure());
                self.count(|counters| counters.failed += 1);
                let is_out_of_reach = matches!(failure, Failure::NotContacted(_));
                let QueuedMessage { id, ref message, .. } = taken.queued;
                self.tell(|peers| Event::DeliveryFailed {
                    id,
                    peer: who(peers),
                    message: message.clone(),
                    failure,
                });
                if is_out_of_reach {
                    self.meets(Limit::Scopes, now);
                }
                if is_ours {
                    self.pause_handing_on(now);
                }
                if let Some(number) = failed {
                    self.contact_failed(number, now);
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
        self.admit(entry, || Origin::Returned(from.clone()));
    }

    fn announce_ended(&mut self, to: Address, outcome: Outcome, now: Now) {
        match outcome {
            Outcome::Taken { round_trip } => {
                self.announce_worked(&to, round_trip, now);
                self.tell(|_| Event::Announced { peer: to, round_trip });
            }
            Outcome::Failed(failure) => self.tell(|_| Event::AnnounceFailed { peer: to, failure }),
            Outcome::Ourselves => self.drop_ourselves(&to),
        }
    }

    fn announce_worked(&mut self, to: &Address, round_trip: Duration, now: Now) {
        let known = self.peers.find(to);
        let Some(number) = known.or_else(|| self.discover(to, now, || Introduction::Announced)) else {
            return;
        };
        if known.is_some() {
            // First, so that the event of a new status has it.
            self.peers.record_mut(number).set_round_trip(round_trip);
            self.contact_worked(number, now);
        } else {
            self.peers.note_answer(number, now);
            self.peers.record_mut(number).set_round_trip(round_trip);
        }
        self.peers.keep(number);
    }

    /// An address is another name of this node: it is no peer, now and later.
    fn drop_ourselves(&mut self, address: &Address) {
        self.peers.remove(address);
        if self.aliases.len() < MAX_ALIASES {
            self.aliases.insert(address.clone());
        }
        self.tell(|_| Event::FoundOurselves { address: address.clone() });
    }

    /// Puts every message that is in flight back into the queue, as when the node stops. What a peer took without
    /// our hearing of it is then there twice, which the network is used to.
    pub fn reclaim_in_flight(&mut self) {
        for InFlight { to, purpose, .. } in std::mem::take(&mut self.in_flight) {
            if let Purpose::Message(taken) = purpose {
                self.messages_in_flight -= 1;
                self.peers.end_delivery(&to);
                self.put_back(taken, &to);
            }
        }
        self.outputs.pending().deliveries.clear();
    }

    // === The peers' statuses ===

    /// The peer says that it is there, or shows it.
    fn is_alive(&mut self, number: usize, now: Now) {
        if self.peers.record(number).status() != Status::Ignored {
            self.set_status(number, Status::Alive, now);
        }
    }

    /// The peer answered us at its address.
    fn contact_worked(&mut self, number: usize, now: Now) {
        let was_claim = self.peers.record(number).is_claim();
        self.peers.note_answer(number, now);
        self.is_alive(number, now);
        if was_claim {
            self.tell(|peers| Event::ClaimConfirmed { peer: peers.peer(number) });
        }
    }

    fn contact_failed(&mut self, number: usize, now: Now) {
        self.peers.note_no_answer(number);
        let record = self.peers.record(number);
        match record.status() {
            Status::New | Status::Alive => self.set_status(number, Status::Lost, now),
            Status::Lost if now.uptime.saturating_sub(record.since()) > self.options.kill_timeout => {
                self.set_status(number, Status::Dead, now);
            }
            Status::Lost | Status::Dead | Status::Ignored => {}
        }
    }

    fn set_status(&mut self, number: usize, status: Status, now: Now) {
        if let Some(from) = self.peers.set_status(number, status, now) {
            self.tell(|peers| Event::PeerUpdated { peer: peers.peer(number), from });
        }
    }

    /// A payload names an address that may be unknown: adds it as new unless there are too many such, or too many
    /// from this remote address. Returns its number if it was added.
    fn meet(
        &mut self,
        address: &Address,
        remote: Option<IpAddr>,
        now: Now,
        introduction: impl Fn() -> Introduction,
    ) -> Option<usize> {
        if !self.is_unknown(address) {
            return None;
        }
        if !remote.is_none_or(|remote| self.remotes().may_introduce(remote, now)) {
            self.meets(Limit::Introductions, now);
            return None;
        }
        if !self.makes_room_among_new(&introduction, now) {
            return None;
        }
        self.add(address, now, introduction)
    }

    /// Adds an address as new unless it is known, is this node, or there is no room for it.
    fn discover(
        &mut self,
        address: &Address,
        now: Now,
        introduction: impl Fn() -> Introduction,
    ) -> Option<usize> {
        if self.is_unknown(address) { self.add(address, now, introduction) } else { None }
    }

    /// Adds an address that is not known unless there is no room for it.
    fn add(&mut self, address: &Address, now: Now, introduction: impl Fn() -> Introduction) -> Option<usize> {
        if !self.makes_room(now) {
            return None;
        }
        let number = self.peers.insert(address, Status::New, now);
        self.tell(|peers| Event::PeerDiscovered { peer: peers.peer(number), introduction: introduction() });
        Some(number)
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
    fn makes_room_among_new(&mut self, introduction: impl Fn() -> Introduction, now: Now) -> bool {
        if self.peers.count(Status::New) < self.options.max_new_peers {
            return true;
        }
        self.meets(Limit::NewPeers, now);
        let first = self.peers.first_new_to_go().filter(|_| introduction() == Introduction::Sender).cloned();
        first.is_some_and(|address| self.leave(&address))
    }

    /// Forgets a peer.
    fn leave(&mut self, address: &Address) -> bool {
        let left = self.peers.remove(address);
        let is_known = left.is_some();
        left.into_iter().for_each(|peer| self.tell(|_| Event::PeerForgotten { peer }));
        is_known
    }

    /// Whether the address is this node's own, under any name that it is known to have.
    pub fn is_this_node(&self, address: &Address) -> bool {
        self.address.same_place(address) || self.aliases.iter().any(|alias| alias.same_place(address))
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
        let visits = self.sight(&message);
        let entry = self.queue.take_in(message, millis(now.uptime), visits, None);
        let id = entry.queued.id;
        self.count(|counters| counters.enqueued += 1);
        self.admit(entry, || Origin::Local);
        Ok(id)
    }

    /// Takes the head of the queue out for good.
    pub fn dequeue(&mut self) -> Option<QueuedMessage> {
        let head = self.queue.head()?.id;
        self.drop_message(head)
    }

    /// Takes a message that waits or is held out for good.
    pub fn drop_message(&mut self, id: MessageId) -> Option<QueuedMessage> {
        let dropped = self.queue.remove(id)?;
        let (message, from) = (dropped.message.clone(), dropped.from.clone());
        self.tell(|_| Event::MessageDropped { id, message, from });
        Some(dropped)
    }

    /// Adds a peer as new. Returns whether it was added: not if it is known, is this node, or there are as many
    /// peers as may be.
    pub fn add_peer(&mut self, address: &Address, now: Now) -> bool {
        let known = self.peers.find(address);
        let added = known.is_none().then(|| self.discover(address, now, || Introduction::ByHand)).flatten();
        known.or(added).into_iter().for_each(|number| self.peers.keep(number));
        added.is_some()
    }

    /// Makes this node known to another, which becomes a peer when it answers 200. `None`, and nothing is sent, if
    /// the address is ignored or is this node.
    pub fn announce(&mut self, address: &Address, rng: &mut impl Rng) -> Option<DeliveryId> {
        let number = self.peers.find(address);
        let is_ignored = number.is_some_and(|number| self.peers.record(number).status() == Status::Ignored);
        if is_ignored || self.is_this_node(address) {
            return None;
        }
        let friend = choice::choose_friend(&self.peers, number, rng);
        let friend = friend.map(|number| self.peers.address(number).clone());
        let (message, sender) = (Message::null(), self.address.clone());
        let payload = Payload { message, kind: Kind::Announce, sender, friend };
        Some(self.start(address.clone(), payload, Purpose::Announce, true))
    }

    /// Ignores an address, known or not. Returns whether it was not ignored before.
    pub fn ignore(&mut self, address: &Address, now: Now) -> bool {
        let Some(number) = self.peers.find(address) else { return self.ignore_unknown(address, now) };
        let from = self.peers.record(number).status();
        if from == Status::Ignored {
            return false;
        }
        self.set_status(number, Status::Ignored, now);
        self.peers.remember_status(number, from);
        true
    }

    fn ignore_unknown(&mut self, address: &Address, now: Now) -> bool {
        if self.is_this_node(address) {
            return false;
        }
        let number = self.peers.insert(address, Status::Ignored, now);
        let introduction = Introduction::ByHand;
        self.tell(|peers| Event::PeerDiscovered { peer: peers.peer(number), introduction });
        true
    }

    /// Takes an ignore back: the peer has the status again that it had, or is new if it had none. Returns whether
    /// it was ignored.
    pub fn unignore(&mut self, address: &Address, now: Now) -> bool {
        let Some(number) = self.peers.find(address) else { return false };
        let is_ignored = self.peers.record(number).status() == Status::Ignored;
        if is_ignored {
            let status = self.peers.remembered_status(number).unwrap_or(Status::New);
            self.set_status(number, status, now);
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
        Arc::make_mut(&mut self.options).send_rate = rate;
        self.pace.set_rate(rate, now.uptime);
        self.tell(|_| Event::SendRateChanged { rate });
        Ok(())
    }

    // === What the shell is to do ===

    /// The next request to make.
    pub fn poll_delivery(&mut self) -> Option<Delivery> {
        self.outputs.poll_delivery()
    }

    /// Exchanges what waits for the shell with `outputs`, and with it the memory that it waits in. A shell with many
    /// cores lends each the same while something happens to it, so that not all of them keep some.
    pub fn swap_outputs(&mut self, outputs: &mut Outputs) {
        std::mem::swap(&mut self.outputs, outputs);
    }

    /// The next thing that happened.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.outputs.poll_event()
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

    /// Where this node listens, as it tells others.
    pub fn address(&self) -> &Address {
        &self.address
    }

    /// How the node behaves. The address is that of [`Core::address`], except in a simulation, where it is of one node of
    /// all that behave so.
    pub fn options(&self) -> &Options {
        &self.options
    }

    /// What has happened since the node started.
    pub fn counters(&self) -> Counters {
        self.counters.as_deref().copied().unwrap_or_default()
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

    /// The addresses of those that are new or alive, in no order.
    #[cfg(feature = "simulation")]
    pub(crate) fn good_peers(&self) -> impl Iterator<Item = &Address> {
        self.peers.good()
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
    pub fn queue(&self, positions: Range<usize>) -> impl Iterator<Item = QueuedMessage> {
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
        self.in_flight.iter().filter_map(|InFlight { to, purpose, .. }| match purpose {
            Purpose::Message(entry) => Some((to, &entry.queued)),
            Purpose::Announce => None,
        })
    }

    /// A message that waits.
    pub fn queued_message(&self, id: MessageId) -> Option<QueuedMessage> {
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
