//! The end of a node.

use std::{net::SocketAddr, time::Duration};

use clacks_p2p::{
    Message, Node,
    core::{EnqueueError, Event, Failure, Origin},
    node::AnnounceError,
};
use tokio::net::TcpListener;

use crate::support::{
    Client, FakePeer, Reply, Watch, assert_no_task_panicked, builder, enqueue, eventually, in_time, payload,
    start, stop,
};

/// A node whose requests do not time out.
async fn patient_node() -> Node {
    start(builder().limits(|limits| limits.request_timeout = Duration::from_secs(3600))).await
}

/// Waits until the port is free again.
async fn is_free(socket: SocketAddr) {
    in_time("the port is free", async {
        while TcpListener::bind(socket).await.is_err() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    })
    .await;
}

#[tokio::test]
async fn stop_returns_queued_messages_and_those_in_flight() {
    let node = patient_node().await;
    let peers = [FakePeer::that(Reply::Nothing).await, FakePeer::that(Reply::Nothing).await];
    let messages = ["a", "b", "c", "d"].map(Message::text);
    for message in &messages {
        node.enqueue(message.clone()).expect("there is room");
    }
    let mut watch = Watch::of(&node);
    for peer in &peers {
        node.add_peer(peer.address());
        peer.until("a request is open", |stats| stats.open == 1).await;
    }

    let remaining = stop(&node).await;
    assert_eq!(remaining, ["c", "d", "a", "b"].map(Message::text));
    assert_eq!(node.overview().in_flight, 0);
    for (peer, message) in peers.iter().zip(&messages) {
        let back = watch
            .until("it is back", |event| match event {
                Event::MessageQueued { message: back, origin: Origin::Returned(from), .. } => {
                    Some((back.clone(), from.clone()))
                }
                _ => None,
            })
            .await;
        assert_eq!(back, (message.clone(), peer.address().clone()));
    }
    watch.ended().await;
}

#[tokio::test]
async fn a_stopped_node_accepts_and_sends_nothing() {
    let node = patient_node().await;
    let peer = FakePeer::start().await;
    let socket = node.listens_on()[0];
    let (mut idle, mut stalled) = (Client::connect(&node).await, Client::connect(&node).await);
    stalled.send("POST / HTTP/1.1\r\ncontent-length: 1000\r\n\r\n{").await;
    stop(&node).await;
    assert_eq!(idle.cut_off().await, "");
    assert_eq!(stalled.cut_off().await, "");
    assert!(TcpListener::bind(socket).await.is_ok(), "the port is free at once");

    node.add_peer(peer.address());
    assert_eq!(node.enqueue(Message::text("m")), Err(EnqueueError::Stopped));
    assert_eq!(node.stop().await.messages, [], "nothing was queued");
    assert_eq!(peer.stats().connections, 0);
    assert_no_task_panicked();
}

#[tokio::test]
async fn subscriptions_end_when_the_node_stops() {
    let node = patient_node().await;
    let mut before = Watch::of(&node);
    let waiting = tokio::spawn(async move { before.ended().await });
    stop(&node).await;
    waiting.await.expect("it ends");
    Watch::of(&node).ended().await;
}

#[tokio::test]
async fn announces_end_when_the_node_stops() {
    let node = patient_node().await;
    let peer = FakePeer::that(Reply::Nothing).await;
    let announce = tokio::spawn({
        let (node, address) = (node.clone(), peer.address().clone());
        async move { node.announce(&address).await }
    });
    peer.until("the announce is open", |stats| stats.open == 1).await;
    stop(&node).await;
    let stopped = Err(AnnounceError::Failed(Failure::Stopped));
    assert_eq!(in_time("the announce ends", announce).await.expect("no panic"), stopped);
    assert_eq!(in_time("the next one ends", node.announce(peer.address())).await, stopped);
}

#[tokio::test]
async fn two_concurrent_stops_both_return_everything() {
    let node = patient_node().await;
    let peer = FakePeer::that(Reply::Nothing).await;
    enqueue(&node, "m");
    node.add_peer(peer.address());
    peer.until("a request is open", |stats| stats.open == 1).await;
    let (one, other) = tokio::join!(stop(&node), stop(&node));
    assert_eq!((one.len(), other.len()), (1, 1));
}

#[tokio::test]
async fn dropping_the_last_handle_stops_the_node() {
    let node = patient_node().await;
    let hanging = FakePeer::that(Reply::Nothing).await;
    node.add_peer(hanging.address());
    enqueue(&node, "m");
    hanging.until("a request is open", |stats| stats.open == 1).await;
    let socket = node.listens_on()[0];
    let mut watch = Watch::of(&node);
    let clone = node.clone();
    drop(node);

    let answer = Client::connect(&clone).await.post(payload(hanging.address(), "null")).await;
    assert_eq!(answer.status, 200, "a clone keeps the node up");
    drop(clone);
    is_free(socket).await;
    watch.ended().await;
}

#[tokio::test]
async fn a_stop_drops_the_hooks() {
    let node = patient_node().await;
    let held = std::sync::Arc::new(());
    let in_hook = (held.clone(), node.clone());
    node.on_message_received(move |_, message| {
        let _ = &in_hook;
        Some(message)
    });
    stop(&node).await;
    drop(node);
    eventually("the hook is dropped", || std::sync::Arc::strong_count(&held) == 1).await;
}

#[tokio::test]
async fn a_node_can_start_again_on_its_port() {
    let first = patient_node().await;
    let mut client = Client::connect(&first).await;
    assert_eq!(client.request("GET / HTTP/1.1\r\n\r\n").await.status, 200);
    let port = first.address().port();
    stop(&first).await;
    let second = start(builder().port(port)).await;
    assert_eq!(Client::connect(&second).await.request("GET / HTTP/1.1\r\n\r\n").await.status, 200);
}
