//! What happens next.
//!
//! The near future is cut into short stretches of time, and what is to happen in one of them lies in a list, which is put
//! in order when its turn comes: two moves for each thing, however many wait. The far future is a heap.

use std::{cmp::Reverse, collections::BinaryHeap};

/// Stretches in the near future: enough for each to be short where something happens to a million nodes each second.
const STRETCHES: u64 = 1 << 14;
/// So many things happen in a stretch, more or less.
const IN_A_STRETCH: f64 = 16.0;

/// What is to happen, in the order of its time; of two things at the same time the one that was noted first.
#[derive(Debug)]
pub(super) struct Calendar<T> {
    /// The present stretch, the last first.
    present: Vec<Entry<T>>,
    /// What was noted for it since it began.
    late: BinaryHeap<Reverse<Numbered<T>>>,
    /// Those after it, each at its number modulo [`STRETCHES`], as noted.
    near: Vec<Vec<Entry<T>>>,
    far: BinaryHeap<Reverse<Numbered<T>>>,
    /// Lists that are used again.
    spare: Vec<Vec<Entry<T>>>,
    /// The number of the present stretch.
    stretch: u64,
    /// How long a stretch lasts: two to the power of this, in nanoseconds.
    length: u32,
    /// What lies in `near`.
    waiting: usize,
    noted: u64,
}

#[derive(Debug, Clone, Copy)]
struct Entry<T> {
    at: u64,
    what: T,
}

/// With the number under which it was noted.
#[derive(Debug)]
struct Numbered<T> {
    number: u64,
    entry: Entry<T>,
}

impl<T> Calendar<T> {
    /// One for so many things a second, most of them no more than `reach` seconds ahead, as far as is known: how fast it
    /// is depends on that, and nothing else does.
    pub(super) fn of(rate: f64, reach: f64) -> Self {
        let seconds = (IN_A_STRETCH / rate).max(reach / STRETCHES as f64);
        let length = u64::BITS - ((seconds * 1e9).clamp(1.0, 1e12) as u64).leading_zeros();
        Self {
            present: Vec::new(),
            late: BinaryHeap::new(),
            near: (0..STRETCHES).map(|_| Vec::new()).collect(),
            far: BinaryHeap::new(),
            spare: Vec::new(),
            stretch: 0,
            length,
            waiting: 0,
            noted: 0,
        }
    }

    /// Notes that `what` happens `at` nanoseconds.
    pub(super) fn note(&mut self, at: u64, what: T) {
        let (stretch, entry) = (at >> self.length, Entry { at, what });
        if stretch <= self.stretch {
            let numbered = self.numbered(entry);
            self.late.push(Reverse(numbered));
        } else if stretch - self.stretch < STRETCHES {
            self.put(stretch, entry);
        } else {
            let numbered = self.numbered(entry);
            self.far.push(Reverse(numbered));
        }
    }

    fn numbered(&mut self, entry: Entry<T>) -> Numbered<T> {
        self.noted += 1;
        Numbered { number: self.noted, entry }
    }

    fn put(&mut self, stretch: u64, entry: Entry<T>) {
        let list = &mut self.near[(stretch % STRETCHES) as usize];
        if list.capacity() == 0 {
            *list = self.spare.pop().unwrap_or_default();
        }
        list.push(entry);
        self.waiting += 1;
    }

    /// The next thing that happens before `end`, and when.
    pub(super) fn next_before(&mut self, end: u64) -> Option<(u64, T)> {
        while self.present.is_empty() && self.late.is_empty() {
            self.turn()?;
        }
        // Of two at the same time, what was there when the stretch began was noted first.
        let late = self.late.peek().map(|Reverse(late)| late.entry.at);
        let next = match (self.present.last(), late) {
            (Some(next), late) if late.is_none_or(|late| next.at <= late) => {
                if next.at >= end {
                    return None;
                }
                self.present.pop()
            }
            (_, Some(late)) if late < end => self.late.pop().map(|Reverse(late)| late.entry),
            _ => None,
        };
        next.map(|Entry { at, what }| (at, what))
    }

    /// Goes on to the next stretch in which there is something; `None` if there is none.
    fn turn(&mut self) -> Option<()> {
        self.stretch =
            if self.waiting > 0 { self.stretch + 1 } else { self.far.peek()?.0.entry.at >> self.length };
        // What was far was noted before what is put there from now on.
        while let Some(Reverse(first)) = self.far.peek() {
            let stretch = first.entry.at >> self.length;
            if stretch >= self.stretch + STRETCHES {
                break;
            }
            self.far.pop().into_iter().for_each(|Reverse(first)| self.put(stretch, first.entry));
        }
        let place = (self.stretch % STRETCHES) as usize;
        std::mem::swap(&mut self.present, &mut self.near[place]);
        let used = std::mem::take(&mut self.near[place]);
        if used.capacity() > 0 {
            self.spare.push(used);
        }
        self.waiting -= self.present.len();
        self.present.sort_by_key(|entry| entry.at);
        self.present.reverse();
        Some(())
    }

    /// What happens next, as far as that is known already: the first few of the present stretch.
    pub(super) fn upcoming(&self, count: usize) -> impl Iterator<Item = &T> {
        self.present.iter().rev().take(count).map(|entry| &entry.what)
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
        /// The delays are of all lengths, from none to many stretches; each third thing that happens notes two more.
        #[test]
        fn things_happen_in_the_order_of_their_times_and_then_as_they_were_noted(
            delays in proptest::collection::vec((0_u32..45, 0_u64..4), 1..400),
            rate in 0.1_f64..1e6,
            reach in 0.0_f64..10.0,
        ) {
            let mut delays = delays.into_iter().map(|(scale, times)| times << scale);
            let (mut calendar, mut naive, mut happened) = (Calendar::of(rate, reach), Vec::new(), 0);
            let note = |calendar: &mut Calendar<u32>, naive: &mut Vec<(u64, u32)>, at, number| {
                calendar.note(at, number);
                naive.push((at, number));
            };
            let mut noted = 0..;
            for delay in delays.by_ref().take(20) {
                note(&mut calendar, &mut naive, delay, noted.next().unwrap());
            }
            while let Some(first) = naive.iter().min().copied() {
                naive.retain(|other| *other != first);
                prop_assert_eq!(calendar.next_before(first.0), None);
                prop_assert_eq!(calendar.next_before(first.0 + 1), Some(first));
                happened += 1;
                if happened % 3 == 0 {
                    for delay in delays.by_ref().take(2) {
                        note(&mut calendar, &mut naive, first.0 + delay, noted.next().unwrap());
                    }
                }
            }
            prop_assert_eq!(calendar.next_before(u64::MAX), None);
        }
    }
}
