use clacks_feed::{
    Name,
    description::{Chart, Field, Kind, SettingSpec},
};
use clacks_p2p::core::Limit;

/// The figures of the whole node, in the order of [`gauges`](crate::figures::gauges).
pub(super) fn gauges() -> Vec<Field> {
    let count = |name| Field::new(name, Kind::Count);
    let rate = |name| count(name).chart(Chart::Rate);
    let level = |name| count(name).chart(Chart::Level);
    let fixed = [
        rate("received").titled("in"),
        rate("delivered").titled("out"),
        rate("failed"),
        rate("enqueued"),
        rate("announces"),
        rate("refused"),
        level("queued"),
        level("in_flight"),
        level("held"),
        Field::new("bytes", Kind::Bytes).chart(Chart::Level),
        Field::new("took", Kind::Took).titled("round trips").chart(Chart::Histogram),
        Field::new("send_rate", Kind::Rate),
        Field::new("next_send", Kind::At),
        count("free_new"),
        count("free_alive"),
        count("free_lost"),
        count("free_dead"),
        Field::new("proven_only", Kind::Flag),
        Field::new("hold_rule", Kind::Text),
        Field::new("handing_on", Kind::Flag),
        count("connections"),
        count("new_peers"),
        count("all_peers"),
        count("messages"),
        count("stop_total"),
        count("stop_done"),
        Field::new("stop_ends", Kind::At),
    ];
    let met = Limit::ALL.map(|limit| Field { name: met(limit), ..count("met") });
    fixed.into_iter().chain(met).collect()
}

/// The gauge that counts how often a limit was reached.
fn met(limit: Limit) -> Name {
    // Names of limits are short, in small letters.
    Name::new(&format!("met_{}", limit.name())).unwrap_or_else(|_| "met".into())
}

/// The settings and limits, in the order of [`settings`](crate::figures::settings).
pub(super) fn settings() -> Vec<SettingSpec> {
    let spec = |name, title, kind, used: Option<&'static str>, limit: Option<Limit>| SettingSpec {
        field: Field::new(name, kind).titled(title),
        used: used.map(Into::into),
        met: limit.map(met),
    };
    let count = |name, title, used, limit| spec(name, title, Kind::Count, used, limit);
    let bytes = |name, title, used, limit| spec(name, title, Kind::Bytes, used, limit);
    let time = |name, title, limit| spec(name, title, Kind::Took, None, limit);
    vec![
        count("max-connections", "connections", Some("connections"), Some(Limit::Connections)),
        count(
            "max-connections-per-address",
            "connections from an address",
            None,
            Some(Limit::ConnectionsPerAddress),
        ),
        spec(
            "connection-rate",
            "new connections of all addresses",
            Kind::Rate,
            None,
            Some(Limit::ConnectionRate),
        ),
        spec("connection-rate-per-address", "new connections from an address", Kind::Rate, None, None),
        spec("ignored-addresses", "addresses that you ignore", Kind::Text, None, Some(Limit::IgnoredRemotes)),
        time("handshake-timeout", "TLS handshake", Some(Limit::Handshakes)),
        time("header-timeout", "headers, between requests", Some(Limit::Heads)),
        time("body-timeout", "time for a body (408)", Some(Limit::BodyTime)),
        bytes("max-body", "size of a body (413)", None, Some(Limit::BodySize)),
        bytes("max-bodies", "bodies that come in (503)", None, Some(Limit::Bodies)),
        spec("payload-rate", "payloads from an address (429)", Kind::Rate, None, Some(Limit::Payloads)),
        count("payload-burst", "payloads from an address at once", None, None),
        count("max-queue-messages", "messages here (503)", Some("messages"), Some(Limit::Queue)),
        bytes("max-queue-bytes", "bytes of messages here (503)", Some("bytes"), None),
        spec("queue-shares", "messages of one address (503)", Kind::Text, None, Some(Limit::QueueShares)),
        bytes("max-message-bytes", "size of your messages", None, None),
        count(
            "introductions-per-minute",
            "new peers by one address a minute",
            None,
            Some(Limit::Introductions),
        ),
        count("introductions-burst", "new peers by one address at once", None, None),
        count("max-new-peers", "new peers", Some("new_peers"), Some(Limit::NewPeers)),
        count("max-peers", "peers", Some("all_peers"), Some(Limit::Peers)),
        spec(
            "allow-private-addresses",
            "where strangers send us: anywhere",
            Kind::Flag,
            None,
            Some(Limit::Scopes),
        ),
        count("max-in-flight", "messages on their way", Some("in_flight"), None),
        count("max-in-flight-per-peer", "messages on their way to one peer", None, None),
        time("answer-timeout", "time to read our answer", None),
        time("connect-timeout", "connection to a peer", None),
        time("request-timeout", "request to a peer", None),
        time("kill-timeout", "lost peers are dead after", None),
    ]
}
