//! Which certificates the node trusts: the first that each peer shows, until the user says otherwise.

use clacks_p2p::{
    Message, Node,
    core::{Event, Failure},
    node::{CertificateFingerprint, Trusted},
};

use crate::support::{FakePeer, Reply, Watch, builder, start};

/// A peer that takes everything and hangs up, so that each message needs a handshake.
async fn peer() -> FakePeer {
    FakePeer::that(Reply::LastWords("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n".to_owned())).await
}

fn enqueue(node: &Node) {
    node.enqueue(Message::text("m")).expect("there is room");
}

async fn delivered(watch: &mut Watch) {
    watch
        .until("it is delivered", |event| matches!(event, Event::MessageDelivered { .. }).then_some(()))
        .await;
}

async fn failure(watch: &mut Watch) -> Failure {
    watch
        .until("the delivery fails", |event| match event {
            Event::DeliveryFailed { failure, .. } => Some(failure.clone()),
            _ => None,
        })
        .await
}

#[tokio::test]
async fn a_changed_certificate_is_refused_before_anything_is_said() {
    let node = start(builder()).await;
    let peer = peer().await;
    node.add_peer(peer.address());
    let mut watch = Watch::of(&node);
    enqueue(&node);
    delivered(&mut watch).await;

    let pinned = peer.certificate();
    peer.change_certificate();
    let presented = peer.certificate();
    enqueue(&node);
    assert_eq!(failure(&mut watch).await, Failure::CertificateChanged { pinned, presented });
    peer.until("the peer sees the refusal", |stats| stats.refused_handshakes > 0).await;
    let stats = peer.stats();
    assert_eq!((stats.connections, stats.requests), (1, 1), "only the first delivery got through");
    assert_eq!(node.trusted_certificate(peer.address()), Some(CertificateFingerprint(pinned)));
}

#[tokio::test]
async fn the_user_accepts_just_the_certificate_that_was_refused() {
    let node = start(builder().send_rate(100.0)).await;
    let peer = peer().await;
    node.add_peer(peer.address());
    let mut watch = Watch::of(&node);
    enqueue(&node);
    delivered(&mut watch).await;
    for _ in 0..2 {
        let pinned = peer.certificate();
        peer.change_certificate();
        let presented = peer.certificate();
        enqueue(&node);
        assert_eq!(failure(&mut watch).await, Failure::CertificateChanged { pinned, presented });
        assert_eq!(
            node.trust(peer.address()),
            Trusted::Accepted(CertificateFingerprint(presented)),
            "the one that was refused"
        );
        assert_eq!(node.trusted_certificate(peer.address()), Some(CertificateFingerprint(presented)));
        delivered(&mut watch).await;
    }
}

#[tokio::test]
async fn trust_without_a_refusal_takes_the_next_certificate() {
    let node = start(builder()).await;
    let peer = peer().await;
    assert_eq!(node.trust(peer.address()), Trusted::Nothing);
    node.announce(peer.address()).await.expect("the peer takes it");
    assert_eq!(node.trust(peer.address()), Trusted::Reset);
    assert_eq!(node.trusted_certificate(peer.address()), None);
    peer.change_certificate();
    node.announce(peer.address()).await.expect("the peer takes it");
    assert_eq!(node.trusted_certificate(peer.address()), Some(CertificateFingerprint(peer.certificate())));
}

#[tokio::test]
async fn one_certificate_for_each_port() {
    let node = start(builder()).await;
    let (one, other) = (peer().await, peer().await);
    for peer in [&one, &other, &one, &other] {
        node.announce(peer.address()).await.expect("the peer takes it");
        assert_eq!(
            node.trusted_certificate(peer.address()),
            Some(CertificateFingerprint(peer.certificate()))
        );
    }
    assert_ne!(one.certificate(), other.certificate());
}
