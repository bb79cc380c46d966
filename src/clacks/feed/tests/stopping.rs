use std::{future::poll_fn, sync::Arc, time::Duration};

use clacks_feed::{Check, Network, Refusal, Value, Watched};
use clacks_p2p::{Address, Message, Node, core::Event};
use tokio::net::TcpListener;

use super::calls::{builder, network, text_of};
use crate::ClacksNetwork;

/// A node with waiting and held messages, of which a peer that never answers has the first for ever.
async fn busy(waiting: usize, held: usize) -> (Arc<ClacksNetwork>, TcpListener) {
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let network = network().await;
    for text in 0..waiting + held {
        let id = network.node().enqueue(Message::text(&text.to_string())).unwrap();
        if text >= waiting {
            network.node().hold(id);
        }
    }
    let peer: Address = silent.local_addr().unwrap().to_string().parse().unwrap();
    network.node().add_peer(&peer);
    (network, silent)
}

fn offers(refusal: &Refusal) -> Vec<&str> {
    refusal.offers.iter().map(|(label, _)| label.as_str()).collect()
}

/// The gauges `stop_total` and `stop_done`.
fn progress(network: &ClacksNetwork) -> [Value; 2] {
    let gauge = |name| network.gauges()[network.description().gauge(name).unwrap()].clone();
    ["stop_total", "stop_done"].map(gauge)
}

async fn reads_to_the_end(network: &ClacksNetwork) {
    let mut watch = network.watch();
    while poll_fn(|cx| watch.poll_next(cx)).await.is_some() {}
}

#[tokio::test]
async fn a_node_without_messages_stops_and_its_watches_end() {
    let network = network().await;
    let reads = tokio::spawn({
        let network = network.clone();
        async move { reads_to_the_end(&network).await }
    });
    assert_eq!(network.said("stop").await, Ok("the node has stopped".into()));
    reads.await.unwrap();
    assert!(network.said("enqueue x").await.is_err());
}

#[tokio::test]
async fn a_node_with_messages_offers_what_can_become_of_them() {
    for (waiting, held, reason, offered) in [
        (1, 0, "1 message is only here", &["hand on", "drop it"][..]),
        (2, 1, "3 messages, 1 of them held, are only here", &["hand on", "release and hand on", "drop them"]),
        (0, 2, "2 held messages are only here", &["release and hand on", "drop them"]),
    ] {
        let (network, _silent) = busy(waiting, held).await;
        let refusal = network.line("stop").await.unwrap_err();
        assert_eq!((refusal.text.untrusted(), offers(&refusal)), (reason, offered.to_vec()));
        let all_work = refusal.offers.iter().all(|(_, call)| network.check(call) == Check::Works);
        assert!(all_work, "{refusal:?}");
        let (_, at_once) = refusal.offers.last().unwrap().clone();
        let lost = text_of(network.do_call(at_once).await).unwrap();
        assert!(lost.starts_with("the node has stopped; "), "{lost}");
    }
    let network = network().await;
    network.line("enqueue x").await.unwrap();
    for line in ["stop", "stop hand-on", "stop release-and-hand-on 2s"] {
        let refusal = network.line(line).await.unwrap_err();
        let expected = ("1 message is only here; no other node is known", vec!["drop it"]);
        assert_eq!((refusal.text.untrusted(), offers(&refusal)), expected);
    }
}

#[tokio::test]
async fn messages_are_handed_on_before_the_node_stops() {
    for (line, held_stay) in [("stop hand-on", true), ("stop release-and-hand-on", false)] {
        let other = builder().start().await.unwrap();
        let network = network().await;
        for text in ["one", "two", "three"] {
            network.line(&format!("enqueue {text}")).await.unwrap();
        }
        network.line("hold 3").await.unwrap();
        network.node().add_peer(&other.address());
        let mut received = other.subscribe();
        let result = network.do_call(network.call_of(line)).await;
        if held_stay {
            let refusal = result.unwrap_err();
            let expected =
                ("handed on 2 messages; 1 held message is only here", vec!["release and hand on", "drop it"]);
            assert_eq!((refusal.text.untrusted(), offers(&refusal)), expected);
            assert!(network.said("enqueue four").await.is_ok(), "the node goes on");
        } else {
            assert_eq!(text_of(result), Ok("the node has stopped".into()));
            reads_to_the_end(&network).await;
        }
        let mut count = 0;
        while count < if held_stay { 2 } else { 3 } {
            count += usize::from(matches!(received.next().await, Some(Event::MessageReceived { .. })));
        }
    }
}

#[tokio::test]
async fn handing_on_can_be_cancelled_and_ended_at_once() {
    let (network, _silent) = busy(2, 1).await;
    assert_eq!(network.said("cancel").await, Err("no messages are being handed on".into()));
    for then in ["cancel", "stop at-once"] {
        let handing_on = tokio::spawn(network.do_call_owned("stop release-and-hand-on"));
        until_handing_on(network.node()).await;
        assert_eq!(network.said("enqueue x").await.unwrap_err(), network.said("json 1").await.unwrap_err());
        assert_eq!(progress(&network), [Value::Count(3), Value::Count(0)]);
        let refusal = network.line("stop").await.unwrap_err();
        let expected = ("messages are being handed on already", vec!["do not stop", "at once"]);
        assert_eq!((refusal.text.untrusted(), offers(&refusal)), expected);
        let ended = text_of(network.do_call(network.call_of(then)).await);
        let result = text_of(handing_on.await.unwrap());
        if then == "cancel" {
            let text = "handed on 0 of 3; what is left is as before";
            assert_eq!((ended, result), (Ok(text.into()), Err(text.into())));
            assert!(!network.node().read(clacks_p2p::core::Core::is_draining));
            assert_eq!(network.node().held_len(), 1);
        } else {
            assert_eq!(ended, Ok("the node has stopped; 3 messages are lost".into()));
            assert_eq!(result, Ok("the node has stopped; 3 messages are lost".into()));
        }
    }
}

#[tokio::test]
async fn a_drain_that_takes_too_long_is_refused_and_the_node_goes_on() {
    let (network, _silent) = busy(1, 0).await;
    let refusal = network.do_call(network.call_of("stop hand-on 50ms")).await.unwrap_err();
    let expected = "handed on 0 of 1: the time was over; 1 message is only here";
    assert_eq!((refusal.text.untrusted(), offers(&refusal)), (expected, vec!["hand on", "drop it"]));
    assert!(network.said("enqueue x").await.is_ok());
}

#[tokio::test]
async fn handing_on_may_take_the_longest_time_that_can_be_typed() {
    let (network, _silent) = busy(1, 0).await;
    let handing_on = tokio::spawn(network.do_call_owned("stop hand-on 18446744073709549568s"));
    until_handing_on(network.node()).await;
    assert_eq!(progress(&network), [Value::Count(1), Value::Count(0)]);
    assert!(network.said("cancel").await.is_ok());
    assert!(handing_on.await.unwrap().is_err());
}

async fn until_handing_on(node: &Node) {
    while !node.read(clacks_p2p::core::Core::is_draining) {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

/// The watch of a stopped node gives its last events first.
#[tokio::test]
async fn the_last_events_come_before_the_end() {
    let network = network().await;
    let mut watch = network.watch();
    network.line("enqueue x").await.unwrap();
    network.line("stop at-once").await.unwrap();
    let mut events = 0;
    while let Some(watched) = poll_fn(|cx| watch.poll_next(cx)).await {
        events += usize::from(matches!(watched, Watched::Event(_)));
    }
    assert!(events > 0);
}
