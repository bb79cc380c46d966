//! The rate of writing the state.

use std::time::Duration;

use tokio::time::Instant;

/// Maximum average rate in bytes per second. Changes by the user are exempt.
const RATE: f64 = 50_000.0;
/// Pause after a failed write. It doubles with each further failure.
const FIRST_BACK_OFF: Duration = Duration::from_secs(5);
/// Maximum pause after a failed write.
const MAX_BACK_OFF: Duration = Duration::from_secs(60);

/// Time of the next write: when the last one is within the rate, or some time after it failed.
#[derive(Debug)]
pub(super) struct WriteTimer {
    next: Instant,
    /// The pause after the last failed write; `None` after a success.
    back_off: Option<Duration>,
}

impl Default for WriteTimer {
    fn default() -> Self {
        Self { next: Instant::now(), back_off: None }
    }
}

impl WriteTimer {
    pub(super) fn next(&self) -> Instant {
        self.next
    }

    /// Whether the last write failed.
    pub(super) fn is_behind(&self) -> bool {
        self.back_off.is_some()
    }

    /// Records the end of a write of this many bytes. Bytes of a failed write count.
    pub(super) fn record_save(&mut self, bytes: u64, is_success: bool) {
        let price = Duration::from_secs_f64(bytes as f64 / RATE);
        let wait = if is_success {
            self.back_off = None;
            price
        } else {
            let back_off = self.back_off.map_or(FIRST_BACK_OFF, |last| MAX_BACK_OFF.min(2 * last));
            self.back_off = Some(back_off);
            price.clamp(back_off, MAX_BACK_OFF)
        };
        self.next = Instant::now() + wait;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn the_pause_doubles_after_failures_and_failed_bytes_count() {
        let wait = |write_timer: &mut WriteTimer, bytes: u64, is_success: bool| {
            write_timer.record_save(bytes, is_success);
            (write_timer.next() - Instant::now()).as_secs()
        };
        let failed = |bytes| {
            let mut write_timer = WriteTimer::default();
            let waits = [(); 6].map(|()| wait(&mut write_timer, bytes, false));
            assert!(write_timer.is_behind());
            assert_eq!((wait(&mut write_timer, 100_000, true), write_timer.is_behind()), (2, false));
            assert_eq!(wait(&mut write_timer, bytes, false), waits[0], "from the beginning again");
            waits
        };
        assert_eq!(failed(0), [5, 10, 20, 40, 60, 60]);
        assert_eq!(failed(1_000_000), [20, 20, 20, 40, 60, 60]);
        assert_eq!(failed(1 << 30), [60; 6]);
    }
}
