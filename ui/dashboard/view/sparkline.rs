//! Sparklines of the messages received and delivered in the last minute, small enough for a title.

use clacks_feed::Direction;
use clacks_source::time_series::{Column, SPARKS};
use clacks_widgets::theme::Theme;
use ratatui::text::{Line, Span};

use super::charts::NO_DATA;
use crate::model::Model;

const COLUMNS: usize = 12;
/// Bars from low to high. Zero is drawn as the lowest bar, so that it is visible.
const LEVELS: [&str; 8] =
    ["\u{2581}", "\u{2582}", "\u{2583}", "\u{2584}", "\u{2585}", "\u{2586}", "\u{2587}", "\u{2588}"];

/// Returns the bars with their labels, or `None` without data.
pub fn sparklines(model: &Model, theme: Theme) -> Option<Line<'static>> {
    if !model.shown_trends().is_busy(SPARKS) {
        return None;
    }
    let columns = model.shown_trends().columns(COLUMNS, SPARKS / COLUMNS);
    let most =
        columns.iter().flatten().map(|column| column.received.max(column.delivered)).fold(0.0, f64::max);
    let known: Vec<_> = columns.iter().flatten().collect();
    let unknown = || Span::styled(NO_DATA.repeat(columns.len() - known.len()), theme.quiet);
    let bars = |direction, of: fn(&Column) -> f64| {
        let bars: String = known.iter().map(|column| bar_symbol(of(column), most)).collect();
        Span::styled(bars, theme.direction(direction))
    };
    Some(Line::from(vec![
        Span::styled(" in ", theme.quiet),
        unknown(),
        bars(Direction::In, |column| column.received),
        Span::styled(" out ", theme.quiet),
        unknown(),
        bars(Direction::Out, |column| column.delivered),
        Span::styled(" 1 min", theme.quiet),
    ]))
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
