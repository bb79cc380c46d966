//! Stopping of a node before the program quits.

use std::time::Duration;

use clacks_feed::Value;

use super::network::{Network, uptime_ms};

/// Node that is being stopped because the user quits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stopping {
    /// Position of its network.
    pub network: usize,
}

/// Progress of stopping a node, which has to hand on messages before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StopProgress {
    /// Number of messages at the start.
    pub total: u64,
    /// Number of messages that left the node.
    pub done: u64,
    /// Time until it ends at the latest.
    pub remaining: Duration,
}

impl StopProgress {
    /// Reads the gauges of a node. `None` if it does not report its progress.
    pub(crate) fn of(network: &Network) -> Option<Self> {
        let count = |name| match network.gauge(name) {
            Some((_, Value::Count(count))) => Some(*count),
            _ => None,
        };
        let Some((_, Value::At(ends))) = network.gauge("stop_ends") else { return None };
        let remaining = u64::try_from(ends.saturating_sub(uptime_ms(network.fetched.uptime))).unwrap_or(0);
        let (total, done) = (count("stop_total")?, count("stop_done")?);
        Some(Self { total, done, remaining: Duration::from_millis(remaining) })
    }
}
