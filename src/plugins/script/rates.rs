//! How often a script may do something.

use std::time::Instant;

use super::ScriptOptions;
use crate::Environment;

/// The rate limits of a script.
#[derive(Debug)]
pub(super) struct Rates {
    pub(super) enqueue: Rate,
    pub(super) contact: Rate,
    pub(super) ignore: Rate,
    pub(super) write: Rate,
}

/// Highest rate of messages per second that a script can be given outside the demo.
const MAX_ENQUEUE_RATE: f64 = 10.0;

impl Rates {
    pub(super) fn new(options: &ScriptOptions, environment: Environment) -> Self {
        let most = if environment == Environment::Demo { f64::INFINITY } else { MAX_ENQUEUE_RATE };
        let enqueue = options.enqueue_rate.clamp(0.0, most);
        Self {
            enqueue: Rate::new(enqueue, enqueue.max(10.0)),
            contact: Rate::new(10.0 / 60.0, 10.0),
            ignore: Rate::new(100.0 / 60.0, 100.0),
            write: Rate::new(10.0, 10.0),
        }
    }
}

/// A token bucket.
#[derive(Debug)]
pub(super) struct Rate {
    per_second: f64,
    burst: f64,
    tokens: f64,
    counted: Instant,
}

impl Rate {
    /// A full bucket.
    pub(super) fn new(per_second: f64, burst: f64) -> Self {
        Self { per_second, burst, tokens: burst, counted: Instant::now() }
    }

    /// Whether one more is allowed now.
    pub(super) fn allows(&mut self) -> bool {
        self.allows_at(Instant::now())
    }

    fn allows_at(&mut self, now: Instant) -> bool {
        let passed = now.saturating_duration_since(self.counted).as_secs_f64();
        self.counted = now;
        self.tokens = (self.tokens + passed * self.per_second).min(self.burst);
        let is_allowed = self.tokens >= 1.0;
        self.tokens -= f64::from(u8::from(is_allowed));
        is_allowed
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_rate_allows_a_burst_and_then_so_many_a_second() {
        let mut rate = Rate::new(2.0, 10.0);
        let start = Instant::now();
        let allowed_at = |rate: &mut Rate, ms| {
            (0..100).filter(|_| rate.allows_at(start + Duration::from_millis(ms))).count()
        };
        assert_eq!(allowed_at(&mut rate, 0), 10);
        assert_eq!(allowed_at(&mut rate, 499), 0);
        assert_eq!(allowed_at(&mut rate, 2100), 4, "the fraction of the first half second is not lost");
        assert_eq!(allowed_at(&mut rate, 3_600_000), 10);
    }
}
