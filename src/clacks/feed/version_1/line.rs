//! Writes the lines of a recording that are not events.

use std::net::IpAddr;

use clacks_p2p::{
    core::{Now, Options},
    node::Snapshot,
};
use serde::{Deserialize, Serialize};

use super::{VERSION, to_line};
use crate::json::parts::{Counted, Counts, Millis, Named, Rate, Waiting, count};
use crate::peer::Listed;

/// The first line of a file: format version, program, options and the node's state.
pub fn header(snapshot: &Snapshot, options: &Options) -> String {
    let Now { uptime, unix_ms } = snapshot.now;
    to_line(&Header {
        clacks: "recording",
        version: VERSION,
        time: unix_ms,
        uptime_ms: Millis(uptime),
        program: concat!("clacks ", env!("CARGO_PKG_VERSION")),
        started: unix_ms.saturating_sub(uptime.as_millis() as u64),
        address: Named::from(&snapshot.overview.address),
        options: Behaviour::from(options),
        snapshot: HoldingsJson::from(snapshot),
    })
}

/// The node's state, after events that were missed.
pub fn snapshot(snapshot: &Snapshot) -> String {
    let holdings = Some(HoldingsJson::from(snapshot));
    to_line(&OfTheFile { snapshot: holdings, ..OfTheFile::new("snapshot", snapshot.now) })
}

/// The last line of a recording that ended normally.
pub fn end(now: Now) -> String {
    to_line(&OfTheFile::new("end", now))
}

#[derive(Serialize)]
struct Header {
    clacks: &'static str,
    version: u64,
    time: u64,
    uptime_ms: Millis,
    program: &'static str,
    started: u64,
    address: Named,
    options: Behaviour,
    snapshot: HoldingsJson,
}

#[derive(Serialize)]
struct OfTheFile {
    clacks: &'static str,
    time: u64,
    uptime_ms: Millis,
    #[serde(skip_serializing_if = "Option::is_none")]
    snapshot: Option<HoldingsJson>,
}

impl OfTheFile {
    fn new(clacks: &'static str, now: Now) -> Self {
        Self { clacks, time: now.unix_ms, uptime_ms: Millis(now.uptime), snapshot: None }
    }
}

/// The options of the node.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Behaviour {
    pub(super) send_rate: f64,
    pub(super) kill_timeout_ms: f64,
    pub(super) max_in_flight: usize,
    pub(super) max_in_flight_per_peer: usize,
    pub(super) max_queue_messages: usize,
    pub(super) max_queue_bytes: usize,
    pub(super) max_peers: usize,
    pub(super) max_new_peers: usize,
    pub(super) introductions_per_minute: u32,
    pub(super) introductions_burst: u32,
    pub(super) payload_rate: f64,
    pub(super) payload_burst: u32,
    pub(super) max_depth: usize,
}

impl From<&Options> for Behaviour {
    fn from(options: &Options) -> Self {
        Self {
            send_rate: options.send_rate,
            kill_timeout_ms: Millis(options.kill_timeout).into(),
            max_in_flight: options.max_in_flight,
            max_in_flight_per_peer: options.max_in_flight_per_peer,
            max_queue_messages: options.max_queue_messages,
            max_queue_bytes: options.max_queue_bytes,
            max_peers: options.max_peers,
            max_new_peers: options.max_new_peers,
            introductions_per_minute: options.introductions_per_minute,
            introductions_burst: options.introductions_burst,
            payload_rate: options.payload_rate,
            payload_burst: options.payload_burst,
            max_depth: options.max_depth,
        }
    }
}

/// State of the node, in the JSON form of a header or snapshot line.
#[derive(Serialize, Deserialize)]
pub(crate) struct HoldingsJson {
    /// Messages sent per second.
    pub(crate) send_rate: Rate,
    /// Number of messages in the queue, including those not listed.
    pub(crate) queued: u32,
    /// Number of messages being sent.
    pub(crate) in_flight: u32,
    /// Total size in bytes of all messages that the node has.
    pub(crate) held_bytes: u64,
    /// Uptime at which the next message is due, in milliseconds.
    pub(crate) next_send_ms: Option<Millis>,
    /// Number of peers of each status.
    pub(crate) peer_counts: Counts,
    /// Counts of events since the node started.
    pub(crate) counters: Counted,
    /// The listed peers.
    pub(crate) peers: Vec<Listed>,
    /// The listed messages of the queue.
    pub(crate) queue: Vec<Waiting>,
    /// Number of held messages, including those not listed.
    pub(crate) held_in_all: u32,
    /// The listed held messages.
    pub(crate) held: Vec<Waiting>,
    /// Messages being sent, each with its receiver.
    pub(crate) under_way: Vec<Waiting>,
    /// The filter that holds messages, as text; `None` without one.
    pub(crate) hold_rule: Option<String>,
    /// IP addresses whose connections are closed. Missing in older recordings.
    #[serde(default)]
    pub(crate) ignored_remotes: Vec<IpAddr>,
}

impl From<&Snapshot> for HoldingsJson {
    fn from(snapshot: &Snapshot) -> Self {
        let overview = &snapshot.overview;
        Self {
            send_rate: Rate(overview.send_rate),
            queued: count(overview.queued),
            in_flight: count(overview.in_flight),
            held_bytes: overview.held_bytes as u64,
            next_send_ms: overview.next_send.map(Millis),
            peer_counts: overview.peers.into(),
            counters: overview.counters.into(),
            peers: snapshot.peers.iter().map(Listed::from).collect(),
            queue: snapshot.queue.iter().map(Waiting::from).collect(),
            held_in_all: count(overview.held),
            held: snapshot.held.iter().map(Waiting::from).collect(),
            under_way: snapshot.under_way.iter().map(Waiting::from).collect(),
            hold_rule: snapshot.hold_rule.clone(),
            ignored_remotes: snapshot.ignored_remotes.clone(),
        }
    }
}
