use std::{collections::HashMap, net::IpAddr, time::Duration};

use super::place::place;

/// How long after those that need not be remembered were looked for until they are looked for again.
const BETWEEN_SWEEPS: Duration = Duration::from_secs(1);
/// Remote places that are told apart at most; what is left is one place together.
const MAX_PLACES: usize = 65_536;

/// How often something may be done from each remote place: so many times a second, and as many at once as gathered
/// while it was not done, up to a burst.
///
/// A token bucket for each place, which is the address, or of IPv6 the network of 64 bits: who has one address there
/// has them all.
#[derive(Debug)]
pub(crate) struct Allowance {
    rate: f64,
    burst: f64,
    // Strangers choose the keys: std's seeded hash.
    buckets: HashMap<IpAddr, Bucket>,
    others: Bucket,
    /// When those that are full were last let go, as uptime.
    swept: Duration,
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
        let full = Bucket { tokens: burst, at: Duration::ZERO };
        Self { rate, burst, buckets: HashMap::new(), others: full, swept: Duration::ZERO }
    }

    /// Does it once from this place; or says in how long it may be done again.
    pub(crate) fn take(&mut self, remote: IpAddr, now: Duration) -> Result<(), Duration> {
        if self.rate == 0.0 {
            return Ok(());
        }
        let (rate, burst) = (self.rate, self.burst);
        self.bucket(place(remote), now).take(rate, burst, now)
    }

    fn bucket(&mut self, place: IpAddr, now: Duration) -> &mut Bucket {
        if !self.buckets.contains_key(&place) {
            self.sweep(now);
            if self.buckets.len() >= MAX_PLACES {
                return &mut self.others;
            }
        }
        self.buckets.entry(place).or_insert(Bucket { tokens: self.burst, at: now })
    }

    /// Lets the full buckets go if there is no room for more: they say nothing that missing ones do not.
    fn sweep(&mut self, now: Duration) {
        if self.buckets.len() >= MAX_PLACES && now >= self.swept + BETWEEN_SWEEPS {
            let (rate, burst) = (self.rate, self.burst);
            self.buckets.retain(|_, bucket| bucket.level(rate, burst, now) < burst);
            self.swept = now;
        }
    }
}

impl Bucket {
    fn level(&self, rate: f64, burst: f64, now: Duration) -> f64 {
        (self.tokens + now.saturating_sub(self.at).as_secs_f64() * rate).min(burst)
    }

    fn take(&mut self, rate: f64, burst: f64, now: Duration) -> Result<(), Duration> {
        let level = self.level(rate, burst, now);
        if level < 1.0 {
            return Err(Duration::try_from_secs_f64((1.0 - level) / rate).unwrap_or(Duration::MAX));
        }
        *self = Self { tokens: level - 1.0, at: now };
        Ok(())
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
        assert_eq!(allowance.buckets.len(), MAX_PLACES);
        assert!(allowance.take(known, NOW).is_ok() && allowance.take(known, NOW).is_err());
        // Those that have been quiet since then are let go.
        assert!(allowance.take(v4(1), NOW + Duration::from_secs(9)).is_ok());
        assert_eq!(allowance.buckets.len(), 1);
    }

    #[test]
    fn without_a_rate_there_is_no_limit() {
        let mut allowance = Allowance::new(0.0, 0.0);
        assert!((0..10_000).all(|_| allowance.take(v4(1), NOW).is_ok()));
        assert!(allowance.buckets.is_empty());
    }
}
