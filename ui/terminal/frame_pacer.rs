//! When to draw: when something changed, but at most thirty times a second; and when an age on the screen changes.

use std::time::Duration;

use tokio::time::Instant;

/// The shortest time between two frames, so that no second holds more than thirty.
const BETWEEN: Duration = Duration::from_millis(34);

/// A frame a day more or less is nothing.
const NEVER: Duration = Duration::from_secs(86_400);

/// The plan for the next frame.
#[derive(Debug)]
pub struct FramePacer {
    last: Option<Instant>,
    is_due: bool,
    /// When something on the screen changes by itself.
    changes_at: Instant,
}

impl Default for FramePacer {
    fn default() -> Self {
        Self { last: None, is_due: true, changes_at: Instant::now() }
    }
}

impl FramePacer {
    /// Something changed.
    pub fn request(&mut self) {
        self.is_due = true;
    }

    pub fn is_due(&self) -> bool {
        self.is_due
    }

    /// Waits until it is time to draw. Cancel-safe.
    pub async fn wait(&self) {
        let earliest = self.last.map_or_else(Instant::now, |last| last + BETWEEN);
        tokio::time::sleep_until(if self.is_due { earliest } else { self.changes_at.max(earliest) }).await;
    }

    /// A frame was drawn; what it shows changes by itself after this time, if it does.
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
    async fn a_change_after_a_pause_is_drawn_at_once_and_none_until_what_changes_by_itself() {
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
