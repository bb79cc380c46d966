//! The options of the node's resource limits.

use std::time::Duration;

use clacks_p2p::Builder;
use clacks_text::byte_size::BodySize;
use serde::Deserialize;

use super::{
    number, replace,
    timeout::{Rate, Timeout},
};

/// The heading of these options in `--help`.
const HEADING: &str = "Limits";

/// The limits, from flags, environment variables or the table `[limits]` of the configuration file.
#[derive(Debug, Clone, Default, PartialEq, clap::Args, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
#[command(next_help_heading = HEADING)]
pub(crate) struct Limits {
    /// Maximum number of known peers, at least 1; when full, the oldest peer that never answered is removed, else one
    /// that is lost or dead [default: 100000]
    #[arg(long, env = "CLACKS_MAX_PEERS", value_name = "NUMBER", value_parser = number::count)]
    #[serde(deserialize_with = "number::file::count")]
    max_peers: Option<usize>,

    /// Maximum number of known peers that are new, at least 1; when full, friends that peers name are not added
    /// [default: 1000]
    #[arg(long, env = "CLACKS_MAX_NEW_PEERS", value_name = "NUMBER", value_parser = number::count)]
    #[serde(deserialize_with = "number::file::count")]
    max_new_peers: Option<usize>,

    /// Unknown peers that one remote address may introduce per minute; 0 for no limit [default: 10]
    #[arg(long, env = "CLACKS_INTRODUCTIONS_PER_MINUTE", value_name = "NUMBER", value_parser = number::count_or_no_limit)]
    #[serde(deserialize_with = "number::file::count_or_no_limit")]
    introductions_per_minute: Option<u32>,

    /// Unknown peers that one remote address may introduce in one burst, at least 1 [default: 100]
    #[arg(long, env = "CLACKS_INTRODUCTIONS_BURST", value_name = "NUMBER", value_parser = number::count)]
    #[serde(deserialize_with = "number::file::count")]
    introductions_burst: Option<usize>,

    /// Payloads accepted per second from one remote address, 0.001 to 1000000; more are answered 429; 0 for no
    /// limit [default: 1000]
    #[arg(long, env = "CLACKS_PAYLOAD_RATE", value_name = "PER_SECOND")]
    payload_rate: Option<Rate>,

    /// Payloads accepted from one remote address in one burst, at least 1 [default: 2000]
    #[arg(long, env = "CLACKS_PAYLOAD_BURST", value_name = "NUMBER", value_parser = number::count)]
    #[serde(deserialize_with = "number::file::count")]
    payload_burst: Option<usize>,

    /// Maximum number of inbound connections, at least 1; when it is reached, a connection of the network and address
    /// with the most connections is closed [default: 768]
    #[arg(long, env = "CLACKS_MAX_CONNECTIONS", value_name = "NUMBER", value_parser = number::count)]
    #[serde(deserialize_with = "number::file::count")]
    max_connections: Option<usize>,

    /// Maximum number of inbound connections from one remote address, at least 1 [default: 64]
    #[arg(long, env = "CLACKS_MAX_CONNECTIONS_PER_ADDRESS", value_name = "NUMBER", value_parser = number::count)]
    #[serde(deserialize_with = "number::file::count")]
    max_connections_per_address: Option<usize>,

    /// New connections per second that each remote address may always make, at least 1 [default: 10]
    #[arg(long, env = "CLACKS_CONNECTION_RATE_PER_ADDRESS", value_name = "PER_SECOND", value_parser = number::count)]
    #[serde(deserialize_with = "number::file::count")]
    connection_rate_per_address: Option<usize>,

    /// New connections per second for all addresses together, beyond the rate per address; not applied while only one
    /// address connects; 0 for no limit [default: 1000]
    #[arg(long, env = "CLACKS_CONNECTION_RATE", value_name = "PER_SECOND", value_parser = number::count_or_no_limit)]
    #[serde(deserialize_with = "number::file::count_or_no_limit")]
    connection_rate: Option<u32>,

    /// Maximum time for the TLS handshake of an inbound connection: milliseconds, or as in 10s, 1m; 10ms to 24h
    /// [default: 10s]
    #[arg(long, env = "CLACKS_HANDSHAKE_TIMEOUT", value_name = "TIME")]
    handshake_timeout: Option<Timeout>,

    /// Maximum time to receive the headers of a request, and between requests [default: 30s]
    #[arg(long, env = "CLACKS_HEADER_TIMEOUT", value_name = "TIME")]
    header_timeout: Option<Timeout>,

    /// Maximum time to receive the body of a request; after it the answer is 408 [default: 30s]
    #[arg(long, env = "CLACKS_BODY_TIMEOUT", value_name = "TIME")]
    body_timeout: Option<Timeout>,

    /// Maximum time without progress while a client reads our answer [default: 30s]
    #[arg(long, env = "CLACKS_ANSWER_TIMEOUT", value_name = "TIME")]
    answer_timeout: Option<Timeout>,

    /// Maximum time to connect to a peer, TLS included [default: 5s]
    #[arg(long, env = "CLACKS_CONNECT_TIMEOUT", value_name = "TIME")]
    connect_timeout: Option<Timeout>,

    /// Maximum time for a whole request to a peer [default: 10s]
    #[arg(long, env = "CLACKS_REQUEST_TIMEOUT", value_name = "TIME")]
    request_timeout: Option<Timeout>,

    /// Maximum size of a request body, 1K to 1G; a larger one is answered 413 [default: 1M]
    #[arg(long, env = "CLACKS_MAX_BODY", value_name = "BYTES")]
    max_body: Option<BodySize>,

    /// Maximum size of all request bodies being received, 1K to 1G; above it the largest is answered 503 [default: 64M]
    #[arg(long, env = "CLACKS_MAX_BODIES", value_name = "BYTES")]
    max_bodies: Option<BodySize>,

    /// Contact peers that only strangers named at any address, also on this machine and in private networks
    #[arg(long, env = "CLACKS_CONTACT_ALL", value_name = "BOOL", num_args = 0..=1, require_equals = true)]
    #[arg(default_missing_value = "true", value_parser = number::switch)]
    contact_all: Option<bool>,
}

impl Limits {
    /// Merges two sources: values of `self` take precedence over those of `other`.
    #[allow(clippy::needless_pass_by_value, reason = "as of `Config`")]
    pub(crate) fn or(self, other: Self) -> Self {
        Self {
            max_peers: self.max_peers.or(other.max_peers),
            max_new_peers: self.max_new_peers.or(other.max_new_peers),
            introductions_per_minute: self.introductions_per_minute.or(other.introductions_per_minute),
            introductions_burst: self.introductions_burst.or(other.introductions_burst),
            payload_rate: self.payload_rate.or(other.payload_rate),
            payload_burst: self.payload_burst.or(other.payload_burst),
            max_connections: self.max_connections.or(other.max_connections),
            max_connections_per_address: self
                .max_connections_per_address
                .or(other.max_connections_per_address),
            connection_rate_per_address: self
                .connection_rate_per_address
                .or(other.connection_rate_per_address),
            connection_rate: self.connection_rate.or(other.connection_rate),
            handshake_timeout: self.handshake_timeout.or(other.handshake_timeout),
            header_timeout: self.header_timeout.or(other.header_timeout),
            body_timeout: self.body_timeout.or(other.body_timeout),
            answer_timeout: self.answer_timeout.or(other.answer_timeout),
            connect_timeout: self.connect_timeout.or(other.connect_timeout),
            request_timeout: self.request_timeout.or(other.request_timeout),
            max_body: self.max_body.or(other.max_body),
            max_bodies: self.max_bodies.or(other.max_bodies),
            contact_all: self.contact_all.or(other.contact_all),
        }
    }

    /// Applies the limits to a node's builder.
    pub(crate) fn apply(&self, builder: Builder) -> Builder {
        // The parsers accept only values that fit.
        let rate = |count: Option<usize>| count.and_then(|count| u32::try_from(count).ok());
        let time = |time: Option<Timeout>| time.map(Duration::from);
        builder
            .options(|options| {
                replace(&mut options.max_peers, self.max_peers);
                replace(&mut options.max_new_peers, self.max_new_peers);
                replace(&mut options.introductions_per_minute, self.introductions_per_minute);
                replace(&mut options.introductions_burst, rate(self.introductions_burst));
                replace(&mut options.payload_rate, self.payload_rate.map(|rate| rate.0));
                replace(&mut options.payload_burst, rate(self.payload_burst));
            })
            .limits(|limits| {
                replace(&mut limits.max_connections, self.max_connections);
                replace(&mut limits.max_connections_per_address, self.max_connections_per_address);
                replace(&mut limits.connection_rate_per_address, rate(self.connection_rate_per_address));
                replace(&mut limits.connection_rate, self.connection_rate);
                replace(&mut limits.handshake_timeout, time(self.handshake_timeout));
                replace(&mut limits.header_timeout, time(self.header_timeout));
                replace(&mut limits.body_timeout, time(self.body_timeout));
                replace(&mut limits.answer_timeout, time(self.answer_timeout));
                replace(&mut limits.connect_timeout, time(self.connect_timeout));
                replace(&mut limits.request_timeout, time(self.request_timeout));
                replace(&mut limits.max_body, self.max_body.map(|size| size.0));
                replace(&mut limits.max_bodies, self.max_bodies.map(|size| size.0));
                replace(&mut limits.allow_private_addresses, self.contact_all);
            })
    }
}
