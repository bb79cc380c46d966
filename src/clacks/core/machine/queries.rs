//! What a screen shows.

use std::ops::Range;

use crate::{
    core::{Counters, MessageId, Options, Peer, PeerCounts, PlaceShare, QueuedMessage, Status},
    protocol::Address,
};

use super::{Core, InFlight, Purpose};

impl Core {
    /// How many peers of each status the next message could go to: those that have room for one more delivery, and only the
    /// proven ones if it is their turn: see [`Core::next_is_verified_only`].
    pub fn free_peers(&self) -> PeerCounts {
        self.candidates().free
    }

    /// Whether the next message is for a proven peer: one that answered when it was last tried, or that the user named and
    /// that was never tried. After each message to another, one is owed to them, and sent as soon as one of them is free.
    /// Only with [`NewPeerPolicy::EverySecond`](crate::core::NewPeerPolicy::EverySecond).
    pub fn next_is_verified_only(&self) -> bool {
        self.candidates().verified_only
    }

    /// Where this node listens, as it tells others.
    pub fn address(&self) -> &Address {
        &self.address
    }

    /// How the node behaves. The address is that of [`Core::address`], except in a simulation, where it is of one node of
    /// all that behave so.
    pub fn options(&self) -> &Options {
        &self.options
    }

    /// What has happened since the node started.
    pub fn counters(&self) -> Counters {
        self.counters.as_deref().copied().unwrap_or_default()
    }

    /// A peer by its address.
    pub fn peer(&self, address: &Address) -> Option<Peer> {
        self.peers.get(address)
    }

    /// How many peers have each status.
    pub fn peer_counts(&self) -> PeerCounts {
        self.peers.counts()
    }

    /// All peers, by status (new, alive, lost, dead, ignored) and then by address.
    pub fn peers(&self) -> impl Iterator<Item = Peer> {
        self.peers.iter()
    }

    /// The peers that are listed behind a place of the list, whether or not a peer is there; all of them for `None`.
    pub fn peers_after<'a>(
        &'a self,
        place: Option<(Status, &'a Address)>,
    ) -> impl Iterator<Item = Peer> + use<'a> {
        self.peers.after(place)
    }

    /// Up to `most` of the peers that have a number below this, in no order, and the lowest of their numbers. Who begins
    /// with [`usize::MAX`] and goes on with the number returned until it is 0 sees each peer that is known all the while,
    /// whatever happens in between, and some perhaps twice.
    pub fn portion_of_peers(&self, below: usize, most: usize) -> (Vec<Peer>, usize) {
        let end = below.min(self.peers.len());
        let begin = end.saturating_sub(most);
        ((begin..end).rev().map(|number| self.peers.peer(number)).collect(), begin)
    }

    /// The addresses of those that are new or alive, in no order.
    #[cfg(feature = "simulation")]
    pub(crate) fn live_peers(&self) -> impl Iterator<Item = &Address> {
        self.peers.live()
    }

    /// The peers listed around `anchor`: up to `before` that stand before it, then it and those behind it, up to
    /// `after` in all. The first of the list if the anchor is not known.
    pub fn peers_around(&self, anchor: &Address, before: usize, after: usize) -> Vec<Peer> {
        self.peers.window(anchor, before, after)
    }

    /// The last `count` peers of the list.
    pub fn last_peers(&self, count: usize) -> Vec<Peer> {
        self.peers.last(count)
    }

    /// The messages that wait, at these positions; 0 is the head.
    pub fn queue(&self, positions: Range<usize>) -> impl Iterator<Item = QueuedMessage> {
        self.queue.window(positions)
    }

    /// How many messages wait.
    pub fn queue_len(&self) -> usize {
        self.queue.len()
    }

    /// Bytes of JSON text that this node has: waiting, held and in flight.
    pub fn held_bytes(&self) -> usize {
        self.queue.bytes()
    }

    /// The remote places with the largest shares of the messages here, the largest first, and how many places there are.
    /// Looks at each place.
    pub fn places(&self, most: usize) -> (Vec<PlaceShare>, usize) {
        self.queue.largest_shares(most)
    }

    /// How many messages are on their way.
    pub fn in_flight(&self) -> usize {
        self.messages_in_flight
    }

    /// The messages that are on their way as they waited before, and whom each goes to, in the order in which they left.
    pub fn under_way(&self) -> impl Iterator<Item = (&Address, &QueuedMessage)> {
        self.in_flight.iter().filter_map(|InFlight { to, purpose, .. }| match purpose {
            Purpose::Message(entry) => Some((to, &entry.queued)),
            Purpose::Announce { .. } => None,
        })
    }

    /// A message that waits.
    pub fn queued_message(&self, id: MessageId) -> Option<QueuedMessage> {
        self.queue.get(id)
    }

    /// Where a message stands in the queue; 0 is the head.
    pub fn queue_position(&self, id: MessageId) -> Option<usize> {
        self.queue.position(id)
    }
}
