//! The target of `:ignore` and `:unignore`.

use std::{
    fmt,
    net::{IpAddr, Ipv6Addr},
    str::FromStr,
};

use clacks_p2p::Address;

use super::{CommandError, NodeCommand};

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

impl IgnoreTarget {
    /// The command that ignores the target.
    pub fn ignored(self) -> NodeCommand {
        match self {
            Self::Peer(peer) => NodeCommand::Ignore(peer),
            Self::Remote(remote) => NodeCommand::IgnoreRemote(remote),
        }
    }

    /// The command that stops ignoring the target.
    pub(crate) fn unignored(self) -> NodeCommand {
        match self {
            Self::Peer(peer) => NodeCommand::Unignore(peer),
            Self::Remote(remote) => NodeCommand::UnignoreRemote(remote),
        }
    }
}

/// Parses `host:port`, `ip:192.0.2.7`, `ip:2001:db8::7` or `ip:[2001:db8::7]`. A host named "ip" is followed by a
/// port, which is not an IP address, so it parses as a peer.
impl FromStr for IgnoreTarget {
    type Err = CommandError;

    fn from_str(text: &str) -> Result<Self, CommandError> {
        let Some(remote) = text.strip_prefix(REMOTE) else { return Ok(Self::Peer(text.parse()?)) };
        let in_brackets = remote.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
        match in_brackets {
            Some(v6) => v6.parse().map(|v6: Ipv6Addr| IpAddr::from(v6)),
            None => remote.parse(),
        }
        .map(|remote: IpAddr| Self::Remote(remote.to_canonical()))
        .or_else(|_| text.parse().map(Self::Peer).map_err(|_| CommandError::Remote))
    }
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
        for (text, remote) in [
            ("ip:192.0.2.7", "192.0.2.7"),
            ("ip:2001:db8::7", "2001:db8::7"),
            ("ip:[2001:db8::7]", "2001:db8::7"),
            ("ip:::1", "::1"),
            ("ip:::ffff:192.0.2.7", "192.0.2.7"),
        ] {
            let party: IgnoreTarget = text.parse().unwrap();
            assert_eq!(party, IgnoreTarget::Remote(remote.parse().unwrap()), "{text}");
            assert_eq!(party.to_string().parse::<IgnoreTarget>().unwrap(), party);
        }
        for text in ["tower:8080", "[2001:db8::7]:8080", "192.0.2.7:8080", "ip:8080"] {
            assert_eq!(
                text.parse::<IgnoreTarget>().unwrap(),
                IgnoreTarget::Peer(text.parse().unwrap()),
                "{text}"
            );
        }
        for text in
            ["ip:", "ip:tower", "ip:192.0.2", "ip:192.0.2.7:8080", "ip:192.0.2.0/24", "ip:[192.0.2.7]"]
        {
            assert_eq!(text.parse::<IgnoreTarget>(), Err(CommandError::Remote), "{text}");
        }
        assert!(matches!("192.0.2.7".parse::<IgnoreTarget>(), Err(CommandError::Address(_))));
    }
}
