//! The history of one message.

use std::{cmp::Reverse, collections::VecDeque, sync::Arc, time::Duration};

use clacks_p2p::{Address, Message, core::Now};

use super::Rank;
use clacks_text::kept_messages::Sender;

/// Maximum number of passes kept per message; the oldest is removed first.
pub(crate) const MAX_PASSES: usize = 64;
/// Maximum number of peers in a [`Tally`].
pub(crate) const MAX_PEERS: usize = 32;

/// The history of one message at this node, since it was first seen.
#[derive(Debug, Clone, PartialEq)]
pub struct MessageHistory {
    /// The text, or its beginning if the memory budget was exceeded.
    pub message: Message,
    /// Number of visits by the node's count: one per arrival from a peer, and the first if the message was written
    /// here. Includes visits before the interface was opened.
    pub visits: u32,
    /// Time of the first arrival seen.
    pub first: Now,
    /// Time of the latest arrival.
    pub last: Now,
    /// Time of the latest visit seen.
    last_visit: Now,
    /// Number of visits seen.
    arrivals: u32,
    /// Shortest time between two visits.
    pub(crate) shortest: Option<Duration>,
    /// Longest time between two visits.
    pub longest: Option<Duration>,
    /// Number of stays seen. `passes` has only the latest.
    pub stays: u32,
    /// The latest stays, at most 64, oldest first.
    pub passes: VecDeque<Pass>,
    /// The peers that sent it.
    pub(crate) came_from: Tally,
    /// The peers that accepted it.
    pub(crate) went_to: Tally,
    /// The sender whose share of the memory budget the text uses.
    pub(crate) sender: Sender,
    /// The number of its latest pass, by which the shelves order it.
    pub(crate) number: u64,
}

/// One stay of a message at this node.
#[derive(Debug, Clone, PartialEq)]
pub struct Pass {
    /// Time of the arrival.
    pub came: Now,
    /// The sender; `None` if it was written here.
    pub from: Option<Address>,
    /// Number of failed deliveries during this stay.
    pub failed: u32,
    /// The plugin that put it in place of another message, if one did.
    pub changed_by: Option<Arc<str>>,
    /// The plugin that held it when it came, if one did.
    pub held_by: Option<Arc<str>>,
    /// The end of the stay.
    pub end: End,
}

/// The end of a stay.
#[derive(Debug, Clone, PartialEq)]
pub enum End {
    /// The message is still here.
    StillHere,
    /// A peer accepted it, at this time.
    Went(Now, Address),
    /// The user dropped it, at this time.
    Dropped(Now),
    /// The user replaced its text at this time, which makes it another message.
    Changed(Now),
    /// This plugin put others in its place when it came.
    Rewritten(Arc<str>),
    /// A plugin discarded it when it came.
    Discarded {
        /// The name of the plugin.
        by: Arc<str>,
        /// The HTTP status of the response. With 200 the sender does not have the message any more.
        status: u16,
    },
}

/// A count per peer, for at most 32 peers.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Tally {
    /// Sorted by count, highest first.
    peers: Vec<(Address, u32)>,
    /// The sum of the counts of all further peers.
    pub(crate) others: u32,
}

impl MessageHistory {
    /// A history without visits.
    pub(crate) fn new(message: Message, sender: Sender, now: Now) -> Self {
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

    /// Records an arrival. `from` is `None` for a message that was written here; that is a visit only if the message
    /// was not here before. `visits` is the node's count.
    pub(crate) fn came(&mut self, from: Option<&Address>, visits: u32, now: Now) {
        let is_visit = from.is_some() || self.visits == 0 && visits <= 1;
        if is_visit {
            self.count_visit(now);
        }
        self.visits = self.visits.max(visits);
        self.last = now;
        self.stays = self.stays.saturating_add(1);
        from.into_iter().for_each(|from| self.came_from.count(from));
        self.passes.push_back(Pass {
            came: now,
            from: from.cloned(),
            failed: 0,
            changed_by: None,
            held_by: None,
            end: End::StillHere,
        });
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

    /// Whether the message was here more than once.
    pub(crate) fn has_returned(&self) -> bool {
        self.visits > 1
    }

    /// The mean time between two visits; `None` before the second.
    pub fn interval(&self) -> Option<Duration> {
        let between = self.arrivals.checked_sub(1).filter(|between| *between > 0)?;
        Some(self.last_visit.uptime.saturating_sub(self.first.uptime) / between)
    }

    /// The stay that has not ended. Of several the oldest, because the queue sends its head first.
    pub(crate) fn open_pass(&mut self) -> Option<&mut Pass> {
        self.passes.iter_mut().find(|pass| pass.end == End::StillHere)
    }

    /// The sort key of the ranking.
    pub(crate) fn rank(&self) -> Rank {
        (Reverse(self.visits), Reverse(self.number))
    }
}

impl Tally {
    /// Adds one to a peer's count.
    pub(crate) fn count(&mut self, peer: &Address) {
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

    /// The peers with their counts, highest first.
    pub(crate) fn peers(&self) -> &[(Address, u32)] {
        &self.peers
    }
}
