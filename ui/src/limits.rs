//! The node's limits, their settings and their use, for people.

use std::time::Duration;

use clacks_p2p::{
    Node,
    core::{Limit, Options, PlaceShare},
    node::{Limits, Overview},
};
use clacks_text::format;

/// The settings of a node's limits. They do not change while it runs.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct LimitSettings {
    /// The limits of the protocol core: queue, peers, rates.
    pub(crate) options: Options,
    /// The limits of the connections: numbers, sizes, timeouts.
    pub(crate) limits: Limits,
}

/// One limit, or several limits that are reached together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LimitRow {
    /// The limit's name.
    pub(crate) what: &'static str,
    /// The setting, if it is known.
    pub(crate) set: Option<String>,
    /// The current use, if the limit has one and it is known.
    pub(crate) used: Option<String>,
    /// The number of times that the limit was reached, if it is counted.
    pub(crate) met: Option<u64>,
}

impl LimitSettings {
    /// Reads the settings of a node.
    pub(crate) fn of(node: &Node) -> Self {
        Self { options: node.options(), limits: node.limits().clone() }
    }
}

/// All limits, in the order in which a connection reaches them, then those of outbound messages. For a recorded node
/// `settings` and `connections` are `None`.
pub(crate) fn rows(
    settings: Option<&LimitSettings>,
    overview: &Overview,
    connections: Option<usize>,
) -> Vec<LimitRow> {
    let row =
        |what, limit: Option<Limit>, set: &dyn Fn(&LimitSettings) -> String, used: Option<String>| LimitRow {
            what,
            set: settings.map(set),
            used,
            met: limit.map(|limit| overview.counters.limits.of(limit)),
        };
    let here = overview.queued + overview.in_flight + overview.held;
    let held = format!("{}, {}", format::count(here), format::size(overview.held_bytes));
    let peers = |count| Some(format::count(count));
    vec![
        row(
            "connections",
            Some(Limit::Connections),
            &|set| number(set.limits.max_connections),
            connections.map(format::count),
        ),
        row(
            "connections from an address",
            Some(Limit::ConnectionsPerAddress),
            &|set| number(set.limits.max_connections_per_address),
            None,
        ),
        row("new connections (closed)", Some(Limit::ConnectionRate), &connection_rate, None),
        row("addresses that you ignore", Some(Limit::IgnoredRemotes), &|_| "none gets in".to_owned(), None),
        row("TLS handshake", Some(Limit::Handshakes), &|set| time(set.limits.handshake_timeout), None),
        row("headers, between requests", Some(Limit::Heads), &|set| time(set.limits.header_timeout), None),
        row("time for a body (408)", Some(Limit::BodyTime), &|set| time(set.limits.body_timeout), None),
        row("size of a body (413)", Some(Limit::BodySize), &|set| format::size(set.limits.max_body), None),
        row(
            "bodies that come in (503)",
            Some(Limit::Bodies),
            &|set| format::size(set.limits.max_bodies),
            None,
        ),
        row("payloads from an address (429)", Some(Limit::Payloads), &payloads, None),
        row("messages and bytes here (503)", Some(Limit::Queue), &queue, Some(held)),
        row(
            "messages of one address (503)",
            Some(Limit::QueueShares),
            &|_| "depends on how full the queue is".to_owned(),
            None,
        ),
        row(
            "size of your messages",
            None,
            &|set| format!("{} bytes", number(set.options.max_message_bytes)),
            None,
        ),
        row("new peers introduced by one address", Some(Limit::Introductions), &introductions, None),
        row(
            "new peers",
            Some(Limit::NewPeers),
            &|set| number(set.options.max_new_peers),
            peers(overview.peers.new),
        ),
        row("peers", Some(Limit::Peers), &|set| number(set.options.max_peers), peers(overview.peers.total())),
        row("where strangers send us", Some(Limit::Scopes), &reach, None),
        row(
            "messages on their way",
            None,
            &|set| number(set.options.max_in_flight),
            Some(format::count(overview.in_flight)),
        ),
        row("time to read our answer", None, &|set| time(set.limits.answer_timeout), None),
        row("connection to a peer", None, &|set| time(set.limits.connect_timeout), None),
        row("request to a peer", None, &|set| time(set.limits.request_timeout), None),
    ]
}

/// Maximum number of remote addresses in a list.
pub(crate) const MOST_PLACES: usize = 10;

/// The share of a remote address in one line: `192.0.2.7: 71 messages, 60 MB, 3 held, 12 refused`.
pub(crate) fn place(share: &PlaceShare) -> String {
    let PlaceShare { place, messages, bytes, held, refused, .. } = share;
    let held = if *held > 0 { format!(", {} held", format::count(*held)) } else { String::new() };
    let refused = if *refused > 0 { format!(", {refused} refused") } else { String::new() };
    let what = if *messages == 1 { "message" } else { "messages" };
    format!("{place}: {} {what}, {}{held}{refused}", format::count(*messages), format::size(*bytes))
}

fn payloads(set: &LimitSettings) -> String {
    let Options { payload_rate, payload_burst, .. } = set.options;
    if payload_rate == 0.0 {
        return NO_LIMIT.to_owned();
    }
    format!("{}, {} at once", rate(payload_rate), format::grouped(payload_burst.into()))
}

fn connection_rate(set: &LimitSettings) -> String {
    let Limits { connection_rate, connection_rate_per_address, .. } = set.limits;
    if connection_rate == 0 {
        return NO_LIMIT.to_owned();
    }
    let [each, all] = [connection_rate_per_address, connection_rate].map(|rate| format::grouped(rate.into()));
    format!("{each}/s each + {all}/s in all")
}

fn introductions(set: &LimitSettings) -> String {
    let Options { introductions_per_minute, introductions_burst, .. } = set.options;
    if introductions_per_minute == 0 {
        return NO_LIMIT.to_owned();
    }
    let [rate, burst] = [introductions_per_minute, introductions_burst].map(|of| format::grouped(of.into()));
    format!("{rate}/min, {burst} at once")
}

fn queue(set: &LimitSettings) -> String {
    let Options { max_queue_messages, max_queue_bytes, .. } = set.options;
    format!("{}, {}", number(max_queue_messages), format::size(max_queue_bytes))
}

fn reach(set: &LimitSettings) -> String {
    let reach = if set.limits.allow_private_addresses { "anywhere" } else { "public, our own kind" };
    reach.to_owned()
}

const NO_LIMIT: &str = "no limit";

/// `100,000`: what is set is told to the last digit.
fn number(number: usize) -> String {
    format::grouped(number as u64)
}

/// `1,000/s`, `0.5/s`
fn rate(per_second: f64) -> String {
    if per_second.fract() == 0.0 {
        format!("{}/s", format::grouped(per_second as u64))
    } else {
        format!("{per_second}/s")
    }
}

/// `500 ms`, `1.5 s`, `90 s`, `5 m`.
fn time(time: Duration) -> String {
    let seconds = time.as_secs_f64();
    match time.as_secs() {
        0 => format!("{} ms", time.as_millis()),
        60.. if time.subsec_nanos() == 0 && time.as_secs().is_multiple_of(60) => {
            format!("{} m", time.as_secs() / 60)
        }
        _ => format!("{seconds} s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_told_exactly() {
        let told = [10, 500, 1500, 30_000, 60_000, 90_000, 3_600_000].map(Duration::from_millis).map(time);
        assert_eq!(told, ["10 ms", "500 ms", "1.5 s", "30 s", "1 m", "90 s", "60 m"]);
    }

    #[tokio::test]
    async fn every_limit_that_is_counted_has_one_row() {
        let node = Node::builder().port(0).start().await.unwrap();
        let overview = node.overview();
        let rows = rows(Some(&LimitSettings::of(&node)), &overview, Some(node.connections()));
        assert_eq!(rows.iter().filter(|row| row.met.is_some()).count(), Limit::ALL.len());
        assert!(rows.iter().all(|row| row.set.is_some()));
        let without = super::rows(None, &overview, None);
        assert!(without.iter().all(|row| row.set.is_none()), "{without:?}");
    }
}
