//! Nodes and lists for tests of other rooms.

use std::{net::IpAddr, ops::Range, time::Duration};

use clacks_p2p::{
    Address,
    core::{Core, HeldMessage, MessageId, Peer, QueuedMessage},
    node::{CertificateFingerprint, Overview},
};

use super::lists::Lists;

impl Lists for Core {
    fn overview(&self) -> Overview {
        Overview::of(self, Duration::ZERO)
    }

    fn peer(&self, address: &Address) -> Option<Peer> {
        self.peer(address)
    }

    fn peers_around(&self, anchor: &Address, before: usize, after: usize) -> Vec<Peer> {
        self.peers_around(anchor, before, after)
    }

    fn first_peers(&self, count: usize) -> Vec<Peer> {
        self.peers().take(count).collect()
    }

    fn last_peers(&self, count: usize) -> Vec<Peer> {
        self.last_peers(count)
    }

    fn trusted_certificate(&self, _: &Address) -> Option<CertificateFingerprint> {
        None
    }

    fn queue_len(&self) -> usize {
        self.queue_len()
    }

    fn queue_position(&self, id: MessageId) -> Option<usize> {
        self.queue_position(id)
    }

    fn queue_window(&self, positions: Range<usize>) -> Vec<QueuedMessage> {
        self.queue(positions).collect()
    }

    fn queued_message(&self, id: MessageId) -> Option<QueuedMessage> {
        self.queued_message(id)
    }

    fn held_position(&self, id: MessageId) -> Option<usize> {
        self.held_position(id)
    }

    fn held_window(&self, positions: Range<usize>) -> Vec<HeldMessage> {
        self.held(positions).cloned().collect()
    }

    fn hold_rule(&self) -> Option<String> {
        self.hold_rule().map(|rule| rule.text().to_owned())
    }

    fn ignored_remotes(&self) -> Vec<IpAddr> {
        self.ignored_remotes().collect()
    }

    fn places(&self, most: usize) -> (Vec<clacks_p2p::core::PlaceShare>, usize) {
        self.places(most)
    }

    fn connections(&self) -> Option<usize> {
        None
    }
}
