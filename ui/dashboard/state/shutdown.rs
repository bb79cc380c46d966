//! The drain before the program quits.

use std::time::Duration;

use clacks_source::shutdown::UnsentCounts;

/// Maximum duration of a drain.
pub(crate) const DRAIN_TIME_LIMIT: Duration = Duration::from_secs(30);

/// Progress of a drain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DrainProgress {
    /// Number of messages at the start.
    pub total: usize,
    /// Number of messages that left this node.
    pub sent: usize,
    /// Time until the drain ends, at most 30 seconds.
    pub remaining: Duration,
}

/// Running drain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DrainStarted {
    /// Unsent messages at the start.
    pub unsent: UnsentCounts,
    /// Uptime at which the drain ends, 30 seconds after its start.
    pub deadline: Duration,
    /// Whether held messages are drained too. Those left at the end are held again.
    pub with_held: bool,
}
