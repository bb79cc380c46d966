use std::{
    collections::{HashMap, hash_map::Entry},
    net::IpAddr,
    time::Duration,
};

use super::place::{network, place};

/// How long after those that need not be remembered were looked for until they are looked for again.
const BETWEEN_SWEEPS: Duration = Duration::from_secs(1);
/// Remote places that are told apart at most, and networks; what is left is one place together, in each network and
/// in all.
const MAX_PLACES: usize = 65_536;
/// Places of one network that are told apart at most, so that a crowd in one leaves room for those of others.
const MAX_PLACES_OF_NETWORK: usize = MAX_PLACES / 16;
/// How many times what one place may do the whole network of the place may.
const NETWORK: f64 = 4.0;
/// A place may have used this many times what its network has left, both as parts of their bursts. So places that do all
/// they can leave something to those of their network that do little.
const ALPHA: f64 = 8.0;
/// How much slower what a place used is forgotten beside others of its network: who does it more seldom does little.
const LITTLE: f64 = 1.0 / 32.0;

/// How often something may be done from each remote place: so many times a second, and as many at once as gathered
/// while it was not done, up to a burst. All places of a network together may do it four times as often.
///
/// A token bucket for each place, which is the address, or of IPv6 the network of 64 bits: who has one address there
/// has them all. And one for each network, of 24 or 48 bits, which is often one owner's.
#[derive(Debug)]
pub(crate) struct Allowance {
    of_place: Flow,
    of_little: Flow,
    of_network: Flow,
    // Strangers choose the keys: std's seeded hash.
    places: HashMap<IpAddr, Place>,
    networks: HashMap<IpAddr, Network>,
    /// Of the networks that are not told apart.
    others: Network,
    /// When those that are full were last let go, as uptime.
    swept: Duration,
}

/// How fast a bucket fills, and how much it holds.
#[derive(Debug, Clone, Copy)]
struct Flow {
    rate: f64,
    burst: f64,
}

#[derive(Debug, Clone, Copy)]
struct Place {
    bucket: Bucket,
    /// Says what the place has used, where it is compared with others.
    little: Bucket,
}

#[derive(Debug, Clone, Copy)]
struct Network {
    bucket: Bucket,
    /// How many places of it have a bucket.
    places: usize,
}

#[derive(Debug, Clone, Copy)]
struct Bucket {
    tokens: f64,
    /// When it held so many, as uptime.
    at: Duration,
}

impl Allowance {
    /// So many times a second, and `burst` at once. With a rate of 0 there is no limit.
    pub(crate) fn new(rate: f64, burst: f64) -> Self {
        let of_network = Flow { rate: rate * NETWORK, burst: burst * NETWORK };
        Self {
            of_place: Flow { rate, burst },
            of_little: Flow { rate: rate * LITTLE, burst },
            of_network,
            places: HashMap::new(),
            networks: HashMap::new(),
            others: Network { bucket: of_network.full(Duration::ZERO), places: 0 },
            swept: Duration::ZERO,
        }
    }

    /// Does it once from this place; or says in how long it may be done again.
    pub(crate) fn take(&mut self, remote: IpAddr, now: Duration) -> Result<(), Duration> {
        if self.of_place.rate == 0.0 {
            return Ok(());
        }
        self.make_bucket(remote, now);
        let Self { of_place, of_little, of_network, .. } = *self;
        let known = self.places.get_mut(&place(remote));
        let network = &mut self.networks.get_mut(&network(remote)).unwrap_or(&mut self.others).bucket;
        // One that has no bucket may be any of many, and counts as one that has done all it may.
        let left = known.as_ref().map_or(0.0, |known| known.little.level(of_little, now));
        let needed = ((1.0 - left / of_little.burst) / ALPHA * of_network.burst).max(1.0);
        let wait_for_place = known.as_ref().and_then(|known| known.bucket.wait(of_place, 1.0, now));
        if let Some(wait) = wait_for_place.max(network.wait(of_network, needed, now)) {
            return Err(wait);
        }
        network.take(of_network, now);
        if let Some(Place { bucket, little }) = known {
            bucket.take(of_place, now);
            little.take(of_little, now);
        }
        Ok(())
    }

    /// Makes the buckets of a place and its network if there is room for them.
    fn make_bucket(&mut self, remote: IpAddr, now: Duration) {
        if self.places.contains_key(&place(remote)) {
            return;
        }
        self.sweep(network(remote), now);
        let has_room = self.networks.len() < MAX_PLACES;
        let full = Network { bucket: self.of_network.full(now), places: 0 };
        let network = match self.networks.entry(network(remote)) {
            Entry::Occupied(network) => network.into_mut(),
            Entry::Vacant(network) if has_room => network.insert(full),
            Entry::Vacant(_) => return,
        };
        if self.places.len() < MAX_PLACES && network.places < MAX_PLACES_OF_NETWORK {
            network.places += 1;
            let full = Place { bucket: self.of_place.full(now), little: self.of_little.full(now) };
            self.places.insert(place(remote), full);
        }
    }

    /// Lets the full buckets go if there is no room for more in this network: they say nothing that missing ones do not.
    fn sweep(&mut self, of: IpAddr, now: Duration) {
        let of_network = self.networks.get(&of).map_or(0, |network| network.places);
        let is_crowded = self.places.len() >= MAX_PLACES
            || self.networks.len() >= MAX_PLACES
            || of_network >= MAX_PLACES_OF_NETWORK;
        if now < self.swept + BETWEEN_SWEEPS || !is_crowded {
            return;
        }
        let (of_place, of_network, networks) = (self.of_place, self.of_network, &mut self.networks);
        self.places.retain(|place, known| {
            let is_full = known.bucket.level(of_place, now) >= of_place.burst;
            if let Some(network) = networks.get_mut(&network(*place)).filter(|_| is_full) {
                network.places -= 1;
            }
            !is_full
        });
        let is_full = |network: &Network| network.bucket.level(of_network, now) >= of_network.burst;
        networks.retain(|_, network| network.places > 0 || !is_full(network));
        self.swept = now;
    }
}

impl Flow {
    fn full(self, now: Duration) -> Bucket {
        Bucket { tokens: self.burst, at: now }
    }
}

impl Bucket {
    fn level(&self, flow: Flow, now: Duration) -> f64 {
        (self.tokens + now.saturating_sub(self.at).as_secs_f64() * flow.rate).min(flow.burst)
    }

    /// How long until it holds what is needed; `None` if it does.
    fn wait(&self, flow: Flow, needed: f64, now: Duration) -> Option<Duration> {
        let missing = needed - self.level(flow, now);
        (missing > 0.0).then(|| Duration::try_from_secs_f64(missing / flow.rate).unwrap_or(Duration::MAX))
    }

    fn take(&mut self, flow: Flow, now: Duration) {
        *self = Self { tokens: (self.level(flow, now) - 1.0).max(0.0), at: now };
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    const NOW: Duration = Duration::from_secs(100);

    fn v4(number: u32) -> IpAddr {
        Ipv4Addr::from_bits(number).into()
    }

    #[test]
    fn a_burst_is_let_through_and_then_the_rate() {
        let mut allowance = Allowance::new(10.0, 5.0);
        let taken = (0..20).filter(|_| allowance.take(v4(1), NOW).is_ok()).count();
        assert_eq!(taken, 5);
        let steps = (1..=200).map(|step| NOW + Duration::from_millis(10 * step));
        assert_eq!(steps.filter(|now| allowance.take(v4(1), *now).is_ok()).count(), 20);
        assert!(allowance.take(v4(2), NOW).is_ok(), "another place");
    }

    #[test]
    fn it_says_when_to_come_back_and_that_is_true() {
        let mut allowance = Allowance::new(0.5, 1.0);
        allowance.take(v4(1), NOW).unwrap();
        let later = NOW + Duration::from_millis(500);
        let wait = allowance.take(v4(1), later).unwrap_err();
        assert_eq!(wait, Duration::from_millis(1500));
        assert!(allowance.take(v4(1), later + Duration::from_millis(1499)).is_err());
        assert!(allowance.take(v4(1), later + wait).is_ok());
    }

    #[test]
    fn a_crowd_of_places_takes_bounded_memory_and_leaves_those_that_are_known_alone() {
        let mut allowance = Allowance::new(1.0, 2.0);
        let known = v4(7);
        allowance.take(known, NOW).unwrap();
        let served =
            (1000..1000 + 2 * MAX_PLACES as u32).filter(|place| allowance.take(v4(*place), NOW).is_ok());
        assert!(served.count() < MAX_PLACES + 2);
        assert_eq!(allowance.places.len(), MAX_PLACES);
        assert!(allowance.take(known, NOW).is_ok() && allowance.take(known, NOW).is_err());
        // Those that have been quiet since then are let go.
        assert!(allowance.take(v4(1), NOW + Duration::from_secs(9)).is_ok());
        assert_eq!((allowance.places.len(), allowance.networks.len()), (1, 1));
    }

    #[test]
    fn without_a_rate_there_is_no_limit() {
        let mut allowance = Allowance::new(0.0, 0.0);
        assert!((0..10_000).all(|_| allowance.take(v4(1), NOW).is_ok()));
        assert!(allowance.places.is_empty() && allowance.networks.is_empty());
    }

    /// The places of one network, which do all they can at the same moment, over and over.
    fn crowd(allowance: &mut Allowance, places: u32, now: Duration) -> usize {
        let rounds = (0..200).flat_map(|_| 0..places);
        rounds.filter(|number| allowance.take(v4(number % 250 + 0x0a00_0001), now).is_ok()).count()
    }

    #[test]
    fn a_network_does_it_four_times_as_often_as_a_place() {
        let mut allowance = Allowance::new(10.0, 100.0);
        let burst = crowd(&mut allowance, 200, NOW);
        assert!((300..=400).contains(&burst), "{burst}");
        let taken: usize =
            (1..=100).map(|step| crowd(&mut allowance, 200, NOW + Duration::from_millis(100 * step))).sum();
        assert!((300..=800).contains(&taken), "{taken} in ten seconds");
    }

    #[test]
    fn who_does_little_is_served_beside_greedy_places_of_its_network_and_others_are_not_touched() {
        for greedy in [1, 4, 16] {
            let mut allowance = Allowance::new(10.0, 100.0);
            for step in 0..100 {
                let now = NOW + Duration::from_millis(100 * step);
                crowd(&mut allowance, greedy, now);
                assert!(step % 10 > 0 || allowance.take(v4(0x0a00_00ff), now).is_ok(), "{greedy} at {step}");
                assert!(step % 2 > 0 || allowance.take(v4(0x0a00_0101), now).is_ok());
            }
        }
    }

    #[test]
    fn one_place_alone_is_bounded_by_nothing_but_its_own_bucket() {
        let mut allowance = Allowance::new(10.0, 100.0);
        assert_eq!((0..500).filter(|_| allowance.take(v4(1), NOW).is_ok()).count(), 100);
    }

    #[test]
    fn a_crowd_of_one_network_leaves_the_places_of_others_apart() {
        let mut allowance = Allowance::new(1.0, 5.0);
        let v6 = |network: u128, place: u128| IpAddr::V6((network << 80 | place << 64).into());
        for place in 0..60_000 {
            let _ = allowance.take(v6(1, place), NOW);
        }
        assert_eq!(allowance.places.len(), MAX_PLACES_OF_NETWORK);
        for network in 2..100 {
            assert_eq!((0..9).filter(|_| allowance.take(v6(network, 0), NOW).is_ok()).count(), 5);
        }
    }

    #[test]
    fn networks_are_told_apart_up_to_a_bound() {
        let mut allowance = Allowance::new(1.0, 2.0);
        for network in 0..MAX_PLACES as u32 + 2 {
            let _ = allowance.take(v4(network << 8), NOW);
        }
        assert_eq!((allowance.networks.len(), allowance.places.len()), (MAX_PLACES, MAX_PLACES));
    }

    #[test]
    fn a_network_is_known_while_it_has_places_or_was_used() {
        const OTHERS: u32 = 0x0b00_0000;
        // Six seconds after a place took its whole burst, its network is full and it is not. Three seconds after 60
        // places took one each, they are full and their network is not. In the end all are full.
        for (places, each, after, expected) in [(1, 20, 6, (1, 1)), (60, 1, 3, (0, 1)), (60, 1, 30, (0, 0))] {
            let mut allowance = Allowance::new(1.0, 20.0);
            for place in 0..places {
                assert!((0..each).all(|_| allowance.take(v4(place), NOW).is_ok()));
            }
            // As many networks as there may be, so that those that say nothing are let go.
            for network in 0..MAX_PLACES as u32 {
                let _ = allowance.take(v4(OTHERS + (network << 8)), NOW);
            }
            let _ = allowance.take(v4(OTHERS - 1), NOW + Duration::from_secs(after));
            let here = network(v4(0));
            let known = allowance.networks.keys().filter(|key| **key == here).count();
            let places = allowance.places.keys().filter(|place| network(**place) == here).count();
            assert_eq!((places, known), expected, "{places} places");
        }
    }
}
