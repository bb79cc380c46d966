//! Notices from any thread to the one that draws.
//!
//! Each kind is a bit, so repeated notices are delivered once: a storm of resizes costs one frame, and nothing
//! accumulates while nobody reads.

use std::sync::atomic::{AtomicU8, Ordering};

use tokio::sync::Notify;

/// A kind of notice, in order of urgency.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Notice {
    /// A thread or task panicked.
    Panicked = 1,
    /// The terminal was closed.
    HungUp = 2,
    /// A termination signal.
    Terminate = 4,
    /// A stop request (SIGTSTP).
    Stop = 8,
    /// The process continues after a stop (SIGCONT).
    Resumed = 16,
    /// The terminal's size changed (SIGWINCH).
    Resized = 32,
}

const BY_URGENCY: [Notice; 6] =
    [Notice::Panicked, Notice::HungUp, Notice::Terminate, Notice::Stop, Notice::Resumed, Notice::Resized];

impl Notice {
    fn is_end(self) -> bool {
        matches!(self, Self::Panicked | Self::HungUp | Self::Terminate)
    }
}

static NEWS: AtomicU8 = AtomicU8::new(0);
static BELL: Notify = Notify::const_new();

/// Posts a notice and wakes the reader. Safe from any thread.
pub fn tell(news: Notice) {
    NEWS.fetch_or(news as u8, Ordering::SeqCst);
    BELL.notify_one();
}

/// Removes and returns the most urgent notice; `None` without one.
pub fn take() -> Option<Notice> {
    BY_URGENCY.into_iter().find(|&news| take_one(news))
}

/// Removes and returns the most urgent notice that ends the program. Others stay.
pub(crate) fn take_end() -> Option<Notice> {
    BY_URGENCY.into_iter().filter(|news| news.is_end()).find(|&news| take_one(news))
}

fn take_one(news: Notice) -> bool {
    NEWS.fetch_and(!(news as u8), Ordering::SeqCst) & news as u8 != 0
}

/// Waits until a notice was posted. Can return without one. Cancel-safe.
pub async fn come() {
    BELL.notified().await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn news_is_heard_once_and_by_urgency() {
        tell(Notice::Resized);
        tell(Notice::Terminate);
        tell(Notice::Resized);
        assert_eq!(take(), Some(Notice::Terminate));
        assert_eq!(take(), Some(Notice::Resized));
        assert_eq!(take(), None);
    }
}
