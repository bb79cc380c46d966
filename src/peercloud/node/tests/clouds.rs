//! Clouds of several nodes.

use std::time::Duration;

use super::fakes::{Act, Fake, join, start, status, wait_for};
use crate::{
    core::{CheckResult, Event, Failure, Removal},
    node::Node,
    protocol::{Json, Path},
};

fn json(text: &str) -> Json {
    Json::new(text, usize::MAX, usize::MAX).unwrap()
}

async fn cloud(count: usize) -> Vec<Node> {
    let echo = |_, message| async move { Ok(message) };
    let (first, _) = start(Node::builder().on_message(echo)).await;
    let seed = first.local_address();
    let mut nodes = vec![first];
    for _ in 1..count {
        let (node, _) = start(Node::builder().on_message(echo).peers([seed.clone()])).await;
        nodes.push(node);
    }
    for node in &nodes[1..] {
        node.ready().await.unwrap();
    }
    nodes
}

/// Waits until all lists are complete.
async fn complete(nodes: &[Node]) {
    for node in nodes {
        while node.members().len() + 1 < nodes.len() {
            tokio::task::yield_now().await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nodes_that_start_at_once_reach_one_complete_list_and_gather_replies() {
    let nodes = cloud(12).await;
    complete(&nodes).await;
    for text in [r#"{"hi":"Ünï 漢 🙂"}"#.to_owned(), format!("[\"{}\"]", "a".repeat(100_000))] {
        let replies = nodes[3].broadcast(&json(&text)).unwrap().all().await;
        assert_eq!(replies.len(), 11);
        for reply in replies {
            assert_eq!(reply.result, Ok(Some(json(&text))), "{}", reply.member.address);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn messages_arrive_before_the_goodbye_that_follows_at_once() {
    for _ in 0..10 {
        let nodes = cloud(3).await;
        complete(&nodes).await;
        let sent: Vec<_> = (0..12).map(|_| nodes[1].broadcast(&json("{}")).unwrap()).collect();
        nodes[1].leave().await;
        for replies in sent {
            for reply in replies.all().await {
                assert_eq!(reply.result, Ok(Some(json("{}"))));
            }
        }
    }
}

#[tokio::test]
async fn whoever_subscribes_to_a_prepared_node_misses_no_event() {
    let (first, _) = start(Node::builder()).await;
    let prepared = Node::builder().peers([first.local_address()]).prepare().await.unwrap();
    let mut events = prepared.subscribe();
    // A node that had begun would be a member by the end of this check.
    assert!(first.members().is_empty());
    prepared.begin();
    prepared.begin();
    prepared.ready().await.unwrap();
    assert!(matches!(events.next().await, Some(Event::Started { .. })));
    assert!(!matches!(events.next().await, Some(Event::Started { .. })), "it begins once");
    let unused = Node::builder().prepare().await.unwrap();
    unused.close().await;
}

#[tokio::test]
async fn commands_reach_the_members() {
    let nodes = cloud(3).await;
    complete(&nodes).await;
    let [one, two, three] = &nodes[..] else { unreachable!() };
    assert_eq!(one.check(&two.id()).await, Ok(CheckResult::Here));
    let reply = one.send(&two.id(), &json("[1]")).await.unwrap();
    assert_eq!(reply.result, Ok(Some(json("[1]"))));
    let mut events = two.subscribe();
    for reply in one.update(json(r#"{"n":2}"#)).unwrap().all().await {
        assert_eq!(reply.result, Ok(Some(json(r#"{"status":"updated"}"#))));
    }
    wait_for(&mut events, |event| match event {
        Event::MemberUpdated { member } => (member.data == json(r#"{"n":2}"#)).then_some(()),
        _ => None,
    })
    .await;
    assert_eq!(one.leave().await.len(), 2);
    wait_for(&mut events, |event| match event {
        Event::MemberRemoved { reason: Removal::SaidGoodbye, .. } => Some(()),
        _ => None,
    })
    .await;
    assert_eq!((two.members().len(), one.members().len()), (1, 0));
    let joined = one.join(&[three.local_address()]).await.unwrap();
    assert_eq!((joined.members, joined.via), (2, three.local_address()));
    complete(&nodes).await;
    assert_eq!(one.seen_as().unwrap().as_str(), "127.0.0.1");
}

#[tokio::test]
async fn a_silent_member_times_out_alone() {
    let (node, _) =
        start(Node::builder().options(|options| options.request_timeout = Duration::from_millis(300))).await;
    let silent = Fake::start(|path, _| if path == Path::Message { Act::Hang } else { status("a") }).await;
    let quick =
        Fake::start(|path, _| if path == Path::Message { Act::Body("[7]".to_owned()) } else { status("b") })
            .await;
    assert_eq!((join(&node, &silent, "a").await.0, join(&node, &quick, "b").await.0), (200, 200));
    let mut replies = node.broadcast(&json("{}")).unwrap();
    let first = replies.next().await.unwrap();
    assert_eq!((first.member.id.as_str(), first.result), ("b", Ok(Some(json("[7]")))));
    let second = replies.next().await.unwrap();
    assert_eq!((second.member.id.as_str(), second.result), ("a", Err(Failure::TimedOut)));
    assert!(replies.next().await.is_none());
}

#[tokio::test]
async fn a_member_that_dies_is_noticed() {
    let (node, mut events) = start(Node::builder().options(|options| {
        options.check_interval = Some(Duration::from_millis(100));
        options.recheck_after = Duration::from_millis(100);
    }))
    .await;
    let fake = Fake::start(|_, _| status("m")).await;
    join(&node, &fake, "m").await;
    drop(fake);
    let reason = wait_for(&mut events, |event| match event {
        Event::MemberRemoved { reason, .. } => Some(reason.clone()),
        _ => None,
    })
    .await;
    assert_eq!(reason, Removal::NoAnswer);
}
