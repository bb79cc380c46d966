//! Pauses and refusals.

use super::*;

impl Model {
    /// The peer accepted something.
    pub(super) fn clear_backoff(&mut self, address: &Address) {
        self.paused.remove(address);
        self.backoff.remove(address);
    }

    /// Pauses a peer for a second, and twice as long each time.
    pub(super) fn pause(&mut self, address: &Address) {
        if self.paused.get(address).is_some_and(|until| *until > self.now.uptime) {
            return;
        }
        let (seconds, _) = self.backoff.entry(address.clone()).or_default();
        *seconds = (*seconds * 2).clamp(1, 60);
        self.paused.insert(address.clone(), self.now.uptime + Duration::from_secs(*seconds));
    }

    /// Ends the pauses that are over.
    pub(super) fn resume(&mut self) {
        let now = self.now.uptime;
        self.paused.retain(|_, until| *until > now);
        self.forget_backoffs();
    }

    /// Forgets unknown peers, except for their pauses.
    pub(super) fn forget_backoffs(&mut self) {
        let (peers, paused) = (&self.peers, &self.paused);
        self.backoff.retain(|address, _| peers.contains_key(address) || paused.contains_key(address));
    }

    /// Handles a response other than 200 that does not count as no response.
    pub(super) fn refused(&mut self, to: &Address, message: &Message, status: u16) {
        match status {
            503 => {
                self.pause(to);
                if self.status(to) == Some(Status::New) {
                    self.record_contact_failure(to);
                }
            }
            413 | 500 => {
                let text = message.as_json().to_owned();
                let row = &mut self.backoff.entry(to.clone()).or_default().1;
                row.insert(text.clone());
                let refuses_all = self.peers.contains_key(to) && row.len() >= 3;
                self.forget_backoffs();
                if refuses_all {
                    self.record_contact_failure(to);
                    self.pause(to);
                } else {
                    let (times, peers) = self.refusals.entry(text).or_default();
                    *times += 1;
                    peers.insert(to.clone());
                }
            }
            _ => self.record_contact_failure(to),
        }
    }

    /// Whether a message is to be held: three peers refused it, or it was refused three times and there are no others.
    pub(super) fn should_hold(&self, message: &Message) -> bool {
        self.refusals.get(message.as_json()).is_some_and(|(times, peers)| {
            let others = self.live().into_iter().filter(|live| !peers.contains(live));
            peers.len() >= 3 || *times >= if others.count() > 0 { 12 } else { 3 }
        })
    }

    /// The peers that refused the head of the queue.
    pub(super) fn refusers(&self) -> BTreeSet<Address> {
        let head = self.queue.first().and_then(|head| self.refusals.get(head.as_json()));
        head.map(|(_, peers)| peers.clone()).unwrap_or_default()
    }

    /// Whether the head waits for a busy peer that has not refused it. All free peers have refused it, and so was every
    /// message behind it.
    pub(super) fn waits_for_others(&self) -> bool {
        let (refusers, live) = (self.refusers(), self.live());
        let is_other = |(_, to, message): &(DeliveryId, Address, Option<Message>)| {
            message.is_some() && live.contains(to) && !refusers.contains(to)
        };
        let is_candidate = |peer: &&Address| {
            self.is_free(peer) && (!self.is_draining || live.is_empty() || live.contains(peer))
        };
        let was_refused = |message: &Message| self.refusals.contains_key(message.as_json());
        !refusers.is_empty()
            && self.queue.iter().all(was_refused)
            && self.peers.keys().filter(|peer| is_candidate(peer)).all(|peer| refusers.contains(peer))
            && self.in_flight.iter().any(is_other)
    }

    /// Whether sending waits for the end of a pause.
    pub(super) fn waits_for_a_pause(&self) -> bool {
        !self.queue.is_empty()
            && self.messages_in_flight().count() < self.options.max_in_flight
            && !self.paused.is_empty()
    }
}
