//! Responses other than 200: their effect on the peer and the message, pauses, and messages that nobody accepts.

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    net::IpAddr,
    time::Duration,
};

use rand::Rng;

use crate::{
    core::{
        HeldBy, HeldMessage, Limit, Now, Origin, PeerChoice, PeerCounts, Status, peer_choice, queue::Entry,
        refusals::MessageRefusals,
    },
    protocol::{Address, Message},
};

use super::{Core, InFlight, Purpose, Reply};

/// Maximum size in bytes of a message that every peer accepts, including package nodes. A refusal of a larger message
/// may be because of its size.
pub(super) const SMALL_MESSAGE: usize = 15 << 10;

/// The meaning of a response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ReplyKind {
    /// 200: the payload was accepted.
    Accepted,
    /// 429 and 503: the peer is there, but accepts nothing at the moment.
    Busy,
    /// The peer is there, but never accepts this message.
    MessageRefused,
    /// The peer refuses this node, does not speak the protocol, or cannot be reached behind the gateway that responded.
    /// It counts as no response.
    NoPeer,
}

impl Reply {
    pub(super) fn kind(&self) -> ReplyKind {
        ReplyKind::of(self.status)
    }
}

impl ReplyKind {
    fn of(status: u16) -> Self {
        match status {
            200 => Self::Accepted,
            429 | 503 => Self::Busy,
            // Gateways that do not reach the peer. The statuses from 520 on are common but not registered.
            502 | 504 | 520..=530 => Self::NoPeer,
            400 | 413 | 414 | 422 | 431 | 500..=599 => Self::MessageRefused,
            _ => Self::NoPeer,
        }
    }
}

impl Core {
    /// Handles a response other than 200 to a message. The peer's status changes only if the response counts as none,
    /// or if a new peer is busy. New peers are sent to first, so one that is always busy would take the turns of the
    /// others.
    pub(super) fn record_refusal_reply(
        &mut self,
        to: &Address,
        number: Option<usize>,
        reply: &Reply,
        entry: &Entry,
        now: Now,
    ) {
        let is_failure = match reply.kind() {
            ReplyKind::Accepted => false,
            ReplyKind::Busy => {
                self.peers.pause(to, reply.retry_after, now.uptime);
                number.is_some_and(|number| self.peers.record(number).status() == Status::New)
            }
            ReplyKind::MessageRefused => self.message_refused(to, number.is_some(), reply.remote, entry, now),
            ReplyKind::NoPeer => true,
        };
        if let Some(number) = number.filter(|_| is_failure) {
            self.record_contact_failure(number, now);
        }
    }

    /// A peer refused a message. Returns whether it refuses all messages. Such a refusal does not count against the
    /// message, and the peer is paused for longer and longer.
    fn message_refused(
        &mut self,
        to: &Address,
        is_known: bool,
        remote: Option<IpAddr>,
        entry: &Entry,
        now: Now,
    ) -> bool {
        let message = &entry.queued.message;
        let refuses_all =
            is_known && message.size() <= SMALL_MESSAGE && self.peers.record_refusal(to, digest(message));
        if refuses_all {
            self.peers.pause(to, None, now.uptime);
        } else {
            self.queue.refusals_mut(entry.queued.id).record(to, remote);
        }
        refuses_all
    }

    /// Returns a refused message to the queue, or holds it if sending it again is pointless.
    pub(super) fn requeue_or_hold(&mut self, entry: Entry, from: &Address) {
        let should_hold = self.queue.refusals(entry.queued.id).is_some_and(|refused| {
            let refusers = refused.peers().filter(|peer| self.is_new_or_alive(peer)).count();
            let counts = self.peers.counts();
            refused.should_hold(counts.new + counts.alive > refusers)
        });
        if !should_hold {
            return self.requeue(entry, from);
        }
        let Some(entry) = self.hold_returned(entry, from) else { return };
        let queued = self.queue.with_new_id(entry).queued;
        self.queue.forget_refusals(queued.id);
        self.hold_entry(HeldMessage { queued, by: HeldBy::Refused }, Origin::Returned(from.clone()));
    }

    fn is_new_or_alive(&self, peer: &Address) -> bool {
        matches!(self.peers.status(peer), Some(Status::New | Status::Alive))
    }

    /// Chooses the receiver of the head of the queue: a peer that has not refused it, if one is free.
    pub(super) fn choose_receiver(&mut self, rng: &mut impl Rng) -> Option<(usize, PeerChoice)> {
        let refusers: Vec<usize> = self.free_refusers().collect();
        refusers.iter().for_each(|number| _ = self.peers.set_paused(*number, true));
        let chosen = peer_choice::choose(self.candidates(), &self.peers, rng);
        refusers.iter().for_each(|number| _ = self.peers.set_paused(*number, false));
        if chosen.is_some() || refusers.is_empty() {
            return chosen;
        }
        peer_choice::choose(self.candidates(), &self.peers, rng)
    }

    /// Whether the head of the queue waits for a busy peer, because all free peers refused it. It waits only while
    /// every message behind it was refused as well, so that it does not block others.
    pub(super) fn head_waits_for_others(&self) -> bool {
        let Some(refused) = self.queue.refusals_of_head().filter(|_| self.queue.are_all_refused()) else {
            return false;
        };
        let is_other = |in_flight: &InFlight| {
            let to = &in_flight.to;
            matches!(in_flight.purpose, Purpose::Message(_))
                && self.is_new_or_alive(to)
                && !refused.contains(to)
        };
        let PeerCounts { new, alive, lost, dead, .. } = self.peers.free_counts();
        let only_good = self.drains_to_live_peers();
        let free = new + alive + if only_good { 0 } else { lost + dead };
        let refusers = self
            .free_refusers()
            .filter(|number| !only_good || self.is_new_or_alive(self.peers.address(*number)));
        free == refusers.count() && self.in_flight.iter().any(is_other)
    }

    /// The free peers that refused the head of the queue.
    fn free_refusers(&self) -> impl Iterator<Item = usize> {
        let refused = self.queue.refusals_of_head().into_iter();
        let numbers = refused.flat_map(MessageRefusals::peers).filter_map(|peer| self.peers.find(peer));
        numbers.filter(|number| self.peers.is_free(*number))
    }

    /// Uptime of the end of the pause that keeps a message from being sent.
    pub(super) fn next_resume(&self) -> Option<Duration> {
        let waits = !self.queue.is_empty() && self.messages_in_flight < self.options.max_in_flight;
        self.peers.next_resume().filter(|_| waits)
    }

    /// Uptime until which this address asked for a pause; `None` if there is no pause.
    pub fn paused_until(&self, address: &Address) -> Option<Duration> {
        self.peers.paused_until(address)
    }

    /// Records that the share of this rate-limit key was used up.
    pub(super) fn record_share_hit(&mut self, place: Option<IpAddr>, now: Now) {
        place.into_iter().for_each(|place| self.queue.count_refused(place));
        self.record_limit_hit(Limit::QueueShares, now);
    }
}

fn digest(message: &Message) -> u64 {
    let mut hasher = DefaultHasher::new();
    message.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_http_status_has_one_meaning() {
        use ReplyKind::{Accepted, Busy, MessageRefused, NoPeer};
        for (statuses, expected) in [
            (&[200_u16] as &[_], Accepted),
            (&[429, 503], Busy),
            (&[400, 413, 414, 422, 431, 500, 501, 505, 519, 531, 599], MessageRefused),
            (&[502, 504, 520, 525, 530], NoPeer),
            (&[100, 199, 201, 204, 301, 302, 304, 401, 403, 404, 405, 408, 410, 426, 451, 600, 999], NoPeer),
        ] {
            for status in statuses {
                assert_eq!(Reply::new(*status, Duration::ZERO).kind(), expected, "{status}");
            }
        }
    }
}
