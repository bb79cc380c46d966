//! What quitting waits for: the progress of stopping a node. It replaces the input.

use clacks_text::{fit::fit, format};
use clacks_widgets::theme::Theme;
use ratatui::{
    Frame,
    layout::Rect,
    text::{Line, Span},
};

use crate::{
    model::Model,
    state::shutdown::{Asked, StopProgress},
};

/// Maximum width of the bar, in columns.
const MAX_BAR_WIDTH: usize = 40;
/// Minimum width of the bar, in columns. Below it the bar is left out.
const MIN_BAR_WIDTH: usize = 5;
/// The keys that work while a node stops, with their hints.
const HINTS: [(&str, &str); 2] = [("Esc", "give up and stay"), ("q", "ask again")];

/// The keys that work while a node is asked whether it may be stopped, with their hints.
const HINTS_WHILE_ASKING: [(&str, &str); 2] = [("Esc", "stay"), ("q", "leave at once")];

/// Draws what quitting waits for: a node that stops, or the answer whether it may be stopped.
pub fn draw(model: &Model, theme: Theme, area: Rect, frame: &mut Frame<'_>) {
    match model.stop_choices.asked {
        Some(asked) => draw_asking(model, asked, theme, area, frame),
        None => draw_stopping(model.stop_progress(), theme, area, frame),
    }
}

/// Draws the node that is asked whether it may be stopped, and how long it is waited for: ` waiting for clacks, 5 s left`.
fn draw_asking(model: &Model, asked: Asked, theme: Theme, area: Rect, frame: &mut Frame<'_>) {
    let columns = usize::from(area.width);
    let name = model.networks.get(asked.network).map_or("", |network| network.description.network.as_str());
    let left = format::age(asked.until.saturating_sub(model.now.uptime));
    let text =
        if columns < 24 { format!("{left} left") } else { format!(" waiting for {name}, {left} left") };
    frame.render_widget(Line::styled(fit(&text, columns, theme.charset), theme.strong), area);
}

/// Draws the progress of stopping a node: `handed on 12 of 40, 18 s left  ████░░░`. The bar is last, because some terminals
/// make its cells wider.
fn draw_stopping(progress: Option<StopProgress>, theme: Theme, area: Rect, frame: &mut Frame<'_>) {
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

/// Draws the key hints while a node stops, or while it is asked whether it may be stopped.
pub fn draw_hints(is_asking: bool, theme: Theme, area: Rect, frame: &mut Frame<'_>) {
    let hints = if is_asking { HINTS_WHILE_ASKING } else { HINTS };
    let hints = hints.iter().flat_map(|(key, does)| {
        [Span::styled(*key, theme.strong), Span::styled(format!(" {does}  "), theme.quiet)]
    });
    frame.render_widget(hints.collect::<Line<'_>>(), area);
}
