//! When to draw: when something changed, but at most thirty times a second; and when an age on the screen changes.

use std::time::Duration;

use tokio::time::Instant;

/// The shortest time between two frames.
const BETWEEN: Duration = Duration::from_millis(33);

/// The plan for the next frame.
#[derive(Debug)]
pub(super) struct Frames {
    last: Option<Instant>,
    is_due: bool,
    /// When something on the screen changes by itself.
    changes_at: Instant,
}

impl Default for Frames {
    fn default() -> Self {
        Self { last: None, is_due: true, changes_at: Instant::now() }
    }
}

impl Frames {
    /// Something changed.
    pub(super) fn request(&mut self) {
        self.is_due = true;
    }

    pub(super) fn is_due(&self) -> bool {
        self.is_due
    }

    /// Waits until it is time to draw. Cancel-safe.
    pub(super) async fn wait(&self) {
        let earliest = self.last.map_or_else(Instant::now, |last| last + BETWEEN);
        tokio::time::sleep_until(if self.is_due { earliest } else { self.changes_at.max(earliest) }).await;
    }

    /// A frame was drawn; what it shows changes by itself after this time.
    pub(super) fn drawn(&mut self, changes_after: Duration) {
        let now = Instant::now();
        (self.last, self.is_due, self.changes_at) = (Some(now), false, now + changes_after);
    }
}
