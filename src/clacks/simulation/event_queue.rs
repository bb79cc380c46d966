//! A calendar queue of future events.
//!
//! The near future is divided into buckets of equal duration. A bucket is sorted when its time comes, so an event is
//! moved twice, whatever the number of waiting events. The far future is a heap.

use std::{cmp::Reverse, collections::BinaryHeap};

/// Number of buckets. With a million nodes that each have an event per second a bucket is still short.
const BUCKETS: u64 = 1 << 14;
/// Approximate number of events per bucket.
const PER_BUCKET: f64 = 16.0;

/// Future events, sorted by time. Events at the same time keep the order in which they were scheduled.
#[derive(Debug)]
pub(super) struct EventQueue<T> {
    /// The events of the current bucket, latest first.
    current: Vec<Entry<T>>,
    /// Events that were scheduled for the current bucket after it became current.
    overdue: BinaryHeap<Reverse<Numbered<T>>>,
    /// The following buckets, each at its number modulo [`BUCKETS`], unsorted.
    buckets: Vec<Vec<Entry<T>>>,
    overflow: BinaryHeap<Reverse<Numbered<T>>>,
    /// Empty lists for reuse.
    spare: Vec<Vec<Entry<T>>>,
    /// The number of the current bucket.
    bucket: u64,
    /// The duration of a bucket is two to the power of this, in nanoseconds.
    length: u32,
    /// Number of events in `buckets`.
    in_buckets: usize,
    scheduled: u64,
}

#[derive(Debug, Clone, Copy)]
struct Entry<T> {
    at: u64,
    event: T,
}

/// An event with its sequence number.
#[derive(Debug)]
struct Numbered<T> {
    number: u64,
    entry: Entry<T>,
}

impl<T> EventQueue<T> {
    /// A queue for `rate` events per second, most of them at most `reach` seconds ahead. Both values affect only its
    /// speed.
    pub(super) fn of(rate: f64, reach: f64) -> Self {
        let seconds = (PER_BUCKET / rate).max(reach / BUCKETS as f64);
        let length = u64::BITS - ((seconds * 1e9).clamp(1.0, 1e12) as u64).leading_zeros();
        Self {
            current: Vec::new(),
            overdue: BinaryHeap::new(),
            buckets: (0..BUCKETS).map(|_| Vec::new()).collect(),
            overflow: BinaryHeap::new(),
            spare: Vec::new(),
            bucket: 0,
            length,
            in_buckets: 0,
            scheduled: 0,
        }
    }

    /// Schedules `event` at the time `at`, in nanoseconds.
    pub(super) fn schedule(&mut self, at: u64, event: T) {
        let (bucket, entry) = (at >> self.length, Entry { at, event });
        if bucket <= self.bucket {
            let numbered = self.numbered(entry);
            self.overdue.push(Reverse(numbered));
        } else if bucket - self.bucket < BUCKETS {
            self.push(bucket, entry);
        } else {
            let numbered = self.numbered(entry);
            self.overflow.push(Reverse(numbered));
        }
    }

    fn numbered(&mut self, entry: Entry<T>) -> Numbered<T> {
        self.scheduled += 1;
        Numbered { number: self.scheduled, entry }
    }

    fn push(&mut self, bucket: u64, entry: Entry<T>) {
        let list = &mut self.buckets[(bucket % BUCKETS) as usize];
        if list.capacity() == 0 {
            *list = self.spare.pop().unwrap_or_default();
        }
        list.push(entry);
        self.in_buckets += 1;
    }

    /// The next event before `end`, with its time.
    pub(super) fn next_before(&mut self, end: u64) -> Option<(u64, T)> {
        while self.current.is_empty() && self.overdue.is_empty() {
            self.next_bucket()?;
        }
        // Of two events at the same time, the one that was in the bucket before it became current was scheduled first.
        let overdue = self.overdue.peek().map(|Reverse(overdue)| overdue.entry.at);
        let next = match (self.current.last(), overdue) {
            (Some(next), overdue) if overdue.is_none_or(|overdue| next.at <= overdue) => {
                if next.at >= end {
                    return None;
                }
                self.current.pop()
            }
            (_, Some(overdue)) if overdue < end => self.overdue.pop().map(|Reverse(overdue)| overdue.entry),
            _ => None,
        };
        next.map(|Entry { at, event }| (at, event))
    }

    /// Advances to the next bucket that is not empty; `None` if there is none.
    fn next_bucket(&mut self) -> Option<()> {
        self.bucket = if self.in_buckets > 0 {
            self.bucket + 1
        } else {
            self.overflow.peek()?.0.entry.at >> self.length
        };
        // Events from the overflow were scheduled before those that are added from now on.
        while let Some(Reverse(first)) = self.overflow.peek() {
            let bucket = first.entry.at >> self.length;
            if bucket >= self.bucket + BUCKETS {
                break;
            }
            self.overflow.pop().into_iter().for_each(|Reverse(first)| self.push(bucket, first.entry));
        }
        let index = (self.bucket % BUCKETS) as usize;
        std::mem::swap(&mut self.current, &mut self.buckets[index]);
        let used = std::mem::take(&mut self.buckets[index]);
        if used.capacity() > 0 {
            self.spare.push(used);
        }
        self.in_buckets -= self.current.len();
        self.current.sort_by_key(|entry| entry.at);
        self.current.reverse();
        Some(())
    }

    /// The next events that are sorted already: the first of the current bucket.
    pub(super) fn upcoming(&self, count: usize) -> impl Iterator<Item = &T> {
        self.current.iter().rev().take(count).map(|entry| &entry.event)
    }
}

impl<T> PartialEq for Numbered<T> {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

impl<T> Eq for Numbered<T> {}

impl<T> Ord for Numbered<T> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.key().cmp(&other.key())
    }
}

impl<T> PartialOrd for Numbered<T> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl<T> Numbered<T> {
    fn key(&self) -> (u64, u64) {
        (self.entry.at, self.number)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Delays from none to many buckets. Every third event schedules two more.
        #[test]
        fn events_are_sorted_by_time_and_then_by_order_of_scheduling(
            delays in proptest::collection::vec((0_u32..45, 0_u64..4), 1..400),
            rate in 0.1_f64..1e6,
            reach in 0.0_f64..10.0,
        ) {
            let mut delays = delays.into_iter().map(|(scale, times)| times << scale);
            let (mut events, mut naive, mut handled) = (EventQueue::of(rate, reach), Vec::new(), 0);
            let schedule = |events: &mut EventQueue<u32>, naive: &mut Vec<(u64, u32)>, at, number| {
                events.schedule(at, number);
                naive.push((at, number));
            };
            let mut scheduled = 0..;
            for delay in delays.by_ref().take(20) {
                schedule(&mut events, &mut naive, delay, scheduled.next().unwrap());
            }
            while let Some(first) = naive.iter().min().copied() {
                naive.retain(|other| *other != first);
                prop_assert_eq!(events.next_before(first.0), None);
                prop_assert_eq!(events.next_before(first.0 + 1), Some(first));
                handled += 1;
                if handled % 3 == 0 {
                    for delay in delays.by_ref().take(2) {
                        schedule(&mut events, &mut naive, first.0 + delay, scheduled.next().unwrap());
                    }
                }
            }
            prop_assert_eq!(events.next_before(u64::MAX), None);
        }
    }
}
