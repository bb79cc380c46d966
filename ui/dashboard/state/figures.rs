//! The figures of one network: where its gauges stand, their values, and how they changed in the last minutes.

use std::time::Duration;

use clacks_feed::{
    Look, Name, Value,
    description::{Chart as Drawn, Description, Field, Kind, ListId, ListSpec, StatusSpec, Tone},
};
use clacks_session::traffic::row::Row;
use clacks_widgets::time_series::{Chart, Sample, Trends};

use super::{limit_hits::LimitHits, rates::Rates};

/// A gauge that the dashboard shows beside a list or in a question, where a network has one of this name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Known {
    /// Messages that are queued.
    Queued,
    /// Messages that are being sent.
    InFlight,
    /// Messages that are held.
    Held,
    /// Bytes of all messages.
    Bytes,
    /// Filter by which messages are held.
    HoldRule,
    /// Moment of the next send.
    NextSend,
}

impl Known {
    clacks_transport::all_variants! {
        const ALL: Self = [Queued, InFlight, Held, Bytes, HoldRule, NextSend];
    }

    fn name(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::InFlight => "in_flight",
            Self::Held => "held",
            Self::Bytes => "bytes",
            Self::HoldRule => "hold_rule",
            Self::NextSend => "next_send",
        }
    }
}

/// Positions of gauges in a description, and of statuses in its first list. They are found once, because a description
/// does not change.
#[derive(Debug, Clone, Default)]
pub struct Places {
    /// Counters, drawn as rates. The first is what comes in, the second what goes out.
    pub counters: Vec<usize>,
    /// Levels.
    pub levels: Vec<usize>,
    /// Rates that the node itself tells.
    pub speeds: Vec<usize>,
    /// The gauge whose distribution is made of the events with a field of this name.
    pub round_trips: Option<usize>,
    /// Counters of how often a limit was reached.
    met: Vec<usize>,
    known: [Option<usize>; Known::ALL.len()],
    /// The list whose items are counted by status: the first one beside the traffic.
    pub list: Option<ListId>,
    /// The statuses that it counts, as positions in its description: those that are stacked in a chart, the healthy ones
    /// first. A status with a sign for a letter qualifies another one, so its items are not counted twice.
    pub stack: Vec<(usize, StatusSpec)>,
    /// The charts that there are values for.
    pub charts: Vec<Chart>,
}

/// The figures of a network.
#[derive(Debug, Clone, Default)]
pub struct Figures {
    /// Where they stand.
    pub places: Places,
    /// The name of the distribution.
    round_trips: Option<Name>,
    /// Values of the gauges as last fetched, also while the lists are frozen.
    pub gauges: Vec<Value>,
    /// Uptime of the node when they were fetched.
    pub(crate) fetched: Duration,
    /// Rates of what comes in and goes out.
    pub rates: Rates,
    /// Time series for the charts.
    pub trends: Trends,
    /// How often limits were reached.
    pub hits: LimitHits,
    /// Latest value of each counter, level and status.
    present: [Vec<u64>; 3],
}

impl Places {
    fn of(description: &Description) -> Self {
        let at = |is_wanted: &dyn Fn(&Field) -> bool| {
            let gauges = description.gauges.iter().enumerate();
            gauges.filter(|(_, gauge)| is_wanted(gauge)).map(|(at, _)| at).collect::<Vec<_>>()
        };
        let mut met: Vec<_> = description
            .settings
            .iter()
            .filter_map(|spec| description.gauge(spec.met.as_ref()?.as_str()))
            .collect();
        met.sort_unstable();
        met.dedup();
        let list = description.lists().find(|(_, spec)| spec.beside);
        let mut places = Self {
            counters: at(&|gauge| gauge.chart == Drawn::Rate),
            levels: at(&|gauge| gauge.chart == Drawn::Level),
            speeds: at(&|gauge| {
                gauge.chart == Drawn::None && matches!(gauge.kind, Kind::Rate | Kind::BytesRate)
            }),
            round_trips: at(&|gauge| gauge.chart == Drawn::Histogram).first().copied(),
            met,
            known: Known::ALL.map(|known| description.gauge(known.name())),
            list: list.map(|(id, _)| id),
            stack: list.map_or_else(Vec::new, |(_, spec)| stack(description, spec)),
            charts: Vec::new(),
        };
        places.charts = Chart::ALL.into_iter().filter(|chart| places.has_chart(*chart)).collect();
        places
    }

    fn has_chart(&self, chart: Chart) -> bool {
        match chart {
            Chart::Rates => !self.counters.is_empty(),
            Chart::Statuses => !self.stack.is_empty(),
            Chart::RoundTrips => self.round_trips.is_some(),
            Chart::Levels => !self.levels.is_empty(),
        }
    }
}

/// Returns the statuses that a list counts, the healthy ones first.
fn stack(description: &Description, spec: &ListSpec) -> Vec<(usize, StatusSpec)> {
    let rank = |tone: Tone| match tone {
        Tone::Good => 0,
        Tone::New => 1,
        Tone::Plain => 2,
        Tone::Doubtful => 3,
        Tone::Bad => 4,
        Tone::Off => 5,
    };
    let status = |name: &Name| description.statuses.iter().find(|status| status.name == *name).cloned();
    let counted = spec.statuses.iter().enumerate().filter_map(|(at, name)| Some((at, status(name)?)));
    let mut stack: Vec<_> = counted.filter(|(_, status)| status.letter.is_alphanumeric()).collect();
    stack.sort_by_key(|(_, status)| rank(status.tone));
    stack
}

impl Figures {
    /// The figures of a network, without values.
    pub fn of(description: &Description) -> Self {
        let places = Places::of(description);
        let round_trips = places.round_trips.and_then(|at| description.gauges.get(at));
        let statuses =
            places.list.and_then(|list| description.list(list)).map_or(0, |spec| spec.statuses.len());
        Self {
            round_trips: round_trips.map(|gauge| gauge.name.clone()),
            present: [places.counters.len(), places.levels.len(), statuses].map(|figures| vec![0; figures]),
            places,
            ..Self::default()
        }
    }

    /// Applies the gauges and the counts of a look. `uptime` is that of the dashboard's clock.
    pub fn sample(&mut self, uptime: Duration, look: &Look) {
        if look.gauges.iter().all(|value| *value == Value::None) {
            // Nothing is known yet.
            return;
        }
        self.gauges.clone_from(&look.gauges);
        self.fetched = look.now.uptime;
        let [counters, levels, statuses] = &mut self.present;
        for (present, at) in [(&mut *counters, &self.places.counters), (&mut *levels, &self.places.levels)] {
            // A gauge that is unknown now keeps its value.
            let known =
                present.iter_mut().zip(at).filter_map(|(one, at)| Some((one, count(&look.gauges, *at)?)));
            known.for_each(|(present, now)| *present = now);
        }
        if let Some(page) = look.pages.iter().find(|page| Some(page.list) == self.places.list) {
            statuses.iter_mut().zip(&page.counts).for_each(|(present, now)| *present = *now);
        }
        let [first, second] = [0, 1].map(|at| counters.get(at).copied().unwrap_or(0));
        self.rates.sample(uptime, [first, second]);
        self.trends.sample(uptime, Sample { counters, levels, statuses });
        self.hits.sample(uptime, self.met());
    }

    /// Records how long it took, if a row of the traffic tells that of something that succeeded.
    pub fn note(&mut self, row: &Row) {
        let took = self.round_trips.as_ref().and_then(|name| row.duration(name.as_str()));
        took.into_iter().for_each(|took| self.trends.note(took));
    }

    /// Returns how often limits were reached since the start.
    pub fn met(&self) -> u64 {
        self.places.met.iter().filter_map(|at| count(&self.gauges, *at)).fold(0, u64::saturating_add)
    }

    /// Returns the latest levels, in the order of the description.
    pub fn levels(&self) -> &[u64] {
        &self.present[1]
    }

    /// Returns the number of items of the first list that the user has not switched off.
    pub fn items_in_use(&self) -> u64 {
        let is_in_use = |(_, status): &&(usize, StatusSpec)| status.tone != Tone::Off;
        let in_use = self.places.stack.iter().filter(is_in_use);
        in_use.filter_map(|(at, _)| self.present[2].get(*at)).fold(0, |sum, items| sum.saturating_add(*items))
    }

    /// Returns the position of a known gauge. `None` if the network has no such gauge.
    pub fn place(&self, known: Known) -> Option<usize> {
        self.places.known[known as usize]
    }

    /// Returns the latest number in a known gauge; 0 if the network has no such gauge.
    pub fn count(&self, known: Known) -> usize {
        let count = self.place(known).and_then(|at| count(&self.gauges, at));
        usize::try_from(count.unwrap_or(0)).unwrap_or(usize::MAX)
    }

    /// Returns the latest moment in a known gauge, as an uptime.
    pub fn moment(&self, known: Known) -> Option<Duration> {
        match self.gauges.get(self.place(known)?)? {
            Value::At(ms) => Some(Duration::from_millis(u64::try_from(*ms).unwrap_or(0))),
            _ => None,
        }
    }

    /// Returns the latest text in a known gauge.
    pub fn text(&self, known: Known) -> Option<&str> {
        match self.gauges.get(self.place(known)?)? {
            Value::Text(text, _) => Some(text.untrusted()),
            _ => None,
        }
    }

    /// Clears all values, because a replay starts again.
    pub fn reset(&mut self) {
        (self.rates, self.trends, self.hits) = (Rates::default(), Trends::default(), LimitHits::default());
    }
}

fn count(gauges: &[Value], at: usize) -> Option<u64> {
    match gauges.get(at)? {
        Value::Count(count) => Some(*count),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use clacks_feed::{Page, Window};
    use clacks_p2p_feed::description::{PEERS, describe};

    use super::*;

    fn clacks() -> Description {
        describe("tower:8080".into())
    }

    /// A look at clacks with these values of gauges.
    fn look(values: &[(&str, Value)]) -> Look {
        let description = clacks();
        let value = |gauge: &Field| {
            values.iter().find(|(name, _)| gauge.name == *name).map(|(_, value)| value.clone())
        };
        let gauges = description.gauges.iter().map(|gauge| value(gauge).unwrap_or_default()).collect();
        let page = Page { counts: vec![1, 2, 1, 0, 3, 4], ..Page::empty(&Window::first(PEERS, 0)) };
        Look { gauges, pages: vec![page], ..Look::default() }
    }

    #[test]
    fn the_places_of_all_figures_are_found_once() {
        let (description, figures) = (clacks(), Figures::of(&clacks()));
        let names = |places: &[usize]| {
            let names = places.iter().map(|at| description.gauges[*at].name.as_str());
            names.collect::<Vec<_>>().join(" ")
        };
        let Places { counters, levels, speeds, met, stack, charts, .. } = &figures.places;
        assert_eq!(names(counters), "received delivered failed enqueued announces refused");
        assert_eq!(
            (names(levels), names(speeds)),
            ("queued in_flight held bytes".into(), "send_rate".into())
        );
        let all_met = description.gauges.iter().filter(|gauge| gauge.name.as_str().starts_with("met_"));
        assert_eq!(met.len(), all_met.count(), "each limit that is counted belongs to a setting");
        assert_eq!(stack.iter().map(|(_, status)| status.letter).collect::<String>(), "ANLDI");
        assert_eq!(charts[..], Chart::ALL);
    }

    #[test]
    fn a_network_without_figures_has_no_charts() {
        let figures = Figures::of(&Description::new("quiet".into(), "a node".into()));
        assert_eq!((figures.places.charts.len(), figures.met(), figures.items_in_use()), (0, 0, 0));
    }

    #[test]
    fn a_look_without_gauges_leaves_no_peak() {
        let mut figures = Figures::of(&clacks());
        let at = Duration::from_secs;
        let received = |count| look(&[("received", Value::Count(count))]);
        figures.sample(at(1), &look(&[]));
        figures.sample(at(2), &received(1000));
        figures.sample(at(3), &look(&[("held", Value::Count(7))]));
        figures.sample(at(4), &received(1004));
        let rates: Vec<_> = figures.rates.per_second().iter().map(|rate| format!("{rate:.1}")).collect();
        assert_eq!(rates, ["2.0", "0.0"]);
        assert!((figures.trends.mean(0, 60) - 4.0 / 3.0).abs() < 1e-9, "{}", figures.trends.mean(0, 60));
    }

    #[test]
    fn peers_that_are_not_ignored_are_in_use() {
        let mut figures = Figures::of(&clacks());
        figures.sample(Duration::ZERO, &look(&[("held", Value::Count(7)), ("next_send", Value::At(1500))]));
        assert_eq!((figures.items_in_use(), figures.count(Known::Held)), (1 + 2 + 3, 7));
        assert_eq!(figures.moment(Known::NextSend), Some(Duration::from_millis(1500)));
        assert_eq!((figures.text(Known::HoldRule), figures.levels()), (None, &[0, 0, 7, 0][..]));
    }
}
