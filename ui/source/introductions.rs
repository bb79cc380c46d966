//! Who introduced which peer.

use std::{
    collections::{HashMap, VecDeque},
    time::Duration,
};

use clacks_p2p::{
    Address,
    core::{Discovery, Event},
};

/// Introductions that are remembered at most, the latest.
pub const MAX_INTRODUCTIONS: usize = 256;

/// How a peer became known, and at which uptime.
#[derive(Debug, Clone, PartialEq)]
pub struct Introduced {
    pub by: Discovery,
    pub at: Duration,
}

/// How the peers of late became known. Bounded.
#[derive(Debug, Clone, Default)]
pub struct Introductions {
    pub by_peer: HashMap<Address, Introduced>,
    /// In the order in which they came.
    pub order: VecDeque<Address>,
}

impl Introductions {
    /// Takes in an event.
    pub fn record(&mut self, event: &Event, now: Duration) {
        match event {
            Event::PeerDiscovered { peer, introduction, .. } => {
                self.note(&peer.address, Introduced { by: introduction.clone(), at: now });
            }
            Event::PeerForgotten { peer } => self.forget(&peer.address),
            _ => {}
        }
    }

    /// How a peer became known, if that was seen.
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
