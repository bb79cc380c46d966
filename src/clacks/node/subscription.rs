use clacks_transport::event_ring::{EventReceiver, RingEvent};

use crate::core::Event;

/// What happens at a node from now on.
///
/// What it has yet to see is bounded, in events and in bytes of their messages, and the node never waits for it: a
/// watcher that falls behind gets one [`Event::Lagged`] with the number of events it missed, then the oldest that is
/// still there.
#[derive(Debug)]
pub struct Subscription(pub(super) EventReceiver<Event>);

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

impl RingEvent for Event {
    /// Bytes of the messages that the event carries.
    fn size(&self) -> usize {
        match self {
            Self::MessageReceived { message, .. }
            | Self::MessageQueued { message, .. }
            | Self::MessageSending { message, .. }
            | Self::MessageDelivered { message, .. }
            | Self::DeliveryFailed { message, .. }
            | Self::MessageDropped { message, .. } => message.size(),
            Self::MessageHeld { held, .. } => held.queued.message.size(),
            Self::MessageReleased { queued, .. } => queued.message.size(),
            Self::MessageChanged { before, queued } => before.size() + queued.message.size(),
            _ => 0,
        }
    }

    fn lagged(missed: u64) -> Self {
        Self::Lagged(missed)
    }
}
