//! The scenario of a simulation.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{
    core::{NewPeerPolicy, Options},
    protocol::Address,
};

use super::{
    Latency, Topology,
    memory::{self, MAX_MEMORY},
};

/// Maximum number of nodes.
pub(super) const MAX_NODES: u32 = 4_000_000;
/// Maximum number of messages.
const MAX_MESSAGES: u32 = 10_000_000;
/// Maximum duration in seconds: a year.
const MAX_SECONDS: f64 = 31_536_000.0;

/// The scenario of a simulation: the nodes, their initial peers, the network, and what goes wrong.
///
/// Times are seconds of the virtual clock. Shares are 0 to 1.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Scenario {
    /// Its name.
    pub name: String,
    /// Its description, in one or two sentences.
    pub about: String,
    /// The seed of the random numbers: the same seed gives the same run.
    pub seed: u64,
    /// Its duration in seconds.
    pub duration: f64,
    /// Maximum deliveries, after which it ends; 0 for no maximum.
    pub deliveries: u64,
    /// Share of the nodes after whose visit by the first message it ends; 0 for no such end.
    pub until_visited: f64,
    /// The initial peers of each node.
    pub topology: Topology,
    /// Whether nodes announce themselves to their initial peers when they start and when they return. Otherwise only
    /// they know those peers, and a node in no list is unknown. A failed announce is repeated, as the program `clacks`
    /// does.
    pub announces: bool,
    /// Number of different messages.
    pub messages: u32,
    /// The nodes at which the messages start.
    pub origin: MessagePlacement,
    /// Messages per second that each node sends: see [`Options::send_rate`].
    pub send_rate: f64,
    /// Kill timeout in seconds: see [`Options::kill_timeout`].
    pub kill_timeout: f64,
    /// The order in which new peers are tried: see [`Options::newcomers`].
    pub newcomers: NewPeerPolicy,
    /// Whether each node has a network address, so that the limits per remote address apply. Otherwise they do not, and
    /// less memory is needed.
    pub limits: bool,
    /// The latency of the network.
    pub latency: Latency,
    /// Time-out for a response in seconds. Default 10, as in a node.
    pub timeout: f64,
    /// The share of lost payloads.
    pub loss: f64,
    /// The share of lost responses. The sender then sends an accepted message again.
    pub answer_loss: f64,
    /// Failures and returns of all nodes.
    pub churn: Option<Churn>,
    /// The failure and return of one node.
    pub outage: Option<Outages>,
    /// A partition of the network.
    pub partition: Option<Partition>,
    /// A flood of made-up names.
    pub flood: Option<Flood>,
}

/// The nodes at which messages start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MessagePlacement {
    /// All at the first node.
    First,
    /// Each at another node, evenly spread.
    Spread,
}

/// Failures of all nodes. A node that fails loses its peers and messages, and returns with its initial peers.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Churn {
    /// Mean time between return and failure, in seconds; exponentially distributed.
    pub mean_up: f64,
    /// Mean time between failure and return, in seconds.
    pub mean_down: f64,
}

/// The failure and return of one node.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Outages {
    /// Its number.
    pub node: u32,
    /// Time of the failure, in seconds.
    pub from: f64,
    /// Time of the return, in seconds.
    pub until: f64,
}

/// A partition: payloads between the first nodes and the others are lost.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Partition {
    /// Start, in seconds.
    pub from: f64,
    /// End, in seconds.
    pub until: f64,
    /// The share of the nodes on the first side.
    pub share: f64,
}

/// A flood: a stranger with one network address sends payloads with made-up friends to random nodes.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Flood {
    /// Start, in seconds.
    pub from: f64,
    /// End, in seconds.
    pub until: f64,
    /// Payloads per second to all nodes together.
    pub rate: f64,
}

/// Why a [`Scenario`] cannot be simulated.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ScenarioError {
    /// There are too few or too many nodes.
    #[error("{0} nodes: there must be 2 to {MAX_NODES}")]
    Nodes(u32),
    /// A node would have more initial peers than there are nodes, or than the maximum.
    #[error("each of {nodes} nodes would know {neighbours} others: make it fewer, 1000 at most")]
    Neighbours {
        /// Its number of initial peers.
        neighbours: u32,
        /// The number of nodes.
        nodes: u32,
    },
    /// A number is out of range.
    #[error("`{name}` is {value}; it must be {from} to {to}")]
    OutOfRange {
        /// The name of the number.
        name: &'static str,
        /// The number.
        value: f64,
        /// The minimum.
        from: f64,
        /// The maximum.
        to: f64,
    },
    /// It begins after its end.
    #[error("`{0}` begins after its end: make `from` less than `until`")]
    Reversed(&'static str),
    /// Two faults cannot be told apart.
    #[error("`churn` and `outage` can't be simulated together; leave one out")]
    ChurnAndOutage,
    /// The simulation needs too much memory.
    #[error(
        "it would take about {} MB of memory, and {} MB are the most; make it fewer nodes, neighbours or messages, or \
         lower rates and shorter ways",
        megabytes(*.0),
        megabytes(MAX_MEMORY)
    )]
    Memory(f64),
    /// The node that is to fail does not exist.
    #[error("`outage.node` is {0}, and the last node is {1}")]
    NoSuchNode(u32, u32),
}

impl Default for Scenario {
    /// A hundred nodes with five initial peers each, one message, and the options of the protocol.
    fn default() -> Self {
        Self {
            name: String::new(),
            about: String::new(),
            seed: 1,
            duration: 600.0,
            deliveries: 0,
            until_visited: 0.0,
            topology: Topology::Random { nodes: 100, degree: 5 },
            announces: true,
            messages: 1,
            origin: MessagePlacement::First,
            send_rate: 1.0,
            kill_timeout: 3600.0,
            newcomers: NewPeerPolicy::EverySecond,
            limits: true,
            latency: Latency::LogNormal { median: 0.05, sigma: 0.5 },
            timeout: 10.0,
            loss: 0.0,
            answer_loss: 0.0,
            churn: None,
            outage: None,
            partition: None,
            flood: None,
        }
    }
}

impl Scenario {
    /// Checks whether the scenario can be simulated.
    pub fn check(&self) -> Result<(), ScenarioError> {
        self.topology.check()?;
        self.latency.check()?;
        for (name, value, from, to) in [
            ("duration", self.duration, 0.001, MAX_SECONDS),
            ("until_visited", self.until_visited, 0.0, 1.0),
            ("messages", f64::from(self.messages), 0.0, f64::from(MAX_MESSAGES)),
            ("send_rate", self.send_rate, 0.001, 100_000.0),
            ("kill_timeout", self.kill_timeout, 0.0, MAX_SECONDS),
            ("timeout", self.timeout, 0.001, 3600.0),
            ("loss", self.loss, 0.0, 1.0),
            ("answer_loss", self.answer_loss, 0.0, 1.0),
        ] {
            in_range(name, value, from, to)?;
        }
        self.check_faults()?;
        let memory = self.memory();
        if memory <= MAX_MEMORY { Ok(()) } else { Err(ScenarioError::Memory(memory)) }
    }

    /// Estimated maximum memory of the simulation in bytes. [`check`](Self::check) refuses more than 4 GiB.
    pub fn memory(&self) -> f64 {
        memory::of(self)
    }

    fn check_faults(&self) -> Result<(), ScenarioError> {
        if let Some(Churn { mean_up, mean_down }) = self.churn {
            in_range("churn.mean_up", mean_up, 0.001, MAX_SECONDS)?;
            in_range("churn.mean_down", mean_down, 0.001, MAX_SECONDS)?;
        }
        if self.churn.is_some() && self.outage.is_some() {
            return Err(ScenarioError::ChurnAndOutage);
        }
        if let Some(Outages { node, from, until }) = self.outage {
            in_order("outage", from, until)?;
            let last = self.topology.nodes() - 1;
            if node > last {
                return Err(ScenarioError::NoSuchNode(node, last));
            }
        }
        if let Some(Partition { from, until, share }) = self.partition {
            in_order("partition", from, until)?;
            in_range("partition.share", share, 0.0, 1.0)?;
        }
        if let Some(Flood { from, until, rate }) = self.flood {
            in_order("flood", from, until)?;
            in_range("flood.rate", rate, 0.001, 1e9)?;
        }
        Ok(())
    }

    /// The number of nodes.
    pub fn nodes(&self) -> u32 {
        self.topology.nodes()
    }

    /// The options of a node. A node accepts the options of every scenario that passed the check.
    pub(super) fn options(&self, address: Address) -> Options {
        let messages = self.messages.max(100_000) as usize;
        Options {
            send_rate: self.send_rate,
            kill_timeout: seconds(self.kill_timeout),
            newcomers: self.newcomers,
            max_queue_messages: messages,
            max_queue_bytes: usize::MAX,
            ..Options::new(address)
        }
    }
}

/// Checks that a number is in its range. NaN is not.
pub(super) fn in_range(name: &'static str, value: f64, from: f64, to: f64) -> Result<(), ScenarioError> {
    if (from..=to).contains(&value) {
        Ok(())
    } else {
        Err(ScenarioError::OutOfRange { name, value, from, to })
    }
}

fn megabytes(bytes: f64) -> u64 {
    (bytes / 1e6).ceil() as u64
}

fn in_order(name: &'static str, from: f64, until: f64) -> Result<(), ScenarioError> {
    in_range(name, from, 0.0, MAX_SECONDS)?;
    in_range(name, until, 0.0, MAX_SECONDS)?;
    if from < until { Ok(()) } else { Err(ScenarioError::Reversed(name)) }
}

/// A checked time in seconds.
pub(super) fn seconds(seconds: f64) -> Duration {
    Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX)
}
