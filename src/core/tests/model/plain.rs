//! The model.

use super::{inputs::KILL_TIMEOUT, *};

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Known {
    pub(super) status: Status,
    pub(super) since: Now,
    pub(super) before_ignored: Option<Status>,
    pub(super) met: Duration,
    /// `None` if it was never tried.
    pub(super) answers: Option<bool>,
    pub(super) reached: bool,
    pub(super) answered: Duration,
    pub(super) is_named: bool,
}

impl Known {
    pub(super) fn is_hoped_for(&self) -> bool {
        (self.status == Status::New && self.is_named) || self.is_vouched()
    }

    /// Whether the user speaks for it, and it was never tried.
    pub(super) fn is_vouched(&self) -> bool {
        self.status == Status::Alive && self.is_named && self.answers.is_none()
    }

    /// Whether nothing but what strangers say speaks for it.
    pub(super) fn is_hearsay(&self) -> bool {
        match self.status {
            Status::New => !self.is_named,
            Status::Alive => self.answers != Some(true) && !self.is_vouched(),
            _ => false,
        }
    }

    /// Whether what we last heard of it is that it answered.
    pub(super) fn is_proven(&self) -> bool {
        self.status == Status::Alive && self.answers == Some(true)
    }
}

/// Where a message is that was let in.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Whereabouts {
    Queued,
    Held,
    InFlight,
    Delivered,
    Dropped,
    Replaced,
}

/// What should be so.
pub(super) struct Model {
    pub(super) options: Options,
    pub(super) now: Now,
    pub(super) peers: BTreeMap<Address, Known>,
    pub(super) aliases: BTreeSet<Address>,
    pub(super) queue: Vec<Message>,
    pub(super) held: Vec<Message>,
    pub(super) rule: Option<Rule>,
    /// Released since the rule was set.
    pub(super) passed: BTreeSet<String>,
    pub(super) is_handing_on: bool,
    pub(super) after_try: bool,
    /// To whom, and the message unless it is an announce; in the order in which they began.
    pub(super) in_flight: Vec<(DeliveryId, Address, Option<Message>)>,
    pub(super) whereabouts: BTreeMap<String, Whereabouts>,
    pub(super) counters: Counters,
    /// Until when peers are sent nothing.
    pub(super) paused: BTreeMap<Address, Duration>,
    /// The seconds of the last pause, and the messages that were refused, since a peer last accepted something.
    pub(super) standing: BTreeMap<Address, (u64, BTreeSet<String>)>,
    /// How often each message was refused, and by whom.
    pub(super) refusals: BTreeMap<String, (usize, BTreeSet<Address>)>,
}

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
            is_handing_on: false,
            after_try: false,
            in_flight: Vec::new(),
            whereabouts: BTreeMap::new(),
            counters: Counters::default(),
            paused: BTreeMap::new(),
            standing: BTreeMap::new(),
            refusals: BTreeMap::new(),
        }
    }

    pub(super) fn status(&self, address: &Address) -> Option<Status> {
        self.peers.get(address).map(|known| known.status)
    }

    pub(super) fn set_status(&mut self, address: &Address, status: Status) {
        let now = self.now;
        let known = self.peers.get_mut(address).unwrap();
        if known.status != status {
            *known = Known { status, since: now, before_ignored: Some(known.status), ..*known };
        }
    }

    pub(super) fn add(&mut self, address: &Address, status: Status) {
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
        if !self.paused.contains_key(address) {
            self.standing.remove(address);
        }
    }

    pub(super) fn is_us(&self, address: &Address) -> bool {
        *address == ourselves() || self.aliases.contains(address)
    }

    /// Adds it as new if it is not known and there is room for it, or somebody makes room.
    pub(super) fn discover(&mut self, address: &Address) -> bool {
        if self.is_us(address) || self.peers.contains_key(address) {
            return false;
        }
        let has_room = self.peers.len() < self.options.max_peers || self.make_room(|_| true);
        if has_room {
            self.add(address, Status::New);
        }
        has_room
    }

    pub(super) fn add_peer(&mut self, address: &Address) -> bool {
        let is_added = self.discover(address);
        self.peers.entry(address.clone()).and_modify(|known| known.is_named = true);
        is_added
    }

    /// A payload names it.
    pub(super) fn meet(&mut self, address: &Address, is_sender: bool) -> bool {
        if self.is_us(address) || self.peers.contains_key(address) {
            return false;
        }
        let has_room = self.with_status(Status::New).len() < self.options.max_new_peers
            || (is_sender && self.make_room(|known| known.status == Status::New));
        has_room && self.discover(address)
    }

    /// Forgets the one that is known for the longest of those that never answered, or of those that are gone the one
    /// that answered the longest ago.
    pub(super) fn make_room(&mut self, may: impl Fn(&Known) -> bool) -> bool {
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

    pub(super) fn is_alive(&mut self, address: &Address) {
        if self.status(address).is_some_and(|status| status != Status::Ignored) {
            self.set_status(address, Status::Alive);
        }
    }

    pub(super) fn contact_worked(&mut self, address: &Address) {
        if let Some(known) = self.peers.get_mut(address) {
            (known.answers, known.reached, known.answered) = (Some(true), true, self.now.uptime);
        }
        self.is_alive(address);
    }

    pub(super) fn contact_failed(&mut self, address: &Address) {
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

    pub(super) fn messages_in_flight(&self) -> impl Iterator<Item = &Message> {
        self.in_flight.iter().filter_map(|(_, _, message)| message.as_ref())
    }

    /// Messages and bytes in all.
    pub(super) fn load(&self) -> (usize, usize) {
        let lists = self.queue.iter().chain(&self.held).chain(self.messages_in_flight());
        let sizes: Vec<usize> = lists.map(Message::size).collect();
        (sizes.len(), sizes.iter().sum())
    }

    pub(super) fn has_room_for(&self, message: &Message) -> bool {
        let (messages, bytes) = self.load();
        messages < self.options.max_queue_messages && bytes + message.size() <= self.options.max_queue_bytes
    }

    pub(super) fn is_to_be_held(&self, message: &Message) -> bool {
        self.rule.is_some_and(|rule| holds(rule, message)) && !self.passed.contains(message.as_json())
    }

    pub(super) fn push(&mut self, message: &Message) {
        if self.is_to_be_held(message) {
            self.held.push(message.clone());
            self.moves(message, Whereabouts::Held);
        } else {
            self.queue.push(message.clone());
            self.moves(message, Whereabouts::Queued);
        }
    }

    pub(super) fn hold(&mut self, position: usize) {
        let message = self.queue.remove(position);
        self.moves(&message, Whereabouts::Held);
        self.held.push(message);
    }

    pub(super) fn release(&mut self, message: &Message) {
        let position = self.held.iter().position(|held| held == message).unwrap();
        self.held.remove(position);
        self.moves(message, Whereabouts::Queued);
        self.passed.insert(message.as_json().to_owned());
        self.refusals.remove(message.as_json());
        self.queue.push(message.clone());
    }

    pub(super) fn set_rule(&mut self, rule: Option<Rule>, looks: bool) {
        (self.rule, self.passed) = (rule, BTreeSet::new());
        for position in (0..self.queue.len()).rev() {
            if looks && self.is_to_be_held(&self.queue[position]) {
                self.hold(position);
            }
        }
    }

    pub(super) fn replace(&mut self, before: &Message, message: &Message) -> Result<(), ReplaceError> {
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

    pub(super) fn moves(&mut self, message: &Message, to: Whereabouts) {
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

    pub(super) fn is_free(&self, address: &Address) -> bool {
        let under_way =
            self.in_flight.iter().filter(|(_, to, message)| to == address && message.is_some()).count();
        match self.peers.get(address) {
            None | Some(Known { status: Status::Ignored, .. }) => false,
            _ if self.paused.contains_key(address) => false,
            Some(known) if known.is_proven() => under_way < self.options.max_in_flight_per_peer,
            Some(_) => under_way == 0 && self.tries() < self.options.max_in_flight.div_ceil(2),
        }
    }

    /// How many peers that did not answer last time have a message under way.
    pub(super) fn tries(&self) -> usize {
        let receivers =
            self.in_flight.iter().filter(|(_, _, message)| message.is_some()).map(|(_, to, _)| to);
        let is_try = |to: &&Address| {
            let known = self.peers.get(to);
            known.is_some_and(|known| known.status != Status::Ignored && !known.is_proven())
        };
        receivers.filter(is_try).collect::<BTreeSet<_>>().len()
    }

    pub(super) fn can_send(&self) -> bool {
        !self.queue.is_empty()
            && self.messages_in_flight().count() < self.options.max_in_flight
            && self.peers.keys().any(|address| self.is_free(address))
            && (!self.is_handing_on
                || self.good().is_empty()
                || self.good().iter().any(|good| self.is_free(good)))
            && !self.waits_for_others()
    }

    /// The peers that are new or alive.
    pub(super) fn good(&self) -> Vec<Address> {
        [self.with_status(Status::New), self.with_status(Status::Alive)].concat()
    }

    /// Checks a message's delivery that the node begins, and notes it.
    pub(super) fn begin(&mut self, delivery: &Delivery) {
        self.hold_heads();
        assert!(self.can_send() && self.is_free(&delivery.to) && !self.is_us(&delivery.to), "{delivery:?}");
        let to = self.peers[&delivery.to];
        let refusers = self.refusers();
        let may_take = |address: &&Address| {
            let is_wanted = !self.is_handing_on || self.good().is_empty() || self.good().contains(address);
            self.is_free(address) && is_wanted && !refusers.contains(*address)
        };
        let are_others_free = self.peers.keys().any(|address| may_take(&address));
        assert!(!are_others_free || !refusers.contains(&delivery.to), "{delivery:?}");
        let is_free =
            |address: &Address| self.is_free(address) && !(are_others_free && refusers.contains(address));
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
        let message = self.queue.remove(0);
        self.moves(&message, Whereabouts::InFlight);
        assert_eq!((delivery.payload.kind, &delivery.payload.message), (Kind::Message, &message));
        self.note_in_flight(delivery, Some(message));
    }

    /// What waited when a rule was set that holds it is held at the latest when it is its turn.
    pub(super) fn hold_heads(&mut self) {
        while self.can_send() && self.queue.first().is_some_and(|head| self.is_to_be_held(head)) {
            self.hold(0);
        }
    }

    pub(super) fn note_in_flight(&mut self, delivery: &Delivery, message: Option<Message>) {
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

    pub(super) fn with_status(&self, status: Status) -> Vec<Address> {
        self.peers
            .iter()
            .filter(|(_, known)| known.status == status)
            .map(|(address, _)| address.clone())
            .collect()
    }

    pub(super) fn end(&mut self, which: usize, outcome: &Outcome) -> DeliveryId {
        let (id, to, message) = self.in_flight.remove(which);
        match (outcome, &message) {
            (outcome, Some(message)) if outcome.is_taken() => {
                self.moves(message, Whereabouts::Delivered);
                self.counters.delivered += 1;
                self.clear_standing(&to);
                self.contact_worked(&to);
            }
            (Outcome::Answered(reply), Some(message)) => {
                self.counters.failed += 1;
                self.refused(&to, message, reply.status);
                if self.is_to_be_set_aside(message) {
                    self.held.push(message.clone());
                    self.moves(message, Whereabouts::Held);
                } else {
                    self.push(message);
                }
            }
            (Outcome::Failed(_), Some(message)) => {
                self.counters.failed += 1;
                self.push(message);
                // Of which no peer is to blame.
                if outcome.failure() != Some(Failure::NoResources) {
                    self.contact_failed(&to);
                }
            }
            (outcome, None) if outcome.is_taken() => {
                self.clear_standing(&to);
                if self.discover(&to) {
                    let known = self.peers.get_mut(&to).unwrap();
                    (known.answers, known.reached, known.answered) = (Some(true), true, self.now.uptime);
                } else {
                    self.contact_worked(&to);
                }
                self.peers.entry(to).and_modify(|known| known.is_named = true);
            }
            (Outcome::Answered(reply), None) if reply.status == 503 => self.pause(&to),
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
    pub(super) fn take(
        &mut self,
        sender: &Address,
        kind: Kind,
        message: &Message,
        friend: Option<&Address>,
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
        }
        friend.map(|friend| self.meet(friend, false));
        200
    }

    pub(super) fn see(&mut self, sender: &Address) -> Status {
        if !self.meet(sender, true) {
            self.is_alive(sender);
        }
        // Who is not remembered is served like a new one.
        self.status(sender).unwrap_or(Status::New)
    }

    pub(super) fn enqueue(&mut self, message: &Message) -> Result<(), EnqueueError> {
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

    pub(super) fn drop(&mut self, position: usize) -> Option<Message> {
        let message = (position < self.queue.len()).then(|| self.queue.remove(position))?;
        self.moves(&message, Whereabouts::Dropped);
        Some(message)
    }

    pub(super) fn drop_held(&mut self, message: &Message) {
        self.held.retain(|held| held != message);
        self.moves(message, Whereabouts::Dropped);
    }

    pub(super) fn ignore(&mut self, address: &Address) -> bool {
        match self.status(address) {
            Some(Status::Ignored) => return false,
            Some(_) => self.set_status(address, Status::Ignored),
            None if self.is_us(address) => return false,
            None => self.add(address, Status::Ignored),
        }
        true
    }

    pub(super) fn unignore(&mut self, address: &Address) -> bool {
        let is_ignored = self.status(address) == Some(Status::Ignored);
        if is_ignored {
            let before = self.peers[address].before_ignored;
            self.set_status(address, before.unwrap_or(Status::New));
        }
        is_ignored
    }

    /// Puts back what is in flight, the first to leave first.
    pub(super) fn reclaim(&mut self) -> Vec<DeliveryId> {
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
