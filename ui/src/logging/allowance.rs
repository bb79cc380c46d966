//! Rate limit for log lines that peers cause.
//!
//! Every request of a peer can cause a log line. So each place (see [`Place`]) has a limit per minute and topic, and so
//! do all places together. At the end of the minute one line counts the lines that were left out.

use std::{
    collections::HashMap,
    fmt,
    net::{IpAddr, Ipv6Addr},
    time::Duration,
};

use tokio::time::Instant;

/// The period of the limits.
const MINUTE: Duration = Duration::from_secs(60);
/// Maximum lines of a topic per place and minute.
const OF_A_PLACE: u32 = 5;
/// Maximum lines of a topic per minute from all places.
const OF_A_TOPIC: u32 = 15;
/// Maximum number of places that are counted separately per topic and minute.
const MAX_PLACES: usize = 1000;
/// Maximum number of places that the summary of a topic names.
const NAMED: usize = 3;

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
    /// Events that the log itself missed.
    Lags,
}

impl Topic {
    const ALL: [Self; 6] =
        [Self::Refusals, Self::Announces, Self::Peers, Self::Failures, Self::Certificates, Self::Lags];

    /// The noun for one line, and for several.
    fn names(self) -> [&'static str; 2] {
        match self {
            Self::Refusals => ["refused request", "refused requests"],
            Self::Announces => ["announce", "announces"],
            Self::Peers => ["change of a peer", "changes of peers"],
            Self::Failures => ["failure", "failures"],
            Self::Certificates => ["refused certificate", "refused certificates"],
            Self::Lags => ["more time that the log missed events", "more times that the log missed events"],
        }
    }
}

/// The key of the limit: an IPv4 address, or the /64 network of an IPv6 address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Place(IpAddr);

impl From<IpAddr> for Place {
    fn from(remote: IpAddr) -> Self {
        Self(match remote.to_canonical() {
            IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & (u128::MAX << 64)).into(),
            v4 @ IpAddr::V4(_) => v4,
        })
    }
}

impl fmt::Display for Place {
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
    /// The place that caused them; `None` for lines without a place, or from places that are not named.
    pub(crate) place: Option<Place>,
}

impl fmt::Display for LeftOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { topic, lines, .. } = self;
        let [one, several] = topic.names();
        let intro = if *topic == Topic::Lags { "" } else { "not logged in the last minute: " };
        write!(f, "{intro}{lines} {}", if *lines == 1 { one } else { several })?;
        self.place.map_or(Ok(()), |place| write!(f, " from {place}"))
    }
}

/// The rate limiter: counts the lines of the current minute.
#[derive(Debug)]
pub(crate) struct Allowance {
    ends: Instant,
    topics: [Lines; Topic::ALL.len()],
}

#[derive(Debug, Default)]
struct Lines {
    logged: u32,
    by_place: HashMap<Place, Count>,
    /// Lines left out that have no place or whose place is not counted separately.
    other: u64,
}

#[derive(Debug, Default, Clone, Copy)]
struct Count {
    logged: u32,
    left_out: u64,
}

impl Allowance {
    pub(crate) fn new(now: Instant) -> Self {
        Self { ends: now + MINUTE, topics: Default::default() }
    }

    /// Whether a line is logged; otherwise it is counted. Call [`end_minute`](Self::end_minute) first, so that the
    /// counts of the previous minute are reported.
    pub(crate) fn admits(&mut self, topic: Topic, place: Option<IpAddr>) -> bool {
        self.topics[topic as usize].admits(place.map(Place::from))
    }

    /// The end of the current minute.
    pub(crate) fn ends(&self) -> Instant {
        self.ends
    }

    /// Starts the next minute if the current one is over, and returns the counts of the old one.
    pub(crate) fn end_minute(&mut self, now: Instant) -> Vec<LeftOut> {
        if now < self.ends {
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
    fn admits(&mut self, place: Option<Place>) -> bool {
        let Some(place) = place else {
            return self.admits_another() || self.leave_out();
        };
        let has_room = self.by_place.len() < MAX_PLACES || self.by_place.contains_key(&place);
        if !has_room {
            return self.leave_out();
        }
        let count = self.by_place.entry(place).or_default();
        if count.logged < OF_A_PLACE && self.logged < OF_A_TOPIC {
            (count.logged, self.logged) = (count.logged + 1, self.logged + 1);
            return true;
        }
        count.left_out += 1;
        false
    }

    fn admits_another(&mut self) -> bool {
        let has_room = self.logged < OF_A_TOPIC;
        self.logged += u32::from(has_room);
        has_room
    }

    fn leave_out(&mut self) -> bool {
        self.other += 1;
        false
    }

    fn left_out(self, topic: Topic) -> Vec<LeftOut> {
        let counts = self.by_place.into_iter().map(|(place, count)| (count.left_out, place));
        let mut counts: Vec<_> = counts.filter(|(left_out, _)| *left_out > 0).collect();
        counts.sort_unstable_by(|one, other| other.cmp(one));
        let unnamed = counts.split_off(counts.len().min(NAMED));
        let other = self.other + unnamed.iter().map(|(left_out, _)| left_out).sum::<u64>();
        let named = counts.into_iter().map(|(lines, place)| (lines, Some(place)));
        let lines = named.chain((other > 0).then_some((other, None)));
        lines.map(|(lines, place)| LeftOut { topic, lines, place }).collect()
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
        allowance: &mut Allowance,
        topic: Topic,
        places: impl IntoIterator<Item = Option<IpAddr>>,
    ) -> usize {
        places.into_iter().filter(|place| allowance.admits(topic, *place)).count()
    }

    #[tokio::test]
    async fn one_network_has_a_few_lines_per_minute_and_the_rest_is_counted() {
        let now = Instant::now();
        let mut allowance = Allowance::new(now);
        let (loud, quiet) = (Some(remote(1)), Some(remote(2)));
        assert_eq!(
            logged(&mut allowance, Topic::Refusals, std::iter::repeat_n(loud, 1000)),
            OF_A_PLACE as usize
        );
        assert_eq!(logged(&mut allowance, Topic::Refusals, [quiet; 2]), 2, "another has its own");
        assert_eq!(logged(&mut allowance, Topic::Peers, [loud; 1]), 1, "and so has another topic");
        assert_eq!(allowance.end_minute(now + MINUTE / 2), []);
        let told = allowance.end_minute(now + MINUTE);
        let told: Vec<_> = told.iter().map(ToString::to_string).collect();
        assert_eq!(told, ["not logged in the last minute: 995 refused requests from 0.0.0.1"]);
        assert_eq!(logged(&mut allowance, Topic::Refusals, [loud; 9]), OF_A_PLACE as usize);
        assert_eq!(allowance.left_out().len(), 1);
    }

    #[tokio::test]
    async fn lines_of_any_number_of_networks_are_bounded_and_counted() {
        const PLACES: u32 = 5000;
        let now = Instant::now();
        for topic in Topic::ALL {
            for networks in [1, PLACES] {
                let mut allowance = Allowance::new(now);
                let v6 = |number: u32| {
                    let network = u128::from(number % networks) << 64;
                    IpAddr::from(Ipv6Addr::from_bits(network | u128::from(number)))
                };
                let v4 = |number: u32| remote(number % networks);
                let places = (0..PLACES).flat_map(|number| [Some(v6(number)), Some(v4(number)), None]);
                let logged = logged(&mut allowance, topic, places);
                assert!(logged <= OF_A_TOPIC as usize, "{logged}");
                assert!(allowance.topics[topic as usize].by_place.len() <= MAX_PLACES);
                let left_out = allowance.left_out();
                assert!(left_out.len() <= NAMED + 1, "{left_out:?}");
                let counted: u64 = left_out.iter().map(|left_out| left_out.lines).sum();
                assert_eq!(logged as u64 + counted, u64::from(PLACES) * 3);
            }
        }
    }

    #[test]
    fn left_out_lines_are_summarized_in_words() {
        let place = Some(Place::from(remote(1)));
        for (topic, lines, place, told) in [
            (Topic::Lags, 3, None, "3 more times that the log missed events"),
            (Topic::Lags, 1, None, "1 more time that the log missed events"),
            (Topic::Refusals, 12, place, "not logged in the last minute: 12 refused requests from 0.0.0.1"),
            (Topic::Failures, 1, None, "not logged in the last minute: 1 failure"),
        ] {
            assert_eq!(LeftOut { topic, lines, place }.to_string(), told);
        }
    }

    #[test]
    fn ipv6_addresses_of_one_network_share_a_limit() {
        let place = |text: &str| Place::from(text.parse::<IpAddr>().unwrap()).to_string();
        assert_eq!(place("2001:db8::1:2:3:4"), "2001:db8::/64");
        assert_eq!(place("::ffff:192.0.2.1"), "192.0.2.1");
    }
}
