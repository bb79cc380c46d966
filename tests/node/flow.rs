//! Deliveries in flight, and the number of connections for them.

use std::{collections::HashSet, time::Duration};

use clacks_p2p::{
    Builder, Node,
    core::{Event, Status},
};

use crate::support::{FakePeer, Reply, Watch, builder, enqueue, eventually, start};

/// A node whose requests do not time out during a test.
fn patient() -> Builder {
    builder().limits(|limits| limits.request_timeout = Duration::from_secs(3600))
}

fn enqueue_numbers(node: &Node, numbers: std::ops::Range<usize>) {
    for number in numbers {
        enqueue(node, &number.to_string());
    }
}

/// Waits for fifty turns of the sender, to assert that something does not happen.
async fn fifty_turns() {
    tokio::time::sleep(Duration::from_millis(50)).await;
}

async fn receive(peer: &mut FakePeer, count: usize) -> HashSet<String> {
    let mut received = HashSet::new();
    while received.len() < count {
        received.insert(peer.next().await.message());
    }
    received
}

#[tokio::test]
async fn a_silent_new_peer_delays_one_message_only() {
    let node = start(patient()).await;
    let (mut hanging, mut healthy) = (FakePeer::that(Reply::Nothing).await, FakePeer::start().await);
    node.add_peer(hanging.address());
    node.add_peer(healthy.address());
    enqueue_numbers(&node, 0..100);
    let mut received = receive(&mut healthy, 99).await;
    assert_eq!(hanging.stats().open, 1, "the request still hangs");
    received.insert(hanging.next().await.message());
    assert_eq!(received.len(), 100, "each message went to one of them");
    eventually("the healthy peer's are delivered", || node.overview().counters.delivered == 99).await;
    assert_eq!((hanging.stats().requests, node.overview().in_flight, node.queue_len()), (1, 1, 0));
}

#[tokio::test]
async fn an_alive_peer_that_stops_responding_delays_few_messages() {
    let node = start(patient().options(|options| options.max_in_flight_per_peer = 4)).await;
    let (hanging, healthy) = (FakePeer::start().await, FakePeer::start().await);
    for peer in [&hanging, &healthy] {
        node.announce(peer.address()).await.expect("the peer takes it");
    }
    let mut watch = Watch::of(&node);
    enqueue_numbers(&node, 0..2);
    for _ in 0..2 {
        watch.sees("both are alive", |event| matches!(event, Event::PeerUpdated { .. })).await;
    }
    hanging.reply(Reply::Nothing);
    enqueue_numbers(&node, 2..102);
    hanging.until("it holds as many as it may", |stats| stats.open == 4).await;
    eventually("all but these are delivered", || node.overview().counters.delivered == 98).await;
    assert_eq!((hanging.stats().open, node.overview().in_flight, node.queue_len()), (4, 4, 0));
}

/// Adds a peer and waits until it has accepted a message. `alive` is the number of alive peers before.
async fn add_alive(node: &Node, peer: &FakePeer, alive: usize) {
    node.add_peer(peer.address());
    enqueue_numbers(node, alive..alive + 1);
    eventually("the peer is alive", || node.overview().peers.alive == alive + 1).await;
}

/// A peer, and `others` peers that share its counts.
async fn crowd(others: usize, reply: Reply) -> Vec<FakePeer> {
    let mut peers = vec![FakePeer::that(reply).await];
    for _ in 0..others {
        peers.push(peers[0].beside().await);
    }
    peers
}

#[tokio::test]
async fn many_silent_peers_leave_deliveries_for_alive_peers() {
    let node = start(patient().options(|options| options.max_in_flight = 4)).await;
    let healthy = FakePeer::start().await;
    add_alive(&node, &healthy, 0).await;
    let silent = crowd(19, Reply::Nothing).await;
    for peer in &silent {
        node.add_peer(peer.address());
    }
    enqueue_numbers(&node, 1..101);
    eventually("the others are delivered", || node.overview().counters.delivered == 99).await;
    assert_eq!((silent[0].stats().open, node.overview().in_flight, node.queue_len()), (2, 2, 0));
}

#[tokio::test]
async fn deliveries_in_flight_stay_within_max_in_flight() {
    let node = start(patient().options(|options| options.max_in_flight = 3)).await;
    let peers = crowd(5, Reply::status(200)).await;
    for (number, peer) in peers.iter().enumerate() {
        add_alive(&node, peer, number).await;
    }
    let first = &peers[0];
    first.reply(Reply::Nothing);
    enqueue_numbers(&node, 6..26);
    first.until("as many as may be are open", |stats| stats.open == 3).await;
    fifty_turns().await;
    assert_eq!((first.stats().open, node.overview().in_flight, node.queue_len()), (3, 3, 17));
    first.reply(Reply::status(200));
    first.until("all are delivered", |stats| stats.requests == 26).await;
    assert_eq!(first.stats().most_open, 3);
}

#[tokio::test]
async fn a_peer_that_is_not_alive_gets_one_delivery_at_a_time() {
    let node = start(patient()).await;
    let peer = FakePeer::that(Reply::Nothing).await;
    let mut watch = Watch::of(&node);
    node.add_peer(peer.address());
    enqueue_numbers(&node, 0..20);
    for status in [Status::New, Status::Lost] {
        peer.until("a request is open", |stats| stats.open == 1).await;
        fifty_turns().await;
        assert_eq!(node.peer(peer.address()).map(|peer| peer.status), Some(status));
        assert_eq!(peer.stats().most_open, 1, "{status}");
        // A status that no node responds with.
        peer.reply(Reply::status(404));
        watch.failure().await;
        peer.reply(Reply::Nothing);
    }
    peer.reply(Reply::status(200));
    watch.sees("it is alive", is_alive).await;
    peer.reply(Reply::Nothing);
    peer.until("it gets several", |stats| stats.open > 1).await;
}

fn is_alive(event: &Event) -> bool {
    matches!(event, Event::PeerUpdated { peer, .. } if peer.status == Status::Alive)
}

#[tokio::test]
async fn connections_are_reused() {
    let node = start(builder().options(|options| options.max_in_flight = 1)).await;
    let mut peer = FakePeer::start().await;
    node.add_peer(peer.address());
    enqueue_numbers(&node, 0..100);
    receive(&mut peer, 100).await;
    let stats = peer.stats();
    assert!(stats.connections <= 5, "{stats:?}");
}

#[tokio::test]
async fn a_peer_that_closes_after_each_response_gets_every_message_once() {
    let node = start(builder().options(|options| options.max_in_flight = 1)).await;
    let mut peer = FakePeer::that(Reply::last_status(200)).await;
    node.add_peer(peer.address());
    enqueue_numbers(&node, 0..100);
    receive(&mut peer, 100).await;
    eventually("all are delivered", || node.overview().counters.delivered == 100).await;
    assert_eq!((peer.stats().requests, node.queue_len()), (100, 0));
}
