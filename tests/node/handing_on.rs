//! Draining before the node stops.

use std::time::Duration;

use clacks_p2p::{Message, Node, core::EnqueueError, node::DrainError};

use crate::support::{
    Client, FakePeer, Reply, assert_no_task_panicked, builder, enqueue, eventually, in_time, payload,
    payload_of, start, stop,
};

const LONG: Duration = Duration::from_secs(3600);

/// A node that sends a message every quarter of an hour, with this many queued messages.
async fn slow_node(messages: usize) -> Node {
    let node = start(builder().send_rate(0.001).limits(|limits| limits.request_timeout = LONG)).await;
    for number in 0..messages {
        enqueue(&node, &number.to_string());
    }
    node
}

async fn hand_on(node: &Node) -> Result<(), DrainError> {
    in_time("it ends", node.drain(LONG)).await
}

#[tokio::test]
async fn a_drain_sends_all_messages_to_two_peers_at_once() {
    let node = slow_node(200).await;
    let peers = [FakePeer::start().await, FakePeer::start().await];
    for peer in &peers {
        node.add_peer(peer.address());
    }
    assert_eq!(hand_on(&node).await, Ok(()));
    let taken = peers.iter().map(|peer| peer.stats().requests).collect::<Vec<_>>();
    assert_eq!(taken.iter().sum::<usize>(), 200);
    assert!(taken.iter().all(|taken| *taken > 20), "{taken:?}");
    assert_eq!(stop(&node).await, []);
    assert_no_task_panicked();
}

#[tokio::test]
async fn a_draining_node_refuses_messages_and_accepts_announces() {
    let node = slow_node(1).await;
    let peer = FakePeer::that(Reply::Nothing).await;
    node.add_peer(peer.address());
    let handing_on = tokio::spawn({
        let node = node.clone();
        async move { node.drain(LONG).await }
    });
    eventually("it begins", || node.overview().is_draining).await;
    let mut client = Client::connect(&node).await;
    let refused = client.post(payload(peer.address(), "\"keep it\"")).await;
    assert_eq!((refused.status, refused.header("retry-after")), (503, Some("60")));
    assert_eq!(client.post(payload_of("announce", peer.address(), "null")).await.status, 200);
    assert_eq!(node.enqueue(Message::text("mine")), Err(EnqueueError::Draining));

    peer.reply(Reply::status(200));
    assert_eq!(in_time("it ends", handing_on).await.expect("no panic"), Ok(()));
    let refused = client.post(payload(peer.address(), "\"too late\"")).await;
    assert_eq!(refused.status, 503, "so that the stop has nothing to lose");
    node.resume();
    assert_eq!(client.post(payload(peer.address(), "\"welcome\"")).await.status, 200);
}

#[tokio::test]
async fn a_drain_without_peers_fails_at_once() {
    let node = slow_node(1).await;
    assert_eq!(hand_on(&node).await, Err(DrainError::NobodyThere));
    assert!(!node.overview().is_draining);
}

#[tokio::test]
async fn a_drain_loses_nothing_when_all_peers_refuse() {
    let node = slow_node(10).await;
    let peers = [FakePeer::that(Reply::status(503)).await, FakePeer::that(Reply::last_status(403)).await];
    for peer in &peers {
        node.add_peer(peer.address());
    }
    assert_eq!(hand_on(&node).await, Err(DrainError::NobodyThere));
    assert_eq!((node.queue_len(), node.overview().in_flight), (10, 0));
    assert!(node.enqueue(Message::text("one more")).is_ok(), "it is back to normal");
    assert_eq!(stop(&node).await.len(), 11);
}

#[tokio::test]
async fn a_drain_that_times_out_accepts_messages_again() {
    let node = slow_node(3).await;
    let peer = FakePeer::that(Reply::Nothing).await;
    node.add_peer(peer.address());
    let ended = in_time("it ends", node.drain(Duration::from_millis(50))).await;
    assert_eq!(ended, Err(DrainError::OutOfTime));
    assert!(!node.overview().is_draining);
    assert_eq!(stop(&node).await.len(), 3);
}

#[tokio::test]
async fn a_dropped_drain_accepts_messages_again() {
    let node = slow_node(1).await;
    let peer = FakePeer::that(Reply::Nothing).await;
    node.add_peer(peer.address());
    tokio::select! {
        ended = node.drain(LONG) => panic!("it ended: {ended:?}"),
        () = peer.until("it is on its way", |stats| stats.open == 1) => {}
    }
    assert!(!node.overview().is_draining);
    assert!(node.enqueue(Message::text("again")).is_ok());
}

#[tokio::test]
async fn a_drain_ends_when_the_node_stops() {
    let node = slow_node(1).await;
    let peer = FakePeer::that(Reply::Nothing).await;
    node.add_peer(peer.address());
    let handing_on = tokio::spawn({
        let node = node.clone();
        async move { node.drain(LONG).await }
    });
    peer.until("it is on its way", |stats| stats.open == 1).await;
    assert_eq!(stop(&node).await.len(), 1);
    assert_eq!(in_time("it ends", handing_on).await.expect("no panic"), Err(DrainError::Stopped));
}
