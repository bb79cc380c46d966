//! Deliveries: when the next one begins, whom it goes to, and what its end changes.

use std::time::Duration;

use rand::Rng;

use crate::{
    core::{
        Event, Failure, Introduction, Limit, Newcomers, Now, Origin, Peer, QueuedMessage, choice,
        peers::Peers, queue::Entry,
    },
    protocol::{Address, Kind, Payload},
};

use super::{
    Core, Delivery, DeliveryId, InFlight, MAX_ALIASES, MOST_HOLDS, Outcome, Purpose, Reply, stranger,
};

impl Core {
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

    pub(super) fn can_send(&self) -> bool {
        !self.queue.is_empty()
            && self.messages_in_flight < self.options.max_in_flight
            && choice::is_anybody_free(&self.peers)
            && !self.waits_for_a_good_peer()
    }

    pub(super) fn send_next(&mut self, rng: &mut impl Rng) {
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

    pub(super) fn start(
        &mut self,
        to: Address,
        payload: Payload,
        purpose: Purpose,
        is_named: bool,
    ) -> DeliveryId {
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
            Purpose::Announce { is_named } => self.announce_ended(to, is_named, outcome, now),
        }
    }

    pub(super) fn message_delivery_ended(&mut self, to: &Address, taken: Entry, outcome: Outcome, now: Now) {
        self.messages_in_flight -= 1;
        let number = self.peers.end_delivery(to);
        self.note_for_handing_on(&outcome);
        match outcome {
            Outcome::Answered(reply) if reply.status == 200 => {
                self.message_taken(to, number, taken, &reply, now);
            }
            Outcome::Answered(Reply { status, .. }) => {
                self.message_failed(to, number, taken, Failure::Status(status), now);
            }
            Outcome::Failed(failure) => self.message_failed(to, number, taken, failure, now),
            Outcome::Ourselves => {
                self.drop_ourselves(to);
                self.put_back(taken, to);
            }
        }
    }

    /// The peer accepted a message: it is no longer here.
    fn message_taken(&mut self, to: &Address, number: Option<usize>, taken: Entry, reply: &Reply, now: Now) {
        let round_trip = reply.round_trip;
        if let Some(number) = number {
            let record = self.peers.record_mut(number);
            record.delivered += 1;
            record.set_round_trip(round_trip);
        }
        self.queue.settle(&taken.queued);
        self.count(|counters| counters.delivered += 1);
        let QueuedMessage { id, message, .. } = taken.queued;
        self.tell(|peers| Event::MessageDelivered {
            id,
            peer: peer_or_stranger(peers, number, to, now),
            message,
            round_trip,
        });
        if let Some(number) = number {
            self.contact_worked(number, now);
        }
    }

    /// The peer did not accept a message, or could not be asked: it is back in the queue.
    fn message_failed(
        &mut self,
        to: &Address,
        number: Option<usize>,
        taken: Entry,
        failure: Failure,
        now: Now,
    ) {
        let is_ours = failure == Failure::NoResources;
        let failed = number.filter(|_| !is_ours);
        failed.into_iter().for_each(|number| self.peers.record_mut(number).count_failure());
        self.count(|counters| counters.failed += 1);
        let is_out_of_reach = matches!(failure, Failure::NotContacted(_));
        let QueuedMessage { id, ref message, .. } = taken.queued;
        self.tell(|peers| {
            let peer = peer_or_stranger(peers, number, to, now);
            Event::DeliveryFailed { id, peer, message: message.clone(), failure }
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

    pub(super) fn put_back(&mut self, taken: Entry, from: &Address) {
        let entry = self.queue.renewed(taken);
        self.admit(entry, || Origin::Returned(from.clone()));
    }

    pub(super) fn announce_ended(&mut self, to: Address, is_named: bool, outcome: Outcome, now: Now) {
        match outcome {
            Outcome::Answered(Reply { status: 200, round_trip, .. }) => {
                self.announce_worked(&to, is_named, round_trip, now);
                self.tell(|_| Event::Announced { peer: to, round_trip });
            }
            Outcome::Answered(Reply { status, .. }) => {
                self.tell(|_| Event::AnnounceFailed { peer: to, failure: Failure::Status(status) });
            }
            Outcome::Failed(failure) => self.tell(|_| Event::AnnounceFailed { peer: to, failure }),
            Outcome::Ourselves => self.drop_ourselves(&to),
        }
    }

    pub(super) fn announce_worked(&mut self, to: &Address, is_named: bool, round_trip: Duration, now: Now) {
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
        if is_named {
            self.peers.keep(number);
        }
    }

    /// An address is another name of this node: it is no peer, now and later.
    pub(super) fn drop_ourselves(&mut self, address: &Address) {
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
}

fn peer_or_stranger(peers: &Peers, number: Option<usize>, address: &Address, now: Now) -> Peer {
    number.map_or_else(|| stranger(address, now), |number| peers.peer(number))
}
