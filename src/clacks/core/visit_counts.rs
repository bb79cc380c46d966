use std::{
    collections::HashMap,
    hash::{BuildHasher, RandomState},
};

use crate::protocol::Message;

/// Maximum remembered messages. At the limit the older half is forgotten.
const CAPACITY: usize = 1 << 16;

/// Number of visits of each message, in two generations, so that forgetting is cheap and memory bounded.
///
/// Messages are identified by 64 bits of std's seeded hash, which takes a third of the time of SHA-256. Strangers
/// choose the messages, but know neither the seed nor a hash, so they cannot make two messages collide. The probability
/// that a message collides with a remembered one by chance is 2⁻⁴⁸.
#[derive(Debug, Default)]
pub(super) struct VisitCounts {
    hasher: RandomState,
    recent: HashMap<u64, u32>,
    older: HashMap<u64, u32>,
}

impl VisitCounts {
    /// Counts a visit of a message. Returns the number of its visits.
    pub(super) fn record(&mut self, message: &Message) -> u32 {
        self.record_hash(self.hasher.hash_one(message.as_json()))
    }

    /// Counts a message that the user wrote, only if it has no visit yet. Returns the number of its visits.
    pub(super) fn record_written(&mut self, message: &Message) -> u32 {
        self.count(self.hasher.hash_one(message.as_json()), |visits| visits.max(1))
    }

    /// Number of visits of a message so far.
    pub(super) fn of(&self, message: &Message) -> u32 {
        let hash = self.hasher.hash_one(message.as_json());
        self.recent.get(&hash).or_else(|| self.older.get(&hash)).copied().unwrap_or(0)
    }

    fn record_hash(&mut self, hash: u64) -> u32 {
        self.count(hash, |visits| visits.saturating_add(1))
    }

    fn count(&mut self, hash: u64, counted: impl FnOnce(u32) -> u32) -> u32 {
        if self.recent.len() >= CAPACITY / 2 {
            self.older = std::mem::take(&mut self.recent);
        }
        let older = &mut self.older;
        let visits = self.recent.entry(hash).or_insert_with(|| older.remove(&hash).unwrap_or(0));
        *visits = counted(*visits);
        *visits
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn visit_counts_stay_bounded_and_remember_returning_messages() {
        let mut visit_counts = VisitCounts::default();
        for number in 0..4 * CAPACITY as u64 {
            visit_counts.record_hash(number);
            if number % 1000 == 0 {
                assert_eq!(u64::from(visit_counts.record_hash(u64::MAX)), number / 1000 + 1);
            }
            assert!(visit_counts.recent.len() + visit_counts.older.len() <= CAPACITY);
        }
    }

    #[test]
    fn messages_are_distinguished_by_their_bytes() {
        let mut visit_counts = VisitCounts::default();
        let mut record = |json: &str| visit_counts.record(&Message::from_json(json, 128).unwrap());
        assert_eq!(
            [record("[1]"), record(" [1] "), record("[1 ]"), record("[2]"), record("[1]")],
            [1, 2, 1, 1, 3]
        );
    }

    #[test]
    fn a_message_is_remembered_until_half_the_capacity_of_others_arrived() {
        let half = CAPACITY as u64 / 2;
        for before in [0, 1, half / 2, half - 1] {
            let mut visit_counts = VisitCounts::default();
            let mut record_all =
                |numbers: std::ops::Range<u64>| numbers.map(|number| visit_counts.record_hash(number)).max();
            record_all(1..before + 1);
            record_all(0..1);
            record_all(half..2 * half - 1);
            assert_eq!(record_all(0..1), Some(2), "{before}");
        }
    }
}
