//! The values of gauges and settings.

use std::time::Duration;

use clacks_feed::{Text, Value};
use clacks_p2p::{
    Node,
    core::{Core, Counters, Limit, Options, PeerCounts, Status},
    node::Limits,
};

use crate::commands::{HandingOn, UnsentCounts};

/// The values of the gauges, in the order of the description.
pub(crate) fn gauges(node: &Node, handing_on: &HandingOn) -> Vec<Value> {
    let connections = node.connections();
    node.read(|core| {
        let stop = handing_on.progress(UnsentCounts::of(core));
        gauges_of(&Figures { stop, ..figures_of(core, connections) })
    })
}

/// What the gauges are made of. `None`: it is unknown.
#[derive(Debug, Clone)]
pub struct Figures {
    /// Counters since the start.
    pub counters: Counters,
    /// Peers by status.
    pub peers: PeerCounts,
    /// Peers that can be sent to, by status.
    pub free: PeerCounts,
    /// Queued messages.
    pub queued: usize,
    /// Messages that are being sent.
    pub in_flight: usize,
    /// Held messages.
    pub held: usize,
    /// Bytes of all messages.
    pub held_bytes: usize,
    /// Maximum messages sent per second.
    pub send_rate: f64,
    /// Uptime of the next send.
    pub next_send: Option<Duration>,
    /// Filter by which messages are held.
    pub hold_rule: Option<Text>,
    /// Whether the next message goes to a peer that answered.
    pub verified_only: Option<bool>,
    /// Whether the node hands on its messages before it stops.
    pub draining: Option<bool>,
    /// Open inbound connections.
    pub connections: Option<usize>,
    /// Progress of stopping, while messages are handed on.
    pub stop: Option<StopProgress>,
}

/// How far the node has come with handing on messages before it stops.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StopProgress {
    /// Messages at the start.
    pub total: usize,
    /// Messages that were handed on.
    pub done: usize,
    /// Uptime at which it ends at the latest.
    pub ends: Duration,
}

/// The figures of a node with this number of open inbound connections, which is not stopping.
pub fn figures_of(core: &Core, connections: usize) -> Figures {
    Figures {
        counters: core.counters(),
        peers: core.peer_counts(),
        free: core.free_peers(),
        queued: core.queue_len(),
        in_flight: core.in_flight(),
        held: core.held_len(),
        held_bytes: core.held_bytes(),
        send_rate: core.options().send_rate,
        next_send: core.poll_timeout(),
        hold_rule: core.hold_rule().map(|rule| Text::new(rule.text())),
        verified_only: Some(core.next_is_verified_only()),
        draining: Some(core.is_draining()),
        connections: Some(connections),
        stop: None,
    }
}

/// The values of the gauges, in the order of the description.
pub fn gauges_of(figures: &Figures) -> Vec<Value> {
    let Figures { counters, peers, free, queued, in_flight, held, .. } = figures;
    let count = |count: usize| Value::Count(count as u64);
    let flag = |flag: Option<bool>| flag.map_or(Value::None, Value::Flag);
    let fixed = [
        Value::Count(counters.received),
        Value::Count(counters.delivered),
        Value::Count(counters.failed),
        Value::Count(counters.enqueued),
        Value::Count(counters.announces),
        Value::Count(counters.refused),
        count(*queued),
        count(*in_flight),
        count(*held),
        count(figures.held_bytes),
        // The distribution is made from the events.
        Value::None,
        Value::Number(figures.send_rate),
        figures.next_send.map_or(Value::None, Value::at),
        count(free.of(Status::New)),
        count(free.of(Status::Alive)),
        count(free.of(Status::Lost)),
        count(free.of(Status::Dead)),
        flag(figures.verified_only),
        figures.hold_rule.clone().map_or(Value::None, Value::text),
        flag(figures.draining),
        figures.connections.map_or(Value::None, count),
        count(peers.of(Status::New)),
        count(peers.total()),
        count(queued.saturating_add(*in_flight).saturating_add(*held)),
        figures.stop.map_or(Value::None, |stop| count(stop.total)),
        figures.stop.map_or(Value::None, |stop| count(stop.done)),
        figures.stop.map_or(Value::None, |stop| Value::at(stop.ends)),
    ];
    let met = Limit::ALL.map(|limit| Value::Count(counters.limits.of(limit)));
    fixed.into_iter().chain(met).collect()
}

/// The values of the settings, in the order of the description. A limit of 0 that stands for "no limit" has no value.
pub(crate) fn settings(node: &Node) -> Vec<Value> {
    settings_of(node.limits(), &node.options())
}

/// The values of the settings, in the order of the description.
pub fn settings_of(limits: &Limits, options: &Options) -> Vec<Value> {
    let count = |count: usize| Value::Count(count as u64);
    let unless_zero = |rate: f64| if rate == 0.0 { Value::None } else { Value::Number(rate) };
    let introductions = options.introductions_per_minute;
    vec![
        count(limits.max_connections),
        count(limits.max_connections_per_address),
        unless_zero(limits.connection_rate.into()),
        Value::Number(limits.connection_rate_per_address.into()),
        Value::text("none gets in".into()),
        Value::Took(limits.handshake_timeout),
        Value::Took(limits.header_timeout),
        Value::Took(limits.body_timeout),
        count(limits.max_body),
        count(limits.max_bodies),
        unless_zero(options.payload_rate),
        Value::Count(options.payload_burst.into()),
        count(options.max_queue_messages),
        count(options.max_queue_bytes),
        Value::text("depends on how full the queue is".into()),
        count(options.max_message_bytes),
        if introductions == 0 { Value::None } else { Value::Count(introductions.into()) },
        Value::Count(options.introductions_burst.into()),
        count(options.max_new_peers),
        count(options.max_peers),
        Value::Flag(limits.allow_private_addresses),
        count(options.max_in_flight),
        count(options.max_in_flight_per_peer),
        Value::Took(limits.answer_timeout),
        Value::Took(limits.connect_timeout),
        Value::Took(limits.request_timeout),
        Value::Took(options.kill_timeout),
    ]
}
