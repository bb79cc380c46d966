//! The discovery of each peer.

use std::{
    collections::{HashMap, VecDeque},
    time::Duration,
};

use clacks_p2p::{
    Address,
    core::{Discovery, Event},
};

/// Maximum number of discoveries kept; the oldest is removed first.
pub const MAX_INTRODUCTIONS: usize = 256;

/// The discovery of one peer.
#[derive(Debug, Clone, PartialEq)]
pub struct Introduced {
    /// The source of the peer's address.
    pub by: Discovery,
    /// The time of the discovery, as uptime of the node.
    pub at: Duration,
}

/// The latest discoveries of peers, at most [`MAX_INTRODUCTIONS`].
#[derive(Debug, Clone, Default)]
pub struct Introductions {
    /// The discovery by the peer's address.
    pub by_peer: HashMap<Address, Introduced>,
    /// The addresses in order of discovery, oldest first.
    pub order: VecDeque<Address>,
}

impl Introductions {
    /// Records a discovery, or removes it if the peer is forgotten. Ignores other events.
    pub fn record(&mut self, event: &Event, now: Duration) {
        match event {
            Event::PeerDiscovered { peer, introduction, .. } => {
                self.note(&peer.address, Introduced { by: introduction.clone(), at: now });
            }
            Event::PeerForgotten { peer } => self.forget(&peer.address),
            _ => {}
        }
    }

    /// The discovery of a peer, if it is recorded.
    pub fn of(&self, peer: &Address) -> Option<&Introduced> {
        self.by_peer.get(peer)
    }

    fn note(&mut self, peer: &Address, introduced: Introduced) {
        self.forget(peer);
        self.by_peer.insert(peer.clone(), introduced);
        self.order.push_back(peer.clone());
        while self.order.len() > MAX_INTRODUCTIONS {
            self.order.pop_front().map(|oldest| self.by_peer.remove(&oldest));
        }
    }

    fn forget(&mut self, peer: &Address) {
        if self.by_peer.remove(peer).is_some() {
            self.order.retain(|other| other != peer);
        }
    }
}
