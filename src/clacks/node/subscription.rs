use crate::core::Event;

use super::events::Watcher;

/// What happens at a node from now on.
///
/// What it has yet to see is bounded, in events and in bytes of their messages, and the node never waits for it: a
/// watcher that falls behind gets one [`Event::Lagged`] with the number of events it missed, then the oldest that is
/// still there.
#[derive(Debug)]
pub struct Subscription(pub(super) Watcher);

impl Subscription {
    /// The next event; `None` once the node has stopped.
    pub async fn next(&mut self) -> Option<Event> {
        self.0.next().await
    }

    /// The next event if there is one already.
    pub fn try_next(&mut self) -> Option<Event> {
        self.0.try_next()
    }
}
