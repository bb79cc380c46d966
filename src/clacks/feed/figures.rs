//! The gauges: one table of all, with what each is and how it is read.

use std::{sync::LazyLock, time::Duration};

use clacks_feed::{
    Name, Text, Value,
    description::{Chart, Field, Kind},
};
use clacks_p2p::{
    Node,
    core::{Core, Counters, Limit, PeerCounts, Status},
    node::Overview,
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

/// The figures in an overview of a node.
pub fn figures_of_overview(overview: &Overview, connections: Option<usize>) -> Figures {
    Figures {
        counters: overview.counters,
        peers: overview.peers,
        free: overview.free_peers,
        queued: overview.queued,
        in_flight: overview.in_flight,
        held: overview.held,
        held_bytes: overview.held_bytes,
        send_rate: overview.send_rate,
        next_send: overview.next_send,
        hold_rule: None,
        verified_only: Some(overview.verified_only),
        draining: Some(overview.is_draining),
        connections,
        stop: None,
    }
}

// === The table ===

/// A gauge that is no counter of a limit.
struct Gauge {
    field: Field,
    read: fn(&Figures) -> Value,
}

/// The gauges, in the order of the description. Those that count how often a limit was reached follow them.
static GAUGES: LazyLock<Vec<Gauge>> =
    LazyLock::new(|| [of_messages(), of_sending(), of_node()].into_iter().flatten().collect());

fn of_messages() -> Vec<Gauge> {
    vec![
        rate("received", |of| Value::Count(of.counters.received)).titled("in"),
        rate("delivered", |of| Value::Count(of.counters.delivered)).titled("out"),
        rate("failed", |of| Value::Count(of.counters.failed)),
        rate("enqueued", |of| Value::Count(of.counters.enqueued)),
        rate("announces", |of| Value::Count(of.counters.announces)),
        rate("refused", |of| Value::Count(of.counters.refused)),
        gauge("swallowed", Kind::Count, |of| Value::Count(of.counters.swallowed)),
        gauge("refused_by_plugin", Kind::Count, |of| Value::Count(of.counters.refused_by_plugin)),
        gauge("plugin_faults", Kind::Count, |of| Value::Count(of.counters.plugin_faults)),
        level("queued", Kind::Count, |of| count(of.queued)),
        level("in_flight", Kind::Count, |of| count(of.in_flight)),
        level("held", Kind::Count, |of| count(of.held)),
        level("bytes", Kind::Bytes, |of| count(of.held_bytes)),
    ]
}

fn of_sending() -> Vec<Gauge> {
    vec![
        // The distribution is made from the events.
        gauge("took", Kind::Took, |_| Value::None).titled("round trips").chart(Chart::Histogram),
        gauge("send_rate", Kind::Rate, |of| Value::Number(of.send_rate)),
        gauge("next_send", Kind::At, |of| of.next_send.map_or(Value::None, Value::at)),
        gauge("free_new", Kind::Count, |of| count(of.free.of(Status::New))),
        gauge("free_alive", Kind::Count, |of| count(of.free.of(Status::Alive))),
        gauge("free_lost", Kind::Count, |of| count(of.free.of(Status::Lost))),
        gauge("free_dead", Kind::Count, |of| count(of.free.of(Status::Dead))),
        gauge("proven_only", Kind::Flag, |of| of.verified_only.map_or(Value::None, Value::Flag)),
        gauge("hold_rule", Kind::Text, |of| of.hold_rule.clone().map_or(Value::None, Value::text)),
        gauge("handing_on", Kind::Flag, |of| of.draining.map_or(Value::None, Value::Flag)),
    ]
}

fn of_node() -> Vec<Gauge> {
    vec![
        gauge("connections", Kind::Count, |of| of.connections.map_or(Value::None, count)),
        gauge("new_peers", Kind::Count, |of| count(of.peers.of(Status::New))),
        gauge("all_peers", Kind::Count, |of| count(of.peers.total())),
        gauge("messages", Kind::Count, |of| {
            count(of.queued.saturating_add(of.in_flight).saturating_add(of.held))
        }),
        gauge("stop_total", Kind::Count, |of| of.stop.map_or(Value::None, |stop| count(stop.total))),
        gauge("stop_done", Kind::Count, |of| of.stop.map_or(Value::None, |stop| count(stop.done))),
        gauge("stop_ends", Kind::At, |of| of.stop.map_or(Value::None, |stop| Value::at(stop.ends))),
    ]
}

fn gauge(name: &'static str, kind: Kind, read: fn(&Figures) -> Value) -> Gauge {
    Gauge { field: Field::new(name, kind), read }
}

/// A counter, of which a chart shows the rate.
fn rate(name: &'static str, read: fn(&Figures) -> Value) -> Gauge {
    gauge(name, Kind::Count, read).chart(Chart::Rate)
}

/// A chart shows it as it is.
fn level(name: &'static str, kind: Kind, read: fn(&Figures) -> Value) -> Gauge {
    gauge(name, kind, read).chart(Chart::Level)
}

fn count(count: usize) -> Value {
    Value::Count(count as u64)
}

impl Gauge {
    fn titled(self, title: &'static str) -> Self {
        Self { field: self.field.titled(title), ..self }
    }

    fn chart(self, chart: Chart) -> Self {
        Self { field: self.field.chart(chart), ..self }
    }
}

/// The gauges in the description.
pub(crate) fn fields() -> Vec<Field> {
    let met = Limit::ALL.map(|limit| Field { name: met(limit), ..Field::new("met", Kind::Count) });
    GAUGES.iter().map(|gauge| gauge.field.clone()).chain(met).collect()
}

/// The gauge that counts how often a limit was reached.
pub(crate) fn met(limit: Limit) -> Name {
    // Names of limits are short, in small letters.
    Name::new(&format!("met_{}", limit.name())).unwrap_or_else(|_| "met".into())
}

/// The values of the gauges, in the order of the description.
pub fn gauges_of(figures: &Figures) -> Vec<Value> {
    let met = Limit::ALL.map(|limit| Value::Count(figures.counters.limits.of(limit)));
    GAUGES.iter().map(|gauge| (gauge.read)(figures)).chain(met).collect()
}

/// The value of a gauge with this name. `None`: there is none, or it counts how often a limit was reached.
pub fn gauge_of(figures: &Figures, name: &str) -> Option<Value> {
    let gauge = GAUGES.iter().find(|gauge| gauge.field.name == *name)?;
    Some((gauge.read)(figures))
}
