//! What is remembered of what happened, to be asked about later.

use std::time::Duration;

use clacks_p2p::{
    core::{Event, Now},
    node::Overview,
};

use crate::dashboard::{
    Introductions, biography::Biographies, listening::Listening, sends::Sends, shares::Shares, trends::Trends,
};

/// How often the counters are looked at while much happens.
const BETWEEN_SAMPLES: Duration = Duration::from_millis(500);

/// The same that the dashboard remembers. All of it is bounded.
#[derive(Debug, Default)]
pub(super) struct Memory {
    pub(super) lives: Biographies,
    pub(super) sends: Sends,
    pub(super) shares: Shares,
    pub(super) trends: Trends,
    pub(super) introductions: Introductions,
    pub(super) listening: Listening,
    last_sample: Option<Duration>,
}

impl Memory {
    pub(super) fn record(&mut self, event: &Event, now: Now) {
        self.lives.note(event, now);
        self.sends.note(event, now);
        self.shares.note(event, now);
        self.shares.forget_old(now);
        self.trends.note(event);
        self.introductions.record(event, now.uptime);
    }

    /// Whether the counters should be looked at again.
    pub(super) fn wants_sample(&self, now: Now) -> bool {
        self.last_sample.is_none_or(|last| now.uptime.abs_diff(last) >= BETWEEN_SAMPLES)
    }

    /// Takes in how things stand.
    pub(super) fn sample(&mut self, overview: &Overview, now: Now) {
        self.last_sample = Some(now.uptime);
        self.trends.sample(now.uptime, overview.counters, overview.queued, overview.peers);
        self.shares.forget_old(now);
    }

    /// Forgets what happened; the stations stay.
    pub(super) fn begin_again(&mut self) {
        let mut listening = std::mem::take(&mut self.listening);
        listening.begin_again();
        *self = Self { listening, ..Self::default() };
    }
}
