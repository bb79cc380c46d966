//! The figures of a network over the last minutes: counts per second, levels and statuses, and the latest round trips.
//!
//! This module needs no timer. Seconds without events are added at the next sample, so an idle dashboard can sleep.

use std::{collections::VecDeque, iter::repeat_n, ops::Range, time::Duration};

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
    /// Counters, as rates per second.
    Rates,
    /// Items of the first list by status.
    Statuses,
    /// Histogram of round trips.
    RoundTrips,
    /// Levels.
    Levels,
}

impl Chart {
    clacks_transport::all_variants! {
        /// All charts, in the order in which they are cycled.
        pub const ALL: Self = [Rates, Statuses, RoundTrips, Levels];
    }

    /// The chart `by` positions further among `charts`; negative goes back. With `all_fit` the cycle also has `None`,
    /// which shows all charts at once. `None` without charts.
    pub fn turned(charts: &[Self], chart: Option<Self>, by: isize, all_fit: bool) -> Option<Self> {
        let mut round: Vec<Option<Self>> = charts.iter().copied().map(Some).collect();
        if all_fit || charts.is_empty() {
            round.push(None);
        }
        let chart = if all_fit { chart } else { chart.or(charts.first().copied()) };
        let at = round.iter().position(|other| *other == chart).unwrap_or(0);
        let at = at.saturating_add_signed(round.len().cast_signed() + by);
        round[at % round.len()]
    }
}

/// The figures of a network at one time. Each sample of a record has the same figures in the same order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Sample<'a> {
    /// Counters that only grow.
    pub counters: &'a [u64],
    /// Levels.
    pub levels: &'a [u64],
    /// Number of items with each status.
    pub statuses: &'a [u64],
}

/// The figures of the last 15 minutes by second, and the latest 1,000 round trips.
#[derive(Debug, Clone, Default)]
pub struct Trends {
    /// Number of seconds, without gaps; the last second is still running.
    seconds: usize,
    /// The second of the node's uptime that the last one stands for.
    last: u64,
    /// The counters at the latest sample.
    counters: Vec<u64>,
    /// For each counter its increase in each second.
    rates: Vec<VecDeque<u64>>,
    /// For each level its value at the end of each second.
    levels: Vec<VecDeque<u64>>,
    /// For each status the number of items at the end of each second.
    statuses: Vec<VecDeque<u64>>,
    round_trips: RoundTrips,
}

/// The seconds that a column of a chart stands for, as places in the record.
pub type Span = Range<usize>;

/// The latest round trips, at most 1,000.
#[derive(Debug, Clone, Default)]
pub struct RoundTrips {
    /// In the order in which they ended.
    times: VecDeque<Duration>,
    /// The same, the shortest first.
    sorted: Vec<Duration>,
}

impl Trends {
    /// Records the time of a round trip.
    pub fn note(&mut self, time: Duration) {
        self.round_trips.push(time);
    }

    /// Records the figures at this uptime. Rates come from the difference of the counters, so they include events that
    /// this watcher missed. An uptime that goes back, or another number of figures, restarts the record.
    pub fn sample(&mut self, uptime: Duration, now: Sample<'_>) {
        let second = uptime.as_secs();
        if self.seconds == 0 || second < self.last || !self.has_figures_of(now) {
            self.restart(second, now);
        }
        self.advance(second);
        for ((rate, before), now) in self.rates.iter_mut().zip(&mut self.counters).zip(now.counters) {
            let before = std::mem::replace(before, *now);
            // A recording can contain any number, and can contain it again and again.
            let more = |count: &mut u64| *count = count.saturating_add(now.saturating_sub(before));
            rate.back_mut().into_iter().for_each(more);
        }
        let states = self.levels.iter_mut().chain(&mut self.statuses);
        for (state, now) in states.zip(now.levels.iter().chain(now.statuses)) {
            state.back_mut().into_iter().for_each(|last| *last = *now);
        }
    }

    fn has_figures_of(&self, now: Sample<'_>) -> bool {
        (self.rates.len(), self.levels.len(), self.statuses.len())
            == (now.counters.len(), now.levels.len(), now.statuses.len())
    }

    /// Begins with one second. What happened before it is unknown. Round trips stay.
    fn restart(&mut self, second: u64, now: Sample<'_>) {
        let series = |figures: &[u64]| vec![VecDeque::from([0]); figures.len()];
        (self.seconds, self.last, self.counters) = (1, second, now.counters.to_vec());
        (self.rates, self.levels, self.statuses) =
            (series(now.counters), series(now.levels), series(now.statuses));
    }

    /// Goes on to a second; in those between nothing happened.
    fn advance(&mut self, second: u64) {
        let passed = usize::try_from(second - self.last).unwrap_or(usize::MAX).min(KEPT);
        if passed == 0 {
            return;
        }
        let too_many = (self.seconds + passed).saturating_sub(KEPT);
        let go_on = |series: &mut VecDeque<u64>, value: u64| {
            series.extend(repeat_n(value, passed));
            series.drain(..too_many);
        };
        self.rates.iter_mut().for_each(|rate| go_on(rate, 0));
        for state in self.levels.iter_mut().chain(&mut self.statuses) {
            let last = state.back().copied().unwrap_or(0);
            go_on(state, last);
        }
        self.seconds = self.seconds + passed - too_many;
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
        self.seconds.div_ceil(columns).next_power_of_two().min(SECONDS.div_ceil(columns))
    }

    /// The latest columns, of `each` seconds each, oldest first. Columns before the first sample are `None`.
    ///
    /// A column covers the same seconds while it moves to the left, so it does not flicker. Only the last column is a
    /// mean up to now.
    pub fn columns(&self, columns: usize, each: usize) -> Vec<Option<Span>> {
        let (each, over) = (each.max(1) as u64, self.last);
        let latest = over.saturating_sub(1) / each;
        let before = (1..columns as u64).rev().map(|back| {
            let bucket = latest.checked_sub(back)?;
            self.column(bucket * each, (bucket + 1) * each)
        });
        // The very first second is shown although it is not over.
        let first = || self.seconds.checked_sub(1).map(|last| last..self.seconds);
        let latest = (columns > 0).then(|| self.column(latest * each, over).or_else(first));
        before.chain(latest).collect()
    }

    /// The seconds from one up to another, as far as they are known.
    fn column(&self, from: u64, to: u64) -> Option<Span> {
        let first = (self.last + 1).checked_sub(self.seconds as u64)?;
        let index = |second: u64| usize::try_from(second.saturating_sub(first)).unwrap_or(usize::MAX);
        let (from, to) = (index(from), index(to).min(self.seconds));
        (from < to).then_some(from..to)
    }

    /// Number of rates.
    pub fn rates(&self) -> usize {
        self.rates.len()
    }

    /// Number of levels.
    pub fn levels(&self) -> usize {
        self.levels.len()
    }

    /// The increase of a counter per second, as the mean of a column.
    pub fn rate(&self, counter: usize, span: &Span) -> f64 {
        let Some(rate) = self.rates.get(counter).filter(|_| !span.is_empty()) else { return 0.0 };
        rate.range(span.clone()).map(|count| *count as f64).sum::<f64>() / span.len() as f64
    }

    /// The maximum of a level in a column.
    pub fn level(&self, level: usize, span: &Span) -> u64 {
        let values = self.levels.get(level).map(|values| values.range(span.clone()));
        values.into_iter().flatten().copied().max().unwrap_or(0)
    }

    /// The number of items with each status at the end of a column.
    pub fn statuses(&self, span: &Span) -> impl Iterator<Item = u64> {
        let last = span.end.checked_sub(1);
        self.statuses.iter().map(move |values| last.and_then(|last| values.get(last)).copied().unwrap_or(0))
    }

    /// The increase of a counter per second, as the mean of the last `seconds`.
    pub fn mean(&self, counter: usize, seconds: usize) -> f64 {
        self.rate(counter, &(self.seconds.saturating_sub(seconds)..self.seconds))
    }

    /// Whether one of these counters grew in the last `seconds`.
    pub fn is_busy(&self, counters: Range<usize>, seconds: usize) -> bool {
        let is_busy = |rate: &VecDeque<u64>| rate.iter().rev().take(seconds).any(|count| *count > 0);
        self.rates.iter().take(counters.end).skip(counters.start).any(is_busy)
    }

    /// Whether the charts change with time even without new events.
    pub fn moves(&self) -> bool {
        let changes = |state: &VecDeque<u64>| state.iter().any(|value| state.back() != Some(value));
        self.is_busy(0..self.rates.len(), usize::MAX) || self.levels.iter().chain(&self.statuses).any(changes)
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
    use super::*;

    fn at(millis: u64) -> Duration {
        Duration::from_millis(3_000_000 + millis)
    }

    fn sample(trends: &mut Trends, millis: u64, counter: u64, level: u64, status: u64) {
        let (counters, levels, statuses) = (&[counter][..], &[level][..], &[status, 7][..]);
        trends.sample(at(millis), Sample { counters, levels, statuses });
    }

    /// Samples of the time in milliseconds and the counter at that time.
    fn trends(samples: &[(u64, u64)]) -> Trends {
        let mut trends = Trends::default();
        samples.iter().for_each(|(time, counter)| sample(&mut trends, *time, *counter, 0, 1));
        trends
    }

    fn counted(trends: &Trends) -> Vec<u64> {
        trends.rates[0].iter().copied().collect()
    }

    fn rates(trends: &Trends, columns: usize, each: usize) -> Vec<Option<f64>> {
        let columns = trends.columns(columns, each);
        columns.iter().map(|column| column.as_ref().map(|column| trends.rate(0, column))).collect()
    }

    #[test]
    fn events_are_counted_in_the_second_in_which_they_came() {
        let trends = trends(&[(0, 10), (400, 12), (999, 13), (1000, 17)]);
        assert_eq!(counted(&trends), [3, 4], "what came before the first sample is not counted");
    }

    #[test]
    fn seconds_without_a_sample_have_the_levels_before_them() {
        let mut trends = Trends::default();
        sample(&mut trends, 0, 0, 5, 2);
        sample(&mut trends, 3500, 1, 9, 4);
        assert_eq!(counted(&trends), [0, 0, 0, 1]);
        assert_eq!(trends.levels[0], [5, 5, 5, 9]);
        assert_eq!(trends.level(0, &(0..4)), 9);
        assert_eq!(trends.statuses(&(0..3)).collect::<Vec<_>>(), [2, 7]);
        assert_eq!(trends.statuses(&(0..4)).collect::<Vec<_>>(), [4, 7]);
    }

    #[test]
    fn it_keeps_a_bounded_time() {
        let trends = trends(&[(0, 0), (1000, 7), (899_000, 7), (901_000, 8)]);
        let counted = counted(&trends);
        assert_eq!((counted.len(), counted[0], counted[KEPT - 1]), (KEPT, 0, 1));
        let long_after = self::trends(&[(0, 0), (1000, 7), (u64::from(u32::MAX), 8)]);
        assert_eq!((long_after.seconds, long_after.levels[0].len()), (KEPT, KEPT));
    }

    #[test]
    fn a_clock_or_a_counter_that_was_set_back_begins_anew() {
        let trends = trends(&[(5000, 100), (6000, 110), (2000, 3), (3000, 5)]);
        assert_eq!(counted(&trends), [0, 2]);
    }

    #[test]
    fn other_figures_begin_anew_and_are_not_mixed() {
        let mut trends = trends(&[(0, 5), (1000, 6)]);
        trends.sample(at(2000), Sample { counters: &[1, 2], ..Sample::default() });
        assert_eq!((trends.rates(), trends.levels(), trends.seconds), (2, 0, 1));
        assert_eq!((trends.rate(2, &(0..1)), trends.level(0, &(0..1))), (0.0, 0), "there is no such figure");
    }

    #[test]
    fn columns_hold_rates_and_those_before_the_start_nothing() {
        // Two messages a second, for 40 seconds.
        let samples: Vec<_> = (0..=40).map(|second| (second * 1000, second * 2)).collect();
        let rates = rates(&trends(&samples), 6, 10);
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
        let columns: Vec<_> = rates(&trends, 60, 1).into_iter().flatten().collect();
        assert_eq!(columns, [0.0, 1.0, 2.0], "the second that is under way is not over yet");
    }

    #[test]
    fn a_column_keeps_its_value_while_it_moves() {
        let mut samples: Vec<_> =
            (0..400).map(|second| (second * 1000, second * second % 97 + second * 97)).collect();
        let now = rates(&trends(&samples), 40, 10);
        samples.push((410_000, 97 * 500));
        let later = rates(&trends(&samples), 40, 10);
        assert_eq!(now[10..39], later[9..38]);
    }

    #[test]
    fn there_are_as_many_columns_as_asked_for() {
        let trends = trends(&[(0, 0), (1000, 5)]);
        for columns in 0..1200 {
            assert_eq!(trends.columns(columns, trends.each(columns)).len(), columns);
        }
        assert_eq!(Trends::default().columns(10, 60), [const { None }; 10]);
    }

    #[test]
    fn what_was_long_ago_is_neither_busy_nor_part_of_the_mean() {
        let trends = trends(&[(0, 0), (1000, 30), (100_000, 40)]);
        let whole = |seconds| (trends.mean(0, seconds) * seconds as f64).round() as u64;
        assert_eq!([1, 60, 101].map(whole), [10, 10, 40]);
        let quiet = self::trends(&[(0, 0), (1000, 30), (100_000, 30)]);
        assert_eq!([60, 101].map(|seconds| quiet.is_busy(0..1, seconds)), [false, true]);
        assert!(!quiet.is_busy(1..9, 101), "only the others");
    }

    #[test]
    fn it_stands_still_once_all_of_it_is_the_same() {
        assert!(!trends(&[(0, 5), (1000, 5)]).moves());
        assert!(trends(&[(0, 5), (1000, 6), (2000, 6)]).moves());
        assert!(!trends(&[(0, 5), (1000, 6), (901_000, 6)]).moves());
        let mut levels = Trends::default();
        sample(&mut levels, 0, 0, 5, 2);
        sample(&mut levels, 1000, 0, 6, 2);
        assert!(levels.moves());
    }

    #[test]
    fn charts_are_turned_in_a_circle() {
        use Chart::{Levels, Rates};
        let charts = [Rates, Levels];
        let round = |chart, by| [false, true].map(|all_fit| Chart::turned(&charts, chart, by, all_fit));
        assert_eq!(round(Some(Rates), 1), [Some(Levels); 2]);
        assert_eq!(round(Some(Levels), 1), [Some(Rates), None]);
        assert_eq!(round(None, 1), [Some(Levels), Some(Rates)]);
        assert_eq!(round(Some(Rates), -1), [Some(Levels), None]);
        assert_eq!(Chart::turned(&[], None, 1, false), None);
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
