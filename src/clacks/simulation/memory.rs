//! An estimate of the memory of a scenario, before it runs.
//!
//! Each number of a scenario has a range, but the memory is proportional to products of them: nodes and their peers,
//! senders and their messages in flight. The constants are those of a grid of a million nodes, rounded up, in bytes.

use crate::core::Options;

use super::{Churn, Flood, Latency, Scenario, Topology, addresses::Addresses};

/// Maximum memory of a scenario in bytes: 4 GiB.
pub(super) const MAX_MEMORY: f64 = (4_u64 << 30) as f64;

/// A node without its peers.
const NODE: f64 = 600.0;
/// An initial peer of a node, with the announce to it.
const NEIGHBOUR: f64 = 150.0;
/// A peer that a node discovers.
const DISCOVERED: f64 = 100.0;
/// A message.
const MESSAGE: f64 = 250.0;
/// A payload in flight.
const IN_FLIGHT: f64 = 250.0;

/// Approximate maximum memory of a scenario in bytes. The scenario need not be valid.
pub(super) fn of(scenario: &Scenario) -> f64 {
    let nodes = f64::from(scenario.nodes());
    let neighbours = nodes * scenario.topology.max_neighbours();
    nodes * NODE
        + neighbours * NEIGHBOUR
        + discovered(scenario, neighbours) * DISCOVERED
        + f64::from(scenario.messages) * MESSAGE
        + in_flight(scenario) * IN_FLIGHT
}

/// The options of the nodes; their addresses make no difference.
fn options(scenario: &Scenario) -> Options {
    scenario.options(Addresses::of(1).of_node(0))
}

/// Payloads per second while each message is at another node.
fn payload_rate(scenario: &Scenario) -> f64 {
    f64::from(scenario.nodes().min(scenario.messages)) * scenario.send_rate
}

/// Number of peers that all nodes discover. A payload has at most two addresses that are unknown to its receiver, and a
/// node knows at most all others.
fn discovered(scenario: &Scenario, neighbours: f64) -> f64 {
    let nodes = f64::from(scenario.nodes());
    let sent = payload_rate(scenario) * scenario.duration;
    // A maximum of deliveries bounds the payloads. The factor leaves room for failed ones.
    let sent = if scenario.deliveries > 0 { sent.min(2.0 * scenario.deliveries as f64) } else { sent };
    let announces = if scenario.announces { neighbours } else { 0.0 };
    // A node that returns starts again with its initial peers.
    let real = (2.0 * sent + announces).min(nodes * (nodes - 1.0));
    real + made_up(scenario)
}

/// Number of made-up names that nodes remember.
fn made_up(scenario: &Scenario) -> f64 {
    let Some(Flood { from, until, rate }) = scenario.flood else { return 0.0 };
    let options = options(scenario);
    let minutes = (until - from).max(0.0) / 60.0;
    let a_node =
        f64::from(options.introductions_burst) + f64::from(options.introductions_per_minute) * minutes;
    (rate * (until - from)).min(f64::from(scenario.nodes()) * a_node.min(options.max_peers as f64)).max(0.0)
}

fn in_flight(scenario: &Scenario) -> f64 {
    let way = scenario.latency.mean().min(scenario.duration);
    let flood = scenario.flood.map_or(0.0, |flood| flood.rate);
    // If a payload or its response is lost, or the latency is high, the sender waits until the time-out. A node has at
    // most `max_in_flight` such payloads.
    let waiting = f64::from(scenario.nodes()) * options(scenario).max_in_flight as f64;
    let given_up = (payload_rate(scenario) * scenario.timeout).min(waiting);
    let announces = match scenario.churn {
        Some(Churn { mean_up, .. }) if scenario.announces => {
            f64::from(scenario.nodes()) * scenario.topology.max_neighbours() * (way / mean_up).min(1.0)
        }
        _ => 0.0,
    };
    2.0 * way * (payload_rate(scenario) + flood) + given_up + announces
}

impl Topology {
    /// Maximum number of initial peers of a node.
    fn max_neighbours(self) -> f64 {
        match self {
            Self::Grid { .. } => 8.0,
            Self::Ring { each_side, .. } | Self::SmallWorld { each_side, .. } => 2.0 * f64::from(each_side),
            Self::Random { degree, .. } => f64::from(degree),
            // The first node discovers all others.
            Self::Seed { .. } => 2.0,
        }
    }
}

impl Latency {
    /// Mean latency in seconds.
    fn mean(self) -> f64 {
        match self {
            Self::Constant { seconds } => seconds,
            Self::Uniform { from, to } => f64::midpoint(from, to),
            Self::LogNormal { median, sigma } => median * libm::exp(sigma * sigma / 2.0),
        }
    }
}
