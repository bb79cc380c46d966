use std::{fmt, net::SocketAddr, sync::Arc};

use bytes::Bytes;

/// A payload that a peer sent, as a plugin sees it.
#[derive(Debug, Clone)]
pub struct Incoming {
    /// The JSON text of the message as it came, or as an earlier plugin changed it. `null` if there is none.
    pub json: Arc<str>,
    /// What the payload is.
    pub kind: Kind,
    /// The peer that the sender claims to be. Anybody can claim any address.
    pub sender: Sender,
    /// The remote address of the connection. Absent in a test over a recording.
    pub remote: Option<SocketAddr>,
    /// The peer that the sender introduces.
    pub friend: Option<HostPort>,
    /// Number of earlier visits of this message to the node.
    pub visits: u32,
    /// The body of the request as it came, whatever earlier plugins changed.
    pub body: Bytes,
}

/// What a payload is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Kind {
    /// A message, which the node is about to queue.
    Message,
    /// The announcement of a peer. Its message is not queued.
    Announce,
    /// Any other type, or none.
    Other,
}

/// The record of the peer that a payload names as its sender.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sender {
    /// The identifier of the peer, in 64 hexadecimal digits for clacks.
    pub identifier: Arc<str>,
    /// Its address.
    pub address: HostPort,
    /// Its status after this payload arrived, by the name that the network has for it: `new`, `alive`, `ignored`, ….
    pub status: &'static str,
    /// Time of the last change of status, in milliseconds since the Unix epoch.
    pub time: u64,
    /// Whether it responded as a node does to the last message sent to it.
    pub answers: bool,
}

/// The address of a peer.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct HostPort {
    /// A name or an IP address, without brackets.
    pub hostname: Arc<str>,
    /// The TCP port.
    pub port: u16,
}

/// `host:port`, with brackets around an IPv6 address.
impl fmt::Display for HostPort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.hostname.contains(':') {
            write!(f, "[{}]:{}", self.hostname, self.port)
        } else {
            write!(f, "{}:{}", self.hostname, self.port)
        }
    }
}

impl HostPort {
    /// Reads `host:port`. `None` without a port from 1 to 65535, or without a name.
    pub fn parse(text: &str) -> Option<Self> {
        let (hostname, port) = text.rsplit_once(':')?;
        let port = port.parse().ok().filter(|&port| port != 0)?;
        let hostname = match hostname.strip_prefix('[') {
            Some(rest) => rest.strip_suffix(']')?,
            None if hostname.contains(':') => return None,
            None => hostname,
        };
        (!hostname.is_empty()).then(|| Self { hostname: hostname.into(), port })
    }
}
