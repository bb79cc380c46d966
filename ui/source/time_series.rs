//! The data of the charts: counts per second of the last minutes, and the latest round trips.
//!
//! This module needs no timer. Seconds without events are added at the next sample, so an idle dashboard can sleep.

use std::{collections::VecDeque, time::Duration};

use clacks_p2p::core::{Counters, PeerCounts};

use crate::traffic::row::Row;

/// Length of a chart in seconds; slightly more if its columns need it.
const SECONDS: usize = 600;
/// Length of the record in seconds, enough for the columns of a wide screen.
const KEPT: usize = SECONDS + 300;
/// Length of the sparkline in a title, in seconds.
pub const SPARKS: usize = 60;
/// Maximum number of round trips kept.
const ROUND_TRIPS: usize = 1000;
/// Upper bounds of the histogram's bars in milliseconds, exclusive. A last bar counts all longer times.
pub const BOUNDS: [u64; 12] = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000];

/// A chart of the dashboard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Chart {
    /// Messages received, delivered and failed per second.
    Rates,
    /// Peers by status.
    Peers,
    /// Histogram of round trips.
    RoundTrips,
    /// Length of the queue.
    Queue,
}

/// The counts of one second, and the state at its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Second {
    received: u64,
    delivered: u64,
    failed: u64,
    queued: usize,
    peers: PeerCounts,
}

/// The counts per second of the last 15 minutes, and the latest 1,000 round trips.
#[derive(Debug, Clone, Default)]
pub struct Trends {
    /// One entry per second, without gaps; the last second is still running.
    seconds: VecDeque<Second>,
    /// The second of the node's uptime that the last entry stands for.
    last: u64,
    /// The node's counters at the latest sample.
    counters: Counters,
    round_trips: RoundTrips,
}

/// One column of a chart: the aggregate of some seconds.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Column {
    /// Messages received per second, mean.
    pub received: f64,
    /// Messages delivered per second, mean.
    pub delivered: f64,
    /// Failed deliveries per second, mean.
    pub failed: f64,
    /// Maximum length of the queue.
    pub queued: usize,
    /// Peers by status at the end.
    pub peers: PeerCounts,
}

/// The latest round trips, at most 1,000.
#[derive(Debug, Clone, Default)]
pub struct RoundTrips {
    /// In the order in which they ended.
    times: VecDeque<Duration>,
    /// The same, the shortest first.
    sorted: Vec<Duration>,
}

impl Chart {
    clacks_p2p::all_variants! {
        /// All charts, in the order in which they are cycled.
        pub const ALL: Self = [Rates, Peers, RoundTrips, Queue];
    }

    /// The chart `by` positions further in the cycle; negative goes back. With `all_fit` the cycle also has `None`,
    /// which shows all charts at once.
    pub fn turned(chart: Option<Self>, by: isize, all_fit: bool) -> Option<Self> {
        let mut round: Vec<Option<Self>> = Self::ALL.into_iter().map(Some).collect();
        if all_fit {
            round.push(None);
        }
        let chart = if all_fit { chart } else { chart.or(Some(Self::Rates)) };
        let at = round.iter().position(|other| *other == chart).unwrap_or(0);
        let at = at.saturating_add_signed(round.len().cast_signed() + by);
        round[at % round.len()]
    }
}

impl Trends {
    /// Records the time of a delivery. Ignores other rows.
    pub fn note(&mut self, row: &Row) {
        row.delivery_time().into_iter().for_each(|time| self.round_trips.push(time));
    }

    /// Records the node's state at this uptime. Counts come from the difference of the counters, so they include events
    /// that this watcher missed. An uptime that goes back restarts the record.
    pub fn sample(&mut self, uptime: Duration, now: Counters, queued: usize, peers: PeerCounts) {
        let second = uptime.as_secs();
        if self.seconds.is_empty() || second < self.last {
            // The first look, or another run: what happened before it is unknown.
            self.seconds = VecDeque::from([Second::default()]);
            (self.last, self.counters) = (second, now);
        }
        self.advance(second);
        let before = std::mem::replace(&mut self.counters, now);
        let Some(present) = self.seconds.back_mut() else { return };
        // A recording may say that as many came as a number can tell, and that again and again.
        let more =
            |count: &mut u64, now: u64, before| *count = count.saturating_add(now.saturating_sub(before));
        more(&mut present.received, now.received, before.received);
        more(&mut present.delivered, now.delivered, before.delivered);
        more(&mut present.failed, now.failed, before.failed);
        (present.queued, present.peers) = (queued, peers);
    }

    /// Goes on to a second; in those between nothing happened.
    fn advance(&mut self, second: u64) {
        let passed = usize::try_from(second - self.last).unwrap_or(usize::MAX).min(KEPT);
        let quiet = self.seconds.back().map_or_else(Second::default, |last| Second {
            queued: last.queued,
            peers: last.peers,
            ..Second::default()
        });
        self.seconds.extend(std::iter::repeat_n(quiet, passed));
        let too_many = self.seconds.len().saturating_sub(KEPT);
        self.seconds.drain(..too_many);
        self.last = second;
    }

    /// The latest round trips.
    pub fn round_trips(&self) -> &RoundTrips {
        &self.round_trips
    }

    /// Seconds per column for a chart of this many columns. A power of two, or the value that fills the whole length of
    /// a chart. It grows with the record, so that the columns are filled early and the scale changes seldom.
    pub fn each(&self, columns: usize) -> usize {
        let columns = columns.max(1);
        self.seconds.len().div_ceil(columns).next_power_of_two().min(SECONDS.div_ceil(columns))
    }

    /// The latest columns, of `each` seconds each, oldest first. Columns before the first sample are `None`.
    ///
    /// A column covers the same seconds while it moves to the left, so it does not flicker. Only the last column is a
    /// mean up to now.
    pub fn columns(&self, columns: usize, each: usize) -> Vec<Option<Column>> {
        let (each, over) = (each.max(1) as u64, self.last);
        let latest = over.saturating_sub(1) / each;
        let before = (1..columns as u64).rev().map(|back| {
            let bucket = latest.checked_sub(back)?;
            self.column(bucket * each, (bucket + 1) * each)
        });
        let latest = (columns > 0).then(|| self.column(latest * each, over).or(self.first()));
        before.chain(latest).collect()
    }

    /// The seconds from one up to another, as far as they are known.
    fn column(&self, from: u64, to: u64) -> Option<Column> {
        let first = (self.last + 1).checked_sub(self.seconds.len() as u64)?;
        let index = |second: u64| usize::try_from(second.saturating_sub(first)).unwrap_or(usize::MAX);
        let (from, to) = (index(from), index(to).min(self.seconds.len()));
        Column::of(&self.seconds.range(from.min(to)..to))
    }

    /// The column of the very first second.
    fn first(&self) -> Option<Column> {
        self.seconds.back().and_then(|present| Column::of(&[present].into_iter()))
    }

    /// Messages received, delivered and failed per second, as the mean of the last `seconds`.
    pub fn mean(&self, seconds: usize) -> (f64, f64, f64) {
        let before = self.seconds.len().saturating_sub(seconds);
        Column::of(&self.seconds.range(before..))
            .map_or((0.0, 0.0, 0.0), |mean| (mean.received, mean.delivered, mean.failed))
    }

    /// Whether a message was received, delivered or failed in the last `seconds`.
    pub fn is_busy(&self, seconds: usize) -> bool {
        let is_quiet = |second: &Second| (second.received, second.delivered, second.failed) == (0, 0, 0);
        !self.seconds.iter().rev().take(seconds).all(is_quiet)
    }

    /// Whether the charts change with time even without new events.
    pub fn moves(&self) -> bool {
        let steady = |one: &Second, other: &Second| {
            (one.received, one.delivered, one.failed) == (0, 0, 0)
                && (one.queued, one.peers) == (other.queued, other.peers)
        };
        let last = self.seconds.back();
        last.is_some_and(|last| !self.seconds.iter().all(|second| steady(second, last)))
    }
}

impl Column {
    /// The maximum of the three rates.
    pub fn most(&self) -> f64 {
        self.received.max(self.delivered).max(self.failed)
    }

    fn of<'a>(seconds: &(impl ExactSizeIterator<Item = &'a Second> + Clone)) -> Option<Self> {
        let number = seconds.len() as f64;
        let peers = seconds.clone().last()?.peers;
        let mean = |count: fn(&Second) -> u64| {
            seconds.clone().map(|second| count(second) as f64).sum::<f64>() / number
        };
        Some(Self {
            received: mean(|second| second.received),
            delivered: mean(|second| second.delivered),
            failed: mean(|second| second.failed),
            queued: seconds.clone().map(|second| second.queued).max().unwrap_or_default(),
            peers,
        })
    }
}

impl RoundTrips {
    fn push(&mut self, time: Duration) {
        if self.times.len() == ROUND_TRIPS
            && let Some(oldest) = self.times.pop_front()
            && let Ok(at) = self.sorted.binary_search(&oldest)
        {
            self.sorted.remove(at);
        }
        self.times.push_back(time);
        self.sorted.insert(self.sorted.partition_point(|sorted| *sorted < time), time);
    }

    /// Number of round trips.
    pub fn len(&self) -> usize {
        self.sorted.len()
    }

    /// Whether there is no round trip.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The round trip that `percent` of a hundred did not exceed (nearest rank); `None` without round trips.
    pub fn percentile(&self, percent: usize) -> Option<Duration> {
        let rank = (self.sorted.len() * percent).div_ceil(100).max(1);
        self.sorted.get(rank - 1).copied()
    }

    /// Number of round trips per bar, with the bounds [`BOUNDS`].
    pub fn histogram(&self) -> [usize; BOUNDS.len() + 1] {
        let below = |bound: &u64| self.sorted.partition_point(|time| *time < Duration::from_millis(*bound));
        let mut bars = [self.sorted.len(); BOUNDS.len() + 1];
        BOUNDS.iter().zip(&mut bars).for_each(|(bound, bar)| *bar = below(bound));
        for index in (1..bars.len()).rev() {
            bars[index] -= bars[index - 1];
        }
        bars
    }
}

#[cfg(test)]
mod tests {
    use clacks_p2p::core::Status;

    use super::*;

    fn at(millis: u64) -> Duration {
        Duration::from_millis(3_000_000 + millis)
    }

    fn counters(received: u64) -> Counters {
        let mut counters = Counters::default();
        counters.received = received;
        counters
    }

    fn alive(alive: usize) -> PeerCounts {
        PeerCounts::from([(Status::Alive, alive)])
    }

    /// Samples of the time in milliseconds and the messages received until then.
    fn trends(samples: &[(u64, u64)]) -> Trends {
        let mut trends = Trends::default();
        samples
            .iter()
            .for_each(|(time, received)| trends.sample(at(*time), counters(*received), 0, alive(1)));
        trends
    }

    fn received(trends: &Trends) -> Vec<u64> {
        trends.seconds.iter().map(|second| second.received).collect()
    }

    #[test]
    fn messages_are_counted_in_the_second_in_which_they_came() {
        let trends = trends(&[(0, 10), (400, 12), (999, 13), (1000, 17)]);
        assert_eq!(received(&trends), [3, 4], "what came before the first sample is not counted");
    }

    #[test]
    fn seconds_without_a_sample_are_filled_in_with_how_things_stood() {
        let mut trends = Trends::default();
        trends.sample(at(0), counters(0), 5, alive(2));
        trends.sample(at(3500), counters(1), 9, alive(4));
        assert_eq!(received(&trends), [0, 0, 0, 1]);
        assert_eq!(trends.seconds.iter().map(|second| second.queued).collect::<Vec<_>>(), [5, 5, 5, 9]);
        assert_eq!(trends.seconds[2].peers.alive, 2);
    }

    #[test]
    fn it_keeps_a_bounded_time() {
        let trends = trends(&[(0, 0), (1000, 7), (899_000, 7), (901_000, 8)]);
        let received = received(&trends);
        assert_eq!((received.len(), received[0], received[KEPT - 1]), (KEPT, 0, 1));
        let long_after = self::trends(&[(0, 0), (1000, 7), (u64::from(u32::MAX), 8)]);
        assert_eq!(long_after.seconds.len(), KEPT);
    }

    #[test]
    fn a_clock_or_a_counter_that_was_set_back_begins_anew() {
        let trends = trends(&[(5000, 100), (6000, 110), (2000, 3), (3000, 5)]);
        assert_eq!(received(&trends), [0, 2]);
    }

    #[test]
    fn columns_hold_rates_and_those_before_the_start_nothing() {
        // Two messages a second, for 40 seconds.
        let samples: Vec<_> = (0..=40).map(|second| (second * 1000, second * 2)).collect();
        let columns = trends(&samples).columns(6, 10);
        let rates: Vec<_> = columns.iter().map(|column| column.map(|column| column.received)).collect();
        // The oldest of them begins with the second that was under way at the first sample.
        assert_eq!(rates, [None, None, Some(1.8), Some(2.0), Some(2.0), Some(2.0)]);
    }

    #[test]
    fn a_column_stands_for_a_second_until_more_is_known_than_has_room() {
        let each = |seconds: u64| trends(&[(0, 0), (seconds * 1000, 1)]).each(60);
        assert_eq!([1, 59, 60, 119, 120, 239, 240, 599, 5000].map(each), [1, 1, 2, 2, 4, 4, 8, 10, 10]);
        assert_eq!(Trends::default().each(0), 1);
    }

    #[test]
    fn with_a_second_a_column_each_is_shown_once() {
        let trends = trends(&[(0, 0), (1000, 1), (2000, 3), (3000, 3)]);
        let columns: Vec<_> = trends.columns(60, 1).iter().flatten().map(|column| column.received).collect();
        assert_eq!(columns, [0.0, 1.0, 2.0], "the second that is under way is not over yet");
    }

    #[test]
    fn a_column_keeps_its_value_while_it_moves() {
        let mut samples: Vec<_> =
            (0..400).map(|second| (second * 1000, second * second % 97 + second * 97)).collect();
        let now = trends(&samples).columns(40, 10);
        samples.push((410_000, 97 * 500));
        let later = trends(&samples).columns(40, 10);
        assert_eq!(now[10..39], later[9..38]);
    }

    #[test]
    fn there_are_as_many_columns_as_asked_for() {
        let trends = trends(&[(0, 0), (1000, 5)]);
        for columns in 0..1200 {
            assert_eq!(trends.columns(columns, trends.each(columns)).len(), columns);
        }
        assert_eq!(Trends::default().columns(10, 60), [None; 10]);
    }

    #[test]
    fn what_was_long_ago_is_neither_busy_nor_part_of_the_mean() {
        let trends = trends(&[(0, 0), (1000, 30), (100_000, 40)]);
        let whole = |seconds| (trends.mean(seconds).0 * seconds as f64).round() as u64;
        assert_eq!([1, 60, 101].map(whole), [10, 10, 40]);
        let quiet = self::trends(&[(0, 0), (1000, 30), (100_000, 30)]);
        assert_eq!([60, 101].map(|seconds| quiet.is_busy(seconds)), [false, true]);
    }

    #[test]
    fn it_stands_still_once_all_of_it_is_the_same() {
        assert!(!trends(&[(0, 5), (1000, 5)]).moves());
        assert!(trends(&[(0, 5), (1000, 6), (2000, 6)]).moves());
        assert!(!trends(&[(0, 5), (1000, 6), (901_000, 6)]).moves());
    }

    fn round_trips(millis: impl IntoIterator<Item = u64>) -> RoundTrips {
        let mut round_trips = RoundTrips::default();
        millis.into_iter().for_each(|millis| round_trips.push(Duration::from_millis(millis)));
        round_trips
    }

    #[test]
    fn the_histogram_has_a_bar_for_every_time() {
        let bars = round_trips([0, 0, 1, 2, 4, 5, 999, 1000, 4999, 5000, 70_000]).histogram();
        assert_eq!(bars, [2, 1, 2, 1, 0, 0, 0, 0, 0, 1, 1, 1, 2]);
    }

    #[test]
    fn percentiles_are_those_of_the_last_thousand() {
        assert_eq!(round_trips([]).percentile(50), None);
        assert_eq!(round_trips([7]).percentile(99), Some(Duration::from_millis(7)));
        let millis = |round_trips: &RoundTrips| {
            [50, 99].map(|percent| round_trips.percentile(percent).unwrap().as_millis())
        };
        assert_eq!(millis(&round_trips((1..=100).rev())), [50, 99]);
        let many = round_trips((0..500).map(|_| 9000).chain(1..=1000));
        assert_eq!((many.len(), millis(&many)), (1000, [500, 990]));
    }
}
