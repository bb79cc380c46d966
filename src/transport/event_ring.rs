//! A broadcast channel for events that is bounded in events and in bytes and never waits for a receiver.
//!
//! ```
//! use clacks_transport::event_ring::{EventSender, RingEvent};
//!
//! #[derive(Debug, Clone, PartialEq)]
//! enum Event {
//!     Received(String),
//!     Lagged(u64),
//! }
//!
//! impl RingEvent for Event {
//!     fn size(&self) -> usize {
//!         match self {
//!             Self::Received(text) => text.len(),
//!             Self::Lagged(_) => 0,
//!         }
//!     }
//!
//!     fn lagged(missed: u64) -> Self {
//!         Self::Lagged(missed)
//!     }
//! }
//!
//! let sender = EventSender::new(2);
//! let mut receiver = sender.subscribe();
//! for text in ["a", "b", "c"] {
//!     sender.send_all([Event::Received(text.to_owned())]);
//! }
//! assert_eq!(receiver.try_next(), Some(Event::Lagged(1)));
//! assert_eq!(receiver.try_next(), Some(Event::Received("b".to_owned())));
//! ```

use std::{
    collections::{BTreeMap, VecDeque},
    future::poll_fn,
    mem,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker},
};

/// Maximum bytes ([`RingEvent::size`]) of the events that are kept for slow receivers.
const MAX_BYTES: usize = 64 << 20;

/// An event that an [`EventSender`] can send.
pub trait RingEvent: Clone {
    /// Bytes that the event keeps alive beyond its own size, such as those of its message. Bytes that several events share
    /// count for each. At most 64 MiB are kept for slow receivers.
    fn size(&self) -> usize;

    /// The event that reports to a slow receiver how many events it missed.
    fn lagged(missed: u64) -> Self;

    /// Number of events that it stands for when it is missed: 1, or more if it reports missed events itself.
    fn count(&self) -> u64 {
        1
    }
}

/// The sending half. When it is dropped, its receivers end.
#[derive(Debug)]
pub struct EventSender<E: RingEvent>(Arc<EventRing<E>>);

/// The receiving half.
///
/// A receiver that falls behind gets one [`RingEvent::lagged`] with the number of events that it missed, then the oldest
/// event that is still kept.
#[derive(Debug)]
pub struct EventReceiver<E: RingEvent> {
    ring: Arc<EventRing<E>>,
    id: u64,
}

#[derive(Debug)]
struct EventRing<E> {
    buffer: Mutex<Buffer<E>>,
}

/// The events that at least one receiver has not received yet, bounded in number and in bytes.
///
/// The events of one call of [`EventSender::send_all`] may exceed the bound. The largest such burst is kept beyond the
/// bound until it is received, so that a receiver that keeps up misses none of it.
#[derive(Debug)]
struct Buffer<E> {
    events: VecDeque<E>,
    /// Sequence number of the oldest event that is kept.
    first: u64,
    /// Events that those that were sent, and those that are no longer kept, stand for: [`RingEvent::count`].
    counted: Counted,
    bytes: usize,
    max_events: usize,
    /// The largest burst since the bound was last kept.
    burst: Burst,
    receivers: BTreeMap<u64, Position>,
    next_receiver: u64,
    is_closed: bool,
}

#[derive(Debug, Default)]
struct Counted {
    sent: u64,
    dropped: u64,
}

/// How far a receiver has come.
#[derive(Debug)]
struct Position {
    /// Sequence number of its next event.
    next: u64,
    /// Number of events that those before it stand for.
    counted: u64,
    /// Wakes it once there is an event, if it waits for one.
    waker: Option<Waker>,
}

/// More than one event, sent in one call.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Burst {
    events: usize,
    bytes: usize,
}

impl<E: RingEvent> EventSender<E> {
    /// A channel that keeps at most `max_events` events for slow receivers.
    pub fn new(max_events: usize) -> Self {
        let buffer = Buffer {
            events: VecDeque::new(),
            first: 0,
            counted: Counted::default(),
            bytes: 0,
            max_events,
            burst: Burst::default(),
            receivers: BTreeMap::new(),
            next_receiver: 0,
            is_closed: false,
        };
        Self(Arc::new(EventRing { buffer: Mutex::new(buffer) }))
    }

    /// Sends events to all receivers. None is missed because of another of the same call.
    pub fn send_all(&self, events: impl IntoIterator<Item = E>) {
        let mut buffer = self.0.lock();
        let (events_before, bytes_before) = (buffer.events.len(), buffer.bytes);
        events.into_iter().for_each(|event| buffer.push(event));
        let (events, bytes) = (buffer.events.len() - events_before, buffer.bytes - bytes_before);
        buffer.make_room(Burst { events, bytes });
        // A waker may poll at once, which needs the lock.
        let wakers = if events > 0 { buffer.take_wakers() } else { Vec::new() };
        drop(buffer);
        wakers.into_iter().for_each(Waker::wake);
    }

    /// A receiver of every event that is sent from now on.
    pub fn subscribe(&self) -> EventReceiver<E> {
        EventReceiver { ring: Arc::clone(&self.0), id: self.0.lock().add_receiver() }
    }

    /// Sends no more events. Receivers end once they have received those that are kept.
    pub fn close(&self) {
        let wakers = {
            let mut buffer = self.0.lock();
            buffer.is_closed = true;
            buffer.take_wakers()
        };
        wakers.into_iter().for_each(Waker::wake);
    }

    /// Number of events that were sent while there was a receiver.
    pub fn sent(&self) -> u64 {
        self.0.lock().end()
    }
}

impl<E: RingEvent> Drop for EventSender<E> {
    fn drop(&mut self) {
        self.close();
    }
}

impl<E: RingEvent> EventReceiver<E> {
    /// Waits for the next event. Returns `None` once the sender is closed and every event is received.
    ///
    /// Cancel safe: an event is never lost.
    pub async fn next(&mut self) -> Option<E> {
        poll_fn(|cx| self.poll_next(cx)).await.map(|(_, event)| event)
    }

    /// The next event, and its number among all that were sent while there was a receiver, counted from 1. The number of
    /// [`RingEvent::lagged`] is that of the last event that was missed. `None` once the sender is closed and every event
    /// is received. If there is no event yet, the task of `cx` is woken once there is one.
    pub fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<(u64, E)>> {
        let mut buffer = self.ring.lock();
        if let Some(event) = buffer.pop(self.id) {
            return Poll::Ready(Some(event));
        }
        if buffer.is_closed {
            return Poll::Ready(None);
        }
        if let Some(position) = buffer.receivers.get_mut(&self.id) {
            match &mut position.waker {
                Some(waker) => waker.clone_from(cx.waker()),
                none => *none = Some(cx.waker().clone()),
            }
        }
        Poll::Pending
    }

    /// The number of the last event that was received or missed, as [`EventReceiver::poll_next`] counts them. At first,
    /// that of the last event before the subscription.
    pub fn number(&self) -> u64 {
        self.ring.lock().receivers.get(&self.id).map_or(0, |position| position.next)
    }

    /// The next event, if one has been sent already.
    pub fn try_next(&mut self) -> Option<E> {
        self.ring.lock().pop(self.id).map(|(_, event)| event)
    }
}

impl<E: RingEvent> Drop for EventReceiver<E> {
    fn drop(&mut self) {
        let mut buffer = self.ring.lock();
        buffer.receivers.remove(&self.id);
        buffer.drop_received();
    }
}

impl<E> EventRing<E> {
    fn lock(&self) -> MutexGuard<'_, Buffer<E>> {
        // No code that holds the lock panics with the buffer in an invalid state.
        self.buffer.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<E: RingEvent> Buffer<E> {
    fn push(&mut self, event: E) {
        if self.is_closed || self.receivers.is_empty() {
            return;
        }
        self.bytes += event.size();
        self.counted.sent += event.count();
        self.events.push_back(event);
    }

    /// Drops the oldest events if there are too many after this burst. The newest is kept, however large.
    fn make_room(&mut self, came: Burst) {
        if came.events > 1 {
            let Burst { events, bytes } = self.burst;
            self.burst = Burst { events: events.max(came.events), bytes: bytes.max(came.bytes) };
        }
        while self.events.len() > self.max_events + self.burst.events
            || (self.bytes > MAX_BYTES + self.burst.bytes && self.events.len() > 1)
        {
            self.pop_first();
        }
    }

    fn add_receiver(&mut self) -> u64 {
        let id = self.next_receiver;
        self.next_receiver += 1;
        self.receivers.insert(id, Position { next: self.end(), counted: self.counted.sent, waker: None });
        id
    }

    /// Sequence number of the next event that is sent.
    fn end(&self) -> u64 {
        self.first + self.events.len() as u64
    }

    fn take_wakers(&mut self) -> Vec<Waker> {
        self.receivers.values_mut().filter_map(|position| position.waker.take()).collect()
    }

    /// The next event of a receiver, and its number, counted from 1.
    fn pop(&mut self, receiver: u64) -> Option<(u64, E)> {
        let is_alone = self.receivers.len() == 1;
        let Position { next, counted, .. } = self.receivers.get_mut(&receiver)?;
        let Some(index) = next.checked_sub(self.first) else {
            *next = self.first;
            let missed = self.counted.dropped - mem::replace(counted, self.counted.dropped);
            return Some((self.first, E::lagged(missed)));
        };
        if index == 0 && is_alone {
            // No other receiver needs it, so it is not cloned.
            *next += u64::from(!self.events.is_empty());
            *counted += self.events.front().map_or(0, E::count);
            let number = *next;
            return self.pop_first().map(|event| (number, event));
        }
        let event = self.events.get(usize::try_from(index).ok()?)?.clone();
        *next += 1;
        *counted += event.count();
        let number = *next;
        if index == 0 {
            self.drop_received();
        }
        Some((number, event))
    }

    /// Drops the events that every receiver has received.
    fn drop_received(&mut self) {
        let needed = self.receivers.values().map(|position| position.next).min().unwrap_or(self.end());
        while self.first < needed {
            self.pop_first();
        }
    }

    fn pop_first(&mut self) -> Option<E> {
        let event = self.events.pop_front()?;
        self.bytes -= event.size();
        self.counted.dropped += event.count();
        self.first += 1;
        if self.events.len() <= self.max_events && self.bytes <= MAX_BYTES {
            self.burst = Burst::default();
        }
        Some(event)
    }
}

#[cfg(test)]
mod tests;
