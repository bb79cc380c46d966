//! A node of the npm package `clacks-p2p` 0.3.3 with one plugin.

use std::{
    io::Write,
    process::{Command, Stdio},
    sync::Arc,
};

use rcgen::{CertificateParams, KeyPair};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};

use crate::install;

const RUN_JS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/npm/plugins/run.js");

/// What the node did with a payload.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: String,
    /// Number of messages that it queued.
    pub(crate) queued: usize,
}

/// Posts payloads to a node with this plugin, one after the other.
pub(crate) fn answers(plugin: &str, options: &Value, payloads: &[String]) -> Vec<Answer> {
    let (key, certificate) = certificate();
    run(&json!({
        "key": key,
        "certificate": certificate,
        "plugin": plugin,
        "options": options,
        "payloads": payloads,
    }))
}

/// The bodies that a peer of a node without a plugin receives after the node has got these messages.
pub(crate) fn relayed(messages: &[Arc<str>]) -> Vec<String> {
    let (key, certificate) = certificate();
    run(
        &json!({ "key": key, "certificate": certificate, "relay": messages.iter().map(|json| &**json).collect::<Vec<_>>() }),
    )
}

/// A key and a self-signed certificate, as PEM.
fn certificate() -> (String, String) {
    let key = KeyPair::generate().expect("a key");
    let names = CertificateParams::new(["localhost".to_owned()]).expect("localhost is a name");
    let certificate = names.self_signed(&key).expect("a certificate").pem();
    (key.serialize_pem(), certificate)
}

/// Texts of JSON as JavaScript reads them and writes them again.
pub(crate) fn rewritten(texts: &[String]) -> Vec<String> {
    run(&json!({ "rewrite": texts }))
}

fn run<T: DeserializeOwned>(task: &Value) -> T {
    let mut process = Command::new("node")
        .arg(RUN_JS)
        .env("NODE_PATH", install::node_modules())
        // Without it the package refuses all self-signed certificates.
        .env("NODE_TLS_REJECT_UNAUTHORIZED", "0")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("node ran when it was asked for its version");
    // The output is one line at the end, so nothing has to be read meanwhile.
    writeln!(process.stdin.take().expect("piped"), "{task}").expect("it reads one line");
    let output = process.wait_with_output().expect("it ends by itself");
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| {
        panic!("{error}: {}", String::from_utf8_lossy(&output.stderr));
    })
}
