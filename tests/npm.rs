//! This node against the npm package `clacks-p2p` 0.3.3, live. Requires Node.js and npm.

#![allow(clippy::disallowed_methods, reason = "tests and benchmarks measure time")]

#[path = "npm/certificate.rs"]
mod certificate;
#[path = "npm/install.rs"]
mod install;
#[path = "npm/our_node.rs"]
mod our_node;
#[path = "npm/package_node.rs"]
mod package_node;
#[path = "npm/process.rs"]
mod process;
#[path = "npm/watch.rs"]
mod watch;

use std::time::Duration;

use clacks_p2p::{
    Address, MAX_WHOLE_MESSAGE, Message,
    core::{Discovery, Event, Failure, Status},
    node::TrustChange,
};
use serde_json::{Value, json};

use certificate::Certificate;
use our_node::OurNode;
use package_node::{PackageNode, SENDING, SILENT};

// === Announces ===

#[tokio::test]
async fn our_announce_makes_both_list_each_other() {
    let mut package = PackageNode::start(SILENT).await;
    let ours = OurNode::start().await;

    ours.announce(&package.address()).await.unwrap();

    assert_eq!(listed(&ours), [(package.address(), Status::New)]);
    assert_eq!(package.peers().await, [(ours.address(), Status::New)]);
    let under_its_identifier = package.peer(ours.address().identifier()).await;
    assert_eq!(under_its_identifier, Some((ours.address(), Status::New)));
}

#[tokio::test]
async fn an_announce_of_the_package_makes_both_list_each_other() {
    let mut package = PackageNode::start(SILENT).await;
    let mut ours = OurNode::start().await;

    package.announce(&ours.address());

    assert_eq!(ours.until_discovered(&package.address()).await, Discovery::Inbound);
    let announced = |event: &Event| match event {
        Event::AnnounceReceived { peer, .. } => Some(peer.address.clone()),
        _ => None,
    };
    assert_eq!(ours.until("an announce", announced).await, package.address());
    package.until_discovered(&ours.address()).await;
    assert_eq!(package.peers().await, [(ours.address(), Status::New)]);
}

/// For each kind of key, messages go both ways.
#[tokio::test]
async fn a_package_node_with_any_key_is_a_peer() {
    for kind in certificate::KINDS {
        let mut package = PackageNode::start_with(Certificate::generate_with(kind), SENDING).await;
        let mut ours = OurNode::start().await;

        ours.announce(&package.address()).await.unwrap();
        ours.say(&json!(kind));
        package.until_received(&json!(kind)).await;
        ours.until_received(&json!(kind)).await;
    }
}

// === Messages ===

#[tokio::test]
async fn our_messages_arrive_intact() {
    let mut package = PackageNode::start(SILENT).await;
    let ours = OurNode::start().await;
    ours.announce(&package.address()).await.unwrap();
    let messages = [
        json!("GNU Terry Pratchett"),
        json!({ "class": "greeting", "to": { "tower": 12.5, "lit": true } }),
        json!([[1, [2, [], {}]], [null, false, ""]]),
        json!("Ünïcödé, Ankh-Morpork \u{2192} Γένουα \u{1f422} \u{2028}\u{7f}"),
        json!("x".repeat(15_000)),
        json!("\u{1f422}".repeat(15_000 / 4)),
    ];

    for message in &messages {
        ours.say(message);
        assert_eq!(package.until_received(message).await, ours.address());
    }

    assert_eq!(package.queue().await, messages);
    assert_eq!(ours.status(&package.address()), Some(Status::Alive));
}

#[tokio::test]
async fn messages_of_the_package_arrive_intact() {
    let mut package = PackageNode::start(SENDING).await;
    let mut ours = OurNode::start().await;
    package.add_peer(&ours.address());
    let messages = [
        json!("GNU Terry Pratchett"),
        json!({ "class": "greeting", "to": { "tower": 12.5, "lit": true } }),
        json!([[1, [2, [], {}]], [null, false, ""]]),
        json!("x".repeat(100_000)),
    ];

    for message in &messages {
        package.enqueue(message);
        let (sender, _) = ours.until_received(message).await;
        assert_eq!(sender, package.address());
    }
}

#[tokio::test]
async fn the_largest_whole_message_arrives_intact_whatever_the_hostnames() {
    let longest = [["a"; 63].concat(), ["b"; 63].concat(), ["c"; 63].concat(), ["d"; 61].concat()].join(".");
    let listen = [127, 0, 0, 1].into();
    let mut ours = OurNode::start_with(|builder| builder.hostname(&longest).listen(listen)).await;
    let friend = OurNode::start().await;
    let mut package = PackageNode::start(SILENT).await;
    // The first announce makes the friend known, the second alive.
    ours.announce(&friend.address()).await.unwrap();
    ours.announce(&friend.address()).await.unwrap();
    ours.until_status(&friend.address(), Status::Alive).await;

    ours.announce(&package.address()).await.unwrap();
    // The friend is named in every payload.
    package.until_discovered(&friend.address()).await;
    // A friend has to respond, so its name must resolve. The message uses the room of the longest name.
    let room = longest.len() - friend.address().hostname().len();
    let message = json!("x".repeat(MAX_WHOLE_MESSAGE - "\"\"".len() + room));
    ours.say(&message);

    package.until_received(&message).await;
}

#[tokio::test]
async fn a_body_that_the_package_truncates_is_refused_and_blocks_nothing() {
    let mut package = PackageNode::start(SENDING).await;
    let mut ours = OurNode::start().await;
    package.add_peer(&ours.address());

    // The package counts characters and calls them bytes.
    package.enqueue(&json!("Ünïcödé"));
    assert_eq!(ours.until_refused().await.status, 400);
    package.until_status(&ours.address(), Status::Lost).await;
    package.enqueue(&json!("in ASCII"));
    ours.until_received(&json!("in ASCII")).await;
}

// === Friends ===

#[tokio::test]
async fn our_nodes_find_each_other_through_a_package_node() {
    let mut package = PackageNode::start(SENDING).await;
    let (mut ours, mut others) = (OurNode::start().await, OurNode::start().await);
    for node in [&ours, &others] {
        // No messages, so that neither node contacts the other.
        node.on_message_received(|_, _| None);
        node.announce(&package.address()).await.unwrap();
    }

    for number in 1..=100 {
        package.enqueue(&json!(number));
    }

    let by_package = Discovery::Referral(package.address());
    assert_eq!(ours.until_discovered(&others.address()).await, by_package);
    assert_eq!(others.until_discovered(&ours.address()).await, by_package);
}

#[tokio::test]
async fn package_nodes_find_each_other_through_ours() {
    let (mut one, mut other) = (PackageNode::start(SILENT).await, PackageNode::start(SILENT).await);
    let ours = OurNode::start().await;
    for package in [&one, &other] {
        ours.announce(&package.address()).await.unwrap();
    }

    for number in 1..=100 {
        ours.say(&json!(number));
    }

    one.until_discovered(&other.address()).await;
    other.until_discovered(&one.address()).await;
}

// === Nodes that go away ===

#[tokio::test]
async fn a_killed_package_node_is_lost_then_dead_and_alive_when_it_is_back() {
    let mut ours = OurNode::start_with(|builder| builder.kill_timeout(Duration::from_millis(50))).await;
    let package = PackageNode::start(SILENT).await;
    let address = package.address();
    let (before, after) = (json!("before"), json!("after"));
    ours.announce(&address).await.unwrap();
    ours.say(&before);
    assert_eq!(ours.until_status(&address, Status::Alive).await, Status::New);

    let place = package.kill();
    ours.say(&after);
    assert_eq!(ours.until_status(&address, Status::Lost).await, Status::Alive);
    assert_eq!(ours.until_status(&address, Status::Dead).await, Status::Lost);
    assert_eq!(ours.held(), 1);

    let mut package = PackageNode::start_at(place, SILENT).await;
    assert_eq!(ours.until_status(&address, Status::Alive).await, Status::Dead);
    assert_eq!(package.queue().await, [after]);
    assert_eq!(ours.held(), 0);
}

#[tokio::test]
async fn a_message_is_kept_when_the_package_node_crashes_on_it() {
    let mut ours = OurNode::start().await;
    let mut package = PackageNode::start(SILENT).await;
    ours.announce(&package.address()).await.unwrap();
    package.die_over_next();
    package.queue().await;

    ours.say(&json!("for whoever comes next"));

    let failure = ours.until_failure(&package.address()).await;
    // The connection broke, or a new one was refused.
    assert!(matches!(failure, Failure::Connection(_)), "{failure:?}");
    assert_eq!(ours.held(), 1);
}

#[tokio::test]
async fn a_package_node_with_another_certificate_gets_nothing_until_it_is_trusted() {
    let mut ours = OurNode::start().await;
    let package = PackageNode::start(SILENT).await;
    let address = package.address();
    let (before, after) = (json!("before"), json!("after"));
    ours.announce(&address).await.unwrap();
    ours.say(&before);
    ours.until_status(&address, Status::Alive).await;

    let place = package.kill();
    let pinned = place.certificate.sha256;
    let place = place.with_another_certificate();
    let presented = place.certificate.sha256;
    let mut package = PackageNode::start_at(place, SILENT).await;
    ours.say(&after);

    assert_eq!(ours.until_failure(&address).await, Failure::CertificateChanged { pinned, presented });
    assert_eq!(ours.until_status(&address, Status::Lost).await, Status::Alive);
    assert!(package.queue().await.is_empty());
    assert_eq!(ours.held(), 1);

    assert!(
        matches!(ours.trust(&address), TrustChange::Accepted { certificate, .. } if certificate == presented)
    );
    assert_eq!(ours.until_status(&address, Status::Alive).await, Status::Lost);
    assert_eq!(package.queue().await, [after]);
}

// === Nodes that are refused ===

#[tokio::test]
async fn an_ignored_package_node_is_refused_and_sent_nothing_until_it_is_unignored() {
    let mut ours = OurNode::start().await;
    let mut package = PackageNode::start(SENDING).await;
    let (our_address, its_address) = (ours.address(), package.address());
    let (from_us, from_it) = (json!("from us"), json!("from it"));
    package.announce(&our_address);
    package.until_discovered(&our_address).await;

    ours.ignore(&its_address);
    ours.say(&from_us);
    package.announce(&our_address);
    assert_refused(&mut ours, &its_address, &Value::Null).await;
    package.enqueue(&from_it);
    package.until_status(&our_address, Status::Lost).await;
    // It repeats the message, while this node could send ten times as often.
    for _ in 0..5 {
        assert_refused(&mut ours, &its_address, &from_it).await;
    }
    assert_eq!(ours.status(&its_address), Some(Status::Ignored));
    assert!(!ours.seen().iter().any(|event| matches!(event, Event::MessageSending { .. })));

    ours.unignore(&its_address);
    package.until_status(&our_address, Status::Alive).await;
    package.until_received(&from_us).await;
    ours.until_received(&from_it).await;
    assert_eq!(ours.status(&its_address), Some(Status::Alive));
}

// === Five nodes ===

#[tokio::test]
async fn one_message_travels_mixed_nodes_without_being_duplicated() {
    let message = json!("GNU Terry Pratchett");
    let (mut ours, mut others) = (OurNode::start().await, OurNode::start().await);
    let mut packages = [
        PackageNode::start(SENDING).await,
        PackageNode::start(SENDING).await,
        PackageNode::start(SENDING).await,
    ];
    let [first, second, third] = &mut packages;
    ours.announce(&first.address()).await.unwrap();
    first.announce(&others.address());
    others.announce(&second.address()).await.unwrap();
    second.announce(&third.address());
    third.announce(&ours.address());

    ours.say(&message);

    for package in &mut packages {
        package.until_received(&message).await;
    }
    for node in [&mut ours, &mut others] {
        while node.until_received(&message).await.1 < 10 {}
    }
    assert_eq!(hold_all(&mut packages, &mut [ours, others]).await, [message]);
}

/// All messages of the nodes once none is in flight.
async fn hold_all(packages: &mut [PackageNode], ours: &mut [OurNode]) -> Vec<Value> {
    let addresses: Vec<Address> =
        packages.iter().map(PackageNode::address).chain(ours.iter().map(|node| node.address())).collect();
    for package in &mut *packages {
        package.hold().await;
    }
    for node in &mut *ours {
        node.hold(&addresses).await;
    }
    let mut messages = Vec::new();
    for package in packages {
        messages.extend(package.queue().await);
    }
    for node in ours {
        messages.extend(node.peek().iter().map(to_value));
    }
    messages
}

// === Two names ===

#[tokio::test]
async fn a_node_recognises_its_alias_named_by_a_package_node() {
    let mut ours = OurNode::start_with(|builder| builder.hostname("localhost")).await;
    let mut package = PackageNode::start(SENDING).await;
    let (message, its_address) = (json!("echo"), package.address());
    let other_name = Address::new("127.0.0.1", ours.address().port()).unwrap();
    package.add_peer(&other_name);

    package.enqueue(&message);

    assert_eq!(ours.until_discovered(&other_name).await, Discovery::Referral(its_address.clone()));
    let found_ourselves = |event: &Event| match event {
        Event::FoundOurselves { address } => Some(address.clone()),
        _ => None,
    };
    assert_eq!(ours.until("ourselves", found_ourselves).await, other_name);
    // The package names it repeatedly.
    for _ in 0..10 {
        assert_eq!(ours.until_received(&message).await.0, its_address);
    }
    assert_eq!(listed(&ours), [(its_address, Status::Alive)]);
    let with_ourselves = |event: &&Event| match event {
        Event::PeerDiscovered { peer, .. }
        | Event::MessageSending { peer, .. }
        | Event::MessageDelivered { peer, .. } => peer.address == other_name,
        _ => false,
    };
    let with_ourselves: Vec<_> = ours.seen().iter().filter(with_ourselves).collect();
    assert!(matches!(with_ourselves[..], [Event::PeerDiscovered { .. }, Event::MessageSending { .. }]));
}

// === Helpers ===

fn listed(node: &OurNode) -> Vec<(Address, Status)> {
    node.peers().into_iter().map(|peer| (peer.address, peer.status)).collect()
}

async fn assert_refused(node: &mut OurNode, sender: &Address, message: &Value) {
    let refusal = node.until_refused().await;
    assert_eq!((refusal.status, refusal.sender.as_ref()), (403, Some(sender)));
    let preview = refusal.preview.expect("the message could be read");
    assert_eq!(serde_json::from_str::<Value>(&preview).expect("a short message is whole"), *message);
}

fn to_value(message: &Message) -> Value {
    serde_json::from_str(message.as_json()).expect("a message is JSON")
}
