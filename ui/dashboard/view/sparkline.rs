//! Sparklines of what came in and went out in the last minute, small enough for a title.

use clacks_feed::Direction;
use clacks_text::sanitize::sanitize;
use clacks_widgets::{theme::Theme, time_series::SPARKS};
use ratatui::text::{Line, Span};

use super::charts::NO_DATA;
use crate::model::Model;

const COLUMNS: usize = 12;
/// Maximum width of the name of a rate, in columns.
const MAX_TITLE_WIDTH: usize = 12;
/// Bars from low to high. Zero is drawn as the lowest bar, so that it is visible.
const LEVELS: [&str; 8] =
    ["\u{2581}", "\u{2582}", "\u{2583}", "\u{2584}", "\u{2585}", "\u{2586}", "\u{2587}", "\u{2588}"];

/// Returns the bars with their labels, or `None` without data.
pub fn sparklines(model: &Model, theme: Theme) -> Option<Line<'static>> {
    let trends = model.shown_trends();
    let counters =
        model.shown_figures().places.counters.iter().zip([Direction::In, Direction::Out]).enumerate();
    if !trends.is_busy(0..2, SPARKS) {
        return None;
    }
    let columns = trends.columns(COLUMNS, SPARKS / COLUMNS);
    let known: Vec<_> = columns.iter().flatten().collect();
    let rates = |at| known.iter().map(move |span| trends.rate(at, span));
    let most = rates(0).chain(rates(1)).fold(0.0, f64::max);
    let mut line = Line::default();
    for (number, (at, direction)) in counters {
        let title =
            model.networks.active().description.gauges.get(*at).map_or("", |gauge| gauge.title.as_str());
        let title = sanitize(title, MAX_TITLE_WIDTH, theme.charset);
        line.push_span(Span::styled(format!(" {} ", title.as_str()), theme.quiet));
        line.push_span(Span::styled(NO_DATA.repeat(columns.len() - known.len()), theme.quiet));
        let bars: String = rates(number).map(|rate| bar_symbol(rate, most)).collect();
        line.push_span(Span::styled(bars, theme.direction(direction)));
    }
    line.push_span(Span::styled(" 1 min", theme.quiet));
    Some(line)
}

/// Returns the bar for a value between zero and `most`.
fn bar_symbol(value: f64, most: f64) -> &'static str {
    let steps = (LEVELS.len() - 1) as f64;
    let level = if most > 0.0 { (value / most * steps).ceil() as usize } else { 0 };
    LEVELS[level.min(LEVELS.len() - 1)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_zero_has_the_lowest_bar() {
        assert_eq!(
            [0.0, 0.001, 3.5, 7.0].map(|value| bar_symbol(value, 7.0)),
            [LEVELS[0], LEVELS[1], LEVELS[4], LEVELS[7]]
        );
        assert_eq!(bar_symbol(0.0, 0.0), LEVELS[0]);
    }
}
