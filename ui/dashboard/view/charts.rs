//! The charts: message rates, peers, queue length and round-trip times over the last minutes.
//!
//! They use bars instead of lines. Series are separated by strips or letters, so nothing depends on colour or font.

use clacks_feed::Direction;
use clacks_p2p::core::Status;
use clacks_p2p_feed::description::{letter, tone};
use clacks_source::time_series::{BOUNDS, Chart, Column};
use clacks_text::{fit::fit_right, format};
use clacks_widgets::{
    axis::{min_visible, round_up_to_scale},
    theme::Theme,
};
use ratatui::{
    Frame,
    layout::{Constraint, Layout, Rect},
    style::Style,
    text::{Line, Span},
    widgets::{Bar, BarChart, BarGroup, Clear, Sparkline},
};

use super::{
    components::{draw_empty, draw_heading},
    header,
};
use crate::{
    model::Model,
    state::layout::{below_title, fits_all_charts},
};

/// Width of the axis labels left of a chart, in columns.
const GUTTER: u16 = 7;
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

const NO_TRAFFIC: &[&str] = &["no traffic in these minutes", "each message in or out makes a bar"];
const NO_PEERS: &[&str] = &["no peers yet"];
const NO_ROUND_TRIPS: &[&str] = &["no delivery has ended well yet", "each that does is timed here"];
const EMPTY_QUEUE: &[&str] = &["nothing waited in these minutes"];

/// Draws all charts if they fit into the area; otherwise the selected chart, or the rates if none is selected.
pub fn draw(model: &Model, theme: Theme, area: Rect, frame: &mut Frame<'_>) {
    let area = area.intersection(frame.area());
    if let Some(chart) = model.chart.or((!fits_all_charts(area)).then_some(Chart::Rates)) {
        let note = format!("{} of {}", chart as usize + 1, Chart::ALL.len());
        Panel { model, theme, chart, note: Some(note) }.draw(area, frame);
        return;
    }
    let [above, below] = Layout::vertical([Constraint::Fill(1), Constraint::Fill(1)]).areas(area);
    let rows = [above, below].map(|row| {
        let [left, _, right] =
            Layout::horizontal([Constraint::Fill(1), Constraint::Length(1), Constraint::Fill(1)]).areas(row);
        [left, right]
    });
    for (chart, area) in Chart::ALL.into_iter().zip(rows.into_iter().flatten()) {
        Panel { model, theme, chart, note: None }.draw(area, frame);
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
    name: &'static str,
    values: Vec<Option<f64>>,
    /// Value at the top of the scale.
    scale: f64,
    label: String,
    style: Style,
}

impl Panel<'_> {
    fn draw(&self, area: Rect, frame: &mut Frame<'_>) {
        if area.is_empty() {
            return;
        }
        let title = match self.chart {
            Chart::Rates => " IN AND OUT ",
            Chart::Peers => " PEERS BY STATUS ",
            Chart::RoundTrips => " ROUND TRIPS ",
            Chart::Queue => " QUEUE OVER TIME ",
        };
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
            Chart::Peers => self.draw_peers(body, frame),
            Chart::RoundTrips => self.draw_round_trips(body, frame),
            Chart::Queue => self.draw_queue(body, frame),
        }
    }

    /// Text beside the title.
    fn title_notes(&self) -> Vec<Span<'static>> {
        let round_trips = self.model.shown_trends().round_trips();
        let time = |percent| round_trips.percentile(percent).map(format::round_trip).unwrap_or_default();
        match self.chart {
            Chart::Rates => vec![Span::raw("messages/s")],
            Chart::Peers => header::status_counts(&self.model.listed.peers, self.theme),
            Chart::RoundTrips if round_trips.is_empty() => Vec::new(),
            Chart::RoundTrips => vec![Span::raw(format!("p50 {}  p99 {}", time(50), time(99)))],
            Chart::Queue => vec![Span::raw(format!("{} now", format::count(self.model.listed.queued)))],
        }
    }

    // === Messages in and out ===

    fn draw_rates(&self, area: Rect, frame: &mut Frame<'_>) {
        let graph = graph_area(area);
        let (columns, seconds) = self.columns(graph);
        let most = columns.iter().flatten().map(Column::most).fold(0.0, f64::max);
        if most == 0.0 {
            return draw_empty(self.theme, area, NO_TRAFFIC, frame);
        }
        let fails = columns.iter().flatten().any(|column| column.failed > 0.0) && area.height >= 7;
        let [above, strips, axis] = split_bands(area, area.height >= 6);
        self.draw_legend(&self.rates_legend(&columns, seconds, area.width), above, frame);
        let mut heights = vec![Constraint::Fill(1), Constraint::Fill(1)];
        heights.extend(fails.then_some(Constraint::Length(1 + area.height / 12)));
        let apart = u16::from(strips.height >= MIN_SPACED_HEIGHT);
        let bands = Layout::vertical(heights).spacing(apart).split(strips);
        // The strips share one scale, so that they can be compared.
        let scale = round_up_to_scale(most).max(MIN_RATE_SCALE);
        let strip = |name, style, of: fn(&Column) -> f64| {
            let values: Vec<_> = columns.iter().map(|column| column.as_ref().map(of)).collect();
            Strip { name, values, scale, label: format::rate(scale), style }
        };
        let strips = [
            strip("in", self.theme.direction(Direction::In), |column| column.received),
            strip("out", self.theme.direction(Direction::Out), |column| column.delivered),
            strip("failed", self.theme.bad, |column| column.failed),
        ];
        for (strip, band) in strips.iter().zip(bands.iter()) {
            self.draw_strip(strip, *band, graph, frame);
            self.draw_no_data(&columns, Rect { x: graph.x, width: graph.width, ..*band }, frame);
        }
        self.draw_time_axis(Rect { x: graph.x, width: graph.width, ..axis }, seconds, frame);
    }

    /// Means and maxima, in the longest wording that fits.
    fn rates_legend(&self, columns: &[Option<Column>], seconds: usize, width: u16) -> String {
        let (received, delivered, failed) = self.model.shown_trends().mean(columns.len() * seconds);
        let most = |of: fn(&Column) -> f64| columns.iter().flatten().map(of).fold(0.0, f64::max);
        let rate = |rate: f64| format::rate((rate * 100.0).round() / 100.0);
        let (means, mosts) = (
            [("in", received), ("out", delivered)].map(|(name, mean)| format!("{name} {}", rate(mean))),
            [most(|column| column.received), most(|column| column.delivered)].map(rate),
        );
        let short = format!("mean: {}", means.join("  "));
        let failed = if failed > 0.0 { format!("   failed: mean {}", rate(failed)) } else { String::new() };
        let [(came, most_came), (gone, most_gone)] = [(&means[0], &mosts[0]), (&means[1], &mosts[1])];
        let medium = format!("mean {came}, most {most_came}; {gone}, most {most_gone}");
        let long = format!("mean {came}, most {most_came}   mean {gone}, most {most_gone}{failed}");
        longest_fitting([short, medium, long], width.saturating_sub(2))
    }

    fn draw_legend(&self, legend: &str, area: Rect, frame: &mut Frame<'_>) {
        // The free column aligns the legend with the title.
        frame.render_widget(Line::styled(format!(" {legend}"), self.theme.quiet), area);
    }

    // === The queue ===

    fn draw_queue(&self, area: Rect, frame: &mut Frame<'_>) {
        let graph = graph_area(area);
        let (columns, seconds) = self.columns(graph);
        let values: Vec<_> = columns.iter().map(|column| column.map(|column| column.queued as f64)).collect();
        let most = values.iter().flatten().copied().fold(0.0, f64::max);
        if most == 0.0 {
            return draw_empty(self.theme, area, EMPTY_QUEUE, frame);
        }
        let [above, band, axis] = split_bands(area, area.height >= 5);
        let most_waited = format!("{} at most", format::count(most as usize));
        let texts = [format!("messages that wait, {most_waited}"), most_waited];
        self.draw_legend(&longest_fitting(texts, area.width.saturating_sub(2)), above, frame);
        let scale = round_up_to_scale(most).ceil().max(MIN_COUNT_SCALE);
        let label = format::count(scale as usize);
        let strip = Strip { name: "queue", values, scale, label, style: self.theme.series(0) };
        self.draw_strip(&strip, band, graph, frame);
        self.draw_no_data(&columns, Rect { x: graph.x, width: graph.width, ..band }, frame);
        self.draw_time_axis(Rect { x: graph.x, width: graph.width, ..axis }, seconds, frame);
    }

    // === The peers ===

    /// Draws the peers as stacked letters of their statuses, the healthy ones at the bottom.
    fn draw_peers(&self, area: Rect, frame: &mut Frame<'_>) {
        let graph = graph_area(area);
        let (columns, seconds) = self.columns(graph);
        let totals = columns.iter().flatten().map(|column| column.peers.total());
        let most = totals.max().unwrap_or(0);
        if most == 0 {
            return draw_empty(self.theme, area, NO_PEERS, frame);
        }
        let [_, band, axis] = split_bands(area, false);
        let scale = round_up_to_scale(most as f64).ceil().max(MIN_COUNT_SCALE) as usize;
        self.draw_gutter("peers", &format::count(scale), band, graph, frame);
        for (column, x) in columns.iter().zip(graph.x..) {
            let stack = column.map(|column| stack_statuses(&column, scale, usize::from(band.height)));
            for (status, y) in stack.unwrap_or_default().into_iter().zip((band.y..band.bottom()).rev()) {
                if let Some(cell) = frame.buffer_mut().cell_mut((x, y)) {
                    cell.set_char(letter(status)).set_style(self.theme.status_tone(tone(status)));
                }
            }
        }
        self.draw_no_data(&columns, Rect { x: graph.x, width: graph.width, ..band }, frame);
        self.draw_time_axis(Rect { x: graph.x, width: graph.width, ..axis }, seconds, frame);
    }

    // === Round trips ===

    fn draw_round_trips(&self, area: Rect, frame: &mut Frame<'_>) {
        let round_trips = self.model.shown_trends().round_trips();
        if round_trips.is_empty() {
            return draw_empty(self.theme, area, NO_ROUND_TRIPS, frame);
        }
        let [above, band, axis] = split_bands(area, area.height >= 5);
        let number = format::count(round_trips.len());
        let short = format!("of the last {number} deliveries");
        let long = format!("the last {number} deliveries by how long each took");
        self.draw_legend(&longest_fitting([short, long], area.width.saturating_sub(2)), above, frame);
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
    fn columns(&self, graph: Rect) -> (Vec<Option<Column>>, usize) {
        let columns = usize::from(graph.width);
        let seconds = self.model.shown_trends().each(columns);
        (self.model.shown_trends().columns(columns, seconds), seconds)
    }

    /// Draws dots on the baseline where there is no data, so that it cannot be mistaken for no traffic.
    fn draw_no_data(&self, columns: &[Option<Column>], band: Rect, frame: &mut Frame<'_>) {
        let unknown = columns.iter().take_while(|column| column.is_none()).count().min(band.width.into());
        let Some(y) = band.bottom().checked_sub(1).filter(|_| band.height > 0) else { return };
        let row = Rect { y, height: 1, width: unknown as u16, ..band };
        // The dots are not bars: reset the colour of the bars.
        frame.render_widget(Clear, row);
        frame.render_widget(Line::styled(NO_DATA.repeat(unknown), self.theme.quiet), row);
    }

    fn draw_strip(&self, strip: &Strip, area: Rect, graph: Rect, frame: &mut Frame<'_>) {
        self.draw_gutter(strip.name, &strip.label, area, graph, frame);
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

/// Formats the seconds of a label on the time axis: `30 s`, `2.5 min`, `10 min`.
fn axis_time(seconds: usize) -> String {
    match seconds {
        0..60 => format!("{seconds} s"),
        _ if seconds.is_multiple_of(60) => format!("{} min", seconds / 60),
        _ => format!("{:.1} min", seconds as f64 / 60.0),
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

/// Returns the longest text that fits, or an empty one.
fn longest_fitting<const N: usize>(texts: [String; N], width: u16) -> String {
    let width = usize::from(width);
    texts.into_iter().filter(|text| text.len() <= width).max_by_key(String::len).unwrap_or_default()
}

/// The order in which peers are stacked, from the bottom.
const STACK: [Status; Status::ALL.len()] =
    [Status::Alive, Status::New, Status::Lost, Status::Dead, Status::Ignored];

/// Returns the statuses of one column from the bottom up. `rows` rows stand for `scale` peers. A status with at least
/// one peer gets at least one row, as long as there are rows.
fn stack_statuses(column: &Column, scale: usize, rows: usize) -> Vec<Status> {
    let mut stack = Vec::new();
    let mut below = 0;
    for status in STACK {
        let count = column.peers.of(status);
        below += count;
        let top = (below * rows + scale / 2) / scale;
        let top = if count > 0 { top.max(stack.len() + 1) } else { stack.len() };
        stack.resize(top, status);
    }
    // Shorten the status with the most rows.
    while stack.len() > rows {
        let share = |status: &Status| stack.iter().filter(|other| *other == status).count();
        let Some(most) = STACK.into_iter().max_by_key(share) else { break };
        let at = stack.iter().position(|status| *status == most).unwrap_or(0);
        stack.remove(at);
    }
    stack
}

/// Draws the upper bounds below the bars of the histogram, with as many labels as fit.
fn draw_histogram_axis(theme: Theme, axis: Rect, slot: u16, frame: &mut Frame<'_>) {
    let name = |bar: usize| match (bar, BOUNDS.get(bar).copied()) {
        (0, _) => "<1 ms".to_owned(),
        (_, Some(millis @ ..1000)) => format!("{millis} ms"),
        (_, Some(millis)) => format!("{} s", millis / 1000),
        (_, None) => ">5 s".to_owned(),
    };
    // In little room, label only the powers of ten.
    let step = if slot >= 7 { 1 } else { 3 };
    let mut free = axis.x;
    for bar in (0..=BOUNDS.len()).step_by(step) {
        let text = name(bar);
        let text = if slot * 3 < 7 { text.replace(' ', "") } else { text };
        let width = text.len() as u16;
        let x = axis.x + slot * bar as u16;
        let x = x.min(axis.right().saturating_sub(width));
        if x >= free && width <= axis.width {
            frame.render_widget(Line::styled(text, theme.quiet), Rect { x, width, ..axis });
            free = x + width + 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use clacks_p2p::core::PeerCounts;
    use clacks_widgets::axis::round_up_to_scale;

    use super::*;

    fn letters(peers: PeerCounts, scale: usize, rows: usize) -> String {
        let column = Column { peers, ..Column::default() };
        stack_statuses(&column, scale, rows).into_iter().map(letter).collect()
    }

    #[test]
    fn scales_end_at_round_numbers() {
        for (value, scale) in
            [(0.0, 0.0), (0.31, 0.4), (1.0, 1.0), (1.01, 1.5), (37.0, 40.0), (801.0, 1000.0)]
        {
            assert!((round_up_to_scale(value) - scale).abs() < 1e-9, "{value}: {}", round_up_to_scale(value));
        }
        assert!(round_up_to_scale(f64::INFINITY).abs() < 1e-9);
    }

    #[test]
    fn peers_are_stacked_by_their_share() {
        let peers =
            PeerCounts::from([(Status::New, 1), (Status::Alive, 6), (Status::Lost, 2), (Status::Dead, 1)]);
        assert_eq!(letters(peers, 10, 10), "AAAAAANLLD");
        assert_eq!(letters(peers, 20, 10), "AAANLD");
        assert_eq!(letters(PeerCounts::default(), 10, 10), "");
    }

    #[test]
    fn every_status_has_at_least_one_row() {
        let mut peers = PeerCounts::from(Status::ALL.map(|status| (status, 1)));
        peers.alive = 900;
        assert_eq!(letters(peers, 1000, 8), "AAAANLDI");
        assert_eq!(letters(peers, 1000, 3).len(), 3);
    }
}
