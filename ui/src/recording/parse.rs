//! From a line of a recording to what it tells. Whoever wrote the file may have been anybody, so nothing is taken on
//! trust: not an address, not a number, not a message.

use std::{collections::BTreeSet, net::IpAddr, time::Duration};

use clacks_p2p::{
    Address,
    core::{Counters, Event, HeldMessage, Now, Peer, PeerCounts, QueuedMessage},
};
use serde::Deserialize;

use super::VERSION;

mod events;
mod fields;
mod values;

use fields::Fields;
use values::duration;

/// What is said of a file of any other kind.
const NO_RECORDING: &str = "this is not a recording; :record and --record make one";

/// How every recording begins, whatever its version.
pub(super) const BEGINNING: &str = r#"{"clacks":"recording","version":"#;

/// What one line tells.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Line {
    Header(Box<Holdings>),
    Snapshot(Box<Holdings>),
    Event(Event),
    /// A kind of line that a later version came to write.
    Unknown,
    End,
}

/// What the node knew and held.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Holdings {
    /// Where others found it; only in the first line.
    pub(super) address: Option<Address>,
    pub(super) send_rate: f64,
    pub(super) queued: usize,
    pub(super) in_flight: usize,
    pub(super) held_bytes: usize,
    pub(super) next_send: Option<Duration>,
    pub(super) peer_counts: PeerCounts,
    pub(super) counters: Counters,
    pub(super) peers: Vec<Peer>,
    pub(super) queue: Vec<QueuedMessage>,
    pub(super) held_in_all: usize,
    pub(super) held: Vec<HeldMessage>,
    /// Messages that are on their way, and whom each goes to.
    pub(super) under_way: Vec<(Address, QueuedMessage)>,
    pub(super) hold_rule: Option<String>,
    pub(super) ignored_remotes: BTreeSet<IpAddr>,
}

/// Reads the first line of a file.
pub(super) fn header(line: &str) -> Result<(Now, Line), String> {
    #[derive(Deserialize)]
    struct Kind {
        clacks: String,
        version: u64,
    }
    let kind: Kind = serde_json::from_str(line).map_err(|_| NO_RECORDING.to_owned())?;
    if kind.clacks != "recording" {
        return Err(NO_RECORDING.to_owned());
    }
    if kind.version != VERSION {
        let version = kind.version;
        return Err(format!("the recording is of version {version}; this program reads version {VERSION}"));
    }
    self::line(line)
}

/// Reads a line that tells of an event or of the recording itself.
pub(super) fn line(line: &str) -> Result<(Now, Line), String> {
    let fields: Fields = serde_json::from_str(line).map_err(|error| said(&error))?;
    let now = Now { uptime: duration(fields.uptime_ms)?, unix_ms: fields.time };
    let told = match (fields.event.as_deref(), fields.clacks.as_deref()) {
        (Some(name), None) => {
            let name = name.to_owned();
            fields.event(&name)?.map_or(Line::Unknown, Line::Event)
        }
        (None, Some("recording")) => Line::Header(Box::new(fields.held()?)),
        (None, Some("snapshot")) => Line::Snapshot(Box::new(fields.held()?)),
        (None, Some("end")) => Line::End,
        (None, Some(_)) => Line::Unknown,
        _ => return Err("the line tells of nothing that is known".to_owned()),
    };
    Ok((now, told))
}

/// What is wrong with the JSON, without the number of the line, which is always 1 here.
fn said(error: &serde_json::Error) -> String {
    let said = error.to_string();
    let place = format!(" at line {} column {}", error.line(), error.column());
    format!("column {}: {}", error.column(), said.strip_suffix(&place).unwrap_or(&said))
}
