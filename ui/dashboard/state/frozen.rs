//! Data of a frozen screen.

use clacks_feed::Now;
use clacks_panes::Pane;
use clacks_session::saved_filters::SavedFilterHits;

use super::{figures::Figures, log_cursor::LogCursor};

/// A frozen screen. Lists are only fetched when the user moves or opens something.
#[derive(Debug)]
pub(crate) struct Frozen {
    /// Data derived from events at the time of freezing.
    pub(crate) data: Box<FrozenData>,
    /// Time of freezing, for animations.
    pub(crate) at: Now,
    /// Time at which the lists were fetched, for ages.
    pub(crate) fetched_at: Now,
    /// Cursor of the traffic at the time of freezing, and the number of the next row.
    pub(crate) cursor_and_next: (LogCursor, u64),
    /// Number of traffic rows that arrived since.
    pub(crate) hidden_rows: usize,
    /// Cursor at which the traffic was frozen, if it was followed before.
    pub(crate) follow_cursor: Option<LogCursor>,
}

/// All drawn data that is derived from events, except the traffic.
#[derive(Debug)]
pub(crate) struct FrozenData {
    /// Figures of each network.
    pub(crate) figures: Vec<Figures>,
    /// The panes of each network, in the order of the networks.
    pub(crate) panes: Vec<Vec<Box<dyn Pane>>>,
    pub(crate) saved_filters: SavedFilterHits,
}
