use std::time::Duration;

use clacks_transport::connections::ConnectionLimits;

use crate::core::OptionsError;

/// Limits on connections and requests.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Time-out for a connection to a peer, TLS included. Default 5 s.
    pub connect_timeout: Duration,
    /// Time-out for a whole request to a peer. Default 10 s. A peer that accepts a connection and never responds is
    /// lost after it.
    pub request_timeout: Duration,
    /// Time-out for the TLS handshake of an inbound connection. Default 10 s.
    pub handshake_timeout: Duration,
    /// Time-out for the headers of a request, and for an idle inbound connection. Default 30 s.
    pub header_timeout: Duration,
    /// Time-out for the body of a request. Default 30 s.
    pub body_timeout: Duration,
    /// Time-out for a client to continue reading a response. Default 30 s.
    pub answer_timeout: Duration,
    /// Maximum request body in bytes; a larger one gets 413. Default 1 MiB.
    pub max_body: usize,
    /// Maximum bytes of all request bodies being read. Above it the largest body of the remote address with the most
    /// bytes gets 503. Default 64 MiB.
    pub max_bodies: usize,
    /// Maximum inbound connections. Default 768; fewer if the process may not open that many files. At the limit, or
    /// when the process runs out of file descriptors, an idle connection is closed: of the network (/24 of IPv4, /48 of
    /// IPv6) with the most connections beyond the first of each address, and in it of the address with the most, the
    /// one that has been idle longest.
    pub max_connections: usize,
    /// Maximum inbound connections from one remote address. Default 64.
    pub max_connections_per_address: usize,
    /// New connections per second that every remote address may make, with a burst of five seconds of it. Default 10.
    /// An address that connects alone is not limited.
    pub connection_rate_per_address: u32,
    /// New connections per second that all remote addresses together may make beyond that; further ones are closed at
    /// once. Default 1,000. 0 for no limit.
    pub connection_rate: u32,
    /// Whether peers that only strangers named are contacted at addresses of every [`Scope`](crate::core::Scope).
    /// Otherwise only public addresses, and those of the scope of this node's own address, are contacted. Default: no.
    pub allow_private_addresses: bool,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(5),
            request_timeout: Duration::from_secs(10),
            handshake_timeout: Duration::from_secs(10),
            header_timeout: Duration::from_secs(30),
            body_timeout: Duration::from_secs(30),
            answer_timeout: Duration::from_secs(30),
            max_body: 1 << 20,
            max_bodies: 64 << 20,
            max_connections: 768,
            max_connections_per_address: 64,
            connection_rate_per_address: 10,
            connection_rate: 1000,
            allow_private_addresses: false,
        }
    }
}

impl Limits {
    pub(super) fn connections(&self) -> ConnectionLimits {
        ConnectionLimits {
            max: self.max_connections,
            max_per_address: self.max_connections_per_address,
            rate_per_address: self.connection_rate_per_address,
            rate: self.connection_rate,
        }
    }

    /// The first limit that differs and that a running node cannot change.
    pub(super) fn fixed_change(&self, new: &Self) -> Option<&'static str> {
        let differs = [
            ("the time for a connection to a peer", self.connect_timeout != new.connect_timeout),
            ("the time for a request to a peer", self.request_timeout != new.request_timeout),
            ("the most connections", self.max_connections != new.max_connections),
            (
                "the most connections from one address",
                self.max_connections_per_address != new.max_connections_per_address,
            ),
            ("the rate of new connections", self.connection_rate != new.connection_rate),
            (
                "the rate of new connections from one address",
                self.connection_rate_per_address != new.connection_rate_per_address,
            ),
            (
                "whether peers at private addresses are contacted",
                self.allow_private_addresses != new.allow_private_addresses,
            ),
        ];
        differs.iter().find(|(_, differs)| *differs).map(|(name, _)| *name)
    }

    /// Refuses values of zero with which the node could serve or reach no peer.
    pub(super) fn check(&self) -> Result<(), OptionsError> {
        let Self { connect_timeout, request_timeout, handshake_timeout, header_timeout, .. } = self;
        let is_zero = [
            ("the time for a connection to a peer", connect_timeout.is_zero()),
            ("the time for a request to a peer", request_timeout.is_zero()),
            ("the time for a TLS handshake", handshake_timeout.is_zero()),
            ("the time for the headers of a request", header_timeout.is_zero()),
            ("the time for the body of a request", self.body_timeout.is_zero()),
            ("the time to read an answer", self.answer_timeout.is_zero()),
            ("the largest body", self.max_body == 0),
            ("the most bytes of bodies that come in at once", self.max_bodies == 0),
            ("the most connections", self.max_connections == 0),
            ("the most connections from one address", self.max_connections_per_address == 0),
            ("the rate of new connections from one address", self.connection_rate_per_address == 0),
        ];
        is_zero
            .iter()
            .try_for_each(|(name, is_zero)| if *is_zero { Err(OptionsError::Zero(name)) } else { Ok(()) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_of_zero_that_disable_the_node_are_refused() {
        type Change = fn(&mut Limits);
        let zeros: [Change; 11] = [
            |limits| limits.connect_timeout = Duration::ZERO,
            |limits| limits.request_timeout = Duration::ZERO,
            |limits| limits.handshake_timeout = Duration::ZERO,
            |limits| limits.header_timeout = Duration::ZERO,
            |limits| limits.body_timeout = Duration::ZERO,
            |limits| limits.answer_timeout = Duration::ZERO,
            |limits| limits.max_body = 0,
            |limits| limits.max_bodies = 0,
            |limits| limits.max_connections = 0,
            |limits| limits.max_connections_per_address = 0,
            |limits| limits.connection_rate_per_address = 0,
        ];
        let names = zeros.map(|change| {
            let mut limits = Limits::default();
            change(&mut limits);
            limits.check().unwrap_err().to_string()
        });
        let different: std::collections::BTreeSet<_> = names.iter().collect();
        assert_eq!(different.len(), zeros.len(), "each is named: {names:?}");
        assert_eq!(Limits { connection_rate: 0, ..Limits::default() }.check(), Ok(()));
    }

    #[test]
    fn the_defaults_match_the_documentation() {
        let seconds = Duration::from_secs;
        let expected = Limits {
            connect_timeout: seconds(5),
            request_timeout: seconds(10),
            handshake_timeout: seconds(10),
            header_timeout: seconds(30),
            body_timeout: seconds(30),
            answer_timeout: seconds(30),
            max_body: 1_048_576,
            max_bodies: 67_108_864,
            max_connections: 768,
            max_connections_per_address: 64,
            connection_rate_per_address: 10,
            connection_rate: 1000,
            allow_private_addresses: false,
        };
        assert_eq!(Limits::default(), expected);
    }
}
