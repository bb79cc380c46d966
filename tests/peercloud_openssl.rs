//! Signatures of peercloud nodes against the program `openssl`, which must be installed.

use std::{
    fs,
    io::Write,
    path::Path,
    process::{Command, Stdio},
};

use base64::{Engine, prelude::BASE64_STANDARD};
use clacks_peercloud::protocol::{PrivateKey, PublicKey, Signature, Timestamp};
use tempfile::TempDir;

/// Runs openssl with this input. Returns its output.
fn openssl(arguments: &[&str], input: &[u8]) -> Vec<u8> {
    let mut command = Command::new("openssl");
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("openssl is installed");
    child.stdin.take().expect("piped").write_all(input).expect("it reads its input");
    let output = child.wait_with_output().expect("it ends");
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

/// A key of 2,048 bits in a file, and its text.
fn key(directory: &Path) -> (String, String) {
    let bits = ["genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"];
    let text = String::from_utf8(openssl(&bits, b"")).expect("PEM is text");
    let file = directory.join("key.pem");
    fs::write(&file, &text).expect("a directory of our own");
    (file.to_str().expect("a path of text").to_owned(), text)
}

#[test]
fn our_signatures_are_those_of_openssl() {
    let directory = TempDir::new().expect("a directory");
    let (file, text) = key(directory.path());
    let ours = PrivateKey::from_text(&text).expect("a key");
    for time in [0, 1_700_000_000_000, 1_893_456_000_001] {
        let time = Timestamp(time).text();
        let theirs = openssl(&["dgst", "-sha256", "-sign", &file, "-binary"], time.as_bytes());
        assert_eq!(ours.sign(time.as_bytes()).expect("a signature"), BASE64_STANDARD.encode(&theirs));
        let read = Signature::new(&time, &BASE64_STANDARD.encode(&theirs)).expect("a signature");
        assert!(read.is_of_one_of(&[ours.public().clone()]));
    }
}

#[test]
fn the_public_keys_of_openssl_are_read() {
    let directory = TempDir::new().expect("a directory");
    let (file, text) = key(directory.path());
    let ours = PrivateKey::from_text(&text).expect("a key");
    for form in [&["pkey", "-pubout"][..], &["rsa", "-RSAPublicKey_out"], &["rsa", "-traditional"]] {
        let arguments = [form, &["-in", &file]].concat();
        let public = String::from_utf8(openssl(&arguments, b"")).expect("PEM is text");
        assert_eq!(PublicKey::from_text(&public).as_ref(), Ok(ours.public()), "{form:?}");
    }
}
