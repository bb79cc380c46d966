use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::Notify;

use crate::core::Event;

/// Bytes of messages that events keep alive for watchers which are behind. An event whose message others share counts
/// in full.
const MAX_BYTES: usize = 64 << 20;

/// Where events go in. When it is dropped, its watchers end.
#[derive(Debug)]
pub(super) struct Publisher(Arc<Ring>);

/// Where events come out.
#[derive(Debug)]
pub(super) struct Watcher {
    ring: Arc<Ring>,
    id: u64,
}

#[derive(Debug)]
struct Ring {
    log: Mutex<Log>,
    news: Notify,
}

/// The events that some watcher has yet to see, bounded in number and in bytes.
///
/// The events of one input come at once, and there may be more of them than the bound. So that a watcher that keeps up
/// does not miss any, there is room for the largest of these bursts beside as much as usual, until that much is seen.
#[derive(Debug)]
struct Log {
    events: VecDeque<Event>,
    /// The number of the oldest event that is held.
    first: u64,
    bytes: usize,
    max_events: usize,
    /// The largest burst since no more was held than usual.
    burst: Burst,
    /// The number of the event that each watcher sees next.
    watchers: BTreeMap<u64, u64>,
    next_watcher: u64,
    is_closed: bool,
}

/// What came at once: more than one event.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Burst {
    events: usize,
    /// Of the messages in them.
    bytes: usize,
}

impl Publisher {
    pub(super) fn new(max_events: usize) -> Self {
        let log = Log {
            events: VecDeque::new(),
            first: 0,
            bytes: 0,
            max_events,
            burst: Burst::default(),
            watchers: BTreeMap::new(),
            next_watcher: 0,
            is_closed: false,
        };
        Self(Arc::new(Ring { log: Mutex::new(log), news: Notify::new() }))
    }

    /// Hands the events of one input to all watchers.
    pub(super) fn send_all(&self, events: impl IntoIterator<Item = Event>) {
        let mut log = self.0.lock();
        let (events_before, bytes_before) = (log.events.len(), log.bytes);
        events.into_iter().for_each(|event| log.push(event));
        let (events, bytes) = (log.events.len() - events_before, log.bytes - bytes_before);
        log.make_room(Burst { events, bytes });
        drop(log);
        self.0.news.notify_waiters();
    }

    /// Who sees every event from now on.
    pub(super) fn watch(&self) -> Watcher {
        Watcher { ring: Arc::clone(&self.0), id: self.0.lock().add_watcher() }
    }

    /// Watchers end when they have seen what there is.
    pub(super) fn close(&self) {
        self.0.lock().is_closed = true;
        self.0.news.notify_waiters();
    }
}

impl Drop for Publisher {
    fn drop(&mut self) {
        self.close();
    }
}

impl Watcher {
    /// The next event; `None` once there will be none.
    pub(super) async fn next(&mut self) -> Option<Event> {
        loop {
            // Before the look: what is sent between the look and the waiting ends the waiting.
            let news = self.ring.news.notified();
            {
                let mut log = self.ring.lock();
                let event = log.take(self.id);
                if event.is_some() || log.is_closed {
                    return event;
                }
            }
            news.await;
        }
    }

    /// The next event if there is one already.
    pub(super) fn try_next(&mut self) -> Option<Event> {
        self.ring.lock().take(self.id)
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        let mut log = self.ring.lock();
        log.watchers.remove(&self.id);
        log.drop_seen();
    }
}

impl Ring {
    fn lock(&self) -> MutexGuard<'_, Log> {
        // Nothing that holds the lock panics half-way.
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Log {
    fn push(&mut self, event: Event) {
        if self.is_closed || self.watchers.is_empty() {
            return;
        }
        self.bytes += size(&event);
        self.events.push_back(event);
    }

    /// Lets go of the oldest events after these came, if there are too many. The newest stays, however large.
    fn make_room(&mut self, came: Burst) {
        if came.events > 1 {
            let Burst { events, bytes } = self.burst;
            self.burst = Burst { events: events.max(came.events), bytes: bytes.max(came.bytes) };
        }
        while self.events.len() > self.max_events + self.burst.events
            || (self.bytes > MAX_BYTES + self.burst.bytes && self.events.len() > 1)
        {
            self.take_first();
        }
    }

    fn add_watcher(&mut self) -> u64 {
        let id = self.next_watcher;
        self.next_watcher += 1;
        self.watchers.insert(id, self.first + self.events.len() as u64);
        id
    }

    fn take(&mut self, watcher: u64) -> Option<Event> {
        let is_alone = self.watchers.len() == 1;
        let next = self.watchers.get_mut(&watcher)?;
        let Some(position) = next.checked_sub(self.first) else {
            let missed = self.first - *next;
            *next = self.first;
            return Some(Event::Lagged(missed));
        };
        if position == 0 && is_alone {
            // Nobody else is to see it, if there is one.
            *next += u64::from(!self.events.is_empty());
            return self.take_first();
        }
        let event = self.events.get(usize::try_from(position).ok()?)?.clone();
        *next += 1;
        if position == 0 {
            self.drop_seen();
        }
        Some(event)
    }

    /// Lets go of what every watcher has seen.
    fn drop_seen(&mut self) {
        let end = self.first + self.events.len() as u64;
        let needed = self.watchers.values().copied().min().unwrap_or(end);
        while self.first < needed {
            self.take_first();
        }
    }

    fn take_first(&mut self) -> Option<Event> {
        let event = self.events.pop_front()?;
        self.bytes -= size(&event);
        self.first += 1;
        if self.events.len() <= self.max_events && self.bytes <= MAX_BYTES {
            self.burst = Burst::default();
        }
        Some(event)
    }
}

/// Bytes of the message that an event carries.
fn size(event: &Event) -> usize {
    match event {
        Event::MessageReceived { message, .. }
        | Event::MessageQueued { message, .. }
        | Event::MessageSending { message, .. }
        | Event::MessageDelivered { message, .. }
        | Event::DeliveryFailed { message, .. }
        | Event::MessageDropped { message, .. } => message.size(),
        Event::MessageHeld { held, .. } => held.queued.message.size(),
        Event::MessageReleased { queued, .. } => queued.message.size(),
        Event::MessageChanged { before, queued } => before.size() + queued.message.size(),
        _ => 0,
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::{
        core::{MessageId, Origin},
        protocol::Message,
    };

    /// A message was queued under this number.
    pub(in crate::node) fn queued(number: u64, message: &Message) -> Event {
        Event::MessageQueued {
            id: MessageId(number),
            message: message.clone(),
            origin: Origin::Local,
            since_ms: 0,
            visits: 1,
            place: None,
        }
    }

    fn held(publisher: &Publisher) -> (usize, usize) {
        let log = publisher.0.lock();
        (log.events.len(), log.bytes)
    }

    #[test]
    fn what_a_slow_watcher_keeps_alive_is_bounded_in_bytes() {
        let publisher = Publisher::new(1000);
        let (mut slow, mut quick) = (publisher.watch(), publisher.watch());
        let large = Message::text(&"x".repeat((1 << 20) - 2));
        for number in 0..200 {
            publisher.send_all([queued(number, &large)]);
            assert_eq!(quick.try_next(), Some(queued(number, &large)));
        }
        assert_eq!(held(&publisher), (64, MAX_BYTES));
        assert_eq!(slow.try_next(), Some(Event::Lagged(136)));
        assert_eq!(slow.try_next(), Some(queued(136, &large)));
    }

    fn numbers(range: std::ops::Range<u64>) -> Vec<Event> {
        range.map(|number| queued(number, &Message::text("m"))).collect()
    }

    fn rest(watcher: &mut Watcher) -> Vec<Event> {
        std::iter::from_fn(|| watcher.try_next()).collect()
    }

    #[test]
    fn as_many_events_as_may_be_are_held_and_not_one_more() {
        let publisher = Publisher::new(5);
        let mut watcher = publisher.watch();
        let send_each = |range| numbers(range).into_iter().for_each(|event| publisher.send_all([event]));
        send_each(0..5);
        assert_eq!(rest(&mut watcher), numbers(0..5));
        send_each(0..6);
        assert_eq!(watcher.try_next(), Some(Event::Lagged(1)));
        assert_eq!(rest(&mut watcher), numbers(1..6));
    }

    #[test]
    fn a_watcher_that_has_seen_all_before_misses_nothing_of_what_comes_at_once() {
        for (burst, later) in [(2, 5), (5, 5), (6, 5), (100, 5), (100, 0)] {
            let publisher = Publisher::new(5);
            let mut watcher = publisher.watch();
            let end = burst + later;
            publisher.send_all(numbers(0..burst));
            numbers(burst..end).into_iter().for_each(|event| publisher.send_all([event]));
            assert_eq!(rest(&mut watcher), numbers(0..end), "{burst} and {later}");
            // When that is seen, the bound is the usual one.
            numbers(0..6).into_iter().for_each(|event| publisher.send_all([event]));
            assert_eq!(watcher.try_next(), Some(Event::Lagged(1)), "{burst} and {later}");
        }
    }

    #[test]
    fn bursts_for_a_watcher_that_never_looks_are_held_once() {
        let publisher = Publisher::new(5);
        let _slow = publisher.watch();
        for _ in 0..10 {
            publisher.send_all(numbers(0..100));
            assert!(held(&publisher).0 <= 105);
        }
        let large = Message::text(&"x".repeat(MAX_BYTES / 4));
        for _ in 0..10 {
            publisher.send_all((0..5).map(|number| queued(number, &large)));
            assert!(held(&publisher).1 <= MAX_BYTES + 5 * large.size());
        }
    }

    #[test]
    fn a_message_larger_than_the_bound_is_still_seen() {
        let publisher = Publisher::new(1000);
        let mut watcher = publisher.watch();
        let huge = queued(1, &Message::text(&"x".repeat(MAX_BYTES)));
        publisher.send_all([huge.clone()]);
        assert!(watcher.try_next() == Some(huge));
    }

    #[test]
    fn nothing_is_held_that_nobody_has_yet_to_see() {
        let publisher = Publisher::new(1000);
        let message = Message::text("m");
        publisher.send_all([queued(0, &message)]);
        assert_eq!(held(&publisher), (0, 0));
        let (slow, mut quick) = (publisher.watch(), publisher.watch());
        publisher.send_all([queued(1, &message)]);
        assert!(quick.try_next().is_some());
        assert_eq!(held(&publisher), (1, 3));
        drop(slow);
        assert_eq!(held(&publisher), (0, 0));
        // Whoever sees an event last lets go of it.
        let mut third = publisher.watch();
        for last_is_quick in [false, true] {
            publisher.send_all([queued(2, &message), queued(3, &message)]);
            let [first, last] =
                if last_is_quick { [&mut third, &mut quick] } else { [&mut quick, &mut third] };
            assert_eq!(rest(first).len(), 2);
            for left in [2, 1] {
                assert_eq!(held(&publisher).0, left);
                assert!(last.try_next().is_some());
            }
            assert_eq!(held(&publisher), (0, 0));
        }
    }
}
