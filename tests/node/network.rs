//! Several nodes and clients at once, in several threads.

use std::{collections::HashSet, future::Future};

use clacks_p2p::{Message, Node};
use tokio::task::JoinSet;

use crate::support::{
    Client, address, assert_no_task_panicked, builder, enqueue, eventually, payload, start, stop,
};

async fn all<T: Send + 'static>(
    tasks: impl Iterator<Item = impl Future<Output = T> + Send + 'static>,
) -> Vec<T> {
    tasks.collect::<JoinSet<_>>().join_all().await
}

fn texts(messages: impl IntoIterator<Item = Message>) -> HashSet<String> {
    messages.into_iter().filter_map(|message| message.as_text()).collect()
}

/// Nodes that each know one other, so that all of them become known in time.
async fn network(size: usize) -> Vec<Node> {
    let mut nodes: Vec<Node> = Vec::new();
    for _ in 0..size {
        let node = start(builder().send_rate(200.0)).await;
        if let Some(before) = nodes.last() {
            node.announce(&before.address()).await.expect("the node takes it");
        }
        nodes.push(node);
    }
    nodes
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_message_is_lost_while_nodes_stop() {
    let nodes = network(5).await;
    let messages: HashSet<_> = (0..100).map(|number| number.to_string()).collect();
    messages.iter().zip(nodes.iter().cycle()).for_each(|(message, node)| enqueue(node, message));
    let delivered = || nodes.iter().map(|node| node.overview().counters.delivered).sum::<u64>();
    eventually("the messages travel", || delivered() > 500).await;
    let mut left_over = HashSet::new();
    for node in &nodes {
        left_over.extend(texts(stop(node).await));
    }
    let lost: Vec<_> = messages.difference(&left_over).collect();
    assert_eq!((lost, left_over.len()), (vec![], messages.len()));
    assert_no_task_panicked();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_node_discovers_every_other_node() {
    let nodes = network(4).await;
    enqueue(&nodes[0], "a message that carries friends along");
    let know_all = || nodes.iter().all(|node| node.peers().len() == nodes.len() - 1);
    eventually("each knows the three others", know_all).await;
    all(nodes.into_iter().map(|node| async move { stop(&node).await })).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_clients_at_once_are_all_served() {
    const CLIENTS: usize = 30;
    const EACH: usize = 20;
    let node = start(builder()).await;
    // The node's own address, so that there is no receiver and all messages stay queued.
    let sender = address("127.0.0.1", node.address().port());
    let client = |client: usize| {
        let (node, sender) = (node.clone(), sender.clone());
        async move {
            let mut connection = Client::connect(&node).await;
            for number in 0..EACH {
                let answer = connection.post(payload(&sender, &format!("\"{client}.{number}\""))).await;
                assert_eq!(answer.status, 200);
            }
        }
    };
    all((0..CLIENTS).map(client)).await;
    let queued = node.peek();
    assert_eq!((queued.len(), texts(queued).len()), (CLIENTS * EACH, CLIENTS * EACH));
    assert_no_task_panicked();
}
