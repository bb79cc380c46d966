//! What a program reads: the lines that `clacks node` writes and that a recording holds.

use std::time::Duration;

use clacks_p2p::{
    Node,
    core::{Event, Now},
    node::Remaining,
};
use serde::Serialize;

use crate::text::escape::escaped_json;

pub(crate) mod answers;
pub(crate) mod events;
mod failure;
pub(crate) mod parts;

use events::Written;
use parts::{Millis, Waiting};

/// One line of output: a JSON object that begins with what happened and when.
#[derive(Debug)]
pub(crate) struct Record(String);

impl Record {
    /// What this struct has, which is written as an object with at least one field.
    pub(crate) fn of(object: &impl Serialize) -> Self {
        Self(text(object))
    }

    fn new(event: &str, time: u64) -> Self {
        #[derive(Serialize)]
        struct Beginning<'a> {
            event: &'a str,
            time: u64,
        }
        Self::of(&Beginning { event, time })
    }

    /// One with this field behind the others.
    fn with(self, name: &'static str, value: impl Serialize) -> Self {
        let Self(mut object) = self;
        object.pop();
        Self(object + &format!(",\"{name}\":{}}}", text(&value)))
    }

    /// The line, without its end. It is safe to show on a terminal.
    pub(crate) fn into_line(self) -> String {
        escaped_json(&self.0).into_owned()
    }
}

/// The first record: where the node is found.
pub(crate) fn ready(node: &Node) -> Record {
    Record::new("ready", node.now().unix_ms)
        .with("address", node.address())
        .with("listens_on", node.listens_on())
        .with("certificate", node.certificate())
}

/// Messages that only this node has are handed on before it stops, for so long at most.
pub(crate) fn handing_on(time: u64, messages: usize, within: Duration) -> Record {
    Record::new("handing_on", time).with("messages", messages).with("within_ms", millis(within))
}

/// How that went.
pub(crate) fn handed_on(time: u64, messages: usize, left: usize, told: &str) -> Record {
    Record::new("handed_on", time)
        .with("messages", messages.saturating_sub(left))
        .with("left", left)
        .with("text", told)
}

/// The last record: what is lost unless somebody keeps it.
pub(crate) fn stopped(time: u64, remaining: &Remaining) -> Record {
    let queue: Vec<_> = remaining.messages.iter().map(Waiting::from).collect();
    let held: Vec<_> = remaining.held.iter().map(Waiting::from).collect();
    Record::new("stopped", time).with("queue", queue).with("held", held)
}

/// What happened at the node, in brief.
pub(crate) fn happened(event: &Event, time: u64) -> Record {
    Record::of(&Written::brief(event, time))
}

/// What happened at the node, with all that is known of the peers and the time on both clocks.
pub(crate) fn recorded(event: &Event, now: Now) -> Record {
    Record::of(&Written::full(event, now))
}

/// The JSON text of a value that has one.
fn text(value: &impl Serialize) -> String {
    // Nothing that is written here fails: no maps, and messages are valid JSON.
    serde_json::to_string(value).unwrap_or_else(|_| "null".to_owned())
}

/// In milliseconds: see [`Millis`].
pub(crate) fn millis(time: Duration) -> f64 {
    Millis(time).into()
}

#[cfg(test)]
mod tests;
