//! The messages that keep returning, most visits first.

use clacks_panes::Context;
use clacks_text::{
    fit::{fit, fit_right, preview},
    format,
};
use clacks_widgets::heading::draw_empty;
use ratatui::{
    buffer::Buffer,
    layout::Rect,
    text::{Line, Span},
    widgets::Widget,
};

use super::{HistoriesPane, top_of};
use crate::message_history::{MessageHistories, life::MessageHistory};

const MARKER: usize = 2;
const VISITS: usize = 12;
const INTERVAL: usize = 14;
const LAST: usize = 10;
/// Minimum width of the text, in columns. Below it the last columns are left out first.
const MIN_TEXT_WIDTH: usize = 16;

const EMPTY: &[&str] = &[
    "no message has come back yet",
    "one that is passed on for long enough comes by again:",
    "its text is what it is known by",
];

/// Draws the rows.
pub(super) fn draw(pane: &HistoriesPane, context: &Context<'_>, area: Rect, buffer: &mut Buffer) {
    let Some(opened) = context.opened else { return };
    if pane.histories.returned() == 0 {
        draw_empty(context.theme, area, EMPTY, buffer);
        return;
    }
    let selected = pane.position(&opened.cursor);
    let top = top_of(opened.cursor.top, selected, usize::from(area.height));
    let lives = pane.histories.ranking().enumerate().skip(top);
    for ((position, life), row) in lives.zip(area.rows()) {
        let is_selected = position == selected;
        let mut line = Line::from(Span::raw(if is_selected { "> " } else { "  " }));
        line.spans.extend(row_spans(context, life, usize::from(area.width)));
        line.render(row, buffer);
        if is_selected {
            buffer.set_style(row, context.theme.selected);
        }
    }
}

fn visit_count(visits: u32) -> String {
    format!("{visits} visit{}", if visits == 1 { "" } else { "s" })
}

/// Returns the note in the title: the number of returned messages that are no longer in the list.
pub(super) fn title_note(histories: &MessageHistories) -> String {
    match histories.forgotten() {
        0 => String::new(),
        forgotten => {
            let forgotten = format::count(usize::try_from(forgotten).unwrap_or(usize::MAX));
            format!("  {} kept, {forgotten} forgotten", format::count(histories.returned()))
        }
    }
}

fn row_spans(context: &Context<'_>, life: &MessageHistory, width: usize) -> Vec<Span<'static>> {
    let theme = context.theme;
    let room = width.saturating_sub(MARKER + MIN_TEXT_WIDTH);
    let visits = if room >= VISITS { VISITS } else { 0 };
    let interval = if room >= VISITS + INTERVAL { INTERVAL } else { 0 };
    let last = if room >= VISITS + INTERVAL + LAST { LAST } else { 0 };
    let text = width.saturating_sub(MARKER + visits + interval + last);
    let ago = context.listed.uptime.saturating_sub(life.last.uptime);
    let every =
        life.interval().map(|interval| format!("every {}", format::span(interval))).unwrap_or_default();
    vec![
        Span::raw(fit(&preview(life.message.as_json()), text, theme.charset)),
        Span::styled(fit_right(&visit_count(life.visits), visits, theme.charset), theme.strong),
        Span::raw(fit_right(&every, interval, theme.charset)),
        Span::styled(fit_right(&format!("{} ago", format::age(ago)), last, theme.charset), theme.quiet),
    ]
}
