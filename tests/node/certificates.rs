//! Which certificates the node trusts: the first that each peer shows, until the user says otherwise.

use clacks_p2p::{
    core::Failure,
    node::{CertificateFingerprint, Trusted},
};

use crate::support::{FakePeer, Reply, Watch, builder, enqueue, start};

/// A peer that takes everything and hangs up, so that each message needs a handshake.
async fn peer() -> FakePeer {
    FakePeer::that(Reply::last_status(200)).await
}

#[tokio::test]
async fn a_changed_certificate_is_refused_before_anything_is_said() {
    let node = start(builder()).await;
    let peer = peer().await;
    node.add_peer(peer.address());
    let mut watch = Watch::of(&node);
    enqueue(&node, "m");
    watch.delivered().await;

    let pinned = peer.certificate();
    peer.change_certificate();
    let presented = peer.certificate();
    enqueue(&node, "m");
    assert_eq!(watch.failure().await, Failure::CertificateChanged { pinned, presented });
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
    enqueue(&node, "m");
    watch.delivered().await;
    for _ in 0..2 {
        let pinned = peer.certificate();
        peer.change_certificate();
        let presented = peer.certificate();
        enqueue(&node, "m");
        assert_eq!(watch.failure().await, Failure::CertificateChanged { pinned, presented });
        assert_eq!(
            node.trust(peer.address()),
            Trusted::Accepted(CertificateFingerprint(presented)),
            "the one that was refused"
        );
        assert_eq!(node.trusted_certificate(peer.address()), Some(CertificateFingerprint(presented)));
        watch.delivered().await;
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
