use std::task::{Context, Poll, Waker};

use super::*;
use crate::{Body, Event, JsonEvent, Touched, description::EventId, near::memory::Memory};

fn event(seq: u64) -> EventLine {
    let fields = serde_json::value::to_raw_value(&()).unwrap();
    let body = Body::Json(Arc::new(JsonEvent::new(None, fields, None, Touched::default())));
    let event = Event { seq, kind: EventId(0), now: Now::default(), by: None, body };
    EventLine { event, rows: Vec::new(), totals: Vec::new(), settings: None }
}

/// Events that a recording misses are missed by a slow watcher as well.
#[test]
fn a_slow_watcher_is_told_of_the_gaps_that_it_missed() {
    let mirror = Mirror::new(Arc::clone(Memory::new(1).description()), Run(7));
    let (mut watch, mut reads) = (mirror.watch(), mirror.watch());
    let next = |watch: &mut Box<dyn Watch>| watch.poll_next(&mut Context::from_waker(Waker::noop()));
    mirror.lag(1000);
    assert!(matches!(next(&mut reads), Poll::Ready(Some(Watched::Lagged(1000)))));
    let events = MAX_EVENTS as u64 + 7;
    (1..=events).for_each(|seq| mirror.apply(event(seq)));
    mirror.lag(50);
    let Poll::Ready(Some(Watched::Lagged(missed))) = next(&mut watch) else { panic!() };
    let Poll::Ready(Some(Watched::Event(first))) = next(&mut watch) else { panic!() };
    assert_eq!((missed, first.seq), (1000 + 8, 9));
    let rest = std::iter::from_fn(|| match next(&mut watch) {
        Poll::Ready(Some(Watched::Lagged(missed))) => Some(missed),
        Poll::Ready(watched) => watched.map(|_| 0),
        Poll::Pending => None,
    });
    assert_eq!(rest.sum::<u64>(), 50);
    let Poll::Ready(Some(Watched::Lagged(missed))) = next(&mut reads) else { panic!() };
    assert_eq!(missed, 8);
}
