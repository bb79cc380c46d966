//! The life of one message.

use std::{cmp::Reverse, collections::VecDeque, time::Duration};

use clacks_p2p::{Address, Message, core::Now};

use super::Rank;
use crate::kept_messages::Sender;

/// The last passes of a message that are told one by one.
pub(crate) const MAX_PASSES: usize = 64;
/// The peers that a message came from, or went to, that are told apart.
pub(crate) const MAX_PEERS: usize = 32;

/// The life of one message, as far as it was seen here.
#[derive(Debug, Clone, PartialEq)]
pub struct MessageHistory {
    pub message: Message,
    /// How often it was here, by the node's count, which may know of passes before the dashboard was opened: each time
    /// that it came from a peer, and the first time if it was written here.
    pub visits: u32,
    pub first: Now,
    /// When it was last here newly, written or received.
    pub last: Now,
    /// Of these visits, the last that was seen.
    last_visit: Now,
    /// The visits that were seen.
    arrivals: u32,
    /// Between two arrivals.
    pub(crate) shortest: Option<Duration>,
    pub longest: Option<Duration>,
    /// The stays that were seen, of which the last are told one by one.
    pub stays: u32,
    /// The last passes, oldest first.
    pub passes: VecDeque<Pass>,
    pub came_from: Tally,
    pub went_to: Tally,
    /// Whose share of the memory for whole messages it takes from.
    pub sender: Sender,
    /// Names it among the shelves.
    pub number: u64,
}

/// One stay of a message at this node.
#[derive(Debug, Clone, PartialEq)]
pub struct Pass {
    pub came: Now,
    /// `None` if it was typed here.
    pub from: Option<Address>,
    /// Deliveries that failed before one did not.
    pub failed: u32,
    pub end: End,
}

/// How a stay ended.
#[derive(Debug, Clone, PartialEq)]
pub enum End {
    /// It is still here.
    StillHere,
    Went(Now, Address),
    Dropped(Now),
    /// It was given another text, which is another message.
    Changed(Now),
}

/// How often each peer had a part.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Tally {
    /// Most often first.
    peers: Vec<(Address, u32)>,
    /// Those that had no room.
    pub others: u32,
}

impl MessageHistory {
    pub fn new(message: Message, sender: Sender, now: Now) -> Self {
        Self {
            message,
            visits: 0,
            first: now,
            last: now,
            last_visit: now,
            arrivals: 0,
            stays: 0,
            sender,
            shortest: None,
            longest: None,
            passes: VecDeque::new(),
            came_from: Tally::default(),
            went_to: Tally::default(),
            number: 0,
        }
    }

    /// It came from a peer, or was written here, which is a visit only if it has not been here.
    pub fn came(&mut self, from: Option<&Address>, visits: u32, now: Now) {
        let is_visit = from.is_some() || self.visits == 0 && visits <= 1;
        if is_visit {
            self.count_visit(now);
        }
        self.visits = self.visits.max(visits);
        self.last = now;
        self.stays = self.stays.saturating_add(1);
        from.into_iter().for_each(|from| self.came_from.count(from));
        self.passes.push_back(Pass { came: now, from: from.cloned(), failed: 0, end: End::StillHere });
        if self.passes.len() > MAX_PASSES {
            self.passes.pop_front();
        }
    }

    fn count_visit(&mut self, now: Now) {
        if self.arrivals > 0 {
            let away = now.uptime.saturating_sub(self.last_visit.uptime);
            self.shortest = Some(self.shortest.map_or(away, |shortest| shortest.min(away)));
            self.longest = Some(self.longest.map_or(away, |longest| longest.max(away)));
        }
        self.arrivals = self.arrivals.saturating_add(1);
        self.visits = self.visits.saturating_add(1);
        self.last_visit = now;
    }

    /// Whether it came back.
    pub(crate) fn has_returned(&self) -> bool {
        self.visits > 1
    }

    /// The mean time between two arrivals; `None` before the second.
    pub fn interval(&self) -> Option<Duration> {
        let between = self.arrivals.checked_sub(1).filter(|between| *between > 0)?;
        Some(self.last_visit.uptime.saturating_sub(self.first.uptime) / between)
    }

    /// The stay that an end belongs to: of several, the one that began first, as the queue passes on its head.
    pub(crate) fn open_pass(&mut self) -> Option<&mut Pass> {
        self.passes.iter_mut().find(|pass| pass.end == End::StillHere)
    }

    pub fn rank(&self) -> Rank {
        (Reverse(self.visits), Reverse(self.number))
    }
}

impl Tally {
    pub fn count(&mut self, peer: &Address) {
        let Some(at) = self.peers.iter().position(|(known, _)| known == peer) else {
            if self.peers.len() < MAX_PEERS {
                self.peers.push((peer.clone(), 1));
            } else {
                self.others = self.others.saturating_add(1);
            }
            return;
        };
        self.peers[at].1 = self.peers[at].1.saturating_add(1);
        let count = self.peers[at].1;
        // Only those before it are sorted for certain: it has just outgrown its place.
        let place = self.peers[..at].partition_point(|(_, other)| *other >= count);
        self.peers[place..=at].rotate_right(1);
    }

    /// The peers and how often, most often first.
    pub fn peers(&self) -> &[(Address, u32)] {
        &self.peers
    }
}
