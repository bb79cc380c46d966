//! Rate limit for log lines that peers cause.
//!
//! Every request of a peer can cause a log line. So each source network has a limit per minute and topic, and so do all
//! networks together. At the end of the minute one line counts the lines that were left out.

use std::{
    collections::HashMap,
    fmt,
    net::{IpAddr, Ipv6Addr},
    time::Duration,
};

use tokio::time::Instant;

/// The period of the limits.
const MINUTE: Duration = Duration::from_secs(60);
/// Maximum lines of a topic per network and minute.
const LINES_PER_NETWORK: u32 = 5;
/// Maximum lines of a topic per minute from all networks.
const LINES_PER_TOPIC: u32 = 15;
/// Maximum number of networks that are counted separately per topic and minute.
const MAX_NETWORKS: usize = 1000;
/// Maximum number of networks that the summary of a topic names.
const NAMED_NETWORKS: usize = 3;

/// The topic of a line that a peer causes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Topic {
    /// Refused requests.
    Refusals,
    /// Received announces.
    Announces,
    /// Peers that were added, changed or removed.
    Peers,
    /// Failed deliveries and announces.
    Failures,
    /// Refused certificates.
    Certificates,
    /// Events of another network than clacks.
    Events,
    /// Events that the log itself missed.
    Lags,
}

impl Topic {
    clacks_p2p::all_variants! {
        const ALL: Self = [Refusals, Announces, Peers, Failures, Certificates, Events, Lags];
    }

    /// The noun for one line, and for several.
    fn names(self) -> [&'static str; 2] {
        match self {
            Self::Refusals => ["refused request", "refused requests"],
            Self::Announces => ["announce", "announces"],
            Self::Peers => ["change of a peer", "changes of peers"],
            Self::Failures => ["failure", "failures"],
            Self::Certificates => ["refused certificate", "refused certificates"],
            Self::Events => ["event", "events"],
            Self::Lags => ["more time that the log missed events", "more times that the log missed events"],
        }
    }
}

/// The key of the limit: an IPv4 address, or the /64 network of an IPv6 address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct SourceNetwork(IpAddr);

impl From<IpAddr> for SourceNetwork {
    fn from(remote: IpAddr) -> Self {
        Self(match remote.to_canonical() {
            IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & (u128::MAX << 64)).into(),
            v4 @ IpAddr::V4(_) => v4,
        })
    }
}

impl fmt::Display for SourceNetwork {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let network = if self.0.is_ipv6() { "/64" } else { "" };
        write!(f, "{}{network}", self.0)
    }
}

/// The lines of a topic that were left out in a minute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LeftOut {
    pub(crate) topic: Topic,
    pub(crate) lines: u64,
    /// The network that caused them; `None` for lines without a network, or from networks that are not named.
    pub(crate) network: Option<SourceNetwork>,
}

impl fmt::Display for LeftOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { topic, lines, .. } = self;
        let [one, several] = topic.names();
        let intro = if *topic == Topic::Lags { "" } else { "not logged in the last minute: " };
        write!(f, "{intro}{lines} {}", if *lines == 1 { one } else { several })?;
        self.network.map_or(Ok(()), |network| write!(f, " from {network}"))
    }
}

/// The rate limiter: counts the lines of the current minute.
#[derive(Debug)]
pub(crate) struct RateLimiter {
    minute_ends_at: Instant,
    topics: [Lines; Topic::ALL.len()],
}

#[derive(Debug, Default)]
struct Lines {
    logged: u32,
    by_network: HashMap<SourceNetwork, Count>,
    /// Lines left out that have no network or whose network is not counted separately.
    other: u64,
}

#[derive(Debug, Default, Clone, Copy)]
struct Count {
    logged: u32,
    left_out: u64,
}

impl RateLimiter {
    pub(crate) fn new(now: Instant) -> Self {
        Self { minute_ends_at: now + MINUTE, topics: Default::default() }
    }

    /// Whether a line is logged; otherwise it is counted. Call [`end_minute`](Self::end_minute) first, so that the
    /// counts of the previous minute are reported.
    pub(crate) fn admits(&mut self, topic: Topic, network: Option<IpAddr>) -> bool {
        self.topics[topic as usize].admits(network.map(SourceNetwork::from))
    }

    /// The end of the current minute.
    pub(crate) fn minute_ends_at(&self) -> Instant {
        self.minute_ends_at
    }

    /// Starts the next minute if the current one is over, and returns the counts of the old one.
    pub(crate) fn end_minute(&mut self, now: Instant) -> Vec<LeftOut> {
        if now < self.minute_ends_at {
            return Vec::new();
        }
        let before = std::mem::replace(self, Self::new(now));
        before.left_out()
    }

    /// The counts so far.
    pub(crate) fn left_out(self) -> Vec<LeftOut> {
        Topic::ALL.into_iter().zip(self.topics).flat_map(|(topic, lines)| lines.left_out(topic)).collect()
    }
}

impl Lines {
    fn admits(&mut self, network: Option<SourceNetwork>) -> bool {
        let Some(network) = network else {
            return self.admits_without_network() || self.count_other();
        };
        let has_room = self.by_network.len() < MAX_NETWORKS || self.by_network.contains_key(&network);
        if !has_room {
            return self.count_other();
        }
        let count = self.by_network.entry(network).or_default();
        if count.logged < LINES_PER_NETWORK && self.logged < LINES_PER_TOPIC {
            (count.logged, self.logged) = (count.logged + 1, self.logged + 1);
            return true;
        }
        count.left_out += 1;
        false
    }

    fn admits_without_network(&mut self) -> bool {
        let has_room = self.logged < LINES_PER_TOPIC;
        self.logged += u32::from(has_room);
        has_room
    }

    fn count_other(&mut self) -> bool {
        self.other += 1;
        false
    }

    fn left_out(self, topic: Topic) -> Vec<LeftOut> {
        let counts = self.by_network.into_iter().map(|(network, count)| (count.left_out, network));
        let mut counts: Vec<_> = counts.filter(|(left_out, _)| *left_out > 0).collect();
        counts.sort_unstable_by(|one, other| other.cmp(one));
        let unnamed = counts.split_off(counts.len().min(NAMED_NETWORKS));
        let other = self.other + unnamed.iter().map(|(left_out, _)| left_out).sum::<u64>();
        let named = counts.into_iter().map(|(lines, network)| (lines, Some(network)));
        let lines = named.chain((other > 0).then_some((other, None)));
        lines.map(|(lines, network)| LeftOut { topic, lines, network }).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn remote(number: u32) -> IpAddr {
        IpAddr::from(number.to_be_bytes())
    }

    /// The number of these lines that are logged in a minute.
    fn logged(
        rate_limiter: &mut RateLimiter,
        topic: Topic,
        networks: impl IntoIterator<Item = Option<IpAddr>>,
    ) -> usize {
        networks.into_iter().filter(|network| rate_limiter.admits(topic, *network)).count()
    }

    #[tokio::test]
    async fn one_network_has_a_few_lines_per_minute_and_the_rest_is_counted() {
        let now = Instant::now();
        let mut rate_limiter = RateLimiter::new(now);
        let (loud, quiet) = (Some(remote(1)), Some(remote(2)));
        assert_eq!(
            logged(&mut rate_limiter, Topic::Refusals, std::iter::repeat_n(loud, 1000)),
            LINES_PER_NETWORK as usize
        );
        assert_eq!(logged(&mut rate_limiter, Topic::Refusals, [quiet; 2]), 2, "another has its own");
        assert_eq!(logged(&mut rate_limiter, Topic::Peers, [loud; 1]), 1, "and so has another topic");
        assert_eq!(rate_limiter.end_minute(now + MINUTE / 2), []);
        let told = rate_limiter.end_minute(now + MINUTE);
        let told: Vec<_> = told.iter().map(ToString::to_string).collect();
        assert_eq!(told, ["not logged in the last minute: 995 refused requests from 0.0.0.1"]);
        assert_eq!(logged(&mut rate_limiter, Topic::Refusals, [loud; 9]), LINES_PER_NETWORK as usize);
        assert_eq!(rate_limiter.left_out().len(), 1);
    }

    #[tokio::test]
    async fn lines_of_any_number_of_networks_are_bounded_and_counted() {
        const NETWORKS: u32 = 5000;
        let now = Instant::now();
        for topic in Topic::ALL {
            for networks in [1, NETWORKS] {
                let mut rate_limiter = RateLimiter::new(now);
                let v6 = |number: u32| {
                    let network = u128::from(number % networks) << 64;
                    IpAddr::from(Ipv6Addr::from_bits(network | u128::from(number)))
                };
                let v4 = |number: u32| remote(number % networks);
                let networks = (0..NETWORKS).flat_map(|number| [Some(v6(number)), Some(v4(number)), None]);
                let logged = logged(&mut rate_limiter, topic, networks);
                assert!(logged <= LINES_PER_TOPIC as usize, "{logged}");
                assert!(rate_limiter.topics[topic as usize].by_network.len() <= MAX_NETWORKS);
                let left_out = rate_limiter.left_out();
                assert!(left_out.len() <= NAMED_NETWORKS + 1, "{left_out:?}");
                let counted: u64 = left_out.iter().map(|left_out| left_out.lines).sum();
                assert_eq!(logged as u64 + counted, u64::from(NETWORKS) * 3);
            }
        }
    }

    #[test]
    fn left_out_lines_are_summarized_in_words() {
        let network = Some(SourceNetwork::from(remote(1)));
        for (topic, lines, network, told) in [
            (Topic::Lags, 3, None, "3 more times that the log missed events"),
            (Topic::Lags, 1, None, "1 more time that the log missed events"),
            (Topic::Refusals, 12, network, "not logged in the last minute: 12 refused requests from 0.0.0.1"),
            (Topic::Failures, 1, None, "not logged in the last minute: 1 failure"),
        ] {
            assert_eq!(LeftOut { topic, lines, network }.to_string(), told);
        }
    }

    #[test]
    fn ipv6_addresses_of_one_network_share_a_limit() {
        let network = |text: &str| SourceNetwork::from(text.parse::<IpAddr>().unwrap()).to_string();
        assert_eq!(network("2001:db8::1:2:3:4"), "2001:db8::/64");
        assert_eq!(network("::ffff:192.0.2.1"), "192.0.2.1");
    }
}
