//! The state of a node at one time, for display, recording or saving.

use std::{net::IpAddr, time::Duration};

use serde::Serialize;

use crate::{
    core::{Core, Counters, HeldMessage, Now, Peer, PeerCounts, QueuedMessage},
    protocol::Address,
};

/// A summary of a node.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Overview {
    /// Its address.
    pub address: Address,
    /// Time since it started.
    pub uptime: Duration,
    /// Maximum messages sent per second.
    pub send_rate: f64,
    /// Queued messages.
    pub queued: usize,
    /// Messages in flight.
    pub in_flight: usize,
    /// Held messages.
    pub held: usize,
    /// Bytes of JSON text of all these messages.
    pub held_bytes: usize,
    /// Whether the node is draining, and refuses messages.
    #[serde(rename = "is_handing_on")]
    pub is_draining: bool,
    /// Peers by status.
    pub peers: PeerCounts,
    /// Candidates for the next message, by status: peers that are not busy.
    pub free_peers: PeerCounts,
    /// Whether only verified peers are candidates, because the last message went to an unverified one.
    #[serde(rename = "is_for_proven")]
    pub verified_only: bool,
    /// Uptime of the next send; `None` while there is no message or no free receiver.
    pub next_send: Option<Duration>,
    /// Totals since the start.
    pub counters: Counters,
}

/// The state of a node at one time, for display or recording.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Snapshot {
    /// The summary.
    pub overview: Overview,
    /// The time on both clocks of the node.
    pub now: Now,
    /// Peers, sorted by status and address, up to the limit.
    pub peers: Vec<Peer>,
    /// Queued messages, head first, up to the limit.
    pub queue: Vec<QueuedMessage>,
    /// Held messages, sorted by id, up to the limit.
    pub held: Vec<HeldMessage>,
    /// Messages in flight with their receivers, up to the limit.
    pub under_way: Vec<(Address, QueuedMessage)>,
    /// The text of the hold rule, if there is one.
    pub hold_rule: Option<String>,
    /// The ignored remote IP addresses, sorted, up to the limit on peers.
    pub ignored_remotes: Vec<IpAddr>,
}

/// The maximum size of a [`Snapshot`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct SnapshotLimits {
    /// Maximum peers.
    pub peers: usize,
    /// Maximum messages in each list: queued, held and in flight.
    pub messages: usize,
    /// Maximum bytes of JSON text of these messages.
    pub bytes: usize,
}

/// The messages that a stopped node still had. They are lost unless the caller saves them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Unsent {
    /// The queue, head first. Messages that were in flight are at its end.
    pub messages: Vec<QueuedMessage>,
    /// The held messages, sorted by id.
    pub held: Vec<HeldMessage>,
}

impl Overview {
    /// A node that just started, without peers and messages.
    pub fn new(address: Address) -> Self {
        Self {
            address,
            uptime: Duration::ZERO,
            send_rate: 1.0,
            queued: 0,
            in_flight: 0,
            held: 0,
            held_bytes: 0,
            is_draining: false,
            peers: PeerCounts::default(),
            free_peers: PeerCounts::default(),
            verified_only: false,
            next_send: None,
            counters: Counters::default(),
        }
    }

    /// The summary of a state machine after `uptime`.
    pub fn of(core: &Core, uptime: Duration) -> Self {
        Self {
            uptime,
            send_rate: core.options().send_rate,
            queued: core.queue_len(),
            in_flight: core.in_flight(),
            held: core.held_len(),
            is_draining: core.is_draining(),
            held_bytes: core.held_bytes(),
            peers: core.peer_counts(),
            free_peers: core.free_peers(),
            verified_only: core.next_is_verified_only(),
            next_send: core.poll_timeout(),
            counters: core.counters(),
            ..Self::new(core.address().clone())
        }
    }
}

impl Snapshot {
    /// A snapshot without peers and messages.
    pub fn new(overview: Overview, now: Now) -> Self {
        Self {
            overview,
            now,
            peers: Vec::new(),
            queue: Vec::new(),
            held: Vec::new(),
            under_way: Vec::new(),
            hold_rule: None,
            ignored_remotes: Vec::new(),
        }
    }
}

impl SnapshotLimits {
    /// Limits on the number of peers, the number of messages in each list, and the bytes of messages.
    pub const fn new(peers: usize, messages: usize, bytes: usize) -> Self {
        Self { peers, messages, bytes }
    }
}
