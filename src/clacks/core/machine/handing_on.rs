//! Handing on what is here before the node leaves: nothing new is taken, and messages are sent as fast as may be.

use std::time::Duration;

use crate::core::{Failure, MessageState, Newcomers, Now, PeerCounts, choice::Candidates};

use super::{Core, Outcome};

/// How long after one try of a peer that is not alive until the next, while nobody else is there; and after this node
/// had no files left for a connection.
const BETWEEN_TRIES: Duration = Duration::from_millis(100);
/// So many failures in a row are enough to say that nobody takes messages, however many peers there are.
const MOST_TRIES: usize = 20;

#[derive(Debug, Default)]
pub(super) struct HandingOn {
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
    pub fn set_handing_on(&mut self, on: bool) {
        match (on, &self.handing_on) {
            (true, None) => self.handing_on = Some(Box::default()),
            (true, Some(_)) => {}
            (false, _) => {
                let held = self.handing_on.take().map(|handing_on| handing_on.held).unwrap_or_default();
                self.restore_messages(held);
            }
        }
    }

    /// Begins to hand on what waits and what is held as well. When the node goes back to normal, the messages that are
    /// still here are held again, each as it was; one that is on its way by then, if it comes back.
    pub fn hand_on_with_held(&mut self) {
        let held = self.held_states();
        self.set_handing_on(true);
        self.release_all();
        self.handing_on.iter_mut().for_each(|handing_on| handing_on.held.extend(held.iter().cloned()));
    }

    /// Whether the node hands on what it has.
    pub fn is_handing_on(&self) -> bool {
        self.handing_on.is_some()
    }

    /// Whether nobody is there to take a message: no peer, or none but such that were lost and that failed again.
    pub fn is_nobody_there(&self) -> bool {
        let PeerCounts { new, alive, lost, dead, .. } = self.peers.counts();
        let failures = self.handing_on.as_ref().map_or(0, |handing_on| handing_on.failures);
        let others = lost + dead;
        new + alive == 0
            && self.messages_in_flight == 0
            && (others == 0 || failures >= others.min(MOST_TRIES))
    }

    /// While messages are handed on, a busy peer that is alive is waited for rather than a lost one tried.
    pub(super) fn waits_for_a_good_peer(&self) -> bool {
        if !self.hands_on_to_good_peers() {
            return false;
        }
        let PeerCounts { new, alive, .. } = self.peers.free_counts();
        new + alive == 0
    }

    /// Whether messages are handed on and there are peers that are not lost or dead.
    pub(super) fn hands_on_to_good_peers(&self) -> bool {
        let PeerCounts { new, alive, .. } = self.peers.counts();
        self.handing_on.is_some() && new + alive > 0
    }

    /// Whom the next message can go to.
    pub(super) fn candidates(&self) -> Candidates {
        let mut candidates = Candidates::of(&self.peers, self.owed_to_proven > 0);
        candidates.is_oldest_next = self.options.newcomers == Newcomers::Oldest;
        if self.hands_on_to_good_peers() {
            candidates.free = PeerCounts { lost: 0, dead: 0, ..candidates.free };
        }
        candidates
    }

    /// When the next message may be sent, as uptime.
    pub(super) fn next_send(&self) -> Duration {
        match &self.handing_on {
            Some(handing_on) if self.hands_on_to_good_peers() => handing_on.pauses_until,
            Some(handing_on) => handing_on.next_try.max(handing_on.pauses_until),
            None => self.pace.next(),
        }
    }

    pub(super) fn is_due(&self, now: Duration) -> bool {
        self.next_send() <= now
    }

    /// A message is sent.
    pub(super) fn advance(&mut self, now: Duration) {
        match &mut self.handing_on {
            Some(handing_on) => handing_on.next_try = now + BETWEEN_TRIES,
            None => self.pace.advance(now),
        }
    }

    /// Nothing can be sent just now, whoever is there.
    pub(super) fn pause_handing_on(&mut self, now: Now) {
        if let Some(handing_on) = &mut self.handing_on {
            handing_on.pauses_until = now.uptime + BETWEEN_TRIES;
        }
    }

    pub(super) fn note_for_handing_on(&mut self, outcome: &Outcome) {
        // Nobody was asked.
        let was_asked = outcome.failure() != Some(Failure::NoResources);
        if let Some(handing_on) = self.handing_on.as_mut().filter(|_| was_asked) {
            let has_failed = !outcome.is_taken();
            handing_on.failures = if has_failed { handing_on.failures + 1 } else { 0 };
        }
    }
}
