//! What is simulated.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{
    core::{NewPeerPolicy, Options},
    protocol::Address,
};

use super::{
    Latency, Topology,
    memory::{self, MOST_MEMORY},
};

/// So many nodes are simulated at most.
pub(super) const MOST_NODES: u32 = 4_000_000;
/// So many messages at most.
const MOST_MESSAGES: u32 = 10_000_000;
/// So many seconds at most: a year.
const LONGEST: f64 = 31_536_000.0;

/// What is simulated: how many nodes, who knows whom at first, how the network between them is, and what goes wrong.
///
/// Times are seconds of the virtual clock, shares are 0 to 1.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Scenario {
    /// What it is called.
    pub name: String,
    /// What it shows, in a sentence or two.
    pub about: String,
    /// The number that all chance comes from: the same number, the same run.
    pub seed: u64,
    /// When it ends, in seconds.
    pub duration: f64,
    /// It ends earlier when so many messages were delivered; 0 for no such end.
    pub deliveries: u64,
    /// It ends earlier when the first message was at so many of the nodes; 0 for no such end.
    pub until_visited: f64,
    /// Who knows whom at first.
    pub topology: Topology,
    /// Whether nodes make themselves known to those whom they know at first, when they start and when they are back; if
    /// not, they are told of them only, and nobody knows one whom nobody was told of. An announce that fails is repeated, as
    /// the program `clacks` does.
    pub announces: bool,
    /// How many messages there are, each another.
    pub messages: u32,
    /// Where the messages start.
    pub origin: MessagePlacement,
    /// Messages a second that each node sends: see [`Options::send_rate`].
    pub send_rate: f64,
    /// How long a peer is lost until it is dead, in seconds: see [`Options::kill_timeout`].
    pub kill_timeout: f64,
    /// Which new peers are tried: see [`Options::newcomers`].
    pub newcomers: NewPeerPolicy,
    /// Whether each node has a network address of its own, by which others count what it sends and whom it names. If
    /// not, there are no limits for it, and less memory is needed.
    pub limits: bool,
    /// How long a payload is on its way.
    pub latency: Latency,
    /// How long a node waits for an answer, in seconds. Default 10, as a node does.
    pub timeout: f64,
    /// The share of payloads that never arrive.
    pub loss: f64,
    /// The share of answers that never arrive, so that the sender sends what was taken once more.
    pub answer_loss: f64,
    /// Nodes that fail and come back.
    pub churn: Option<Churn>,
    /// One node that fails and comes back.
    pub outage: Option<Outages>,
    /// A time when there are two networks.
    pub partition: Option<Partition>,
    /// Somebody who makes up names.
    pub flood: Option<Flood>,
}

/// Where messages start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MessagePlacement {
    /// All at the first node.
    First,
    /// Each at another node, evenly.
    Spread,
}

/// Nodes that fail, with all that they know and hold, and come back knowing whom they knew at first.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Churn {
    /// How long a node is there on average, in seconds; the times are exponentially distributed.
    pub mean_up: f64,
    /// How long it is away on average, in seconds.
    pub mean_down: f64,
}

/// One node that fails and comes back.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Outages {
    /// Which one.
    pub node: u32,
    /// When it fails, in seconds.
    pub from: f64,
    /// When it is back, in seconds.
    pub until: f64,
}

/// A time when what is sent between the first nodes and the others never arrives.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Partition {
    /// When it begins, in seconds.
    pub from: f64,
    /// When it ends, in seconds.
    pub until: f64,
    /// The share of the nodes that are on one side.
    pub share: f64,
}

/// Somebody, outside the network and with one network address, who sends payloads with made-up friends to random nodes.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Flood {
    /// When it begins, in seconds.
    pub from: f64,
    /// When it ends, in seconds.
    pub until: f64,
    /// Payloads a second, to all nodes together.
    pub rate: f64,
}

/// Why a [`Scenario`] can't be simulated.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ScenarioError {
    /// There are too few or too many nodes.
    #[error("{0} nodes: there must be 2 to {MOST_NODES}")]
    Nodes(u32),
    /// A node would know more others than there are or than may be.
    #[error("each of {nodes} nodes would know {neighbours} others: make it fewer, 1000 at most")]
    Neighbours {
        /// How many it would know.
        neighbours: u32,
        /// How many nodes there are.
        nodes: u32,
    },
    /// A number is not within its bounds.
    #[error("`{name}` is {value}; it must be {from} to {to}")]
    OutOfRange {
        /// What it is the number of.
        name: &'static str,
        /// The number.
        value: f64,
        /// The least that it may be.
        from: f64,
        /// The most that it may be.
        to: f64,
    },
    /// It begins after its end.
    #[error("`{0}` begins after its end: make `from` less than `until`")]
    Reversed(&'static str),
    /// Two things go wrong that can't be told apart.
    #[error("`churn` and `outage` can't be simulated together; leave one out")]
    ChurnAndOutage,
    /// It would take too much memory.
    #[error(
        "it would take about {} MB of memory, and {} MB are the most; make it fewer nodes, neighbours or messages, or \
         lower rates and shorter ways",
        megabytes(*.0),
        megabytes(MOST_MEMORY)
    )]
    Memory(f64),
    /// The node that is to fail is not there.
    #[error("`outage.node` is {0}, and the last node is {1}")]
    NoSuchNode(u32, u32),
}

impl Default for Scenario {
    /// A hundred nodes that know five others each, one message, and the protocol's own numbers.
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
    /// Whether it can be simulated.
    pub fn check(&self) -> Result<(), ScenarioError> {
        self.topology.check()?;
        self.latency.check()?;
        for (name, value, from, to) in [
            ("duration", self.duration, 0.001, LONGEST),
            ("until_visited", self.until_visited, 0.0, 1.0),
            ("messages", f64::from(self.messages), 0.0, f64::from(MOST_MESSAGES)),
            ("send_rate", self.send_rate, 0.001, 100_000.0),
            ("kill_timeout", self.kill_timeout, 0.0, LONGEST),
            ("timeout", self.timeout, 0.001, 3600.0),
            ("loss", self.loss, 0.0, 1.0),
            ("answer_loss", self.answer_loss, 0.0, 1.0),
        ] {
            in_range(name, value, from, to)?;
        }
        self.check_trouble()?;
        let memory = self.memory();
        if memory <= MOST_MEMORY { Ok(()) } else { Err(ScenarioError::Memory(memory)) }
    }

    /// About how many bytes of memory it takes at most to simulate this, reckoned from its numbers. [`check`](Self::check)
    /// refuses what takes more than 4 GiB.
    pub fn memory(&self) -> f64 {
        memory::of(self)
    }

    fn check_trouble(&self) -> Result<(), ScenarioError> {
        if let Some(Churn { mean_up, mean_down }) = self.churn {
            in_range("churn.mean_up", mean_up, 0.001, LONGEST)?;
            in_range("churn.mean_down", mean_down, 0.001, LONGEST)?;
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

    /// How many nodes there are.
    pub fn nodes(&self) -> u32 {
        self.topology.nodes()
    }

    /// What each node is told, apart from its address. Options of a scenario that was checked are ones that a node takes.
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

/// Whether a number is within its bounds; NaN is not.
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
    in_range(name, from, 0.0, LONGEST)?;
    in_range(name, until, 0.0, LONGEST)?;
    if from < until { Ok(()) } else { Err(ScenarioError::Reversed(name)) }
}

/// A time that was checked.
pub(super) fn seconds(seconds: f64) -> Duration {
    Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX)
}
