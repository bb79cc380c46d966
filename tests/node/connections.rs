//! Connections to peers: their reuse, and requests on connections that end.

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex, mpsc},
    thread,
    time::Duration,
};

use clacks_p2p::{
    Address,
    core::{Event, Failure, Status},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpSocket, TcpStream},
};
use tokio_rustls::server::TlsStream;

use crate::support::{FakePeer, Reply, Watch, acceptor, address, builder, enqueue, eventually, start};

/// The result of the next delivery.
async fn outcome(watch: &mut Watch) -> Result<(), Failure> {
    watch
        .until("a delivery ends", |event| match event {
            Event::MessageDelivered { .. } => Some(Ok(())),
            Event::DeliveryFailed { failure, .. } => Some(Err(failure.clone())),
            _ => None,
        })
        .await
}

#[tokio::test]
async fn a_connection_closed_while_it_is_reused_is_replaced() {
    let node = start(builder()).await;
    let peer = FakePeer::that(Reply::OnlyOne(String::new())).await;
    node.add_peer(peer.address());
    let mut watch = Watch::of(&node);
    for _ in 0..5 {
        enqueue(&node, "GNU Terry Pratchett");
        assert_eq!(outcome(&mut watch).await, Ok(()));
    }
    let stats = peer.stats();
    // Each message but the first failed on the old connection and succeeded on a new one.
    assert_eq!((stats.connections, stats.requests), (5, 9));
    assert_eq!(node.peer(peer.address()).map(|peer| peer.status), Some(Status::Alive));
}

#[tokio::test]
async fn a_request_with_a_partial_response_is_not_repeated() {
    let node = start(builder()).await;
    let peer = FakePeer::that(Reply::OnlyOne("HTTP/1.1 20".to_owned())).await;
    node.announce(peer.address()).await.expect("the first is taken");
    let mut watch = Watch::of(&node);
    enqueue(&node, "GNU Terry Pratchett");
    assert!(matches!(outcome(&mut watch).await, Err(Failure::Connection(_))));
    assert_eq!(peer.stats().requests, 2);
}

#[tokio::test]
async fn a_new_connection_closed_without_a_response_is_a_failure() {
    let node = start(builder().send_rate(0.001)).await;
    let peer = FakePeer::that(Reply::LastWords(String::new())).await;
    node.add_peer(peer.address());
    let mut watch = Watch::of(&node);
    enqueue(&node, "GNU Terry Pratchett");
    assert!(matches!(outcome(&mut watch).await, Err(Failure::Connection(_))));
    assert_eq!((peer.stats().connections, peer.stats().requests), (1, 1));
}

#[tokio::test]
async fn a_response_is_read_up_to_a_maximum() {
    let limits = |limits: &mut clacks_p2p::node::Limits| limits.request_timeout = Duration::from_secs(600);
    let node = start(builder().limits(limits)).await;
    // It begins and never ends.
    let endless = format!("HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n{}", " ".repeat(100_000));
    let peer = FakePeer::that(Reply::Say(endless)).await;
    node.add_peer(peer.address());
    let mut watch = Watch::of(&node);
    for connections in 1..=2 {
        enqueue(&node, "GNU Terry Pratchett");
        assert_eq!(outcome(&mut watch).await, Ok(()));
        assert_eq!(peer.stats().connections, connections, "it is not used again");
    }
}

#[tokio::test]
async fn a_connection_is_reused_after_a_response_within_the_maximum() {
    const BOUND: usize = 64 << 10;
    for (size, connections) in [(0, 1), (1, 1), (BOUND, 1), (BOUND + 1, 2)] {
        let node = start(builder()).await;
        let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: {size}\r\n\r\n{}", " ".repeat(size));
        let peer = FakePeer::that(Reply::Say(answer)).await;
        node.add_peer(peer.address());
        let mut watch = Watch::of(&node);
        for _ in 0..2 {
            enqueue(&node, "GNU Terry Pratchett");
            assert_eq!(outcome(&mut watch).await, Ok(()), "{size}");
        }
        assert_eq!(peer.stats().connections, connections, "{size}");
    }
}

#[tokio::test]
async fn a_response_that_arrived_during_a_suspension_is_received() {
    let timeout = Duration::from_millis(500);
    let node = start(builder().send_rate(0.001).limits(|limits| limits.request_timeout = timeout)).await;
    // The peer continues while this thread, and so the node, is blocked.
    let (address_to, address) = mpsc::channel();
    let (received_to, received) = mpsc::channel();
    let peer = thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async {
            let mut peer = FakePeer::that(Reply::Nothing).await;
            address_to.send(peer.address().clone()).expect("the test waits");
            peer.next().await;
            received_to.send(()).expect("the test waits");
            tokio::time::sleep(timeout / 5).await;
            peer.reply(Reply::last_status(200));
            peer.until("it has answered", |stats| stats.open == 0).await;
            tokio::time::sleep(3 * timeout).await;
        });
    });
    node.add_peer(&address.recv().expect("the peer listens"));
    let mut watch = Watch::of(&node);
    enqueue(&node, "GNU Terry Pratchett");
    while received.try_recv().is_err() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    thread::sleep(2 * timeout);
    assert_eq!(outcome(&mut watch).await, Ok(()));
    peer.join().expect("the peer ends");
}

/// A peer that reads only the first byte of a request, and its connections.
struct DeafPeer {
    address: Address,
    connections: Arc<Mutex<Vec<TlsStream<TcpStream>>>>,
}

impl DeafPeer {
    /// A peer with this response to each request.
    fn that(says: &'static str) -> Self {
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.set_recv_buffer_size(64 << 10).expect("a small buffer");
        socket.bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).expect("a free port");
        let socket = socket.listen(16).expect("it listens");
        let port = socket.local_addr().expect("a bound socket").port();
        let connections = Arc::new(Mutex::new(Vec::new()));
        let accepted = Arc::clone(&connections);
        tokio::spawn(async move {
            let (acceptor, _) = acceptor();
            while let Ok((stream, _)) = socket.accept().await {
                let mut stream = acceptor.accept(stream).await.expect("a handshake");
                stream.read_exact(&mut [0]).await.expect("a request");
                stream.write_all(says.as_bytes()).await.expect("the other side is there");
                stream.flush().await.expect("the other side is there");
                accepted.lock().expect("no panic").push(stream);
            }
        });
        Self { address: address("127.0.0.1", port), connections }
    }

    /// Number of connections that the other side has not closed, without reading from them.
    fn open(&self) -> usize {
        let mut connections = self.connections.lock().expect("no panic");
        connections.retain(|stream| matches!(stream.get_ref().0.take_error(), Ok(None)));
        connections.len()
    }
}

#[tokio::test]
async fn a_connection_to_a_peer_that_does_not_read_ends_with_its_delivery() {
    // More than the system accepts without the peer.
    const SIZE: usize = 8 << 20;
    let limits = |limits: &mut clacks_p2p::node::Limits| {
        (limits.request_timeout, limits.max_body) = (Duration::from_millis(500), 2 * SIZE);
    };
    let node = start(builder().limits(limits).options(|options| options.max_message_bytes = 2 * SIZE)).await;
    let mut watch = Watch::of(&node);
    for says in ["", "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"] {
        let peers = [(); 2].map(|()| DeafPeer::that(says));
        for peer in &peers {
            node.add_peer(&peer.address);
            enqueue(&node, &"x".repeat(SIZE));
            // The result of a response to half a request does not matter here.
            let _ = outcome(&mut watch).await;
            node.forget(&peer.address).expect("it is known");
            while node.dequeue().is_some() {}
        }
        eventually("all connections are closed", || peers.iter().all(|peer| peer.open() == 0)).await;
    }
}
