//! Holding the screen still: what is drawn stays as it was, whatever happens at the node.

use clacks_p2p::core::Now;
use clacks_source::{
    message_history::MessageHistories, peer_shares::Shares, saved_filters::SavedFilterHits,
    send_history::SendHistory, time_series::Trends,
};

use super::{Model, traffic::LogCursor};
use crate::state::{limits::Limits, map::Map, tower::Towers};

/// A screen that is held still. What is fetched for it, the lists and the held messages, is fetched only where the user
/// moves or opens something.
#[derive(Debug)]
pub(crate) struct Frozen {
    /// What the pictures, the texts and the charts tell, as it was.
    past: Box<Past>,
    /// The time at which the screen was held still: that of everything that moves.
    at: Now,
    /// The time at which the lists were fetched: that of all ages.
    fetched: Now,
    /// Where the traffic stood, and the number of the row that was to come next.
    stood: (LogCursor, u64),
    /// Number of traffic rows that arrived since.
    pub held: usize,
    /// Where the log was made to stand still, if it was followed before.
    follows: Option<LogCursor>,
}

/// All that events change and that is drawn, but for the traffic.
#[derive(Debug)]
struct Past {
    trends: Trends,
    lives: MessageHistories,
    shares: Shares,
    sends: SendHistory,
    limits: Limits,
    towers: Towers,
    map: Map,
    listening: SavedFilterHits,
}

impl Model {
    /// Holds the screen still, or lets it go on.
    pub(crate) fn toggle_frozen(&mut self) {
        match self.frozen.take() {
            // Who has moved in the meantime stays where he is.
            Some(Frozen { follows: Some(cursor), .. }) if cursor == self.log_cursor => {
                self.log_cursor = LogCursor::Following;
            }
            Some(_) => {}
            None => {
                let was_following = self.log_cursor == LogCursor::Following;
                self.freeze_log_at(self.log_position().unwrap_or(0));
                let follows = was_following.then_some(self.log_cursor);
                let stood = (self.log_cursor, self.log.next_number());
                let (past, at) = (Box::new(self.past()), self.now);
                self.frozen = Some(Frozen { past, at, fetched: at, stood, held: 0, follows });
            }
        }
    }

    fn past(&self) -> Past {
        Past {
            trends: self.trends.clone(),
            lives: self.lives.clone(),
            shares: self.shares.clone(),
            sends: self.sends.clone(),
            limits: self.limits.clone(),
            towers: self.towers.clone(),
            map: self.map.clone(),
            listening: self.listening.clone(),
        }
    }

    /// The lists were fetched, so their ages and the peers of the map are those of now.
    pub(crate) fn note_fetched(&mut self) {
        let (now, map) = (self.now, &self.map);
        self.frozen.iter_mut().for_each(|frozen| {
            frozen.fetched = now;
            frozen.past.map = map.clone();
        });
    }

    /// What only the node knows about the limits was fetched.
    pub(crate) fn note_used(&mut self) {
        let used = &self.limits.usage;
        self.frozen.iter_mut().for_each(|frozen| frozen.past.limits.usage = used.clone());
    }

    /// The user changed the stations.
    pub(crate) fn note_stations(&mut self) {
        let listening = &self.listening;
        self.frozen.iter_mut().for_each(|frozen| frozen.past.listening = listening.clone());
    }

    /// Whether a row of the traffic came after the screen was held still, and is not shown until the user moves there.
    pub(crate) fn is_held_back(&self, number: u64) -> bool {
        let stood = self.frozen.as_ref().map(|frozen| frozen.stood);
        stood.is_some_and(|(cursor, next)| cursor == self.log_cursor && number >= next)
    }

    /// So many rows came, which are not seen while the screen is held still.
    pub(crate) fn count_held_rows(&mut self, rows: usize) {
        if let Some(frozen) = &mut self.frozen {
            frozen.held += rows;
        }
    }

    fn shown_past(&self) -> Option<&Past> {
        self.frozen.as_ref().map(|frozen| &*frozen.past)
    }

    /// The time for the ages that are drawn.
    pub(crate) fn shown_now(&self) -> Now {
        self.frozen.as_ref().map_or(self.now, |frozen| frozen.fetched)
    }

    /// The time for the pictures that move.
    pub(crate) fn shown_moment(&self) -> Now {
        self.frozen.as_ref().map_or(self.now, |frozen| frozen.at)
    }

    /// The charts to be drawn.
    pub(crate) fn shown_trends(&self) -> &Trends {
        self.shown_past().map_or(&self.trends, |past| &past.trends)
    }

    /// The lives of messages to be drawn.
    pub(crate) fn shown_lives(&self) -> &MessageHistories {
        self.shown_past().map_or(&self.lives, |past| &past.lives)
    }

    /// What came through whom, to be drawn.
    pub(crate) fn shown_shares(&self) -> &Shares {
        self.shown_past().map_or(&self.shares, |past| &past.shares)
    }

    /// The last messages that were sent, to be drawn.
    pub(crate) fn shown_sends(&self) -> &SendHistory {
        self.shown_past().map_or(&self.sends, |past| &past.sends)
    }

    /// The limits to be drawn.
    pub(crate) fn shown_limits(&self) -> &Limits {
        self.shown_past().map_or(&self.limits, |past| &past.limits)
    }

    /// The clacks towers to be drawn.
    pub(crate) fn shown_towers(&self) -> &Towers {
        self.shown_past().map_or(&self.towers, |past| &past.towers)
    }

    /// The map to be drawn, on which keys move.
    pub(crate) fn shown_map(&self) -> &Map {
        self.shown_past().map_or(&self.map, |past| &past.map)
    }

    /// The stations to be drawn.
    pub(crate) fn shown_listening(&self) -> &SavedFilterHits {
        self.shown_past().map_or(&self.listening, |past| &past.listening)
    }
}
