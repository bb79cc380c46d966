//! Handing on what is here before the node leaves: nothing new is taken, and messages are sent as fast as may be.

use std::time::Duration;

use crate::core::{Failure, MessageState, NewPeerPolicy, Now, PeerCounts, peer_choice::Candidates};

use super::{Core, DeliveryResult};

/// How long after one try of a peer that is not alive until the next, while nobody else is there; and after this node
/// had no files left for a connection.
const BETWEEN_TRIES: Duration = Duration::from_millis(100);
/// So many failures in a row are enough to say that nobody takes messages, however many peers there are.
const MOST_TRIES: usize = 20;

#[derive(Debug, Default)]
pub(super) struct Draining {
    /// Deliveries that failed since one succeeded.
    failures: usize,
    /// When a peer that is not alive may be tried again, as uptime.
    next_try: Duration,
    /// When any peer may, as uptime.
    pauses_until: Duration,
    /// The messages that were held and are handed on as well, as they were.
    held: Vec<MessageState>,
}

impl Core {
    /// Begins to hand on what waits, or goes back to normal. Meanwhile no message is taken, from peers (503) or from
    /// the user, and those that wait are sent without regard for the send rate, within the bounds of what may be in
    /// flight; to lost and dead peers only if there are no others. What is held stays.
    pub fn set_draining(&mut self, on: bool) {
        match (on, &self.draining) {
            (true, None) => self.draining = Some(Box::default()),
            (true, Some(_)) => {}
            (false, _) => {
                let held = self.draining.take().map(|draining| draining.held).unwrap_or_default();
                self.restore_messages(held);
            }
        }
    }

    /// Begins to hand on what waits and what is held as well. When the node goes back to normal, the messages that are
    /// still here are held again, each as it was; one that is on its way by then, if it comes back.
    pub fn drain_with_held(&mut self) {
        let held = self.held_states();
        self.set_draining(true);
        self.release_all();
        self.draining.iter_mut().for_each(|draining| draining.held.extend(held.iter().cloned()));
    }

    /// Whether the node hands on what it has.
    pub fn is_draining(&self) -> bool {
        self.draining.is_some()
    }

    /// Whether nobody is there to take a message: no peer, or none but such that were lost and that failed again.
    pub fn has_no_receiver(&self) -> bool {
        let PeerCounts { new, alive, lost, dead, .. } = self.peers.counts();
        let failures = self.draining.as_ref().map_or(0, |draining| draining.failures);
        let others = lost + dead;
        new + alive == 0
            && self.messages_in_flight == 0
            && (others == 0 || failures >= others.min(MOST_TRIES))
    }

    /// While messages are handed on, a busy peer that is alive is waited for rather than a lost one tried.
    pub(super) fn waits_for_live_peer(&self) -> bool {
        if !self.drains_to_live_peers() {
            return false;
        }
        let PeerCounts { new, alive, .. } = self.peers.free_counts();
        new + alive == 0
    }

    /// Whether messages are handed on and there are peers that are not lost or dead.
    pub(super) fn drains_to_live_peers(&self) -> bool {
        let PeerCounts { new, alive, .. } = self.peers.counts();
        self.draining.is_some() && new + alive > 0
    }

    /// Whom the next message can go to.
    pub(super) fn candidates(&self) -> Candidates {
        let mut candidates = Candidates::of(&self.peers, self.owed_to_verified > 0);
        candidates.is_oldest_next = self.options.newcomers == NewPeerPolicy::Oldest;
        if self.drains_to_live_peers() {
            candidates.free = PeerCounts { lost: 0, dead: 0, ..candidates.free };
        }
        candidates
    }

    /// When the next message may be sent, as uptime.
    pub(super) fn next_send(&self) -> Duration {
        match &self.draining {
            Some(draining) if self.drains_to_live_peers() => draining.pauses_until,
            Some(draining) => draining.next_try.max(draining.pauses_until),
            None => self.send_timer.next(),
        }
    }

    pub(super) fn is_due(&self, now: Duration) -> bool {
        self.next_send() <= now
    }

    /// A message is sent.
    pub(super) fn advance(&mut self, now: Duration) {
        match &mut self.draining {
            Some(draining) => draining.next_try = now + BETWEEN_TRIES,
            None => self.send_timer.advance(now),
        }
    }

    /// Nothing can be sent just now, whoever is there.
    pub(super) fn pause_draining(&mut self, now: Now) {
        if let Some(draining) = &mut self.draining {
            draining.pauses_until = now.uptime + BETWEEN_TRIES;
        }
    }

    pub(super) fn record_drain_result(&mut self, outcome: &DeliveryResult) {
        // Nobody was asked.
        let was_asked = outcome.failure() != Some(Failure::NoResources);
        if let Some(draining) = self.draining.as_mut().filter(|_| was_asked) {
            let has_failed = !outcome.is_accepted();
            draining.failures = if has_failed { draining.failures + 1 } else { 0 };
        }
    }
}
