//! Changes of options and limits while a node runs.

use std::time::Duration;

use clacks_p2p::{
    Message,
    core::{Event, Options, OptionsError, Status},
    node::Limits,
};

use crate::support::{Client, Watch, address, builder, enqueue, eventually, payload, start};

async fn post(node: &clacks_p2p::Node, message: &str) -> u16 {
    Client::connect(node).await.post(payload(&address("127.0.0.1", 1), message)).await.status
}

#[tokio::test]
async fn a_changed_kill_timeout_applies_to_the_next_failure() {
    let node = start(builder()).await;
    let peer = address("127.0.0.1", 1);
    node.add_peer(&peer);
    enqueue(&node, "m");
    let status = || node.peer(&peer).map(|peer| peer.status);
    eventually("nothing answers there", || status() == Some(Status::Lost)).await;
    node.set_options(|options| options.kill_timeout = Duration::ZERO).expect("it can be changed");
    eventually("it has failed again", || status() == Some(Status::Dead)).await;
}

#[tokio::test]
async fn changed_limits_of_the_queue_and_of_payloads_apply_at_once() {
    let node = start(builder()).await;
    assert_eq!(post(&node, "1").await, 200);
    node.set_options(|options| options.max_queue_messages = 1).expect("it can be changed");
    assert_eq!(post(&node, "2").await, 503);
    node.set_options(|options| options.max_queue_messages = 1000).expect("it can be changed");
    assert_eq!(post(&node, "3").await, 200);
    let change = |options: &mut Options| (options.payload_rate, options.payload_burst) = (0.001, 1);
    node.set_options(change).expect("it can be changed");
    assert_eq!([post(&node, "4").await, post(&node, "5").await], [200, 429]);
    // The rate is unchanged, so the burst does not begin again.
    node.set_options(|options| options.max_peers = 7).expect("it can be changed");
    assert_eq!(post(&node, "6").await, 429);
    assert_eq!(node.options().max_peers, 7);
}

#[tokio::test]
async fn a_changed_send_rate_is_an_event_and_an_unchanged_one_is_none() {
    let node = start(builder()).await;
    let mut watch = Watch::of(&node);
    node.set_options(|options| options.max_new_peers = 7).expect("it can be changed");
    node.set_options(|options| options.send_rate = 2.5).expect("it can be changed");
    let first = watch.until("the first event", |event| Some(event.clone()));
    assert_eq!(first.await, Event::SendRateChanged { rate: 2.5 });
}

#[tokio::test]
async fn changed_limits_of_requests_apply_to_new_connections() {
    let node = start(builder()).await;
    let mut open = Client::connect(&node).await;
    let body = payload(&address("127.0.0.1", 1), &format!("\"{}\"", "x".repeat(2000)));
    node.set_limits(|limits| limits.max_body = 1000).expect("it can be changed");
    assert_eq!(Client::connect(&node).await.post(&body).await.status, 413);
    assert_eq!(open.post(&body).await.status, 200, "an open connection keeps its limit");
    let most = Message::MAX_SIZE;
    assert_eq!(node.options().max_message_bytes, most, "a lower limit does not forbid larger messages");
    node.set_limits(|limits| limits.max_body = 4 << 20).expect("it can be changed");
    assert_eq!(Client::connect(&node).await.post(&body).await.status, 200);
    assert_eq!(node.options().max_message_bytes, Message::largest_in(4 << 20));
}

#[tokio::test]
async fn what_is_invalid_or_fixed_changes_nothing_and_is_named() {
    type Change<T> = fn(&mut T);
    let options: [Change<Options>; 6] = [
        |options| options.send_rate = 0.0,
        |options| options.max_queue_bytes = 0,
        |options| options.address = address("other", 1),
        |options| options.max_in_flight += 1,
        |options| options.max_in_flight_per_peer += 1,
        |options| options.max_depth += 1,
    ];
    let limits: [Change<Limits>; 9] = [
        |limits| limits.body_timeout = Duration::ZERO,
        |limits| limits.max_body = 0,
        |limits| limits.connect_timeout += Duration::from_secs(1),
        |limits| limits.request_timeout += Duration::from_secs(1),
        |limits| limits.max_connections += 1,
        |limits| limits.max_connections_per_address += 1,
        |limits| limits.connection_rate += 1,
        |limits| limits.connection_rate_per_address += 1,
        |limits| limits.allow_private_addresses = true,
    ];
    let node = start(builder()).await;
    let (options_before, limits_before) = (node.options(), node.limits());
    let mut errors = Vec::new();
    for change in options {
        let both = |options: &mut Options| {
            options.max_peers = 7;
            change(options);
        };
        errors.push(node.set_options(both).expect_err("it is refused"));
    }
    for change in limits {
        let both = |limits: &mut Limits| {
            limits.max_bodies = 7;
            change(limits);
        };
        errors.push(node.set_limits(both).expect_err("it is refused"));
    }
    let fixed = errors.iter().filter(|error| matches!(error, OptionsError::Fixed(_))).count();
    assert_eq!(fixed, 11, "{errors:?}");
    let names: std::collections::BTreeSet<_> = errors.iter().map(ToString::to_string).collect();
    assert_eq!(names.len(), errors.len(), "each is named: {names:?}");
    assert_eq!((node.options(), node.limits()), (options_before, limits_before));
}
