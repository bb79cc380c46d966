//! A node of the npm package.

use clacks_p2p::{
    Address, PeerId,
    core::{KnownPeer, Status},
};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::net::TcpSocket;

use crate::{
    certificate::Certificate,
    process::{self, Process},
    watch::Watch,
};

const PEER_JS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/npm/peer.js");
/// Without it the package refuses all self-signed certificates.
const ANY_CERTIFICATE: (&str, &str) = ("NODE_TLS_REJECT_UNAUTHORIZED", "0");

/// Messages per second of a sending node.
pub(crate) const SENDING: f64 = 50.0;
/// Messages per second of a node whose first message is due after the test.
pub(crate) const SILENT: f64 = 0.001;

/// Starts of a node before a test fails. The package listens on all addresses, and a connection of another program can
/// use the port on an address that is not reserved here. That connection ends soon.
const ATTEMPTS: usize = 20;

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

impl process::Told for Told {
    fn printed(line: String) -> Self {
        Self::Printed(line)
    }
}

/// An address that a node can leave and return to.
pub(crate) struct Place {
    pub(crate) address: Address,
    pub(crate) certificate: Certificate,
    /// Bound but not listening: the system assigns the port to no other process, but a node can request it by number.
    _reserved: TcpSocket,
}

impl Place {
    fn reserve_with(certificate: Certificate) -> Self {
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.set_reuseaddr(true).expect("a node may share the port");
        socket.bind(([127, 0, 0, 1], 0).into()).expect("a free port");
        let port = socket.local_addr().expect("bound").port();
        let address = Address::new("localhost", port).expect("a hostname and a port");
        Self { address, certificate, _reserved: socket }
    }

    pub(crate) fn with_another_certificate(self) -> Self {
        Self { certificate: Certificate::generate(), ..self }
    }
}

/// A running node of the package and its events.
pub(crate) struct PackageNode {
    process: Process,
    watch: Watch<Told>,
    place: Place,
}

impl PackageNode {
    pub(crate) async fn start(send_rate: f64) -> Self {
        Self::start_with(Certificate::generate(), send_rate).await
    }

    /// Starts a node with this certificate on any free port.
    pub(crate) async fn start_with(certificate: Certificate, send_rate: f64) -> Self {
        for _ in 0..ATTEMPTS {
            let place = Place::reserve_with(certificate.clone());
            if let Ok(node) = Self::try_start_at(place, send_rate).await {
                return node;
            }
        }
        panic!("no free port in {ATTEMPTS} attempts");
    }

    /// Starts a node at an address that another node has left.
    pub(crate) async fn start_at(mut place: Place, send_rate: f64) -> Self {
        for _ in 0..ATTEMPTS {
            match Self::try_start_at(place, send_rate).await {
                Ok(node) => return node,
                Err(in_use) => place = in_use,
            }
        }
        panic!("{} is still in use after {ATTEMPTS} attempts", place.address);
    }

    /// Returns the address if its port is in use.
    async fn try_start_at(place: Place, send_rate: f64) -> Result<Self, Place> {
        let (process, told) = Process::spawn(PEER_JS, &[ANY_CERTIFICATE]);
        let mut node = Self { process, watch: Watch::new(told), place };
        let Place { address, certificate, .. } = &node.place;
        node.process.command(&json!({
            "do": "start",
            "key": certificate.key,
            "certificate": certificate.chain,
            "options": { "hostname": address.hostname(), "port": address.port(), "sendrate": send_rate },
        }));
        let listens = |told: &Told| match told {
            Told::Ready => Some(true),
            Told::Printed(line) if line.contains("EADDRINUSE") => Some(false),
            _ => None,
        };
        if node.watch.until("a listening node", listens).await { Ok(node) } else { Err(node.place) }
    }

    /// Ends the process like a power cut.
    pub(crate) fn kill(self) -> Place {
        self.place
    }

    pub(crate) fn address(&self) -> Address {
        self.place.address.clone()
    }
}

/// Commands.
impl PackageNode {
    pub(crate) fn enqueue(&mut self, message: &Value) {
        self.process.command(&json!({ "do": "enqueue", "message": message }));
    }

    pub(crate) fn announce(&mut self, to: &Address) {
        self.process.command(&json!({ "do": "announce", "hostname": to.hostname(), "port": to.port() }));
    }

    pub(crate) fn add_peer(&mut self, peer: &Address) {
        self.process.command(&json!({ "do": "addPeer", "hostname": peer.hostname(), "port": peer.port() }));
    }

    /// Makes it exit when the next payload arrives.
    pub(crate) fn die_over_next(&mut self) {
        self.process.command(&json!({ "do": "dieOverNext" }));
    }

    /// Stops sending, and waits until none of its messages is in flight.
    pub(crate) async fn hold(&mut self) {
        self.process.command(&json!({ "do": "hold" }));
        self.watch.until("the end of sending", |told| matches!(told, Told::Held).then_some(())).await;
    }
}

/// Queries. Events before the answer are skipped.
impl PackageNode {
    pub(crate) async fn peer(&mut self, identifier: PeerId) -> Option<(Address, Status)> {
        self.process.command(&json!({ "do": "peer", "identifier": identifier }));
        let answer = |told: &Told| match told {
            Told::Peer { peer } => Some(peer.clone().map(address_and_status)),
            _ => None,
        };
        self.watch.until("a peer's record", answer).await
    }

    pub(crate) async fn peers(&mut self) -> Vec<(Address, Status)> {
        self.process.command(&json!({ "do": "peers" }));
        let answer = |told: &Told| match told {
            Told::Peers { peers } => Some(peers.iter().cloned().map(address_and_status).collect()),
            _ => None,
        };
        self.watch.until("the list of peers", answer).await
    }

    pub(crate) async fn queue(&mut self) -> Vec<Value> {
        self.process.command(&json!({ "do": "queue" }));
        let answer = |told: &Told| match told {
            Told::Queue { messages } => Some(messages.clone()),
            _ => None,
        };
        self.watch.until("the queue", answer).await
    }
}

/// Waiting for an event of a kind. Earlier events are skipped.
impl PackageNode {
    /// Returns the sender.
    pub(crate) async fn until_received(&mut self, wanted: &Value) -> Address {
        let received = |told: &Told| match told {
            Told::Received { message, sender } if message == wanted => Some(sender.clone()),
            _ => None,
        };
        self.watch.until(&format!("the message {wanted}"), received).await
    }

    pub(crate) async fn until_discovered(&mut self, wanted: &Address) {
        let discovered = |told: &Told| match told {
            Told::Discovered { peer } => (peer.address == *wanted).then_some(()),
            _ => None,
        };
        self.watch.until(&format!("the peer {wanted}"), discovered).await;
    }

    pub(crate) async fn until_status(&mut self, of: &Address, wanted: Status) {
        let updated = |told: &Told| match told {
            Told::Updated { peer } => (peer.address == *of && peer.status == wanted).then_some(()),
            _ => None,
        };
        self.watch.until(&format!("the {wanted} peer {of}"), updated).await;
    }
}

fn address_and_status(peer: KnownPeer) -> (Address, Status) {
    (peer.address, peer.status)
}
