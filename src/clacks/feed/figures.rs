//! The values of gauges and settings.

use clacks_feed::{Text, Value};
use clacks_p2p::{
    Node,
    core::{Core, Limit, Options, Status},
    node::Limits,
};

/// The values of the gauges, in the order of the description.
pub(crate) fn gauges(node: &Node) -> Vec<Value> {
    let connections = node.connections();
    node.read(|core| gauges_of(core, connections))
}

fn gauges_of(core: &Core, connections: usize) -> Vec<Value> {
    let (counters, peers, free) = (core.counters(), core.peer_counts(), core.free_peers());
    let (queued, in_flight, held) = (core.queue_len(), core.in_flight(), core.held_len());
    let count = |count: usize| Value::Count(count as u64);
    let fixed = [
        Value::Count(counters.received),
        Value::Count(counters.delivered),
        Value::Count(counters.failed),
        Value::Count(counters.enqueued),
        Value::Count(counters.announces),
        Value::Count(counters.refused),
        count(queued),
        count(in_flight),
        count(held),
        count(core.held_bytes()),
        // The distribution is made from the events.
        Value::None,
        Value::Number(core.options().send_rate),
        core.poll_timeout().map_or(Value::None, Value::at),
        count(free.of(Status::New)),
        count(free.of(Status::Alive)),
        count(free.of(Status::Lost)),
        count(free.of(Status::Dead)),
        Value::Flag(core.next_is_verified_only()),
        core.hold_rule().map_or(Value::None, |rule| Value::text(Text::new(rule.text()))),
        Value::Flag(core.is_draining()),
        count(connections),
        count(peers.of(Status::New)),
        count(peers.total()),
        count(queued + in_flight + held),
    ];
    let met = Limit::ALL.map(|limit| Value::Count(counters.limits.of(limit)));
    fixed.into_iter().chain(met).collect()
}

/// The values of the settings, in the order of the description. A limit of 0 that stands for "no limit" has no value.
pub(crate) fn settings(node: &Node) -> Vec<Value> {
    settings_of(node.limits(), &node.options())
}

fn settings_of(limits: &Limits, options: &Options) -> Vec<Value> {
    let count = |count: usize| Value::Count(count as u64);
    let unless_zero = |rate: f64| if rate == 0.0 { Value::None } else { Value::Number(rate) };
    let introductions = options.introductions_per_minute;
    vec![
        count(limits.max_connections),
        count(limits.max_connections_per_address),
        unless_zero(limits.connection_rate.into()),
        Value::Number(limits.connection_rate_per_address.into()),
        Value::Took(limits.handshake_timeout),
        Value::Took(limits.header_timeout),
        Value::Took(limits.body_timeout),
        count(limits.max_body),
        count(limits.max_bodies),
        unless_zero(options.payload_rate),
        Value::Count(options.payload_burst.into()),
        count(options.max_queue_messages),
        count(options.max_queue_bytes),
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
