//! Who knows the node by its events alone.

use super::*;

/// A watcher, who knows the node by its events alone.
#[derive(Default)]
pub(super) struct Watcher {
    pub(super) peers: BTreeMap<Address, Status>,
    pub(super) queue: BTreeMap<MessageId, Message>,
    pub(super) held: BTreeMap<MessageId, Message>,
    pub(super) met: LimitCounts,
}

impl Watcher {
    pub(super) fn watch(&mut self, event: Event) {
        match event {
            Event::MessageQueued { id, message, .. } => {
                assert_eq!(self.queue.insert(id, message), None);
            }
            Event::MessageSending { id, message, .. } => {
                assert_eq!(self.queue.remove(&id), Some(message));
            }
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
            Event::MessageChanged { before, queued } => {
                let text = self.queue.get_mut(&queued.id).or(self.held.get_mut(&queued.id)).unwrap();
                assert_eq!(std::mem::replace(text, queued.message), before);
            }
            Event::PeerDiscovered { peer, .. } => {
                assert_eq!(self.peers.insert(peer.address, peer.status), None);
            }
            Event::PeerUpdated { peer, from } => {
                assert_eq!(self.peers.insert(peer.address, peer.status), Some(from));
            }
            Event::PeerForgotten { peer } => {
                assert_eq!(self.peers.remove(&peer.address), Some(peer.status));
            }
            Event::FoundOurselves { address } => {
                self.peers.remove(&address);
            }
            Event::LimitsMet { met } => self.met = met,
            _ => {}
        }
    }
}
