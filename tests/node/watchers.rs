//! Subscribers do not slow the node.

use clacks_p2p::{
    core::{Event, HoldRule},
    node::SnapshotLimits,
};

use crate::support::{FakePeer, Watch, builder, enqueue, eventually, start};

/// More events than are kept for a subscriber.
const MANY: u64 = 10_000;

#[tokio::test]
async fn a_slow_subscriber_learns_how_many_events_it_missed() {
    let node = start(builder()).await;
    let mut slow = node.subscribe();
    for number in 0..MANY {
        enqueue(&node, &number.to_string());
    }
    let Some(Event::Lagged(missed)) = slow.next().await else { panic!("it is behind") };
    for number in missed..MANY {
        let Some(Event::MessageQueued { message, .. }) = slow.try_next() else { panic!("event {number}") };
        assert_eq!(message.as_text(), Some(number.to_string()));
    }
    assert_eq!(slow.try_next(), None);
    assert!(missed > 0);
}

#[tokio::test]
async fn a_subscriber_behind_by_many_bytes_misses_events() {
    let node = start(builder()).await;
    let mut slow = node.subscribe();
    let large = "x".repeat(1_000_000);
    for _ in 0..100 {
        enqueue(&node, &large);
        assert!(node.dequeue().is_some());
    }
    let Some(Event::Lagged(missed)) = slow.try_next() else { panic!("it is behind") };
    let left = std::iter::from_fn(|| slow.try_next()).count() as u64;
    assert_eq!(missed + left, 200);
    assert!((32..100).contains(&left), "{left} events are left");
}

#[tokio::test]
async fn a_subscriber_that_never_reads_slows_nothing() {
    let node = start(builder()).await;
    let _never_read = node.subscribe();
    let mut watch = Watch::of(&node);
    for number in 0..MANY {
        enqueue(&node, &number.to_string());
    }
    let peer = FakePeer::start().await;
    node.add_peer(peer.address());
    eventually("the node delivers", || node.overview().counters.delivered >= 20).await;
    watch.sees("others are told", |event| matches!(event, Event::MessageDelivered { .. })).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_snapshot_is_consistent_with_the_event_sequence() {
    let node = start(builder()).await;
    let mut events = node.subscribe();
    let writer = tokio::task::spawn_blocking({
        let node = node.clone();
        move || (0..2000).for_each(|number| enqueue(&node, &number.to_string()))
    });
    let limits = SnapshotLimits::new(10, usize::MAX, usize::MAX);
    let mut queued = Vec::new();
    while queued.len() < 2000 {
        let (told, snapshot) = node.snapshot(&mut events, limits);
        queued.extend(told.into_iter().map(|event| match event {
            Event::MessageQueued { id, .. } => id,
            other => panic!("{other:?}"),
        }));
        let waiting: Vec<_> = snapshot.queue.iter().map(|queued| queued.id).collect();
        assert_eq!((waiting.len(), waiting), (snapshot.overview.queued, queued.clone()));
    }
    writer.await.unwrap();
    // Each of the first messages has three bytes.
    for (bytes, expected) in [(0, 0), (2, 0), (3, 1), (8, 2), (9, 3), (10, 3), (12, 4)] {
        let (_, few) = node.snapshot(&mut events, SnapshotLimits::new(10, usize::MAX, bytes));
        assert_eq!((few.queue.len(), few.overview.queued), (expected, 2000), "{bytes}");
    }
}

#[tokio::test]
async fn a_subscriber_that_keeps_up_misses_nothing_of_a_large_command() {
    const MANY: usize = 6_000;
    let node = start(builder()).await;
    let mut events = node.subscribe();
    let mut seen = |what: &str| {
        let events: Vec<_> = std::iter::from_fn(|| events.try_next()).collect();
        let lagged = events.iter().filter(|event| matches!(event, Event::Lagged(_))).count();
        assert_eq!(lagged, 0, "{what}");
        events.len()
    };
    for number in 0..MANY {
        enqueue(&node, &number.to_string());
        if number.is_multiple_of(1000) {
            seen("queued");
        }
    }
    seen("queued");
    node.set_hold_rule(Some(HoldRule::new("all", |_| true)));
    assert_eq!(seen("held"), MANY + 1);
    node.set_hold_rule(None);
    assert_eq!(node.release_all(), MANY);
    assert_eq!(seen("released"), MANY + 1);
}
