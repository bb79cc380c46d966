//! The JSON lines that `clacks node` writes about a node of clacks, besides its events.

use std::{net::SocketAddr, time::Duration};

use clacks_p2p::{Address, Node, core::CertificateFingerprint, node::Unsent};
use serde::Serialize;

use clacks_text::escape::escaped_json;

pub(crate) mod answers;
pub(crate) mod any_network;

use clacks_p2p_feed::json::parts::{Millis, Waiting};

/// One line of output: a JSON object that starts with the event's name and its time.
#[derive(Debug)]
pub(crate) struct Record(String);

impl Record {
    /// Serializes a struct as one record.
    pub(crate) fn of(object: &impl Serialize) -> Self {
        // Nothing that is written here fails: no maps, and messages are valid JSON.
        Self(serde_json::to_string(object).unwrap_or_default())
    }

    /// Serializes the event's name, the time in Unix milliseconds and the fields of a struct.
    pub(crate) fn new(event: &str, time: u64, fields: impl Serialize) -> Self {
        #[derive(Serialize)]
        struct Named<'a, T> {
            event: &'a str,
            time: u64,
            #[serde(flatten)]
            fields: T,
        }
        Self::of(&Named { event, time, fields })
    }

    /// The line without its line end. Control and hidden characters are escaped, so a terminal can show it.
    pub(crate) fn into_line(self) -> String {
        escaped_json(&self.0).into_owned()
    }
}

/// The first record: the node's address, listening sockets and certificate.
pub(crate) fn ready(node: &Node) -> Record {
    #[derive(Serialize)]
    struct Ready<'a> {
        address: Address,
        listens_on: &'a [SocketAddr],
        certificate: CertificateFingerprint,
    }
    let (address, listens_on) = (node.address(), node.listens_on());
    Record::new("ready", node.now().unix_ms, Ready { address, listens_on, certificate: node.certificate() })
}

/// The drain of unsent messages has started and takes at most `within`. `time` is Unix time in milliseconds.
pub(crate) fn handing_on(time: u64, messages: usize, within: Duration) -> Record {
    #[derive(Serialize)]
    struct HandingOn {
        messages: usize,
        within_ms: Millis,
    }
    Record::new("handing_on", time, HandingOn { messages, within_ms: Millis(within) })
}

/// The drain of unsent messages has ended. `messages` is the number at its start, `left` the number that was not
/// delivered, `told` the summary for people. `time` is Unix time in milliseconds.
pub(crate) fn handed_on(time: u64, messages: usize, left: usize, told: &str) -> Record {
    #[derive(Serialize)]
    struct HandedOn<'a> {
        messages: usize,
        left: usize,
        text: &'a str,
    }
    let messages = messages.saturating_sub(left);
    Record::new("handed_on", time, HandedOn { messages, left, text: told })
}

/// The last record: the messages that are lost unless the reader saves them. `time` is Unix time in milliseconds.
pub(crate) fn stopped(time: u64, remaining: &Unsent) -> Record {
    #[derive(Serialize)]
    struct Stopped {
        queue: Vec<Waiting>,
        held: Vec<Waiting>,
    }
    let queue = remaining.messages.iter().map(Waiting::from).collect();
    let held = remaining.held.iter().map(Waiting::from).collect();
    Record::new("stopped", time, Stopped { queue, held })
}

/// A duration in milliseconds: see [`Millis`].
pub(crate) fn millis(time: Duration) -> f64 {
    Millis(time).into()
}

#[cfg(test)]
mod tests;
