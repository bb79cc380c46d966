//! State derived from events, for later queries.

use std::time::Duration;

use crate::core_event::{core_event, core_time};
use clacks_feed::Event;
use clacks_p2p::{
    core::{Counters, Now},
    node::Overview,
};
use clacks_p2p_panes::{
    introductions::Introductions, message_history::MessageHistories, send_history::SendHistory,
    shares::Shares,
};
use clacks_session::saved_filters::SavedFilterHits;
use clacks_widgets::time_series::{Sample, Trends};

/// Minimum time between two samples of the counters.
const BETWEEN_SAMPLES: Duration = Duration::from_millis(500);

/// The same histories and statistics as in the dashboard. All are bounded.
#[derive(Debug, Default)]
pub(crate) struct DerivedState {
    pub(crate) histories: MessageHistories,
    pub(crate) sends: SendHistory,
    pub(crate) shares: Shares,
    pub(crate) trends: Trends,
    pub(crate) introductions: Introductions,
    pub(crate) saved_filters: SavedFilterHits,
    last_sample: Option<Duration>,
}

impl DerivedState {
    pub(crate) fn record(&mut self, event: &Event) {
        let now = core_time(event);
        self.shares.forget_old(now);
        let Some(event) = core_event(event) else { return };
        self.histories.note(event, now);
        self.sends.note(event, now);
        self.shares.note(event, now);
        self.introductions.record(event, now.uptime);
    }

    /// Whether a sample of the counters is due.
    pub(crate) fn is_sample_due(&self, now: Now) -> bool {
        self.last_sample.is_none_or(|last| now.uptime.abs_diff(last) >= BETWEEN_SAMPLES)
    }

    /// Samples the counters.
    pub(crate) fn sample(&mut self, overview: &Overview, now: Now) {
        self.last_sample = Some(now.uptime);
        let Counters { received, delivered, failed, .. } = overview.counters;
        self.trends
            .sample(now.uptime, Sample { counters: &[received, delivered, failed], ..Sample::default() });
        self.shares.forget_old(now);
    }

    /// Clears everything except the saved filters.
    pub(crate) fn reset(&mut self) {
        let mut saved_filters = std::mem::take(&mut self.saved_filters);
        saved_filters.begin_again();
        *self = Self { saved_filters, ..Self::default() };
    }
}
