//! Notices from any thread to the one that draws.
//!
//! Each kind is a bit, so repeated notices are delivered once: a storm of resizes costs one frame, and nothing
//! accumulates while nobody reads.

use std::sync::atomic::{AtomicU8, Ordering};

use tokio::sync::Notify;

/// A kind of notice, in order of urgency.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Notice {
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
    fn is_termination(self) -> bool {
        matches!(self, Self::Panicked | Self::HungUp | Self::Terminate)
    }
}

static PENDING: AtomicU8 = AtomicU8::new(0);
static POSTED: Notify = Notify::const_new();

/// Posts a notice and wakes the reader. Safe from any thread.
pub(crate) fn post(notice: Notice) {
    PENDING.fetch_or(notice as u8, Ordering::SeqCst);
    POSTED.notify_one();
}

/// Removes and returns the most urgent notice; `None` without one.
pub(crate) fn pop() -> Option<Notice> {
    BY_URGENCY.into_iter().find(|&notice| remove(notice))
}

/// Removes and returns the most urgent notice that ends the program. Others stay.
pub(crate) fn pop_termination() -> Option<Notice> {
    BY_URGENCY.into_iter().filter(|notice| notice.is_termination()).find(|&notice| remove(notice))
}

fn remove(notice: Notice) -> bool {
    PENDING.fetch_and(!(notice as u8), Ordering::SeqCst) & notice as u8 != 0
}

/// Waits until a notice was posted. Can return without one. Cancel-safe.
pub(crate) async fn posted() {
    POSTED.notified().await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_notice_is_delivered_once_and_by_urgency() {
        post(Notice::Resized);
        post(Notice::Terminate);
        post(Notice::Resized);
        assert_eq!(pop(), Some(Notice::Terminate));
        assert_eq!(pop(), Some(Notice::Resized));
        assert_eq!(pop(), None);
    }
}
