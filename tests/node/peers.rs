//! The peers of a node, their names, and the friends that it names.

use std::collections::HashSet;

use clacks_p2p::{
    Node,
    core::{Discovery, Event, Status},
    node::AnnounceError,
};

use crate::support::{
    Client, FakePeer, Watch, address, assert_no_task_panicked, builder, enqueue, eventually, in_json,
    payload, start,
};

#[tokio::test]
async fn the_friend_is_never_the_receiver_and_never_the_node() {
    let node = start(builder()).await;
    let mut peers = [FakePeer::start().await, FakePeer::start().await, FakePeer::start().await];
    for peer in &peers {
        // Twice: an unknown sender becomes new, a known one alive.
        for _ in 0..2 {
            let answer = Client::connect(&node).await.post(payload(peer.address(), "null")).await;
            assert_eq!(answer.status, 200);
        }
    }
    for number in 1..=60 {
        enqueue(&node, &number.to_string());
    }
    eventually("all are delivered", || node.overview().counters.delivered == 60).await;
    let known: HashSet<_> = peers.iter().map(|peer| peer.address().clone()).collect();
    for peer in &mut peers {
        let mut others = known.clone();
        others.remove(peer.address());
        let mut named = HashSet::new();
        while let Some(received) = peer.try_next() {
            named.extend(received.payload().friend);
        }
        assert_eq!(named, others, "to {:?}", peer.address());
    }
}

#[tokio::test]
async fn the_only_peer_gets_no_friend() {
    let node = start(builder()).await;
    let mut peer = FakePeer::start().await;
    node.add_peer(peer.address());
    for _ in 0..3 {
        enqueue(&node, "m");
        let payload = peer.next().await.payload();
        assert_eq!((payload.friend, payload.sender), (None, node.address()));
    }
}

#[tokio::test]
async fn a_friend_becomes_a_peer_and_the_node_itself_does_not() {
    let node = start(builder()).await;
    let (sender, friend) = (FakePeer::start().await, FakePeer::start().await);
    let mut client = Client::connect(&node).await;
    for named in [friend.address(), &node.address(), sender.address()] {
        let body = format!(r#"{{"sender":{},"friend":{}}}"#, in_json(sender.address()), in_json(named));
        assert_eq!(client.post(body).await.status, 200);
    }
    let peers: HashSet<_> = node.peers().into_iter().map(|peer| peer.address).collect();
    assert_eq!(peers, HashSet::from([sender.address().clone(), friend.address().clone()]));
}

#[tokio::test]
async fn a_node_recognises_itself_under_another_name() {
    let node = start(builder()).await;
    let mut peer = FakePeer::start().await;
    let alias = address("localhost", node.address().port());
    let mut watch = Watch::of(&node);
    assert!(node.add_peer(&alias));
    enqueue(&node, "not for me");
    let found = watch
        .until("the node finds itself", |event| match event {
            Event::FoundOurselves { address } => Some(address.clone()),
            Event::MessageReceived { .. } | Event::MessageDelivered { .. } => panic!("delivered to itself"),
            _ => None,
        })
        .await;
    assert_eq!(found, alias);

    assert!(!node.add_peer(&alias), "the name is remembered");
    let body = format!(r#"{{"sender":{},"friend":{}}}"#, in_json(peer.address()), in_json(&alias));
    assert_eq!(Client::connect(&node).await.post(body).await.status, 200);
    assert_eq!(node.peer(&alias), None, "nor is it taken for a friend");
    assert_eq!(node.announce(&alias).await, Err(AnnounceError::Ourselves));
    assert_eq!(peer.next().await.message(), "\"not for me\"");
}

#[tokio::test]
async fn an_announce_to_an_alias_of_the_node_is_recognised() {
    let node = start(builder()).await;
    let alias = address("localhost", node.address().port());
    assert_eq!(node.announce(&alias).await, Err(AnnounceError::Ourselves));
    assert_eq!((node.peers(), node.trusted_certificate(&alias)), (vec![], None));
}

#[tokio::test]
async fn an_announce_without_a_possible_peer_is_an_error() {
    let node = start(builder()).await;
    let ignored = FakePeer::start().await;
    node.ignore(ignored.address());
    assert_eq!(node.announce(ignored.address()).await, Err(AnnounceError::Ignored));
    assert_eq!(node.announce(&node.address()).await, Err(AnnounceError::Ourselves));
    assert_eq!(ignored.stats().connections, 0);
    assert!(node.unignore(ignored.address()));
    assert_eq!(node.announce(ignored.address()).await, Ok(()));
}

#[tokio::test]
async fn an_announce_makes_two_nodes_know_each_other() {
    let (one, other) = (start(builder()).await, start(builder()).await);
    let mut watch = Watch::of(&other);
    one.announce(&other.address()).await.expect("the other takes it");
    let announced = watch
        .until("the announce arrives", |event| match event {
            Event::AnnounceReceived { peer, .. } => Some(peer.address.clone()),
            _ => None,
        })
        .await;
    assert_eq!(announced, one.address());
    assert!(one.peer(&other.address()).is_some() && other.peer(&one.address()).is_some());
    assert!(other.is_empty(), "an announce brings no message");
}

#[tokio::test]
async fn two_addresses_of_one_identifier_are_two_peers() {
    let node = start(builder()).await;
    let (one, other) = (address("10.0.0.1", 23), address("10.0.0.12", 3));
    assert!(node.add_peer(&one) && node.add_peer(&other));
    assert!(node.ignore(&one));
    let status = |address| node.peer(address).map(|peer| peer.status);
    assert_eq!((status(&one), status(&other)), (Some(Status::Ignored), Some(Status::New)));
    assert_eq!(node.peers_by_id(&one.identifier()).len(), 2);
    node.forget(&one).expect("it is known");
    assert_eq!(node.peers_by_id(&one.identifier()).len(), 1);
}

#[tokio::test]
async fn unignoring_restores_the_former_status() {
    let node = start(builder()).await;
    let (alive, new) = (FakePeer::start().await, FakePeer::start().await);
    node.add_peer(alive.address());
    let mut watch = Watch::of(&node);
    enqueue(&node, "m");
    watch.sees("it is alive", |event| matches!(event, Event::PeerUpdated { .. })).await;
    node.add_peer(new.address());
    for (peer, before) in [(&alive, Status::Alive), (&new, Status::New)] {
        let status = || node.peer(peer.address()).map(|peer| peer.status);
        assert!(node.ignore(peer.address()));
        assert!(!node.ignore(peer.address()), "it is ignored already");
        assert_eq!(status(), Some(Status::Ignored));
        assert!(node.unignore(peer.address()));
        assert!(!node.unignore(peer.address()), "it is not ignored any more");
        assert_eq!(status(), Some(before));
    }
}

#[tokio::test]
async fn each_peer_is_reported_with_its_discovery() {
    let node = start(builder()).await;
    let (sender, friend) = (FakePeer::start().await, FakePeer::start().await);
    let mut watch = Watch::of(&node);
    let body =
        format!(r#"{{"sender":{},"friend":{}}}"#, in_json(sender.address()), in_json(friend.address()));
    assert_eq!(Client::connect(&node).await.post(body).await.status, 200);
    let by = Discovery::Referral(sender.address().clone());
    for (peer, expected) in [(&sender, Discovery::Inbound), (&friend, by)] {
        let discovered = watch
            .until("a peer is discovered", |event| match event {
                Event::PeerDiscovered { peer, introduction, .. } => {
                    Some((peer.address.clone(), introduction.clone()))
                }
                _ => None,
            })
            .await;
        assert_eq!(discovered, (peer.address().clone(), expected));
    }
    assert_no_task_panicked();
}

/// More peers than are copied at once.
const MANY: usize = 3_000;

fn node_with_many() -> impl Future<Output = Node> {
    start(builder().options(|options| options.max_new_peers = usize::MAX))
}

#[tokio::test]
async fn lists_of_many_peers_are_complete_and_sorted() {
    let node = node_with_many().await;
    let addresses: Vec<_> = (0..MANY).map(|number| address(&format!("n{number}.example.org"), 1)).collect();
    for (number, address) in addresses.iter().enumerate() {
        node.add_peer(address);
        if number.is_multiple_of(3) {
            node.ignore(address);
        }
    }
    let peers = node.peers();
    let mut expected: Vec<_> = peers.iter().map(|peer| (peer.status, peer.address.clone())).collect();
    expected.sort();
    let listed: Vec<_> = peers.iter().map(|peer| (peer.status, peer.address.clone())).collect();
    assert!(listed == expected && listed.len() == MANY);
    assert_eq!(node.first_peers(MANY), peers);
    let wanted = |peer: &clacks_p2p::core::Peer| peer.address.hostname().contains('7');
    let found: Vec<_> = peers.iter().filter(|peer| wanted(peer)).take(700).cloned().collect();
    assert_eq!(node.find_peers(700, wanted), found);
    // The function may call the node.
    assert_eq!(node.find_peers(usize::MAX, |peer| node.peer(&peer.address).is_some()), peers);
    for count in [0, 1, 2] {
        assert_eq!(node.find_peers(count, wanted), found[..count]);
    }
    let one = &addresses[MANY / 2];
    assert_eq!(node.peers_by_id(&one.identifier()), [node.peer(one).expect("it is known")]);
    for (place, before, after) in [(0, 5, 5), (1_500, 2, 4), (MANY - 1, 3, 3)] {
        let around = &peers[place.saturating_sub(before)..(place + after).min(MANY)];
        assert_eq!(node.peers_around(&peers[place].address, before, after), around);
    }
    assert_eq!(node.peers_around(&address("nobody", 1), 1, 2), peers[..3]);
    assert_eq!(node.last_peers(2), peers[MANY - 2..]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_peer_known_during_the_whole_call_is_in_the_list() {
    let node = node_with_many().await;
    let name = |kind: &str, number: usize| address(&format!("{kind}{number}.example.org"), 1);
    for number in 0..MANY {
        node.add_peer(&name("passing", number));
        node.add_peer(&name("staying", number));
    }
    let changing = tokio::task::spawn_blocking({
        let node = node.clone();
        move || {
            for number in 0..MANY {
                node.ignore(&name("staying", number));
                node.forget(&name("passing", number)).expect("it is known");
            }
        }
    });
    while !changing.is_finished() {
        let peers = node.peers();
        let distinct: HashSet<_> = peers.iter().map(|peer| peer.address.clone()).collect();
        assert_eq!(distinct.len(), peers.len(), "each once");
        let staying = (0..MANY).filter(|number| distinct.contains(&name("staying", *number))).count();
        assert_eq!(staying, MANY);
    }
    changing.await.expect("no panic");
}
