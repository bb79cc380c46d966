//! Addresses that a node contacts because strangers named them.

use std::net::Ipv4Addr;

use clacks_p2p::{
    Address, Builder, Node,
    core::{Event, Failure, Limit, Scope, Status},
    node::AnnounceError,
};

use crate::support::{Client, FakePeer, Watch, address, builder, enqueue, eventually, in_json, start};

/// A node with a public address. The address is not this machine's, so the node listens elsewhere.
fn public() -> Builder {
    builder().hostname("192.0.0.9").listen(Ipv4Addr::LOCALHOST.into())
}

/// Names these addresses as friends.
async fn introduce(node: &Node, friends: &[Address]) {
    let mut client = Client::connect(node).await;
    for friend in friends {
        let sender = in_json(&address("tower.example.org", 1));
        let body = format!(r#"{{"sender":{sender},"friend":{}}}"#, in_json(friend));
        assert_eq!(client.post(body).await.status, 200);
    }
    // The sender is not part of these tests.
    node.forget(&address("tower.example.org", 1)).expect("it is known");
}

#[tokio::test]
async fn a_stranger_cannot_make_a_node_contact_its_own_machine() {
    let node = start(public()).await;
    let inside = FakePeer::start().await;
    let port = inside.address().port();
    let names = ["127.0.0.1", "localhost", "::ffff:127.0.0.1", "0.0.0.0", "::1"];
    for name in names {
        let mut watch = Watch::of(&node);
        introduce(&node, &[address(name, port)]).await;
        enqueue(&node, "GNU Terry Pratchett");
        let failure = watch.failure().await;
        let expected = if name == "0.0.0.0" { Scope::Unspecified } else { Scope::Loopback };
        assert_eq!(failure, Failure::NotContacted(expected), "{name}");
        // Some of these are spellings of one address.
        let _ = node.forget(&address(name, port));
        eventually("the message is back", || node.dequeue().is_some()).await;
    }
    assert_eq!(inside.stats().connections + inside.stats().refused_handshakes, 0);
    assert!(node.overview().counters.limits.of(Limit::Scopes) >= names.len() as u64);
}

#[tokio::test]
async fn the_user_can_add_any_address() {
    let node = start(public()).await;
    let mut inside = FakePeer::start().await;
    introduce(&node, &[inside.address().clone()]).await;
    let mut watch = Watch::of(&node);
    enqueue(&node, "GNU Terry Pratchett");
    watch.failure().await;
    // It is known already, and now counts as added by the user.
    assert!(!node.add_peer(inside.address()));
    assert_eq!(inside.next().await.message(), r#""GNU Terry Pratchett""#);
    watch
        .sees(
            "it is alive",
            |event| matches!(event, Event::PeerUpdated { peer, .. } if peer.status == Status::Alive),
        )
        .await;
}

#[tokio::test]
async fn an_address_the_user_announced_to_counts_as_user_added() {
    let node = start(public()).await;
    let mut inside = FakePeer::start().await;
    node.announce(inside.address()).await.expect("the peer takes it");
    inside.next().await;
    enqueue(&node, "GNU Terry Pratchett");
    assert_eq!(inside.next().await.message(), r#""GNU Terry Pratchett""#);
}

#[tokio::test]
async fn a_node_that_allows_private_addresses_contacts_them() {
    let node = start(public().limits(|limits| limits.allow_private_addresses = true)).await;
    let mut inside = FakePeer::start().await;
    introduce(&node, &[address("localhost", inside.address().port())]).await;
    enqueue(&node, "GNU Terry Pratchett");
    assert_eq!(inside.next().await.message(), r#""GNU Terry Pratchett""#);
}

#[tokio::test]
async fn a_suggested_address_is_contacted_only_if_strangers_may_name_it() {
    let node = start(public()).await;
    let mut inside = FakePeer::start().await;
    let port = inside.address().port();
    for name in ["127.0.0.1", "localhost", "::ffff:127.0.0.1", "::1"] {
        let suggested = node.announce_suggested(&address(name, port)).await;
        let not_contacted = Failure::NotContacted(Scope::Loopback);
        assert_eq!(suggested, Err(AnnounceError::Failed(not_contacted)), "{name}");
    }
    assert_eq!(inside.stats().connections + inside.stats().refused_handshakes, 0);
    let of_its_kind = start(builder()).await;
    of_its_kind.announce_suggested(inside.address()).await.expect("the peer answers");
    inside.next().await;
    let peer = of_its_kind.peer(inside.address()).expect("it is a peer now");
    assert!(peer.last_attempt_ok && !peer.added_by_user, "{peer:?}");
    of_its_kind.announce(inside.address()).await.expect("the peer answers");
    assert!(of_its_kind.peer(inside.address()).is_some_and(|peer| peer.added_by_user));
}
