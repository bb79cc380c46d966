//! From a line of a recording to what it tells. Whoever wrote the file may have been anybody, so nothing is taken on
//! trust: not an address, not a number, not a message.

use std::{collections::BTreeSet, net::IpAddr, time::Duration};

use clacks_p2p::{
    Address,
    core::{Counters, Event, HeldMessage, Now, Peer, PeerCounts, QueuedMessage},
};
use serde::Deserialize;

use super::{VERSION, line};
use clacks_source::json::{
    events::EventLine,
    parts::{Millis, Named, Wrong, reason},
};

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
    let Beginning { event, clacks, time, uptime_ms } = read(line)?;
    let now = Now { uptime: uptime_ms.0, unix_ms: time };
    let told = match (event.as_deref(), clacks.as_deref()) {
        (Some(name), None) => event_named(name, line)?.map_or(Line::Unknown, Line::Event),
        (None, Some("recording")) => Line::Header(Box::new(holdings(line)?)),
        (None, Some("snapshot")) => Line::Snapshot(Box::new(holdings(line)?)),
        (None, Some("end")) => Line::End,
        (None, Some(_)) => Line::Unknown,
        _ => return Err("the line tells of nothing that is known".to_owned()),
    };
    Ok((now, told))
}

/// What every line has. It says how the rest of the line is to be read.
#[derive(Deserialize)]
struct Beginning {
    event: Option<String>,
    clacks: Option<String>,
    time: u64,
    uptime_ms: Millis,
}

fn read<'a, T: Deserialize<'a>>(line: &'a str) -> Result<T, String> {
    serde_json::from_str(line).map_err(|error| reason(&error))
}

fn event_named(name: &str, line: &str) -> Result<Option<Event>, String> {
    let told = EventLine::read(name, line).map_err(|error| reason(&error))?;
    Ok(told.map(EventLine::event).transpose()?.flatten())
}

/// What the node knew and held.
fn holdings(line: &str) -> Result<Holdings, String> {
    #[derive(Deserialize)]
    struct Told {
        address: Option<Named>,
        snapshot: Option<line::Holdings>,
    }
    let Told { address, snapshot } = read(line)?;
    let snapshot = snapshot.ok_or_else(|| Wrong::field("snapshot"))?;
    Ok(Holdings {
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
