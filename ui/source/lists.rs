//! The lists of a node, live or replayed.

use std::{net::IpAddr, ops::Range};

use clacks_p2p::{
    Address, Node,
    core::{HeldMessage, MessageId, Peer, PlaceShare, QueuedMessage},
    node::{CertificateFingerprint, Overview},
};

/// What can be asked of a node, or of what takes its place. Each answer copies only what it holds.
pub trait Lists {
    fn overview(&self) -> Overview;
    fn peer(&self, address: &Address) -> Option<Peer>;
    /// As [`Node::peers_around`].
    fn peers_around(&self, anchor: &Address, before: usize, after: usize) -> Vec<Peer>;
    fn first_peers(&self, count: usize) -> Vec<Peer>;
    fn last_peers(&self, count: usize) -> Vec<Peer>;
    fn trusted_certificate(&self, address: &Address) -> Option<CertificateFingerprint>;
    fn queue_len(&self) -> usize;
    fn queue_position(&self, id: MessageId) -> Option<usize>;
    fn queue_window(&self, positions: Range<usize>) -> Vec<QueuedMessage>;
    fn queued_message(&self, id: MessageId) -> Option<QueuedMessage>;
    fn held_position(&self, id: MessageId) -> Option<usize>;
    fn held_window(&self, positions: Range<usize>) -> Vec<HeldMessage>;
    /// The text of the rule that holds messages.
    fn hold_rule(&self) -> Option<String>;
    /// The remote IP addresses that are ignored, in order.
    fn ignored_remotes(&self) -> Vec<IpAddr>;
    /// As [`Node::places`]; none where they are not known.
    fn places(&self, most: usize) -> (Vec<PlaceShare>, usize);
    /// How many connections from outside are open, if that is known.
    fn connections(&self) -> Option<usize>;
}

impl Lists for Node {
    fn overview(&self) -> Overview {
        self.overview()
    }

    fn peer(&self, address: &Address) -> Option<Peer> {
        self.peer(address)
    }

    fn peers_around(&self, anchor: &Address, before: usize, after: usize) -> Vec<Peer> {
        self.peers_around(anchor, before, after)
    }

    fn first_peers(&self, count: usize) -> Vec<Peer> {
        self.first_peers(count)
    }

    fn last_peers(&self, count: usize) -> Vec<Peer> {
        self.last_peers(count)
    }

    fn trusted_certificate(&self, address: &Address) -> Option<CertificateFingerprint> {
        self.trusted_certificate(address)
    }

    fn queue_len(&self) -> usize {
        self.queue_len()
    }

    fn queue_position(&self, id: MessageId) -> Option<usize> {
        self.queue_position(id)
    }

    fn queue_window(&self, positions: Range<usize>) -> Vec<QueuedMessage> {
        self.queue_window(positions)
    }

    fn queued_message(&self, id: MessageId) -> Option<QueuedMessage> {
        self.queued_message(id)
    }

    fn held_position(&self, id: MessageId) -> Option<usize> {
        self.held_position(id)
    }

    fn held_window(&self, positions: Range<usize>) -> Vec<HeldMessage> {
        self.held_window(positions)
    }

    fn hold_rule(&self) -> Option<String> {
        self.hold_rule().map(|rule| rule.text().to_owned())
    }

    fn ignored_remotes(&self) -> Vec<IpAddr> {
        self.ignored_remotes()
    }

    fn places(&self, most: usize) -> (Vec<PlaceShare>, usize) {
        self.places(most)
    }

    fn connections(&self) -> Option<usize> {
        Some(self.connections())
    }
}
