//! Read access to the lists of a node of clacks, live or recorded.

use std::{net::IpAddr, ops::Range};

use clacks_p2p::{
    Address, Node,
    core::{HeldMessage, MessageId, Peer, PlaceShare, QueuedMessage},
    node::{CertificateFingerprint, Overview},
};

/// The queries of a node or of its recording. Each answer copies only the requested entries.
pub trait Lists {
    /// The node's counts and current state.
    fn overview(&self) -> Overview;
    /// The peer with this address, if it is known.
    fn peer(&self, address: &Address) -> Option<Peer>;
    /// As [`Node::peers_around`].
    fn peers_around(&self, anchor: &Address, before: usize, after: usize) -> Vec<Peer>;
    /// The first peers of the list, at most `count`.
    fn first_peers(&self, count: usize) -> Vec<Peer>;
    /// The last peers of the list, at most `count`.
    fn last_peers(&self, count: usize) -> Vec<Peer>;
    /// The certificate that the peer at this address is trusted with, if any.
    fn trusted_certificate(&self, address: &Address) -> Option<CertificateFingerprint>;
    /// The number of queued messages.
    fn queue_len(&self) -> usize;
    /// The position of a message in the queue; 0 is sent next. `None` if it is not queued.
    fn queue_position(&self, id: MessageId) -> Option<usize>;
    /// The queued messages at these positions.
    fn queue_window(&self, positions: Range<usize>) -> Vec<QueuedMessage>;
    /// The queued message with this number.
    fn queued_message(&self, id: MessageId) -> Option<QueuedMessage>;
    /// The position of a message in the held list. `None` if it is not held.
    fn held_position(&self, id: MessageId) -> Option<usize>;
    /// The held messages at these positions.
    fn held_window(&self, positions: Range<usize>) -> Vec<HeldMessage>;
    /// The text of the hold rule, if one is set.
    fn hold_rule(&self) -> Option<String>;
    /// The ignored remote IP addresses, sorted.
    fn ignored_remotes(&self) -> Vec<IpAddr>;
    /// As [`Node::places`]; empty if they are not known.
    fn places(&self, most: usize) -> (Vec<PlaceShare>, usize);
    /// The number of open inbound connections, if it is known.
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
