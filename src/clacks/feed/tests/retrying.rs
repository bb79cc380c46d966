use std::time::Duration;

use clacks_feed::{Check, Network, Run, undo::TIME_TO_UNDO};

use super::calls::{builder, network, text_of};
use crate::ClacksNetwork;

#[tokio::test]
async fn an_undo_that_restores_nothing_is_refused_and_can_be_tried_again() {
    let small = builder().options(|options| options.max_queue_messages = 1).start().await.unwrap();
    let network = ClacksNetwork::new(&small, Run(7));
    network.line("enqueue one").await.unwrap();
    let undo = network.line("drop 1").await.unwrap().undo.unwrap();
    network.line("enqueue two").await.unwrap();
    for _ in 0..2 {
        assert_eq!(network.check(&undo), Check::Works);
        let refused = text_of(network.do_call(undo.clone()).await).unwrap_err();
        assert!(refused.starts_with("not undone: "), "{refused}");
    }
    network.line("drop 2").await.unwrap();
    let restored = text_of(network.do_call(undo.clone()).await);
    assert_eq!(restored, Ok("1 message is back at the place in the queue".into()));
    // What cannot help is not kept.
    network.line("hold 1").await.unwrap();
    let undo = network.line("release 1").await.unwrap().undo.unwrap();
    network.line("drop all").await.unwrap();
    network.do_call(undo.clone()).await.unwrap_err();
    assert!(matches!(network.check(&undo), Check::Wrong(_)));
}

#[tokio::test]
async fn a_peer_is_forgotten_by_another_spelling_of_its_address() {
    let network = network().await;
    for (added, typed) in
        [("Tower.example.org:80", "tower.EXAMPLE.org:80"), ("[::1]:80", "[0:0:0:0:0:0:0:1]:80")]
    {
        network.line(&format!("add {added}")).await.unwrap();
        network.line(&format!("forget {typed}")).await.unwrap();
        assert_eq!(network.node().peers(), []);
    }
    assert_eq!(network.said("forget other:12345").await, Err("other:12345: no such peer".into()));
}

#[tokio::test]
async fn deeds_are_dropped_by_time_while_there_are_any() {
    let network = network().await;
    assert!(!network.expires_deeds());
    network.line("enqueue one").await.unwrap();
    let undo = network.line("drop 1").await.unwrap().undo.unwrap();
    assert!(network.expires_deeds());
    let wait = network.next_expiry().unwrap();
    assert!(wait > Duration::ZERO && wait < TIME_TO_UNDO * 2, "{wait:?}");
    network.do_call(undo).await.unwrap();
    assert_eq!(network.next_expiry(), None);
    assert!(!network.expires_deeds());
}
