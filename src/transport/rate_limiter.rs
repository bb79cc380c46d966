use std::{
    collections::{HashMap, hash_map::Entry},
    net::IpAddr,
    time::Duration,
};

use crate::{network, rate_limit_key};

/// Minimum time between two sweeps of full buckets.
const BETWEEN_SWEEPS: Duration = Duration::from_secs(1);
/// Maximum number of keys with a bucket of their own, and of networks. The remaining keys of a network share its bucket,
/// and the remaining networks share one.
const MAX_KEYS: usize = 65_536;
/// Maximum number of keys of one network with a bucket of their own, so that one network cannot fill the table.
const MAX_KEYS_OF_NETWORK: usize = MAX_KEYS / 16;
/// Rate and burst of a network, as a multiple of those of one key.
const NETWORK: f64 = 4.0;
/// Sharing within a network: a key is refused once the part of its own burst that it has used exceeds `ALPHA` times the
/// part that its network has left. So busy keys leave tokens of their network for the quiet ones.
const ALPHA: f64 = 8.0;
/// Refill rate of the bucket that measures how busy a key is within its network, as a part of its ordinary rate.
const QUIET_SHARE: f64 = 1.0 / 32.0;

/// A rate limit for each remote address, by token buckets.
///
/// Each [`rate_limit_key`] has a bucket, and each [`network`] has one of four times the rate and burst, which all its
/// keys share. Within a network, quiet keys are served before busy ones. Memory is bounded: at most 65,536 keys and as
/// many networks have buckets of their own; the others share.
///
/// ```
/// use std::{net::IpAddr, time::Duration};
/// use clacks_transport::RateLimiter;
///
/// let mut limiter = RateLimiter::new(1.0, 2.0);
/// let (remote, uptime) = (IpAddr::from([192, 0, 2, 1]), Duration::ZERO);
/// assert!(limiter.try_acquire(remote, uptime).is_ok());
/// assert!(limiter.try_acquire(remote, uptime).is_ok());
/// assert_eq!(limiter.try_acquire(remote, uptime), Err(Duration::from_secs(1)));
/// ```
#[derive(Debug)]
pub struct RateLimiter {
    key_flow: Flow,
    quiet_flow: Flow,
    network_flow: Flow,
    // Strangers choose the keys: std's seeded hash.
    keys: HashMap<IpAddr, Key>,
    networks: HashMap<IpAddr, Network>,
    /// The bucket that networks without one of their own share.
    others: Network,
    /// Uptime of the last sweep of full buckets.
    swept: Duration,
}

/// Refill rate in tokens per second, and capacity, of a bucket.
#[derive(Debug, Clone, Copy)]
struct Flow {
    rate: f64,
    burst: f64,
}

#[derive(Debug, Clone, Copy)]
struct Key {
    bucket: Bucket,
    /// Measures how busy the key is, compared with others of its network.
    quiet_bucket: Bucket,
}

#[derive(Debug, Clone, Copy)]
struct Network {
    bucket: Bucket,
    /// Number of its keys that have a bucket.
    keys: usize,
}

#[derive(Debug, Clone, Copy)]
struct Bucket {
    tokens: f64,
    /// Uptime at which it held `tokens`.
    at: Duration,
}

impl RateLimiter {
    /// `rate` permits per second, and up to `burst` at once after a quiet time. A rate of 0 means no limit.
    pub fn new(rate: f64, burst: f64) -> Self {
        let network_flow = Flow { rate: rate * NETWORK, burst: burst * NETWORK };
        Self {
            key_flow: Flow { rate, burst },
            quiet_flow: Flow { rate: rate * QUIET_SHARE, burst },
            network_flow,
            keys: HashMap::new(),
            networks: HashMap::new(),
            others: Network { bucket: network_flow.full(Duration::ZERO), keys: 0 },
            swept: Duration::ZERO,
        }
    }

    /// Takes one permit for this remote address at the time `now`, an uptime.
    ///
    /// # Errors
    /// How long to wait for the next permit, if there is none now.
    pub fn try_acquire(&mut self, remote: IpAddr, now: Duration) -> Result<(), Duration> {
        if self.key_flow.rate == 0.0 {
            return Ok(());
        }
        self.make_bucket(remote, now);
        let Self { key_flow, quiet_flow, network_flow, .. } = *self;
        let known = self.keys.get_mut(&rate_limit_key(remote));
        let network = &mut self.networks.get_mut(&network(remote)).unwrap_or(&mut self.others).bucket;
        // A key without a bucket shares with many others, and counts as one that has used its burst.
        let left = known.as_ref().map_or(0.0, |known| known.quiet_bucket.level(quiet_flow, now));
        let needed = ((1.0 - left / quiet_flow.burst) / ALPHA * network_flow.burst).max(1.0);
        let wait_for_key = known.as_ref().and_then(|known| known.bucket.wait(key_flow, 1.0, now));
        if let Some(wait) = wait_for_key.max(network.wait(network_flow, needed, now)) {
            return Err(wait);
        }
        network.remove_token(network_flow, now);
        if let Some(Key { bucket, quiet_bucket }) = known {
            bucket.remove_token(key_flow, now);
            quiet_bucket.remove_token(quiet_flow, now);
        }
        Ok(())
    }

    /// Adds buckets for a key and its network if there is room for them.
    fn make_bucket(&mut self, remote: IpAddr, now: Duration) {
        if self.keys.contains_key(&rate_limit_key(remote)) {
            return;
        }
        self.sweep(network(remote), now);
        let has_room = self.networks.len() < MAX_KEYS;
        let full = Network { bucket: self.network_flow.full(now), keys: 0 };
        let network = match self.networks.entry(network(remote)) {
            Entry::Occupied(network) => network.into_mut(),
            Entry::Vacant(network) if has_room => network.insert(full),
            Entry::Vacant(_) => return,
        };
        if self.keys.len() < MAX_KEYS && network.keys < MAX_KEYS_OF_NETWORK {
            network.keys += 1;
            let full = Key { bucket: self.key_flow.full(now), quiet_bucket: self.quiet_flow.full(now) };
            self.keys.insert(rate_limit_key(remote), full);
        }
    }

    /// Removes full buckets if there is no room for more in this network. A missing bucket counts as full.
    fn sweep(&mut self, of: IpAddr, now: Duration) {
        let network_flow = self.networks.get(&of).map_or(0, |network| network.keys);
        let is_crowded = self.keys.len() >= MAX_KEYS
            || self.networks.len() >= MAX_KEYS
            || network_flow >= MAX_KEYS_OF_NETWORK;
        if now < self.swept + BETWEEN_SWEEPS || !is_crowded {
            return;
        }
        let (key_flow, network_flow, networks) = (self.key_flow, self.network_flow, &mut self.networks);
        self.keys.retain(|key, known| {
            let is_full = known.bucket.level(key_flow, now) >= key_flow.burst;
            if let Some(network) = networks.get_mut(&network(*key)).filter(|_| is_full) {
                network.keys -= 1;
            }
            !is_full
        });
        let is_full = |network: &Network| network.bucket.level(network_flow, now) >= network_flow.burst;
        networks.retain(|_, network| network.keys > 0 || !is_full(network));
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

    /// Time until it holds `needed` tokens; `None` if it does already.
    fn wait(&self, flow: Flow, needed: f64, now: Duration) -> Option<Duration> {
        let missing = needed - self.level(flow, now);
        (missing > 0.0).then(|| Duration::try_from_secs_f64(missing / flow.rate).unwrap_or(Duration::MAX))
    }

    fn remove_token(&mut self, flow: Flow, now: Duration) {
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
    fn a_burst_is_permitted_and_then_the_rate_applies() {
        let mut limiter = RateLimiter::new(10.0, 5.0);
        let taken = (0..20).filter(|_| limiter.try_acquire(v4(1), NOW).is_ok()).count();
        assert_eq!(taken, 5);
        let steps = (1..=200).map(|step| NOW + Duration::from_millis(10 * step));
        assert_eq!(steps.filter(|now| limiter.try_acquire(v4(1), *now).is_ok()).count(), 20);
        assert!(limiter.try_acquire(v4(2), NOW).is_ok(), "another address");
    }

    #[test]
    fn the_reported_wait_is_exact() {
        let mut limiter = RateLimiter::new(0.5, 1.0);
        limiter.try_acquire(v4(1), NOW).unwrap();
        let later = NOW + Duration::from_millis(500);
        let wait = limiter.try_acquire(v4(1), later).unwrap_err();
        assert_eq!(wait, Duration::from_millis(1500));
        assert!(limiter.try_acquire(v4(1), later + Duration::from_millis(1499)).is_err());
        assert!(limiter.try_acquire(v4(1), later + wait).is_ok());
    }

    #[test]
    fn many_keys_use_bounded_memory_and_do_not_affect_known_keys() {
        let mut limiter = RateLimiter::new(1.0, 2.0);
        let known = v4(7);
        limiter.try_acquire(known, NOW).unwrap();
        let served =
            (1000..1000 + 2 * MAX_KEYS as u32).filter(|key| limiter.try_acquire(v4(*key), NOW).is_ok());
        assert!(served.count() < MAX_KEYS + 2);
        assert_eq!(limiter.keys.len(), MAX_KEYS);
        assert!(limiter.try_acquire(known, NOW).is_ok() && limiter.try_acquire(known, NOW).is_err());
        // Buckets of keys that have been quiet since then are removed.
        assert!(limiter.try_acquire(v4(1), NOW + Duration::from_secs(9)).is_ok());
        assert_eq!((limiter.keys.len(), limiter.networks.len()), (1, 1));
    }

    #[test]
    fn a_rate_of_zero_means_no_limit() {
        let mut limiter = RateLimiter::new(0.0, 0.0);
        assert!((0..10_000).all(|_| limiter.try_acquire(v4(1), NOW).is_ok()));
        assert!(limiter.keys.is_empty() && limiter.networks.is_empty());
    }

    /// Requests of all keys of one network at the same time, repeatedly. Returns how many are permitted.
    fn crowd(limiter: &mut RateLimiter, keys: u32, now: Duration) -> usize {
        let rounds = (0..200).flat_map(|_| 0..keys);
        rounds.filter(|number| limiter.try_acquire(v4(number % 250 + 0x0a00_0001), now).is_ok()).count()
    }

    #[test]
    fn a_network_has_four_times_the_rate_of_a_key() {
        let mut limiter = RateLimiter::new(10.0, 100.0);
        let burst = crowd(&mut limiter, 200, NOW);
        assert!((300..=400).contains(&burst), "{burst}");
        let taken: usize =
            (1..=100).map(|step| crowd(&mut limiter, 200, NOW + Duration::from_millis(100 * step))).sum();
        assert!((300..=800).contains(&taken), "{taken} in ten seconds");
    }

    #[test]
    fn a_quiet_key_is_served_beside_busy_keys_of_its_network() {
        for greedy in [1, 4, 16] {
            let mut limiter = RateLimiter::new(10.0, 100.0);
            for step in 0..100 {
                let now = NOW + Duration::from_millis(100 * step);
                crowd(&mut limiter, greedy, now);
                assert!(
                    step % 10 > 0 || limiter.try_acquire(v4(0x0a00_00ff), now).is_ok(),
                    "{greedy} at {step}"
                );
                assert!(step % 2 > 0 || limiter.try_acquire(v4(0x0a00_0101), now).is_ok());
            }
        }
    }

    #[test]
    fn a_single_key_is_limited_only_by_its_own_bucket() {
        let mut limiter = RateLimiter::new(10.0, 100.0);
        assert_eq!((0..500).filter(|_| limiter.try_acquire(v4(1), NOW).is_ok()).count(), 100);
    }

    #[test]
    fn many_keys_of_one_network_do_not_merge_keys_of_others() {
        let mut limiter = RateLimiter::new(1.0, 5.0);
        let v6 = |network: u128, key: u128| IpAddr::V6((network << 80 | key << 64).into());
        for key in 0..60_000 {
            let _ = limiter.try_acquire(v6(1, key), NOW);
        }
        assert_eq!(limiter.keys.len(), MAX_KEYS_OF_NETWORK);
        for network in 2..100 {
            assert_eq!((0..9).filter(|_| limiter.try_acquire(v6(network, 0), NOW).is_ok()).count(), 5);
        }
    }

    #[test]
    fn networks_have_own_buckets_up_to_a_maximum() {
        let mut limiter = RateLimiter::new(1.0, 2.0);
        for network in 0..MAX_KEYS as u32 + 2 {
            let _ = limiter.try_acquire(v4(network << 8), NOW);
        }
        assert_eq!((limiter.networks.len(), limiter.keys.len()), (MAX_KEYS, MAX_KEYS));
    }

    #[test]
    fn a_network_keeps_its_bucket_while_it_has_keys_or_is_not_full() {
        const OTHERS: u32 = 0x0b00_0000;
        // Six seconds after one key used its whole burst, its network's bucket is full and its own is not. Three
        // seconds after 60 keys used one permit each, their buckets are full and their network's is not. In the end all
        // are full.
        for (keys, each, after, expected) in [(1, 20, 6, (1, 1)), (60, 1, 3, (0, 1)), (60, 1, 30, (0, 0))] {
            let mut limiter = RateLimiter::new(1.0, 20.0);
            for key in 0..keys {
                assert!((0..each).all(|_| limiter.try_acquire(v4(key), NOW).is_ok()));
            }
            // The maximum number of networks, so that full buckets are removed.
            for network in 0..MAX_KEYS as u32 {
                let _ = limiter.try_acquire(v4(OTHERS + (network << 8)), NOW);
            }
            let _ = limiter.try_acquire(v4(OTHERS - 1), NOW + Duration::from_secs(after));
            let here = network(v4(0));
            let known = limiter.networks.keys().filter(|key| **key == here).count();
            let keys = limiter.keys.keys().filter(|key| network(**key) == here).count();
            assert_eq!((keys, known), expected, "{keys} keys");
        }
    }
}
