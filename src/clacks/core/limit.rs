use std::collections::HashMap;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A limit on what a node accepts or does.
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
