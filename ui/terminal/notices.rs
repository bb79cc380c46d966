//! What happens to the program from outside, told by any thread to the one that draws.
//!
//! Each kind of news is a bit: what comes twice before it is heard is heard once, so a storm of resizes costs one
//! frame, and nothing piles up while nobody listens.

use std::sync::atomic::{AtomicU8, Ordering};

use tokio::sync::Notify;

/// The most urgent first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Notice {
    Panicked = 1,
    HungUp = 2,
    Terminate = 4,
    Stop = 8,
    Resumed = 16,
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

pub fn tell(news: Notice) {
    NEWS.fetch_or(news as u8, Ordering::SeqCst);
    BELL.notify_one();
}

/// The most urgent news, if there is any.
pub fn take() -> Option<Notice> {
    BY_URGENCY.into_iter().find(|&news| take_one(news))
}

/// News that ends the program, if there is any; other news stays.
pub(crate) fn take_end() -> Option<Notice> {
    BY_URGENCY.into_iter().filter(|news| news.is_end()).find(|&news| take_one(news))
}

fn take_one(news: Notice) -> bool {
    NEWS.fetch_and(!(news as u8), Ordering::SeqCst) & news as u8 != 0
}

/// Waits until there may be news.
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
