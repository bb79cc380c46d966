//! Random inputs, against a model of the node that is as plain as can be.

use std::collections::{BTreeMap, BTreeSet};

use proptest::{collection::vec, prelude::*, sample::Index};

use super::*;

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
    (name.clone(), kind, text(), proptest::option::of(name), proptest::bool::weighted(0.1)).prop_map(
        |(sender, kind, message, friend, is_discarded)| Input::Payload {
            sender,
            kind,
            message,
            friend,
            is_discarded,
        },
    )
}

fn outcomes() -> impl Strategy<Value = Outcome> {
    prop_oneof![
        5 => Just(taken()),
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
            ..Options::new(ourselves())
        },
    )
}

fn named(name: Name) -> Address {
    address(NAMES[name])
}

#[derive(Debug, Clone, Copy, PartialEq)]
struct Known {
    status: Status,
    since: Now,
    before_ignored: Option<Status>,
    met: Duration,
    /// `None` if it was never tried.
    answers: Option<bool>,
    reached: bool,
    answered: Duration,
    is_named: bool,
}

impl Known {
    fn is_hoped_for(&self) -> bool {
        (self.status == Status::New && self.is_named) || self.is_vouched()
    }

    /// Whether the user speaks for it, and it was never tried.
    fn is_vouched(&self) -> bool {
        self.status == Status::Alive && self.is_named && self.answers.is_none()
    }

    /// Whether nothing but what strangers say speaks for it.
    fn is_hearsay(&self) -> bool {
        match self.status {
            Status::New => !self.is_named,
            Status::Alive => self.answers != Some(true) && !self.is_vouched(),
            _ => false,
        }
    }

    /// Whether what we last heard of it is that it answered.
    fn is_proven(&self) -> bool {
        self.status == Status::Alive && self.answers == Some(true)
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
    after_try: bool,
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
            after_try: false,
            in_flight: Vec::new(),
            whereabouts: BTreeMap::new(),
            counters: Counters::default(),
        }
    }

    fn status(&self, address: &Address) -> Option<Status> {
        self.peers.get(address).map(|known| known.status)
    }

    fn set_status(&mut self, address: &Address, status: Status) {
        let now = self.now;
        let known = self.peers.get_mut(address).unwrap();
        if known.status != status {
            *known = Known { status, since: now, before_ignored: Some(known.status), ..*known };
        }
    }

    fn add(&mut self, address: &Address, status: Status) {
        let known = Known {
            status,
            since: self.now,
            before_ignored: None,
            met: self.now.uptime,
            answers: None,
            reached: false,
            answered: self.now.uptime,
            is_named: false,
        };
        assert!(self.peers.insert(address.clone(), known).is_none());
    }

    fn is_us(&self, address: &Address) -> bool {
        *address == ourselves() || self.aliases.contains(address)
    }

    /// Adds it as new if it is not known and there is room for it, or somebody makes room.
    fn discover(&mut self, address: &Address) -> bool {
        if self.is_us(address) || self.peers.contains_key(address) {
            return false;
        }
        let has_room = self.peers.len() < self.options.max_peers || self.make_room(|_| true);
        if has_room {
            self.add(address, Status::New);
        }
        has_room
    }

    fn add_peer(&mut self, address: &Address) -> bool {
        let is_added = self.discover(address);
        self.peers.entry(address.clone()).and_modify(|known| known.is_named = true);
        is_added
    }

    /// A payload names it.
    fn meet(&mut self, address: &Address, is_sender: bool) -> bool {
        if self.is_us(address) || self.peers.contains_key(address) {
            return false;
        }
        let has_room = self.with_status(Status::New).len() < self.options.max_new_peers
            || (is_sender && self.make_room(|known| known.status == Status::New));
        has_room && self.discover(address)
    }

    /// Forgets the one that is known for the longest of those that never answered, or of those that are gone the one
    /// that answered the longest ago.
    fn make_room(&mut self, may: impl Fn(&Known) -> bool) -> bool {
        let first = self
            .peers
            .iter()
            .filter(|(_, known)| known.status != Status::Ignored && !known.is_named && may(known))
            .filter(|(_, known)| !known.reached || matches!(known.status, Status::Lost | Status::Dead))
            .min_by_key(|(address, known)| {
                let since = if known.reached { known.answered } else { known.met };
                (known.reached, since, (*address).clone())
            })
            .map(|(address, _)| address.clone());
        first.is_some_and(|address| self.peers.remove(&address).is_some())
    }

    fn is_alive(&mut self, address: &Address) {
        if self.status(address).is_some_and(|status| status != Status::Ignored) {
            self.set_status(address, Status::Alive);
        }
    }

    fn contact_worked(&mut self, address: &Address) {
        if let Some(known) = self.peers.get_mut(address) {
            (known.answers, known.reached, known.answered) = (Some(true), true, self.now.uptime);
        }
        self.is_alive(address);
    }

    fn contact_failed(&mut self, address: &Address) {
        let Some(known) = self.peers.get_mut(address) else { return };
        known.answers = Some(false);
        match known.status {
            Status::New | Status::Alive => self.set_status(address, Status::Lost),
            Status::Lost if self.now.uptime > known.since.uptime + KILL_TIMEOUT => {
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

    fn is_free(&self, address: &Address) -> bool {
        let under_way =
            self.in_flight.iter().filter(|(_, to, message)| to == address && message.is_some()).count();
        match self.peers.get(address) {
            None | Some(Known { status: Status::Ignored, .. }) => false,
            Some(known) if known.is_proven() => under_way < self.options.max_in_flight_per_peer,
            Some(_) => under_way == 0 && self.tries() < self.options.max_in_flight.div_ceil(2),
        }
    }

    /// How many peers that did not answer last time have a message under way.
    fn tries(&self) -> usize {
        let receivers =
            self.in_flight.iter().filter(|(_, _, message)| message.is_some()).map(|(_, to, _)| to);
        let is_try = |to: &&Address| {
            let known = self.peers.get(to);
            known.is_some_and(|known| known.status != Status::Ignored && !known.is_proven())
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
        let to = self.peers[&delivery.to];
        let is_free = |address: &Address| self.is_free(address);
        let proven = self.peers.iter().filter(|(address, _)| is_free(address));
        let proven = proven.filter(|(_, known)| known.is_hoped_for() || known.is_proven());
        if self.after_try && proven.count() > 0 {
            assert!(!to.is_hearsay(), "{delivery:?}");
        } else {
            let has_free_new = self.with_status(Status::New).iter().any(is_free);
            assert!(!has_free_new || to.status == Status::New, "{delivery:?}");
        }
        self.after_try = to.is_hearsay();
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
        let proven = self.peers.iter().filter(|(_, known)| known.is_proven());
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
            .filter(|(_, known)| known.status == status)
            .map(|(address, _)| address.clone())
            .collect()
    }

    fn end(&mut self, which: usize, outcome: &Outcome) -> DeliveryId {
        let (id, to, message) = self.in_flight.remove(which);
        match (outcome, &message) {
            (outcome, Some(message)) if outcome.is_taken() => {
                self.moves(message, Whereabouts::Delivered);
                self.counters.delivered += 1;
                self.contact_worked(&to);
            }
            (Outcome::Answered(_) | Outcome::Failed(_), Some(message)) => {
                self.counters.failed += 1;
                self.push(message);
                // Of which no peer is to blame.
                if outcome.failure() != Some(Failure::NoResources) {
                    self.contact_failed(&to);
                }
            }
            (outcome, None) if outcome.is_taken() => {
                if self.discover(&to) {
                    let known = self.peers.get_mut(&to).unwrap();
                    (known.answers, known.reached, known.answered) = (Some(true), true, self.now.uptime);
                } else {
                    self.contact_worked(&to);
                }
                self.peers.entry(to).and_modify(|known| known.is_named = true);
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
    fn take(&mut self, sender: &Address, kind: Kind, message: &Message, friend: Option<&Address>) -> u16 {
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
        }
        friend.map(|friend| self.meet(friend, false));
        200
    }

    fn see(&mut self, sender: &Address) -> Status {
        if !self.meet(sender, true) {
            self.is_alive(sender);
        }
        // Who is not remembered is served like a new one.
        self.status(sender).unwrap_or(Status::New)
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
            None => self.add(address, Status::Ignored),
        }
        true
    }

    fn unignore(&mut self, address: &Address) -> bool {
        let is_ignored = self.status(address) == Some(Status::Ignored);
        if is_ignored {
            let before = self.peers[address].before_ignored;
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

/// A watcher, who knows the node by its events alone.
#[derive(Default)]
struct Watcher {
    peers: BTreeMap<Address, Status>,
    queue: BTreeMap<MessageId, Message>,
    held: BTreeMap<MessageId, Message>,
}

impl Watcher {
    fn watch(&mut self, event: Event) {
        match event {
            Event::MessageQueued { id, message, .. } => {
                assert_eq!(self.queue.insert(id, message), None);
            }
            Event::MessageSending { id, message, .. } => {
                assert_eq!(self.queue.remove(&id), Some(message));
            }
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
                assert_eq!(self.peers.insert(peer.address, peer.status), None);
            }
            Event::PeerUpdated { peer, from } => {
                assert_eq!(self.peers.insert(peer.address, peer.status), Some(from));
            }
            Event::PeerForgotten { peer } => {
                assert_eq!(self.peers.remove(&peer.address), Some(peer.status));
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
            Input::Payload { sender, kind, message, friend, is_discarded } => {
                let message = self.message(message);
                self.receive(&named(*sender), *kind, &message, friend.map(named).as_ref(), *is_discarded);
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
            Input::SetRate(rate) => core.set_send_rate(*rate, now).unwrap(),
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

    fn receive(
        &mut self,
        sender: &Address,
        kind: Kind,
        message: &Message,
        friend: Option<&Address>,
        is_discarded: bool,
    ) {
        let now = self.model.now;
        let seen = self.core.see_sender(sender, None, now);
        assert_eq!((&seen.address, seen.status), (sender, self.model.see(sender)));
        let known = self.model.peers.get(sender);
        assert_eq!(
            (seen.reached, seen.answers),
            known.map_or((false, false), |known| (known.reached, known.answers == Some(true)))
        );
        if !is_discarded {
            let payload = payload(kind, sender, message.clone(), friend);
            let answer = self.core.take_payload(sender, payload, None, now);
            assert_eq!(answer.status, self.model.take(sender, kind, message, friend));
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
        let mut expected: Vec<_> =
            model.peers.iter().map(|(address, known)| (known.status, address.clone(), known.since)).collect();
        expected.sort_by(|one, other| (one.0, &one.1).cmp(&(other.0, &other.1)));
        let listed: Vec<_> = core
            .peers()
            .map(|peer| (peer.status, peer.address, Now { uptime: peer.since, unix_ms: peer.time }))
            .collect();
        assert_eq!(listed, expected);
        for status in Status::ALL {
            assert_eq!(core.peer_counts().of(status), model.with_status(status).len());
        }
        assert_eq!(core.peer_counts().total(), model.peers.len());
        assert_eq!(core.peer_counts().claimed, core.peers().filter(Peer::is_claim).count());
        assert!(
            watcher
                .peers
                .iter()
                .map(|(address, status)| (address, *status))
                .eq(model.peers.iter().map(|(address, known)| (address, known.status)))
        );
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
