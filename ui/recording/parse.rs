//! From a line of a recording to what it tells. Whoever wrote the file may have been anybody, so nothing is taken on
//! trust: not an address, not a number, not a message.

use std::{collections::BTreeSet, net::IpAddr, time::Duration};

use clacks_p2p::{
    Address,
    core::{Counters, Event, HeldMessage, Now, Peer, PeerCounts, QueuedMessage},
};
use serde::Deserialize;

use super::VERSION;

pub mod events;
pub mod fields;
pub mod values;

use fields::Fields;
use values::duration;

/// What is said of a file of any other kind.
const NO_RECORDING: &str = "this is not a recording; :record and --record make one";

/// How every recording begins, whatever its version.
pub const BEGINNING: &str = r#"{"clacks":"recording","version":"#;

/// What one line tells.
#[derive(Debug, Clone, PartialEq)]
pub enum Line {
    Header(Box<Holdings>),
    Snapshot(Box<Holdings>),
    Event(Event),
    /// A kind of line that a later version came to write.
    Unknown,
    End,
}

/// What the node knew and held.
#[derive(Debug, Clone, PartialEq)]
pub struct Holdings {
    /// Where others found it; only in the first line.
    pub address: Option<Address>,
    pub send_rate: f64,
    pub queued: usize,
    pub in_flight: usize,
    pub held_bytes: usize,
    pub next_send: Option<Duration>,
    pub(crate) peer_counts: PeerCounts,
    pub counters: Counters,
    pub peers: Vec<Peer>,
    pub queue: Vec<QueuedMessage>,
    pub(crate) held_in_all: usize,
    pub held: Vec<HeldMessage>,
    /// Messages that are on their way, and whom each goes to.
    pub(crate) under_way: Vec<(Address, QueuedMessage)>,
    pub hold_rule: Option<String>,
    pub ignored_remotes: BTreeSet<IpAddr>,
}

/// Reads the first line of a file.
pub fn header(line: &str) -> Result<(Now, Line), String> {
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
pub fn line(line: &str) -> Result<(Now, Line), String> {
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
