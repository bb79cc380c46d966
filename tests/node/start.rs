//! Errors and warnings of the start.

use std::{
    fs,
    path::{Path, PathBuf},
};

use clacks_p2p::{
    Node,
    node::{CertificateError, StartError, StartWarning},
};
use tempfile::TempDir;
use tokio::net::TcpListener;

use crate::support::{Client, address, assert_no_task_panicked, builder, payload, start};

/// Asserts that the error is one line for people that names the file.
pub(crate) fn assert_names(error: &StartError, file: &Path, case: &str) {
    let text = error.to_string();
    assert!(text.contains(&file.display().to_string()), "{case}: {text}");
    assert!(!text.contains(char::is_control), "{case}: {text:?}");
}

/// PEM files in a directory of their own.
struct Files {
    directory: TempDir,
}

impl Files {
    fn new() -> Self {
        Self { directory: tempfile::tempdir().expect("a directory") }
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.directory.path().join(name);
        fs::write(&path, text).expect("the file is written");
        path
    }

    /// A certificate and its key.
    fn pair(&self, name: &str) -> (PathBuf, PathBuf) {
        let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).expect("a certificate");
        let certificate = self.write(&format!("{name}-certificate.pem"), &made.cert.pem());
        (certificate, self.write(&format!("{name}-key.pem"), &made.signing_key.serialize_pem()))
    }
}

async fn error_with(certificate: &Path, key: &Path) -> StartError {
    builder().certificate(certificate, key).start().await.expect_err("no certificate")
}

#[tokio::test]
async fn a_certificate_of_the_user_is_presented() {
    let files = Files::new();
    let (certificate, key) = files.pair("own");
    let node = start(builder().certificate(&certificate, &key)).await;
    let other = start(builder()).await;
    other.announce(&node.address()).await.expect("the node takes it");
    assert_eq!(other.trusted_certificate(&node.address()), Some(node.certificate()));
}

#[tokio::test]
async fn invalid_certificate_files_are_named() {
    let files = Files::new();
    let (certificate, key) = files.pair("good");
    let missing = files.directory.path().join("missing.pem");
    let garbage = files.write("garbage.pem", "garbage");
    let empty = files.write("empty.pem", "");
    let broken = files.write("broken.pem", "-----BEGIN CERTIFICATE-----\n!!!\n-----END CERTIFICATE-----\n");
    let directory = files.directory.path().to_owned();
    for bad in [&missing, &garbage, &empty, &broken, &directory, &key] {
        let case = format!("{} for a certificate", bad.display());
        assert_names(&error_with(bad, &key).await, bad, &case);
    }
    for bad in [&missing, &garbage, &empty, &broken, &directory, &certificate] {
        let case = format!("{} for a key", bad.display());
        assert_names(&error_with(&certificate, bad).await, bad, &case);
    }
}

#[tokio::test]
async fn a_certificate_with_the_key_of_another_is_named() {
    let files = Files::new();
    let ((certificate, _), (_, key)) = (files.pair("one"), files.pair("other"));
    let nonsense = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    for certificate in [certificate, files.write("nonsense.pem", nonsense)] {
        let error = error_with(&certificate, &key).await;
        assert!(matches!(error, StartError::Certificate(CertificateError::Unusable { .. })), "{error:?}");
        assert_names(&error, &certificate, "the certificate");
        assert_names(&error, &key, "the key");
    }
}

#[tokio::test]
async fn a_data_directory_that_cannot_be_created_is_named() {
    let files = Files::new();
    let file = files.write("file", "");
    let error = builder().data_dir(&file.join("data")).keep_state(false).start().await;
    assert_names(&error.expect_err("a file is no directory"), &file, "a file for a directory");
}

#[tokio::test]
async fn a_port_in_use_is_an_error() {
    let taken = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = taken.local_addr().expect("a bound socket");
    for hostname in ["127.0.0.1", "localhost"] {
        let error = builder().hostname(hostname).port(address.port()).start().await.expect_err("it is taken");
        assert!(matches!(error, StartError::Listen { address: tried, .. } if tried == address), "{error:?}");
    }
    drop(taken);
    start(builder().port(address.port())).await;
}

#[tokio::test]
async fn a_port_in_use_on_the_second_address_is_an_error() {
    // Without IPv6 there is no second address.
    let Ok(taken) = TcpListener::bind("[::1]:0").await else { return };
    let address = taken.local_addr().expect("a bound socket");
    let error = builder().hostname("localhost").port(address.port()).start().await.expect_err("it is taken");
    assert!(matches!(error, StartError::Listen { address: tried, .. } if tried == address), "{error:?}");
}

#[tokio::test]
async fn options_out_of_range_are_errors_and_nothing_is_left_behind() {
    for (case, bad) in [
        ("the hostname", builder().hostname("not a name").listen([127, 0, 0, 1].into())),
        ("no rate", builder().send_rate(0.0)),
        ("a rate that is no number", builder().send_rate(f64::NAN)),
        ("no room", builder().options(|options| options.max_queue_messages = 0)),
        ("nothing in flight", builder().options(|options| options.max_in_flight = 0)),
    ] {
        let directory = tempfile::tempdir().expect("a directory");
        let error = bad.data_dir(directory.path()).start().await.expect_err(case).to_string();
        assert!(!error.contains('\n'), "{case}: {error}");
        let left = fs::read_dir(directory.path()).expect("the directory is there").count();
        assert_eq!(left, 0, "{case}");
    }
}

#[tokio::test]
async fn a_node_listens_at_its_hostname() {
    let node = start(builder().hostname("localhost")).await;
    assert!(node.listens_on().iter().all(|socket| socket.ip().is_loopback()));
    assert!(node.listens_on().iter().all(|socket| socket.port() == node.address().port()));
    assert_eq!(node.address().hostname(), "localhost");
    for socket in node.listens_on() {
        let mut client = Client::connect_with(*socket, rustls::ALL_VERSIONS).await.expect("a handshake");
        let sender = address("127.0.0.1", 1);
        assert_eq!(client.post(payload(&sender, "null")).await.status, 200);
    }
    assert_no_task_panicked();
}

#[tokio::test]
async fn the_builder_has_the_defaults_of_the_package() {
    let options = start(Node::builder().port(0)).await.options();
    assert_eq!(options.address.hostname(), "localhost");
    assert!((options.send_rate - 1.0).abs() < f64::EPSILON);
    assert_eq!(options.kill_timeout.as_secs(), 3600);
}

/// Whether this process can create files in an existing directory.
fn is_writable(directory: &Path) -> bool {
    tempfile::tempfile_in(directory).is_ok()
}

#[cfg(unix)]
#[tokio::test]
async fn a_node_without_state_starts_with_a_read_only_directory() {
    use std::os::unix::fs::PermissionsExt;

    let empty = tempfile::tempdir().expect("a directory");
    fs::set_permissions(empty.path(), fs::Permissions::from_mode(0o500)).expect("it is ours");
    // The superuser can write wherever the file system permits it.
    for directory in [empty.path().to_owned(), empty.path().join("clacks/8080"), "/sys/clacks/8080".into()] {
        let parent = directory.ancestors().find(|parent| parent.is_dir()).expect("there is a root");
        if is_writable(parent) {
            continue;
        }
        let refused = builder().data_dir(&directory).start().await.expect_err("the key can't be kept");
        assert!(refused.denied().is_some(), "{refused}");
        let node = start(builder().data_dir(&directory).keep_state(false)).await;
        let warned = |warning: &StartWarning| matches!(warning, StartWarning::CertificateNotKept { path, .. } if *path == directory);
        assert!(node.warnings().iter().any(warned), "{:?}", node.warnings());
        node.stop().await;
    }
    fs::set_permissions(empty.path(), fs::Permissions::from_mode(0o700)).expect("it is ours");
}

#[cfg(unix)]
#[tokio::test]
async fn a_read_only_directory_is_used_with_a_warning() {
    use std::os::unix::fs::PermissionsExt;

    let directory = tempfile::tempdir().expect("a directory");
    let known = address("127.0.0.1", 1);
    let node = start(builder().data_dir(directory.path())).await;
    node.add_peer(&known);
    node.stop().await;
    fs::remove_file(directory.path().join("node.lock")).expect("it is free");
    let mode = |mode| fs::set_permissions(directory.path(), fs::Permissions::from_mode(mode));
    mode(0o500).expect("it is ours");
    let files = Files::new();
    let (certificate, key) = files.pair("own");
    // The superuser can write wherever the file system permits it.
    let elsewhere = Path::new("/sys");
    let cases = [(directory.path(), builder(), 1), (elsewhere, builder().certificate(&certificate, &key), 0)];
    for (directory, builder, peers) in cases {
        if !directory.is_dir() || is_writable(directory) {
            continue;
        }
        // Two at once, because neither writes.
        let nodes =
            [start(builder.clone().data_dir(directory)).await, start(builder.data_dir(directory)).await];
        for node in nodes {
            assert_eq!(node.peers().len(), peers);
            let warned = |warning: &StartWarning| matches!(warning, StartWarning::NotSaved { path, .. } if path == directory);
            assert!(node.warnings().iter().any(warned), "{:?}", node.warnings());
            node.add_peer(&address("127.0.0.1", 2));
            node.stop().await;
        }
        assert!(!directory.join("node.lock").exists());
    }
    mode(0o700).expect("it is ours");
}

#[cfg(unix)]
#[tokio::test]
async fn a_key_readable_by_everybody_causes_a_warning_but_not_by_a_group() {
    use std::os::unix::fs::PermissionsExt;

    let files = Files::new();
    let (certificate, key) = files.pair("own");
    for (mode, is_open) in [
        (0o600, false),
        (0o610, false),
        (0o620, false),
        (0o640, false),
        (0o601, true),
        (0o602, true),
        (0o604, true),
        (0o666, true),
    ] {
        fs::set_permissions(&key, fs::Permissions::from_mode(mode)).expect("it is ours");
        let node = start(builder().certificate(&certificate, &key)).await;
        let warned =
            |warning: &StartWarning| matches!(warning, StartWarning::KeyOpen { path, .. } if *path == key);
        assert_eq!(node.warnings().iter().any(warned), is_open, "{mode:o}: {:?}", node.warnings());
    }
}
