//! The drain before the program ends.

use std::time::Duration;

use clacks_source::shutdown::UnsentCounts;

/// How long messages are handed on at most.
pub(crate) const WITHIN: Duration = Duration::from_secs(30);

/// What is handed on before the program ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DrainProgress {
    /// How many there were.
    pub total: usize,
    /// How many are gone.
    pub gone: usize,
    /// How long it goes on at most.
    pub left: Duration,
}

/// When it began, and with how many messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DrainStarted {
    /// Unsent messages at the start.
    pub with: UnsentCounts,
    /// Uptime at which the drain ends, 30 seconds after its start.
    pub until: Duration,
    /// What was held is handed on as well; what is left of it is held again in the end.
    pub with_held: bool,
}
