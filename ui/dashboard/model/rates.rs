//! Messages per second, received and delivered.

use std::{collections::VecDeque, time::Duration};

/// Time span of the rates in the header.
const RATE_WINDOW: Duration = Duration::from_secs(10);

/// Rates of received and delivered messages over the last 10 seconds.
#[derive(Debug, Default)]
pub struct Rates {
    samples: VecDeque<(Duration, u64, u64)>,
}

impl Rates {
    /// Adds the counters of received and delivered messages at an uptime. Ignores all but two samples per second.
    pub fn sample(&mut self, uptime: Duration, received: u64, delivered: u64) {
        // Two samples per second are enough for a mean over ten seconds.
        if self
            .samples
            .back()
            .is_none_or(|(last, ..)| uptime.saturating_sub(*last) >= Duration::from_millis(500))
        {
            self.samples.push_back((uptime, received, delivered));
        }
        while self.samples.len() > 2
            && self.samples.front().is_some_and(|(first, ..)| *first + RATE_WINDOW < uptime)
        {
            self.samples.pop_front();
        }
    }

    /// Returns messages per second, received and delivered. Mean over 10 seconds.
    pub fn per_second(&self) -> (f64, f64) {
        let (Some(first), Some(last)) = (self.samples.front(), self.samples.back()) else {
            return (0.0, 0.0);
        };
        let seconds = last.0.saturating_sub(first.0).as_secs_f64();
        if seconds == 0.0 {
            return (0.0, 0.0);
        }
        // In a recording with missing events, counters can go back.
        let per_second = |first: u64, last: u64| last.saturating_sub(first) as f64 / seconds;
        (per_second(first.1, last.1), per_second(first.2, last.2))
    }

    pub(crate) fn is_zero(&self) -> bool {
        self.per_second() == (0.0, 0.0)
    }
}
