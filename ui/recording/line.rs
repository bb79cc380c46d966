//! The lines of a recording that are not events.

use std::{net::IpAddr, time::Duration};

use clacks_p2p::{
    Address,
    core::{Counters, Now, Options, PeerCounts, QueuedMessage},
    node::Snapshot,
};
use clacks_source::json::{Kept, Listed, Named, Record, Waiting, millis};
use serde::Serialize;

use super::VERSION;

/// The first line of a file.
pub fn header(snapshot: &Snapshot, options: &Options) -> Record {
    let started = snapshot.now.unix_ms.saturating_sub(snapshot.now.uptime.as_millis() as u64);
    Record::default()
        .with("clacks", "recording")
        .with("version", VERSION)
        .with("time", snapshot.now.unix_ms)
        .with("uptime_ms", millis(snapshot.now.uptime))
        .with("program", concat!("clacks ", env!("CARGO_PKG_VERSION")))
        .with("started", started)
        .with("address", Named::from(&snapshot.overview.address))
        .with("options", Behaviour::from(options))
        .with("snapshot", Holdings::from(snapshot))
}

/// What the node knows and holds, where the events before it do not tell.
pub fn snapshot(snapshot: &Snapshot) -> Record {
    of_the_file("snapshot", snapshot.now).with("snapshot", Holdings::from(snapshot))
}

/// The last line of a recording that was ended and not cut off.
pub fn end(now: Now) -> Record {
    of_the_file("end", now)
}

fn of_the_file(what: &str, now: Now) -> Record {
    Record::default().with("clacks", what).with("time", now.unix_ms).with("uptime_ms", millis(now.uptime))
}

/// The options of the node, for who reads the file.
#[derive(Serialize)]
struct Behaviour {
    send_rate: f64,
    kill_timeout_ms: f64,
    max_in_flight: usize,
    max_in_flight_per_peer: usize,
    max_queue_messages: usize,
    max_queue_bytes: usize,
    max_peers: usize,
    max_new_peers: usize,
    introductions_per_minute: u32,
    introductions_burst: u32,
    payload_rate: f64,
    payload_burst: u32,
    max_depth: usize,
}

impl From<&Options> for Behaviour {
    fn from(options: &Options) -> Self {
        Self {
            send_rate: options.send_rate,
            kill_timeout_ms: millis(options.kill_timeout),
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

/// What the node knew and held.
#[derive(Serialize)]
struct Holdings<'a> {
    send_rate: f64,
    queued: usize,
    in_flight: usize,
    held_bytes: usize,
    next_send_ms: Option<f64>,
    peer_counts: PeerCounts,
    counters: Counters,
    peers: Vec<Listed<'a>>,
    queue: Vec<Waiting<'a>>,
    held_in_all: usize,
    held: Vec<Kept<'a>>,
    under_way: Vec<OnItsWay<'a>>,
    hold_rule: Option<&'a str>,
    ignored_remotes: &'a [IpAddr],
}

impl<'a> From<&'a Snapshot> for Holdings<'a> {
    fn from(snapshot: &'a Snapshot) -> Self {
        let overview = &snapshot.overview;
        Self {
            send_rate: overview.send_rate,
            queued: overview.queued,
            in_flight: overview.in_flight,
            held_bytes: overview.held_bytes,
            next_send_ms: overview.next_send.map(|at: Duration| millis(at)),
            peer_counts: overview.peers,
            counters: overview.counters,
            peers: snapshot.peers.iter().map(Listed::from).collect(),
            queue: snapshot.queue.iter().map(Waiting::from).collect(),
            held_in_all: overview.held,
            held: snapshot.held.iter().map(Kept::from).collect(),
            under_way: snapshot.under_way.iter().map(OnItsWay::from).collect(),
            hold_rule: snapshot.hold_rule.as_deref(),
            ignored_remotes: &snapshot.ignored_remotes,
        }
    }
}

/// A message that is on its way, and whom it goes to.
#[derive(Serialize)]
struct OnItsWay<'a> {
    to: Named<'a>,
    #[serde(flatten)]
    queued: Waiting<'a>,
}

impl<'a> From<&'a (Address, QueuedMessage)> for OnItsWay<'a> {
    fn from((to, queued): &'a (Address, QueuedMessage)) -> Self {
        Self { to: Named::from(to), queued: Waiting::from(queued) }
    }
}
