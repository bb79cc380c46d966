//! Matches of the saved filters (stations), and the bell.

use std::time::{Duration, Instant};

use clacks_language::{
    filter::{Filter, subject::Subject},
    saved_filter::{Number, Station, Stations},
};

/// The shortest time between two rings of the bell.
const BETWEEN_RINGS: Duration = Duration::from_secs(3);

/// The stations and what came for them.
#[derive(Debug, Clone, Default)]
pub struct SavedFilterHits {
    stations: Stations,
    /// Those that were changed since the configuration file was read, to be kept.
    changed: Stations,
    /// Rows that came for each number since its station was last listened to.
    hits: [u64; 9],
}

/// The terminal's bell. It keeps to the time of who hears it, which in a replay is not that of the node.
#[derive(Debug, Default)]
pub struct Bell {
    last: Option<Instant>,
}

impl Bell {
    /// Whether it may ring at this time; if so, it does.
    pub fn may_ring(&mut self, now: Instant) -> bool {
        let is_soon = self.last.is_some_and(|last| now.saturating_duration_since(last) < BETWEEN_RINGS);
        if !is_soon {
            self.last = Some(now);
        }
        !is_soon
    }
}

impl SavedFilterHits {
    /// The stations of the configuration file, and those that were changed in an earlier run.
    pub fn new(stations: Stations, changed: Stations) -> Self {
        Self { stations: changed.clone().or(stations), changed, ..Self::default() }
    }

    /// The stations with what came for each, in order of their numbers.
    pub fn iter(&self) -> impl Iterator<Item = (Number, &Station, u64)> {
        self.stations.iter().map(|(number, station)| (number, station, self.hits[number.index()]))
    }

    /// Counts a row for every station that admits it, but for the one that is listened to. Returns whether the bell
    /// is to ring for one of them.
    pub fn note(&mut self, row: &Subject<'_>, shown: Option<&Filter>) -> bool {
        let mut rings = false;
        for (number, station) in self.stations.iter().filter(|(_, station)| station.filter.admits(row)) {
            if Some(&station.filter) != shown {
                self.hits[number.index()] += 1;
            }
            rings |= station.bell;
        }
        rings
    }

    pub fn get(&self, number: Number) -> Option<&Station> {
        self.stations.get(number)
    }

    /// Those that were changed since the configuration file was read.
    pub fn changed(&self) -> &Stations {
        &self.changed
    }

    /// What came for a station so far is seen now.
    pub fn forget_hits(&mut self, number: Number) {
        self.hits[number.index()] = 0;
    }

    /// Nothing has come yet.
    pub fn begin_again(&mut self) {
        self.hits = [0; 9];
    }

    /// Gives a number to a station, or frees it.
    pub fn set(&mut self, number: Number, station: Option<Station>) {
        self.hits[number.index()] = 0;
        self.stations.set(number, station.clone());
        self.changed.set(number, station);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bell_does_not_ring_all_the_time() {
        let (mut bell, began) = (Bell::default(), Instant::now());
        let rung =
            [0, 10, 2_999, 3_000, 3_001, 6_000].map(|at| bell.may_ring(began + Duration::from_millis(at)));
        assert_eq!(rung, [true, false, false, true, false, true]);
    }
}
