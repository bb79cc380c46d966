use std::time::Duration;

/// A token bucket: `rate` permits a second, and up to `burst` at once after a quiet time.
#[derive(Debug, Clone)]
pub(super) struct Bucket {
    tokens: f64,
    at: Duration,
}

impl Bucket {
    pub(super) fn full(burst: f64, now: Duration) -> Self {
        Self { tokens: burst, at: now }
    }

    /// Takes a permit. Returns whether there was one. A rate of 0 means no limit.
    pub(super) fn try_acquire(&mut self, rate: f64, burst: f64, now: Duration) -> bool {
        let gained = now.saturating_sub(self.at).as_secs_f64() * rate;
        let tokens = (self.tokens + gained).min(burst);
        let has_one = tokens >= 1.0 || rate == 0.0;
        *self = Self { tokens: if has_one { tokens - 1.0 } else { tokens }, at: now };
        has_one
    }
}
