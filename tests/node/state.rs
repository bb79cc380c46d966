//! The saved state of a node.

use std::{fs, path::Path};

use clacks_p2p::{
    Address, Builder, Node,
    core::{Failure, Status},
    node::{CertificateFingerprint, StartError, TrustChange},
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

/// Runs a node until the peer has accepted a message, and stops it.
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
    assert_eq!(node.trusted_certificate(peer.address()), Some(pinned));

    peer.change_certificate();
    let presented = peer.certificate();
    let mut watch = Watch::of(&node);
    enqueue(&node, "m");
    assert_eq!(watch.failure().await, Failure::CertificateChanged { pinned, presented });
}

#[tokio::test]
async fn a_node_without_state_file_starts_without_peers() {
    let directory = directory();
    let (peer, ignored) = (FakePeer::start().await, address("127.0.0.1", 1));
    let forgetful = || in_directory(directory.path()).keep_state(false);
    let certificate = run_once(forgetful(), peer.address(), &ignored).await;
    let node = start(forgetful()).await;
    assert_eq!((node.peers(), node.trusted_certificate(peer.address())), (vec![], None));
    assert_eq!(node.certificate(), certificate, "its certificate is no state");
    assert!(!directory.path().join("peers.json").exists());
}

/// Waits until the state file contains this text, or no longer contains it.
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
    let pin = peer.certificate().to_string();
    node.add_peer(peer.address());
    enqueue(&node, "m");
    is_written(&directory, &pin, true).await;
    is_written(&directory, "\"alive\"", true).await;
    peer.change_certificate();
    assert!(node.announce(peer.address()).await.is_err(), "the node stays as it is");
    let new_pin = peer.certificate().to_string();
    // Only the certificate has changed.
    assert!(matches!(node.trust(peer.address()), TrustChange::Accepted { .. }));
    is_written(&directory, &new_pin, true).await;
    is_written(&directory, &pin, false).await;
    node.forget(peer.address()).expect("it is known");
    is_written(&directory, &new_pin, false).await;
}

/// A state file with this many trusted certificates. The first is of a peer, in another spelling.
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
async fn certificates_of_former_peers_are_remembered_up_to_a_maximum() {
    let directory = directory();
    let is_pinned = |node: &Node, number| {
        node.trusted_certificate(&address(&format!("n{number}.example.org"), 1)).is_some()
    };

    // As many as an attacker may have caused.
    write_pins(&directory, 20_000);
    let node = start(in_directory(directory.path())).await;
    assert_eq!([0, 1, 15_000, 19_999].map(|number| is_pinned(&node, number)), [true, false, false, true]);
    stop(&node).await;

    // One fewer than the maximum before a sweep, and then one more.
    write_pins(&directory, 4095);
    let node = start(in_directory(directory.path())).await;
    assert!(is_pinned(&node, 0) && is_pinned(&node, 1));
    let peer = FakePeer::start().await;
    node.announce(peer.address()).await.expect("the peer takes it");
    eventually("the oldest is forgotten", || !is_pinned(&node, 1)).await;
    assert!(is_pinned(&node, 0) && is_pinned(&node, 4094));
    assert_eq!(node.trusted_certificate(peer.address()), Some(peer.certificate()));
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
async fn temporary_files_of_a_killed_node_are_removed_at_the_next_start() {
    let directory = directory();
    let begun = |name: &str| directory.path().join(format!("{name}.Ab3xyz.unfinished"));
    let (own, others) = (["peers.json", "certificate.pem", "key.pem"].map(begun), begun("notes.txt"));
    for path in own.iter().chain([&others]) {
        fs::write(path, "{").expect("the file is written");
    }
    stop(&start(in_directory(directory.path())).await).await;
    assert_eq!(
        [own[0].exists(), own[1].exists(), own[2].exists(), others.exists()],
        [false, false, false, true]
    );
    // After all other files were created.
    fs::write(&own[0], "{").expect("the file is written");
    stop(&start(in_directory(directory.path())).await).await;
    assert!(!own[0].exists() && others.exists());
}

#[tokio::test]
async fn an_invalid_state_file_is_an_error_and_unchanged() {
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

/// Writes a state file with this many peers, as a node does.
fn write_peers(directory: &Path, count: usize) {
    let peers: Vec<_> = (0..count)
        .map(|number| json!({"hostname": format!("n{number}.example.org"), "port": 1, "status": "lost", "time": 0}))
        .collect();
    let state = json!({"version": 1, "generation": 5, "peers": peers, "pins": []});
    fs::write(directory.join("peers.json"), serde_json::to_string_pretty(&state).expect("JSON"))
        .expect("written");
}

fn size(directory: &TempDir, name: &str) -> u64 {
    fs::metadata(directory.path().join(name)).map_or(0, |metadata| metadata.len())
}

/// A copy of the files as a kill at this moment would leave them.
fn left_behind(directory: &TempDir) -> TempDir {
    let copy = self::directory();
    for name in ["peers.json", "peers.journal"] {
        if directory.path().join(name).exists() {
            fs::copy(directory.path().join(name), copy.path().join(name)).expect("copied");
        }
    }
    copy
}

#[tokio::test]
async fn only_changed_peers_are_written_and_they_survive_a_kill() {
    const MANY: usize = 3_000;
    let directory = directory();
    write_peers(directory.path(), MANY);
    let whole = fs::read(directory.path().join("peers.json")).expect("it is there");
    let node = start(in_directory(directory.path())).await;
    let (added, ignored, remote) =
        (address("added.example.org", 1), address("n7.example.org", 1), [192, 0, 2, 1].into());
    node.add_peer(&added);
    node.ignore(&ignored);
    node.ignore_remote(remote);
    node.forget(&address("n8.example.org", 1)).expect("it is known");
    let journal = directory.path().join("peers.journal");
    let holds = |text: &str| fs::read_to_string(&journal).unwrap_or_default().contains(text);
    eventually("all of it is written", || {
        ["added.example", "n7.example", "192.0.2.1", "n8.example"].into_iter().all(holds)
    })
    .await;
    assert!(fs::read(directory.path().join("peers.json")).expect("it is there") == whole, "it is left alone");
    assert!(size(&directory, "peers.journal") < 2_000, "in proportion to what changed");

    for cut_off in [false, true] {
        let left = left_behind(&directory);
        if cut_off {
            let mut text = fs::read(&journal).expect("it is there");
            text.extend_from_slice(b"{\"peer\":{\"hostn");
            fs::write(left.path().join("peers.journal"), text).expect("written");
        }
        let next = start(in_directory(left.path())).await;
        assert_eq!(next.peers().len(), MANY);
        assert!(next.peer(&added).is_some_and(|peer| peer.added_by_user));
        assert!(next.peer(&ignored).is_some_and(|peer| peer.status == Status::Ignored));
        assert!(next.peer(&address("n8.example.org", 1)).is_none());
        assert_eq!(next.ignored_remotes(), [remote]);
        stop(&next).await;
        let again = start(in_directory(left.path())).await;
        assert_eq!((again.peers().len(), again.ignored_remotes()), (MANY, vec![remote]));
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = fs::metadata(&journal).expect("it is there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}

#[tokio::test]
async fn a_journal_of_another_file_is_ignored_and_an_invalid_one_is_an_error() {
    let directory = directory();
    write_peers(directory.path(), 1_000);
    let journal = directory.path().join("peers.journal");
    let ignored = "{\"ignored_remotes\":[\"192.0.2.1\"]}\n";
    fs::write(&journal, format!("{{\"version\":1,\"generation\":4}}\n{ignored}")).expect("written");
    let node = start(in_directory(directory.path())).await;
    assert!(node.ignored_remotes().is_empty());
    stop(&node).await;
    for (text, wrong) in [
        (format!("{{\"version\":1,\"generation\":5}}\nnonsense\n{ignored}"), "line 2"),
        ("{\"version\":2,\"generation\":5}\n".to_owned(), "version 2"),
    ] {
        write_peers(directory.path(), 1_000);
        fs::write(&journal, &text).expect("written");
        let error = in_directory(directory.path()).start().await.expect_err(wrong);
        crate::start::assert_names(&error, &journal, wrong);
        assert!(error.to_string().contains(wrong), "{error}");
        assert_eq!(fs::read_to_string(&journal).ok(), Some(text));
    }
}

#[tokio::test]
async fn a_journal_as_large_as_the_state_file_is_merged_into_it() {
    let directory = directory();
    write_peers(directory.path(), 1_000);
    let whole = size(&directory, "peers.json");
    let mut journal = "{\"version\":1,\"generation\":5}\n".to_owned();
    while (journal.len() as u64) < whole {
        journal +=
            "{\"peer\":{\"hostname\":\"more.example.org\",\"port\":1,\"status\":\"lost\",\"time\":0}}\n";
    }
    fs::write(directory.path().join("peers.journal"), journal).expect("written");
    let node = start(in_directory(directory.path())).await;
    node.ignore(&address("127.0.0.1", 1));
    is_written(&directory, "\"ignored\"", true).await;
    is_written(&directory, "more.example.org", true).await;
    stop(&node).await;
    assert_eq!(start(in_directory(directory.path())).await.peers().len(), 1_002);
}

#[tokio::test]
async fn only_one_node_uses_a_data_directory_at_a_time() {
    let parent = directory();
    let directory = parent.path().join("data");
    let in_use = |error: StartError| {
        assert!(matches!(error, StartError::Directory(_)), "{error:?}");
        crate::start::assert_names(&error, &directory, "a second node");
        assert!(error.to_string().contains(&format!("process {}", std::process::id())), "{error}");
    };
    // Two first starts at once.
    let both = tokio::join!(in_directory(&directory).start(), in_directory(&directory).start());
    let first = match both {
        (Ok(node), Err(error)) | (Err(error), Ok(node)) => {
            in_use(error);
            node
        }
        (one, other) => panic!("one of them starts: {:?} and {:?}", one.map(drop), other.map(drop)),
    };
    first.ignore(&address("127.0.0.1", 1));
    in_use(in_directory(&directory).start().await.expect_err("it is in use"));
    // A node that only presents the certificate does not change the state.
    let reader = start(in_directory(&directory).keep_state(false)).await;
    assert_eq!(reader.certificate(), first.certificate());
    stop(&first).await;
    let second = start(in_directory(&directory)).await;
    assert_eq!(second.peers().len(), 1);
    drop(second);
    eventually("a node that is dropped gives it back", || {
        fs::File::open(directory.join("node.lock")).is_ok_and(|lock| lock.try_lock().is_ok())
    })
    .await;
}

#[tokio::test]
async fn nodes_without_state_that_start_together_share_one_certificate() {
    let parent = directory();
    let directory = parent.path().join("data");
    let forgetful = || in_directory(&directory).keep_state(false).start();
    let nodes = tokio::join!(forgetful(), forgetful(), forgetful());
    let [one, two, three] = [nodes.0, nodes.1, nodes.2].map(|node| node.expect("it starts").certificate());
    assert!(one == two && two == three);
}

#[cfg(unix)]
#[tokio::test]
async fn a_special_file_is_refused_at_the_start() {
    let files = directory();
    let link = |name: &str, target: &str| {
        let path = files.path().join(name);
        std::os::unix::fs::symlink(target, &path).expect("a link");
        path
    };
    let pipe = files.path().join("pipe");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().expect("mkfifo").success());
    let (zero, nothing) = (link("zero", "/dev/zero"), link("link", "pipe"));
    for special in [&pipe, &zero, &nothing] {
        for name in ["peers.json", "key.pem", "certificate.pem"] {
            let directory = directory();
            start(in_directory(directory.path())).await.stop().await;
            let _ = fs::remove_file(directory.path().join(name));
            std::os::unix::fs::symlink(special, directory.path().join(name)).expect("a link");
            let start = in_directory(directory.path()).start();
            let error = crate::support::in_time("the start ends", start).await.expect_err("no regular file");
            crate::start::assert_names(&error, &directory.path().join(name), name);
            assert!(error.to_string().contains("not a regular file"), "{error}");
        }
        let given = builder().certificate(special, special).start();
        let error = crate::support::in_time("the start ends", given).await.expect_err("no regular file");
        crate::start::assert_names(&error, special, "a certificate that was given");
    }
}

#[cfg(unix)]
#[tokio::test]
async fn a_data_directory_is_private_and_one_open_to_others_causes_a_warning() {
    use std::os::unix::fs::PermissionsExt;
    let parent = directory();
    let directory = parent.path().join("a").join("data");
    let node = start(in_directory(&directory)).await;
    assert_eq!(node.warnings(), []);
    for made in [&directory, &parent.path().join("a")] {
        assert_eq!(fs::metadata(made).expect("made").permissions().mode() & 0o777, 0o700, "{made:?}");
    }
    stop(&node).await;
    fs::set_permissions(directory.join("key.pem"), fs::Permissions::from_mode(0o644)).expect("changed");
    let node = start(in_directory(&directory)).await;
    let [warning] = node.warnings() else { panic!("{:?}", node.warnings()) };
    assert!(warning.to_string().contains("key.pem (mode 0644)"), "{warning}");
}

#[cfg(unix)]
#[tokio::test]
async fn symbolic_links_to_the_files_of_a_node_are_kept() {
    use std::os::unix::fs::symlink;

    const MANY: usize = 3_000;
    for is_there in [true, false] {
        let (directory, elsewhere) = (directory(), directory());
        if is_there {
            write_peers(elsewhere.path(), MANY);
            let journal = "{\"version\":1,\"generation\":4}\n";
            fs::write(elsewhere.path().join("peers.journal"), journal).expect("written");
        }
        let names = ["peers.json", "peers.journal", "node.lock"];
        for name in names {
            symlink(elsewhere.path().join(name), directory.path().join(name)).expect("a link");
        }
        let node = start(in_directory(directory.path())).await;
        assert_eq!(node.peers().len(), if is_there { MANY } else { 0 });
        node.add_peer(&address("added.example.org", 1));
        let (whole, journal) = (elsewhere.path().join("peers.json"), elsewhere.path().join("peers.journal"));
        let written = if is_there { &journal } else { &whole };
        eventually("the change is written", || {
            fs::read_to_string(written).is_ok_and(|text| text.contains("added.example.org"))
        })
        .await;
        stop(&node).await;
        for name in names {
            let link = fs::symlink_metadata(directory.path().join(name)).expect("it is there");
            assert!(link.is_symlink(), "{name}");
        }
        let again = start(in_directory(directory.path())).await;
        assert!(again.peer(&address("added.example.org", 1)).is_some());
    }
}
