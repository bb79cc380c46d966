//! Held messages.

use std::collections::BTreeSet;

use clacks_p2p::{
    Message, Node,
    core::{Event, HeldBy, HoldRule},
};

use crate::support::{
    Client, FakePeer, Reply, Watch, assert_no_task_panicked, builder, enqueue, eventually, in_time, payload,
    start,
};

async fn node() -> Node {
    start(builder()).await
}

fn rule(word: &'static str) -> HoldRule {
    HoldRule::new(word, move |queued| queued.message.as_json().contains(word))
}

async fn next_message(peer: &mut FakePeer) -> String {
    peer.next().await.message()
}

#[tokio::test]
async fn a_held_message_is_sent_only_after_its_release() {
    let node = node().await;
    let mut peer = FakePeer::start().await;
    for text in ["one", "two", "three"] {
        enqueue(&node, text);
    }
    let two = node.queue_window(1..2)[0].id;
    assert!(node.hold(two));
    node.add_peer(peer.address());
    assert_eq!([next_message(&mut peer).await, next_message(&mut peer).await], ["\"one\"", "\"three\""]);
    eventually("all the others are gone", || node.is_empty() && node.overview().in_flight == 0).await;
    assert_eq!((node.overview().held, node.held_message(two).map(|held| held.by)), (1, Some(HeldBy::Hand)));

    node.replace(two, Message::text("edited")).expect("it is held");
    assert!(node.release(two).is_some_and(|released| released > two));
    assert_eq!(next_message(&mut peer).await, "\"edited\"");
    assert_eq!(peer.stats().requests, 3);
}

#[tokio::test]
async fn a_rule_holds_received_and_returned_messages() {
    let node = node().await;
    let peer = FakePeer::that(Reply::Nothing).await;
    enqueue(&node, "red 1");
    node.add_peer(peer.address());
    peer.until("it is on its way", |stats| stats.open == 1).await;

    node.set_hold_rule(Some(rule("red")));
    let mut watch = Watch::of(&node);
    peer.reply(Reply::status(500));
    watch.sees("the one that failed is held", |event| matches!(event, Event::MessageHeld { .. })).await;
    peer.reply(Reply::status(200));
    for text in ["\"red 2\"", "\"blue\""] {
        let answer = Client::connect(&node).await.post(payload(peer.address(), text)).await;
        assert_eq!(answer.status, 200, "who sent it is told that it was taken");
    }
    watch.delivered().await;
    let held: BTreeSet<_> =
        node.held_window(0..9).into_iter().map(|held| held.queued.message.as_text()).collect();
    assert_eq!(held, ["red 1", "red 2"].map(|text| Some(text.to_owned())).into());
    assert_no_task_panicked();
}

/// A rule that is set under load holds every message that is not in flight.
#[tokio::test(flavor = "multi_thread")]
async fn no_matching_message_is_sent_after_a_rule_is_set_under_load() {
    let node = start(builder().send_rate(100_000.0)).await;
    let mut peer = FakePeer::start().await;
    for number in 0..5000 {
        enqueue(&node, &format!("{number} {}", if number % 2 == 0 { "red" } else { "blue" }));
    }
    let mut watch = Watch::of(&node);
    node.add_peer(peer.address());
    peer.until("they rush", |stats| stats.requests >= 10).await;
    let setting = node.clone();
    in_time("it is set", tokio::task::spawn_blocking(move || setting.set_hold_rule(Some(rule("red")))))
        .await
        .expect("no panic");
    watch.sees("it is set", |event| matches!(event, Event::HoldRuleChanged { .. })).await;
    let mut held = 0;
    watch
        .until("the last one is gone", |event| {
            match event {
                Event::MessageHeld { .. } => held += 1,
                Event::MessageSending { message, .. } => {
                    assert!(
                        !message.as_json().contains("red"),
                        "{message:?} was sent though it is to be held"
                    );
                }
                _ => {}
            }
            (node.is_empty() && node.overview().in_flight == 0).then_some(())
        })
        .await;
    assert!(held > 1000, "{held} held");
    assert_eq!(node.overview().held, held);
    let mut sent = 0;
    while peer.try_next().is_some() {
        sent += 1;
    }
    assert_eq!(sent + held, 5000);
}

#[tokio::test]
async fn a_rule_that_panics_holds_the_message_and_the_node_continues() {
    let node = node().await;
    let mut peer = FakePeer::start().await;
    node.set_hold_rule(Some(HoldRule::new("broken", |queued| {
        assert!(!queued.message.as_json().contains("red"), "not this one");
        false
    })));
    enqueue(&node, "red");
    enqueue(&node, "blue");
    node.add_peer(peer.address());
    assert_eq!(next_message(&mut peer).await, "\"blue\"");
    assert_eq!(node.overview().held, 1);
}

#[tokio::test]
async fn a_stopped_node_returns_its_held_messages() {
    let node = node().await;
    node.set_hold_rule(Some(rule("red")));
    enqueue(&node, "red");
    enqueue(&node, "blue");
    let remaining = in_time("the node stops", node.stop()).await;
    assert_eq!((remaining.messages.len(), remaining.held.len()), (1, 1));
    assert_eq!(remaining.held[0].queued.message, Message::text("red"));
    assert!(node.replace("1".parse().expect("a number"), Message::text("late")).is_err());
}
