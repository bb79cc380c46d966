//! Schedules frames: at most thirty a second after changes, and one when a displayed age changes.

use std::time::Duration;

use tokio::time::Instant;

/// Minimum time between two frames, so that a second has at most thirty.
const MIN_INTERVAL: Duration = Duration::from_millis(34);

/// The delay if nothing changes by itself: one frame a day.
const NEVER: Duration = Duration::from_secs(86_400);

/// The schedule of the next frame.
#[derive(Debug)]
pub struct FramePacer {
    last: Option<Instant>,
    is_due: bool,
    /// The time at which the screen changes by itself.
    changes_at: Instant,
}

impl Default for FramePacer {
    fn default() -> Self {
        Self { last: None, is_due: true, changes_at: Instant::now() }
    }
}

impl FramePacer {
    /// Requests a frame.
    pub fn request(&mut self) {
        self.is_due = true;
    }

    /// Whether a frame was requested since the last one.
    pub fn is_due(&self) -> bool {
        self.is_due
    }

    /// Waits until the next frame can be drawn. Cancel-safe.
    pub async fn wait(&self) {
        let earliest = self.last.map_or_else(Instant::now, |last| last + MIN_INTERVAL);
        tokio::time::sleep_until(if self.is_due { earliest } else { self.changes_at.max(earliest) }).await;
    }

    /// Records a drawn frame. `changes_after` is the time until the screen changes by itself; `None` if it does not.
    pub fn drawn(&mut self, changes_after: Option<Duration>) {
        let now = Instant::now();
        (self.last, self.is_due, self.changes_at) = (Some(now), false, now + changes_after.unwrap_or(NEVER));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Frames drawn in a second in which something changes every millisecond, on a clock that does not wait.
    #[tokio::test(start_paused = true)]
    async fn a_thousand_changes_a_second_are_thirty_frames() {
        let mut frames = FramePacer::default();
        let end = Instant::now() + Duration::from_secs(1);
        let mut drawn = 0;
        while Instant::now() < end {
            tokio::select! {
                () = frames.wait() => {
                    frames.drawn(Some(Duration::from_secs(60)));
                    drawn += 1;
                }
                () = tokio::time::sleep(Duration::from_millis(1)) => frames.request(),
            }
        }
        assert!((28..=30).contains(&drawn), "{drawn}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_change_after_a_pause_is_drawn_at_once_and_the_next_frame_when_an_age_changes() {
        let mut frames = FramePacer::default();
        frames.drawn(Some(Duration::from_secs(7)));
        let before = Instant::now();
        frames.wait().await;
        assert_eq!(before.elapsed(), Duration::from_secs(7));
        let before = Instant::now();
        frames.request();
        frames.wait().await;
        assert_eq!(before.elapsed(), Duration::ZERO);
    }
}
