//! A node of the npm package `peercloud`.

use std::{collections::BTreeSet, time::Duration};

use clacks_peercloud::Address;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::net::TcpSocket;

use crate::{
    process::{self, Process},
    watch::Watch,
};

const NODE_JS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/npm/peercloud/node.js");
/// The package obeys the proxies of its environment.
const NO_PROXY: (&str, &str) = ("NO_PROXY", "*");
/// Starts of a node before a test fails. The package listens on all addresses, and a connection of another program can
/// use the port on an address that is not reserved here. That connection ends soon.
const ATTEMPTS: usize = 20;

/// What a node of the package answers messages with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Handler {
    Echo,
    /// It never answers.
    Silent,
}

/// An event of a package node.
#[derive(Debug, Clone, Deserialize)]
#[serde(tag = "event", rename_all = "lowercase")]
pub(crate) enum Told {
    /// It listens, and its attempt to join is over.
    Ready {
        id: String,
    },
    Failed {
        code: String,
    },
    /// Its list has changed, or was asked for.
    Listed {
        peers: Vec<Listed>,
    },
    Received {
        from: String,
        body: Value,
    },
    Replies {
        replies: Vec<Reply>,
    },
    /// A line for people: a warning, or the error that ended it.
    #[serde(skip)]
    Printed(#[expect(dead_code, reason = "shown when a test fails")] String),
}

/// A member, as a package node lists it.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Listed {
    pub(crate) id: String,
    #[expect(dead_code, reason = "shown when a test fails")]
    name: String,
}

/// What one member replied to a message of a package node.
#[derive(Debug, Clone, Deserialize, PartialEq)]
pub(crate) struct Reply {
    /// The data of the member.
    pub(crate) peer: Value,
    pub(crate) value: Option<Value>,
    pub(crate) error: Option<Value>,
}

impl process::Told for Told {
    fn printed(line: String) -> Self {
        Self::Printed(line)
    }
}

/// A running node of the package and its events.
pub(crate) struct PackageNode {
    process: Process,
    watch: Watch<Told>,
    pub(crate) id: String,
    port: u16,
}

impl PackageNode {
    /// Starts a node that echoes messages, and waits until its attempt to join is over.
    pub(crate) async fn start(name: &str, peers: &[Address]) -> Self {
        Self::start_with(name, peers, Handler::Echo).await
    }

    pub(crate) async fn start_with(name: &str, peers: &[Address], handler: Handler) -> Self {
        for _ in 0..ATTEMPTS {
            if let Some(node) = Self::try_start(name, peers, handler).await {
                return node;
            }
        }
        panic!("no free port in {ATTEMPTS} attempts");
    }

    /// `None` if the port is in use.
    async fn try_start(name: &str, peers: &[Address], handler: Handler) -> Option<Self> {
        let (_reserved, port) = reserve();
        let (mut process, told) = Process::spawn(NODE_JS, &[NO_PROXY]);
        let peers: Vec<_> =
            peers.iter().map(|peer| json!({ "ip": peer.host.as_str(), "port": peer.port })).collect();
        process.command(&json!({
            "do": "start",
            "port": port,
            "peers": peers,
            "data": { "name": name },
            "handler": if handler == Handler::Echo { "echo" } else { "silent" },
        }));
        let mut watch = Watch::new(told);
        let started = |told: &Told| match told {
            Told::Ready { id } => Some(Some(id.clone())),
            Told::Failed { code } if code == "EADDRINUSE" => Some(None),
            _ => None,
        };
        let id = watch.until("a listening node", started).await?;
        Some(Self { process, watch, id, port })
    }

    pub(crate) fn address(&self) -> Address {
        format!("127.0.0.1:{}", self.port).parse().expect("an address")
    }

    /// Closes the node as its user does. It forgets its list and tells nobody, and its listener stays.
    pub(crate) fn close(&mut self) {
        self.process.command(&json!({ "do": "close" }));
    }

    /// Ends the process like a power cut.
    pub(crate) fn kill(self) {
        drop(self.process);
    }

    /// Waits until it lists exactly these ids, each once.
    pub(crate) async fn until_listed(&mut self, wanted: &BTreeSet<String>, max: Duration) {
        self.process.command(&json!({ "do": "peers" }));
        let listed = |told: &Told| match told {
            Told::Listed { peers } => {
                let ids: BTreeSet<_> = peers.iter().map(|peer| peer.id.clone()).collect();
                (ids == *wanted && peers.len() == wanted.len()).then_some(())
            }
            _ => None,
        };
        self.watch.until_within(max, &format!("the list {wanted:?}"), listed).await;
    }

    /// What has happened so far. Later waits skip it.
    pub(crate) fn seen(&mut self) -> &[Told] {
        self.watch.seen()
    }

    /// Sends a message to all, and waits for the replies.
    pub(crate) async fn send(&mut self, body: &Value) -> Vec<Reply> {
        self.process.command(&json!({ "do": "send", "body": body }));
        let replies = |told: &Told| match told {
            Told::Replies { replies } => Some(replies.clone()),
            _ => None,
        };
        self.watch.until("the replies", replies).await
    }

    /// Waits for a message. Returns the name of the sender.
    pub(crate) async fn until_received(&mut self, wanted: &Value) -> String {
        let received = |told: &Told| match told {
            Told::Received { from, body } if body == wanted => Some(from.clone()),
            _ => None,
        };
        self.watch.until("a message", received).await
    }
}

/// A free port with a socket that is bound but does not listen: the system assigns the port to no other process, but a
/// node can request it by number.
fn reserve() -> (TcpSocket, u16) {
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.set_reuseaddr(true).expect("a node may share the port");
    socket.bind(([127, 0, 0, 1], 0).into()).expect("a free port");
    let port = socket.local_addr().expect("bound").port();
    (socket, port)
}
