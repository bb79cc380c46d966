use std::collections::HashMap;

use crate::protocol::Fingerprint;

/// Fingerprints remembered at most; the older half is forgotten when they are reached.
const CAPACITY: usize = 1 << 16;

/// How often each message was seen here: two generations, so that forgetting is cheap and memory bounded.
#[derive(Debug, Default)]
pub(super) struct Sightings {
    recent: HashMap<Fingerprint, u32>,
    older: HashMap<Fingerprint, u32>,
}

impl Sightings {
    /// Notes one pass of a message and returns how many there have been.
    pub(super) fn note(&mut self, fingerprint: Fingerprint) -> u32 {
        if self.recent.len() >= CAPACITY / 2 {
            self.older = std::mem::take(&mut self.recent);
        }
        let older = &mut self.older;
        let visits =
            self.recent.entry(fingerprint).or_insert_with(|| older.remove(&fingerprint).unwrap_or(0));
        *visits = visits.saturating_add(1);
        *visits
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_and_stays_bounded_while_what_returns_is_remembered() {
        let mut sightings = Sightings::default();
        for number in 0..4 * CAPACITY as u128 {
            sightings.note(Fingerprint(number));
            if number % 1000 == 0 {
                assert_eq!(u128::from(sightings.note(Fingerprint(u128::MAX))), number / 1000 + 1);
            }
            assert!(sightings.recent.len() + sightings.older.len() <= CAPACITY);
        }
    }
}
