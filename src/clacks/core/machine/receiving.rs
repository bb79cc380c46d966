//! Received payloads: the sender becomes a peer, the message is accepted or refused, and the friend becomes a peer.

use std::net::IpAddr;

use clacks_transport::rate_limit_key;

use crate::{
    core::{
        Discovery, Event, HeldBy, Limit, Now, Origin, Peer, QueuedMessage, Refusal, Status, peers::Peers,
        queue::NoRoom, shares::Load,
    },
    protocol::{Address, Kind, Message, Payload},
};

use super::{Arrival, Core, Judged, RETRY_AFTER, Response, millis, replies::SMALL_MESSAGE, untracked_peer};

/// Why a message is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum MessageRefusal {
    /// The node is draining. There may also be no room.
    Draining(Option<NoRoom>),
    /// There is no room for messages from this remote address.
    NoRoom(NoRoom),
    /// There is no room for a message of this size, but for small ones.
    TooLarge(NoRoom),
}

impl MessageRefusal {
    /// Whether other messages from there are not accepted either, so that the sender should pause.
    fn applies_to_all(self) -> bool {
        !matches!(self, Self::TooLarge(_))
    }

    fn room(self) -> Option<NoRoom> {
        match self {
            Self::Draining(no) => no,
            Self::NoRoom(no) | Self::TooLarge(no) => Some(no),
        }
    }

    /// 503 Service Unavailable, or 507 Insufficient Storage.
    fn status(self) -> u16 {
        if self.applies_to_all() { 503 } else { 507 }
    }

    fn reason(self) -> &'static str {
        match self {
            Self::Draining(_) => "handing on what is here before leaving, keep yours",
            Self::NoRoom(NoRoom::Full) => "the queue is full, try again later",
            Self::NoRoom(NoRoom::Share) => {
                "the share of your address in the queue is used up, try again later"
            }
            Self::TooLarge(NoRoom::Full) => {
                "the queue has no room for a message of this size, but for small ones"
            }
            Self::TooLarge(NoRoom::Share) => {
                "the share of your address in the queue has no room for a message of this size, but for small ones"
            }
        }
    }
}

impl Core {
    /// Records a payload from this remote address with this sender. The sender becomes a peer, or alive unless it is
    /// ignored. Returns its new state.
    pub fn record_contact(&mut self, sender: &Address, remote: Option<IpAddr>, now: Now) -> Peer {
        let number = self.record_sender(sender, remote, now);
        number.map_or_else(|| untracked_peer(sender, now), |number| self.peers.peer(number))
    }

    /// As [`Core::record_contact`], but returns the number of the peer, if it is one now.
    pub(super) fn record_sender(
        &mut self,
        sender: &Address,
        remote: Option<IpAddr>,
        now: Now,
    ) -> Option<usize> {
        let Some(number) = self.peers.find(sender) else {
            return self.introduce_rate_limited(sender, remote, now, || Discovery::Inbound);
        };
        self.record_payload_of(number, remote, now);
        Some(number)
    }

    /// Accepts a payload, or refuses it with a reason. Call [`Core::record_contact`] first. Plugins may have changed
    /// the payload in between.
    pub fn accept_payload(
        &mut self,
        sender: &Address,
        payload: Payload,
        remote: Option<IpAddr>,
        now: Now,
    ) -> Response {
        let from = Arrival { sender, remote, now };
        self.accept_from(self.peers.find(sender), from, payload.into())
    }

    /// [`Core::record_contact`] and [`Core::accept_payload`] in one call, for a shell without plugins.
    pub fn receive(&mut self, payload: Payload, remote: Option<IpAddr>, now: Now) -> Response {
        let sender = payload.sender.clone();
        let number = self.record_sender(&sender, remote, now);
        self.accept_from(number, Arrival { sender: &sender, remote, now }, payload.into())
    }

    /// Accepts a payload of a sender, which has this number if it is a peer.
    pub(super) fn accept_from(
        &mut self,
        number: Option<usize>,
        from: Arrival<'_>,
        mut judged: Judged,
    ) -> Response {
        let Arrival { sender, remote, now } = from;
        let record = number.map(|number| self.peers.record(number));
        if record.is_some_and(|record| record.status() == Status::Ignored) {
            return self.refuse(403, "ignored", Some(sender), Some(&judged.payload.message), remote);
        }
        let friend = judged.payload.friend.take();
        // Each event about it says that the peer has changed.
        if let Some(number) = number.filter(|_| judged.payload.kind == Kind::Announce) {
            self.peers.record_mut(number).set_heard(now.uptime);
        }
        match judged.payload.kind {
            Kind::Message => {
                if let Err(answer) = self.accept_messages(number, from, judged) {
                    return answer;
                }
            }
            Kind::Announce => {
                self.count(|counters| counters.announces += 1);
                self.emit(|peers| Event::AnnounceReceived { peer: sender_of(peers, number, from), remote });
            }
            Kind::Other => {}
        }
        if let Some(friend) = friend {
            self.introduce_rate_limited(&friend, remote, now, || Discovery::Referral(sender.clone()));
        }
        Response::accepted()
    }

    /// Accepts all messages of a payload, or none.
    fn accept_messages(
        &mut self,
        number: Option<usize>,
        from: Arrival<'_>,
        judged: Judged,
    ) -> Result<(), Response> {
        let Judged { payload: Payload { message, .. }, others, held, .. } = judged;
        let Arrival { sender, remote, now } = from;
        let is_there = |message: &&Message| !message.is_falsy();
        let mut new = Load::default();
        [&message].into_iter().chain(&others).filter(is_there).for_each(|message| new.add(message.size()));
        let place = remote.map(rate_limit_key);
        if let Err(no) = self.check_accepts(place, new) {
            let answer = self.refuse(no.status(), no.reason(), Some(sender), Some(&message), remote);
            match no.room() {
                None => {}
                Some(NoRoom::Full) => self.record_limit_hit(Limit::Queue, now),
                Some(NoRoom::Share) => self.record_share_hit(place, now),
            }
            return Err(if no.applies_to_all() {
                answer.with_header("retry-after", RETRY_AFTER)
            } else {
                answer
            });
        }
        self.accept_message(number, from, message, held.clone());
        others.into_iter().for_each(|message| self.accept_message(number, from, message, held.clone()));
        Ok(())
    }

    /// Queues or holds a message, for which there is room.
    fn accept_message(
        &mut self,
        number: Option<usize>,
        from: Arrival<'_>,
        message: Message,
        held: Option<HeldBy>,
    ) {
        let Arrival { sender, remote, now } = from;
        number.into_iter().for_each(|number| self.peers.record_mut(number).set_heard(now.uptime));
        let who = |peers: &Peers| sender_of(peers, number, from);
        if message.is_falsy() {
            self.emit(|peers| Event::MessageReceived {
                peer: who(peers),
                message,
                id: None,
                held: None,
                visits: 0,
                remote,
            });
            return;
        }
        let place = remote.map(rate_limit_key);
        let visits = self.count_visit(&message);
        // The peer's own, where there is one: many messages come from few.
        let written_by = number.map_or(sender, |number| self.peers.address(number)).clone();
        let entry = self.queue.add(message, millis(now.uptime), visits, Some(written_by), place);
        self.count(|counters| counters.received += 1);
        if let Some(number) = number {
            self.peers.record_mut(number).received += 1;
        }
        let QueuedMessage { id, ref message, .. } = entry.queued;
        let held = held.or_else(|| self.is_to_be_held(&entry).then_some(HeldBy::Rule));
        self.emit(|peers| {
            let (peer, message) = (who(peers), message.clone());
            Event::MessageReceived { peer, message, id: Some(id), held: held.clone(), visits, remote }
        });
        self.admit_checked(entry, held, || Origin::Received(sender.clone()));
    }

    /// Whether messages are accepted from this place now, all or none. No messages are always accepted.
    fn check_accepts(&self, place: Option<IpAddr>, new: Load) -> Result<(), MessageRefusal> {
        if new.messages == 0 {
            return Ok(());
        }
        let room = self.queue.check_share(place, new);
        if self.draining.is_some() {
            return Err(MessageRefusal::Draining(room.err()));
        }
        room.map_err(|no| {
            let small = Load::of(SMALL_MESSAGE);
            let has_small = new.bytes > SMALL_MESSAGE && self.queue.check_share(place, small).is_ok();
            if has_small { MessageRefusal::TooLarge(no) } else { MessageRefusal::NoRoom(no) }
        })
    }

    /// Records a refused request and returns the response. The reason may be the shell's own.
    pub fn refuse(
        &mut self,
        status: u16,
        reason: &str,
        sender: Option<&Address>,
        message: Option<&Message>,
        remote: Option<IpAddr>,
    ) -> Response {
        self.count(|counters| counters.refused += 1);
        self.emit(|_| {
            Event::Refused(Refusal {
                status,
                reason: reason.to_owned(),
                sender: sender.cloned(),
                preview: message.map(Refusal::preview_of),
                remote,
            })
        });
        Response::refused(status, reason)
    }
}

/// The sender of a payload, which has this number if it is a peer.
fn sender_of(peers: &Peers, number: Option<usize>, from: Arrival<'_>) -> Peer {
    number.map_or_else(|| untracked_peer(from.sender, from.now), |number| peers.peer(number))
}
