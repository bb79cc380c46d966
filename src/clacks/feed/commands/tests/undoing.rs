use std::time::Duration;

use clacks_p2p::{
    Address, Message,
    core::{Event, Origin, Status},
};

use super::*;

async fn slow() -> (Node, Arc<ClacksNetwork>) {
    start(builder().send_rate(0.001)).await
}

/// Where nobody listens.
const KNOWN: &str = "127.0.0.1:1";

/// All that a command could change, as a text.
fn picture(node: &Node) -> String {
    let rule = node.hold_rule().map(|rule| rule.text().to_owned());
    let (waiting, held) = (node.queue_window(0..99), node.held_window(0..99));
    let certificate = node.certificate_state(&KNOWN.parse().unwrap());
    let overview = node.overview();
    let remotes = node.ignored_remotes();
    format!(
        "{:#?}",
        (node.peers(), waiting, held, rule, remotes, overview.send_rate, overview.held_bytes, certificate)
    )
}

/// A line in which `{text}` stands for the number of the message with this text.
fn on_texts(node: &Node, line: &str) -> String {
    let held = node.held_window(0..99).into_iter().map(|held| held.queued);
    let here = node.queue_window(0..99).into_iter().chain(held);
    let named =
        here.map(|queued| (format!("{{{}}}", queued.message.as_text().unwrap()), queued.id.to_string()));
    named.fold(line.to_owned(), |line, (name, id)| line.replace(&name, &id))
}

async fn undone(network: &Arc<ClacksNetwork>, undo: Call) -> (String, Option<Call>) {
    let outcome = network.clone().call(undo).await.unwrap();
    (outcome.text.untrusted().to_owned(), outcome.undo)
}

/// A node with a peer of each kind, messages that wait and that are held for each reason, a rule and ignores. It sends
/// nothing for a quarter of an hour.
async fn busy() -> (Node, Arc<ClacksNetwork>) {
    let (node, network) = slow().await;
    let mut events = node.subscribe();
    node.add_peer(&KNOWN.parse().unwrap());
    node.enqueue(Message::text("first")).unwrap();
    while !matches!(events.next().await, Some(Event::MessageQueued { origin: Origin::Returned(_), .. })) {}
    node.drop_matching(|_| true);
    for line in [
        ":ignore rude:1",
        ":add known:2",
        ":ignore known:2",
        ":ignore ip:192.0.2.7",
        "one",
        "red two",
        "three",
        "red four",
        ":hold {three}",
        ":hold red",
        ":release {red four}",
        "five",
    ] {
        assert!(carried_out(&network, &on_texts(&node, line)).await.is_ok(), "{line}");
    }
    (node, network)
}

/// Lines, and what is said when they are undone.
const LINES: [(&str, &str); 22] = [
    (":ignore 127.0.0.1:1", "127.0.0.1:1 is lost again"),
    (":ignore nobody:1", "nobody:1 is not known any more"),
    (":unignore rude:1", "rude:1 is ignored again"),
    (":unignore known:2", "known:2 is ignored again"),
    (":forget 127.0.0.1:1", "127.0.0.1:1 is lost again"),
    (":forget rude:1", "rude:1 is ignored again"),
    (":add new:1", "new:1 is not known any more"),
    (":trust 127.0.0.1:1", "the certificate of 127.0.0.1:1 is as it was"),
    (":ignore ip:192.0.2.9", "connections from 192.0.2.9 are no longer ignored"),
    (":unignore ip:192.0.2.7", "connections from 192.0.2.7 are ignored again"),
    (":drop {one}", "1 message is back at the place in the queue"),
    (":drop {red two}", "1 message is held again"),
    (":drop {red four}", "1 message is back at the place in the queue"),
    (":drop all", "3 messages are back at their places in the queue, 2 held again"),
    (":hold {one}", "1 message is back at the place in the queue"),
    (":release {three}", "1 message is held again"),
    (":release all", "2 messages are held again"),
    (":edit {one} changed", "1 message is back at the place in the queue"),
    (":edit {three} changed", "1 message is held again"),
    (":hold o", "what comes is held again if red"),
    (":unhold", "what comes is held again if red"),
    (":rate 0.002", "sends 0.001 messages a second at most, as before"),
];

#[tokio::test]
async fn each_command_is_undone_to_what_was_before() {
    let (node, network) = busy().await;
    for (line, said) in LINES {
        let before = picture(&node);
        let outcome = carried_out(&network, &on_texts(&node, line)).await.unwrap();
        let undo = outcome.undo.unwrap_or_else(|| panic!("{line}: {:?}", outcome.text));
        if !line.starts_with(":trust") {
            assert_ne!(picture(&node), before, "{line} changes something");
        }
        assert_eq!(undone(&network, undo).await, (said.to_owned(), None), "{line}");
        assert_eq!(picture(&node), before, "{line}");
    }
}

#[tokio::test]
async fn several_commands_are_undone_in_the_other_order() {
    let (node, network) = busy().await;
    let mut done = Vec::new();
    let more = [":release all", ":edit {changed} x", ":hold {five}"];
    let lines = LINES.iter().map(|(line, _)| *line).filter(|line| !line.starts_with(":drop")).chain(more);
    for line in lines {
        let before = picture(&node);
        if let Ok(outcome) = carried_out(&network, &on_texts(&node, line)).await {
            done.push((line, before, outcome.undo.unwrap()));
        }
    }
    assert!(done.len() > 15, "{} were carried out", done.len());
    // The node keeps the last 16.
    for (line, before, undo) in done.into_iter().rev().take(16) {
        let (said, left) = undone(&network, undo).await;
        assert_eq!(left, None, "{line}: {said}");
        assert_eq!(picture(&node), before, "{line}");
    }
}

#[tokio::test]
async fn a_command_that_failed_changes_nothing() {
    let (node, network) = busy().await;
    for line in [
        ":drop 99",
        ":hold {three}",
        ":forget nobody:1",
        ":release {one}",
        ":edit 99 x",
        ":ignore rude:1",
        ":drop ip:::1",
    ] {
        let before = picture(&node);
        let result = carried_out(&network, &on_texts(&node, line)).await;
        assert!(result.is_err(), "{line}: {result:?}");
        assert_eq!(picture(&node), before, "{line}");
    }
}

#[tokio::test]
async fn what_finds_no_room_is_left_and_can_be_tried_again() {
    let (node, network) = start(builder().options(|options| options.max_queue_messages = 2)).await;
    for text in ["one", "two"] {
        node.enqueue(Message::text(text)).unwrap();
    }
    let undo = carried_out(&network, ":drop all").await.unwrap().undo.unwrap();
    node.enqueue(Message::text("three")).unwrap();
    let (said, left) = undone(&network, undo).await;
    let full = "1 message is back at the place in the queue, but not all: the queue is full";
    assert!(said.starts_with(full), "{said:?}");
    node.drop_these(&[node.queue_window(1..2)[0].id]);
    assert_eq!(undone(&network, left.unwrap()).await.0, "1 message is back at the place in the queue");
    assert_eq!(node.peek(), ["one", "two"].map(Message::text));
}

#[tokio::test]
async fn who_made_room_for_a_peer_is_known_again_when_that_is_undone() {
    let builder_of_two = builder().send_rate(0.001).options(|options| options.max_peers = 2);
    let (node, network) = start(builder_of_two).await;
    // Who was introduced by a stranger gives way.
    let stranger = builder().start().await.unwrap();
    stranger.announce(&node.address()).await.unwrap();
    node.add_peer(&"named:1".parse().unwrap());
    let before = picture(&node);
    let added = carried_out(&network, ":add new:1").await.unwrap();
    let made_room = format!("added new:1, for which {} made room", stranger.address());
    assert_eq!(added.text.untrusted(), made_room);
    assert_eq!(undone(&network, added.undo.unwrap()).await, ("2 peers are as they were".to_owned(), None));
    assert_eq!(picture(&node), before);
    node.forget(&stranger.address()).unwrap();
    node.add_peer(&"named:2".parse().unwrap());
    assert!(carried_out(&network, ":add new:1").await.is_err(), "those that the user named stay");
}

#[tokio::test]
async fn what_was_sent_in_the_meantime_stays_away() {
    let ((node, network), (other, _)) = (slow().await, slow().await);
    let id = node.enqueue(Message::text("one")).unwrap();
    let hold = carried_out(&network, &format!(":hold {id}")).await.unwrap().undo.unwrap();
    let release = carried_out(&network, &format!(":release {id}")).await.unwrap().undo.unwrap();
    node.announce(&other.address()).await.unwrap();
    node.drain(Duration::from_secs(60)).await.unwrap();
    node.resume();
    for undo in [release, hold] {
        let refused = words_of(network.clone().call(undo).await);
        assert_eq!(refused, Err("not undone: 1 message is no longer here".to_owned()));
    }
    // The other node may have sent it back meanwhile.
    assert!(node.queue_window(0..9).iter().all(|queued| queued.from.is_some()));
    assert_eq!(node.held_len(), 0);
}

#[tokio::test]
async fn an_ignore_that_is_undone_leaves_the_status_its_time_and_its_age() {
    let (node, network) = slow().await;
    let peer: Address = "known:1".parse().unwrap();
    node.add_peer(&peer);
    let before = node.peer(&peer).unwrap();
    let undo = carried_out(&network, ":ignore known:1").await.unwrap().undo.unwrap();
    assert_eq!(node.peer(&peer).unwrap().status, Status::Ignored);
    undone(&network, undo).await;
    assert_eq!(node.peer(&peer), Some(before));
}
