//! The messages that keep returning, most visits first.

use clacks_source::message_history::life::MessageHistory;
use clacks_text::{
    fit::{fit, fit_right, preview},
    format,
};
use clacks_widgets::theme::Theme;
use ratatui::{
    Frame,
    layout::Rect,
    text::{Line, Span},
};

use super::components::draw_empty;
use crate::{model::Model, state::returning::ReturningList};

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

/// Draws the rows below the title.
pub fn draw(model: &Model, theme: Theme, list: &ReturningList, area: Rect, frame: &mut Frame<'_>) {
    if model.shown_histories().returned() == 0 {
        draw_empty(theme, area, EMPTY, frame);
        return;
    }
    let selected = list.position(model.shown_histories());
    let top = list.top(selected, usize::from(area.height));
    let lives = model.shown_histories().ranking().enumerate().skip(top);
    for ((position, life), row) in lives.zip(area.rows()) {
        let is_selected = position == selected;
        let mut line = Line::from(Span::raw(if is_selected { "> " } else { "  " }));
        line.spans.extend(row_spans(model, theme, life, usize::from(area.width)));
        frame.render_widget(line, row);
        if is_selected {
            frame.buffer_mut().set_style(row, theme.selected);
        }
    }
}

fn visit_count(visits: u32) -> String {
    format!("{visits} visit{}", if visits == 1 { "" } else { "s" })
}

/// Returns the note in the title: the number of returned messages that are no longer in the list.
pub fn title_note(model: &Model) -> String {
    match model.shown_histories().forgotten() {
        0 => String::new(),
        forgotten => {
            let forgotten = format::count(usize::try_from(forgotten).unwrap_or(usize::MAX));
            format!("  {} kept, {forgotten} forgotten", format::count(model.shown_histories().returned()))
        }
    }
}

fn row_spans(model: &Model, theme: Theme, life: &MessageHistory, width: usize) -> Vec<Span<'static>> {
    let room = width.saturating_sub(MARKER + MIN_TEXT_WIDTH);
    let visits = if room >= VISITS { VISITS } else { 0 };
    let interval = if room >= VISITS + INTERVAL { INTERVAL } else { 0 };
    let last = if room >= VISITS + INTERVAL + LAST { LAST } else { 0 };
    let text = width.saturating_sub(MARKER + visits + interval + last);
    let ago = model.list_time().uptime.saturating_sub(life.last.uptime);
    let every =
        life.interval().map(|interval| format!("every {}", format::span(interval))).unwrap_or_default();
    vec![
        Span::raw(fit(&preview(life.message.as_json()), text, theme.charset)),
        Span::styled(fit_right(&visit_count(life.visits), visits, theme.charset), theme.strong),
        Span::raw(fit_right(&every, interval, theme.charset)),
        Span::styled(fit_right(&format!("{} ago", format::age(ago)), last, theme.charset), theme.quiet),
    ]
}
