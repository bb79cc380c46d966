//! Useless connections and their duration.

use std::{
    collections::VecDeque,
    net::{Ipv4Addr, SocketAddr},
    time::Duration,
};

use clacks_p2p::{core::Limit, node::Limits};
use rustls::version::{TLS12, TLS13};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpSocket, TcpStream},
    task::JoinSet,
};

use crate::{
    support::{Client, builder, eventually, in_time, start},
    tower::Tower,
};

/// Long enough for an honest client on a busy machine.
const SHORT: Duration = Duration::from_secs(2);
/// Round trip of a distant client.
const ROUND_TRIP: Duration = Duration::from_millis(200);

async fn tcp(tower: &Tower) -> TcpStream {
    in_time("the node accepts", TcpStream::connect(tower.node.listens_on()[0])).await.expect("a connection")
}

/// Waits until the node closes a connection without TLS. Returns what it sent.
async fn cut_off(mut stream: TcpStream) -> Vec<u8> {
    let mut said = Vec::new();
    // Closed with or without a TLS close message: both are an end.
    let _ = in_time("the node hangs up", stream.read_to_end(&mut said)).await;
    said
}

#[tokio::test]
async fn a_connection_without_tls_is_closed() {
    let mut tower = Tower::start().await;
    for (case, bytes) in [
        ("plain HTTP", b"POST / HTTP/1.1\r\ncontent-length: 2\r\n\r\n{}".to_vec()),
        ("SSH", b"SSH-2.0-OpenSSH_9.9\r\n".to_vec()),
        (
            "a hello with no end in sight",
            [&b"\x16\x03\x01\xff\xff\x01\xff\xff\xff"[..], &vec![0; 70_000]].concat(),
        ),
        ("an alert", b"\x15\x03\x01\x00\x02\x02\x28".to_vec()),
        ("zeros", vec![0; 1000]),
        ("bytes above 127", vec![0xff; 1000]),
    ] {
        let mut stream = tcp(&tower).await;
        // The node may close the connection before it has read everything.
        let _ = stream.write_all(&bytes).await;
        let said = cut_off(stream).await;
        assert!(!said.starts_with(b"HTTP"), "{case}");
        tower.still_works(case).await;
    }
}

#[tokio::test]
async fn both_versions_of_tls_are_served() {
    let mut tower = Tower::start().await;
    for version in [&TLS12, &TLS13] {
        let mut client =
            Client::connect_with(tower.node.listens_on()[0], &[version]).await.expect("a handshake");
        assert_eq!(client.post(tower.payload(r#""m""#)).await.status, 200, "{version:?}");
        tower.passes_on(r#""m""#).await;
        tower.still_works("one version").await;
    }
}

#[tokio::test]
async fn a_client_without_a_handshake_is_closed() {
    let mut tower = Tower::of(builder().limits(|limits| limits.handshake_timeout = SHORT)).await;
    let silent = tcp(&tower).await;
    let mut half_said = tcp(&tower).await;
    half_said.write_all(b"\x16\x03\x01\x02\x00\x01").await.expect("the node listens");
    tower.still_works("while two wait").await;
    assert_eq!(cut_off(silent).await, b"");
    assert_eq!(cut_off(half_said).await, b"");
    tower.still_works("after they were cut off").await;
}

#[tokio::test]
async fn a_slow_request_head_is_closed() {
    let mut tower = Tower::of(builder().limits(|limits| limits.header_timeout = SHORT)).await;
    let mut client = tower.connect().await;
    client.send("POST / HTTP/1.1\r\n").await;
    in_time("the node hangs up", async {
        while client.try_send("x: y\r\n").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    })
    .await;
    tower.still_works("a slow head").await;
}

#[tokio::test]
async fn an_idle_connection_is_closed() {
    let mut tower = Tower::of(builder().limits(|limits| limits.header_timeout = SHORT)).await;
    let mut never_used = tower.connect().await;
    let mut used_once = tower.connect().await;
    assert_eq!(used_once.request("GET / HTTP/1.1\r\n\r\n").await.status, 200);
    assert_eq!(never_used.cut_off().await, "");
    assert_eq!(used_once.cut_off().await, "");
    tower.still_works("idle connections").await;
}

#[tokio::test]
async fn a_client_that_never_reads_is_closed() {
    let mut tower = Tower::of(builder().limits(|limits| limits.answer_timeout = SHORT)).await;
    let mut client = tower.connect().await;
    let requests = "GET / HTTP/1.1\r\n\r\n".repeat(1000);
    in_time("the node hangs up", async { while client.try_send(&requests).await.is_ok() {} }).await;
    tower.still_works("a client that never read").await;
}

#[tokio::test]
async fn a_connection_above_the_limit_replaces_an_idle_one() {
    let mut tower = Tower::of(builder().limits(|limits| limits.max_connections = 2)).await;
    let (mut first, mut second) = (tower.connect().await, tower.connect().await);
    for client in [&mut first, &mut second] {
        assert_eq!(client.request("GET / HTTP/1.1\r\n\r\n").await.status, 200);
    }
    let mut third = tower.connect().await;
    assert_eq!(first.cut_off().await, "");
    for client in [&mut second, &mut third] {
        assert_eq!(client.request("GET / HTTP/1.1\r\n\r\n").await.status, 200);
    }
    tower.still_works("many connections").await;
}

#[tokio::test]
async fn two_sockets_do_not_take_connections_from_each_other() {
    let node = start(builder().hostname("localhost").limits(|limits| limits.max_connections = 1)).await;
    // Either socket may accept the only connection.
    for socket in node.listens_on().iter().chain(node.listens_on().iter().rev()) {
        let mut client = Client::connect_with(*socket, rustls::ALL_VERSIONS).await.expect("a handshake");
        assert_eq!(client.request("GET / HTTP/1.1\r\n\r\n").await.status, 200, "{socket}");
    }
}

#[tokio::test]
async fn short_connections_leave_nothing_behind() {
    let mut tower = Tower::of(builder().limits(|limits| limits.max_connections = 4)).await;
    for _ in 0..100 {
        drop(tcp(&tower).await);
    }
    let node = tower.node.clone();
    eventually("all of them are gone", || node.connections() == 0).await;
    tower.still_works("a hundred knocks").await;
}

/// Opens connections from one address as fast as the node accepts them, and sends nothing.
async fn churn(node: SocketAddr, source: Ipv4Addr) {
    let mut open = VecDeque::new();
    loop {
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.bind(SocketAddr::new(source.into(), 0)).expect("an address of this machine");
        open.extend(socket.connect(node).await);
        // The node has closed the older ones; this process has file descriptors for this many.
        if open.len() > 40 {
            open.pop_front();
        }
    }
}

/// A distant client that needs a round trip for each step.
async fn served_far_away(tower: &Tower, source: Ipv4Addr) -> Option<u16> {
    let tcp = Client::tcp_from(tower.node.listens_on()[0], source).await;
    tokio::time::sleep(ROUND_TRIP).await;
    let mut client = Client::over(tcp, rustls::ALL_VERSIONS).await.ok()?;
    tokio::time::sleep(ROUND_TRIP).await;
    let payload = tower.payload("null");
    let request = format!("POST / HTTP/1.1\r\ncontent-length: {}\r\n\r\n{payload}", payload.len());
    client.try_send(request).await.ok()?;
    tokio::time::sleep(ROUND_TRIP).await;
    client.try_answer().await.ok().map(|answer| answer.status)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_flood_does_not_exclude_distant_clients() {
    // Without a rate limit, because the choice of the closed connection is tested.
    let limits = |limits: &mut Limits| (limits.max_connections, limits.connection_rate) = (24, 0);
    let tower = Tower::of(builder().limits(limits)).await;
    let mut attackers = JoinSet::new();
    for last in 100..116 {
        attackers.spawn(churn(tower.node.listens_on()[0], Ipv4Addr::new(127, 0, 0, last)));
    }
    let met = |limit| tower.node.overview().counters.limits.of(limit);
    eventually("more come than may be open", || met(Limit::Connections) > 100).await;
    // In the network of the attackers and in one of its own.
    for source in [[127, 0, 0, 2], [127, 0, 1, 2], [127, 0, 0, 3], [127, 0, 1, 3]] {
        assert_eq!(served_far_away(&tower, source.into()).await, Some(200), "{source:?}");
    }
}

#[tokio::test]
async fn an_address_that_connects_too_fast_beside_others_is_closed_at_once() {
    let limits = |limits: &mut Limits| (limits.connection_rate_per_address, limits.connection_rate) = (1, 1);
    let mut tower = Tower::of(builder().limits(limits)).await;
    let (node, address) = (tower.node.clone(), tower.node.listens_on()[0]);
    let met = || node.overview().counters.limits.of(Limit::ConnectionRate);
    let mut open = Vec::new();
    in_time("too many come", async {
        while met() < 10 {
            open.push(Client::tcp_from(address, Ipv4Addr::new(127, 0, 0, 2)).await);
            if open.len() % 8 == 1 {
                // Alone, an address may connect at any rate.
                open.push(Client::tcp_from(address, Ipv4Addr::new(127, 0, 0, 3)).await);
            }
        }
    })
    .await;
    assert_eq!(cut_off(open.pop().expect("a connection")).await, b"");
    tower.still_works("many connections").await;
}
