//! Clients that use too much: their response, the counter of the limit, and the effect on an honest client.

use std::{net::Ipv4Addr, time::Duration};

use clacks_p2p::core::{Event, Limit};
use tokio::io::AsyncReadExt;

use crate::{
    support::{Client, builder, eventually, in_json, in_time},
    tower::Tower,
};

/// The address of the hostile clients of these tests. The honest ones use 127.0.0.1.
const ELSEWHERE: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);
/// Long enough for an honest client on a busy machine.
const SHORT: Duration = Duration::from_secs(2);

fn met(tower: &Tower, limit: Limit) -> u64 {
    tower.node.overview().counters.limits.of(limit)
}

async fn is_met(tower: &Tower, limit: Limit, times: u64) {
    eventually("the limit is counted", || met(tower, limit) == times).await;
}

#[tokio::test]
async fn payloads_above_the_rate_get_429() {
    let options = |options: &mut clacks_p2p::core::Options| {
        (options.payload_rate, options.payload_burst) = (0.1, 3);
    };
    let mut tower = Tower::of(builder().options(options)).await;
    let mut client = Client::connect_from(&tower.node, ELSEWHERE).await;
    for number in 0..3 {
        let message = format!("1{number}");
        assert_eq!(client.post(tower.payload(&message)).await.status, 200);
        tower.passes_on(&message).await;
    }
    for times in 1..=20 {
        let mut client = Client::connect_from(&tower.node, ELSEWHERE).await;
        let answer = client.post(tower.payload("\"too many\"")).await;
        let seconds: u32 = answer.header("retry-after").and_then(|seconds| seconds.parse().ok()).unwrap();
        assert!(answer.status == 429 && (1..=10).contains(&seconds), "{answer:?}");
        assert_eq!(met(&tower, Limit::Payloads), times);
    }
    tower.still_works("twenty too many").await;
}

#[tokio::test]
async fn an_address_at_its_limit_replaces_its_own_connections() {
    let mut tower = Tower::of(builder().limits(|limits| limits.max_connections_per_address = 4)).await;
    let mut honest = tower.connect().await;
    let mut clients = Vec::new();
    for _ in 0..12 {
        clients.push(Client::connect_from(&tower.node, ELSEWHERE).await);
    }
    for client in &mut clients[..8] {
        assert_eq!(client.cut_off().await, "");
    }
    assert_eq!(met(&tower, Limit::ConnectionsPerAddress), 8);
    assert_eq!(clients[11].request("GET / HTTP/1.1\r\n\r\n").await.status, 200);
    assert_eq!(honest.request("GET / HTTP/1.1\r\n\r\n").await.status, 200);
    tower.still_works("a dozen connections").await;
}

#[tokio::test]
async fn idle_connections_do_not_exclude_others() {
    let mut tower = Tower::of(builder().limits(|limits| limits.max_connections = 3)).await;
    let mut silent = Vec::new();
    for last in 2..22 {
        let source = Ipv4Addr::new(127, 0, 0, last);
        silent.push(Client::tcp_from(tower.node.listens_on()[0], source).await);
    }
    tower.still_works("twenty that say nothing").await;
    assert!(met(&tower, Limit::Connections) >= 17);
}

#[tokio::test]
async fn endless_bodies_do_not_exclude_others() {
    let limits = |limits: &mut clacks_p2p::node::Limits| {
        (limits.max_connections, limits.max_connections_per_address) = (6, 3);
    };
    let mut tower = Tower::of(builder().limits(limits)).await;
    let mut attackers = Vec::new();
    for last in [1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3] {
        let mut client = Client::connect_from(&tower.node, Ipv4Addr::new(127, 0, 0, last)).await;
        // The body begins with its length. Some clients send `Expect: 100-continue`.
        let head = if attackers.len() % 2 == 0 {
            "POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n5\r\n{\"mes\r\n"
        } else {
            "POST / HTTP/1.1\r\nexpect: 100-continue\r\ncontent-length: 1000\r\n\r\n"
        };
        client.send(head).await;
        if attackers.len() % 2 == 1 {
            assert_eq!(client.answer().await.status, 100);
        }
        attackers.push(client);
    }
    // From an address at its limit, while the total is at its limit.
    tower.still_works("a dozen bodies").await;
    assert!(met(&tower, Limit::ConnectionsPerAddress) >= 2 && met(&tower, Limit::Connections) >= 4);
    assert_eq!(met(&tower, Limit::BodyTime), 0);
}

#[tokio::test]
async fn an_ignored_remote_address_is_not_served() {
    let mut tower = Tower::start().await;
    let mut open = Client::connect_from(&tower.node, ELSEWHERE).await;
    assert!(tower.node.ignore_remote(ELSEWHERE.into()) && !tower.node.ignore_remote(ELSEWHERE.into()));
    assert_eq!(open.cut_off().await, "");
    let mut knock = Client::tcp_from(tower.node.listens_on()[0], ELSEWHERE).await;
    let mut said = Vec::new();
    let ended = in_time("the node hangs up before any handshake", knock.read_to_end(&mut said)).await;
    assert!(said.is_empty(), "{ended:?}");
    assert_eq!(met(&tower, Limit::IgnoredRemotes), 1);
    tower.still_works("an ignored address").await;
    assert_eq!(tower.node.ignored_remotes(), [ELSEWHERE]);
    assert!(tower.node.unignore_remote(ELSEWHERE.into()) && !tower.node.unignore_remote(ELSEWHERE.into()));
    let mut again = Client::connect_from(&tower.node, ELSEWHERE).await;
    assert_eq!(again.post(tower.payload("7")).await.status, 200);
    tower.passes_on("7").await;
}

#[tokio::test]
async fn slow_and_large_requests_are_counted_as_limit_hits() {
    let limits = |limits: &mut clacks_p2p::node::Limits| {
        (limits.handshake_timeout, limits.header_timeout, limits.body_timeout) = (SHORT, SHORT, SHORT);
        limits.max_body = 10_000;
    };
    let mut tower = Tower::of(builder().limits(limits)).await;
    let _silent = Client::tcp_from(tower.node.listens_on()[0], ELSEWHERE).await;
    let mut slow_head = tower.connect().await;
    slow_head.send("POST / HTTP/1.1\r\n").await;
    let mut slow_body = tower.connect().await;
    slow_body.send("POST / HTTP/1.1\r\ncontent-length: 100\r\n\r\n{").await;
    assert_eq!(tower.post(vec![b' '; 10_001]).await.status, 413);
    is_met(&tower, Limit::BodySize, 1).await;
    is_met(&tower, Limit::Handshakes, 1).await;
    is_met(&tower, Limit::Heads, 1).await;
    assert_eq!(slow_body.answer().await.status, 408);
    is_met(&tower, Limit::BodyTime, 1).await;
    tower.still_works("four that took too much").await;
}

#[tokio::test]
async fn a_limit_hit_emits_an_event() {
    let tower =
        Tower::of(builder().limits(|limits| limits.handshake_timeout = Duration::from_millis(50))).await;
    let mut events = tower.node.subscribe();
    let _silent = Client::tcp_from(tower.node.listens_on()[0], ELSEWHERE).await;
    loop {
        match in_time("the watcher learns of the handshake", events.next()).await {
            Some(Event::LimitsMet { met }) if met.of(Limit::Handshakes) == 1 => break,
            event => assert!(event.is_some()),
        }
    }
}

#[tokio::test]
async fn senders_beyond_the_limits_are_served_and_not_added() {
    let options = |options: &mut clacks_p2p::core::Options| {
        (options.introductions_per_minute, options.introductions_burst) = (1, 2);
        options.max_new_peers = 2;
    };
    let mut tower = Tower::of(builder().options(options)).await;
    tower.still_works("nothing yet").await;
    let names = |port| {
        let [sender, friend] =
            [tower.peer.address(), &crate::support::address("127.0.0.9", port)].map(in_json);
        format!(r#"{{"sender":{sender},"friend":{friend}}}"#)
    };
    let mut liar = Client::connect_from(&tower.node, ELSEWHERE).await;
    for port in 1..=5 {
        assert_eq!(liar.post(names(port)).await.status, 200);
    }
    let mut another = Client::connect_from(&tower.node, Ipv4Addr::new(127, 0, 0, 3)).await;
    assert_eq!(another.post(names(6)).await.status, 200);
    assert_eq!((met(&tower, Limit::Introductions), met(&tower, Limit::NewPeers)), (3, 1));
    assert_eq!(tower.node.peers().len(), 3);
    tower.still_works("six made up names").await;
}

#[tokio::test]
async fn bodies_above_the_total_budget_get_503_the_largest_first() {
    let mut tower = Tower::of(builder().limits(|limits| limits.max_bodies = 1 << 20)).await;
    let mut clients = Vec::new();
    for _ in 0..6 {
        let mut client = Client::connect_from(&tower.node, ELSEWHERE).await;
        client.send("POST / HTTP/1.1\r\ncontent-length: 600000\r\n\r\n").await;
        client.send(&" ".repeat(500_000)).await;
        clients.push(client);
    }
    // Only two bodies of 500,000 bytes fit.
    eventually("the others make room", || met(&tower, Limit::Bodies) >= 4).await;
    tower.still_works("six large bodies").await;
    let mut too_much = 0;
    for client in &mut clients {
        client.send(&" ".repeat(100_000)).await;
        let answer = client.answer().await;
        match (answer.status, answer.header("retry-after")) {
            (503, Some("10")) => too_much += 1,
            // The body had room, but is not a payload.
            (400, None) => {}
            _ => panic!("{answer:?}"),
        }
    }
    assert_eq!((too_much, met(&tower, Limit::Bodies)), (too_much, too_much));
}

#[tokio::test]
async fn many_bodies_of_one_address_are_cancelled_before_a_larger_one_of_another() {
    let mut tower = Tower::of(builder().limits(|limits| limits.max_bodies = 2 << 20)).await;
    let mut honest = tower.connect().await;
    honest.send("POST / HTTP/1.1\r\ncontent-length: 600000\r\n\r\n").await;
    honest.send(&" ".repeat(500_000)).await;
    let mut clients = Vec::new();
    for _ in 0..10 {
        let mut client = Client::connect_from(&tower.node, ELSEWHERE).await;
        client.send("POST / HTTP/1.1\r\ncontent-length: 200000\r\n\r\n").await;
        client.send(&" ".repeat(150_000)).await;
        clients.push(client);
    }
    eventually("others make room", || met(&tower, Limit::Bodies) >= 4).await;
    honest.send(&" ".repeat(100_000)).await;
    // The body had room, but is not a payload.
    assert_eq!(honest.answer().await.status, 400);
    tower.still_works("ten bodies").await;
}

#[tokio::test]
async fn a_full_queue_is_counted_as_a_limit_hit() {
    let tower = Tower::of(builder().options(|options| options.max_queue_messages = 2)).await;
    tower.node.ignore(tower.peer.address());
    let other = crate::support::address("127.0.0.1", 1);
    let post = |message: &str| tower.post(crate::support::payload(&other, message));
    // No peer accepts messages there.
    let mut full = post("\"a message\"").await;
    for _ in 0..3 {
        full = post("\"a message\"").await;
    }
    assert_eq!((full.status, full.header("retry-after")), (503, Some("60")));
    assert_eq!(met(&tower, Limit::Queue), 2);
}
