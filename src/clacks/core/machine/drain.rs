//! Draining before the node stops: no message is accepted, and the queue is sent as fast as possible.

use std::time::Duration;

use crate::core::{Failure, MessageState, NewPeerPolicy, Now, PeerCounts, peer_choice::Candidates};

use super::{Core, DeliveryResult};

/// Pause after an attempt to reach a peer that is not alive, while there are no others, and after this machine lacked a
/// resource.
const RETRY_INTERVAL: Duration = Duration::from_millis(100);
/// Number of failures in a row after which there is no receiver, however many peers there are.
const MAX_FAILURES: usize = 20;

#[derive(Debug, Default)]
pub(super) struct Draining {
    /// Failed deliveries since the last success.
    failures: usize,
    /// Uptime from which a lost or dead peer may be tried.
    next_retry: Duration,
    /// Uptime from which any peer may be tried.
    paused_until: Duration,
    /// The saved states of the messages that were held and are sent as well.
    held: Vec<MessageState>,
}

impl Core {
    /// Begins or ends draining. While the node drains it accepts no message, from peers (503) or from the user. It
    /// sends the queue without regard for the send rate, within the limits on deliveries in flight; to lost and dead
    /// peers only if there are no others. Held messages stay.
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

    /// Begins draining with the held messages. When draining ends, those that are still here are held again in their
    /// former state; one that is being sent then, when it returns.
    pub fn drain_with_held(&mut self) {
        let held = self.held_states();
        self.set_draining(true);
        self.release_all();
        self.draining.iter_mut().for_each(|draining| draining.held.extend(held.iter().cloned()));
    }

    /// Whether the node is draining.
    pub fn is_draining(&self) -> bool {
        self.draining.is_some()
    }

    /// Whether no peer can receive a message: there is none, or all of them were lost or dead and failed again.
    pub fn has_no_receiver(&self) -> bool {
        let PeerCounts { new, alive, lost, dead, .. } = self.peers.counts();
        let failures = self.draining.as_ref().map_or(0, |draining| draining.failures);
        let others = lost + dead;
        new + alive == 0
            && self.messages_in_flight == 0
            && (others == 0 || failures >= others.min(MAX_FAILURES))
    }

    /// Whether all live peers are busy while the node drains. It then waits for one of them and does not try a lost
    /// peer.
    pub(super) fn waits_for_live_peer(&self) -> bool {
        if !self.drains_to_live_peers() {
            return false;
        }
        let PeerCounts { new, alive, .. } = self.peers.free_counts();
        new + alive == 0
    }

    /// Whether the node drains and has new or alive peers.
    pub(super) fn drains_to_live_peers(&self) -> bool {
        let PeerCounts { new, alive, .. } = self.peers.counts();
        self.draining.is_some() && new + alive > 0
    }

    /// The candidates for the next message.
    pub(super) fn candidates(&self) -> Candidates {
        let mut candidates = Candidates::of(&self.peers, self.owed_to_verified > 0);
        candidates.is_oldest_next = self.options.newcomers == NewPeerPolicy::Oldest;
        if self.drains_to_live_peers() {
            candidates.free = PeerCounts { lost: 0, dead: 0, ..candidates.free };
        }
        candidates
    }

    /// Uptime of the next send.
    pub(super) fn next_send(&self) -> Duration {
        match &self.draining {
            Some(draining) if self.drains_to_live_peers() => draining.paused_until,
            Some(draining) => draining.next_retry.max(draining.paused_until),
            None => self.send_timer.next(),
        }
    }

    pub(super) fn is_due(&self, now: Duration) -> bool {
        self.next_send() <= now
    }

    /// Schedules the next send after a message was sent.
    pub(super) fn advance(&mut self, now: Duration) {
        match &mut self.draining {
            Some(draining) => draining.next_retry = now + RETRY_INTERVAL,
            None => self.send_timer.advance(now),
        }
    }

    /// Pauses the drain, because this machine lacks a resource.
    pub(super) fn pause_draining(&mut self, now: Now) {
        if let Some(draining) = &mut self.draining {
            draining.paused_until = now.uptime + RETRY_INTERVAL;
        }
    }

    pub(super) fn record_drain_result(&mut self, result: &DeliveryResult) {
        // Without a resource no peer was contacted.
        let was_contacted = result.failure() != Some(Failure::NoResources);
        if let Some(draining) = self.draining.as_mut().filter(|_| was_contacted) {
            let has_failed = !result.is_accepted();
            draining.failures = if has_failed { draining.failures + 1 } else { 0 };
        }
    }
}
