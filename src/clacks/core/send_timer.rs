use std::time::Duration;

/// Maximum delay of a send that is made up for. A shell that wakes late catches up. A node that had no message or no
/// receiver does not burst afterwards.
const CATCH_UP: Duration = Duration::from_millis(50);

/// Computes when the next message may be sent.
#[derive(Debug, Clone)]
pub(super) struct SendTimer {
    interval: Duration,
    next: Duration,
}

impl SendTimer {
    pub(super) fn new(rate: f64) -> Self {
        Self { interval: Duration::from_secs_f64(1.0 / rate), next: Duration::ZERO }
    }

    pub(super) fn set_rate(&mut self, rate: f64, now: Duration) {
        self.interval = Duration::from_secs_f64(1.0 / rate);
        self.next = self.next.min(now + self.interval);
    }

    /// Uptime at which the next message may be sent.
    pub(super) fn next(&self) -> Duration {
        self.next
    }

    /// A message was sent.
    pub(super) fn advance(&mut self, now: Duration) {
        if self.next + CATCH_UP < now {
            self.next = now;
        }
        self.next += self.interval;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sends in one second of a shell that wakes every `wake`, after a quiet hour.
    fn sends(rate: f64, wake: Duration) -> usize {
        let mut send_timer = SendTimer::new(rate);
        let start = Duration::from_secs(3600);
        let (mut now, mut sends) = (start, 0);
        while now < start + Duration::from_secs(1) {
            while send_timer.next() <= now {
                send_timer.advance(now);
                sends += 1;
            }
            now += wake;
        }
        sends
    }

    #[test]
    fn the_send_rate_is_kept_when_the_shell_wakes_late() {
        for rate in [1000, 10_000] {
            let late = sends(f64::from(rate), Duration::from_millis(3));
            assert!((late as f64 / f64::from(rate) - 1.0).abs() < 0.01, "{late} of {rate}");
        }
    }

    #[test]
    fn a_quiet_hour_causes_no_burst() {
        assert_eq!(sends(1.0, Duration::from_millis(10)), 1);
        assert_eq!(sends(4.0, Duration::from_millis(10)), 4);
    }

    #[test]
    fn a_send_is_made_up_for_if_it_is_not_too_late() {
        let (interval, moment) = (Duration::from_millis(1), Duration::from_nanos(1));
        for (now, next) in [
            (Duration::ZERO, interval),
            (CATCH_UP / 2, interval),
            (CATCH_UP, interval),
            (CATCH_UP + moment, CATCH_UP + moment + interval),
        ] {
            let mut send_timer = SendTimer::new(1000.0);
            send_timer.advance(now);
            assert_eq!(send_timer.next(), next, "{now:?}");
        }
    }
}
