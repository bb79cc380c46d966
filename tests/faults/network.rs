//! Twelve nodes and two hundred messages, while connections fail in every way and nodes stop and start.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use clacks_p2p::Message;
use rand::{RngExt, SeedableRng, rngs::StdRng, seq::IndexedRandom};

use crate::{
    support::{Done, Fault, assert_no_task_panicked, eventually},
    tower::Tower,
};

const NODES: usize = 12;
const MESSAGES: usize = 200;
/// Bytes of a message: more than a TLS handshake has.
const LENGTH: usize = 3000;
/// Number of times that a node is stopped and started again.
const RESTARTS: usize = 18;
/// One of this many stopping nodes loses its messages and reports them. The others get theirs back.
const TELLS: usize = 6;
/// Number of deliveries between two stops or starts.
const BETWEEN: u64 = 25;
/// Minimum number of faults of each kind.
const ENOUGH: u64 = 10;
const SEED: u64 = 0x00c1_ac45;

/// Counters of nodes.
#[derive(Debug, Clone, Copy, Default)]
struct Counted {
    delivered: u64,
    failed: u64,
    received: u64,
}

impl Counted {
    fn by(tower: &Tower) -> Self {
        let counters = tower.node.overview().counters;
        Self { delivered: counters.delivered, failed: counters.failed, received: counters.received }
    }

    fn and(self, other: Self) -> Self {
        Self {
            delivered: self.delivered + other.delivered,
            failed: self.failed + other.failed,
            received: self.received + other.received,
        }
    }
}

struct Network {
    towers: Vec<Tower>,
    is_faulty: Arc<AtomicBool>,
    /// Counters of earlier runs of restarted nodes.
    before: Counted,
    /// Messages that stopped nodes reported as lost and did not get back.
    reported: Vec<Message>,
}

impl Network {
    /// Starts nodes that each know one other, so that all of them become known in time.
    async fn start() -> Self {
        let is_faulty = Arc::new(AtomicBool::new(false));
        let mut towers: Vec<Tower> = Vec::new();
        for number in 0..NODES as u64 {
            let tower = Tower::start(12.0, plan(SEED + number, Arc::clone(&is_faulty))).await;
            if let Some(before) = towers.last() {
                tower.node.announce(&before.address()).await.expect("the node takes it");
            }
            towers.push(tower);
        }
        Self { towers, is_faulty, before: Counted::default(), reported: Vec::new() }
    }

    fn counted(&self) -> Counted {
        self.towers.iter().map(Counted::by).fold(self.before, Counted::and)
    }

    async fn until_delivered(&self, more: u64) {
        let wanted = self.counted().delivered + more;
        eventually("messages travel", || self.counted().delivered >= wanted).await;
    }

    /// Stops a node while the others continue, and starts it again.
    async fn restart(&mut self, which: usize, round: usize) {
        let left = self.towers[which].stop().await;
        // Only the other running nodes deliver meanwhile.
        self.until_delivered(BETWEEN).await;
        self.before = self.before.and(Counted::by(&self.towers[which]));
        self.towers[which].start_again().await;
        if round % TELLS == TELLS - 1 {
            self.reported.extend(left);
        } else {
            for message in left {
                self.towers[which].node.enqueue(message).expect("there is room");
            }
        }
    }

    fn done(&self) -> Done {
        let mut all = Done::new();
        for (fault, times) in self.towers.iter().flat_map(|tower| tower.proxy.done()) {
            *all.entry(fault).or_default() += times;
        }
        all
    }

    async fn until_everything_broke(&self) {
        let faults = [Fault::HangUp, Fault::Cut(0), Fault::Late(0), Fault::Lost(0)];
        let is_enough = || {
            let done = self.done();
            faults.iter().all(|fault| done.get(fault.name()).is_some_and(|times| *times >= ENOUGH))
        };
        eventually("every kind of fault", is_enough).await;
    }

    /// Ends the faults and waits until every node sends and receives.
    async fn recover(&self) {
        self.is_faulty.store(false, Ordering::Relaxed);
        let before: Vec<_> = self.towers.iter().map(Counted::by).collect();
        let has_moved = || {
            let mut towers = self.towers.iter().map(Counted::by).zip(&before);
            towers.all(|(now, before)| now.delivered > before.delivered && now.received > before.received)
        };
        eventually("every node sends and is sent to", has_moved).await;
    }

    /// Stops all nodes and counts each message, present or reported as lost.
    async fn census(&self) -> BTreeMap<String, usize> {
        let mut copies = BTreeMap::new();
        let mut count = |message: &Message| {
            *copies.entry(message.as_text().expect("a text")).or_default() += 1;
        };
        self.reported.iter().for_each(&mut count);
        for tower in &self.towers {
            tower.stop().await.iter().for_each(&mut count);
        }
        copies
    }
}

/// Every connection has a fault, most of them in the middle of a request.
fn plan(seed: u64, is_faulty: Arc<AtomicBool>) -> impl FnMut() -> Fault + Send + 'static {
    let mut rng = StdRng::seed_from_u64(seed);
    move || {
        let after = rng.random_range(1500..8 * LENGTH as u64);
        let faults =
            [Fault::HangUp, Fault::Cut(after), Fault::Cut(after), Fault::Late(after), Fault::Lost(after)];
        let fault = faults.choose(&mut rng).copied().unwrap_or(Fault::None);
        if is_faulty.load(Ordering::Relaxed) { fault } else { Fault::None }
    }
}

/// A message that is identified by its beginning.
fn message(number: usize) -> String {
    format!("{number:04} {}", "x".repeat(LENGTH))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twelve_nodes_lose_no_message_under_faults() {
    let mut network = Network::start().await;
    let messages: BTreeSet<_> = (0..MESSAGES).map(message).collect();
    for (text, tower) in messages.iter().zip(network.towers.iter().cycle()) {
        tower.node.enqueue(Message::text(text)).unwrap();
    }
    network.until_delivered(BETWEEN).await;
    network.is_faulty.store(true, Ordering::Relaxed);
    let mut rng = StdRng::seed_from_u64(SEED);
    for round in 0..RESTARTS {
        network.until_delivered(BETWEEN).await;
        network.restart(rng.random_range(0..NODES), round).await;
    }
    network.until_everything_broke().await;
    network.recover().await;

    let copies = network.census().await;
    let Counted { delivered, failed, received } = network.counted();
    let lost = messages.iter().filter(|message| !copies.contains_key(*message)).count();
    let duplicated = copies.values().sum::<usize>() - copies.len();
    println!(
        "{NODES} nodes, {MESSAGES} messages, {RESTARTS} restarts; {delivered} deliveries, {failed} failed"
    );
    println!("{:?}", network.done());
    println!("lost: {lost}, duplicated: {duplicated}, told to be lost: {}", network.reported.len());
    assert_eq!((lost, copies.len()), (0, MESSAGES), "a message is lost, or one is there that never was");
    assert!(duplicated > 0, "answers were lost, so some are there twice");
    // There is one more copy of a message for each accepted delivery whose response was lost, and no other.
    assert_eq!(duplicated as u64, received - delivered);
    assert_no_task_panicked();
}
