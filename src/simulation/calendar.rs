//! What happens next.

use std::{cmp::Reverse, collections::BinaryHeap};

/// What is to happen, in the order of its time; of two things at the same time the one that was noted first.
#[derive(Debug)]
pub(super) struct Calendar<T> {
    entries: BinaryHeap<Reverse<Entry<T>>>,
    noted: u64,
}

#[derive(Debug)]
struct Entry<T> {
    at: u64,
    number: u64,
    what: T,
}

impl<T> Calendar<T> {
    pub(super) fn new() -> Self {
        Self { entries: BinaryHeap::new(), noted: 0 }
    }

    /// Notes that `what` happens `at` nanoseconds.
    pub(super) fn note(&mut self, at: u64, what: T) {
        self.entries.push(Reverse(Entry { at, number: self.noted, what }));
        self.noted += 1;
    }

    /// The next thing that happens before `end`, and when.
    pub(super) fn next_before(&mut self, end: u64) -> Option<(u64, T)> {
        if self.entries.peek()?.0.at >= end {
            return None;
        }
        self.entries.pop().map(|Reverse(entry)| (entry.at, entry.what))
    }
}

impl<T> PartialEq for Entry<T> {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

impl<T> Eq for Entry<T> {}

impl<T> Ord for Entry<T> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.key().cmp(&other.key())
    }
}

impl<T> PartialOrd for Entry<T> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl<T> Entry<T> {
    fn key(&self) -> (u64, u64) {
        (self.at, self.number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn things_happen_in_the_order_of_their_times_and_then_as_they_were_noted() {
        let mut calendar = Calendar::new();
        for (at, what) in [(5, "d"), (1, "a"), (5, "e"), (3, "b"), (3, "c"), (9, "f")] {
            calendar.note(at, what);
        }
        let mut happened = String::new();
        while let Some((_, what)) = calendar.next_before(9) {
            happened += what;
        }
        assert_eq!(happened, "abcde");
        assert_eq!(calendar.next_before(10), Some((9, "f")));
    }
}
