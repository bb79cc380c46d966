//! Stopping of a node before the program quits.

use std::{collections::VecDeque, time::Duration};

use clacks_feed::{Call, Value};

use super::network::{Network, uptime_ms};

/// The command that stops a node.
pub(crate) const STOP: &str = "stop";

/// The longest time that a node has to answer whether it may be stopped.
const MAX_ASKING: Duration = Duration::from_secs(5);

/// What the user has chosen for the nodes since the last request to quit. It is carried out after the last question.
#[derive(Debug, Default)]
pub(crate) struct StopChoices {
    /// Node that has not answered yet whether it may be stopped.
    pub(crate) asked: Option<Asked>,
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
        self.asked = None;
        self.chosen.clear();
        self.left.clear();
    }

    /// Waits for the answer of the node of the network at a position, at most 5 s from this uptime on.
    pub(crate) fn ask(&mut self, network: usize, uptime: Duration) {
        self.asked = Some(Asked { network, until: uptime.saturating_add(MAX_ASKING) });
    }

    /// Returns whether the answer of the node of the network at a position is waited for. It is so no longer.
    pub(crate) fn answered(&mut self, network: usize) -> bool {
        self.asked.take_if(|asked| asked.network == network).is_some()
    }

    /// Forgets everything about the node of the network at a position, because it was restarted.
    pub(crate) fn forget(&mut self, network: usize) {
        self.answered(network);
        self.chosen.retain(|(at, _)| *at != network);
        self.left.retain(|at| *at != network);
        self.stopped.retain(|at| *at != network);
    }

    /// Whether the node of the network at a position need not be asked about.
    pub(crate) fn is_settled(&self, network: usize) -> bool {
        self.chosen.iter().any(|(at, _)| *at == network)
            || self.left.contains(&network)
            || self.stopped.contains(&network)
    }
}

/// Node that is asked whether it may be stopped, and has not answered yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asked {
    /// Position of its network.
    pub network: usize,
    /// Uptime at which it is no longer waited for.
    pub until: Duration,
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
