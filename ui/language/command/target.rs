//! The target of `:ignore` and `:unignore`.

use std::{fmt, net::IpAddr};

use clacks_p2p::Address;

/// The prefix of a remote address.
const REMOTE: &str = "ip:";

/// Target of `:ignore` and `:unignore`: a peer, or all connections from an IP address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IgnoreTarget {
    /// A peer, by its address `host:port`.
    Peer(Address),
    /// All connections from this IP address. An IPv4-mapped IPv6 address is stored as IPv4.
    Remote(IpAddr),
}

impl fmt::Display for IgnoreTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Peer(peer) => peer.fmt(f),
            Self::Remote(remote) => write!(f, "{REMOTE}{remote}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_a_peer_and_with_ip_a_remote_address() {
        let remote = |text: &str| IgnoreTarget::Remote(text.parse().unwrap()).to_string();
        assert_eq!((remote("192.0.2.7"), remote("::1")), ("ip:192.0.2.7".into(), "ip:::1".into()));
        assert_eq!(IgnoreTarget::Peer("tower:8080".parse().unwrap()).to_string(), "tower:8080");
    }
}
