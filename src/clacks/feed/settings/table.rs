use std::sync::LazyLock;

use clacks_feed::description::Kind::{Bytes, Count, Flag, Rate, Took};
use clacks_p2p::core::Limit;

use super::{Setting, Slot, Takes};

/// All settings and limits, in the order of the description: as a connection reaches them, then those of outbound
/// messages.
pub static SETTINGS: LazyLock<Vec<Setting>> = LazyLock::new(|| {
    let groups = [connections(), requests(), messages(), peers(), sending()];
    groups.into_iter().flatten().collect()
});

/// The names of the options that set limits, in the order of `--help`.
pub const OPTIONS: &[&str] = &[
    "max-peers",
    "max-new-peers",
    "introductions-per-minute",
    "introductions-burst",
    "payload-rate",
    "payload-burst",
    "max-connections",
    "max-connections-per-address",
    "connection-rate-per-address",
    "connection-rate",
    "handshake-timeout",
    "header-timeout",
    "body-timeout",
    "answer-timeout",
    "connect-timeout",
    "request-timeout",
    "max-body",
    "max-bodies",
    "contact-all",
];

/// The settings in the JSON answer to `:limits`, in its order.
pub const ANSWERED: &[&str] = &[
    "max-connections",
    "max-connections-per-address",
    "connection-rate-per-address",
    "connection-rate",
    "handshake-timeout",
    "header-timeout",
    "body-timeout",
    "answer-timeout",
    "connect-timeout",
    "request-timeout",
    "max-body",
    "max-bodies",
    "payload-rate",
    "payload-burst",
    "max-queue-messages",
    "max-queue-bytes",
    "max-message-bytes",
    "max-in-flight",
    "introductions-per-minute",
    "introductions-burst",
    "max-new-peers",
    "max-peers",
    "contact-all",
];

fn connections() -> Vec<Setting> {
    vec![
        Setting::node("max-connections", "connections", Count, |of| of.max_connections.slot())
            .used("connections")
            .met(Limit::Connections)
            .said("Most connections at once", "{max-connections}")
            .option(
                Takes::Count,
                "Maximum number of inbound connections, at least 1; when it is reached, a connection of the network \
                and address with the most connections is closed",
            ),
        Setting::node("max-connections-per-address", "connections from an address", Count, |of| {
            of.max_connections_per_address.slot()
        })
        .met(Limit::ConnectionsPerAddress)
        .said("Most connections from one address at once", "{max-connections-per-address}")
        .option(Takes::Count, "Maximum number of inbound connections from one remote address, at least 1"),
        Setting::node("connection-rate", "new connections of all addresses", Rate, |of| {
            of.connection_rate.slot()
        })
        .zero_is_no_limit()
        .met(Limit::ConnectionRate)
        .said(
            "Most new connections, of which more are closed",
            "{connection-rate-per-address} a second from each address and {connection-rate} a second in all",
        )
        .option(
            Takes::CountOrNoLimit,
            "New connections per second for all addresses together, beyond the rate per address; not applied while \
            only one address connects; 0 for no limit",
        ),
        Setting::node("connection-rate-per-address", "new connections from an address", Rate, |of| {
            of.connection_rate_per_address.slot()
        })
        .option(
            Takes::Count,
            "New connections per second that each remote address may always make, at least 1",
        ),
        Setting::fixed("ignored-addresses", "addresses that you ignore", "none gets in")
            .met(Limit::IgnoredRemotes)
            .said("Connections from addresses that you ignore", "none is accepted"),
    ]
}

fn requests() -> Vec<Setting> {
    vec![
        Setting::node("handshake-timeout", "TLS handshake", Took, |of| of.handshake_timeout.slot())
            .met(Limit::Handshakes)
            .said("Longest TLS handshake", "{handshake-timeout}")
            .option(
                Takes::Time,
                "Maximum time for the TLS handshake of an inbound connection: milliseconds, or as in 10s, 1m; 10ms to \
                24h",
            ),
        Setting::node("header-timeout", "headers, between requests", Took, |of| of.header_timeout.slot())
            .met(Limit::Heads)
            .said("Longest wait for headers and between requests", "{header-timeout}")
            .option(Takes::Time, "Maximum time to receive the headers of a request, and between requests"),
        Setting::node("body-timeout", "time for a body (408)", Took, |of| of.body_timeout.slot())
            .met(Limit::BodyTime)
            .said("Longest wait for a body, answered with 408 after it", "{body-timeout}")
            .option(
                Takes::Time,
                "Maximum time to receive the body of a request; after it the answer is 408",
            ),
        Setting::node("max-body", "size of a body (413)", Bytes, |of| of.max_body.slot())
            .met(Limit::BodySize)
            .said("Largest body, answered with 413 beyond it", "{max-body}")
            .option(
                Takes::Size,
                "Maximum size of a request body, 1K to 1G; a larger one is answered 413",
            ),
        Setting::node("max-bodies", "bodies that come in (503)", Bytes, |of| of.max_bodies.slot())
            .met(Limit::Bodies)
            .said("Most memory for bodies that come in, answered with 503 beyond it", "{max-bodies}")
            .option(
                Takes::Size,
                "Maximum size of all request bodies being received, 1K to 1G; above it the largest is answered 503",
            ),
        Setting::core("payload-rate", "payloads from an address (429)", Rate, |of| of.payload_rate.slot())
            .zero_is_no_limit()
            .met(Limit::Payloads)
            .said(
                "Most payloads from one address, answered with 429 beyond them",
                "{payload-rate} a second, {payload-burst} at once",
            )
            .option(
                Takes::Rate,
                "Payloads accepted per second from one remote address, 0.001 to 1000000; more are answered 429; 0 for \
                no limit",
            ),
        Setting::core("payload-burst", "payloads from an address at once", Count, |of| {
            of.payload_burst.slot()
        })
        .option(Takes::Count, "Payloads accepted from one remote address in one burst, at least 1"),
    ]
}

fn messages() -> Vec<Setting> {
    vec![
        Setting::core("max-queue-messages", "messages here (503)", Count, |of| of.max_queue_messages.slot())
            .used("messages")
            .met(Limit::Queue)
            .said(
                "Most messages and bytes here, answered with 503 beyond them",
                "{max-queue-messages}, {max-queue-bytes}",
            ),
        Setting::core("max-queue-bytes", "bytes of messages here (503)", Bytes, |of| {
            of.max_queue_bytes.slot()
        })
        .used("bytes"),
        Setting::fixed("queue-shares", "messages of one address (503)", "depends on how full the queue is")
            .met(Limit::QueueShares)
            .said(
                "Most messages of one address, answered with 503 beyond them",
                "the fuller the queue is, the fewer",
            ),
        Setting::core("max-message-bytes", "size of your messages", Bytes, |of| of.max_message_bytes.slot())
            .said("Largest message of yours", "{#max-message-bytes} bytes"),
    ]
}

fn peers() -> Vec<Setting> {
    vec![
        Setting::core("introductions-per-minute", "new peers by one address a minute", Count, |of| {
            of.introductions_per_minute.slot()
        })
        .zero_is_no_limit()
        .met(Limit::Introductions)
        .said(
            "Most new peers introduced by one address",
            "{introductions-per-minute} a minute, {introductions-burst} at once",
        )
        .option(
            Takes::CountOrNoLimit,
            "Unknown peers that one remote address may introduce per minute; 0 for no limit",
        ),
        Setting::core("introductions-burst", "new peers by one address at once", Count, |of| {
            of.introductions_burst.slot()
        })
        .option(
            Takes::Count,
            "Unknown peers that one remote address may introduce in one burst, at least 1",
        ),
        Setting::core("max-new-peers", "new peers", Count, |of| of.max_new_peers.slot())
            .used("new_peers")
            .met(Limit::NewPeers)
            .said("Most new peers", "{max-new-peers}")
            .option(
                Takes::Count,
                "Maximum number of known peers that are new, at least 1; when full, friends that peers name are not \
                added",
            ),
        Setting::core("max-peers", "peers", Count, |of| of.max_peers.slot())
            .used("all_peers")
            .met(Limit::Peers)
            .said("Most peers", "{max-peers}")
            .option(
                Takes::Count,
                "Maximum number of known peers, at least 1; when full, the oldest peer that never answered is removed, \
                else one that is lost or dead",
            ),
        Setting::node("allow-private-addresses", "where strangers send us: anywhere", Flag, |of| {
            of.allow_private_addresses.slot()
        })
        .met(Limit::Scopes)
        .said_of_flag(
            "Where strangers may have this node send",
            "anywhere",
            "to public addresses, and to those of the same kind as ours",
        )
        .called("contact-all")
        .option(
            Takes::Switch,
            "Contact peers that only strangers named at any address, also on this machine and in private networks",
        ),
    ]
}

fn sending() -> Vec<Setting> {
    vec![
        Setting::core("max-in-flight", "messages on their way", Count, |of| of.max_in_flight.slot())
            .used("in_flight")
            .said("Most messages on their way at once", "{max-in-flight}"),
        Setting::core("max-in-flight-per-peer", "messages on their way to one peer", Count, |of| {
            of.max_in_flight_per_peer.slot()
        }),
        Setting::node("answer-timeout", "time to read our answer", Took, |of| of.answer_timeout.slot())
            .said("Longest wait until an answer of ours is read", "{answer-timeout}")
            .option(Takes::Time, "Maximum time without progress while a client reads our answer"),
        Setting::node("connect-timeout", "connection to a peer", Took, |of| of.connect_timeout.slot())
            .said("Longest wait for a connection to a peer", "{connect-timeout}")
            .option(Takes::Time, "Maximum time to connect to a peer, TLS included"),
        Setting::node("request-timeout", "request to a peer", Took, |of| of.request_timeout.slot())
            .said("Longest request to a peer", "{request-timeout}")
            .option(Takes::Time, "Maximum time for a whole request to a peer"),
        Setting::core("kill-timeout", "lost peers are dead after", Took, |of| of.kill_timeout.slot()),
    ]
}

/// A field that a setting can have.
trait Stored {
    fn slot(&mut self) -> Slot<'_>;
}

impl Stored for usize {
    fn slot(&mut self) -> Slot<'_> {
        Slot::Count(self)
    }
}

impl Stored for u32 {
    fn slot(&mut self) -> Slot<'_> {
        Slot::Number(self)
    }
}

impl Stored for f64 {
    fn slot(&mut self) -> Slot<'_> {
        Slot::Rate(self)
    }
}

impl Stored for std::time::Duration {
    fn slot(&mut self) -> Slot<'_> {
        Slot::Time(self)
    }
}

impl Stored for bool {
    fn slot(&mut self) -> Slot<'_> {
        Slot::Flag(self)
    }
}
