use std::{
    task::{Context, Poll},
    time::Duration,
};

use clacks_transport::event_ring::{EventReceiver, RingEvent};

use crate::core::{Event, Now};

/// The events of a node from the time of the subscription.
///
/// The node never waits for a subscriber. At most 4,096 events with 64 MiB of messages are kept for slow ones. A
/// subscriber that falls behind gets one [`Event::Lagged`] with the number of missed events, then the oldest event that
/// is still kept.
#[derive(Debug)]
pub struct Subscription(pub(super) EventReceiver<TimedEvent>);

/// An event with its number and its time.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct NumberedEvent {
    /// Its number among the events of this run that had a subscriber, counted from 1. For [`Event::Lagged`], the number
    /// of the last event that was missed.
    pub number: u64,
    /// When it happened. For [`Event::Lagged`], zero.
    pub now: Now,
    /// The event.
    pub event: Event,
}

/// What the ring holds.
#[derive(Debug, Clone)]
pub(super) struct TimedEvent {
    pub(super) now: Now,
    pub(super) event: Event,
}

impl Subscription {
    /// Waits for the next event. Returns `None` once the node has stopped and every event was received.
    ///
    /// Cancel safe: an event is never lost.
    pub async fn next(&mut self) -> Option<Event> {
        self.0.next().await.map(|timed| timed.event)
    }

    /// As [`Subscription::next`], for a caller that polls, with the number and the time of the event.
    pub fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<NumberedEvent>> {
        let numbered = |(number, TimedEvent { now, event })| NumberedEvent { number, now, event };
        self.0.poll_next(cx).map(|next| next.map(numbered))
    }

    /// The number of the last event that was received or missed: see [`NumberedEvent::number`].
    pub fn number(&self) -> u64 {
        self.0.number()
    }

    /// The next event, if one has happened already.
    pub fn try_next(&mut self) -> Option<Event> {
        self.0.try_next().map(|timed| timed.event)
    }
}

impl RingEvent for TimedEvent {
    fn size(&self) -> usize {
        self.event.size()
    }

    fn lagged(missed: u64) -> Self {
        let now = Now { uptime: Duration::ZERO, unix_ms: 0 };
        Self { now, event: Event::Lagged(missed) }
    }
}
