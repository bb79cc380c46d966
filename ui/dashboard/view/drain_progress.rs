//! The progress of stopping a node. It replaces the input.

use clacks_text::{fit::fit, format};
use clacks_widgets::theme::Theme;
use ratatui::{
    Frame,
    layout::Rect,
    text::{Line, Span},
};

use crate::state::shutdown::StopProgress;

/// Maximum width of the bar, in columns.
const MAX_BAR_WIDTH: usize = 40;
/// Minimum width of the bar, in columns. Below it the bar is left out.
const MIN_BAR_WIDTH: usize = 5;
/// The keys that work while a node stops, with their hints.
const HINTS: [(&str, &str); 2] = [("Esc", "give up and stay"), ("q", "ask again")];

/// Draws the progress of stopping a node: `handed on 12 of 40, 18 s left  ████░░░`. The bar is last, because some terminals
/// make its cells wider.
pub fn draw(progress: Option<StopProgress>, theme: Theme, area: Rect, frame: &mut Frame<'_>) {
    let columns = usize::from(area.width);
    let Some(progress) = progress else {
        frame.render_widget(Line::styled(fit(" stopping", columns, theme.charset), theme.strong), area);
        return;
    };
    let text = progress_text(progress, columns);
    let room = columns.saturating_sub(text.len() + 3).min(MAX_BAR_WIDTH);
    let mut line = Line::from(Span::styled(fit(&text, columns, theme.charset), theme.strong));
    if room >= MIN_BAR_WIDTH {
        let full = progress.done.saturating_mul(room as u64).checked_div(progress.total);
        let full = full.and_then(|full| usize::try_from(full).ok()).unwrap_or(room).min(room);
        line = Line::from(vec![
            Span::styled(text, theme.strong),
            Span::raw("  "),
            Span::raw("\u{2588}".repeat(full)),
            Span::styled("\u{2591}".repeat(room - full), theme.quiet),
        ]);
    }
    frame.render_widget(line, area);
}

fn progress_text(
    StopProgress { total, done: gone, remaining: left }: StopProgress,
    columns: usize,
) -> String {
    let left = format::age(left);
    if columns < 24 {
        format!("{gone}/{total}, {left} left")
    } else {
        format!(" handed on {gone} of {total}, {left} left")
    }
}

/// Draws the key hints while a node stops.
pub fn draw_hints(theme: Theme, area: Rect, frame: &mut Frame<'_>) {
    let hints = HINTS.iter().flat_map(|(key, does)| {
        [Span::styled(*key, theme.strong), Span::styled(format!(" {does}  "), theme.quiet)]
    });
    frame.render_widget(hints.collect::<Line<'_>>(), area);
}
