//! How often limits of a node were reached in the last minute.

use std::{collections::VecDeque, time::Duration};

/// Time span of the counts.
const WINDOW: Duration = Duration::from_secs(60);
/// Minimum time between two samples, so that the window has about 60.
const SAMPLE_INTERVAL: Duration = Duration::from_secs(1);

/// How often limits were reached.
#[derive(Debug, Clone, Default)]
pub struct LimitHits {
    /// Uptimes with the total number of hits. The first sample is the last one before the window.
    samples: VecDeque<(Duration, u64)>,
    /// Uptime of the last sample with more hits than the one before.
    last_rise: Option<Duration>,
}

impl LimitHits {
    /// Adds the total number of times that limits were reached, at an uptime.
    pub fn sample(&mut self, uptime: Duration, hits: u64) {
        if self.samples.back().is_some_and(|(_, before)| *before < hits) {
            self.last_rise = Some(uptime);
        }
        let is_due =
            self.samples.back().is_none_or(|(last, _)| uptime.saturating_sub(*last) >= SAMPLE_INTERVAL);
        // Keep the first sample: the others are compared with it.
        let has_others = self.samples.len() > 1;
        match self.samples.back_mut() {
            Some(last) if !is_due && has_others => last.1 = hits,
            _ => self.samples.push_back((uptime, hits)),
        }
        while self.samples.get(1).is_some_and(|(second, _)| *second + WINDOW <= uptime) {
            self.samples.pop_front();
        }
    }

    /// Returns the number of hits in the last minute.
    pub(crate) fn recent_hits(&self) -> u64 {
        match (self.samples.front(), self.samples.back()) {
            (Some((_, first)), Some((_, last))) => last.saturating_sub(*first),
            _ => 0,
        }
    }

    /// Returns the time until the count of the last minute can change without an event. At least 1 second after the
    /// last rise, because the node reports at most one event per second. `None` if no limit was reached.
    pub fn changes_after(&self, uptime: Duration) -> Option<Duration> {
        let next_sample = self.last_rise.and_then(|rose| (rose + SAMPLE_INTERVAL).checked_sub(uptime));
        if let Some(after) = next_sample.filter(|after| !after.is_zero()) {
            return Some(after);
        }
        let (_, before) = self.samples.front()?;
        let (at, _) = self.samples.iter().find(|(_, hits)| hits > before)?;
        Some(at.saturating_add(WINDOW).saturating_sub(uptime).max(SAMPLE_INTERVAL))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(seconds: u64) -> Duration {
        Duration::from_secs(1000 + seconds)
    }

    #[test]
    fn hits_are_counted_for_one_minute() {
        let mut limits = LimitHits::default();
        for (seconds, hits, expected) in
            [(0, 5, 0), (0, 6, 1), (10, 7, 2), (10, 9, 4), (59, 9, 4), (60, 9, 3), (69, 9, 3), (71, 9, 0)]
        {
            limits.sample(after(seconds), hits);
            assert_eq!(limits.recent_hits(), expected, "after {seconds} s");
        }
        assert_eq!(limits.changes_after(after(71)), None);
        limits.sample(after(80), 10);
        assert_eq!(limits.changes_after(after(90)), Some(Duration::from_secs(50)));
    }

    #[test]
    fn the_next_sample_is_due_one_second_after_a_hit() {
        let mut limits = LimitHits::default();
        limits.sample(after(0), 5);
        assert_eq!(limits.changes_after(after(0)), None);
        limits.sample(after(1), 6);
        let half = Duration::from_millis(500);
        assert_eq!(limits.changes_after(after(1) + half), Some(half));
        limits.sample(after(2), 6);
        assert_eq!(limits.changes_after(after(2)), Some(Duration::from_secs(59)), "nothing was, so no more");
    }

    #[test]
    fn frequent_samples_use_bounded_memory() {
        let mut limits = LimitHits::default();
        for frame in 0..100_000 {
            limits.sample(after(0) + Duration::from_millis(33 * frame), frame);
        }
        assert!(limits.samples.len() < 64, "{}", limits.samples.len());
    }
}
