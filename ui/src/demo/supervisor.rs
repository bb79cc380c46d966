use std::{ops::Range, sync::Arc, time::Duration};

use clacks_p2p::{Address, Node};
use rand::{
    Rng, RngExt,
    rngs::StdRng,
    seq::{IndexedRandom, IteratorRandom},
};
use tokio::{sync::oneshot, time::Instant};

use super::{conversation::Conversation, node::DemoNode};

// Times in seconds at speed 1.
const TICK: f64 = 0.25;
const LINE_INTERVAL: f64 = 2.0;
const FIRST_OUTAGE: f64 = 4.0;
const OUTAGE_INTERVAL: Range<f64> = 18.0..26.0;
/// Long enough for the status lost.
const SHORT_OUTAGE: Range<f64> = 9.0..14.0;
/// Long enough for the status dead.
const LONG_OUTAGE: Range<f64> = 70.0..80.0;
/// Every n-th outage is long, starting with the first.
const LONG_OUTAGE_EVERY: u32 = 3;

/// Makes the nodes send messages, and stops and restarts one now and then.
#[derive(Debug)]
pub(crate) struct Supervisor {
    pub(crate) demo_nodes: Vec<DemoNode>,
    /// The indices of the nodes that can have an outage.
    pub(crate) unstable: Range<usize>,
    pub(crate) monitor: Address,
    pub(crate) conversation: Arc<Conversation>,
    pub(crate) speed: f64,
    pub(crate) rng: StdRng,
}

/// The schedule, in seconds since the start at speed 1.
#[derive(Debug)]
struct Plan {
    next_line: f64,
    next_outage: f64,
    outages: u32,
    /// Stopped nodes, each with the time of its restart.
    stopped_nodes: Vec<(usize, f64)>,
}

impl Supervisor {
    /// Runs until `stopped` is sent or dropped, then stops all nodes.
    pub(crate) async fn run(mut self, mut stopped: oneshot::Receiver<()>) {
        self.announce_all();
        let started = Instant::now();
        let mut plan = Plan {
            next_line: LINE_INTERVAL,
            next_outage: FIRST_OUTAGE,
            outages: 0,
            stopped_nodes: Vec::new(),
        };
        let mut ticks = tokio::time::interval(Duration::from_secs_f64(TICK / self.speed));
        loop {
            tokio::select! {
                _ = &mut stopped => break,
                _ = ticks.tick() => self.follow(&mut plan, started.elapsed().as_secs_f64() * self.speed).await,
            }
        }
        for tower in &mut self.demo_nodes {
            tower.stop().await;
        }
    }

    async fn follow(&mut self, plan: &mut Plan, now: f64) {
        self.restart_due(plan, now).await;
        if now >= plan.next_outage {
            plan.next_outage = now + self.rng.random_range(OUTAGE_INTERVAL);
            self.start_outage(plan, now).await;
        }
        if now >= plan.next_line {
            plan.next_line = now + LINE_INTERVAL;
            self.send_line();
        }
    }

    async fn restart_due(&mut self, plan: &mut Plan, now: f64) {
        for (tower, until) in std::mem::take(&mut plan.stopped_nodes) {
            if now < until {
                plan.stopped_nodes.push((tower, until));
            } else if let Err(error) = self.demo_nodes[tower].restart().await {
                // Another program uses the port; it may release it later.
                tracing::warn!(%error, "a tower of the demo network was not rebuilt");
                plan.stopped_nodes.push((tower, now + SHORT_OUTAGE.start));
            } else {
                self.announce(tower, Some(self.monitor.clone()));
            }
        }
    }

    /// Stops a node, unless fewer than half would be left.
    async fn start_outage(&mut self, plan: &mut Plan, now: f64) {
        if 2 * (plan.stopped_nodes.len() + 1) > self.demo_nodes.len() {
            return;
        }
        let standing = self.unstable.clone().filter(|tower| self.demo_nodes[*tower].node().is_some());
        let Some(tower) = standing.choose(&mut self.rng) else { return };
        let outage = if plan.outages.is_multiple_of(LONG_OUTAGE_EVERY) { LONG_OUTAGE } else { SHORT_OUTAGE };
        plan.outages += 1;
        plan.stopped_nodes.push((tower, now + self.rng.random_range(outage)));
        self.demo_nodes[tower].stop().await;
    }

    fn send_line(&mut self) {
        let standing: Vec<_> = self.demo_nodes.iter().filter_map(DemoNode::node).collect();
        let Some(node) = standing.choose(&mut self.rng) else { return };
        send(node, &self.conversation, &mut self.rng);
    }

    /// Each node sends messages, and announces itself to the next node and a random one.
    fn announce_all(&mut self) {
        for tower in 0..self.demo_nodes.len() {
            if let Some(node) = self.demo_nodes[tower].node() {
                for _ in 0..2 {
                    send(node, &self.conversation, &mut self.rng);
                }
            }
            self.announce(tower, None);
        }
    }

    fn announce(&mut self, tower: usize, also: Option<Address>) {
        let next = (tower + 1) % self.demo_nodes.len();
        let any = self.rng.random_range(0..self.demo_nodes.len());
        let Some(node) = self.demo_nodes[tower].node() else { return };
        for address in
            [next, any].map(|other| self.demo_nodes[other].address().clone()).into_iter().chain(also)
        {
            let node = node.clone();
            // The other node can be stopped; then others introduce this one.
            tokio::spawn(async move { node.announce(&address).await.ok() });
        }
    }
}

fn send(node: &Node, conversation: &Conversation, rng: &mut impl Rng) {
    if let Some(line) = conversation.next_line(&node.address(), rng) {
        // The queue has space for all lines.
        let _ = node.enqueue(line);
    }
}
