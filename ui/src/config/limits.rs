//! The options of how much a node takes and does, whoever asks.

use std::{num::NonZero, time::Duration};

use clacks_p2p::Builder;
use clap::builder::BoolishValueParser;
use serde::Deserialize;

use super::{
    byte_size::BodySize,
    replace,
    timeout::{Rate, Timeout},
};

/// The heading of these options in the help of the command line.
const HEADING: &str = "Limits";

/// Every limit, where it was given: by flag, by environment variable, or in the table `[limits]` of the configuration
/// file.
#[derive(Debug, Clone, Default, PartialEq, clap::Args, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
#[command(next_help_heading = HEADING)]
pub(crate) struct Limits {
    /// Most peers known, 1 or more; then one that never answered or, without such, one that is lost or dead makes room
    /// for another [default: 100000]
    #[arg(long, env = "CLACKS_MAX_PEERS", value_name = "NUMBER", value_parser = at_least_one)]
    max_peers: Option<NonZero<u32>>,

    /// Most of them that are new, 1 or more; then friends that are named are not remembered [default: 1000]
    #[arg(long, env = "CLACKS_MAX_NEW_PEERS", value_name = "NUMBER", value_parser = at_least_one)]
    max_new_peers: Option<NonZero<u32>>,

    /// Unknown peers a minute that one remote address may introduce; 0 for no limit [default: 10]
    #[arg(long, env = "CLACKS_INTRODUCTIONS_PER_MINUTE", value_name = "NUMBER")]
    introductions_per_minute: Option<u32>,

    /// How many it may introduce at once after a quiet time, 1 or more [default: 100]
    #[arg(long, env = "CLACKS_INTRODUCTIONS_BURST", value_name = "NUMBER", value_parser = at_least_one)]
    introductions_burst: Option<NonZero<u32>>,

    /// Payloads a second that are taken from one remote address, 0.001 to 1000000, others are answered 429; 0 for no
    /// limit [default: 1000]
    #[arg(long, env = "CLACKS_PAYLOAD_RATE", value_name = "PER_SECOND", allow_negative_numbers = true)]
    payload_rate: Option<Rate>,

    /// Payloads that are taken at once from one remote address after a quiet time, 1 or more [default: 2000]
    #[arg(long, env = "CLACKS_PAYLOAD_BURST", value_name = "NUMBER", value_parser = at_least_one)]
    payload_burst: Option<NonZero<u32>>,

    /// Most connections from outside at once, 1 or more; when it is reached, a connection of the network and address with
    /// the most connections is closed [default: 768]
    #[arg(long, env = "CLACKS_MAX_CONNECTIONS", value_name = "NUMBER", value_parser = at_least_one)]
    max_connections: Option<NonZero<u32>>,

    /// Most of them from one remote address, 1 or more [default: 64]
    #[arg(long, env = "CLACKS_MAX_CONNECTIONS_PER_ADDRESS", value_name = "NUMBER", value_parser = at_least_one)]
    max_connections_per_address: Option<NonZero<u32>>,

    /// New connections a second that each remote address may make however many others make, 1 or more [default: 10]
    #[arg(long, env = "CLACKS_CONNECTION_RATE_PER_ADDRESS", value_name = "PER_SECOND", value_parser = at_least_one)]
    connection_rate_per_address: Option<NonZero<u32>>,

    /// New connections a second for all addresses together, on top of the rate per address; not applied while only one
    /// address connects; 0 for no limit [default: 1000]
    #[arg(long, env = "CLACKS_CONNECTION_RATE", value_name = "PER_SECOND")]
    connection_rate: Option<u32>,

    /// Time for the TLS handshake of a connection from outside: milliseconds, or as in 10s, 1m; 10ms to 24h [default: 10s]
    #[arg(long, env = "CLACKS_HANDSHAKE_TIMEOUT", value_name = "TIME", allow_negative_numbers = true)]
    handshake_timeout: Option<Timeout>,

    /// Time for the headers of a request, and between requests [default: 30s]
    #[arg(long, env = "CLACKS_HEADER_TIMEOUT", value_name = "TIME", allow_negative_numbers = true)]
    header_timeout: Option<Timeout>,

    /// Time for the body of a request, which is answered 408 then [default: 30s]
    #[arg(long, env = "CLACKS_BODY_TIMEOUT", value_name = "TIME", allow_negative_numbers = true)]
    body_timeout: Option<Timeout>,

    /// Time for a client to go on reading our answer [default: 30s]
    #[arg(long, env = "CLACKS_ANSWER_TIMEOUT", value_name = "TIME", allow_negative_numbers = true)]
    answer_timeout: Option<Timeout>,

    /// Time for a connection to a peer, TLS included [default: 5s]
    #[arg(long, env = "CLACKS_CONNECT_TIMEOUT", value_name = "TIME", allow_negative_numbers = true)]
    connect_timeout: Option<Timeout>,

    /// Time for a whole request to a peer [default: 10s]
    #[arg(long, env = "CLACKS_REQUEST_TIMEOUT", value_name = "TIME", allow_negative_numbers = true)]
    request_timeout: Option<Timeout>,

    /// Largest body of a request, 1K to 1G; above it the answer is 413 [default: 1M]
    #[arg(long, env = "CLACKS_MAX_BODY", value_name = "BYTES")]
    max_body: Option<BodySize>,

    /// Most bytes of bodies that come in at once, 1K to 1G; above that the largest is answered 503 [default: 64M]
    #[arg(long, env = "CLACKS_MAX_BODIES", value_name = "BYTES")]
    max_bodies: Option<BodySize>,

    /// Contact peers that only strangers named at any address, not just public ones and those of our own kind
    #[arg(long, env = "CLACKS_CONTACT_ALL", value_name = "BOOL", num_args = 0..=1, require_equals = true)]
    #[arg(default_missing_value = "true", value_parser = BoolishValueParser::new())]
    contact_all: Option<bool>,
}

fn at_least_one(text: &str) -> Result<NonZero<u32>, &'static str> {
    text.parse().map_err(|_| "a number here is whole and at least 1")
}

impl Limits {
    /// What is given here, and for the rest what the other says.
    #[allow(clippy::needless_pass_by_value, reason = "as of `Config`")]
    pub(super) fn or(self, other: Self) -> Self {
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

    /// Sets the limits of a node.
    pub(super) fn apply(&self, builder: Builder) -> Builder {
        let number = |number: Option<NonZero<u32>>| number.map(|number| number.get() as usize);
        let time = |time: Option<Timeout>| time.map(Duration::from);
        builder
            .options(|options| {
                replace(&mut options.max_peers, number(self.max_peers));
                replace(&mut options.max_new_peers, number(self.max_new_peers));
                replace(&mut options.introductions_per_minute, self.introductions_per_minute);
                replace(&mut options.introductions_burst, self.introductions_burst.map(NonZero::get));
                replace(&mut options.payload_rate, self.payload_rate.map(|rate| rate.0));
                replace(&mut options.payload_burst, self.payload_burst.map(NonZero::get));
            })
            .limits(|limits| {
                replace(&mut limits.max_connections, number(self.max_connections));
                replace(&mut limits.max_connections_per_address, number(self.max_connections_per_address));
                replace(
                    &mut limits.connection_rate_per_address,
                    self.connection_rate_per_address.map(NonZero::get),
                );
                replace(&mut limits.connection_rate, self.connection_rate);
                replace(&mut limits.handshake_timeout, time(self.handshake_timeout));
                replace(&mut limits.header_timeout, time(self.header_timeout));
                replace(&mut limits.body_timeout, time(self.body_timeout));
                replace(&mut limits.answer_timeout, time(self.answer_timeout));
                replace(&mut limits.connect_timeout, time(self.connect_timeout));
                replace(&mut limits.request_timeout, time(self.request_timeout));
                replace(&mut limits.max_body, self.max_body.map(|size| size.0));
                replace(&mut limits.max_bodies, self.max_bodies.map(|size| size.0));
                replace(&mut limits.contact_all, self.contact_all);
            })
    }
}
