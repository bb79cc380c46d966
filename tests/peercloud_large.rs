//! Large clouds in one process.

#![allow(clippy::disallowed_methods, reason = "tests and benchmarks measure time")]

#[path = "soak/figures.rs"]
mod figures;

use std::time::{Duration, Instant};

use clacks_peercloud::{Json, Node, core::Event};

use figures::Figures;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Open files for each node of a cloud that forms in one process: both ends of each connection are in it.
const FILES_PER_NODE: u64 = 20;

/// Raises the limit on open files. With too few of them connections fail at both ends, and the cloud does not form.
fn raise_open_files(nodes: usize) {
    let limit = getrlimit(Resource::Nofile);
    let _ = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit });
    let (has, needs) = (getrlimit(Resource::Nofile).current, nodes as u64 * FILES_PER_NODE);
    assert!(
        has.is_none_or(|has| has >= needs),
        "{nodes} nodes in one process need up to {needs} open files; the hard limit is {has:?}: raise it (`ulimit -Hn`)"
    );
}

/// Starts all nodes at once. All ask the first one.
async fn start(count: usize) -> Vec<Node> {
    let echo = |_, message| async move { Ok(message) };
    let first = Node::builder().on_message(echo).start().await.expect("a free port");
    let seed = first.local_address();
    let mut nodes = vec![first];
    for _ in 1..count {
        let builder = Node::builder().on_message(echo).peers([seed.clone()]);
        nodes.push(builder.start().await.expect("a free port"));
    }
    nodes
}

/// Waits until each node lists all others.
async fn until_complete(nodes: &[Node]) {
    for node in nodes {
        let mut events = node.subscribe();
        while node.members().len() + 1 < nodes.len() {
            let added = |event: &Event| matches!(event, Event::MemberAdded { .. } | Event::Lagged(_));
            while !added(&events.next().await.expect("the node runs")) {}
        }
    }
}

/// What something took.
struct Took {
    time: Duration,
    processor: Duration,
}

fn now() -> (Instant, Duration) {
    (Instant::now(), Figures::of(std::process::id()).cpu)
}

fn since((time, processor): (Instant, Duration)) -> Took {
    let (_, now) = now();
    Took { time: time.elapsed(), processor: now.saturating_sub(processor) }
}

/// What it takes until all lists are complete, and from a broadcast to its last reply.
async fn measure(count: usize) -> (Took, Took) {
    raise_open_files(count);
    let before = now();
    let nodes = start(count).await;
    until_complete(&nodes).await;
    let formed = since(before);
    let message = Json::of(&["hi"]).expect("JSON");
    let before = now();
    let replies = nodes[count / 2].broadcast(&message).expect("a message").all().await;
    let gathered = since(before);
    assert_eq!(replies.len(), count - 1);
    for reply in replies {
        assert_eq!(reply.result, Ok(Some(message.clone())), "{}", reply.member.address);
    }
    (formed, gathered)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn forty_nodes_that_start_at_once_form_one_complete_cloud() {
    measure(40).await;
}

#[ignore = "cargo test --release -p clacks-peercloud --test large two_hundred -- --ignored --nocapture"]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hundred_nodes_that_start_at_once_form_one_complete_cloud() {
    let (formed, gathered) = measure(200).await;
    for (what, took) in [("complete lists", formed), ("replies to a broadcast", gathered)] {
        let (time, processor) = (took.time.as_millis(), took.processor.as_millis());
        println!("200 nodes, {what}: after {time} ms, with {processor} ms of processor time");
    }
}
