//! Helpers for tests of a whole node: a raw TLS client, a scripted peer, and waiting for events.
#![allow(dead_code, unused_imports, reason = "each test target uses its own part")]

pub(crate) mod certificate;
mod client;
mod panics;
mod peer;
pub(crate) mod process;
mod proxy;
mod tls;
mod wait;

pub(crate) use client::{Answer, Client};
pub(crate) use panics::assert_no_task_panicked;
pub(crate) use peer::{FakePeer, Received, Reply, Stats};
pub(crate) use proxy::{Done, Fault, Proxy};
pub(crate) use tls::{acceptor, connector};
pub(crate) use wait::{Watch, eventually, in_time};

use clacks_p2p::{Address, Builder, Message, Node};

/// A node on a free loopback port that sends fast enough for tests.
pub(crate) fn builder() -> Builder {
    panics::watch_for_them();
    Node::builder().hostname("127.0.0.1").port(0).send_rate(1000.0)
}

pub(crate) async fn start(builder: Builder) -> Node {
    builder.start().await.expect("the node starts")
}

/// Stops the node. Returns its remaining messages.
pub(crate) async fn stop(node: &Node) -> Vec<Message> {
    let remaining = in_time("the node stops", node.stop()).await;
    remaining.messages.into_iter().map(|queued| queued.message).collect()
}

/// Appends a message that is a string to the queue.
pub(crate) fn enqueue(node: &Node, text: &str) {
    node.enqueue(Message::text(text)).expect("there is room");
}

/// The address with this hostname and port.
pub(crate) fn address(hostname: &str, port: u16) -> Address {
    Address::new(hostname, port).expect("a valid address")
}

/// The body of a payload of type "message". The message is JSON.
pub(crate) fn payload(sender: &Address, message: &str) -> String {
    payload_of("message", sender, message)
}

/// The body of a payload of any type.
pub(crate) fn payload_of(kind: &str, sender: &Address, message: &str) -> String {
    format!(r#"{{"message":{message},"type":"{kind}","sender":{}}}"#, in_json(sender))
}

/// An address in JSON.
pub(crate) fn in_json(address: &Address) -> String {
    format!(r#"{{"hostname":"{}","port":{}}}"#, address.hostname(), address.port())
}
