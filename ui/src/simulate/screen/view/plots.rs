//! Plots of the simulation from its start to now, as bars.

use clacks_text::{format, sanitize::sanitize};
use clacks_widgets::{
    axis::{min_visible, round_up_to_scale},
    theme::Theme,
};
use ratatui::{
    Frame,
    layout::{Constraint, Layout, Rect},
    text::{Line, Span},
    widgets::Sparkline,
};

use super::draw_line;
use crate::simulate::{
    screen::{model::Model, snapshot::Point},
    table::span,
};

/// Width of the numbers left of a plot.
const GUTTER: u16 = 6;
/// Resolution of bar values, because bars take whole numbers.
const FINE: f64 = 1000.0;

/// A plot: name, maximum and its label, and one value per column.
struct Plot {
    name: &'static str,
    scale: f64,
    top: String,
    values: Vec<f64>,
}

pub(crate) fn draw(model: &Model, theme: Theme, areas: &[Rect], frame: &mut Frame<'_>) {
    let points = &model.snapshot.points;
    let Some(end) = points.last().map(|point| point.at).filter(|end| *end > 0.0) else { return };
    for (number, area) in areas.iter().enumerate() {
        let columns = area.width.saturating_sub(GUTTER + 1);
        let values = |of| over_time(points, end, columns, of);
        let plot = match number {
            0 => visited(values(|points, from, until| mean(points, from, until, |point| point.visited))),
            1 => known(values(|points, from, until| mean(points, from, until, |point| point.known))),
            _ => rate(values(deliveries)),
        };
        draw_plot(&plot, number, end, theme, *area, frame);
    }
}

fn visited(values: Vec<f64>) -> Plot {
    Plot { name: "nodes visited by a message", scale: 1.0, top: "100 %".to_owned(), values }
}

fn known(values: Vec<f64>) -> Plot {
    let scale = round_up_to_scale(values.iter().copied().fold(0.0, f64::max)).max(5.0);
    Plot { name: "peers that a node knows", scale, top: format::count(scale as usize), values }
}

fn rate(values: Vec<f64>) -> Plot {
    let scale = round_up_to_scale(values.iter().copied().fold(0.0, f64::max)).max(1.0);
    Plot { name: "deliveries a virtual second", scale, top: format::rate(scale), values }
}

/// One value per column, from the start to `end`.
fn over_time(points: &[Point], end: f64, columns: u16, of: fn(&[Point], f64, f64) -> f64) -> Vec<f64> {
    let time = |column: u16| end * f64::from(column) / f64::from(columns);
    (0..columns).map(|column| of(points, time(column), time(column + 1))).collect()
}

/// The value at the middle of this time span.
fn mean(points: &[Point], from: f64, until: f64, of: fn(&Point) -> f64) -> f64 {
    at(points, f64::midpoint(from, until), of)
}

fn deliveries(points: &[Point], from: f64, until: f64) -> f64 {
    let of = |point: &Point| point.deliveries as f64;
    (at(points, until, of) - at(points, from, of)) / (until - from)
}

/// The value at a time, interpolated linearly.
fn at(points: &[Point], time: f64, of: fn(&Point) -> f64) -> f64 {
    let after = points.partition_point(|point| point.at < time);
    match (after.checked_sub(1).and_then(|before| points.get(before)), points.get(after)) {
        (Some(before), Some(after)) => {
            let part = (time - before.at) / (after.at - before.at);
            of(before) + part * (of(after) - of(before))
        }
        (Some(one), None) | (None, Some(one)) => of(one),
        (None, None) => 0.0,
    }
}

fn draw_plot(plot: &Plot, number: usize, end: f64, theme: Theme, area: Rect, frame: &mut Frame<'_>) {
    let [heading, band, axis, _] = Layout::vertical([
        Constraint::Length(1),
        Constraint::Fill(1),
        Constraint::Length(1),
        Constraint::Length(u16::from(area.height > 7)),
    ])
    .areas(area);
    draw_line(plot.name, theme.strong, theme.charset, heading, frame);
    let graph = Rect { x: band.x + GUTTER, width: band.width.saturating_sub(GUTTER + 1), ..band };
    let top = format!("{:>width$}", plot.top, width = usize::from(GUTTER) - 1);
    draw_line(&top, theme.quiet, theme.charset, Rect { width: GUTTER, ..band }, frame);
    let scale = ((plot.scale * FINE) as u64).max(1);
    let least = min_visible(scale, band.height);
    let value = |value: &f64| if *value > 0.0 { ((value * FINE) as u64).max(least) } else { 0 };
    let bars =
        Sparkline::default().data(plot.values.iter().map(value)).max(scale).style(theme.series(number));
    frame.render_widget(bars, graph);
    draw_axis(end, theme, Rect { x: graph.x, width: graph.width, ..axis }, frame);
}

/// The time labels at the start, in the middle and at the end.
fn draw_axis(end: f64, theme: Theme, axis: Rect, frame: &mut Frame<'_>) {
    let texts = [0.0, end / 2.0, end].map(|time| if time > 0.0 { span(time) } else { "0".to_owned() });
    let width = usize::from(axis.width);
    let taken: usize = texts.iter().map(String::len).sum();
    let [start, middle, now] = &texts;
    let free = width.saturating_sub(taken);
    let line = if free >= 4 {
        let before = (width / 2).saturating_sub(start.len() + middle.len() / 2).min(free);
        format!("{start}{}{middle}{}{now}", " ".repeat(before), " ".repeat(free - before))
    } else {
        sanitize(now, width, theme.charset).as_str().to_owned()
    };
    frame.render_widget(Line::from(Span::styled(line, theme.quiet)), axis);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn points() -> Vec<Point> {
        let point = |at, visited, deliveries| Point { at, visited, known: 8.0, deliveries };
        vec![point(0.0, 0.0, 0), point(1.0, 0.5, 100), point(4.0, 1.0, 100)]
    }

    #[test]
    fn columns_are_equal_parts_of_the_time() {
        let visited = over_time(&points(), 4.0, 4, |points, from, until| {
            mean(points, from, until, |point| point.visited)
        });
        assert!((visited[0] - 0.25).abs() < 1e-9 && visited.is_sorted() && visited[3] > 0.9, "{visited:?}");
        assert_eq!(over_time(&points(), 4.0, 4, deliveries), [100.0, 0.0, 0.0, 0.0]);
    }

    #[test]
    fn without_points_the_plot_is_empty() {
        assert_eq!(over_time(&[], 4.0, 1, deliveries), [0.0]);
        assert_eq!(over_time(&points(), 4.0, 0, deliveries), Vec::<f64>::new());
    }
}
