//! The answers to lines of the input.

use std::net::IpAddr;

use clacks_p2p::{
    Node,
    core::{HeldMessage, Peer, QueuedMessage},
    node::Overview,
};
use serde::Serialize;

use super::{
    Record, millis,
    parts::{Listed, Waiting},
};
use crate::{
    language::command::table::COMMANDS,
    source::{
        limits::{MOST_PLACES, Settings},
        peer_list::{Reading, parse::BadLine},
    },
};

/// The answer to the command that stood on this line of the input.
pub(crate) fn reply(time: u64, line: u64, text: &str) -> Record {
    Record::new("reply", time).with("line", line).with("text", text)
}

/// What is wrong with this line of the input.
pub(crate) fn error(time: u64, line: u64, reason: &str) -> Record {
    Record::new("error", time).with("line", line).with("reason", reason)
}

/// What went wrong that no line of the input asked for.
pub(crate) fn failed(time: u64, reason: &str) -> Record {
    Record::new("error", time).with("reason", reason)
}

/// What a list of peers had in it: its bad lines, then how much was read; or why it was not read.
pub(crate) fn peers_read(time: u64, reading: &Reading) -> Vec<Record> {
    let record = |event| Record::new(event, time).with("source", reading.source.to_string());
    let contents = match &reading.result {
        Ok(contents) => contents,
        Err(error) => return vec![record("peers_not_read").with("reason", error.to_string())],
    };
    let refused = |bad: &BadLine| {
        let record = record("peers_refused_line").with("line", bad.line);
        record.with("reason", bad.reason.to_string())
    };
    let read = record("peers_read").with("read", contents.read).with("new", contents.new);
    contents.reported.iter().map(refused).chain([read.with("bad", contents.bad)]).collect()
}

/// The answer to `:peers`.
pub(crate) fn peers(time: u64, line: u64, peers: &[Peer], ignored_remotes: &[IpAddr]) -> Record {
    let listed: Vec<_> = peers.iter().map(Listed::from).collect();
    let record = Record::new("reply", time).with("line", line).with("peers", listed);
    record.with("ignored_remotes", ignored_remotes)
}

/// The answer to `:queue`.
pub(crate) fn queue(time: u64, line: u64, queue: &[QueuedMessage]) -> Record {
    let waiting: Vec<_> = queue.iter().map(Waiting::from).collect();
    Record::new("reply", time).with("line", line).with("queue", waiting)
}

/// The answer to `:held`.
pub(crate) fn held(time: u64, line: u64, held: &[HeldMessage]) -> Record {
    let kept: Vec<_> = held.iter().map(Waiting::from).collect();
    Record::new("reply", time).with("line", line).with("held", kept)
}

/// The answer to `:limits`.
pub(crate) fn limits(time: u64, line: u64, node: &Node) -> Record {
    let overview = node.overview();
    Record::new("reply", time)
        .with("line", line)
        .with("limits", Limits::from(&Settings::of(node)))
        .with("used", Used::new(&overview, node.connections()))
        .with("met", overview.counters.limits)
        .with("ignored_remotes", node.ignored_remotes())
        .with("places", node.places(MOST_PLACES).0)
}

/// What the limits are set to.
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

impl From<&Settings> for Limits {
    fn from(Settings { options, limits }: &Settings) -> Self {
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
            contact_all: limits.contact_all,
        }
    }
}

/// How much of them is used.
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

/// The answer to `:help`.
pub(crate) fn help(time: u64, line: u64) -> Record {
    let described = |spec: &crate::language::command::table::Spec| Described {
        command: format!(":{} {}", spec.name, spec.argument).trim_end().to_owned(),
        does: spec.does,
    };
    let commands: Vec<_> = COMMANDS.iter().map(described).collect();
    Record::new("reply", time).with("line", line).with("commands", commands)
}

#[derive(Serialize)]
struct Described {
    command: String,
    does: &'static str,
}
