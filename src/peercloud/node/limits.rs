use std::time::Duration;

use clacks_transport::connections::ConnectionLimits;

use crate::core::HistoryLimits;

/// Limits on the connections of a node.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Maximum open connections from others. Default 256. Must not be zero. Above it an idle one is closed.
    pub max_connections: usize,
    /// Maximum open connections from one address, or /64 network of IPv6. Default 32. Must not be zero.
    pub max_connections_per_address: usize,
    /// Time for the head of a request, from its first byte. Default 5 s.
    pub head_timeout: Duration,
    /// Time for the body of a request. Default 5 s. Then the answer is 408.
    pub body_timeout: Duration,
    /// Time in which a client must read a part of an answer. Default 10 s.
    pub write_timeout: Duration,
    /// How long an idle connection from others stays open. Default 30 s, at least 6 s, because nodes of the package use
    /// connections again that were idle for up to 5 s.
    pub idle_timeout: Duration,
    /// Time for a reply of the handler of messages. Default 900 ms, because a node of the package waits 1 s. Then the
    /// answer is 504.
    pub handler_timeout: Duration,
    /// Maximum bytes of answers to joins that are not read yet, because each is as long as the list of members; above it
    /// `/join` is answered with 503. One address may use half of them. Default 64 MiB.
    pub join_answer_memory: usize,
    /// Bounds of what the node remembers of messages and refused requests.
    pub history: HistoryLimits,
    /// Time for the goodbyes of [`Node::close`](super::Node::close), and for messages that go before them. Default 1 s. A
    /// goodbye waits for a message for at most half of it.
    pub goodbye_timeout: Duration,
}

/// Why [`Limits`] are invalid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0} must be at least {1}")]
pub struct LimitsError(&'static str, usize);

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_connections: 256,
            max_connections_per_address: 32,
            head_timeout: Duration::from_secs(5),
            body_timeout: Duration::from_secs(5),
            write_timeout: Duration::from_secs(10),
            idle_timeout: Duration::from_secs(30),
            handler_timeout: Duration::from_millis(900),
            join_answer_memory: 64 << 20,
            history: HistoryLimits::default(),
            goodbye_timeout: Duration::from_secs(1),
        }
    }
}

impl Limits {
    pub(super) fn check(&self) -> Result<(), LimitsError> {
        let limits = [
            ("the maximum of connections", self.max_connections, 1),
            ("the maximum of connections of an address", self.max_connections_per_address, 1),
            ("the time for an idle connection in ms", self.idle_timeout.as_millis() as usize, 6000),
        ];
        let too_small = limits.into_iter().find(|(_, limit, least)| limit < least);
        too_small.map_or(Ok(()), |(name, _, least)| Err(LimitsError(name, least)))
    }

    pub(super) fn connections(&self) -> ConnectionLimits {
        ConnectionLimits {
            max: self.max_connections,
            max_per_address: self.max_connections_per_address,
            // Members come and go at any rate, and each may join again after a second.
            rate_per_address: 0,
            rate: 0,
        }
    }
}
