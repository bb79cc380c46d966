//! Commands between nodes over real sockets.

use std::sync::Arc;

use clacks_feed::{Call, Check, Network, Outcome, Refusal, Run, Value, Window};
use clacks_peercloud::{Json, Node, core::Refusal as Refused};

use super::{call, cell, event, node};
use crate::{
    PeercloudNetwork,
    description::{DOOR, MEMBERS, REPLIES, REQUESTS, Status},
};

/// Two nodes in a cloud, and the feed of the second one.
async fn two() -> (Node, Node, Arc<PeercloudNetwork>) {
    let first = node("first", None).await;
    let second = node("second", Some(&first)).await;
    second.ready().await.unwrap();
    let network = PeercloudNetwork::new(&second, Run(7));
    (first, second, network)
}

fn text(refusal: &Refusal) -> &str {
    refusal.text.untrusted()
}

fn said(outcome: &Outcome) -> &str {
    outcome.text.untrusted()
}

fn checked(network: &PeercloudNetwork, line: &str) -> Check {
    network.check(&Call::from_line(line, network.run(), network.description()).unwrap())
}

#[tokio::test]
async fn a_node_that_is_alone_sends_and_leaves_nothing() {
    let alone = node("alone", None).await;
    let network = PeercloudNetwork::new(&alone, Run(7));
    for line in ["hello", ":json {\"a\":1}", ":leave", ":repair"] {
        let refusal = call(&network, line).await.unwrap_err();
        assert!(text(&refusal).contains("alone"), "{line}: {refusal:?}");
        assert!(matches!(checked(&network, line), Check::Wrong(_)), "{line}");
    }
    assert_eq!(network.page(&Window::first(REQUESTS, 9)).total, 0);
    alone.close().await;
}

#[tokio::test]
async fn a_node_in_a_cloud_leaves_it_before_it_joins_another() {
    let (first, second, network) = two().await;
    let other = node("other", None).await;
    let line = format!(":join {}", other.local_address());
    let refusal = call(&network, &line).await.unwrap_err();
    let (words, offer) = &refusal.offers[0];
    assert_eq!(words.as_str(), "leave and join");
    let outcome = network.clone().call(offer.clone()).await.unwrap();
    assert_eq!(said(&outcome), "joined a cloud of 1 member");
    assert_eq!((first.members().len(), other.members().len()), (0, 1));
    assert_eq!(cell(&*network, MEMBERS, 0, "name"), Value::text("other".into()));
    for node in [second, first, other] {
        node.close().await;
    }
}

#[tokio::test]
async fn a_message_to_one_member_opens_into_its_reply() {
    let (first, second, network) = two().await;
    let other = PeercloudNetwork::new(&first, Run(8));
    call(&other, ":reply echo").await.unwrap();
    let mut watch = network.watch();
    let member = second.members()[0].record.id.to_string();
    let outcome = call(&network, &format!(":to {member} {{\"n\":1.0}}")).await.unwrap();
    event(&mut *watch, network.description(), "replies").await;
    let (list, key) = outcome.opens.unwrap();
    let page = network.page(&Window::first(REPLIES, 9).under(key.clone()));
    assert_eq!((list, page.total, &page.counts[..]), (REQUESTS, 1, &[0, 1, 0][..]));
    assert_eq!(cell(&*network, REPLIES, 0, "text"), Value::text("{\"n\":1.0}".into()));
    // Where it was sent to, it is a received message with our reply.
    assert_eq!(cell(&*other, REQUESTS, 0, "reply"), Value::text("{\"n\":1.0}".into()));
    assert!(
        call(&network, &format!(":to {member} 5")).await.is_err(),
        "members accept objects and arrays only"
    );
    second.close().await;
    first.close().await;
}

#[tokio::test]
async fn an_ignored_member_is_listed_and_refused_until_that_is_undone() {
    let (first, second, network) = two().await;
    let (ours, theirs) = (second.id(), first.id());
    let outcome = call(&network, &format!(":ignore {theirs}")).await.unwrap();
    let Value::Status(statuses) = cell(&*network, MEMBERS, 0, "status") else { panic!() };
    assert!(statuses.contains(Status::Ignored.into()));
    let refused = first.send(&ours, &Json::of(&["hello"]).unwrap()).await.unwrap();
    assert!(refused.result.is_err(), "{refused:?}");
    // A message so soon after a join is sent twice.
    let count = second.counters().refusals.of(Refused::Dropped);
    assert!(count > 0, "it was not refused");
    assert_eq!(cell(&*network, DOOR, 0, "unknown"), Value::Count(count));
    network.clone().call(outcome.undo.unwrap()).await.unwrap();
    let accepted = first.send(&ours, &Json::of(&["hello"]).unwrap()).await.unwrap();
    assert!(accepted.result.is_ok(), "{accepted:?}");
    assert_eq!(cell(&*network, MEMBERS, 0, "in"), Value::Count(1));
    second.close().await;
    first.close().await;
}

#[tokio::test]
async fn new_data_reaches_the_members_and_can_be_undone() {
    let (first, second, network) = two().await;
    let other = PeercloudNetwork::new(&first, Run(8));
    let mut watch = other.watch();
    let outcome = call(&network, r#":data {"name":"third"}"#).await.unwrap();
    let updated = event(&mut *watch, other.description(), "member_updated").await;
    assert_eq!(updated["member"]["data"]["name"], "third");
    assert_eq!(cell(&*other, MEMBERS, 0, "name"), Value::text("third".into()));
    network.clone().call(outcome.undo.unwrap()).await.unwrap();
    let updated = event(&mut *watch, other.description(), "member_updated").await;
    assert_eq!(updated["member"]["data"]["name"], "second");
    second.close().await;
    first.close().await;
}

#[tokio::test]
async fn a_check_says_what_came_of_it() {
    let (first, second, network) = two().await;
    let member = first.id();
    let outcome = call(&network, &format!(":check {member}")).await.unwrap();
    assert_eq!(said(&outcome), format!("{member}: it is here"));
    assert!(matches!(cell(&*network, MEMBERS, 0, "check"), Value::Took(_)));
    assert_eq!(cell(&*network, MEMBERS, 0, "result"), Value::text("it is here".into()));
    second.close().await;
    first.close().await;
}

#[tokio::test]
async fn stopping_tells_the_members_and_ends_the_watch() {
    let (first, second, network) = two().await;
    let other = PeercloudNetwork::new(&first, Run(8));
    let mut there = other.watch();
    let mut watch = network.watch();
    let outcome = call(&network, ":stop").await.unwrap();
    assert_eq!(said(&outcome), "stopped; 1 member told");
    let removed = event(&mut *there, other.description(), "member_removed").await;
    assert_eq!(removed["reason"], "said_goodbye");
    while std::future::poll_fn(|cx| watch.poll_next(cx)).await.is_some() {}
    assert!(matches!(checked(&network, "hello"), Check::Wrong(_)));
    drop(second);
    first.close().await;
}
