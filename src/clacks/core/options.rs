use std::{collections::HashMap, time::Duration};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::protocol::{Address, DEFAULT_MAX_DEPTH, Message};

/// The options of a node. The first three are those of the protocol, the others are our limits.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Options {
    /// The address of this node, which is sent with every payload. Default `localhost:8080`, as in the package.
    pub address: Address,
    /// Messages sent per second, 0.001 to 100,000. Default 1, as in the package. A higher rate spreads messages faster
    /// and costs every peer more.
    pub send_rate: f64,
    /// Time from which a failed delivery makes a lost peer dead. Default one hour, as in the package.
    pub kill_timeout: Duration,
    /// Maximum deliveries in flight. Default 64. Must not be zero. At most half of them go to peers that did not
    /// respond when last tried. The last quarter is for fast peers, if there are any: those that responded within
    /// `max_in_flight` divided by `send_rate` seconds of late. So neither a crowd of silent peers, which anybody can
    /// make up, nor slow peers use all of them.
    pub max_in_flight: usize,
    /// Maximum deliveries in flight to one alive peer. Default 8. Must not be zero. It is at most a quarter of the free
    /// deliveries of `max_in_flight`, but at least one. One machine, which can have several peers, gets at most three
    /// times as many as are free, and as many as are free if its peers are slow, unless no other machine has responding
    /// peers. A peer that did not respond when last tried gets one at a time.
    pub max_in_flight_per_peer: usize,
    /// Maximum messages: queued, held and in flight. Default 100,000. Must not be zero. A sixteenth is reserved for
    /// messages of the user. One remote address or network gets only so much of the rest that there is room for others.
    pub max_queue_messages: usize,
    /// Maximum bytes of JSON text of all messages: queued, held and in flight. Default 64 MiB. Must not be zero. Shared
    /// as [`Options::max_queue_messages`] is.
    pub max_queue_bytes: usize,
    /// Maximum bytes of JSON text of a message that the user writes. Default [`Message::MAX_SIZE`], which every node
    /// accepts. Must not be zero.
    pub max_message_bytes: usize,
    /// Maximum known peers. When full, a peer that never responded is evicted: the oldest of the remote address that
    /// introduced the most of them, or of the IP address that has the most of them. If there is none, the lost or dead
    /// peer whose last response is oldest is evicted. Alive peers that responded, peers that the user added and ignored
    /// peers stay; if there are no others, new senders are served but not remembered. Default 100,000. Must not be
    /// zero.
    pub max_peers: usize,
    /// Maximum new peers. When full, a sender replaces the oldest new peer of the remote address that introduced the
    /// most of them; a named friend does so only if another remote address introduced the most. Default 1,000. With 0
    /// payloads introduce no peers.
    pub max_new_peers: usize,
    /// Maximum peers per minute that payloads from one remote address introduce, as senders or friends. Further senders
    /// are served but not remembered. Default 10: made-up names then cost a node that sends one message per second a
    /// sixth of them. 0 for no limit.
    pub introductions_per_minute: u32,
    /// Burst of introductions from one remote address. Default 100. Must not be zero.
    pub introductions_burst: u32,
    /// Maximum payloads per second from one remote address; further ones get 429. Default 1,000, which is as fast as a
    /// package node can send. 0 for no limit.
    pub payload_rate: f64,
    /// Burst of payloads from one remote address. Default 2,000. Must not be zero.
    pub payload_burst: u32,
    /// The order in which new peers are tried. Default [`NewPeerPolicy::EverySecond`].
    pub newcomers: NewPeerPolicy,
    /// Maximum nesting depth of a message. Default [`DEFAULT_MAX_DEPTH`]. A depth of about 5,000 crashes a package
    /// node.
    pub max_depth: usize,
}

/// The order in which new peers are tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NewPeerPolicy {
    /// A random new peer. After a message to a peer that only strangers named, the next goes to a peer that responded
    /// or that the user added, so that made-up names take at most every second message.
    #[default]
    EverySecond,
    /// A random new peer, as long as there are any. The protocol document says so.
    Always,
    /// The oldest new peer, as long as there are any, as the package once did. For comparison with the others: finding
    /// it takes time linear in the number of new peers.
    Oldest,
}

/// Why [`Options`] are invalid.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum OptionsError {
    /// The send rate is not a number from 0.001 to 100,000.
    #[error("the send rate is {0}; it must be 0.001 to 100000 messages a second")]
    SendRate(f64),
    /// The payload rate is not a number from 0 to 1,000,000.
    #[error(
        "the most payloads a second from one address are {0}; they must be 0 to 1000000, and 0 is no limit"
    )]
    PayloadRate(f64),
    /// A limit is zero, so the node could hold or send nothing.
    #[error("{0} is zero; it must be at least 1")]
    Zero(&'static str),
    /// It cannot be changed while the node runs.
    #[error("{0} cannot be changed while the node runs")]
    Fixed(&'static str),
}

impl Options {
    /// The defaults for a node with this address.
    pub fn new(address: Address) -> Self {
        Self {
            address,
            send_rate: 1.0,
            kill_timeout: Duration::from_secs(3600),
            max_in_flight: 64,
            max_in_flight_per_peer: 8,
            max_queue_messages: 100_000,
            max_queue_bytes: 64 << 20,
            max_message_bytes: Message::MAX_SIZE,
            max_peers: 100_000,
            max_new_peers: 1000,
            introductions_per_minute: 10,
            introductions_burst: 100,
            payload_rate: 1000.0,
            payload_burst: 2000,
            newcomers: NewPeerPolicy::EverySecond,
            max_depth: DEFAULT_MAX_DEPTH,
        }
    }

    /// Response time in microseconds from which a peer is slow. If every response took this long, the send rate would
    /// need the maximum number of deliveries in flight.
    pub(super) fn slow_from(&self) -> u32 {
        (self.max_in_flight as f64 / self.send_rate * 1e6) as u32
    }

    /// The first option that differs and that a running node cannot change.
    pub(super) fn fixed_change(&self, new: &Self) -> Option<&'static str> {
        let differs = [
            ("the address", self.address != new.address),
            ("the most deliveries in flight", self.max_in_flight != new.max_in_flight),
            (
                "the most deliveries in flight to one peer",
                self.max_in_flight_per_peer != new.max_in_flight_per_peer,
            ),
            ("the nesting depth of a message", self.max_depth != new.max_depth),
        ];
        differs.iter().find(|(_, differs)| *differs).map(|(name, _)| *name)
    }

    pub(crate) fn check(&self) -> Result<(), OptionsError> {
        check_send_rate(self.send_rate)?;
        if !(0.0..=1_000_000.0).contains(&self.payload_rate) {
            return Err(OptionsError::PayloadRate(self.payload_rate));
        }
        let limits = [
            ("the most deliveries in flight", self.max_in_flight),
            ("the most deliveries in flight to one peer", self.max_in_flight_per_peer),
            ("the most peers", self.max_peers),
            ("the most messages in the queue", self.max_queue_messages),
            ("the most bytes in the queue", self.max_queue_bytes),
            ("the most bytes of a message", self.max_message_bytes),
            ("the burst of payloads from one address", self.payload_burst as usize),
            ("the burst of introductions from one address", self.introductions_burst as usize),
        ];
        limits
            .iter()
            .try_for_each(|(name, limit)| if *limit == 0 { Err(OptionsError::Zero(name)) } else { Ok(()) })
    }
}

pub(super) fn check_send_rate(rate: f64) -> Result<(), OptionsError> {
    if (0.001..=100_000.0).contains(&rate) { Ok(()) } else { Err(OptionsError::SendRate(rate)) }
}

// === How often limits are reached ===

/// A limit on what a node accepts or does, of which it is counted how often it was reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Limit {
    /// Open inbound connections.
    Connections,
    /// Open inbound connections per remote address.
    ConnectionsPerAddress,
    /// New connections per second per remote address, while others connect.
    ConnectionRate,
    /// Remote addresses that the user ignores.
    IgnoredRemotes,
    /// Time for a TLS handshake.
    Handshakes,
    /// Time for the headers of a request, and between requests.
    Heads,
    /// Time for the body of a request: 408.
    BodyTime,
    /// Bytes of a body: 413.
    BodySize,
    /// Bytes of all request bodies being read: 503.
    Bodies,
    /// Payloads per second per remote address: 429.
    Payloads,
    /// Messages and bytes in the queue: 503.
    Queue,
    /// Messages and bytes in the queue per remote address and network: 503.
    QueueShares,
    /// New peers per minute introduced by payloads from one remote address.
    Introductions,
    /// New peers.
    NewPeers,
    /// All peers.
    Peers,
    /// Address scopes that are contacted on a stranger's word.
    Scopes,
}

impl Limit {
    clacks_transport::all_variants! {
        /// Every limit, in the order in which a connection reaches them.
        pub const ALL: Self = [
            Connections,
            ConnectionsPerAddress,
            ConnectionRate,
            IgnoredRemotes,
            Handshakes,
            Heads,
            BodyTime,
            BodySize,
            Bodies,
            Payloads,
            Queue,
            QueueShares,
            Introductions,
            NewPeers,
            Peers,
            Scopes,
        ];
    }

    /// Its name in JSON, such as `connections_per_address`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Connections => "connections",
            Self::ConnectionsPerAddress => "connections_per_address",
            Self::ConnectionRate => "connection_rate",
            Self::IgnoredRemotes => "ignored_remotes",
            Self::Handshakes => "handshakes",
            Self::Heads => "heads",
            Self::BodyTime => "body_time",
            Self::BodySize => "body_size",
            Self::Bodies => "bodies",
            Self::Payloads => "payloads",
            Self::Queue => "queue",
            Self::QueueShares => "queue_shares",
            Self::Introductions => "introductions",
            Self::NewPeers => "new_peers",
            Self::Peers => "peers",
            Self::Scopes => "scopes",
        }
    }
}

/// Number of hits of each limit since the node started.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LimitCounts([u64; Limit::ALL.len()]);

impl LimitCounts {
    /// Number of hits of this limit.
    pub fn of(&self, limit: Limit) -> u64 {
        self.0[limit as usize]
    }

    /// Number of hits of all limits.
    pub fn total(&self) -> u64 {
        self.0.iter().fold(0, |total, count| total.saturating_add(*count))
    }

    /// Counts a hit of this limit.
    pub fn count(&mut self, limit: Limit) {
        self.add(limit, 1);
    }

    /// Counts hits of this limit.
    pub fn add(&mut self, limit: Limit, hits: u64) {
        let count = &mut self.0[limit as usize];
        *count = count.saturating_add(hits);
    }
}

/// An object with a member for each limit.
impl Serialize for LimitCounts {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(Limit::ALL.map(|limit| (limit.name(), self.of(limit))))
    }
}

/// Missing limits count as 0; unknown names are ignored.
impl<'de> Deserialize<'de> for LimitCounts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let counts = HashMap::<String, u64>::deserialize(deserializer)?;
        Ok(Self(Limit::ALL.map(|limit| counts.get(limit.name()).copied().unwrap_or_default())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_limit_has_its_own_count() {
        let mut counts = LimitCounts::default();
        for (number, limit) in Limit::ALL.into_iter().enumerate() {
            (0..=number).for_each(|_| counts.count(limit));
        }
        assert_eq!(Limit::ALL.map(|limit| counts.of(limit)), std::array::from_fn(|number| number as u64 + 1));
        let json = serde_json::to_value(counts).unwrap();
        let count = Limit::ALL.len();
        assert_eq!((json.as_object().unwrap().len(), json["scopes"].as_u64()), (count, Some(16)));
        assert_eq!(serde_json::from_value::<LimitCounts>(json).unwrap(), counts);
        let others = serde_json::from_str::<LimitCounts>(r#"{"later": 3, "peers": 2}"#).unwrap();
        assert_eq!((others.of(Limit::Peers), others.total()), (2, 2));
    }
}
