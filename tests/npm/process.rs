//! The process of a package node.

use std::{
    io::{BufRead, BufReader, Read, Write},
    process::{Child, ChildStdin, Command, Stdio},
    thread,
};

use clacks_p2p::{Address, core::KnownPeer};
use serde::Deserialize;
use serde_json::Value;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use crate::install;

const PEER_JS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/npm/peer.js");

/// An event of a package node.
#[derive(Debug, Clone, Deserialize)]
#[serde(tag = "event", rename_all = "lowercase")]
pub(crate) enum Told {
    /// It listens.
    Ready,
    Received {
        message: Value,
        sender: Address,
    },
    Queued {
        #[expect(dead_code, reason = "shown when a test fails")]
        message: Value,
    },
    Discovered {
        peer: KnownPeer,
    },
    Updated {
        peer: KnownPeer,
    },
    /// Nothing is in flight, and it sends no more.
    Held,
    Peer {
        peer: Option<KnownPeer>,
    },
    Peers {
        peers: Vec<KnownPeer>,
    },
    Queue {
        messages: Vec<Value>,
    },
    /// A line for people: a warning, or an error that the package caught.
    #[serde(skip)]
    Printed(String),
}

/// The process, which runs until this is dropped.
pub(crate) struct Process {
    child: Child,
    commands: ChildStdin,
}

impl Process {
    pub(crate) fn spawn() -> (Self, UnboundedReceiver<Told>) {
        let mut child = Command::new("node")
            .arg(PEER_JS)
            .env("NODE_PATH", install::node_modules())
            // Without it the package refuses all self-signed certificates.
            .env("NODE_TLS_REJECT_UNAUTHORIZED", "0")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("node ran when it was asked for its version");
        let (told_to, told) = unbounded_channel();
        read(child.stdout.take().expect("piped"), told_to.clone(), told_or_printed);
        read(child.stderr.take().expect("piped"), told_to, Told::Printed);
        let commands = child.stdin.take().expect("piped");
        (Self { child, commands }, told)
    }

    /// Sends a command. If the process has ended, whoever waits for the result notices.
    pub(crate) fn command(&mut self, command: &Value) {
        let _ = writeln!(self.commands, "{command}");
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Passes every line on, in a thread that ends with the process.
fn read(stream: impl Read + Send + 'static, to: UnboundedSender<Told>, interpret: fn(String) -> Told) {
    thread::spawn(move || {
        let lines = BufReader::new(stream).lines().map_while(Result::ok);
        // An error means that the test has ended.
        lines.map(interpret).try_for_each(|told| to.send(told))
    });
}

fn told_or_printed(line: String) -> Told {
    serde_json::from_str(&line).unwrap_or(Told::Printed(line))
}
