//! The expected state of the messages.

use super::*;

impl Model {
    pub(super) fn messages_in_flight(&self) -> impl Iterator<Item = &Message> {
        self.in_flight.iter().filter_map(|(_, _, message)| message.as_ref())
    }

    /// Messages and bytes in total.
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
            self.moves(message, MessageLocation::Held);
        } else {
            self.queue.push(message.clone());
            self.moves(message, MessageLocation::Queued);
        }
    }

    pub(super) fn hold(&mut self, position: usize) {
        let message = self.queue.remove(position);
        self.moves(&message, MessageLocation::Held);
        self.held.push(message);
    }

    pub(super) fn release(&mut self, message: &Message) {
        let position = self.held.iter().position(|held| held == message).unwrap();
        self.held.remove(position);
        self.moves(message, MessageLocation::Queued);
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
        self.locate.insert(before.as_json().to_owned(), MessageLocation::Replaced);
        if let Some(position) = self.queue.iter().position(|queued| queued == before) {
            self.queue[position] = message.clone();
            self.moves(message, MessageLocation::Queued);
            if self.is_to_be_held(message) {
                self.hold(position);
            }
        } else {
            let position = self.held.iter().position(|held| held == before).unwrap();
            self.held[position] = message.clone();
            self.moves(message, MessageLocation::Held);
        }
        Ok(())
    }

    pub(super) fn moves(&mut self, message: &Message, to: MessageLocation) {
        use MessageLocation::{Delivered, Dropped, Held, InFlight, Queued, Replaced};
        let from = self.locate.insert(message.as_json().to_owned(), to);
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

    pub(super) fn under_way_to(&self, is_meant: impl Fn(&Address) -> bool) -> usize {
        self.in_flight.iter().filter(|(_, to, message)| message.is_some() && is_meant(to)).count()
    }

    fn is_only_machine(&self) -> bool {
        let answering = self.peers.values().filter(|known| known.is_responding());
        let unknown = answering.clone().filter(|known| known.place.is_none()).count();
        unknown + answering.filter_map(|known| known.place).collect::<BTreeSet<_>>().len() <= 1
    }

    pub(super) fn is_slow(&self, known: &Known) -> bool {
        known.delay > (self.options.max_in_flight as f64 / self.options.send_rate * 1e6) as u32
    }

    pub(super) fn is_free(&self, address: &Address) -> bool {
        let Some(known) = self.peers.get(address) else { return false };
        let (all, under_way) = (self.options.max_in_flight, self.under_way_to(|to| to == address));
        let free = all - self.under_way_to(|_| true);
        let is_fast = |known: &Known| known.is_responding() && !self.is_slow(known);
        let admits_slow = free > all / 4 || !self.peers.values().any(is_fast);
        if known.peer.status == Status::Ignored || self.paused.contains_key(address) {
            return false;
        }
        if !known.is_responding() {
            return under_way == 0 && admits_slow && self.probes() < all.div_ceil(2);
        }
        let is_at_its_machine = |to: &Address| {
            let is_one = |other: &Known| other.is_responding() && other.place == known.place;
            to == address || known.place.is_some() && self.peers.get(to).is_some_and(is_one)
        };
        let at_machine = self.under_way_to(is_at_its_machine);
        let (is_slow, most) = (self.is_slow(known), self.options.max_in_flight_per_peer);
        under_way < free.div_ceil(4).min(most).max(1)
            && (self.is_only_machine() || at_machine < (if is_slow { free } else { 3 * free }).max(1))
            && (admits_slow || !is_slow)
    }

    /// Whether the next message is for a verified peer, and one is free.
    pub(super) fn next_is_verified_only(&self) -> bool {
        let mut proven = self.peers.iter().filter(|(_, known)| known.is_verified());
        self.owed_to_verified > 0 && proven.any(|(address, _)| self.is_free(address))
    }

    /// Number of candidates for the next message, by status.
    pub(super) fn free(&self) -> PeerCounts {
        let verified_only = self.next_is_verified_only();
        let is_candidate =
            |known: &&Known| self.is_free(&known.peer.address) && (!verified_only || known.is_verified());
        let free: Vec<&Known> = self.peers.values().filter(is_candidate).collect();
        let count =
            |is_meant: &dyn Fn(&Peer) -> bool| free.iter().filter(|known| is_meant(&known.peer)).count();
        let of = |status| count(&|peer| peer.status == status);
        let waits_for_good = self.is_draining && !self.live().is_empty();
        PeerCounts {
            new: of(Status::New),
            alive: of(Status::Alive),
            unverified: count(&|peer| peer.status == Status::Alive && !peer.last_attempt_ok),
            lost: if waits_for_good { 0 } else { of(Status::Lost) },
            dead: if waits_for_good { 0 } else { of(Status::Dead) },
            ignored: 0,
        }
    }

    /// Number of peers that did not respond when last tried and have a message in flight.
    pub(super) fn probes(&self) -> usize {
        let receivers =
            self.in_flight.iter().filter(|(_, _, message)| message.is_some()).map(|(_, to, _)| to);
        let has_probe = |to: &&Address| {
            let known = self.peers.get(to);
            known.is_some_and(|known| known.peer.status != Status::Ignored && !known.is_responding())
        };
        receivers.filter(has_probe).collect::<BTreeSet<_>>().len()
    }

    pub(super) fn can_send(&self) -> bool {
        !self.queue.is_empty()
            && self.messages_in_flight().count() < self.options.max_in_flight
            && self.peers.keys().any(|address| self.is_free(address))
            && (!self.is_draining
                || self.live().is_empty()
                || self.live().iter().any(|live| self.is_free(live)))
            && !self.waits_for_others()
    }

    /// The new and alive peers.
    pub(super) fn live(&self) -> Vec<Address> {
        [self.with_status(Status::New), self.with_status(Status::Alive)].concat()
    }

    /// Checks and records a delivery of a message that the node begins.
    pub(super) fn begin(&mut self, delivery: &Delivery) {
        self.hold_heads();
        assert!(self.can_send() && self.is_free(&delivery.to) && !self.is_us(&delivery.to), "{delivery:?}");
        let (to, refusers) = (&self.peers[&delivery.to], self.refusers());
        let is_wanted = |known: &&Known| {
            let address = &known.peer.address;
            self.is_free(address)
                && (!self.is_draining || self.live().is_empty() || self.live().contains(address))
        };
        let wanted: Vec<&Known> = self.peers.values().filter(is_wanted).collect();
        // A peer that refused the message is a candidate only if no other peer is free.
        let has_refused = |known: &&Known| refusers.contains(&known.peer.address);
        let others: Vec<&Known> = wanted.iter().copied().filter(|known| !has_refused(known)).collect();
        let free = if others.is_empty() { wanted } else { others };
        let is_any_verified = self.peers.values().any(Known::is_verified);
        let verified_only = self.owed_to_verified > 0 && free.iter().any(|known| known.is_verified());
        assert!(free.contains(&to) && (!verified_only || to.is_verified()), "{delivery:?}");
        let has_free_new = free.iter().any(|known| known.peer.status == Status::New);
        assert!(verified_only || !has_free_new || to.peer.status == Status::New, "{delivery:?}");
        self.owed_to_verified = match to.is_verified() {
            true => self.owed_to_verified.saturating_sub(1),
            false if is_any_verified => (self.owed_to_verified + 1).min(64),
            false => 1,
        };
        assert!(!self.is_draining || self.live().is_empty() || self.live().contains(&delivery.to));
        let message = self.queue.remove(0);
        self.moves(&message, MessageLocation::InFlight);
        assert_eq!((delivery.payload.kind, &delivery.payload.message), (Kind::Message, &message));
        self.record_in_flight(delivery, Some(message));
    }

    /// A queued message that the rule matches is held at the latest when it becomes the head.
    pub(super) fn hold_heads(&mut self) {
        while self.can_send() && self.queue.first().is_some_and(|head| self.is_to_be_held(head)) {
            self.hold(0);
        }
    }

    pub(super) fn record_in_flight(&mut self, delivery: &Delivery, message: Option<Message>) {
        assert_eq!(delivery.payload.sender, ourselves());
        let proven = self.peers.iter().filter(|(_, known)| known.is_responding());
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
            .filter(|(_, known)| known.peer.status == status)
            .map(|(address, _)| address.clone())
            .collect()
    }

    pub(super) fn end(&mut self, which: usize, outcome: &DeliveryResult) -> DeliveryId {
        let (id, to, message) = self.in_flight.remove(which);
        match (outcome, &message) {
            (DeliveryResult::Answered(reply), Some(message)) if reply.status == 200 => {
                self.moves(message, MessageLocation::Delivered);
                self.counters.delivered += 1;
                self.clear_backoff(&to);
                self.peers.entry(to.clone()).and_modify(|known| known.peer.delivered += 1);
                self.record_response(&to, reply);
                self.is_alive(&to);
            }
            (DeliveryResult::Answered(reply), Some(message)) => {
                self.count_failure(&to);
                self.refused(&to, message, reply.status);
                if self.should_hold(message) {
                    self.held.push(message.clone());
                    self.moves(message, MessageLocation::Held);
                } else {
                    self.push(message);
                }
            }
            (DeliveryResult::Failed(failure), Some(message)) => {
                // The peer is not responsible for that.
                if *failure == Failure::NoResources {
                    self.counters.failed += 1;
                } else {
                    self.count_failure(&to);
                    self.record_contact_failure(&to);
                }
                self.push(message);
            }
            (DeliveryResult::Answered(reply), None) if reply.status == 200 => {
                self.clear_backoff(&to);
                let is_added = self.discover(&to, None);
                self.record_response(&to, reply);
                if !is_added {
                    self.is_alive(&to);
                }
                self.peers.entry(to).and_modify(|known| known.peer.added_by_user = true);
            }
            (DeliveryResult::Answered(reply), None) if reply.status == 503 => self.pause(&to),
            (DeliveryResult::Answered(_) | DeliveryResult::Failed(_), None) => {}
            (DeliveryResult::SelfConnection, message) => {
                message.iter().for_each(|message| self.push(message));
                self.peers.remove(&to);
                self.aliases.insert(to);
            }
        }
        id
    }

    fn count_failure(&mut self, to: &Address) {
        self.counters.failed += 1;
        self.peers.entry(to.clone()).and_modify(|known| known.peer.failed += 1);
    }

    /// Receives a payload. Returns the status of the response.
    pub(super) fn receive(
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
            if self.is_draining || !self.has_room_for(message) {
                self.counters.refused += 1;
                return 503;
            }
            self.push(message);
            self.counters.received += 1;
            self.peers.entry(sender.clone()).and_modify(|known| known.peer.received += 1);
        }
        friend.map(|friend| self.introduce(friend, false, from));
        200
    }

    pub(super) fn see(&mut self, sender: &Address, from: Option<IpAddr>) -> Peer {
        if !self.introduce(sender, true, from) {
            self.record_payload(sender, from);
        }
        // A sender that is not added is served like a new peer.
        let known = self.peers.get(sender).map(|known| known.peer.clone());
        known.unwrap_or_else(|| Peer::new(sender.clone(), Status::New, self.now))
    }

    pub(super) fn enqueue(&mut self, message: &Message) -> Result<(), EnqueueError> {
        if message.is_falsy() {
            return Err(EnqueueError::Empty);
        }
        if self.is_draining {
            return Err(EnqueueError::Draining);
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
        self.moves(&message, MessageLocation::Dropped);
        Some(message)
    }

    pub(super) fn drop_held(&mut self, message: &Message) {
        self.held.retain(|held| held != message);
        self.moves(message, MessageLocation::Dropped);
    }

    pub(super) fn ignore(&mut self, address: &Address) -> bool {
        match self.status(address) {
            Some(Status::Ignored) => return false,
            Some(_) => self.set_status(address, Status::Ignored),
            None if self.is_us(address) => return false,
            None => self.add(address, Status::Ignored, None),
        }
        true
    }

    pub(super) fn unignore(&mut self, address: &Address) -> bool {
        let is_ignored = self.status(address) == Some(Status::Ignored);
        if is_ignored {
            let before = self.peers[address].peer.before_ignored;
            self.set_status(address, before.unwrap_or(Status::New));
        }
        is_ignored
    }

    /// Returns the messages in flight in the order of sending.
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
