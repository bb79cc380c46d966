//! The options of the resource limits of a peercloud node.

use std::time::Duration;

use clacks_peercloud::Builder;
use clacks_text::byte_size::BodySize;
use serde::Deserialize;

use super::values::{Interval, TimeFrom};
use crate::config::{
    number, replace,
    timeout::{Rate, Timeout},
};

/// The limits, from flags, environment variables or the table `[peercloud.limits]` of the configuration file.
#[derive(Debug, Clone, Default, PartialEq, clap::Args, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
#[command(next_help_heading = "Limits")]
pub(super) struct PeercloudLimits {
    /// Maximum number of other members, at least 1; when it is reached, a newcomer is answered 503 [default: 1000]
    #[arg(long, env = "CLACKS_PEERCLOUD_MAX_MEMBERS", value_name = "NUMBER", value_parser = number::count)]
    #[serde(deserialize_with = "number::file::count")]
    max_members: Option<usize>,

    /// Maximum size of a request body, 1K to 1G; a larger one is answered 413; nodes of the package accept 100K
    /// [default: 100K]
    #[arg(long, env = "CLACKS_PEERCLOUD_MAX_BODY", value_name = "BYTES")]
    max_body: Option<BodySize>,

    /// Maximum nesting depth of JSON, at least 8; a deeper body is answered 400, because it would end a node of the
    /// package [default: 128]
    #[arg(long, env = "CLACKS_PEERCLOUD_MAX_DEPTH", value_name = "NUMBER", value_parser = number::count)]
    #[serde(deserialize_with = "number::file::count")]
    max_depth: Option<usize>,

    /// Maximum size of the data of a member, 1K to 1G; larger data is answered 413 [default: 16K]
    #[arg(long, env = "CLACKS_PEERCLOUD_MAX_DATA", value_name = "BYTES")]
    max_data: Option<BodySize>,

    /// Maximum size of a reply that is read, 1K to 1G [default: 1M]
    #[arg(long, env = "CLACKS_PEERCLOUD_MAX_REPLY", value_name = "BYTES")]
    max_reply: Option<BodySize>,

    /// Maximum size of all replies to one broadcast, 1K to 1G; further replies count as failed [default: 16M]
    #[arg(long, env = "CLACKS_PEERCLOUD_MAX_GATHERED", value_name = "BYTES")]
    max_gathered: Option<BodySize>,

    /// Maximum size of the list of members that is read when this node joins, 1K to 1G [default: 16M]
    #[arg(long, env = "CLACKS_PEERCLOUD_MAX_JOIN_ANSWER", value_name = "BYTES")]
    max_join_answer: Option<BodySize>,

    /// Messages accepted per second from one member, 0.001 to 1000000; more are answered 429; 0 for no limit [default:
    /// 100]
    #[arg(long, env = "CLACKS_PEERCLOUD_MESSAGE_RATE", value_name = "PER_SECOND")]
    message_rate: Option<Rate>,

    /// Maximum number of newcomers that are checked at a time, at least 1; above it the answer is 429 [default: 16]
    #[arg(long, env = "CLACKS_PEERCLOUD_MAX_NEWCOMERS", value_name = "NUMBER", value_parser = number::count)]
    #[serde(deserialize_with = "number::file::count")]
    max_newcomers: Option<usize>,

    /// Maximum number of newcomers from one remote address that are checked at a time, at least 1 [default: 2]
    #[arg(long, env = "CLACKS_PEERCLOUD_MAX_NEWCOMERS_PER_ADDRESS", value_name = "NUMBER", value_parser = number::count)]
    #[serde(deserialize_with = "number::file::count")]
    max_newcomers_per_address: Option<usize>,

    /// Maximum number of inbound connections, at least 1 [default: 256]
    #[arg(long, env = "CLACKS_PEERCLOUD_MAX_CONNECTIONS", value_name = "NUMBER", value_parser = number::count)]
    #[serde(deserialize_with = "number::file::count")]
    max_connections: Option<usize>,

    /// Maximum number of inbound connections from one remote address, at least 1 [default: 32]
    #[arg(long, env = "CLACKS_PEERCLOUD_MAX_CONNECTIONS_PER_ADDRESS", value_name = "NUMBER", value_parser = number::count)]
    #[serde(deserialize_with = "number::file::count")]
    max_connections_per_address: Option<usize>,

    /// Maximum number of requests of one broadcast at a time, at least 1 [default: 32]
    #[arg(long, env = "CLACKS_PEERCLOUD_MAX_REQUESTS_PER_BROADCAST", value_name = "NUMBER", value_parser = number::count)]
    #[serde(deserialize_with = "number::file::count")]
    max_requests_per_broadcast: Option<usize>,

    /// Maximum number of requests to one member at a time, at least 1 [default: 8]
    #[arg(long, env = "CLACKS_PEERCLOUD_MAX_REQUESTS_PER_MEMBER", value_name = "NUMBER", value_parser = number::count)]
    #[serde(deserialize_with = "number::file::count")]
    max_requests_per_member: Option<usize>,

    /// Maximum number of requests of all broadcasts at a time, at least 1 [default: 256]
    #[arg(long, env = "CLACKS_PEERCLOUD_MAX_REQUESTS", value_name = "NUMBER", value_parser = number::count)]
    #[serde(deserialize_with = "number::file::count")]
    max_requests: Option<usize>,

    /// Maximum number of broadcasts and messages whose replies are awaited, at least 1 [default: 256]
    #[arg(long, env = "CLACKS_PEERCLOUD_MAX_BROADCASTS", value_name = "NUMBER", value_parser = number::count)]
    #[serde(deserialize_with = "number::file::count")]
    max_broadcasts: Option<usize>,

    /// Maximum time to receive the headers of a request: milliseconds, or as in 10s, 1m; 10ms to 24h [default: 5s]
    #[arg(long, env = "CLACKS_PEERCLOUD_HEADER_TIMEOUT", value_name = "TIME")]
    header_timeout: Option<Timeout>,

    /// Maximum time to receive the body of a request; after it the answer is 408 [default: 5s]
    #[arg(long, env = "CLACKS_PEERCLOUD_BODY_TIMEOUT", value_name = "TIME")]
    body_timeout: Option<Timeout>,

    /// Maximum time without progress while a client reads our answer [default: 10s]
    #[arg(long, env = "CLACKS_PEERCLOUD_ANSWER_TIMEOUT", value_name = "TIME")]
    answer_timeout: Option<Timeout>,

    /// Maximum time between two requests of a connection, at least 6s, because nodes of the package use one again after
    /// 5s [default: 30s]
    #[arg(long, env = "CLACKS_PEERCLOUD_IDLE_TIMEOUT", value_name = "TIME")]
    idle_timeout: Option<TimeFrom<6000>>,

    /// Maximum time for a whole request to a member [default: 1s]
    #[arg(long, env = "CLACKS_PEERCLOUD_REQUEST_TIMEOUT", value_name = "TIME")]
    request_timeout: Option<Timeout>,

    /// Maximum time for a member to let this node in [default: 3s]
    #[arg(long, env = "CLACKS_PEERCLOUD_JOIN_TIMEOUT", value_name = "TIME")]
    join_timeout: Option<Timeout>,

    /// Maximum time for the check of a newcomer [default: 700ms]
    #[arg(long, env = "CLACKS_PEERCLOUD_NEWCOMER_TIMEOUT", value_name = "TIME")]
    newcomer_timeout: Option<Timeout>,

    /// Maximum time that a newcomer waits until the other members know it [default: 200ms]
    #[arg(long, env = "CLACKS_PEERCLOUD_ANNOUNCE_TIMEOUT", value_name = "TIME")]
    announce_timeout: Option<Timeout>,

    /// Maximum time to say goodbye to the members [default: 1s]
    #[arg(long, env = "CLACKS_PEERCLOUD_GOODBYE_TIMEOUT", value_name = "TIME")]
    goodbye_timeout: Option<Timeout>,

    /// Time from a failed check of a member to the second one, which decides [default: 1s]
    #[arg(long, env = "CLACKS_PEERCLOUD_RECHECK_AFTER", value_name = "TIME")]
    recheck_after: Option<Timeout>,

    /// Time between two attempts to join while the node is alone, at least 100ms [default: 30s]
    #[arg(long, env = "CLACKS_PEERCLOUD_REJOIN_INTERVAL", value_name = "TIME")]
    rejoin_interval: Option<TimeFrom<100>>,

    /// Time that one member may not know this node until it repairs: it leaves and joins again [default: 30s]
    #[arg(long, env = "CLACKS_PEERCLOUD_REPAIR_AFTER", value_name = "TIME")]
    repair_after: Option<Timeout>,

    /// Minimum time between two repairs [default: 60s]
    #[arg(long, env = "CLACKS_PEERCLOUD_REPAIR_INTERVAL", value_name = "TIME")]
    repair_interval: Option<Timeout>,

    /// Maximum difference between the time of a signed request and the clock of this node: 100ms to 24h, or off for any;
    /// with off, a recorded request is accepted again after the replay memory [default: 60s]
    #[arg(long, env = "CLACKS_PEERCLOUD_CLOCK_DIFFERENCE", value_name = "TIME")]
    clock_difference: Option<Interval>,

    /// Time that signed requests are remembered, so that a second one is refused; at least twice the clock difference
    /// [default: 120s]
    #[arg(long, env = "CLACKS_PEERCLOUD_REPLAY_MEMORY", value_name = "TIME")]
    replay_memory: Option<Timeout>,

    /// Maximum number of signed requests that are remembered, at least 1; above it, the answer is 503 [default: 262144]
    #[arg(long, env = "CLACKS_PEERCLOUD_MAX_REMEMBERED", value_name = "NUMBER", value_parser = number::count)]
    #[serde(deserialize_with = "number::file::count")]
    max_remembered: Option<usize>,
}

impl PeercloudLimits {
    /// Merges two sources: values of `self` take precedence over those of `other`.
    #[allow(clippy::needless_pass_by_value, reason = "as of `Config`")]
    pub(super) fn or(self, other: Self) -> Self {
        Self {
            max_members: self.max_members.or(other.max_members),
            max_body: self.max_body.or(other.max_body),
            max_depth: self.max_depth.or(other.max_depth),
            max_data: self.max_data.or(other.max_data),
            max_reply: self.max_reply.or(other.max_reply),
            max_gathered: self.max_gathered.or(other.max_gathered),
            max_join_answer: self.max_join_answer.or(other.max_join_answer),
            message_rate: self.message_rate.or(other.message_rate),
            max_newcomers: self.max_newcomers.or(other.max_newcomers),
            max_newcomers_per_address: self.max_newcomers_per_address.or(other.max_newcomers_per_address),
            max_connections: self.max_connections.or(other.max_connections),
            max_connections_per_address: self
                .max_connections_per_address
                .or(other.max_connections_per_address),
            max_requests_per_broadcast: self.max_requests_per_broadcast.or(other.max_requests_per_broadcast),
            max_requests_per_member: self.max_requests_per_member.or(other.max_requests_per_member),
            max_requests: self.max_requests.or(other.max_requests),
            max_broadcasts: self.max_broadcasts.or(other.max_broadcasts),
            header_timeout: self.header_timeout.or(other.header_timeout),
            body_timeout: self.body_timeout.or(other.body_timeout),
            answer_timeout: self.answer_timeout.or(other.answer_timeout),
            idle_timeout: self.idle_timeout.or(other.idle_timeout),
            request_timeout: self.request_timeout.or(other.request_timeout),
            join_timeout: self.join_timeout.or(other.join_timeout),
            newcomer_timeout: self.newcomer_timeout.or(other.newcomer_timeout),
            announce_timeout: self.announce_timeout.or(other.announce_timeout),
            goodbye_timeout: self.goodbye_timeout.or(other.goodbye_timeout),
            recheck_after: self.recheck_after.or(other.recheck_after),
            rejoin_interval: self.rejoin_interval.or(other.rejoin_interval),
            repair_after: self.repair_after.or(other.repair_after),
            repair_interval: self.repair_interval.or(other.repair_interval),
            clock_difference: self.clock_difference.or(other.clock_difference),
            replay_memory: self.replay_memory.or(other.replay_memory),
            max_remembered: self.max_remembered.or(other.max_remembered),
        }
    }

    /// Applies the limits to a node's builder.
    pub(super) fn apply(&self, builder: Builder) -> Builder {
        let time = |time: Option<Timeout>| time.map(Duration::from);
        let size = |size: Option<BodySize>| size.map(|size| size.0);
        builder
            .options(|options| {
                let bodies = &mut options.bodies;
                replace(&mut bodies.max_members, self.max_members);
                replace(&mut bodies.max_body, size(self.max_body));
                replace(&mut bodies.max_depth, self.max_depth);
                replace(&mut bodies.max_data, size(self.max_data));
                replace(&mut options.max_reply, size(self.max_reply));
                replace(&mut options.max_gathered, size(self.max_gathered));
                replace(&mut options.max_join_answer, size(self.max_join_answer));
                replace(&mut options.message_rate, self.message_rate.map(|rate| rate.0));
                replace(&mut options.max_newcomers, self.max_newcomers);
                replace(&mut options.max_newcomers_per_address, self.max_newcomers_per_address);
                replace(&mut options.max_requests_per_send, self.max_requests_per_broadcast);
                replace(&mut options.max_requests_per_member, self.max_requests_per_member);
                replace(&mut options.max_requests, self.max_requests);
                replace(&mut options.max_sends, self.max_broadcasts);
                replace(&mut options.request_timeout, time(self.request_timeout));
                replace(&mut options.join_timeout, time(self.join_timeout));
                replace(&mut options.newcomer_timeout, time(self.newcomer_timeout));
                replace(&mut options.announce_timeout, time(self.announce_timeout));
                replace(&mut options.recheck_after, time(self.recheck_after));
                replace(&mut options.rejoin_interval, self.rejoin_interval.map(|TimeFrom(time)| time));
                replace(&mut options.repair_after, time(self.repair_after));
                replace(&mut options.repair_interval, time(self.repair_interval));
                replace(
                    &mut options.max_clock_difference,
                    self.clock_difference.map(|Interval(time)| time.unwrap_or_default()),
                );
                replace(&mut options.replay_memory, time(self.replay_memory));
                replace(&mut options.max_remembered, self.max_remembered);
            })
            .limits(|limits| {
                replace(&mut limits.max_connections, self.max_connections);
                replace(&mut limits.max_connections_per_address, self.max_connections_per_address);
                replace(&mut limits.head_timeout, time(self.header_timeout));
                replace(&mut limits.body_timeout, time(self.body_timeout));
                replace(&mut limits.write_timeout, time(self.answer_timeout));
                replace(&mut limits.idle_timeout, self.idle_timeout.map(|TimeFrom(time)| time));
                replace(&mut limits.goodbye_timeout, time(self.goodbye_timeout));
            })
    }
}
