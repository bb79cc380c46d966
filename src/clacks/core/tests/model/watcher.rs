//! The state that the events alone describe.

use super::*;

impl Watcher {
    /// An event contains the peer as it is at that time.
    pub(super) fn see(&mut self, peer: Peer) {
        let Some(known) = self.peers.get_mut(&peer.address) else { return };
        let was_unverified = std::mem::replace(known, peer).is_unverified();
        self.confirmed = (was_unverified && !known.is_unverified()).then(|| known.address.clone());
    }

    pub(super) fn watch(&mut self, event: Event) {
        match event {
            Event::MessageQueued { id, message, .. } => {
                assert_eq!(self.queue.insert(id, message), None);
            }
            Event::MessageSending { id, message, .. } => {
                assert_eq!(self.queue.remove(&id), Some(message));
            }
            Event::MessageReceived { peer, .. }
            | Event::AnnounceReceived { peer, .. }
            | Event::MessageDelivered { peer, .. }
            | Event::DeliveryFailed { peer, .. } => self.see(peer),
            Event::MessageDropped { id, message, .. } => {
                assert_eq!(self.queue.remove(&id).or(self.held.remove(&id)), Some(message));
            }
            Event::MessageHeld { held, origin } => {
                let (id, message) = (held.queued.id, held.queued.message);
                let waited = if origin.is_none() { Some(message.clone()) } else { None };
                assert_eq!(self.queue.remove(&id), waited);
                assert_eq!(self.held.insert(id, message), None);
            }
            Event::MessageReleased { was, queued } => {
                assert_eq!(self.held.remove(&was).as_ref(), Some(&queued.message));
                assert_eq!(self.queue.insert(queued.id, queued.message), None);
            }
            Event::MessageChanged { before, queued, .. } => {
                let text = self.queue.get_mut(&queued.id).or(self.held.get_mut(&queued.id)).unwrap();
                assert_eq!(std::mem::replace(text, queued.message), before);
            }
            Event::MessageRestored { was, queued, held } => {
                let former = was.map(|was| self.queue.remove(&was).or(self.held.remove(&was)));
                assert_ne!(former, Some(None), "{was:?} was not here");
                let list = if held.is_some() { &mut self.held } else { &mut self.queue };
                assert_eq!(list.insert(queued.id, queued.message), None);
            }
            Event::PeerDiscovered { peer, .. } => {
                assert_eq!(self.peers.insert(peer.address.clone(), peer), None);
            }
            Event::PeerUpdated { peer, from } => {
                let before = self.peers.insert(peer.address.clone(), peer);
                assert_eq!(before.map(|peer| peer.status), Some(from));
            }
            Event::PeerChanged { peer } => {
                let before = self.peers.insert(peer.address.clone(), peer.clone()).unwrap();
                assert!(before != peer && before.status == peer.status, "nothing of {peer:?} changed");
            }
            Event::ClaimConfirmed { peer } => {
                let is_expected = self.confirmed.take().as_ref() == Some(&peer.address);
                let before = self.peers.insert(peer.address.clone(), peer.clone()).unwrap();
                assert!(is_expected || before.is_unverified(), "{before:?} was no claim");
                assert!(!peer.is_unverified());
            }
            Event::PeerForgotten { peer } => {
                assert_eq!(self.peers.remove(&peer.address), Some(peer));
            }
            Event::LimitsMet { met } => self.limits = met,
            Event::FoundOurselves { address } => {
                self.peers.remove(&address);
            }
            _ => {}
        }
    }
}
