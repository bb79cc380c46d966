//! What a program reads: the lines that `clacks node` writes and that a recording holds.

use std::{net::SocketAddr, time::Duration};

use clacks_p2p::{
    Address, Node,
    core::{CertificateFingerprint, Event, Now},
    node::Unsent,
};
use serde::Serialize;

use clacks_text::escape::escaped_json;

pub mod answers;
pub mod events;
mod failure;
pub mod parts;

use events::Written;
use parts::{Millis, Waiting};

/// One line of output: a JSON object that begins with what happened and when.
#[derive(Debug)]
pub struct Record(String);

impl Record {
    /// What this struct has.
    pub fn of(object: &impl Serialize) -> Self {
        // Nothing that is written here fails: no maps, and messages are valid JSON.
        Self(serde_json::to_string(object).unwrap_or_default())
    }

    /// What happened and when, then what this struct has.
    fn new(event: &str, time: u64, fields: impl Serialize) -> Self {
        #[derive(Serialize)]
        struct Named<'a, T> {
            event: &'a str,
            time: u64,
            #[serde(flatten)]
            fields: T,
        }
        Self::of(&Named { event, time, fields })
    }

    /// The line, without its end. It is safe to show on a terminal.
    pub fn into_line(self) -> String {
        escaped_json(&self.0).into_owned()
    }
}

/// The first record: where the node is found.
pub fn ready(node: &Node) -> Record {
    #[derive(Serialize)]
    struct Ready<'a> {
        address: Address,
        listens_on: &'a [SocketAddr],
        certificate: CertificateFingerprint,
    }
    let (address, listens_on) = (node.address(), node.listens_on());
    Record::new("ready", node.now().unix_ms, Ready { address, listens_on, certificate: node.certificate() })
}

/// Messages that only this node has are handed on before it stops, for so long at most.
pub fn handing_on(time: u64, messages: usize, within: Duration) -> Record {
    #[derive(Serialize)]
    struct HandingOn {
        messages: usize,
        within_ms: Millis,
    }
    Record::new("handing_on", time, HandingOn { messages, within_ms: Millis(within) })
}

/// How that went.
pub fn handed_on(time: u64, messages: usize, left: usize, told: &str) -> Record {
    #[derive(Serialize)]
    struct HandedOn<'a> {
        messages: usize,
        left: usize,
        text: &'a str,
    }
    let messages = messages.saturating_sub(left);
    Record::new("handed_on", time, HandedOn { messages, left, text: told })
}

/// The last record: what is lost unless somebody keeps it.
pub fn stopped(time: u64, remaining: &Unsent) -> Record {
    #[derive(Serialize)]
    struct Stopped {
        queue: Vec<Waiting>,
        held: Vec<Waiting>,
    }
    let queue = remaining.messages.iter().map(Waiting::from).collect();
    let held = remaining.held.iter().map(Waiting::from).collect();
    Record::new("stopped", time, Stopped { queue, held })
}

/// What happened at the node, in brief.
pub fn happened(event: &Event, time: u64) -> Record {
    Record::of(&Written::brief(event, time))
}

/// What happened at the node, with all that is known of the peers and the time on both clocks.
pub fn recorded(event: &Event, now: Now) -> Record {
    Record::of(&Written::full(event, now))
}

/// In milliseconds: see [`Millis`].
pub fn millis(time: Duration) -> f64 {
    Millis(time).into()
}

#[cfg(test)]
mod tests;
