use std::{ops::Range, sync::Arc, time::Duration};

use clacks_p2p::{Address, Node};
use rand::{
    Rng, RngExt,
    rngs::StdRng,
    seq::{IndexedRandom, IteratorRandom},
};
use tokio::{sync::oneshot, time::Instant};

use super::{conversation::Conversation, tower::Tower};

// Times in seconds at speed 1.
const LOOK_AROUND: f64 = 0.25;
const NEXT_LINE: f64 = 2.0;
const FIRST_FALL: f64 = 4.0;
const NEXT_FALL: Range<f64> = 18.0..26.0;
/// Long enough for the status lost.
const SHORT_RUIN: Range<f64> = 9.0..14.0;
/// Long enough for the status dead.
const LONG_RUIN: Range<f64> = 70.0..80.0;
/// Every n-th outage is long, starting with the first.
const LONG_EVERY: u32 = 3;

/// Makes the nodes send messages, and stops and restarts one now and then.
#[derive(Debug)]
pub(crate) struct Supervisor {
    pub(crate) towers: Vec<Tower>,
    /// The indices of the nodes that can have an outage.
    pub(crate) shaky: Range<usize>,
    pub(crate) monitor: Address,
    pub(crate) conversation: Arc<Conversation>,
    pub(crate) speed: f64,
    pub(crate) rng: StdRng,
}

/// The schedule, in seconds since the start at speed 1.
#[derive(Debug)]
struct Plan {
    next_line: f64,
    next_fall: f64,
    falls: u32,
    /// Stopped nodes, each with the time of its restart.
    ruins: Vec<(usize, f64)>,
}

impl Supervisor {
    /// Runs until `stopped` is sent or dropped, then stops all nodes.
    pub(crate) async fn run(mut self, mut stopped: oneshot::Receiver<()>) {
        self.greet_all();
        let started = Instant::now();
        let mut plan = Plan { next_line: NEXT_LINE, next_fall: FIRST_FALL, falls: 0, ruins: Vec::new() };
        let mut look_around = tokio::time::interval(Duration::from_secs_f64(LOOK_AROUND / self.speed));
        loop {
            tokio::select! {
                _ = &mut stopped => break,
                _ = look_around.tick() => self.follow(&mut plan, started.elapsed().as_secs_f64() * self.speed).await,
            }
        }
        for tower in &mut self.towers {
            tower.fall().await;
        }
    }

    async fn follow(&mut self, plan: &mut Plan, now: f64) {
        self.rebuild_what_is_due(plan, now).await;
        if now >= plan.next_fall {
            plan.next_fall = now + self.rng.random_range(NEXT_FALL);
            self.let_one_fall(plan, now).await;
        }
        if now >= plan.next_line {
            plan.next_line = now + NEXT_LINE;
            self.say_something();
        }
    }

    async fn rebuild_what_is_due(&mut self, plan: &mut Plan, now: f64) {
        for (tower, until) in std::mem::take(&mut plan.ruins) {
            if now < until {
                plan.ruins.push((tower, until));
            } else if let Err(error) = self.towers[tower].rebuild().await {
                // Another program uses the port; it may release it later.
                tracing::warn!(%error, "a tower of the demo network was not rebuilt");
                plan.ruins.push((tower, now + SHORT_RUIN.start));
            } else {
                self.greet(tower, Some(self.monitor.clone()));
            }
        }
    }

    /// Stops a node, unless fewer than half would be left.
    async fn let_one_fall(&mut self, plan: &mut Plan, now: f64) {
        if 2 * (plan.ruins.len() + 1) > self.towers.len() {
            return;
        }
        let standing = self.shaky.clone().filter(|tower| self.towers[*tower].node().is_some());
        let Some(tower) = standing.choose(&mut self.rng) else { return };
        let ruin = if plan.falls.is_multiple_of(LONG_EVERY) { LONG_RUIN } else { SHORT_RUIN };
        plan.falls += 1;
        plan.ruins.push((tower, now + self.rng.random_range(ruin)));
        self.towers[tower].fall().await;
    }

    fn say_something(&mut self) {
        let standing: Vec<_> = self.towers.iter().filter_map(Tower::node).collect();
        let Some(node) = standing.choose(&mut self.rng) else { return };
        say(node, &self.conversation, &mut self.rng);
    }

    /// Each node sends messages, and announces itself to the next node and a random one.
    fn greet_all(&mut self) {
        for tower in 0..self.towers.len() {
            if let Some(node) = self.towers[tower].node() {
                for _ in 0..2 {
                    say(node, &self.conversation, &mut self.rng);
                }
            }
            self.greet(tower, None);
        }
    }

    fn greet(&mut self, tower: usize, also: Option<Address>) {
        let next = (tower + 1) % self.towers.len();
        let any = self.rng.random_range(0..self.towers.len());
        let Some(node) = self.towers[tower].node() else { return };
        for address in [next, any].map(|other| self.towers[other].address().clone()).into_iter().chain(also) {
            let node = node.clone();
            // The other node can be stopped; then others introduce this one.
            tokio::spawn(async move { node.announce(&address).await.ok() });
        }
    }
}

fn say(node: &Node, conversation: &Conversation, rng: &mut impl Rng) {
    if let Some(line) = conversation.next_line(&node.address(), rng) {
        // The queue has space for all lines.
        let _ = node.enqueue(line);
    }
}
