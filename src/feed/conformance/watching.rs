use std::task::{Context, Poll, Waker};

use rand::RngExt;

use super::{Random, Specimen};
use crate::{Watch, Watched};

/// Check 7. A watcher that falls behind gets one `Lagged` with the exact number of events that it missed, and the numbers
/// of the events have the same gap. Events that nobody watches are not made.
pub fn slow_watchers_are_told_what_they_missed(specimen: &mut dyn Specimen) {
    let mut random = Random::new();
    let network = specimen.network();
    for steps in [10, 20_000] {
        let (mut quick, mut slow) = (network.watch(), network.watch());
        let mut numbers = Vec::new();
        for _ in 0..steps {
            specimen.disturb(&mut random.numbers);
            numbers.extend(numbers_of(&mut *quick).0);
        }
        assert!(
            numbers.windows(2).all(|pair| pair[1] == pair[0] + 1),
            "a watcher that reads missed something"
        );
        let (rest, lags) = numbers_of(&mut *slow);
        assert!(lags.len() <= 1, "missed in several parts: {lags:?}");
        assert_eq!(rest.len() as u64 + lags.iter().sum::<u64>(), numbers.len() as u64);
        assert_eq!(rest.last(), numbers.last());
        assert!(rest.windows(2).all(|pair| pair[1] == pair[0] + 1), "a gap after what was missed");
        assert_eq!(steps > 10_000, !lags.is_empty(), "{steps} steps, missed: {lags:?}");
    }
    if !specimen.is_recorded() {
        unwatched_events_are_not_made(specimen, &mut random);
    }
}

fn unwatched_events_are_not_made(specimen: &mut dyn Specimen, random: &mut Random) {
    let network = specimen.network();
    let mut last = None;
    for _ in 0..20 {
        let mut watch = network.watch();
        let mut numbers = Vec::new();
        while numbers.is_empty() {
            specimen.disturb(&mut random.numbers);
            numbers = numbers_of(&mut *watch).0;
        }
        assert!(last.is_none_or(|last| numbers.first() == Some(&(last + 1))), "an unwatched event was made");
        last = numbers.last().copied();
        drop(watch);
        for _ in 0..random.numbers.random_range(0..50) {
            specimen.disturb(&mut random.numbers);
        }
    }
}

/// The numbers of the events of a watcher, and how many it missed each time.
fn numbers_of(watch: &mut dyn Watch) -> (Vec<u64>, Vec<u64>) {
    let mut numbers = (Vec::new(), Vec::new());
    let mut cx = Context::from_waker(Waker::noop());
    let mut last = watch.seq();
    while let Poll::Ready(Some(watched)) = watch.poll_next(&mut cx) {
        let before = std::mem::replace(&mut last, watch.seq());
        match watched {
            Watched::Event(event) => {
                assert_eq!((event.seq, last), (before + 1, before + 1), "the number of an event");
                numbers.0.push(event.seq);
            }
            Watched::Lagged(missed) => {
                assert_eq!(last, before + missed, "the number of the last event that was missed");
                numbers.1.push(missed);
            }
        }
    }
    numbers
}
