//! Passes each input to the node and to the model, and compares them.

use super::*;

impl World {
    pub(super) fn new(options: Options, seed: u64) -> Self {
        Self {
            core: Core::new(options.clone()).unwrap(),
            model: Model::new(options),
            watcher: Watcher::default(),
            rng: StdRng::seed_from_u64(seed),
            messages: 0,
            ended: Vec::new(),
        }
    }

    pub(super) fn message(&mut self, text: &Text) -> Message {
        match text {
            Text::Falsy(which) => Message::from_json(FALSY[*which], 128).unwrap(),
            Text::Padded(padding) => {
                self.messages += 1;
                Message::text(&format!("{}{}", self.messages, "x".repeat(*padding)))
            }
        }
    }

    pub(super) fn give(&mut self, input: &Input) {
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
                    core.handle_delivery(*which.get(&self.ended), accepted(), now);
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
                core.set_draining(*on);
                model.is_draining = *on;
            }
        }
    }

    pub(super) fn receive(&mut self, payload: &Payload, from: Option<IpAddr>, is_discarded: bool) {
        let now = self.model.now;
        let Payload { sender, kind, message, friend } = payload;
        let seen = self.core.record_contact(sender, from, now);
        assert_eq!(seen, self.model.see(sender, from));
        if !is_discarded {
            // The shares of the queue are tested in the queue's own tests.
            let from = from.filter(|_| *kind != Kind::Message || message.is_falsy());
            let answer = self.core.accept_payload(sender, payload.clone(), from, now);
            assert_eq!(answer.status, self.model.receive(sender, *kind, message, friend.as_ref(), from));
        }
    }

    pub(super) fn drop_message(&mut self, which: Index) {
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

    pub(super) fn hold(&mut self, which: Index) {
        let length = self.model.queue.len();
        if length > 0 {
            let position = which.index(length);
            let id = self.core.queue(position..position + 1).next().unwrap().id;
            assert!(self.core.hold(id) && !self.core.hold(id));
            self.model.hold(position);
        }
    }

    /// One of the held messages, by its id.
    pub(super) fn pick_held(&self, which: Index) -> Option<(MessageId, Message)> {
        let length = self.core.held_len();
        let position = (length > 0).then(|| which.index(length))?;
        let held = self.core.held(position..position + 1).next().unwrap();
        assert_eq!(self.core.held_position(held.queued.id), Some(position));
        Some((held.queued.id, held.queued.message.clone()))
    }

    /// Releases or drops a held message.
    pub(super) fn release(&mut self, which: Index) {
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

    pub(super) fn replace(&mut self, which: Index, text: &Text) {
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

    pub(super) fn announce(&mut self, to: &Address) {
        let id = self.core.announce(to, &mut self.rng);
        let may = !self.model.is_us(to) && self.model.status(to) != Some(Status::Ignored);
        assert_eq!(id.is_some(), may);
        if let Some(id) = id {
            let delivery = self.core.poll_delivery().unwrap();
            let about = (delivery.id, &delivery.to, delivery.payload.kind, &delivery.payload.message);
            assert_eq!(about, (id, to, Kind::Announce, &Message::null()));
            self.model.record_in_flight(&delivery, None);
        }
    }

    pub(super) fn wait(&mut self, duration: Duration) {
        let uptime = self.model.now.uptime + duration;
        self.model.now = Now { uptime, ..at(uptime.as_millis() as u64) };
    }

    pub(super) fn wake(&mut self) {
        let now = self.model.now;
        let is_due = self.core.poll_timeout().is_some_and(|due| due <= now.uptime);
        self.core.handle_timeout(now, &mut self.rng);
        self.model.resume();
        let deliveries: Vec<Delivery> = std::iter::from_fn(|| self.core.poll_delivery()).collect();
        assert!(is_due || deliveries.is_empty());
        let waited = self.model.queue.len();
        deliveries.iter().for_each(|delivery| self.model.begin(delivery));
        if is_due && self.core.queue_len() < self.model.queue.len() {
            self.model.hold_heads();
        }
        // The timeout may be the end of a pause or a report of limits.
        assert!(self.model.queue.len() == waited || is_due);
        assert!(self.core.poll_timeout().is_none_or(|due| due > now.uptime));
    }

    pub(super) fn end(&mut self, which: Index, outcome: &DeliveryResult) {
        let length = self.model.in_flight.len();
        if length > 0 {
            let id = self.model.end(which.index(length), outcome);
            self.core.handle_delivery(id, outcome.clone(), self.model.now);
            self.ended.push(id);
        }
    }

    /// Compares the node and the observer with the model.
    pub(super) fn check(&mut self) {
        assert!(self.core.poll_delivery().is_none());
        while let Some(event) = self.core.poll_event() {
            self.watcher.watch(event);
        }
        assert_eq!(self.watcher.confirmed, None);
        self.check_peers();
        self.check_queue();
        self.model.forget_backoffs();
        let Self { core, model, watcher, .. } = self;
        let has_untold = core.counters().limits != watcher.limits;
        let is_awaited = model.can_send() || model.waits_for_a_pause() || has_untold;
        assert_eq!(core.poll_timeout().is_some(), is_awaited);
        assert_eq!(
            (core.free_peers(), core.next_is_verified_only()),
            (model.free(), model.next_is_verified_only())
        );
        // The counts of limits are tested in the tests of limits.
        let counters = Counters { limits: LimitCounts::default(), ..core.counters() };
        assert_eq!(counters, model.counters);
        assert!(model.aliases.iter().all(|alias| core.is_this_node(alias)));
    }

    pub(super) fn check_peers(&self) {
        let Self { core, model, watcher, .. } = self;
        let mut expected: Vec<Peer> = model.peers.values().map(|known| known.peer.clone()).collect();
        expected.sort_by(|one, other| (one.status, &one.address).cmp(&(other.status, &other.address)));
        assert_eq!(core.peers().collect::<Vec<_>>(), expected);
        for status in Status::ALL {
            assert_eq!(core.peer_counts().of(status), model.with_status(status).len());
        }
        assert_eq!(core.peer_counts().total(), model.peers.len());
        assert_eq!(core.peer_counts().unverified, core.peers().filter(Peer::is_unverified).count());
        let told: Vec<&Peer> = watcher.peers.values().collect();
        assert_eq!(told, model.peers.values().map(|known| &known.peer).collect::<Vec<_>>());
    }

    pub(super) fn check_queue(&self) {
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
        let are = |place| model.locate.values().filter(|locate| **locate == place).count();
        assert_eq!((are(MessageLocation::Queued), are(MessageLocation::InFlight)), (queued.len(), in_flight));
        assert_eq!(are(MessageLocation::Held), core.held_len());
    }

    /// The observer's map is sorted by id.
    pub(super) fn check_held(&self) {
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
