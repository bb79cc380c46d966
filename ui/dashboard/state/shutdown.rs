//! Stopping of a node before the program quits.

use std::{collections::VecDeque, time::Duration};

use clacks_feed::{Call, Value};

use super::network::{Network, uptime_ms};

/// The command that stops a node.
pub(crate) const STOP: &str = "stop";

/// What the user has chosen for the nodes since the last request to quit. It is carried out after the last question.
#[derive(Debug, Default)]
pub(crate) struct StopChoices {
    /// Positions of networks, and the call that stops the node of each. `None`: it ends with the program.
    pub(crate) chosen: VecDeque<(usize, Option<Call>)>,
    /// Positions of networks whose nodes end with the program.
    pub(crate) left: Vec<usize>,
    /// Positions of networks whose nodes have stopped.
    pub(crate) stopped: Vec<usize>,
}

impl StopChoices {
    /// Forgets the choices, because the user is asked again.
    pub(crate) fn begin(&mut self) {
        self.chosen.clear();
        self.left.clear();
    }

    /// Whether the node of the network at a position need not be asked about.
    pub(crate) fn is_settled(&self, network: usize) -> bool {
        self.chosen.iter().any(|(at, _)| *at == network)
            || self.left.contains(&network)
            || self.stopped.contains(&network)
    }
}

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
    /// Reads the latest gauges of a node, also on a frozen screen. `None` if it does not report its progress.
    pub(crate) fn of(network: &Network) -> Option<Self> {
        let gauge = |name| network.figures.gauges.get(network.description.gauge(name)?);
        let count = |name| match gauge(name) {
            Some(Value::Count(count)) => Some(*count),
            _ => None,
        };
        let Some(Value::At(ends)) = gauge("stop_ends") else { return None };
        let remaining = u64::try_from(ends.saturating_sub(uptime_ms(network.figures.fetched))).unwrap_or(0);
        let (total, done) = (count("stop_total")?, count("stop_done")?);
        Some(Self { total, done, remaining: Duration::from_millis(remaining) })
    }
}
