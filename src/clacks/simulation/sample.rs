//! Measurements.

use serde::Serialize;

/// The state of the network at one time.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Sample {
    /// Time of the virtual clock, in seconds.
    pub at: f64,
    /// Deliveries so far.
    pub deliveries: u64,
    /// Failed deliveries so far.
    pub failures: u64,
    /// The share of the nodes that a message has visited, on average over the first 64 messages.
    pub visited: f64,
    /// New and alive peers of a running node, on average.
    pub known: f64,
    /// Minimum of `known`.
    pub least_known: u32,
    /// Maximum of `known`.
    pub most_known: u32,
    /// Longest distance between a running node and one of its new or alive peers, as the difference of their numbers,
    /// on average over the running nodes.
    pub distance: f64,
    /// Running nodes.
    pub up: u32,
    /// Messages that no node has any more.
    pub lost: u32,
    /// Extra copies of messages.
    pub duplicates: u64,
    /// The length of the longest queue.
    pub longest_queue: u32,
}

/// The result of a run.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Report {
    /// The state of the network at the end.
    pub end: Sample,
    /// Times at which the first message had visited 50, 90, 99 and 100 % of the nodes, in seconds.
    pub reached: [Option<f64>; 4],
    /// Time at which the first message returned to its first node, in seconds.
    pub returned: Option<f64>,
    /// The outage of one node, if the scenario has one.
    pub outage: Option<Outage>,
    /// Deliveries per second before and during the flood, if the scenario has one.
    pub flood: Option<(f64, f64)>,
}

/// The outage of one node.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
#[non_exhaustive]
pub struct Outage {
    /// Number of nodes for which it was new or alive when it failed.
    pub known_by: u32,
    /// Time from the failure until it was new or alive for no node, in seconds. The precision is that of the samples.
    pub forgotten: Option<f64>,
    /// Time from the return until it accepted a message, in seconds.
    pub found: Option<f64>,
    /// Time from the return until it was new or alive for half as many nodes as before, in seconds. The precision is
    /// that of the samples.
    pub known_again: Option<f64>,
}
