//! The charts: rates, items by status, levels and round-trip times over the last minutes.
//!
//! They use bars instead of lines. Series are separated by strips or letters, so nothing depends on colour or font.

mod parts;

use clacks_feed::{
    Direction,
    description::{Field, ListSpec},
};
use clacks_text::{fit::fit_right, format, sanitize::sanitize};
use clacks_widgets::{
    axis::{min_visible, round_up_to_scale},
    table::status_counts,
    theme::Theme,
    time_series::{Chart, Span as Seconds},
};
use ratatui::{
    Frame,
    layout::{Constraint, Layout, Rect},
    style::Style,
    text::{Line, Span},
    widgets::{Bar, BarChart, BarGroup, Clear, Sparkline},
};

use parts::{axis_time, draw_histogram_axis, longest_fitting, stack_statuses};

use super::{
    components::{draw_empty, draw_heading},
    header::spaced,
};
use crate::{
    model::Model,
    state::{
        figures::Figures,
        layout::{below_title, fits_all_charts},
    },
};

/// Width of the axis labels left of a chart, in columns. It fits `in flight` and `announces`.
const GUTTER: u16 = 10;
/// Minimum width of the bars, in columns. Below it the axis labels are left out.
const MIN_GRAPH_WIDTH: u16 = 20;
/// Factor from a rate to the integer value of a bar.
const FIXED_POINT: f64 = 1000.0;

/// Minimum top of the scales, in messages per second and in messages or peers. It keeps a single message from filling
/// the chart.
const MIN_RATE_SCALE: f64 = 1.0;
const MIN_COUNT_SCALE: f64 = 5.0;
/// Minimum height, in rows, at which strips are separated by a free row.
const MIN_SPACED_HEIGHT: u16 = 9;
/// Possible intervals between two labels of the time axis, in seconds.
const TIME_STEPS: [usize; 4] = [30, 60, 120, 300];
/// Minimum distance between two labels of the time axis, in columns.
const MIN_LABEL_DISTANCE: usize = 13;
/// Marks a column without data on the baseline.
pub(crate) const NO_DATA: &str = ".";

/// Minimum height, in rows, for a strip besides the first two rates, and for each further one.
const MIN_EXTRA_HEIGHT: (u16, u16) = (7, 5);
/// Minimum height of the strip of a level, in rows.
const MIN_LEVEL_HEIGHT: u16 = 4;
/// Maximum width of a title, in columns.
const MAX_TITLE_WIDTH: usize = 40;
/// Names of rates that count failures.
const FAILURES: [&str; 3] = ["failed", "dropped", "refused"];

const NO_CHARTS: &[&str] = &["this network has no figures to draw"];
const NO_TRAFFIC: &[&str] = &["no traffic in these minutes", "what comes in or goes out makes a bar"];
const NO_ROUND_TRIPS: &[&str] = &["nothing was timed yet"];
const NO_LEVEL: &[&str] = &["nothing in these minutes"];

/// Draws all charts of the network if they fit into the area; otherwise the selected chart, or the first one if none is
/// selected.
pub fn draw(model: &Model, theme: Theme, area: Rect, frame: &mut Frame<'_>) {
    let area = area.intersection(frame.area());
    let charts = &model.shown_figures().places.charts;
    let Some(first) = charts.first() else { return draw_empty(theme, area, NO_CHARTS, frame) };
    let chart = model.chart.filter(|chart| charts.contains(chart));
    if let Some(chart) = chart.or((!fits_all_charts(area)).then_some(*first)) {
        let at = charts.iter().position(|other| *other == chart).unwrap_or(0);
        let note = Some(format!("{} of {}", at + 1, charts.len()));
        Panel { model, theme, chart, note }.draw(area, frame);
        return;
    }
    let rows = Layout::vertical(charts.chunks(2).map(|_| Constraint::Fill(1))).split(area);
    for (charts, row) in charts.chunks(2).zip(rows.iter()) {
        let areas = Layout::horizontal(charts.iter().map(|_| Constraint::Fill(1))).spacing(1).split(*row);
        for (chart, area) in charts.iter().zip(areas.iter()) {
            Panel { model, theme, chart: *chart, note: None }.draw(*area, frame);
        }
    }
}

/// Draws the first chart of the network with its heading. The area may have any size.
pub(crate) fn draw_first(model: &Model, theme: Theme, area: Rect, frame: &mut Frame<'_>) {
    if let Some(chart) = model.shown_figures().places.charts.first() {
        draw_chart(model, theme, *chart, area, frame);
    }
}

/// Draws one chart with its heading. The area may have any size.
pub(crate) fn draw_chart(model: &Model, theme: Theme, chart: Chart, area: Rect, frame: &mut Frame<'_>) {
    Panel { model, theme, chart, note: None }.draw(area.intersection(frame.area()), frame);
}

struct Panel<'a> {
    model: &'a Model,
    theme: Theme,
    chart: Chart,
    /// Position among the charts, for the heading. Only set if the chart is alone on the screen.
    note: Option<String>,
}

/// A row of bars with its own scale.
struct Strip {
    name: String,
    values: Vec<Option<f64>>,
    /// Value at the top of the scale.
    scale: f64,
    label: String,
    style: Style,
}

impl<'a> Panel<'a> {
    fn draw(&self, area: Rect, frame: &mut Frame<'_>) {
        if area.is_empty() {
            return;
        }
        let title = format!(" {} ", self.title());
        let mut heading = Line::from(Span::styled(title, self.theme.title(self.note.is_some())));
        heading.push_span(Span::raw(" "));
        heading.spans.extend(self.title_notes());
        if let Some(note) = &self.note {
            heading.push_span(Span::styled(format!("  {note}"), self.theme.quiet));
        }
        draw_heading(self.theme, heading, area, frame);
        let body = below_title(area);
        match self.chart {
            _ if body.is_empty() => {}
            Chart::Rates => self.draw_rates(body, frame),
            Chart::Statuses => self.draw_statuses(body, frame),
            Chart::RoundTrips => self.draw_round_trips(body, frame),
            Chart::Levels => self.draw_levels(body, frame),
        }
    }

    fn figures(&self) -> &'a Figures {
        self.model.shown_figures()
    }

    fn gauge(&self, at: usize) -> Option<&'a Field> {
        self.model.networks.active().description.gauges.get(at)
    }

    /// The name of a gauge for people.
    fn name(&self, at: usize) -> String {
        let title = self.gauge(at).map_or("", |gauge| gauge.title.as_str());
        sanitize(title, MAX_TITLE_WIDTH, self.theme.charset).as_str().to_owned()
    }

    /// The list whose items are counted by status.
    fn list(&self) -> Option<&'a ListSpec> {
        self.model.networks.active().description.list(self.figures().places.list?)
    }

    fn title(&self) -> String {
        let places = &self.figures().places;
        let names = |at: &[usize]| at.iter().map(|at| self.name(*at).to_uppercase()).collect::<Vec<_>>();
        match self.chart {
            Chart::Rates => names(&places.counters[..places.counters.len().min(2)]).join(" AND "),
            Chart::Statuses => {
                let title = self.list().map_or("", |list| list.title.as_str());
                format!("{} BY STATUS", sanitize(title, MAX_TITLE_WIDTH, self.theme.charset))
            }
            Chart::RoundTrips => names(places.round_trips.as_slice()).concat(),
            Chart::Levels => {
                format!("{} OVER TIME", names(&places.levels[..places.levels.len().min(1)]).concat())
            }
        }
    }

    /// Text beside the title.
    fn title_notes(&self) -> Vec<Span<'static>> {
        let round_trips = self.figures().trends.round_trips();
        let time = |percent| round_trips.percentile(percent).map(format::round_trip).unwrap_or_default();
        let network = self.model.networks.active();
        match self.chart {
            Chart::Rates => vec![Span::raw("per second")],
            Chart::Statuses => {
                let list = self.figures().places.list;
                let counts = list.and_then(|list| network.list(list)).map_or(&[][..], |list| &list.counts);
                let spec = self.list();
                let counted = spec.map(|spec| status_counts(&network.description, spec, counts, self.theme));
                let counted = counted.filter(|counted| !counted.is_empty());
                spaced(counted.unwrap_or_else(|| vec![Span::raw("0")])).collect()
            }
            Chart::RoundTrips if round_trips.is_empty() => Vec::new(),
            Chart::RoundTrips => vec![Span::raw(format!("p50 {}  p99 {}", time(50), time(99)))],
            Chart::Levels => {
                let now = self.figures().levels().first().copied().unwrap_or(0);
                vec![Span::raw(format!("{} now", count(now)))]
            }
        }
    }

    // === Rates ===

    fn draw_rates(&self, area: Rect, frame: &mut Frame<'_>) {
        let graph = graph_area(area);
        let (columns, seconds) = self.columns(graph);
        let trends = &self.figures().trends;
        let most =
            |counter| columns.iter().flatten().map(|span| trends.rate(counter, span)).fold(0.0, f64::max);
        let mosts: Vec<f64> = (0..trends.rates()).map(most).collect();
        let most = mosts.iter().copied().fold(0.0, f64::max);
        if most == 0.0 {
            return draw_empty(self.theme, area, NO_TRAFFIC, frame);
        }
        let extra_room = match area.height.checked_sub(MIN_EXTRA_HEIGHT.0) {
            Some(height) => 1 + height / MIN_EXTRA_HEIGHT.1,
            None => 0,
        };
        let extras = (2..mosts.len()).filter(|counter| mosts[*counter] > 0.0).take(extra_room.into());
        let shown: Vec<usize> = (0..mosts.len().min(2)).chain(extras).collect();
        let [above, strips, axis] = split_bands(area, area.height >= 6);
        self.draw_legend(&self.rates_legend(&mosts, columns.len() * seconds, area.width), above, frame);
        let height = |counter: &usize| match counter {
            0 | 1 => Constraint::Fill(1),
            _ => Constraint::Length(1 + area.height / 12),
        };
        let apart = u16::from(strips.height >= MIN_SPACED_HEIGHT);
        let bands = Layout::vertical(shown.iter().map(height)).spacing(apart).split(strips);
        // The strips share one scale, so that they can be compared.
        let scale = round_up_to_scale(most).max(MIN_RATE_SCALE);
        for (counter, band) in shown.into_iter().zip(bands.iter()) {
            let values = columns.iter().map(|span| Some(trends.rate(counter, span.as_ref()?))).collect();
            let gauge = self.figures().places.counters.get(counter).copied().unwrap_or(0);
            let (name, label) = (self.name(gauge), format::rate(scale));
            let strip = Strip { name, values, scale, label, style: self.rate_style(counter, gauge) };
            self.draw_strip(&strip, *band, graph, frame);
            self.draw_no_data(&columns, Rect { x: graph.x, width: graph.width, ..*band }, frame);
        }
        self.draw_time_axis(Rect { x: graph.x, width: graph.width, ..axis }, seconds, frame);
    }

    fn rate_style(&self, counter: usize, gauge: usize) -> Style {
        match counter {
            0 => self.theme.direction(Direction::In),
            1 => self.theme.direction(Direction::Out),
            _ if self.gauge(gauge).is_some_and(|gauge| FAILURES.iter().any(|name| gauge.name == **name)) => {
                self.theme.bad
            }
            _ => self.theme.series(counter),
        }
    }

    /// Means and maxima, in the longest wording that fits.
    fn rates_legend(&self, mosts: &[f64], seconds: usize, width: u16) -> String {
        let figures = self.figures();
        let rate = |rate: f64| format::rate((rate * 100.0).round() / 100.0);
        let of = |counter: usize| {
            let name = self.name(figures.places.counters.get(counter).copied().unwrap_or(0));
            (name, rate(figures.trends.mean(counter, seconds)))
        };
        let main: Vec<_> =
            (0..mosts.len().min(2)).map(|counter| (of(counter), rate(mosts[counter]))).collect();
        let means: Vec<_> = main.iter().map(|((name, mean), _)| format!("{name} {mean}")).collect();
        let each = main.iter().map(|((name, mean), most)| format!("{name} {mean}, most {most}"));
        let each: Vec<_> = each.collect();
        let (short, medium) = (format!("mean: {}", means.join("  ")), format!("mean {}", each.join("; ")));
        let mut long = format!("mean {}", each.join("   mean "));
        let mut texts = vec![short, medium, long.clone()];
        for counter in (2..mosts.len()).filter(|counter| mosts[*counter] > 0.0) {
            let (name, mean) = of(counter);
            long = format!("{long}   {name}: mean {mean}");
            texts.push(long.clone());
        }
        longest_fitting(texts, width.saturating_sub(2))
    }

    fn draw_legend(&self, legend: &str, area: Rect, frame: &mut Frame<'_>) {
        // The free column aligns the legend with the title.
        frame.render_widget(Line::styled(format!(" {legend}"), self.theme.quiet), area);
    }

    // === Levels ===

    /// Draws the first level, and below it each further one that was not always zero, as far as there is room.
    fn draw_levels(&self, area: Rect, frame: &mut Frame<'_>) {
        let graph = graph_area(area);
        let (columns, seconds) = self.columns(graph);
        let trends = &self.figures().trends;
        let most = |level| columns.iter().flatten().map(|span| trends.level(level, span)).max().unwrap_or(0);
        let levels: Vec<_> =
            (0..trends.levels()).map(|level| (level, most(level))).filter(|(_, most)| *most > 0).collect();
        let Some((_, first_most)) = levels.first() else {
            return draw_empty(self.theme, area, NO_LEVEL, frame);
        };
        let [above, strips, axis] = split_bands(area, area.height >= 5);
        self.draw_legend(&format!("{} at most", count(*first_most)), above, frame);
        let room = usize::from(strips.height / MIN_LEVEL_HEIGHT).max(1);
        let shown = &levels[..levels.len().min(room)];
        let bands = Layout::vertical(shown.iter().map(|_| Constraint::Fill(1))).spacing(1).split(strips);
        for ((level, most), band) in shown.iter().zip(bands.iter()) {
            let values =
                columns.iter().map(|span| Some(trends.level(*level, span.as_ref()?) as f64)).collect();
            let scale = round_up_to_scale(*most as f64).ceil().max(MIN_COUNT_SCALE);
            let name = self.name(self.figures().places.levels.get(*level).copied().unwrap_or(0));
            let label = count(scale as u64);
            let strip = Strip { name, values, scale, label, style: self.theme.series(*level) };
            self.draw_strip(&strip, *band, graph, frame);
            self.draw_no_data(&columns, Rect { x: graph.x, width: graph.width, ..*band }, frame);
        }
        self.draw_time_axis(Rect { x: graph.x, width: graph.width, ..axis }, seconds, frame);
    }

    // === Statuses ===

    /// Draws the items as stacked letters of their statuses, the healthy ones at the bottom.
    fn draw_statuses(&self, area: Rect, frame: &mut Frame<'_>) {
        let graph = graph_area(area);
        let (columns, seconds) = self.columns(graph);
        let (trends, stack) = (&self.figures().trends, &self.figures().places.stack);
        let counts = |span: &Seconds| {
            let counts: Vec<u64> = trends.statuses(span).collect();
            let count = |(at, _): &(usize, _)| counts.get(*at).copied().unwrap_or(0) as usize;
            stack.iter().map(count).collect::<Vec<_>>()
        };
        let counts: Vec<_> = columns.iter().map(|span| span.as_ref().map(counts)).collect();
        let most = counts
            .iter()
            .flatten()
            .map(|counts| counts.iter().fold(0, |sum, count| usize::saturating_add(sum, *count)))
            .max()
            .unwrap_or(0);
        let name = self.list().map_or("", |list| list.many.as_str());
        if most == 0 {
            return draw_empty(self.theme, area, &[format!("no {name} yet")], frame);
        }
        let [_, band, axis] = split_bands(area, false);
        let scale = round_up_to_scale(most as f64).ceil().max(MIN_COUNT_SCALE) as usize;
        self.draw_gutter(name, &format::count(scale), band, graph, frame);
        let letter = |letter: char| sanitize(&letter.to_string(), 1, self.theme.charset).as_str().to_owned();
        let symbols: Vec<_> = stack
            .iter()
            .map(|(_, status)| (letter(status.letter), self.theme.status_tone(status.tone)))
            .collect();
        for (counts, x) in counts.iter().zip(graph.x..) {
            let stack = counts.as_ref().map(|counts| stack_statuses(counts, scale, usize::from(band.height)));
            for (status, y) in stack.unwrap_or_default().into_iter().zip((band.y..band.bottom()).rev()) {
                let Some(cell) = frame.buffer_mut().cell_mut((x, y)) else { continue };
                if let Some((symbol, style)) = symbols.get(status) {
                    cell.set_symbol(symbol).set_style(*style);
                }
            }
        }
        self.draw_no_data(&columns, Rect { x: graph.x, width: graph.width, ..band }, frame);
        self.draw_time_axis(Rect { x: graph.x, width: graph.width, ..axis }, seconds, frame);
    }

    // === Round trips ===

    fn draw_round_trips(&self, area: Rect, frame: &mut Frame<'_>) {
        let round_trips = self.figures().trends.round_trips();
        if round_trips.is_empty() {
            return draw_empty(self.theme, area, NO_ROUND_TRIPS, frame);
        }
        let [above, band, axis] = split_bands(area, area.height >= 5);
        let number = format::count(round_trips.len());
        let short = format!("of the last {number}");
        let long = format!("the last {number} by how long each took");
        self.draw_legend(&longest_fitting(vec![short, long], area.width.saturating_sub(2)), above, frame);
        let counts = round_trips.histogram();
        let most = counts.iter().copied().max().unwrap_or(0);
        let graph = graph_area(area);
        self.draw_gutter("", &format::count(most), band, graph, frame);
        let bars = counts.len() as u16;
        let gap = u16::from(graph.width >= 2 * bars);
        let width = ((graph.width + gap) / bars).saturating_sub(gap).max(1);
        let scale = most as u64;
        let least = min_visible(scale, band.height);
        let drawn = counts.iter().map(|count| {
            let value = if *count == 0 { 0 } else { (*count as u64).max(least) };
            Bar::default().value(value).text_value(String::new())
        });
        let chart = BarChart::default()
            .data(BarGroup::default().bars(&drawn.collect::<Vec<_>>()))
            .bar_width(width)
            .bar_gap(gap)
            .max(scale)
            .bar_style(self.theme.series(1));
        frame.render_widget(chart, Rect { x: graph.x, width: graph.width, ..band });
        draw_histogram_axis(self.theme, Rect { x: graph.x, width: graph.width, ..axis }, width + gap, frame);
    }

    // === What they have in common ===

    /// Returns one value per column of the graph, and the seconds that a column covers.
    fn columns(&self, graph: Rect) -> (Vec<Option<Seconds>>, usize) {
        let columns = usize::from(graph.width);
        let seconds = self.figures().trends.each(columns);
        (self.figures().trends.columns(columns, seconds), seconds)
    }

    /// Draws dots on the baseline where there is no data, so that it cannot be mistaken for no traffic.
    fn draw_no_data(&self, columns: &[Option<Seconds>], band: Rect, frame: &mut Frame<'_>) {
        let unknown = columns.iter().take_while(|column| column.is_none()).count().min(band.width.into());
        let Some(y) = band.bottom().checked_sub(1).filter(|_| band.height > 0) else { return };
        let row = Rect { y, height: 1, width: unknown as u16, ..band };
        // The dots are not bars: reset the colour of the bars.
        frame.render_widget(Clear, row);
        frame.render_widget(Line::styled(NO_DATA.repeat(unknown), self.theme.quiet), row);
    }

    fn draw_strip(&self, strip: &Strip, area: Rect, graph: Rect, frame: &mut Frame<'_>) {
        self.draw_gutter(&strip.name, &strip.label, area, graph, frame);
        let scale = ((strip.scale * FIXED_POINT) as u64).max(1);
        let least = min_visible(scale, area.height);
        let values = strip.values.iter().map(|value| {
            value.map(|value| if value > 0.0 { ((value * FIXED_POINT) as u64).max(least) } else { 0 })
        });
        let bars = Sparkline::default()
            .data(values.collect::<Vec<_>>())
            .max(scale)
            .absent_value_symbol(" ")
            .style(strip.style);
        frame.render_widget(bars, Rect { x: graph.x, width: graph.width, ..area });
    }

    /// Draws the axis labels left of the bars: the top of the scale and the name at the bottom.
    fn draw_gutter(&self, name: &str, top: &str, area: Rect, graph: Rect, frame: &mut Frame<'_>) {
        let width = graph.x.saturating_sub(area.x).min(GUTTER);
        let gutter = Rect { width, ..area };
        let text = |text: &str| {
            format!("{} ", fit_right(text, usize::from(width).saturating_sub(1), self.theme.charset))
        };
        if width == 0 || area.height == 0 {
            return;
        }
        let name = Line::styled(text(name), self.theme.strong);
        frame.render_widget(name, Rect { y: gutter.bottom() - 1, height: 1, ..gutter });
        if area.height > 1 {
            let top = Line::styled(text(top), self.theme.quiet);
            frame.render_widget(top, Rect { height: 1, ..gutter });
        }
    }

    /// Draws the time axis below the bars, with as many labels as fit.
    fn draw_time_axis(&self, axis: Rect, seconds: usize, frame: &mut Frame<'_>) {
        let columns = usize::from(axis.width);
        let fitting = TIME_STEPS.into_iter().find(|step| step / seconds >= MIN_LABEL_DISTANCE);
        let step = fitting.unwrap_or(TIME_STEPS[TIME_STEPS.len() - 1]);
        let mut put = |text: &str, back: usize| {
            let width = text.len().min(columns);
            let from = (columns.saturating_sub(1 + back)).saturating_sub(width / 2).min(columns - width);
            let area = Rect { x: axis.x + from as u16, width: width as u16, ..axis };
            frame.render_widget(Line::styled(text, self.theme.quiet), area);
        };
        put("now", 0);
        for time in (step..columns * seconds).step_by(step) {
            let is_last = time + step >= columns * seconds;
            let ago = if is_last { " ago" } else { "" };
            put(&format!("{}{ago}", axis_time(time)), time / seconds);
        }
    }
}

/// Splits the area into legend, bars and axis. The axis needs 3 rows.
fn split_bands(area: Rect, has_legend: bool) -> [Rect; 3] {
    let has_axis = u16::from(area.height >= 3);
    Layout::vertical([
        Constraint::Length(u16::from(has_legend)),
        Constraint::Fill(1),
        Constraint::Length(has_axis),
    ])
    .areas(area)
}

/// Returns the area of the bars, right of the axis labels.
fn graph_area(area: Rect) -> Rect {
    let gutter = if area.width >= GUTTER + MIN_GRAPH_WIDTH { GUTTER } else { 0 };
    // A free column at the right separates charts.
    Rect { x: area.x + gutter, width: area.width.saturating_sub(gutter + 1), ..area }
}

fn count(number: u64) -> String {
    format::count(usize::try_from(number).unwrap_or(usize::MAX))
}
