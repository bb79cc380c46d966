//! Trusted certificates: the first certificate that each peer presents, until the user accepts another.

use clacks_p2p::{
    core::Failure,
    node::{AnnounceError, TrustChange},
};
use rustls::version::{TLS12, TLS13};

use crate::support::{FakePeer, Reply, Watch, builder, certificate, enqueue, start, stop};

/// A peer that accepts everything and closes the connection, so that each message needs a handshake.
async fn peer() -> FakePeer {
    FakePeer::that(Reply::last_status(200)).await
}

#[tokio::test]
async fn a_changed_certificate_is_refused_before_a_request_is_sent() {
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
    assert_eq!(node.trusted_certificate(peer.address()), Some(pinned));
}

#[tokio::test]
async fn trust_accepts_exactly_the_refused_certificate() {
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
        let trusted = node.trust(peer.address());
        let is_that =
            matches!(trusted, TrustChange::Accepted { certificate, .. } if certificate == presented);
        assert!(is_that, "the one that was refused, not {trusted:?}");
        assert_eq!(node.trusted_certificate(peer.address()), Some(presented));
        watch.delivered().await;
    }
}

#[tokio::test]
async fn trust_without_a_refusal_changes_nothing_after_a_contact() {
    let directory = tempfile::tempdir().expect("a directory");
    let builder = builder().data_dir(directory.path());
    let node = start(builder.clone()).await;
    let peer = peer().await;
    assert_eq!(node.trust(peer.address()), TrustChange::Nothing);
    node.announce(peer.address()).await.expect("the peer takes it");
    let first = peer.certificate();
    assert_eq!(node.trust(peer.address()), TrustChange::Unchanged(first));
    assert_eq!(node.trusted_certificate(peer.address()), Some(first));
    stop(&node).await;

    let node = start(builder).await;
    assert_eq!(node.trust(peer.address()), TrustChange::Reset);
    assert_eq!(node.trusted_certificate(peer.address()), None);
    peer.change_certificate();
    node.announce(peer.address()).await.expect("the peer takes it");
    assert_eq!(node.trusted_certificate(peer.address()), Some(peer.certificate()));
}

#[tokio::test]
async fn a_refusal_ends_when_the_peer_presents_its_trusted_certificate() {
    let node = start(builder().send_rate(100.0)).await;
    let peer = peer().await;
    let own = certificate::with_key(&rcgen::PKCS_ECDSA_P256_SHA256);
    peer.show((own.0.clone(), own.1.clone_key()), rustls::ALL_VERSIONS);
    node.announce(peer.address()).await.expect("the peer takes it");
    let pinned = peer.certificate();
    peer.change_certificate();
    node.announce(peer.address()).await.expect_err("somebody else is there");
    peer.show(own, rustls::ALL_VERSIONS);
    node.announce(peer.address()).await.expect("the peer is back");
    assert_eq!(node.trust(peer.address()), TrustChange::Unchanged(pinned));
    node.announce(peer.address()).await.expect("it is trusted still");
}

#[tokio::test]
async fn a_connection_is_not_used_after_its_trust_ends() {
    let node = start(builder()).await;
    let peer = FakePeer::start().await;
    for _ in 0..3 {
        node.announce(peer.address()).await.expect("the peer takes it");
    }
    assert_eq!(peer.stats().connections, 1, "it is used again");
    node.forget(peer.address()).expect("it is a peer");
    node.announce(peer.address()).await.expect("the peer takes it");
    assert_eq!(peer.stats().connections, 2);
    assert_eq!(node.trusted_certificate(peer.address()), Some(peer.certificate()));
}

#[tokio::test]
async fn the_contents_of_a_certificate_do_not_matter_beside_its_key() {
    type Make = fn() -> certificate::Pair;
    let kinds: [(&str, Make); 6] = [
        ("version 1", certificate::of_version_1),
        ("a critical extension", certificate::with_an_unknown_critical_extension),
        ("another name, expired", certificate::expired),
        ("P-256", || certificate::with_key(&rcgen::PKCS_ECDSA_P256_SHA256)),
        ("P-384", || certificate::with_key(&rcgen::PKCS_ECDSA_P384_SHA384)),
        ("Ed25519", || certificate::with_key(&rcgen::PKCS_ED25519)),
    ];
    let node = start(builder()).await;
    // Kept open, so that no later peer gets the port and with it the trusted certificate of an earlier one.
    let mut peers = Vec::new();
    for (kind, make) in kinds {
        for version in [&TLS12, &TLS13] {
            let peer = peer().await;
            peer.show(make(), &[version]);
            node.announce(peer.address())
                .await
                .unwrap_or_else(|error| panic!("{kind}, {version:?}: {error}"));
            let pinned = node.trusted_certificate(peer.address());
            assert_eq!(pinned, Some(peer.certificate()), "{kind}");
            peer.show(make(), &[version]);
            let error = node.announce(peer.address()).await.expect_err("it is another");
            assert!(matches!(error, AnnounceError::Failed(Failure::CertificateChanged { .. })), "{error}");
            peers.push(peer);
        }
    }
}

#[tokio::test]
async fn a_peer_without_the_key_of_its_certificate_is_refused() {
    let node = start(builder()).await;
    for version in [&TLS12, &TLS13] {
        for shown in [certificate::of_version_1(), certificate::expired()] {
            let peer = peer().await;
            let other_key = certificate::with_key(&rcgen::PKCS_ECDSA_P256_SHA256).1;
            peer.show((shown.0, other_key), &[version]);
            node.announce(peer.address()).await.expect_err("it does not have the key");
            assert_eq!(node.trusted_certificate(peer.address()), None);
        }
    }
}

#[tokio::test]
async fn a_node_starts_with_a_certificate_of_version_1() {
    let (shown, key) = certificate::of_version_1();
    let pem = |label: &str, der: &[u8]| {
        let text = base64(der);
        format!("-----BEGIN {label}-----\n{text}\n-----END {label}-----\n")
    };
    let certificate = pem("CERTIFICATE", &shown);
    let node = start(builder().certificate_pem(&certificate, &pem("PRIVATE KEY", key.secret_der()))).await;
    let other = start(builder()).await;
    other.announce(&node.address()).await.expect("the node takes it");
    assert_eq!(other.trusted_certificate(&node.address()), Some(node.certificate()));

    let another = certificate::of_version_1().1;
    let error =
        builder().certificate_pem(&certificate, &pem("PRIVATE KEY", another.secret_der())).start().await;
    assert!(error.expect_err("another's key").to_string().contains("are not a certificate and its key"));
}

/// Base64 in one line.
fn base64(der: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let group = |group: &[u8]| {
        let bits =
            group.iter().enumerate().fold(0_u32, |bits, (n, byte)| bits | u32::from(*byte) << (16 - 8 * n));
        let digit = |n: usize| DIGITS[(bits >> (18 - 6 * n)) as usize & 63] as char;
        (0..4).map(|n| if n <= group.len() { digit(n) } else { '=' }).collect::<String>()
    };
    der.chunks(3).map(group).collect()
}

#[tokio::test]
async fn each_port_of_a_host_has_its_own_trusted_certificate() {
    let node = start(builder()).await;
    let (one, other) = (peer().await, peer().await);
    for peer in [&one, &other, &one, &other] {
        node.announce(peer.address()).await.expect("the peer takes it");
        assert_eq!(node.trusted_certificate(peer.address()), Some(peer.certificate()));
    }
    assert_ne!(one.certificate(), other.certificate());
}
