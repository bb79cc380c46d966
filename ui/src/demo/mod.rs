//! A demo network: real nodes in this process that speak HTTPS over loopback.

use std::{sync::Arc, time::Duration};

use clacks_p2p::Node;
use rand::{RngExt, SeedableRng, rngs::StdRng};
use tokio::{sync::oneshot, task::JoinHandle};

mod conversation;
mod node;
mod supervisor;

use conversation::Conversation;
use node::DemoNode;
use supervisor::Supervisor;

// Messages per second at speed 1.
const OWN_SEND_RATE: f64 = 2.0;
const SEND_RATES: std::ops::Range<f64> = 1.5..3.0;
const NOISY_SEND_RATE: f64 = 4.0;
/// In seconds at speed 1. Short, so that a dead peer appears within a minute.
const KILL_TIMEOUT: f64 = 10.0;
/// Number of lines per node.
const LINES: usize = 3;
/// Minimum number of nodes for a noisy one, which the monitored node ignores at the start.
const MIN_NODES_WITH_NOISY: usize = 4;

/// The options of the demo network.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct DemoOptions {
    /// Number of nodes besides the one that you watch, 1 to 64
    #[arg(long, default_value_t = 8, value_name = "NUMBER", value_parser = nodes)]
    pub(crate) nodes: u16,
    /// Seed of the network: the same number gives nodes with the same behaviour
    #[arg(long, default_value_t = 1, value_name = "NUMBER", value_parser = seed)]
    pub(crate) seed: u64,
    /// Speed of the network as a multiple of the usual speed, 0.1 to 20
    #[arg(long, default_value_t = 1.0, value_name = "FACTOR", value_parser = speed)]
    pub(crate) speed: f64,
}

fn speed(text: &str) -> Result<f64, &'static str> {
    let speed = text.parse().ok().filter(|speed| (0.1..=20.0).contains(speed));
    speed.ok_or("a speed is a number from 0.1 to 20, such as 4")
}

fn nodes(text: &str) -> Result<u16, &'static str> {
    let nodes = text.parse().ok().filter(|nodes| (1..=64).contains(nodes));
    nodes.ok_or("a number of nodes is whole and from 1 to 64, such as 8")
}

fn seed(text: &str) -> Result<u64, &'static str> {
    text.parse().map_err(|_| "a seed is a whole number from 0 to 18446744073709551615, such as 7")
}

/// A running demo network with the monitored node.
#[derive(Debug)]
pub(crate) struct Network {
    node: Node,
    /// Dropping it stops the supervisor.
    keep: oneshot::Sender<()>,
    supervisor: JoinHandle<()>,
}

impl Network {
    pub(crate) async fn start(options: &DemoOptions) -> anyhow::Result<Self> {
        let mut rng = StdRng::seed_from_u64(options.seed);
        let nodes = usize::from(options.nodes);
        let conversation = Arc::new(Conversation::new(LINES * (nodes + 1))?);
        let demo_nodes = start_nodes(nodes, options.speed, &conversation, &mut rng).await?;
        let node = start_node(options.speed).await?;
        conversation.follow(&node);
        let noisy = if nodes >= MIN_NODES_WITH_NOISY { demo_nodes.last() } else { None };
        if let Some(noisy) = noisy {
            node.ignore(noisy.address());
        }
        let unstable = 1..nodes - usize::from(noisy.is_some());
        introduce(&node, &demo_nodes);

        let (monitor, speed) = (node.address(), options.speed);
        let (keep, stopped) = oneshot::channel();
        let supervisor = Supervisor { demo_nodes, unstable, monitor, conversation, speed, rng };
        Ok(Self { node, keep, supervisor: tokio::spawn(supervisor.run(stopped)) })
    }

    /// The monitored node.
    pub(crate) fn node(&self) -> &Node {
        &self.node
    }

    /// Stops all nodes.
    pub(crate) async fn stop(self) {
        drop(self.keep);
        super::shutdown::stop(&self.node).await;
        // A supervisor that does not end in time ends with the process.
        let _ = tokio::time::timeout(super::shutdown::STOP_TIMEOUT, self.supervisor).await;
    }
}

async fn start_nodes(
    nodes: usize,
    speed: f64,
    conversation: &Arc<Conversation>,
    rng: &mut StdRng,
) -> anyhow::Result<Vec<DemoNode>> {
    let mut demo_nodes = Vec::with_capacity(nodes);
    for number in 0..nodes {
        let is_noisy = nodes >= MIN_NODES_WITH_NOISY && number == nodes - 1;
        let rate = if is_noisy { NOISY_SEND_RATE } else { rng.random_range(SEND_RATES) };
        demo_nodes.push(DemoNode::start(rate * speed, conversation).await?);
    }
    Ok(demo_nodes)
}

async fn start_node(speed: f64) -> anyhow::Result<Node> {
    let builder = Node::builder().hostname("127.0.0.1").port(0).send_rate(OWN_SEND_RATE * speed);
    Ok(builder.kill_timeout(Duration::from_secs_f64(KILL_TIMEOUT / speed)).start().await?)
}

/// Announces the monitored node to two other nodes, which introduce it to the rest.
fn introduce(node: &Node, demo_nodes: &[DemoNode]) {
    let some = [demo_nodes.first(), demo_nodes.get(demo_nodes.len() / 2)];
    let addresses: Vec<_> = some.into_iter().flatten().map(|tower| tower.address().clone()).collect();
    crate::bootstrap::Introducer::new(node).introduce(&addresses);
}
