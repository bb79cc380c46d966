//! Limits the number of sentences per period. Further events are counted and summarized.

use std::time::Duration;

/// The period.
pub(crate) const PERIOD: Duration = Duration::from_secs(10);
/// Maximum number of sentences per period: about as many as a screen reader can speak.
pub(crate) const MAX_PER_PERIOD: usize = 10;

/// The counts of the current period.
#[derive(Debug, Default)]
pub(crate) struct Digest {
    /// The uptime at its start.
    since: Duration,
    announced: usize,
    suppressed: usize,
}

impl Digest {
    /// Whether an event may be announced now; otherwise it is counted.
    pub(crate) fn admits(&mut self, uptime: Duration) -> bool {
        if self.suppressed == 0 && uptime.saturating_sub(self.since) >= PERIOD {
            *self = Self { since: uptime, ..Self::default() };
        }
        // Once events are counted, nothing is announced before their summary.
        let admits = self.announced < MAX_PER_PERIOD;
        *(if admits { &mut self.announced } else { &mut self.suppressed }) += 1;
        admits
    }

    /// The uptime at which a summary is due; `None` if nothing was counted.
    pub(crate) fn due_at(&self) -> Option<Duration> {
        (self.suppressed > 0).then_some(self.since + PERIOD)
    }

    /// Returns the number of events that were not announced, and starts the next period; `None` before its end.
    pub(crate) fn summarize(&mut self, uptime: Duration) -> Option<usize> {
        let suppressed = self.suppressed;
        self.due_at().filter(|end| *end <= uptime)?;
        *self = Self { since: uptime, ..Self::default() };
        Some(suppressed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn a_few_events_are_announced_at_once() {
        let mut digest = Digest::default();
        for second in 0..1000 {
            assert!(digest.admits(SECOND * second));
            assert_eq!(digest.due_at(), None);
        }
    }

    #[test]
    fn the_first_events_are_announced_and_the_others_counted() {
        let mut digest = Digest::default();
        let start = SECOND * 100;
        let announced =
            (0..5000).filter(|millis| digest.admits(start + Duration::from_millis(*millis))).count();
        assert_eq!(announced, MAX_PER_PERIOD);
        assert_eq!(digest.due_at(), Some(start + PERIOD));
        assert_eq!(digest.summarize(start + SECOND * 9), None);
        assert!(!digest.admits(start + SECOND * 11), "late, but not yet summed up");
        assert_eq!(digest.summarize(start + SECOND * 11), Some(5000 - MAX_PER_PERIOD + 1));
        assert_eq!(digest.summarize(start + SECOND * 30), None);
        assert!(digest.admits(start + SECOND * 12));
    }
}
