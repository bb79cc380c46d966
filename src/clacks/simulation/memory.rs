//! How much memory a scenario takes, as far as that can be told before it runs.
//!
//! Each number of a scenario has bounds of its own, but what it takes is in proportion to products of them: nodes and
//! whom each knows, senders and how much each has on its way. The figures are those of a grid of a million nodes, rounded
//! up.

use crate::core::Options;

use super::{Churn, Flood, Latency, Scenario, Topology, addresses::Addresses};

/// Most memory that a scenario may take, in bytes: 4 GiB.
pub(super) const MOST_MEMORY: f64 = (4_u64 << 30) as f64;

/// A node, without whom it knows.
const NODE: f64 = 600.0;
/// A peer that a node knows at first, with the announce to it.
const NEIGHBOUR: f64 = 150.0;
/// A peer that a node comes to know.
const LEARNT: f64 = 100.0;
/// A message.
const MESSAGE: f64 = 250.0;
/// A payload on its way.
const ON_ITS_WAY: f64 = 250.0;

/// Bytes that a scenario takes at most, more or less. The scenario need not be one that can be simulated.
pub(super) fn of(scenario: &Scenario) -> f64 {
    let nodes = f64::from(scenario.nodes());
    let neighbours = nodes * scenario.topology.most_neighbours();
    nodes * NODE
        + neighbours * NEIGHBOUR
        + learnt(scenario, neighbours) * LEARNT
        + f64::from(scenario.messages) * MESSAGE
        + on_their_way(scenario) * ON_ITS_WAY
}

/// How the nodes behave; their addresses make no difference.
fn options(scenario: &Scenario) -> Options {
    scenario.options(Addresses::of(1).of_node(0))
}

/// Payloads a second while every message is at a node of its own.
fn payload_rate(scenario: &Scenario) -> f64 {
    f64::from(scenario.nodes().min(scenario.messages)) * scenario.send_rate
}

/// How often somebody comes to know somebody: of each payload its receiver learns two names at most, and nobody knows
/// more than all.
fn learnt(scenario: &Scenario, neighbours: f64) -> f64 {
    let nodes = f64::from(scenario.nodes());
    let sent = payload_rate(scenario) * scenario.duration;
    // Each comes to a node once at least, so there are never fewer than that.
    let sent = if scenario.deliveries > 0 { sent.min(2.0 * scenario.deliveries as f64) } else { sent };
    let announces = if scenario.announces { neighbours } else { 0.0 };
    // Who comes back begins anew, with what it knew at first.
    let real = (2.0 * sent + announces).min(nodes * (nodes - 1.0));
    real + made_up(scenario)
}

/// Names that a stranger makes up and that nodes remember.
fn made_up(scenario: &Scenario) -> f64 {
    let Some(Flood { from, until, rate }) = scenario.flood else { return 0.0 };
    let options = options(scenario);
    let minutes = (until - from).max(0.0) / 60.0;
    let a_node =
        f64::from(options.introductions_burst) + f64::from(options.introductions_per_minute) * minutes;
    (rate * (until - from)).min(f64::from(scenario.nodes()) * a_node.min(options.max_peers as f64)).max(0.0)
}

fn on_their_way(scenario: &Scenario) -> f64 {
    let way = scenario.latency.mean().min(scenario.duration);
    let flood = scenario.flood.map_or(0.0, |flood| flood.rate);
    // Where a payload or its answer gets lost, or the way is long, the sender waits until it gives up; no longer than that
    // for as many as a node may have on its way at once.
    let waiting = f64::from(scenario.nodes()) * options(scenario).max_in_flight as f64;
    let given_up = (payload_rate(scenario) * scenario.timeout).min(waiting);
    let announces = match scenario.churn {
        Some(Churn { mean_up, .. }) if scenario.announces => {
            f64::from(scenario.nodes()) * scenario.topology.most_neighbours() * (way / mean_up).min(1.0)
        }
        _ => 0.0,
    };
    2.0 * way * (payload_rate(scenario) + flood) + given_up + announces
}

impl Topology {
    /// How many others each node knows at first, at most.
    fn most_neighbours(self) -> f64 {
        match self {
            Self::Grid { .. } => 8.0,
            Self::Ring { each_side, .. } | Self::SmallWorld { each_side, .. } => 2.0 * f64::from(each_side),
            Self::Random { degree, .. } => f64::from(degree),
            // The first gets to know all.
            Self::Seed { .. } => 2.0,
        }
    }
}

impl Latency {
    /// Seconds that a way takes on average.
    fn mean(self) -> f64 {
        match self {
            Self::Constant { seconds } => seconds,
            Self::Uniform { from, to } => f64::midpoint(from, to),
            Self::LogNormal { median, sigma } => median * libm::exp(sigma * sigma / 2.0),
        }
    }
}
