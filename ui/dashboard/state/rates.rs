//! Rates of two counters over the last seconds, for the header.

use std::{collections::VecDeque, time::Duration};

/// Time span of the rates in the header.
const RATE_WINDOW: Duration = Duration::from_secs(10);

/// Rates over the last 10 seconds: of what comes in, and of what goes out.
#[derive(Debug, Clone, Default)]
pub struct Rates {
    samples: VecDeque<(Duration, [u64; 2])>,
}

impl Rates {
    /// Adds the counters of what came in and went out at an uptime. Ignores all but two samples per second.
    pub fn sample(&mut self, uptime: Duration, counters: [u64; 2]) {
        // Two samples per second are enough for a mean over ten seconds.
        if self
            .samples
            .back()
            .is_none_or(|(last, _)| uptime.saturating_sub(*last) >= Duration::from_millis(500))
        {
            self.samples.push_back((uptime, counters));
        }
        while self.samples.len() > 2
            && self.samples.front().is_some_and(|(first, _)| *first + RATE_WINDOW < uptime)
        {
            self.samples.pop_front();
        }
    }

    /// Returns the increase of each counter per second. Mean over 10 seconds.
    pub fn per_second(&self) -> [f64; 2] {
        let (Some((from, first)), Some((to, last))) = (self.samples.front(), self.samples.back()) else {
            return [0.0; 2];
        };
        let seconds = to.saturating_sub(*from).as_secs_f64();
        if seconds == 0.0 {
            return [0.0; 2];
        }
        // In a recording with missing events, counters can go back.
        [0, 1].map(|counter| last[counter].saturating_sub(first[counter]) as f64 / seconds)
    }

    pub(crate) fn is_zero(&self) -> bool {
        self.per_second().into_iter().all(|rate| rate == 0.0)
    }
}
