//! Parses the lines of a recording. The file is untrusted input, so every address, number and message is validated.

use std::{collections::BTreeSet, net::IpAddr, time::Duration};

use clacks_p2p::{
    Address,
    core::{Counters, Event, HeldMessage, Now, Peer, PeerCounts, QueuedMessage},
};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::{MAX_LINE, VERSION, line, timed::Timed};
use crate::{
    event::kinds::EventLine,
    json::parts::{Millis, Named, Wrong, reason},
};

/// First characters of every recording, whatever its version.
pub const BEGINNING: &str = r#"{"clacks":"recording","version":"#;

/// Why a line of a recording is invalid. `Display` writes a reason for the user.
#[derive(Debug, thiserror::Error)]
pub enum LineError {
    /// The file is of another kind.
    #[error("this is not a recording; :record and --record make one")]
    NotARecording,
    /// The recording has another format version.
    #[error("the recording is of version {0}; this program reads version {VERSION}")]
    Version(u64),
    /// The file has no line.
    #[error("the file is empty")]
    Empty,
    /// The first line is no header.
    #[error("the line is no beginning of a recording")]
    NotAHeader,
    /// The header does not name the address of the node.
    #[error("the address of the node is missing")]
    NoAddress,
    /// The line exceeds 128 MiB.
    #[error("the line is longer than {} MiB", MAX_LINE >> 20)]
    TooLong,
    /// The line is not UTF-8.
    #[error("the line is not UTF-8 text")]
    NotUtf8,
    /// The line is not JSON, or a field has the wrong type.
    #[error("{}", reason(.0))]
    Json(#[from] serde_json::Error),
    /// A field is missing, or has a value that no node has.
    #[error("{0}")]
    Value(String),
    /// The line is neither an event nor one of the file.
    #[error("the line tells of nothing that is known")]
    UnknownKind,
}

impl From<Wrong> for LineError {
    fn from(wrong: Wrong) -> Self {
        Self::Value(wrong.into())
    }
}

/// One parsed line.
#[derive(Debug, Clone, PartialEq)]
pub enum Line {
    /// The first line of a file, with the node's state.
    Header(Box<Holdings>),
    /// The node's state after missed events.
    Snapshot(Box<Holdings>),
    /// An event.
    Event(Event),
    /// A kind of line that this version does not know.
    Unknown,
    /// The last line of a recording that ended normally.
    End,
}

/// State of the node in a header or snapshot line.
#[derive(Debug, Clone, PartialEq)]
pub struct Holdings {
    /// Address where other nodes reach the node. Present only in a header.
    pub address: Option<Address>,
    /// Messages sent per second.
    pub send_rate: f64,
    /// Number of messages in the queue, including those not listed.
    pub queued: usize,
    /// Number of messages being sent.
    pub in_flight: usize,
    /// Total size in bytes of all messages that the node has.
    pub held_bytes: usize,
    /// Uptime at which the next message is due; `None` if none is scheduled.
    pub next_send: Option<Duration>,
    /// Number of peers of each status.
    pub peer_counts: PeerCounts,
    /// Counts of events since the node started.
    pub counters: Counters,
    /// The listed peers.
    pub peers: Vec<Peer>,
    /// The listed messages of the queue.
    pub queue: Vec<QueuedMessage>,
    /// Number of held messages, including those not listed.
    pub held_in_all: usize,
    /// The listed held messages.
    pub held: Vec<HeldMessage>,
    /// Messages being sent, each with its receiver.
    pub under_way: Vec<(Address, QueuedMessage)>,
    /// The filter that holds messages, as text; `None` without one.
    pub hold_rule: Option<String>,
    /// IP addresses whose connections are closed.
    pub ignored_remotes: BTreeSet<IpAddr>,
    /// The options of the node. Present only in a header.
    pub(super) options: Option<line::Behaviour>,
}

/// Parses the first line of a file.
pub fn header(line: &str) -> Result<(Now, Line), LineError> {
    #[derive(Deserialize)]
    struct Kind {
        clacks: String,
        version: u64,
    }
    let kind: Kind = serde_json::from_str(line).map_err(|_| LineError::NotARecording)?;
    if kind.clacks != "recording" {
        return Err(LineError::NotARecording);
    }
    if kind.version != VERSION {
        return Err(LineError::Version(kind.version));
    }
    self::line(line)
}

/// Parses any line. A line that begins with its event's name, as every line that was written, is read once.
pub fn line(line: &str) -> Result<(Now, Line), LineError> {
    if line.trim_start().starts_with(r#"{"event":"#) {
        let Timed { now, event } = serde_json::from_str(line)?;
        return Ok((now, event.map_or(Ok(Line::Unknown), of_event)?));
    }
    let Any { event, clacks, time, uptime_ms, address, options, snapshot } = serde_json::from_str(line)?;
    let now = Now { uptime: uptime_ms.0, unix_ms: time };
    let holdings = || -> Result<_, LineError> {
        Ok(Box::new(Holdings { options: options_of(options), ..holdings(address, snapshot)? }))
    };
    let told = match (event.as_deref(), clacks.as_deref()) {
        (Some(name), None) => EventLine::read(name, line)?.map_or(Ok(Line::Unknown), of_event)?,
        (None, Some("recording")) => holdings().map(Line::Header)?,
        (None, Some("snapshot")) => holdings().map(Line::Snapshot)?,
        (None, Some("end")) => Line::End,
        (None, Some(_)) => Line::Unknown,
        _ => return Err(LineError::UnknownKind),
    };
    Ok((now, told))
}

/// Options are shown and nothing else, so those that cannot be read are unknown.
fn options_of(json: Option<Box<RawValue>>) -> Option<line::Behaviour> {
    serde_json::from_str(json?.get()).ok()
}

fn of_event(read: EventLine) -> Result<Line, LineError> {
    Ok(read.event()?.map_or(Line::Unknown, Line::Event))
}

/// The fields of every kind of line. `clacks` and `event` say which of them it has.
#[derive(Deserialize)]
struct Any {
    event: Option<String>,
    clacks: Option<String>,
    time: u64,
    uptime_ms: Millis,
    address: Option<Named>,
    options: Option<Box<RawValue>>,
    snapshot: Option<line::HoldingsJson>,
}

/// What the node knew and held.
fn holdings(address: Option<Named>, snapshot: Option<line::HoldingsJson>) -> Result<Holdings, Wrong> {
    let snapshot = snapshot.ok_or_else(|| Wrong::field("snapshot"))?;
    Ok(Holdings {
        options: None,
        address: address.map(|Named(address)| address),
        send_rate: snapshot.send_rate.0,
        queued: snapshot.queued as usize,
        in_flight: snapshot.in_flight as usize,
        held_bytes: usize::try_from(snapshot.held_bytes).unwrap_or(usize::MAX),
        next_send: snapshot.next_send_ms.map(|Millis(time)| time),
        peer_counts: snapshot.peer_counts.into(),
        counters: snapshot.counters.into(),
        peers: snapshot.peers.into_iter().map(Peer::from).collect(),
        queue: snapshot.queue.into_iter().map(QueuedMessage::from).collect(),
        held_in_all: snapshot.held_in_all as usize,
        held: snapshot.held.into_iter().map(HeldMessage::try_from).collect::<Result<_, _>>()?,
        under_way: snapshot.under_way.into_iter().map(TryFrom::try_from).collect::<Result<_, Wrong>>()?,
        hold_rule: snapshot.hold_rule,
        ignored_remotes: snapshot.ignored_remotes.into_iter().collect(),
    })
}
