//! The events of a node with their numbers and times, for its subscribers.

use std::{
    task::{Context, Poll},
    time::Duration,
};

use crate::{
    Now,
    event_ring::{EventReceiver, RingEvent},
};

/// The events of a node from the time of the subscription.
///
/// The node never waits for a subscriber. At most as many events as the node chose and 64 MiB of messages are kept for slow
/// ones. A subscriber that falls behind gets one [`RingEvent::lagged`] with the number of missed events, then the oldest
/// event that is still kept.
#[derive(Debug)]
pub struct Subscription<E: RingEvent>(EventReceiver<TimedEvent<E>>);

/// An event with its number and its time.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct NumberedEvent<E> {
    /// Its number among the events of this run that had a subscriber, counted from 1. For [`RingEvent::lagged`], the number
    /// of the last event that was missed.
    pub number: u64,
    /// When it happened. For [`RingEvent::lagged`], zero.
    pub now: Now,
    /// The event.
    pub event: E,
}

/// What the event ring of a node holds.
#[derive(Debug, Clone)]
pub struct TimedEvent<E> {
    /// When it happened.
    pub now: Now,
    /// The event.
    pub event: E,
}

impl<E: RingEvent> Subscription<E> {
    /// The subscription with this receiver.
    pub fn new(receiver: EventReceiver<TimedEvent<E>>) -> Self {
        Self(receiver)
    }

    /// Waits for the next event. Returns `None` once the node has stopped and every event was received.
    ///
    /// Cancel safe: an event is never lost.
    pub async fn next(&mut self) -> Option<E> {
        self.0.next().await.map(|timed| timed.event)
    }

    /// As [`Subscription::next`], for a caller that polls, with the number and the time of the event.
    pub fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<NumberedEvent<E>>> {
        let numbered = |(number, TimedEvent { now, event })| NumberedEvent { number, now, event };
        self.0.poll_next(cx).map(|next| next.map(numbered))
    }

    /// The number of the last event that was received or missed: see [`NumberedEvent::number`]. At first, that of the
    /// last event before the subscription.
    pub fn number(&self) -> u64 {
        self.0.number()
    }

    /// The next event, if one has happened already.
    pub fn try_next(&mut self) -> Option<E> {
        self.0.try_next().map(|timed| timed.event)
    }
}

impl<E: RingEvent> RingEvent for TimedEvent<E> {
    fn size(&self) -> usize {
        self.event.size()
    }

    fn lagged(missed: u64) -> Self {
        Self { now: Now { uptime: Duration::ZERO, unix_ms: 0 }, event: E::lagged(missed) }
    }
}
