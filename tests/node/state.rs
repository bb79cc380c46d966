//! What the node keeps from one run to the next.

use std::{fs, path::Path};

use clacks_p2p::{
    Address, Builder, Node,
    core::{Failure, Status},
    node::{CertificateFingerprint, StartError, Trusted},
};
use serde_json::json;
use tempfile::TempDir;

use crate::support::{FakePeer, Reply, Watch, address, builder, enqueue, eventually, start, stop};

fn directory() -> TempDir {
    tempfile::tempdir().expect("a directory")
}

fn in_directory(directory: &Path) -> Builder {
    builder().data_dir(directory)
}

/// Runs a node until the peer has taken a message, and stops it.
async fn run_once(builder: Builder, peer: &Address, ignored: &Address) -> CertificateFingerprint {
    let node = start(builder).await;
    let mut watch = Watch::of(&node);
    node.add_peer(peer);
    node.ignore(ignored);
    enqueue(&node, "m");
    watch.delivered().await;
    stop(&node).await;
    node.certificate()
}

#[tokio::test]
async fn peers_and_certificates_survive_a_restart() {
    let directory = directory();
    let (peer, ignored) = (FakePeer::that(Reply::last_status(200)).await, address("127.0.0.1", 1));
    let certificate = run_once(in_directory(directory.path()), peer.address(), &ignored).await;

    let node = start(in_directory(directory.path())).await;
    let known: Vec<_> = node.peers().into_iter().map(|peer| (peer.address, peer.status)).collect();
    assert_eq!(known, [(peer.address().clone(), Status::Lost), (ignored, Status::Ignored)]);
    assert_eq!(node.certificate(), certificate, "the node is known by the same certificate");
    let pinned = peer.certificate();
    assert_eq!(node.trusted_certificate(peer.address()), Some(CertificateFingerprint(pinned)));

    peer.change_certificate();
    let presented = peer.certificate();
    let mut watch = Watch::of(&node);
    enqueue(&node, "m");
    assert_eq!(watch.failure().await, Failure::CertificateChanged { pinned, presented });
}

#[tokio::test]
async fn a_node_that_keeps_no_state_starts_anew() {
    let directory = directory();
    let (peer, ignored) = (FakePeer::start().await, address("127.0.0.1", 1));
    let forgetful = || in_directory(directory.path()).keep_state(false);
    let certificate = run_once(forgetful(), peer.address(), &ignored).await;
    let node = start(forgetful()).await;
    assert_eq!((node.peers(), node.trusted_certificate(peer.address())), (vec![], None));
    assert_eq!(node.certificate(), certificate, "its certificate is no state");
    assert!(!directory.path().join("peers.json").exists());
}

/// Waits until the state file holds this text, or holds it no more.
async fn is_written(directory: &TempDir, text: &str, wanted: bool) {
    let file = directory.path().join("peers.json");
    let holds = || fs::read_to_string(&file).unwrap_or_default().contains(text);
    eventually(&format!("the file holds {text}: {wanted}"), || file.exists() && holds() == wanted).await;
}

#[tokio::test]
async fn peers_and_certificates_are_written_while_the_node_runs() {
    let directory = directory();
    let node = start(in_directory(directory.path())).await;
    let peer = FakePeer::that(Reply::last_status(200)).await;
    let pin = CertificateFingerprint(peer.certificate()).to_string();
    node.add_peer(peer.address());
    enqueue(&node, "m");
    is_written(&directory, &pin, true).await;
    is_written(&directory, "\"alive\"", true).await;
    peer.change_certificate();
    assert!(node.announce(peer.address()).await.is_err(), "the node stays as it is");
    let new_pin = CertificateFingerprint(peer.certificate()).to_string();
    // Nothing but the certificate is news.
    assert!(matches!(node.trust(peer.address()), Trusted::Accepted { .. }));
    is_written(&directory, &new_pin, true).await;
    is_written(&directory, &pin, false).await;
    node.forget(peer.address()).expect("it is known");
    is_written(&directory, &new_pin, false).await;
}

/// A state file that knows the certificates of so many, of whom the first is a peer, spelled otherwise.
fn write_pins(directory: &TempDir, count: usize) {
    let sha256 = CertificateFingerprint([7; 32]).to_string();
    let pins: Vec<_> = (0..count)
        .map(|number| json!({"hostname": format!("n{number}.example.org"), "port": 1, "sha256": sha256}))
        .collect();
    let peer = json!({"hostname": "N0.Example.org", "port": 1, "status": "lost", "time": 0});
    let state = json!({"version": 1, "peers": [peer], "pins": pins});
    fs::write(directory.path().join("peers.json"), state.to_string()).expect("the file is written");
}

#[tokio::test]
async fn certificates_of_those_who_are_no_peers_are_remembered_up_to_a_bound() {
    let directory = directory();
    let is_pinned = |node: &Node, number| {
        node.trusted_certificate(&address(&format!("n{number}.example.org"), 1)).is_some()
    };

    // As many as an attacker may have left behind.
    write_pins(&directory, 20_000);
    let node = start(in_directory(directory.path())).await;
    assert_eq!([0, 1, 15_000, 19_999].map(|number| is_pinned(&node, number)), [true, false, false, true]);
    stop(&node).await;

    // One fewer than are swept, and then one more.
    write_pins(&directory, 4095);
    let node = start(in_directory(directory.path())).await;
    assert!(is_pinned(&node, 0) && is_pinned(&node, 1));
    let peer = FakePeer::start().await;
    node.announce(peer.address()).await.expect("the peer takes it");
    eventually("the oldest is forgotten", || !is_pinned(&node, 1)).await;
    assert!(is_pinned(&node, 0) && is_pinned(&node, 4094));
    assert_eq!(node.trusted_certificate(peer.address()), Some(CertificateFingerprint(peer.certificate())));
}

#[tokio::test]
async fn a_node_that_is_dropped_writes_its_state() {
    let directory = directory();
    let node = start(in_directory(directory.path())).await;
    node.ignore(&address("127.0.0.1", 1));
    drop(node);
    is_written(&directory, "\"ignored\"", true).await;
}

#[cfg(unix)]
#[tokio::test]
async fn only_the_owner_can_read_the_key() {
    use std::os::unix::fs::PermissionsExt;
    let directory = directory();
    start(in_directory(directory.path())).await;
    let key = fs::metadata(directory.path().join("key.pem")).expect("the key is there");
    assert_eq!(key.permissions().mode() & 0o777, 0o600);
}

#[tokio::test]
async fn a_state_file_that_is_none_is_an_error_and_left_as_it_was() {
    let peer = r#"{"hostname":"a","port":1,"status":"lost","time":0}"#;
    for (case, text) in [
        ("empty", String::new()),
        ("garbage", "\u{1}\u{2}\u{3}".into()),
        ("cut off", format!(r#"{{"version":1,"peers":[{peer}"#)),
        ("of another version", r#"{"version":2,"peers":[],"pins":[]}"#.into()),
        ("of another form", r#"{"version":1,"peers":{},"pins":[]}"#.into()),
        (
            "a bad hostname",
            format!(r#"{{"version":1,"peers":[{}],"pins":[]}}"#, peer.replace("\"a\"", "\"a b\"")),
        ),
        ("a bad port", format!(r#"{{"version":1,"peers":[{}],"pins":[]}}"#, peer.replace(":1,", ":0,"))),
        ("a bad pin", r#"{"version":1,"peers":[],"pins":[{"hostname":"a","port":1,"sha256":"5"}]}"#.into()),
    ] {
        let directory = directory();
        let file = directory.path().join("peers.json");
        fs::write(&file, &text).expect("the file is written");
        let error = in_directory(directory.path()).start().await.expect_err(case);
        assert!(matches!(error, StartError::State(_)), "{case}: {error:?}");
        crate::start::assert_names(&error, &file, case);
        assert_eq!(fs::read_to_string(&file).ok(), Some(text), "{case}");
    }
}

#[tokio::test]
async fn a_state_file_that_cannot_be_read_is_an_error() {
    let directory = directory();
    let file = directory.path().join("peers.json");
    fs::create_dir(&file).expect("a directory of that name");
    let error = in_directory(directory.path()).start().await.expect_err("no file");
    crate::start::assert_names(&error, &file, "a directory");
}
