//! Limits the number of sentences per period. Further events are counted and summarized.

use std::time::Duration;

/// The period.
pub(crate) const STRETCH: Duration = Duration::from_secs(10);
/// Maximum number of sentences per period: about as many as a screen reader can speak.
pub(crate) const MOST: usize = 10;

/// The counts of the current period.
#[derive(Debug, Default)]
pub(crate) struct Digest {
    /// The uptime at its start.
    since: Duration,
    told: usize,
    untold: usize,
}

impl Digest {
    /// Whether an event may be announced now; otherwise it is counted.
    pub(crate) fn admits(&mut self, uptime: Duration) -> bool {
        if self.untold == 0 && uptime.saturating_sub(self.since) >= STRETCH {
            *self = Self { since: uptime, ..Self::default() };
        }
        // Once events are counted, nothing is announced before their summary.
        let admits = self.told < MOST;
        *(if admits { &mut self.told } else { &mut self.untold }) += 1;
        admits
    }

    /// The uptime at which a summary is due; `None` if nothing was counted.
    pub(crate) fn ends_at(&self) -> Option<Duration> {
        (self.untold > 0).then_some(self.since + STRETCH)
    }

    /// Returns the number of events that were not announced, and starts the next period; `None` before its end.
    pub(crate) fn sum_up(&mut self, uptime: Duration) -> Option<usize> {
        let untold = self.untold;
        self.ends_at().filter(|end| *end <= uptime)?;
        *self = Self { since: uptime, ..Self::default() };
        Some(untold)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn a_few_events_are_announced_at_once() {
        let mut flood = Digest::default();
        for second in 0..1000 {
            assert!(flood.admits(SECOND * second));
            assert_eq!(flood.ends_at(), None);
        }
    }

    #[test]
    fn the_first_events_are_announced_and_the_others_counted() {
        let mut flood = Digest::default();
        let start = SECOND * 100;
        let told = (0..5000).filter(|millis| flood.admits(start + Duration::from_millis(*millis))).count();
        assert_eq!(told, MOST);
        assert_eq!(flood.ends_at(), Some(start + STRETCH));
        assert_eq!(flood.sum_up(start + SECOND * 9), None);
        assert!(!flood.admits(start + SECOND * 11), "late, but not yet summed up");
        assert_eq!(flood.sum_up(start + SECOND * 11), Some(5000 - MOST + 1));
        assert_eq!(flood.sum_up(start + SECOND * 30), None);
        assert!(flood.admits(start + SECOND * 12));
    }
}
