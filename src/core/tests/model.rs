//! Random inputs, against a model of the node that is as plain as can be.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
};

use proptest::{collection::vec, prelude::*, sample::Index};

use super::*;
use crate::core::place::{network, place};

mod fuzz;

/// Two of these share an identifier, and two are ourselves.
const NAMES: [&str; 8] = ["tower:1", "TOWER:1", "a:1", "a:2", "b:1", "[::1]:1", "10.0.0.1:23", "10.0.0.12:3"];
const FALSY: [&str; 3] = ["null", "0", "\"\""];
const KILL_TIMEOUT: Duration = Duration::from_secs(10);

/// An index into [`NAMES`].
type Name = usize;

#[derive(Debug, Clone)]
enum Input {
    Payload {
        sender: Name,
        kind: Kind,
        message: Text,
        friend: Option<Name>,
        is_discarded: bool,
        from: Option<u8>,
    },
    Enqueue(Text),
    Dequeue,
    Drop(Index),
    AddPeer(Name),
    Ignore(Name),
    Unignore(Name),
    Forget(Name),
    Announce(Name),
    /// Time passes without the shell waking.
    Wait(u64),
    /// The shell wakes, due or not.
    Wake,
    /// The shell sleeps until something is due.
    WakeWhenDue,
    End(Index, Outcome),
    /// A delivery that ended, or was reclaimed, ends again.
    EndAgain(Index),
    Reclaim,
    SetRate(f64),
    Hold(Index),
    Release(Index),
    ReleaseAll,
    Replace(Index, Text),
    /// The rule, if any, and whether what waits is looked through at once.
    SetRule(Option<Rule>, bool),
    HandOn(bool),
}

/// Holds the messages whose size leaves this remainder of a third.
type Rule = usize;

fn holds(rule: Rule, message: &Message) -> bool {
    message.size() % 3 == rule
}

#[derive(Debug, Clone)]
enum Text {
    Falsy(usize),
    /// A message like no other, with so many bytes beside its number.
    Padded(usize),
}

fn text() -> impl Strategy<Value = Text> {
    prop_oneof![1 => (0..FALSY.len()).prop_map(Text::Falsy), 6 => (0_usize..12).prop_map(Text::Padded)]
}

fn payloads() -> impl Strategy<Value = Input> {
    let name = 0..NAMES.len();
    let kind = prop_oneof![5 => Just(Kind::Message), 1 => Just(Kind::Announce), 1 => Just(Kind::Other)];
    let from = proptest::option::of(0_u8..3);
    (name.clone(), kind, text(), proptest::option::of(name), proptest::bool::weighted(0.1), from).prop_map(
        |(sender, kind, message, friend, is_discarded, from)| Input::Payload {
            sender,
            kind,
            message,
            friend,
            is_discarded,
            from,
        },
    )
}

/// One of three places, two of them in one network.
fn remote(place: u8) -> IpAddr {
    IpAddr::from([192, 0, place / 2, place])
}

/// A peer accepts something, with a body or without, at a place or nowhere in particular.
fn accepted() -> impl Strategy<Value = Outcome> {
    (proptest::option::of(0_u8..3), any::<bool>(), 1_u64..50).prop_map(|(place, has_body, millis)| {
        let reply = Reply::new(200, Duration::from_millis(millis));
        Outcome::Answered(Reply { remote: place.map(remote), has_body, ..reply })
    })
}

fn outcomes() -> impl Strategy<Value = Outcome> {
    prop_oneof![
        3 => Just(taken()),
        4 => accepted(),
        5 => Just(failed()),
        1 => Just(Outcome::Ourselves),
        2 => Just(Outcome::Failed(Failure::NoResources)),
    ]
}

fn inputs() -> impl Strategy<Value = Input> {
    let name = || 0..NAMES.len();
    prop_oneof![
        8 => payloads(),
        5 => text().prop_map(Input::Enqueue),
        1 => Just(Input::Dequeue),
        1 => any::<Index>().prop_map(Input::Drop),
        4 => name().prop_map(Input::AddPeer),
        2 => name().prop_map(Input::Ignore),
        2 => name().prop_map(Input::Unignore),
        2 => name().prop_map(Input::Forget),
        2 => name().prop_map(Input::Announce),
        4 => (0_u64..15_000).prop_map(Input::Wait),
        4 => Just(Input::Wake),
        8 => Just(Input::WakeWhenDue),
        10 => (any::<Index>(), outcomes()).prop_map(|(which, outcome)| Input::End(which, outcome)),
        1 => any::<Index>().prop_map(Input::EndAgain),
        1 => Just(Input::Reclaim),
        1 => (0.5_f64..1000.0).prop_map(Input::SetRate),
        2 => any::<Index>().prop_map(Input::Hold),
        3 => any::<Index>().prop_map(Input::Release),
        1 => Just(Input::ReleaseAll),
        3 => (any::<Index>(), text()).prop_map(|(which, text)| Input::Replace(which, text)),
        2 => (proptest::option::of(0_usize..3), any::<bool>())
            .prop_map(|(rule, looks)| Input::SetRule(rule, looks)),
        1 => any::<bool>().prop_map(Input::HandOn),
    ]
}

fn options() -> impl Strategy<Value = Options> {
    (1_usize..5, 1_usize..4, 1_usize..8, 1_usize..5, 1_usize..8, 10_usize..80, 0.5_f64..100_000.0).prop_map(
        |(in_flight, per_peer, peers, new_peers, messages, bytes, send_rate)| Options {
            send_rate,
            kill_timeout: KILL_TIMEOUT,
            max_in_flight: in_flight,
            max_in_flight_per_peer: per_peer,
            max_peers: peers,
            max_new_peers: new_peers,
            max_queue_messages: messages,
            max_queue_bytes: bytes,
            introductions_per_minute: 0,
            ..Options::new(ourselves())
        },
    )
}

fn named(name: Name) -> Address {
    address(NAMES[name])
}

#[derive(Debug, Clone, PartialEq)]
struct Known {
    /// As it is shown to watchers.
    peer: Peer,
    met: Duration,
    is_tried: bool,
    speaks: bool,
    is_mute: bool,
    answered: Duration,
    /// Microseconds that its answers take.
    delay: u32,
    place: Option<IpAddr>,
    source: Option<IpAddr>,
}

impl Known {
    /// Whether the user speaks for it, and it was never tried.
    fn is_hoped_for(&self) -> bool {
        self.peer.is_named && !self.is_tried && matches!(self.peer.status, Status::New | Status::Alive)
            || self.peer.status == Status::New && self.peer.is_named
    }

    /// Whether what we last heard of it is that it answered.
    fn is_answering(&self) -> bool {
        self.peer.status == Status::Alive && self.peer.answers
    }

    /// Whether more than strangers speak for it.
    fn is_proven(&self) -> bool {
        self.is_hoped_for() || self.is_answering()
    }
}

/// Where a message is that was let in.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Whereabouts {
    Queued,
    Held,
    InFlight,
    Delivered,
    Dropped,
    Replaced,
}

/// What should be so.
struct Model {
    options: Options,
    now: Now,
    peers: BTreeMap<Address, Known>,
    aliases: BTreeSet<Address>,
    queue: Vec<Message>,
    held: Vec<Message>,
    rule: Option<Rule>,
    /// Released since the rule was set.
    passed: BTreeSet<String>,
    is_handing_on: bool,
    owed_to_proven: u32,
    /// To whom, and the message unless it is an announce; in the order in which they began.
    in_flight: Vec<(DeliveryId, Address, Option<Message>)>,
    whereabouts: BTreeMap<String, Whereabouts>,
    counters: Counters,
}

impl Model {
    fn new(options: Options) -> Self {
        Self {
            options,
            now: at(0),
            peers: BTreeMap::new(),
            aliases: BTreeSet::new(),
            queue: Vec::new(),
            held: Vec::new(),
            rule: None,
            passed: BTreeSet::new(),
            is_handing_on: false,
            owed_to_proven: 0,
            in_flight: Vec::new(),
            whereabouts: BTreeMap::new(),
            counters: Counters::default(),
        }
    }

    fn status(&self, address: &Address) -> Option<Status> {
        self.peers.get(address).map(|known| known.peer.status)
    }

    fn set_status(&mut self, address: &Address, status: Status) {
        let Now { uptime, unix_ms } = self.now;
        let peer = &mut self.peers.get_mut(address).unwrap().peer;
        if peer.status != status {
            peer.before_ignored = (status == Status::Ignored).then_some(peer.status);
            (peer.status, peer.since, peer.time) = (status, uptime, unix_ms);
        }
    }

    fn add(&mut self, address: &Address, status: Status, source: Option<IpAddr>) {
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
        };
        assert!(self.peers.insert(address.clone(), known).is_none());
    }

    fn is_us(&self, address: &Address) -> bool {
        *address == ourselves() || self.aliases.contains(address)
    }

    /// Adds it as new if it is not known and there is room for it, or somebody makes room.
    fn discover(&mut self, address: &Address, source: Option<IpAddr>) -> bool {
        if self.is_us(address) || self.peers.contains_key(address) {
            return false;
        }
        let has_room = self.peers.len() < self.options.max_peers || self.make_room(|_| true);
        if has_room {
            self.add(address, Status::New, source);
        }
        has_room
    }

    fn add_peer(&mut self, address: &Address) -> bool {
        let is_added = self.discover(address, None);
        self.peers.entry(address.clone()).and_modify(|known| known.peer.is_named = true);
        is_added
    }

    /// A payload names it.
    fn meet(&mut self, address: &Address, is_sender: bool, source: Option<IpAddr>) -> bool {
        if self.is_us(address) || self.peers.contains_key(address) {
            return false;
        }
        let is_new = |known: &Known| known.peer.status == Status::New;
        let has_room = self.with_status(Status::New).len() < self.options.max_new_peers
            || ((is_sender || self.is_another_crowd_larger(source)) && self.make_room(is_new));
        has_room && self.discover(address, source)
    }

    /// Who makes room before any that answered.
    fn unanswered(&self, may: impl Fn(&Known) -> bool) -> Vec<&Known> {
        let is_unanswered = |known: &&Known| {
            let Peer { status, is_named, reached, .. } = known.peer;
            status != Status::Ignored && !is_named && !reached && may(known)
        };
        self.peers.values().filter(is_unanswered).collect()
    }

    fn is_another_crowd_larger(&self, source: Option<IpAddr>) -> bool {
        let new = self.unanswered(|known| known.peer.status == Status::New);
        let sources: Vec<IpAddr> = new.iter().filter_map(|known| known.source).collect();
        let own = source.map_or((1, 1), |source| {
            let (in_network, at_place) = crowd(&sources, source);
            (in_network + 1, at_place + 1)
        });
        largest_crowd(&new).is_some_and(|(size, _)| size > own)
    }

    /// Forgets one of the largest crowd of those that never answered, or else the one of them that is known for the
    /// longest, or else of those that are gone the one that answered the longest ago.
    fn make_room(&mut self, may: impl Fn(&Known) -> bool) -> bool {
        let unanswered = self.unanswered(&may);
        let oldest = unanswered.iter().min_by_key(|known| (known.met, &known.peer.address));
        let of_crowd = largest_crowd(&unanswered).map(|(_, address)| address);
        let is_gone = |known: &&Known| {
            let Peer { status, is_named, .. } = known.peer;
            matches!(status, Status::Lost | Status::Dead) && !is_named && may(known)
        };
        let gone =
            self.peers.values().filter(is_gone).min_by_key(|known| (known.answered, &known.peer.address));
        let first = of_crowd.or_else(|| oldest.copied().or(gone).map(|known| known.peer.address.clone()));
        first.is_some_and(|address| self.peers.remove(&address).is_some())
    }

    fn is_alive(&mut self, address: &Address) {
        if self.status(address).is_some_and(|status| status != Status::Ignored) {
            self.set_status(address, Status::Alive);
        }
    }

    /// A payload comes in its name.
    fn spoke(&mut self, address: &Address, from: Option<IpAddr>) {
        let Some(known) = self.peers.get_mut(address) else { return };
        if known.peer.status != Status::Ignored && from.is_some() && from == known.place {
            known.speaks = true;
            if std::mem::take(&mut known.is_mute) {
                known.peer.answers = true;
            }
        }
        self.is_alive(address);
    }

    fn note_answer(&mut self, address: &Address, reply: &Reply) {
        let now = self.now.uptime;
        let Some(known) = self.peers.get_mut(address) else { return };
        let micros = reply.round_trip.as_micros() as u32;
        known.delay = micros.max(known.delay - known.delay.saturating_sub(micros).div_ceil(8));
        known.place = reply.remote.or(known.place);
        known.speaks |= !reply.has_body || known.source.is_some() && known.source == known.place;
        (known.is_tried, known.is_mute, known.answered) = (true, !known.speaks, now);
        let peer = &mut known.peer;
        (peer.reached, peer.answers, peer.round_trip) = (true, known.speaks, Some(reply.round_trip));
    }

    fn contact_failed(&mut self, address: &Address) {
        let Some(known) = self.peers.get_mut(address) else { return };
        (known.is_tried, known.is_mute, known.peer.answers) = (true, false, false);
        known.peer.failed += 1;
        match known.peer.status {
            Status::New | Status::Alive => self.set_status(address, Status::Lost),
            Status::Lost if self.now.uptime > known.peer.since + KILL_TIMEOUT => {
                self.set_status(address, Status::Dead);
            }
            _ => {}
        }
    }

    fn messages_in_flight(&self) -> impl Iterator<Item = &Message> {
        self.in_flight.iter().filter_map(|(_, _, message)| message.as_ref())
    }

    /// Messages and bytes in all.
    fn load(&self) -> (usize, usize) {
        let lists = self.queue.iter().chain(&self.held).chain(self.messages_in_flight());
        let sizes: Vec<usize> = lists.map(Message::size).collect();
        (sizes.len(), sizes.iter().sum())
    }

    fn has_room_for(&self, message: &Message) -> bool {
        let (messages, bytes) = self.load();
        messages < self.options.max_queue_messages && bytes + message.size() <= self.options.max_queue_bytes
    }

    fn is_to_be_held(&self, message: &Message) -> bool {
        self.rule.is_some_and(|rule| holds(rule, message)) && !self.passed.contains(message.as_json())
    }

    fn push(&mut self, message: &Message) {
        if self.is_to_be_held(message) {
            self.held.push(message.clone());
            self.moves(message, Whereabouts::Held);
        } else {
            self.queue.push(message.clone());
            self.moves(message, Whereabouts::Queued);
        }
    }

    fn hold(&mut self, position: usize) {
        let message = self.queue.remove(position);
        self.moves(&message, Whereabouts::Held);
        self.held.push(message);
    }

    fn release(&mut self, message: &Message) {
        let position = self.held.iter().position(|held| held == message).unwrap();
        self.held.remove(position);
        self.moves(message, Whereabouts::Queued);
        self.passed.insert(message.as_json().to_owned());
        self.queue.push(message.clone());
    }

    fn set_rule(&mut self, rule: Option<Rule>, looks: bool) {
        (self.rule, self.passed) = (rule, BTreeSet::new());
        for position in (0..self.queue.len()).rev() {
            if looks && self.is_to_be_held(&self.queue[position]) {
                self.hold(position);
            }
        }
    }

    fn replace(&mut self, before: &Message, message: &Message) -> Result<(), ReplaceError> {
        if message.is_falsy() {
            return Err(EnqueueError::Empty.into());
        }
        let (messages, bytes) = self.load();
        if bytes - before.size() + message.size() > self.options.max_queue_bytes {
            return Err(EnqueueError::Full { messages, bytes }.into());
        }
        self.whereabouts.insert(before.as_json().to_owned(), Whereabouts::Replaced);
        if let Some(position) = self.queue.iter().position(|queued| queued == before) {
            self.queue[position] = message.clone();
            self.moves(message, Whereabouts::Queued);
            if self.is_to_be_held(message) {
                self.hold(position);
            }
        } else {
            let position = self.held.iter().position(|held| held == before).unwrap();
            self.held[position] = message.clone();
            self.moves(message, Whereabouts::Held);
        }
        Ok(())
    }

    fn moves(&mut self, message: &Message, to: Whereabouts) {
        use Whereabouts::{Delivered, Dropped, Held, InFlight, Queued, Replaced};
        let from = self.whereabouts.insert(message.as_json().to_owned(), to);
        let may = match to {
            Queued => matches!(from, None | Some(InFlight | Held)),
            Held => matches!(from, None | Some(InFlight | Queued)),
            InFlight => from == Some(Queued),
            Dropped => matches!(from, Some(Queued | Held)),
            Delivered => from == Some(InFlight),
            Replaced => false,
        };
        assert!(may, "{message:?} from {from:?} to {to:?}");
    }

    fn under_way_to(&self, is_meant: impl Fn(&Address) -> bool) -> usize {
        self.in_flight.iter().filter(|(_, to, message)| message.is_some() && is_meant(to)).count()
    }

    fn is_slow(&self, known: &Known) -> bool {
        known.delay > (self.options.max_in_flight as f64 / self.options.send_rate * 1e6) as u32
    }

    fn is_free(&self, address: &Address) -> bool {
        let Some(known) = self.peers.get(address) else { return false };
        let (all, under_way) = (self.options.max_in_flight, self.under_way_to(|to| to == address));
        let free = all - self.under_way_to(|_| true);
        let is_fast = |known: &Known| known.is_answering() && !self.is_slow(known);
        let admits_slow = free > all / 4 || !self.peers.values().any(is_fast);
        if known.peer.status == Status::Ignored {
            return false;
        }
        if !known.is_answering() {
            return under_way == 0 && admits_slow && self.tries() < all.div_ceil(2);
        }
        let is_at_its_machine = |to: &Address| {
            let is_one = |other: &Known| other.is_answering() && other.place == known.place;
            to == address || known.place.is_some() && self.peers.get(to).is_some_and(is_one)
        };
        let at_machine = self.under_way_to(is_at_its_machine);
        let (is_slow, most) = (self.is_slow(known), self.options.max_in_flight_per_peer);
        under_way < free.div_ceil(4).min(most).max(1)
            && at_machine < (if is_slow { free } else { 3 * free }).max(1)
            && (admits_slow || !is_slow)
    }

    /// How many peers that did not answer last time have a message under way.
    fn tries(&self) -> usize {
        let receivers =
            self.in_flight.iter().filter(|(_, _, message)| message.is_some()).map(|(_, to, _)| to);
        let is_try = |to: &&Address| {
            let known = self.peers.get(to);
            known.is_some_and(|known| known.peer.status != Status::Ignored && !known.is_answering())
        };
        receivers.filter(is_try).collect::<BTreeSet<_>>().len()
    }

    fn can_send(&self) -> bool {
        !self.queue.is_empty()
            && self.messages_in_flight().count() < self.options.max_in_flight
            && self.peers.keys().any(|address| self.is_free(address))
            && (!self.is_handing_on
                || self.good().is_empty()
                || self.good().iter().any(|good| self.is_free(good)))
    }

    /// The peers that are new or alive.
    fn good(&self) -> Vec<Address> {
        [self.with_status(Status::New), self.with_status(Status::Alive)].concat()
    }

    /// Checks a message's delivery that the node begins, and notes it.
    fn begin(&mut self, delivery: &Delivery) {
        assert!(self.can_send() && self.is_free(&delivery.to) && !self.is_us(&delivery.to), "{delivery:?}");
        let to = &self.peers[&delivery.to];
        let is_free = |address: &Address| self.is_free(address);
        let mut proven = self.peers.iter().filter(|(_, known)| known.is_proven());
        let is_any_proven = proven.clone().next().is_some();
        if self.owed_to_proven > 0 && proven.any(|(address, _)| is_free(address)) {
            assert!(to.is_proven(), "{delivery:?}");
        } else {
            let has_free_new = self.with_status(Status::New).iter().any(is_free);
            assert!(!has_free_new || to.peer.status == Status::New, "{delivery:?}");
        }
        self.owed_to_proven = match to.is_proven() {
            true => self.owed_to_proven.saturating_sub(1),
            false if is_any_proven => (self.owed_to_proven + 1).min(64),
            false => 1,
        };
        assert!(!self.is_handing_on || self.good().is_empty() || self.good().contains(&delivery.to));
        self.hold_heads();
        let message = self.queue.remove(0);
        self.moves(&message, Whereabouts::InFlight);
        assert_eq!((delivery.payload.kind, &delivery.payload.message), (Kind::Message, &message));
        self.note_in_flight(delivery, Some(message));
    }

    /// What waited when a rule was set that holds it is held at the latest when it is its turn.
    fn hold_heads(&mut self) {
        while self.queue.first().is_some_and(|head| self.is_to_be_held(head)) {
            self.hold(0);
        }
    }

    fn note_in_flight(&mut self, delivery: &Delivery, message: Option<Message>) {
        assert_eq!(delivery.payload.sender, ourselves());
        let proven = self.peers.iter().filter(|(_, known)| known.is_answering());
        let friends: Vec<&Address> =
            proven.map(|(address, _)| address).filter(|address| **address != delivery.to).collect();
        match &delivery.payload.friend {
            Some(friend) => assert!(friends.contains(&friend), "{delivery:?}"),
            None => assert!(friends.is_empty(), "{delivery:?}"),
        }
        self.in_flight.push((delivery.id, delivery.to.clone(), message));
    }

    fn with_status(&self, status: Status) -> Vec<Address> {
        self.peers
            .iter()
            .filter(|(_, known)| known.peer.status == status)
            .map(|(address, _)| address.clone())
            .collect()
    }

    fn end(&mut self, which: usize, outcome: &Outcome) -> DeliveryId {
        let (id, to, message) = self.in_flight.remove(which);
        match (outcome, &message) {
            (Outcome::Answered(reply), Some(message)) if reply.status == 200 => {
                self.moves(message, Whereabouts::Delivered);
                self.counters.delivered += 1;
                self.peers.entry(to.clone()).and_modify(|known| known.peer.delivered += 1);
                self.note_answer(&to, reply);
                self.is_alive(&to);
            }
            (Outcome::Answered(_) | Outcome::Failed(_), Some(message)) => {
                self.counters.failed += 1;
                self.push(message);
                // Of which no peer is to blame.
                if outcome.failure() != Some(Failure::NoResources) {
                    self.contact_failed(&to);
                }
            }
            (Outcome::Answered(reply), None) if reply.status == 200 => {
                let is_added = self.discover(&to, None);
                self.note_answer(&to, reply);
                if !is_added {
                    self.is_alive(&to);
                }
                self.peers.entry(to).and_modify(|known| known.peer.is_named = true);
            }
            (Outcome::Answered(_) | Outcome::Failed(_), None) => {}
            (Outcome::Ourselves, message) => {
                message.iter().for_each(|message| self.push(message));
                self.peers.remove(&to);
                self.aliases.insert(to);
            }
        }
        id
    }

    /// Takes a payload; returns the status of the answer.
    fn take(
        &mut self,
        sender: &Address,
        kind: Kind,
        message: &Message,
        friend: Option<&Address>,
        from: Option<IpAddr>,
    ) -> u16 {
        if self.status(sender) == Some(Status::Ignored) {
            self.counters.refused += 1;
            return 403;
        }
        self.counters.announces += u64::from(kind == Kind::Announce);
        if kind == Kind::Message && !message.is_falsy() {
            if self.is_handing_on || !self.has_room_for(message) {
                self.counters.refused += 1;
                return 503;
            }
            self.push(message);
            self.counters.received += 1;
            self.peers.entry(sender.clone()).and_modify(|known| known.peer.received += 1);
        }
        friend.map(|friend| self.meet(friend, false, from));
        200
    }

    fn see(&mut self, sender: &Address, from: Option<IpAddr>) -> Peer {
        if !self.meet(sender, true, from) {
            self.spoke(sender, from);
        }
        // Who is not remembered is served like a new one.
        let known = self.peers.get(sender).map(|known| known.peer.clone());
        known.unwrap_or_else(|| Peer::new(sender.clone(), Status::New, self.now))
    }

    fn enqueue(&mut self, message: &Message) -> Result<(), EnqueueError> {
        if message.is_falsy() {
            return Err(EnqueueError::Empty);
        }
        if self.is_handing_on {
            return Err(EnqueueError::HandingOn);
        }
        if !self.has_room_for(message) {
            let (messages, bytes) = self.load();
            return Err(EnqueueError::Full { messages, bytes });
        }
        self.push(message);
        self.counters.enqueued += 1;
        Ok(())
    }

    fn drop(&mut self, position: usize) -> Option<Message> {
        let message = (position < self.queue.len()).then(|| self.queue.remove(position))?;
        self.moves(&message, Whereabouts::Dropped);
        Some(message)
    }

    fn drop_held(&mut self, message: &Message) {
        self.held.retain(|held| held != message);
        self.moves(message, Whereabouts::Dropped);
    }

    fn ignore(&mut self, address: &Address) -> bool {
        match self.status(address) {
            Some(Status::Ignored) => return false,
            Some(_) => self.set_status(address, Status::Ignored),
            None if self.is_us(address) => return false,
            None => self.add(address, Status::Ignored, None),
        }
        true
    }

    fn unignore(&mut self, address: &Address) -> bool {
        let is_ignored = self.status(address) == Some(Status::Ignored);
        if is_ignored {
            let before = self.peers[address].peer.before_ignored;
            self.set_status(address, before.unwrap_or(Status::New));
        }
        is_ignored
    }

    /// Puts back what is in flight, the first to leave first.
    fn reclaim(&mut self) -> Vec<DeliveryId> {
        let in_flight = std::mem::take(&mut self.in_flight);
        in_flight
            .into_iter()
            .map(|(id, _, message)| {
                message.iter().for_each(|message| self.push(message));
                id
            })
            .collect()
    }
}

/// How many of these are in the network of a place, and at the place.
fn crowd(all: &[IpAddr], of: IpAddr) -> (usize, usize) {
    let count = |is_meant: &dyn Fn(IpAddr) -> bool| all.iter().filter(|other| is_meant(**other)).count();
    (count(&|other| network(other) == network(of)), count(&|other| place(other) == place(of)))
}

/// The oldest of the place that has the most, by who introduced them or by where they are; none if each is alone.
fn largest_crowd(known: &[&Known]) -> Option<((usize, usize), Address)> {
    let by: [fn(&Known) -> Option<IpAddr>; 2] = [|known| known.source, |known| known.peer.address.ip()];
    let largest = by.map(|at| {
        let all: Vec<IpAddr> = known.iter().filter_map(|known| at(known)).collect();
        // In one order, IPv4 before IPv6.
        let key = |at: IpAddr| (crowd(&all, at).0, network(at), crowd(&all, at).1, place(at));
        let of_it = known.iter().filter_map(|known| Some((key(at(known)?), known)));
        let first = of_it.max_by_key(|(key, known)| (*key, Reverse((known.met, known.peer.address.clone()))));
        first
            .map(|((in_network, _, at_place, _), known)| ((in_network, at_place), known.peer.address.clone()))
    });
    let largest = largest.into_iter().flatten().max_by_key(|(size, _)| *size);
    largest.filter(|((in_network, _), _)| *in_network > 1)
}

/// A watcher, who knows the node by its events alone.
#[derive(Default)]
struct Watcher {
    peers: BTreeMap<Address, Peer>,
    /// A claim that is none any more, which is told next.
    confirmed: Option<Address>,
    queue: BTreeMap<MessageId, Message>,
    held: BTreeMap<MessageId, Message>,
}

impl Watcher {
    /// An event carries a peer as it is then.
    fn see(&mut self, peer: Peer) {
        let Some(known) = self.peers.get_mut(&peer.address) else { return };
        let was_claim = std::mem::replace(known, peer).is_claim();
        self.confirmed = (was_claim && !known.is_claim()).then(|| known.address.clone());
    }

    fn watch(&mut self, event: Event) {
        match event {
            Event::MessageQueued { id, message, .. } => {
                assert_eq!(self.queue.insert(id, message), None);
            }
            Event::MessageSending { id, message, .. } => {
                assert_eq!(self.queue.remove(&id), Some(message));
            }
            Event::MessageReceived { peer, .. }
            | Event::AnnounceReceived { peer, .. }
            | Event::MessageDelivered { peer, .. }
            | Event::DeliveryFailed { peer, .. } => self.see(peer),
            Event::MessageDropped { id, message, .. } => {
                assert_eq!(self.queue.remove(&id).or(self.held.remove(&id)), Some(message));
            }
            Event::MessageHeld { held, origin } => {
                let (id, message) = (held.queued.id, held.queued.message);
                let waited = if origin.is_none() { Some(message.clone()) } else { None };
                assert_eq!(self.queue.remove(&id), waited);
                assert_eq!(self.held.insert(id, message), None);
            }
            Event::MessageReleased { was, queued } => {
                assert_eq!(self.held.remove(&was).as_ref(), Some(&queued.message));
                assert_eq!(self.queue.insert(queued.id, queued.message), None);
            }
            Event::MessageChanged { before, queued } => {
                let text = self.queue.get_mut(&queued.id).or(self.held.get_mut(&queued.id)).unwrap();
                assert_eq!(std::mem::replace(text, queued.message), before);
            }
            Event::PeerDiscovered { peer, .. } => {
                assert_eq!(self.peers.insert(peer.address.clone(), peer), None);
            }
            Event::PeerUpdated { peer, from } => {
                let before = self.peers.insert(peer.address.clone(), peer);
                assert_eq!(before.map(|peer| peer.status), Some(from));
            }
            Event::PeerChanged { peer } => {
                let before = self.peers.insert(peer.address.clone(), peer.clone()).unwrap();
                assert!(before != peer && before.status == peer.status, "nothing of {peer:?} changed");
            }
            Event::ClaimConfirmed { peer } => {
                let is_expected = self.confirmed.take().as_ref() == Some(&peer.address);
                let before = self.peers.insert(peer.address.clone(), peer.clone()).unwrap();
                assert!(is_expected || before.is_claim(), "{before:?} was no claim");
                assert!(!peer.is_claim());
            }
            Event::PeerForgotten { peer } => {
                assert_eq!(self.peers.remove(&peer.address), Some(peer));
            }
            Event::FoundOurselves { address } => {
                self.peers.remove(&address);
            }
            _ => {}
        }
    }
}

/// The node, the model, and what drives both.
struct World {
    core: Core,
    model: Model,
    watcher: Watcher,
    rng: StdRng,
    messages: usize,
    ended: Vec<DeliveryId>,
}

impl World {
    fn new(options: Options, seed: u64) -> Self {
        Self {
            core: Core::new(options.clone()).unwrap(),
            model: Model::new(options),
            watcher: Watcher::default(),
            rng: StdRng::seed_from_u64(seed),
            messages: 0,
            ended: Vec::new(),
        }
    }

    fn message(&mut self, text: &Text) -> Message {
        match text {
            Text::Falsy(which) => Message::from_json(FALSY[*which], 128).unwrap(),
            Text::Padded(padding) => {
                self.messages += 1;
                Message::text(&format!("{}{}", self.messages, "x".repeat(*padding)))
            }
        }
    }

    fn give(&mut self, input: &Input) {
        let now = self.model.now;
        let Self { core, model, .. } = self;
        match input {
            Input::Payload { sender, kind, message, friend, is_discarded, from } => {
                let message = self.message(message);
                let payload = payload(*kind, &named(*sender), message, friend.map(named).as_ref());
                self.receive(&payload, from.map(remote), *is_discarded);
            }
            Input::Enqueue(text) => {
                let message = self.message(text);
                let expected = self.model.enqueue(&message);
                assert_eq!(self.core.enqueue(message, now).map(drop), expected);
            }
            Input::Dequeue => {
                assert_eq!(core.dequeue().map(|queued| queued.message), model.drop(0));
            }
            Input::Drop(which) => self.drop_message(*which),
            Input::AddPeer(name) => {
                assert_eq!(core.add_peer(&named(*name), now), model.add_peer(&named(*name)));
            }
            Input::Ignore(name) => assert_eq!(core.ignore(&named(*name), now), model.ignore(&named(*name))),
            Input::Unignore(name) => {
                assert_eq!(core.unignore(&named(*name), now), model.unignore(&named(*name)));
            }
            Input::Forget(name) => {
                assert_eq!(core.forget(&named(*name)), model.peers.remove(&named(*name)).is_some());
            }
            Input::Announce(name) => self.announce(&named(*name)),
            Input::Wait(millis) => self.wait(Duration::from_millis(*millis)),
            Input::Wake => self.wake(),
            Input::WakeWhenDue => {
                let due = self.core.poll_timeout().unwrap_or_default();
                self.wait(due.saturating_sub(now.uptime));
                self.wake();
            }
            Input::End(which, outcome) => self.end(*which, outcome),
            Input::EndAgain(which) => {
                if !self.ended.is_empty() {
                    core.handle_delivery(*which.get(&self.ended), taken(), now);
                }
            }
            Input::Reclaim => {
                core.reclaim_in_flight();
                self.ended.extend(model.reclaim());
            }
            Input::SetRate(rate) => {
                core.set_send_rate(*rate, now).unwrap();
                model.options.send_rate = *rate;
            }
            Input::Hold(which) => self.hold(*which),
            Input::Release(which) => self.release(*which),
            Input::ReleaseAll => {
                let held: Vec<_> = core.held(0..usize::MAX).map(|held| held.queued.message.clone()).collect();
                assert_eq!(core.release_all(), held.len());
                held.iter().for_each(|message| model.release(message));
            }
            Input::Replace(which, text) => self.replace(*which, text),
            Input::SetRule(rule, looks) => {
                let as_rule =
                    |rule| HoldRule::new("size", move |queued: &QueuedMessage| holds(rule, &queued.message));
                core.set_hold_rule(rule.map(as_rule));
                if *looks {
                    core.hold_matching();
                }
                model.set_rule(*rule, *looks);
            }
            Input::HandOn(on) => {
                core.set_handing_on(*on);
                model.is_handing_on = *on;
            }
        }
    }

    fn receive(&mut self, payload: &Payload, from: Option<IpAddr>, is_discarded: bool) {
        let now = self.model.now;
        let Payload { sender, kind, message, friend } = payload;
        let seen = self.core.see_sender(sender, from, now);
        assert_eq!(seen, self.model.see(sender, from));
        if !is_discarded {
            let answer = self.core.take_payload(sender, payload.clone(), from, now);
            assert_eq!(answer.status, self.model.take(sender, *kind, message, friend.as_ref(), from));
        }
    }

    fn drop_message(&mut self, which: Index) {
        let length = self.model.queue.len();
        if length > 0 {
            let position = which.index(length);
            let id = self.core.queue(position..position + 1).next().unwrap().id;
            assert_eq!(self.core.queue_position(id), Some(position));
            let dropped = self.core.drop_message(id).map(|queued| queued.message);
            assert_eq!(dropped, self.model.drop(position));
            assert_eq!(self.core.drop_message(id), None);
        }
    }

    fn hold(&mut self, which: Index) {
        let length = self.model.queue.len();
        if length > 0 {
            let position = which.index(length);
            let id = self.core.queue(position..position + 1).next().unwrap().id;
            assert!(self.core.hold(id) && !self.core.hold(id));
            self.model.hold(position);
        }
    }

    /// One of the held messages, by its ticket.
    fn pick_held(&self, which: Index) -> Option<(MessageId, Message)> {
        let length = self.core.held_len();
        let position = (length > 0).then(|| which.index(length))?;
        let held = self.core.held(position..position + 1).next().unwrap();
        assert_eq!(self.core.held_position(held.queued.id), Some(position));
        Some((held.queued.id, held.queued.message.clone()))
    }

    /// Releases a held message, or drops it.
    fn release(&mut self, which: Index) {
        let Some((id, message)) = self.pick_held(which) else { return };
        if which.index(4) == 0 {
            assert_eq!(self.core.drop_message(id).map(|queued| queued.message), Some(message.clone()));
            self.model.drop_held(&message);
        } else {
            assert!(self.core.release(id).is_some_and(|released| released > id));
            self.model.release(&message);
        }
        assert_eq!((self.core.release(id), self.core.drop_message(id)), (None, None));
    }

    fn replace(&mut self, which: Index, text: &Text) {
        let waiting = self.core.queue(0..usize::MAX);
        let held = self.core.held(0..usize::MAX).map(|held| held.queued.clone());
        let all: Vec<(MessageId, Message)> =
            waiting.chain(held).map(|queued| (queued.id, queued.message)).collect();
        if !all.is_empty() {
            let (id, before) = which.get(&all).clone();
            let message = self.message(text);
            assert_eq!(self.core.replace(id, message.clone()), self.model.replace(&before, &message));
        }
    }

    fn announce(&mut self, to: &Address) {
        let id = self.core.announce(to, &mut self.rng);
        let may = !self.model.is_us(to) && self.model.status(to) != Some(Status::Ignored);
        assert_eq!(id.is_some(), may);
        if let Some(id) = id {
            let delivery = self.core.poll_delivery().unwrap();
            let about = (delivery.id, &delivery.to, delivery.payload.kind, &delivery.payload.message);
            assert_eq!(about, (id, to, Kind::Announce, &Message::null()));
            self.model.note_in_flight(&delivery, None);
        }
    }

    fn wait(&mut self, duration: Duration) {
        let uptime = self.model.now.uptime + duration;
        self.model.now = Now { uptime, ..at(uptime.as_millis() as u64) };
    }

    fn wake(&mut self) {
        let now = self.model.now;
        let is_due = self.core.poll_timeout().is_some_and(|due| due <= now.uptime);
        self.core.handle_timeout(now, &mut self.rng);
        let deliveries: Vec<Delivery> = std::iter::from_fn(|| self.core.poll_delivery()).collect();
        assert!(is_due || deliveries.is_empty());
        let waited = self.model.queue.len();
        deliveries.iter().for_each(|delivery| self.model.begin(delivery));
        if is_due && self.core.queue_len() < self.model.queue.len() {
            self.model.hold_heads();
        }
        assert_eq!(self.model.queue.len() < waited, is_due);
        assert!(self.core.poll_timeout().is_none_or(|due| due > now.uptime));
    }

    fn end(&mut self, which: Index, outcome: &Outcome) {
        let length = self.model.in_flight.len();
        if length > 0 {
            let id = self.model.end(which.index(length), outcome);
            self.core.handle_delivery(id, outcome.clone(), self.model.now);
            self.ended.push(id);
        }
    }

    /// Whether the node is as it should be, and the watcher knows.
    fn check(&mut self) {
        assert!(self.core.poll_delivery().is_none());
        while let Some(event) = self.core.poll_event() {
            self.watcher.watch(event);
        }
        assert_eq!(self.watcher.confirmed, None);
        self.check_peers();
        self.check_queue();
        let Self { core, model, .. } = self;
        assert_eq!(core.poll_timeout().is_some(), model.can_send());
        // How often a limit was met is tested where the limits are.
        let counters = Counters { limits: LimitCounts::default(), ..core.counters() };
        assert_eq!(counters, model.counters);
        assert!(model.aliases.iter().all(|alias| core.is_this_node(alias)));
    }

    fn check_peers(&self) {
        let Self { core, model, watcher, .. } = self;
        let mut expected: Vec<Peer> = model.peers.values().map(|known| known.peer.clone()).collect();
        expected.sort_by(|one, other| (one.status, &one.address).cmp(&(other.status, &other.address)));
        assert_eq!(core.peers().collect::<Vec<_>>(), expected);
        for status in Status::ALL {
            assert_eq!(core.peer_counts().of(status), model.with_status(status).len());
        }
        assert_eq!(core.peer_counts().total(), model.peers.len());
        assert_eq!(core.peer_counts().claimed, core.peers().filter(Peer::is_claim).count());
        let told: Vec<&Peer> = watcher.peers.values().collect();
        assert_eq!(told, model.peers.values().map(|known| &known.peer).collect::<Vec<_>>());
    }

    fn check_queue(&self) {
        let Self { core, model, watcher, .. } = self;
        let queued: Vec<Message> = core.queue(0..usize::MAX).map(|queued| queued.message.clone()).collect();
        assert_eq!(queued, model.queue);
        assert!(watcher.queue.values().eq(&queued));
        self.check_held();
        let in_flight = model.messages_in_flight().count();
        assert_eq!((core.queue_len(), core.in_flight()), (queued.len(), in_flight));
        let (messages, bytes) = model.load();
        assert_eq!(core.held_bytes(), bytes);
        let options = core.options();
        assert!(messages <= options.max_queue_messages && bytes <= options.max_queue_bytes);
        assert!(in_flight <= options.max_in_flight);
        let are = |place| model.whereabouts.values().filter(|whereabouts| **whereabouts == place).count();
        assert_eq!((are(Whereabouts::Queued), are(Whereabouts::InFlight)), (queued.len(), in_flight));
        assert_eq!(are(Whereabouts::Held), core.held_len());
    }

    /// The watcher's map is in the order of the tickets.
    fn check_held(&self) {
        let held: Vec<Message> =
            self.core.held(0..usize::MAX).map(|held| held.queued.message.clone()).collect();
        assert!(self.watcher.held.values().eq(&held));
        let sorted = |messages: &[Message]| {
            let mut texts: Vec<_> = messages.iter().map(|message| message.as_json().to_owned()).collect();
            texts.sort();
            texts
        };
        assert_eq!(sorted(&held), sorted(&self.model.held));
    }
}

proptest! {
    #[test]
    fn the_node_does_what_the_model_does(
        options in options(), seed in any::<u64>(), inputs in vec(inputs(), 1..150),
    ) {
        let mut world = World::new(options, seed);
        for input in &inputs {
            world.give(input);
            world.check();
        }
    }
}
