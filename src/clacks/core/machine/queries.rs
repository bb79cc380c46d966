//! Queries.

use std::{
    net::IpAddr,
    ops::{Bound, Range},
    time::Duration,
};

use crate::{
    core::{Counters, MessageId, Options, Peer, PeerCounts, PlaceRank, PlaceShare, QueuedMessage, Status},
    protocol::Address,
};

use super::{Core, InFlight, Purpose};

impl Core {
    /// Candidates for the next message, by status: peers with room for one more delivery, and only verified ones if it
    /// is their turn: see [`Core::next_is_verified_only`].
    pub fn free_peers(&self) -> PeerCounts {
        self.candidates().free
    }

    /// Whether the next message is for a verified peer: one that responded when last tried, or that the user added and
    /// that was never tried. After each message to another peer one is owed to them; it is sent when one of them is
    /// free. Only with [`NewPeerPolicy::EverySecond`](crate::core::NewPeerPolicy::EverySecond).
    pub fn next_is_verified_only(&self) -> bool {
        self.candidates().verified_only
    }

    /// The address that this node sends to others.
    pub fn address(&self) -> &Address {
        &self.address
    }

    /// The options. Their address is that of [`Core::address`], except in a simulation, where all nodes share one set
    /// of options.
    pub fn options(&self) -> &Options {
        &self.options
    }

    /// Totals since the node started.
    pub fn counters(&self) -> Counters {
        self.counters.as_deref().copied().unwrap_or_default()
    }

    /// A peer by its address.
    pub fn peer(&self, address: &Address) -> Option<Peer> {
        self.peers.get(address)
    }

    /// Uptime at which the last payload or answer of a peer came that an event reports. `None`: none came in this run, or
    /// the address is no peer.
    pub fn heard(&self, address: &Address) -> Option<Duration> {
        self.peers.record(self.peers.find(address)?).heard()
    }

    /// The number of peers by status.
    pub fn peer_counts(&self) -> PeerCounts {
        self.peers.counts()
    }

    /// All peers, by status (new, alive, lost, dead, ignored) and then by address.
    pub fn peers(&self) -> impl Iterator<Item = Peer> {
        self.peers.iter()
    }

    /// The peers after a position in the list, whether or not there is a peer at it; all peers for `None`.
    pub fn peers_after<'a>(
        &'a self,
        place: Option<(Status, &'a Address)>,
    ) -> impl Iterator<Item = Peer> + use<'a> {
        self.peers.after(place)
    }

    /// The peers from a position in the list on, whether or not there is a peer at it; all peers for `None`.
    pub fn peers_from<'a>(
        &'a self,
        place: Option<(Status, &'a Address)>,
    ) -> impl Iterator<Item = Peer> + use<'a> {
        self.peers.from(place)
    }

    /// The peers before a position in the list, the nearest first; all peers, the last first, for `None`.
    pub fn peers_before<'a>(
        &'a self,
        place: Option<(Status, &'a Address)>,
    ) -> impl Iterator<Item = Peer> + use<'a> {
        self.peers.before(place)
    }

    /// The peers in the list from the first one with this status or a later one on.
    pub fn peers_from_status(&self, status: Status) -> impl Iterator<Item = Peer> {
        self.peers.of_status_or_later(status)
    }

    /// The peers in the list with an earlier status than this, the last first.
    pub fn peers_before_status(&self, status: Status) -> impl Iterator<Item = Peer> {
        self.peers.of_earlier_status(status)
    }

    /// Up to `most` peers with numbers below `below`, in no order, and the lowest of their numbers. To visit all peers
    /// in portions, start with [`usize::MAX`] and continue with the returned number until it is 0. Peers that are known
    /// all the while are visited at least once.
    pub fn portion_of_peers(&self, below: usize, most: usize) -> (Vec<Peer>, usize) {
        let end = below.min(self.peers.len());
        let begin = end.saturating_sub(most);
        ((begin..end).rev().map(|number| self.peers.peer(number)).collect(), begin)
    }

    /// The addresses of the new and alive peers, in no order.
    #[cfg(feature = "simulation")]
    pub(crate) fn live_peers(&self) -> impl Iterator<Item = &Address> {
        self.peers.live()
    }

    /// Peers around `anchor` in the list: up to `before` before it, then it and those after it, up to `after` in total.
    /// The first of the list if the anchor is not a peer.
    pub fn peers_around(&self, anchor: &Address, before: usize, after: usize) -> Vec<Peer> {
        self.peers.window(anchor, before, after)
    }

    /// The last `count` peers of the list.
    pub fn last_peers(&self, count: usize) -> Vec<Peer> {
        self.peers.last(count)
    }

    /// The queued messages at these positions; 0 is the head.
    pub fn queue(&self, positions: Range<usize>) -> impl Iterator<Item = QueuedMessage> {
        self.queue.window(positions)
    }

    /// The number of queued messages.
    pub fn queue_len(&self) -> usize {
        self.queue.len()
    }

    /// Bytes of JSON text of all messages: queued, held and in flight.
    pub fn held_bytes(&self) -> usize {
        self.queue.bytes()
    }

    /// The remote addresses with the largest shares of the queue, the largest first, and the number of all of them.
    pub fn places(&self, most: usize) -> (Vec<PlaceShare>, usize) {
        let largest = self.ranked_places((Bound::Unbounded, Bound::Unbounded)).take(most);
        (largest.map(|(_, share)| share).collect(), self.places_len())
    }

    /// The remote addresses with messages here at these positions, the largest share first.
    ///
    /// # Panics
    ///
    /// Panics if the range begins behind its end.
    pub fn ranked_places(
        &self,
        range: (Bound<PlaceRank>, Bound<PlaceRank>),
    ) -> impl DoubleEndedIterator<Item = (PlaceRank, PlaceShare)> {
        self.queue.shares(range)
    }

    /// The share of a remote address with messages here, which is a rate-limit key, and its position.
    pub fn place(&self, place: IpAddr) -> Option<(PlaceRank, PlaceShare)> {
        self.queue.share(place)
    }

    /// The number of remote addresses with messages here.
    pub fn places_len(&self) -> usize {
        self.queue.shares_len()
    }

    /// The number of messages in flight.
    pub fn in_flight(&self) -> usize {
        self.messages_in_flight
    }

    /// The messages in flight with their receivers, in the order of sending.
    pub fn under_way(&self) -> impl Iterator<Item = (&Address, &QueuedMessage)> {
        self.in_flight.iter().filter_map(|InFlight { to, purpose, .. }| match purpose {
            Purpose::Message(entry) => Some((to, &entry.queued)),
            Purpose::Announce { .. } => None,
        })
    }

    /// A queued message.
    pub fn queued_message(&self, id: MessageId) -> Option<QueuedMessage> {
        self.queue.get(id)
    }

    /// Number of queued messages with lower ids than this: the position of the first of the others.
    pub fn queue_position_from(&self, id: MessageId) -> usize {
        self.queue.position_from(id)
    }

    /// The position of a message in the queue; 0 is the head.
    pub fn queue_position(&self, id: MessageId) -> Option<usize> {
        self.queue.position(id)
    }
}
