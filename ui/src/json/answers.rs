//! Replies to input lines. In every function `time` is Unix time in milliseconds and `line` the number of the input
//! line.

use std::net::IpAddr;

use clacks_feed::description::Description;
use clacks_language::command::{
    Known,
    table::{Availability, COMMANDS},
};
use clacks_p2p::{
    Node,
    core::{HeldMessage, LimitCounts, Peer, PlaceShare, QueuedMessage},
    node::Overview,
};
use clacks_p2p_feed::json::parts::{Listed, Waiting};
use serde::Serialize;

use super::{Record, millis};
use crate::limits::{LimitSettings, MOST_PLACES};

/// The answer to a line of the input.
#[derive(Serialize)]
struct Answer<T> {
    line: u64,
    #[serde(flatten)]
    fields: T,
}

#[derive(Serialize)]
struct Text<'a> {
    text: &'a str,
}

#[derive(Serialize)]
struct Reason<'a> {
    reason: &'a str,
}

fn answer(time: u64, line: u64, fields: impl Serialize) -> Record {
    Record::new("reply", time, Answer { line, fields })
}

/// The reply to a command.
pub(crate) fn reply(time: u64, line: u64, text: &str) -> Record {
    answer(time, line, Text { text })
}

/// An error in an input line.
pub(crate) fn error(time: u64, line: u64, reason: &str) -> Record {
    Record::new("error", time, Answer { line, fields: Reason { reason } })
}

/// An error that no input line caused.
pub(crate) fn failed(time: u64, reason: &str) -> Record {
    Record::new("error", time, Reason { reason })
}

/// The reply to `:peers`.
pub(crate) fn peers(time: u64, line: u64, peers: &[Peer], ignored_remotes: &[IpAddr]) -> Record {
    #[derive(Serialize)]
    struct Peers<'a> {
        peers: Vec<Listed>,
        ignored_remotes: &'a [IpAddr],
    }
    answer(time, line, Peers { peers: peers.iter().map(Listed::from).collect(), ignored_remotes })
}

/// The reply to `:queue`.
pub(crate) fn queue(time: u64, line: u64, queue: &[QueuedMessage]) -> Record {
    #[derive(Serialize)]
    struct Queue {
        queue: Vec<Waiting>,
    }
    answer(time, line, Queue { queue: queue.iter().map(Waiting::from).collect() })
}

/// The reply to `:held`.
pub(crate) fn held(time: u64, line: u64, held: &[HeldMessage]) -> Record {
    #[derive(Serialize)]
    struct Held {
        held: Vec<Waiting>,
    }
    answer(time, line, Held { held: held.iter().map(Waiting::from).collect() })
}

/// The reply to `:limits`.
pub(crate) fn limits(time: u64, line: u64, node: &Node) -> Record {
    #[derive(Serialize)]
    struct Told {
        limits: Limits,
        used: Used,
        met: LimitCounts,
        ignored_remotes: Vec<IpAddr>,
        places: Vec<PlaceShare>,
    }
    let overview = node.overview();
    let told = Told {
        limits: Limits::from(&LimitSettings::of(node)),
        used: Used::new(&overview, node.connections()),
        met: overview.counters.limits,
        ignored_remotes: node.ignored_remotes(),
        places: node.places(MOST_PLACES).0,
    };
    answer(time, line, told)
}

/// The settings of the limits.
#[derive(Serialize)]
struct Limits {
    max_connections: usize,
    max_connections_per_address: usize,
    connection_rate_per_address: u32,
    connection_rate: u32,
    handshake_timeout_ms: f64,
    header_timeout_ms: f64,
    body_timeout_ms: f64,
    answer_timeout_ms: f64,
    connect_timeout_ms: f64,
    request_timeout_ms: f64,
    max_body: usize,
    max_bodies: usize,
    payload_rate: f64,
    payload_burst: u32,
    max_queue_messages: usize,
    max_queue_bytes: usize,
    max_message_bytes: usize,
    max_in_flight: usize,
    introductions_per_minute: u32,
    introductions_burst: u32,
    max_new_peers: usize,
    max_peers: usize,
    contact_all: bool,
}

impl From<&LimitSettings> for Limits {
    fn from(LimitSettings { options, limits }: &LimitSettings) -> Self {
        Self {
            max_connections: limits.max_connections,
            max_connections_per_address: limits.max_connections_per_address,
            connection_rate_per_address: limits.connection_rate_per_address,
            connection_rate: limits.connection_rate,
            handshake_timeout_ms: millis(limits.handshake_timeout),
            header_timeout_ms: millis(limits.header_timeout),
            body_timeout_ms: millis(limits.body_timeout),
            answer_timeout_ms: millis(limits.answer_timeout),
            connect_timeout_ms: millis(limits.connect_timeout),
            request_timeout_ms: millis(limits.request_timeout),
            max_body: limits.max_body,
            max_bodies: limits.max_bodies,
            payload_rate: options.payload_rate,
            payload_burst: options.payload_burst,
            max_queue_messages: options.max_queue_messages,
            max_queue_bytes: options.max_queue_bytes,
            max_message_bytes: options.max_message_bytes,
            max_in_flight: options.max_in_flight,
            introductions_per_minute: options.introductions_per_minute,
            introductions_burst: options.introductions_burst,
            max_new_peers: options.max_new_peers,
            max_peers: options.max_peers,
            contact_all: limits.allow_private_addresses,
        }
    }
}

/// The current use of the limits.
#[derive(Serialize)]
struct Used {
    connections: usize,
    queue_messages: usize,
    queue_bytes: usize,
    in_flight: usize,
    new_peers: usize,
    peers: usize,
}

impl Used {
    fn new(overview: &Overview, connections: usize) -> Self {
        Self {
            connections,
            queue_messages: overview.queued + overview.in_flight + overview.held,
            queue_bytes: overview.held_bytes,
            in_flight: overview.in_flight,
            new_peers: overview.peers.new,
            peers: overview.peers.total(),
        }
    }
}

/// The reply to `:help` at a node of this network.
pub(crate) fn help(time: u64, line: u64, network: &Description) -> Record {
    #[derive(Serialize)]
    struct Described<'a> {
        command: String,
        does: &'a str,
    }
    #[derive(Serialize)]
    struct Help<'a> {
        commands: Vec<Described<'a>>,
    }
    impl<'a> From<Known<'a>> for Described<'a> {
        fn from(known: Known<'a>) -> Self {
            Self { command: known.usage(), does: known.help() }
        }
    }
    let for_keys = COMMANDS.iter().filter(|spec| spec.scope == Availability::KeyOnly).map(Known::Face);
    let all = Known::all(network).chain(for_keys);
    answer(time, line, Help { commands: all.map(Described::from).collect() })
}
