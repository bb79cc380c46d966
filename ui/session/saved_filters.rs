//! Hit counts of the saved filters (stations), and the terminal bell.

use std::time::{Duration, Instant};

use clacks_feed::filter::{Filter, Subject};
use clacks_language::{
    saved_filter::{Number, Station, Stations},
    traffic_filter::FilterNetworks,
};

/// Minimum time between two bells.
const BETWEEN_RINGS: Duration = Duration::from_secs(3);

/// The stations with a hit count each.
#[derive(Debug, Clone, Default)]
pub struct SavedFilterHits {
    stations: Stations,
    /// The filters of the stations, read for the networks that are shown. `None`: the number is free, or no row of these
    /// networks can match the filter.
    filters: [Option<Filter>; 9],
    networks: FilterNetworks,
    /// Stations that differ from the configuration file, to be saved.
    changed: Stations,
    /// Rows that matched each number since its station was last shown.
    hits: [u64; 9],
}

/// Rate limit of the terminal bell: at most once in 3 s of real time, also in a replay.
#[derive(Debug, Default)]
pub struct Bell {
    last: Option<Instant>,
}

impl Bell {
    /// Whether the bell can ring now. If so, this counts as a ring.
    pub fn may_ring(&mut self, now: Instant) -> bool {
        let is_soon = self.last.is_some_and(|last| now.saturating_duration_since(last) < BETWEEN_RINGS);
        if !is_soon {
            self.last = Some(now);
        }
        !is_soon
    }
}

impl SavedFilterHits {
    /// Creates the stations of the configuration file, overridden by those that an earlier run changed, for the traffic of
    /// these networks.
    pub fn new(stations: Stations, changed: Stations, networks: FilterNetworks) -> Self {
        let stations = changed.clone().or(stations);
        let mut hits = Self { stations, changed, ..Self::default() };
        hits.read_for(networks);
        hits
    }

    /// Reads the filters of all stations again, for the traffic of these networks. The hit counts stay.
    pub fn read_for(&mut self, networks: FilterNetworks) {
        self.networks = networks;
        for (number, station) in self.stations.iter() {
            self.filters[number.index()] = self.networks.read(&station.filter).ok();
        }
    }

    /// The stations with their hit counts, ordered by number.
    pub fn iter(&self) -> impl Iterator<Item = (Number, &Station, u64)> {
        self.stations.iter().map(|(number, station)| (number, station, self.hits[number.index()]))
    }

    /// Counts a row for every station whose filter admits it, except for the station whose filter is `shown`. Returns
    /// whether one of the matching stations has the bell enabled.
    pub fn note(&mut self, row: &Subject<'_>, shown: Option<&Filter>) -> bool {
        let mut rings = false;
        for (number, station) in self.stations.iter() {
            let filter = self.filters[number.index()].as_ref();
            if !filter.is_some_and(|filter| filter.admits(row)) {
                continue;
            }
            if filter != shown {
                self.hits[number.index()] += 1;
            }
            rings |= station.bell;
        }
        rings
    }

    /// The station with this number.
    pub fn get(&self, number: Number) -> Option<&Station> {
        self.stations.get(number)
    }

    /// The stations that differ from the configuration file.
    pub fn changed(&self) -> &Stations {
        &self.changed
    }

    /// Resets the hit count of a station.
    pub fn forget_hits(&mut self, number: Number) {
        self.hits[number.index()] = 0;
    }

    /// Resets all hit counts.
    pub fn begin_again(&mut self) {
        self.hits = [0; 9];
    }

    /// Assigns a station to a number, or removes it with `None`. Resets its hit count.
    pub fn set(&mut self, number: Number, station: Option<Station>) {
        self.hits[number.index()] = 0;
        let filter = station.as_ref().and_then(|station| self.networks.read(&station.filter).ok());
        self.filters[number.index()] = filter;
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
