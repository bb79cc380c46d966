use std::sync::Arc;

use super::*;

#[derive(Debug, Clone, PartialEq)]
enum Event {
    Queued(u64, Arc<str>),
    Lagged(u64),
}

impl RingEvent for Event {
    fn size(&self) -> usize {
        match self {
            Self::Queued(_, message) => message.len(),
            Self::Lagged(_) => 0,
        }
    }

    fn lagged(missed: u64) -> Self {
        Self::Lagged(missed)
    }
}

fn message(bytes: usize) -> Arc<str> {
    "x".repeat(bytes).into()
}

fn queued(number: u64, message: &Arc<str>) -> Event {
    Event::Queued(number, Arc::clone(message))
}

fn held(sender: &EventSender<Event>) -> (usize, usize) {
    let buffer = sender.0.lock();
    (buffer.events.len(), buffer.bytes)
}

#[test]
fn events_for_a_slow_receiver_are_bounded_in_bytes() {
    let sender = EventSender::new(1000);
    let (mut slow, mut quick) = (sender.subscribe(), sender.subscribe());
    let large = message(1 << 20);
    for number in 0..200 {
        sender.send_all([queued(number, &large)]);
        assert_eq!(quick.try_next(), Some(queued(number, &large)));
    }
    assert_eq!(held(&sender), (64, MAX_BYTES));
    assert_eq!(slow.try_next(), Some(Event::Lagged(136)));
    assert_eq!(slow.try_next(), Some(queued(136, &large)));
}

/// A task that counts how often it is woken.
#[derive(Default)]
struct Task(std::sync::atomic::AtomicUsize);

impl std::task::Wake for Task {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
    }
}

#[test]
fn a_receiver_that_waits_is_woken_once_by_an_event_and_by_the_end() {
    let sender = EventSender::new(5);
    let mut receiver = sender.subscribe();
    let task = Arc::new(Task::default());
    let waker = Waker::from(Arc::clone(&task));
    let mut cx = Context::from_waker(&waker);
    let woken = || task.0.load(std::sync::atomic::Ordering::SeqCst);
    assert_eq!(receiver.poll_next(&mut cx), Poll::Pending);
    assert_eq!(receiver.poll_next(&mut cx), Poll::Pending);
    sender.send_all([]);
    assert_eq!(woken(), 0);
    sender.send_all(numbers(0..2));
    sender.send_all(numbers(2..3));
    assert_eq!(woken(), 1);
    let next = numbers(0..3).into_iter().zip(1..).map(|(event, number)| Poll::Ready(Some((number, event))));
    next.for_each(|next| assert_eq!(receiver.poll_next(&mut cx), next));
    assert_eq!(receiver.poll_next(&mut cx), Poll::Pending);
    drop(sender);
    assert_eq!(woken(), 2);
    assert_eq!(receiver.poll_next(&mut cx), Poll::Ready(None));
}

#[test]
fn numbers_go_on_after_missed_events_and_count_only_what_somebody_watched() {
    let sender = EventSender::new(2);
    sender.send_all(numbers(0..9));
    assert_eq!(sender.sent(), 0);
    let mut receiver = sender.subscribe();
    for event in numbers(0..5) {
        sender.send_all([event]);
    }
    let mut cx = Context::from_waker(Waker::noop());
    assert_eq!(receiver.poll_next(&mut cx), Poll::Ready(Some((3, Event::Lagged(3)))));
    assert_eq!(receiver.poll_next(&mut cx), Poll::Ready(Some((4, numbers(3..4).remove(0)))));
    assert_eq!(receiver.poll_next(&mut cx), Poll::Ready(Some((5, numbers(4..5).remove(0)))));
    assert_eq!(sender.sent(), 5);
}

fn numbers(range: std::ops::Range<u64>) -> Vec<Event> {
    range.map(|number| queued(number, &message(3))).collect()
}

fn rest(watcher: &mut EventReceiver<Event>) -> Vec<Event> {
    std::iter::from_fn(|| watcher.try_next()).collect()
}

#[test]
fn events_for_a_slow_receiver_are_bounded_in_number() {
    let sender = EventSender::new(5);
    let mut watcher = sender.subscribe();
    let send_each = |range| numbers(range).into_iter().for_each(|event| sender.send_all([event]));
    send_each(0..5);
    assert_eq!(rest(&mut watcher), numbers(0..5));
    send_each(0..6);
    assert_eq!(watcher.try_next(), Some(Event::Lagged(1)));
    assert_eq!(rest(&mut watcher), numbers(1..6));
}

#[test]
fn a_receiver_that_keeps_up_misses_nothing_of_a_burst() {
    for (burst, later) in [(2, 5), (5, 5), (6, 5), (100, 5), (100, 0)] {
        let sender = EventSender::new(5);
        let mut watcher = sender.subscribe();
        let end = burst + later;
        sender.send_all(numbers(0..burst));
        numbers(burst..end).into_iter().for_each(|event| sender.send_all([event]));
        assert_eq!(rest(&mut watcher), numbers(0..end), "{burst} and {later}");
        // After they are received, the limit is the usual one again.
        numbers(0..6).into_iter().for_each(|event| sender.send_all([event]));
        assert_eq!(watcher.try_next(), Some(Event::Lagged(1)), "{burst} and {later}");
    }
}

#[test]
fn only_one_burst_is_kept_for_a_receiver_that_never_reads() {
    let sender = EventSender::new(5);
    let _slow = sender.subscribe();
    for _ in 0..10 {
        sender.send_all(numbers(0..100));
        assert!(held(&sender).0 <= 105);
    }
    let large = message(MAX_BYTES / 4);
    for _ in 0..10 {
        sender.send_all((0..5).map(|number| queued(number, &large)));
        assert!(held(&sender).1 <= MAX_BYTES + 5 * large.len());
    }
}

#[test]
fn an_event_larger_than_the_limit_is_still_received() {
    let sender = EventSender::new(1000);
    let mut watcher = sender.subscribe();
    let huge = queued(1, &message(MAX_BYTES));
    sender.send_all([huge.clone()]);
    assert!(watcher.try_next() == Some(huge));
}

#[test]
fn an_event_is_released_when_every_receiver_has_it() {
    let sender = EventSender::new(1000);
    let message = message(3);
    sender.send_all([queued(0, &message)]);
    assert_eq!(held(&sender), (0, 0));
    let (slow, mut quick) = (sender.subscribe(), sender.subscribe());
    sender.send_all([queued(1, &message)]);
    assert!(quick.try_next().is_some());
    assert_eq!(held(&sender), (1, 3));
    drop(slow);
    assert_eq!(held(&sender), (0, 0));
    // The receiver that receives an event last releases it.
    let mut third = sender.subscribe();
    for last_is_quick in [false, true] {
        sender.send_all([queued(2, &message), queued(3, &message)]);
        let [first, last] = if last_is_quick { [&mut third, &mut quick] } else { [&mut quick, &mut third] };
        assert_eq!(rest(first).len(), 2);
        for left in [2, 1] {
            assert_eq!(held(&sender).0, left);
            assert!(last.try_next().is_some());
        }
        assert_eq!(held(&sender), (0, 0));
    }
}
