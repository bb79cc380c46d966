//! What is measured.

use serde::Serialize;

/// How the network is at one time.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Sample {
    /// The virtual clock, in seconds.
    pub at: f64,
    /// Messages that were delivered so far.
    pub deliveries: u64,
    /// Deliveries that failed so far.
    pub failures: u64,
    /// The share of the nodes that a message has been at, on average over the first 64 messages.
    pub visited: f64,
    /// How many peers a node that is up knows as new or alive, on average.
    pub known: f64,
    /// The fewest that any knows.
    pub least_known: u32,
    /// The most that any knows.
    pub most_known: u32,
    /// The longest distance between a node and a peer that it knows as new or alive, as the difference of their
    /// numbers, on average over the nodes that are up.
    pub distance: f64,
    /// Nodes that are up.
    pub up: u32,
    /// Messages that nobody has any more.
    pub lost: u32,
    /// Copies of messages that somebody else has as well.
    pub duplicates: u64,
    /// The messages that wait at the node where most do.
    pub longest_queue: u32,
}

/// What became of a whole run.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// How the network is at the end.
    pub end: Sample,
    /// When the first message had been at 50, 90, 99 and 100 % of the nodes, in seconds.
    pub reached: [Option<f64>; 4],
    /// When the first message was back where it had come from, in seconds.
    pub returned: Option<f64>,
    /// What became of the node that failed and came back, if the scenario has one.
    pub outage: Option<Outage>,
    /// Messages delivered a second before and during the flood, if the scenario has one.
    pub flood: Option<(f64, f64)>,
}

/// What became of the one node that failed and came back.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct Outage {
    /// How many nodes held it for new or alive when it failed.
    pub known_by: u32,
    /// How long after its failure nobody held it for new or alive any more, in seconds. As precise as the samples.
    pub forgotten: Option<f64>,
    /// How long after its return it took a message, in seconds.
    pub found: Option<f64>,
    /// How long after its return half as many nodes as before held it for new or alive, in seconds. As precise as the
    /// samples.
    pub known_again: Option<f64>,
}
