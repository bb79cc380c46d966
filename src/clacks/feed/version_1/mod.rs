//! Recordings of version 1, which only clacks has: the lines, and the state of the node that follows from them.
//!
//! The first line is a header with a snapshot of the node's state. Each further line is one event, with all fields of its
//! peers and with the time of both of the node's clocks. It does not say which rows the event changed, so
//! [`ReplayedNode`] derives the state from the events.

pub mod line;
pub mod parse;
mod play;
#[cfg(any(test, feature = "testing"))]
#[allow(clippy::unwrap_used, clippy::missing_panics_doc, missing_docs, reason = "only tests call it")]
pub mod scripted;
mod state;
#[cfg(test)]
mod tests;
mod timed;

use clacks_feed::escape::escaped_json;
use clacks_p2p::core::{Event, Now};
use serde::Serialize;

use crate::event::kinds::Written;

pub use self::{parse::LineError, play::Version1, state::ReplayedNode};

/// The version of the format.
pub const VERSION: u64 = 1;

/// The longest line in bytes. The longest that was written begins a file: 20,000 peers and 8 MiB of messages, with the
/// characters of the messages escaped at worst.
pub const MAX_LINE: usize = 128 << 20;

/// The line of an event, with all fields of its peers.
pub fn recorded(event: &Event, now: Now) -> String {
    to_line(&Written::full(event, now))
}

/// A struct as one line of JSON that a terminal can show.
fn to_line(object: &impl Serialize) -> String {
    // Nothing that is written here fails: no maps, and messages are valid JSON.
    escaped_json(&serde_json::to_string(object).unwrap_or_default()).into_owned()
}
