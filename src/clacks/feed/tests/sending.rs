//! A node that sends messages and announces over real sockets, between the steps of a check.

use std::{
    sync::{Arc, Condvar, Mutex},
    time::Duration,
};

use clacks_feed::{
    Network, Run,
    conformance::{self, Specimen},
};
use clacks_p2p::{
    Address, Message, Node,
    core::{Core, Event},
};
use rand::{RngExt, rngs::StdRng, seq::IndexedRandom};
use tokio::runtime::Runtime;

use super::{calls::builder, payload};
use crate::ClacksNetwork;

/// So slow that nothing is sent while a check looks.
const NEVER: f64 = 0.001;
const AT_ONCE: f64 = 100_000.0;

/// Where received messages wait until it is opened.
#[derive(Default)]
struct Gate {
    /// Whether it is open, and the number of messages that wait.
    state: Mutex<(bool, usize)>,
    changed: Condvar,
}

impl Gate {
    fn pass(&self) {
        let mut state = self.state.lock().unwrap();
        state.1 += 1;
        state = self.changed.wait_while(state, |(is_open, _)| !*is_open).unwrap();
        state.1 -= 1;
    }

    fn set_open(&self, is_open: bool) {
        self.state.lock().unwrap().0 = is_open;
        self.changed.notify_all();
    }

    fn waiting(&self) -> usize {
        self.state.lock().unwrap().1
    }
}

struct Sending {
    gate: Arc<Gate>,
    network: Arc<ClacksNetwork>,
    /// Nodes that accept messages and drop them, one that refuses them, and an address where nobody is.
    others: Vec<Address>,
    _nodes: Vec<Node>,
    delivered: u64,
    failed: u64,
    runtime: Runtime,
}

impl Sending {
    fn new() -> Self {
        let runtime = Runtime::new().unwrap();
        let _within = runtime.enter();
        let start = |_| runtime.block_on(builder().start()).unwrap();
        let nodes: Vec<Node> = (0..4).map(start).collect();
        let [node, accepts, accepts_too, refuses] = &nodes[..] else { panic!() };
        let gate = Arc::<Gate>::default();
        for other in [accepts, accepts_too] {
            let gate = Arc::clone(&gate);
            other.on_message_received(move |_, _| {
                tokio::task::block_in_place(|| gate.pass());
                None
            });
        }
        refuses.ignore(&node.address());
        let mut others: Vec<_> = nodes[1..].iter().map(Node::address).collect();
        others.push("127.0.0.1:1".parse().unwrap());
        others.iter().for_each(|other| _ = node.add_peer(other));
        let network = ClacksNetwork::new(node, Run(7));
        Self { gate, network, others, _nodes: nodes, delivered: 0, failed: 0, runtime }
    }

    fn node(&self) -> &Node {
        self.network.node()
    }

    /// Sends the head of the queue, if there is one and a peer is free, until its receiver waits at the gate or it has
    /// ended.
    async fn begin(&self) {
        let node = self.node();
        let can_send =
            |core: &Core| core.queue_len() > 0 && core.in_flight() == 0 && core.free_peers().total() > 0;
        if !node.read(can_send) {
            return;
        }
        let mut events = node.subscribe();
        node.set_send_rate(AT_ONCE).unwrap();
        while !matches!(events.next().await, Some(Event::MessageSending { .. })) {}
        node.set_send_rate(NEVER).unwrap();
        while node.read(Core::in_flight) > self.gate.waiting() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    /// Lets the message that is being sent arrive.
    async fn end(&self) {
        self.gate.set_open(true);
        while self.node().read(Core::in_flight) > 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        self.gate.set_open(false);
    }

    fn within_a_minute(&self, step: impl Future<Output = ()>) {
        self.runtime.block_on(async { tokio::time::timeout(Duration::from_secs(60), step).await.unwrap() });
    }

    async fn announce(&self, other: &Address) {
        _ = self.node().announce(other).await;
    }
}

/// A message that waits would keep the runtime from ending.
impl Drop for Sending {
    fn drop(&mut self) {
        self.gate.set_open(true);
    }
}

impl Specimen for Sending {
    fn network(&self) -> Arc<dyn Network> {
        self.network.clone()
    }

    fn disturb(&mut self, random: &mut StdRng) {
        let other = self.others.choose(random).unwrap().clone();
        let text = || Message::text("GNU Terry Pratchett");
        let node = self.node();
        match random.random_range(0..120) {
            0..2 => self.within_a_minute(self.begin()),
            2 => self.within_a_minute(self.end()),
            3 => self.runtime.block_on(self.announce(&other)),
            4 => _ = node.add_peer(&other),
            5 => _ = node.forget(&other),
            6 => _ = node.ignore(&other),
            7..10 => _ = node.unignore(&other),
            10 => _ = node.trust(&other),
            11 => _ = node.release_all(),
            12..40 => _ = node.enqueue(text()),
            40..70 => _ = node.drop_message(node.queue_window(0..1).first().map_or(1.into(), |head| head.id)),
            70..75 => _ = node.hold(node.queue_window(0..1).first().map_or(1.into(), |head| head.id)),
            // A message of a receiver would touch its row as well.
            75 => _ = node.receive(payload(other, text()), Some([198, 51, 100, 1].into())),
            _ => {
                let stranger = "stranger.example.org:1".parse().unwrap();
                node.receive(payload(stranger, text()), Some([198, 51, 100, 1].into()));
            }
        }
        let counters = self.node().overview().counters;
        (self.delivered, self.failed) = (counters.delivered, counters.failed);
    }

    fn receive(&mut self, _: &str) -> bool {
        false
    }

    fn fill(&mut self, _: usize) {}

    fn events(&self) -> usize {
        10_000
    }
}

#[test]
fn copies_follow_a_node_that_sends_and_receives() {
    let mut sending = Sending::new();
    conformance::copies_follow_the_events(&mut sending);
    assert!(sending.delivered > 0 && sending.failed > 0, "{} {}", sending.delivered, sending.failed);
}
