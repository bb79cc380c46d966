//! Deliveries: their start, their receiver, and the effects of their result.

use rand::Rng;

use crate::{
    core::{
        Discovery, Event, Failure, Limit, NewPeerPolicy, Now, Origin, Peer, QueuedMessage, peer_choice,
        peers::{Accepted, Peers},
        queue::Entry,
    },
    protocol::{Address, Kind, Payload},
};

use super::{
    Core, Delivery, DeliveryId, DeliveryResult, InFlight, MAX_ALIASES, MAX_HOLDS, Purpose, Reply,
    replies::ReplyKind, untracked_peer,
};

/// Maximum messages that are owed to verified peers while all of them are busy.
const MAX_OWED: u32 = 64;

impl Core {
    /// Handles the timeout of [`Core::poll_timeout`]: sends the messages that are due.
    pub fn handle_timeout(&mut self, now: Now, rng: &mut impl Rng) {
        self.peers.resume_due(now.uptime);
        self.report_limits(now);
        // Bounds the time of one call if the rule matches a long queue. The remaining messages stay due.
        let mut holds = MAX_HOLDS;
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
            && self.peers.is_any_free()
            && !self.waits_for_live_peer()
            && !self.head_waits_for_others()
    }

    pub(super) fn send_next(&mut self, rng: &mut impl Rng) {
        // The peer is chosen first: without one, the message stays where it is.
        let Some((number, choice)) = self.choose_receiver(rng) else { return };
        let Some(entry) = self.queue.pop() else { return };
        self.update_owed(number);
        self.peers.begin_delivery(number);
        self.messages_in_flight += 1;
        let friend = peer_choice::choose_friend(&self.peers, Some(number), rng);
        self.peers.prefetch_addresses(number, friend);
        let QueuedMessage { id, ref message, .. } = entry.queued;
        let message = message.clone();
        self.emit(|peers| Event::MessageSending {
            id,
            peer: peers.peer(number),
            message: message.clone(),
            choice,
        });
        let to = self.peers.address(number).clone();
        let friend = friend.map(|number| self.peers.address(number).clone());
        let added_by_user = self.peers.record(number).added_by_user;
        let payload = Payload { message, kind: Kind::Message, sender: self.address.clone(), friend };
        self.start_delivery(to, payload, Purpose::Message(entry), added_by_user);
    }

    /// Updates the number of messages owed to verified peers. Each message to a peer that did not respond last time
    /// adds one. A message to a verified peer pays one back.
    fn update_owed(&mut self, number: usize) {
        if self.options.newcomers != NewPeerPolicy::EverySecond {
            return;
        }
        self.owed_to_verified = if self.peers.is_verified(number) {
            self.owed_to_verified.saturating_sub(1)
        } else if self.peers.is_any_verified() {
            (self.owed_to_verified + 1).min(MAX_OWED)
        } else {
            1
        };
    }

    pub(super) fn start_delivery(
        &mut self,
        to: Address,
        payload: Payload,
        purpose: Purpose,
        added_by_user: bool,
    ) -> DeliveryId {
        let id = DeliveryId(self.next_delivery);
        self.next_delivery += 1;
        if self.in_flight.len() == self.in_flight.capacity() {
            // The default growth is larger, and most nodes have one or two.
            self.in_flight.reserve_exact(self.in_flight.len().max(1));
        }
        self.in_flight.push_back(InFlight { id, to: to.clone(), purpose });
        self.outputs.pending().deliveries.push_back(Delivery { id, to, payload, added_by_user });
        id
    }

    /// Handles the result of a delivery. An unknown id is ignored, because the node may have taken the delivery back.
    /// Returns the result as it counts for this node. It differs only for an announce that was accepted by a peer for
    /// which there is no room: [`Failure::NoRoom`].
    pub fn handle_delivery(&mut self, id: DeliveryId, result: DeliveryResult, now: Now) -> DeliveryResult {
        let place = self.in_flight.binary_search_by_key(&id, |in_flight| in_flight.id);
        let in_flight = place.ok().and_then(|place| self.in_flight.remove(place));
        let Some(InFlight { to, purpose, .. }) = in_flight else { return result };
        match purpose {
            Purpose::Message(entry) => {
                self.message_delivery_ended(&to, entry, result.clone(), now);
                result
            }
            Purpose::Announce { added_by_user } => self.announce_ended(to, added_by_user, result, now),
        }
    }

    pub(super) fn message_delivery_ended(
        &mut self,
        to: &Address,
        entry: Entry,
        result: DeliveryResult,
        now: Now,
    ) {
        self.messages_in_flight -= 1;
        let number = self.peers.end_delivery(to);
        self.record_drain_result(&result);
        if let (Some(number), DeliveryResult::Answered(_)) = (number, &result) {
            self.peers.record_mut(number).set_heard(now.uptime);
        }
        match result {
            DeliveryResult::Answered(reply) if reply.status == 200 => {
                self.message_accepted(to, number, entry, &reply, now);
            }
            DeliveryResult::Answered(reply) => {
                self.emit_failed(to, number, &entry, Failure::Status(reply.status), now);
                self.record_refusal_reply(to, number, &reply, &entry, now);
                self.requeue_or_hold(entry, to);
            }
            DeliveryResult::Failed(failure) => self.message_failed(to, number, entry, failure, now),
            DeliveryResult::SelfConnection => {
                self.record_alias(to);
                self.requeue(entry, to);
            }
        }
    }

    /// The peer accepted a message. It is no longer here.
    fn message_accepted(
        &mut self,
        to: &Address,
        number: Option<usize>,
        entry: Entry,
        reply: &Reply,
        now: Now,
    ) {
        let round_trip = reply.round_trip;
        let was_unverified = number.is_some_and(|number| self.peers.record(number).is_unverified());
        if let Some(number) = number {
            self.peers.record_mut(number).delivered += 1;
            self.peers.record_response(number, &reply.into(), now);
        }
        self.queue.release(&entry.queued);
        self.count(|counters| counters.delivered += 1);
        let QueuedMessage { id, message, place, .. } = entry.queued;
        self.emit(|peers| Event::MessageDelivered {
            id,
            peer: peer_or_untracked(peers, number, to, now),
            message,
            place,
            round_trip,
        });
        self.peers.clear_backoff(to);
        if let Some(number) = number {
            self.record_contact_success(number, was_unverified, now);
        }
    }

    /// A delivery failed.
    fn emit_failed(
        &mut self,
        to: &Address,
        number: Option<usize>,
        entry: &Entry,
        failure: Failure,
        now: Now,
    ) {
        let failed = number.filter(|_| failure != Failure::NoResources);
        failed.into_iter().for_each(|number| self.peers.record_mut(number).count_failure());
        self.count(|counters| counters.failed += 1);
        let QueuedMessage { id, ref message, .. } = entry.queued;
        self.emit(|peers| {
            let peer = peer_or_untracked(peers, number, to, now);
            Event::DeliveryFailed { id, peer, message: message.clone(), failure }
        });
    }

    /// The delivery failed: the message returns to the queue.
    fn message_failed(
        &mut self,
        to: &Address,
        number: Option<usize>,
        entry: Entry,
        failure: Failure,
        now: Now,
    ) {
        let is_ours = failure == Failure::NoResources;
        let is_out_of_reach = matches!(failure, Failure::NotContacted(_));
        self.emit_failed(to, number, &entry, failure, now);
        if is_out_of_reach {
            self.record_limit_hit(Limit::Scopes, now);
        }
        if is_ours {
            self.pause_draining(now);
        } else if let Some(number) = number {
            self.record_contact_failure(number, now);
        }
        self.requeue(entry, to);
    }

    pub(super) fn requeue(&mut self, entry: Entry, from: &Address) {
        let Some(entry) = self.hold_returned(entry, from) else { return };
        let entry = self.queue.with_new_id(entry);
        self.admit(entry, || Origin::Returned(from.clone()));
    }

    fn announce_ended(
        &mut self,
        to: Address,
        added_by_user: bool,
        result: DeliveryResult,
        now: Now,
    ) -> DeliveryResult {
        let result = match result {
            DeliveryResult::Answered(reply) if reply.status == 200 => {
                self.announce_accepted(&to, added_by_user, reply, now)
            }
            result => result,
        };
        let answered = matches!(result, DeliveryResult::Answered(_)).then(|| self.peers.find(&to)).flatten();
        answered.into_iter().for_each(|number| self.peers.record_mut(number).set_heard(now.uptime));
        if let DeliveryResult::Answered(reply) = &result
            && reply.kind() == ReplyKind::Busy
        {
            self.peers.pause(&to, reply.retry_after, now.uptime);
        }
        match (&result, result.failure()) {
            (DeliveryResult::SelfConnection, _) => self.record_alias(&to),
            (_, Some(failure)) => self.emit(|_| Event::AnnounceFailed { peer: to, failure }),
            (DeliveryResult::Answered(Reply { round_trip, .. }), None) => {
                self.emit(|_| Event::Announced { peer: to, round_trip: *round_trip });
            }
            (DeliveryResult::Failed(_), None) => {}
        }
        result
    }

    /// The peer accepted our announce: it becomes a peer if there is room.
    fn announce_accepted(
        &mut self,
        to: &Address,
        added_by_user: bool,
        reply: Reply,
        now: Now,
    ) -> DeliveryResult {
        if self.is_this_node(to) {
            return DeliveryResult::SelfConnection;
        }
        self.peers.clear_backoff(to);
        let accepted = (&reply).into();
        if let Some(number) = self.peers.find(to) {
            self.peer_accepted_announce(number, added_by_user, &accepted, now);
            return DeliveryResult::Answered(reply);
        }
        let note = |peers: &mut Peers, number| {
            peers.record_response(number, &accepted, now);
            if added_by_user {
                peers.set_added_by_user(number);
            }
        };
        match self.insert_peer(to, None, now, || Discovery::Announce, note) {
            Some(_) => DeliveryResult::Answered(reply),
            None => DeliveryResult::Failed(Failure::NoRoom),
        }
    }

    /// A known peer accepted our announce.
    fn peer_accepted_announce(&mut self, number: usize, added_by_user: bool, accepted: &Accepted, now: Now) {
        let before = self.peers.peer(number);
        self.peers.record_response(number, accepted, now);
        if added_by_user {
            self.peers.set_added_by_user(number);
        }
        self.record_contact_success(number, before.is_unverified(), now);
        let after = self.peers.peer(number);
        let is_told = before.status != after.status || before.is_unverified() != after.is_unverified();
        if !is_told && before != after {
            self.emit(|_| Event::PeerChanged { peer: after });
        }
    }

    /// Records that an address is another name of this node. It is not a peer, now or later.
    pub(super) fn record_alias(&mut self, address: &Address) {
        self.peers.remove(address);
        if self.aliases.len() < MAX_ALIASES {
            self.aliases.insert(address.clone());
        }
        self.emit(|_| Event::FoundOurselves { address: address.clone() });
    }

    /// Returns all messages in flight to the queue, as when the node stops. Announces in flight fail. A message that a
    /// peer has accepted without our knowledge then exists twice, which the network tolerates.
    pub fn reclaim_in_flight(&mut self) {
        for InFlight { to, purpose, .. } in std::mem::take(&mut self.in_flight) {
            match purpose {
                Purpose::Message(entry) => {
                    self.messages_in_flight -= 1;
                    self.peers.end_delivery(&to);
                    self.requeue(entry, &to);
                }
                Purpose::Announce { .. } => {
                    self.emit(|_| Event::AnnounceFailed { peer: to, failure: Failure::Stopped });
                }
            }
        }
        self.outputs.pending().deliveries.clear();
    }
}

impl From<&Reply> for Accepted {
    fn from(reply: &Reply) -> Self {
        let &Reply { round_trip, remote, has_body, .. } = reply;
        Self { round_trip, remote, has_body }
    }
}

fn peer_or_untracked(peers: &Peers, number: Option<usize>, address: &Address, now: Now) -> Peer {
    number.map_or_else(|| untracked_peer(address, now), |number| peers.peer(number))
}
