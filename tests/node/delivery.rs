//! When a message leaves the node, and its form at the receiver.

use std::time::Duration;

use clacks_p2p::{
    Message, Node,
    core::{Event, Failure, Origin, Status},
    node::Limits,
};
use tokio::net::TcpListener;

use crate::support::{FakePeer, Reply, Watch, address, assert_no_task_panicked, builder, enqueue, start};

/// A node that sends one message at once and the next much later.
async fn slow_node() -> Node {
    start(builder().send_rate(0.001).limits(|limits| limits.request_timeout = Duration::from_secs(2))).await
}

fn say(text: &str) -> Reply {
    Reply::Say(text.to_owned())
}

fn last_words(text: &str) -> Reply {
    Reply::LastWords(text.to_owned())
}

async fn failure_of_delivery(watch: &mut Watch) -> Failure {
    let failure = watch
        .until("the delivery fails", |event| match event {
            Event::DeliveryFailed { failure, .. } => Some(failure.clone()),
            Event::MessageDelivered { .. } => panic!("the message counts as delivered"),
            _ => None,
        })
        .await;
    watch.sees("the message is queued again", is_returned).await;
    failure
}

fn is_returned(event: &Event) -> bool {
    matches!(event, Event::MessageQueued { origin: Origin::Returned(_), .. })
}

/// Asserts that the reply is a failure, that the message returns to the tail, and that it is delivered once the peer
/// accepts it.
async fn assert_returns_to_the_tail(reply: Reply) -> Failure {
    let node = slow_node().await;
    let mut peer = FakePeer::that(reply).await;
    let mut watch = Watch::of(&node);
    let (first, second) = (Message::text("first"), Message::text("second"));
    node.enqueue(first.clone()).expect("there is room");
    node.enqueue(second.clone()).expect("there is room");
    node.add_peer(peer.address());
    let failure = failure_of_delivery(&mut watch).await;
    assert_eq!(node.peek(), [second, first]);
    // A refusal of the message says nothing about the status of the peer.
    let refuses_message = matches!(failure, Failure::Status(400 | 500 | 599));
    let expected = if refuses_message { Status::New } else { Status::Lost };
    assert_eq!(node.peer(peer.address()).map(|peer| peer.status), Some(expected), "{failure:?}");

    peer.reply(Reply::status(200));
    node.set_send_rate(1000.0).expect("a valid rate");
    for _ in 0..2 {
        watch.delivered().await;
    }
    let attempts = [peer.next().await, peer.next().await, peer.next().await].map(|attempt| attempt.message());
    assert_eq!(attempts, ["\"first\"", "\"second\"", "\"first\""]);
    assert!(node.is_empty());
    assert_no_task_panicked();
    failure
}

#[tokio::test]
async fn every_status_other_than_200_is_a_failure() {
    for status in [201, 202, 204, 206, 301, 302, 307, 308, 400, 403, 404, 421, 500, 503, 599] {
        let failure = assert_returns_to_the_tail(Reply::status(status)).await;
        assert_eq!(failure, Failure::Status(status));
    }
}

#[tokio::test]
async fn a_redirection_is_not_followed() {
    let elsewhere = FakePeer::start().await;
    let redirection = format!(
        "HTTP/1.1 307 There\r\nlocation: https://{}/\r\ncontent-length: 0\r\n\r\n",
        elsewhere.address()
    );
    assert_eq!(assert_returns_to_the_tail(say(&redirection)).await, Failure::Status(307));
    assert_eq!(elsewhere.stats().connections, 0);
}

#[tokio::test]
async fn an_invalid_response_is_a_failure() {
    for (case, reply) in [
        ("hangs up", last_words("")),
        ("hangs up in the head", last_words("HTTP/1.1 200 OK\r\ncontent-le")),
        ("says to continue and hangs up", last_words("HTTP/1.1 100 Continue\r\n\r\n")),
        ("another protocol", last_words("SSH-2.0-OpenSSH_9.9\r\n\r\n")),
        ("a head without end", last_words(&format!("HTTP/1.1 200 OK\r\nname: {}", "a".repeat(1 << 20)))),
    ] {
        let failure = assert_returns_to_the_tail(reply).await;
        assert!(matches!(failure, Failure::Connection(_)), "{case}: {failure:?}");
    }
}

#[tokio::test]
async fn a_response_after_the_time_out_is_a_failure() {
    assert_eq!(assert_returns_to_the_tail(Reply::Nothing).await, Failure::TimedOut);
}

#[tokio::test]
async fn a_peer_without_a_tls_handshake_is_a_failure() {
    let impatient = |limits: &mut Limits| {
        limits.connect_timeout = Duration::from_secs(1);
        limits.request_timeout = Duration::from_secs(3600);
    };
    let node = start(builder().send_rate(0.001).limits(impatient)).await;
    let silent = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let port = silent.local_addr().expect("a bound socket").port();
    let mut watch = Watch::of(&node);
    enqueue(&node, "m");
    node.add_peer(&address("127.0.0.1", port));
    assert_eq!(watch.failure().await, Failure::TimedOut);
    assert_eq!(node.queue_len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_silent_peer_times_out_after_the_time_of_a_connection_or_request() {
    let short = Duration::from_secs(10);
    for (connect, request) in [(short, 6 * short), (6 * short, short)] {
        let limits = |limits: &mut Limits| {
            (limits.connect_timeout, limits.request_timeout) = (connect, request);
        };
        let node = start(builder().limits(limits)).await;
        // The system accepts the connection, and there is no handshake.
        let silent = std::net::TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let peer = address("127.0.0.1", silent.local_addr().expect("it is bound").port());
        let began = tokio::time::Instant::now();
        assert!(node.announce(&peer).await.is_err());
        let waited = began.elapsed();
        assert!((short..short + short / 10).contains(&waited), "{waited:?} of {connect:?} and {request:?}");
    }
}

#[tokio::test]
async fn a_refused_connection_is_a_failure() {
    let node = slow_node().await;
    let nobody = FakePeer::start().await.address().clone();
    let mut watch = Watch::of(&node);
    enqueue(&node, "m");
    node.add_peer(&nobody);
    assert!(matches!(failure_of_delivery(&mut watch).await, Failure::Connection(_)));
    assert_eq!(node.queue_len(), 1);
}

#[tokio::test]
async fn a_200_accepts_the_message_whatever_its_body() {
    let long = format!("HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n{}", "a".repeat(1_000_000));
    for (case, reply) in [
        ("an empty body", Reply::status(200)),
        ("a body", say("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\ntaken")),
        ("a long body", say(&long)),
        ("chunks", say("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\ntaken\r\n0\r\n\r\n")),
        ("a body without length", last_words("HTTP/1.1 200 OK\r\n\r\ntaken")),
        ("a cut body", last_words("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\ntak")),
        ("cut chunks", last_words("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nta")),
        ("broken chunks", last_words("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nx\r\n")),
        ("a body that stalls", say("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\ntak")),
        ("another reason", say("HTTP/1.1 200 Thanks\r\ncontent-length: 0\r\n\r\n")),
        (
            "first to continue",
            say("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"),
        ),
    ] {
        let node = slow_node().await;
        let peer = FakePeer::that(reply).await;
        let mut watch = Watch::of(&node);
        enqueue(&node, "m");
        node.add_peer(peer.address());
        watch
            .until(case, |event| match event {
                Event::MessageDelivered { .. } => Some(()),
                Event::DeliveryFailed { failure, .. } => panic!("{case}: {failure}"),
                _ => None,
            })
            .await;
        assert!(node.is_empty(), "{case}");
        assert_eq!(node.peer(peer.address()).map(|peer| peer.status), Some(Status::Alive), "{case}");
        assert_eq!(peer.stats().requests, 1, "{case}");
    }
}

#[tokio::test]
async fn messages_arrive_unchanged() {
    let (from, to) = (start(builder()).await, start(builder()).await);
    let mut watch = Watch::of(&to);
    from.add_peer(&to.address());
    let long = format!("\"{}\"", "Ünïcödé 🗼 ".repeat(20_000));
    for json in [
        "\"Ünïcödé лук 塔 🗼\"",
        "{ \"a\" :\r\n\t[ 1.0e+2 , \"\\ud800\" ] , \"a\":null }",
        &long,
        &format!("[{}]", "0 , ".repeat(100_000) + "0"),
    ] {
        let message = Message::from_json(json, 128).expect("valid JSON");
        from.enqueue(message.clone()).expect("there is room");
        let is_the_same = |event: &Event| match event {
            Event::MessageReceived { message, .. } => (message.as_json() == json).then_some(()),
            _ => None,
        };
        watch.until("the same bytes arrive", is_the_same).await;
    }
    assert_no_task_panicked();
}

#[tokio::test]
async fn a_message_stays_queued_without_a_peer() {
    let node = start(builder()).await;
    let mut watch = Watch::of(&node);
    enqueue(&node, "m");
    let mut peer = FakePeer::start().await;
    node.ignore(peer.address());
    assert_eq!(node.queue_len(), 1);
    node.unignore(peer.address());
    assert_eq!(peer.next().await.message(), "\"m\"");
    watch.delivered().await;
    assert!(node.is_empty());
}

#[tokio::test]
async fn a_queued_message_is_found_by_its_id() {
    let node = start(builder()).await;
    let ids = ["one", "two", "three"].map(|text| node.enqueue(Message::text(text)).expect("there is room"));
    let positions = || ids.map(|id| node.queue_position(id));
    assert_eq!(positions(), [Some(0), Some(1), Some(2)]);
    for (id, text) in ids.into_iter().zip(["one", "two", "three"]) {
        let message = node.queued_message(id).map(|queued| queued.message);
        assert_eq!(message, Some(Message::text(text)));
    }
    node.dequeue().expect("the first");
    assert_eq!(positions(), [None, Some(0), Some(1)]);
    assert!(node.hold(ids[1]));
    assert_eq!((positions(), node.held_position(ids[1])), ([None, None, Some(0)], Some(0)));
    assert_eq!(node.queued_message(ids[1]), None);
}
