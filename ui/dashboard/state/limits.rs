//! The limits of the node: what they are set to, and how often they were met of late.

use std::{collections::VecDeque, net::IpAddr, time::Duration};

use clacks_p2p::core::PlaceShare;
use clacks_source::limits::LimitSettings;

/// How long it is told that a limit was met.
const WINDOW: Duration = Duration::from_secs(60);
/// Between two samples, so that a minute has about as many as seconds.
const BETWEEN: Duration = Duration::from_secs(1);
/// Ignored remote addresses that are listed at most.
pub(crate) const MOST_REMOTES: usize = 1000;

/// Limits of the node, and how often they were reached in the last minute.
#[derive(Debug, Clone, Default)]
pub struct Limits {
    /// Settings of the node. `None` in a replay.
    pub settings: Option<LimitSettings>,
    /// Present use of the limits.
    pub used: Used,
    /// Uptimes and how often any limit had been met by then; the first is the last from before the window.
    samples: VecDeque<(Duration, u64)>,
    /// When more had been met than before, as uptime.
    rose_at: Option<Duration>,
}

/// Present use of the limits. Fetched only while the limits are shown.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Used {
    /// Open inbound connections. `None` in a replay.
    pub connections: Option<usize>,
    /// First ignored remote addresses, at most 1000, and the number of all.
    pub ignored_remotes: (Vec<IpAddr>, usize),
    /// Remote addresses or networks with the most messages here, and the number of all.
    pub places: (Vec<PlaceShare>, usize),
}

impl Limits {
    /// Adds the total number of times that limits were reached, at an uptime.
    pub fn sample(&mut self, uptime: Duration, met: u64) {
        if self.samples.back().is_some_and(|(_, before)| *before < met) {
            self.rose_at = Some(uptime);
        }
        let is_due = self.samples.back().is_none_or(|(last, _)| uptime.saturating_sub(*last) >= BETWEEN);
        // The first is what others are compared with.
        let has_others = self.samples.len() > 1;
        match self.samples.back_mut() {
            Some(last) if !is_due && has_others => last.1 = met,
            _ => self.samples.push_back((uptime, met)),
        }
        while self.samples.get(1).is_some_and(|(second, _)| *second + WINDOW <= uptime) {
            self.samples.pop_front();
        }
    }

    /// How often any limit was met in the last minute.
    pub(crate) fn met_of_late(&self) -> u64 {
        match (self.samples.front(), self.samples.back()) {
            (Some((_, first)), Some((_, last))) => last.saturating_sub(*first),
            _ => 0,
        }
    }

    /// Returns the time until the count of the last minute can change without an event. At least 1 second after the
    /// last rise, because the node reports at most one event per second. `None` if no limit was reached.
    pub fn changes_after(&self, uptime: Duration) -> Option<Duration> {
        let looks_again = self.rose_at.and_then(|rose| (rose + BETWEEN).checked_sub(uptime));
        if let Some(after) = looks_again.filter(|after| !after.is_zero()) {
            return Some(after);
        }
        let (_, before) = self.samples.front()?;
        let (at, _) = self.samples.iter().find(|(_, met)| met > before)?;
        Some((*at + WINDOW).saturating_sub(uptime).max(BETWEEN))
    }

    /// Clears the counts, because a replay starts again.
    pub fn begin_again(&mut self) {
        self.samples.clear();
        self.rose_at = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(seconds: u64) -> Duration {
        Duration::from_secs(1000 + seconds)
    }

    #[test]
    fn what_was_met_in_the_last_minute_is_told_and_no_longer() {
        let mut limits = Limits::default();
        for (seconds, met, told) in
            [(0, 5, 0), (0, 6, 1), (10, 7, 2), (10, 9, 4), (59, 9, 4), (60, 9, 3), (69, 9, 3), (71, 9, 0)]
        {
            limits.sample(after(seconds), met);
            assert_eq!(limits.met_of_late(), told, "after {seconds} s");
        }
        assert_eq!(limits.changes_after(after(71)), None);
        limits.sample(after(80), 10);
        assert_eq!(limits.changes_after(after(90)), Some(Duration::from_secs(50)));
    }

    #[test]
    fn a_second_after_one_was_met_there_may_be_more() {
        let mut limits = Limits::default();
        limits.sample(after(0), 5);
        assert_eq!(limits.changes_after(after(0)), None);
        limits.sample(after(1), 6);
        let half = Duration::from_millis(500);
        assert_eq!(limits.changes_after(after(1) + half), Some(half));
        limits.sample(after(2), 6);
        assert_eq!(limits.changes_after(after(2)), Some(Duration::from_secs(59)), "nothing was, so no more");
    }

    #[test]
    fn a_flood_of_frames_takes_bounded_memory() {
        let mut limits = Limits::default();
        for frame in 0..100_000 {
            limits.sample(after(0) + Duration::from_millis(33 * frame), frame);
        }
        assert!(limits.samples.len() < 64, "{}", limits.samples.len());
    }
}
