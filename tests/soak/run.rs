use std::{
    sync::{Arc, PoisonError},
    time::{Duration, Instant},
};

use clacks_p2p::Node;
use tokio::{task::JoinSet, time::sleep};

use crate::{
    clients::{Kind, Load},
    figures::Figures,
    node::{NodeProcess, Tally},
    support::{address, builder, start},
};

/// Number of measurements around one time.
const LOOKS: u32 = 15;
/// Growth of memory that counts as noise, in bytes. A share of the memory in the middle is allowed as well.
const NOISE: u64 = 4 << 20;
const NOISE_SHARE: f64 = 0.1;
/// Time in which the node must release the resources of clients that are gone: longer than any of its time-outs.
const TIME_TO_LET_GO: Duration = Duration::from_secs(60);
/// File descriptors that it may keep beyond those of its start: connections to the honest nodes.
const MORE_DESCRIPTORS: usize = 8;
/// Number of messages that each honest node keeps, because messages never expire.
const KEPT: usize = 50;

/// Runs the node and its clients for this time. Returns the errors.
pub(crate) async fn run(time: Duration) -> Vec<String> {
    let began = Instant::now();
    let mut node = NodeProcess::start();
    let [one, other] = [honest_node(&node).await, honest_node(&node).await];
    let at_start = node.figures();
    println!("soak: {} for {:.1} minutes", node.address, time.as_secs_f64() / 60.0);
    tell(began, "start", at_start);

    let load = Load::new(node.address, one.address());
    let mut clients = JoinSet::new();
    for (kind, pause, count) in Kind::MIX {
        (0..count).for_each(|_| drop(clients.spawn(Arc::clone(&load).keep_on(kind, pause))));
    }
    clients.spawn(thin_out([one.clone(), other.clone()]));
    let in_the_middle = looks(&node, began + time / 2, time).await;
    tell(began, "middle", in_the_middle);
    let at_the_end = looks(&node, began + time, time).await;
    tell(began, "end", at_the_end);
    let mut complaints = Vec::new();
    if !node.is_running() {
        complaints.push("the node ended by itself".to_owned());
    }

    clients.shutdown().await;
    let afterwards = once_let_go(&node, at_start.descriptors + MORE_DESCRIPTORS).await;
    tell(began, "afterwards", afterwards);
    complaints.extend(judge(at_start, in_the_middle, at_the_end, afterwards));
    for honest in [one, other] {
        honest.stop().await;
    }
    let tally = std::mem::take(&mut *load.tally.lock().unwrap_or_else(PoisonError::into_inner));
    show("what became of the clients", &tally);
    complaints.extend(unserved(&tally));
    let (status, told) = node.stop();
    show("what the node told of", &told);
    if status.is_none_or(|status| !status.success()) {
        complaints.push(format!("the node did not end well: {status:?}"));
    }
    complaints
}

/// A node that knows the measured one and exchanges messages with it.
async fn honest_node(node: &NodeProcess) -> Node {
    let honest = start(builder().send_rate(5.0)).await;
    honest.announce(&address("127.0.0.1", node.address.port())).await.expect("the node takes it");
    honest
}

/// Removes messages from the network.
async fn thin_out(honest: [Node; 2]) {
    loop {
        for node in &honest {
            while node.queue_len() > KEPT {
                node.dequeue();
            }
        }
        sleep(Duration::from_millis(100)).await;
    }
}

/// Measures the node until `until`, starting shortly before.
async fn looks(node: &NodeProcess, until: Instant, time: Duration) -> Figures {
    let span = (time / 10).min(Duration::from_secs(15));
    sleep(until.saturating_duration_since(Instant::now()).saturating_sub(span)).await;
    let mut looks = Vec::new();
    for _ in 0..LOOKS {
        sleep(span / LOOKS).await;
        looks.push(node.figures());
    }
    median(&looks)
}

/// The resources once the file descriptors are at most this many, or at the time-out.
async fn once_let_go(node: &NodeProcess, most: usize) -> Figures {
    let gone = Instant::now();
    while node.figures().descriptors > most && gone.elapsed() < TIME_TO_LET_GO {
        sleep(Duration::from_millis(100)).await;
    }
    node.figures()
}

fn judge(start: Figures, middle: Figures, end: Figures, afterwards: Figures) -> Vec<String> {
    let noise = NOISE.max((middle.memory as f64 * NOISE_SHARE) as u64);
    let mut complaints = Vec::new();
    if end.memory > middle.memory + noise {
        complaints.push(format!("memory grew from {} to {} bytes", middle.memory, end.memory));
    }
    if afterwards.descriptors > start.descriptors + MORE_DESCRIPTORS {
        complaints.push(format!("{} descriptors stayed open", afterwards.descriptors));
    }
    complaints
}

/// Visits of honest clients that did not end with 200.
fn unserved(tally: &Tally) -> Vec<String> {
    let honest = || tally.iter().filter(|(what, _)| what.starts_with("Honest: "));
    let mut complaints: Vec<String> = honest()
        .filter(|(what, _)| *what != "Honest: 200")
        .map(|(what, times)| format!("{what}, {times} times"))
        .collect();
    if honest().next().is_none() {
        complaints.push("no honest client came to an end".to_owned());
    }
    complaints
}

fn tell(began: Instant, when: &str, figures: Figures) {
    println!("{:7.1} s  {when:10} {figures}", began.elapsed().as_secs_f64());
}

fn show(title: &str, tally: &Tally) {
    println!("{title}:");
    tally.iter().for_each(|(what, times)| println!("{times:9}  {what}"));
}

/// The median of each figure, so that a single request in flight does not matter.
fn median(looks: &[Figures]) -> Figures {
    Figures {
        memory: middle(looks.iter().map(|look| look.memory)),
        most_memory: middle(looks.iter().map(|look| look.most_memory)),
        descriptors: middle(looks.iter().map(|look| look.descriptors)),
        threads: middle(looks.iter().map(|look| look.threads)),
        cpu: middle(looks.iter().map(|look| look.cpu)),
    }
}

fn middle<T: Ord + Copy>(figures: impl Iterator<Item = T>) -> T {
    let mut figures: Vec<T> = figures.collect();
    figures.sort_unstable();
    figures[figures.len() / 2]
}
