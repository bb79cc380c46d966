//! The held messages: preview, reason, sender, size, age.

use std::time::Duration;

use clacks_p2p::core::{HeldBy, HeldMessage};
use clacks_text::{
    fit::{fit, fit_address, fit_right, preview},
    format,
};
use clacks_widgets::theme::Theme;
use ratatui::{
    Frame,
    layout::Rect,
    text::{Line, Span},
};

use super::{
    components::{draw_empty, marked_count},
    queue::max_digits,
};
use crate::{model::Model, state::layout::below_title};

const MARKER: usize = 2;
const BY: usize = 7;
const FROM: usize = 26;
const SIZE: usize = 8;
const AGE: usize = 6;
/// Minimum width of a preview, in columns. Below it other columns are left out.
const MIN_PREVIEW_WIDTH: usize = 16;

const EMPTY: &[&str] = &[
    "nothing is held",
    ":hold NUMBER holds a message of the queue,",
    ":hold FILTER all that a filter admits",
];

/// Draws the overlay of the held messages.
pub fn draw(model: &Model, theme: Theme, area: Rect, frame: &mut Frame<'_>) {
    let rows = below_title(area);
    let (held, selected) = model.held.list.visible(usize::from(rows.height));
    draw_title(model, theme, area, frame);
    if held.is_empty() {
        draw_empty(theme, rows, if model.replay.is_some() { &EMPTY[..1] } else { EMPTY }, frame);
    }
    let digits = max_digits(held.iter().map(|held| &held.queued));
    for (index, (held, row)) in held.iter().zip(rows.rows()).enumerate() {
        let is_selected = selected == Some(index);
        let is_marked = model.marks.held.contains(&held.queued.id);
        let mark = if is_marked { Span::styled("*", theme.marked) } else { Span::raw(" ") };
        let mut line = Line::from(vec![Span::raw(if is_selected { ">" } else { " " }), mark]);
        line.spans.extend(row_spans(model, theme, held, digits, usize::from(area.width)));
        frame.render_widget(line, row);
        if is_selected {
            frame.buffer_mut().set_style(row, theme.selected);
        }
    }
}

fn draw_title(model: &Model, theme: Theme, area: Rect, frame: &mut Frame<'_>) {
    let rule = model
        .held
        .rule
        .as_ref()
        .map_or_else(|| "no filter holds what comes".to_owned(), |rule| format!("held by a filter: {rule}"));
    let mut line = Line::from(Span::styled(" HELD ", theme.title(true)));
    line.push_span(Span::raw(" "));
    line.spans.extend(marked_count(theme, model.marks.held.len()));
    let notes = format!("{}  {rule}", format::count(model.held.total));
    line.push_span(Span::raw(fit(
        &notes,
        usize::from(area.width).saturating_sub(line.width()),
        theme.charset,
    )));
    frame.render_widget(line, Rect { height: area.height.min(1), ..area });
}

fn row_spans(
    model: &Model,
    theme: Theme,
    held: &HeldMessage,
    digits: usize,
    width: usize,
) -> Vec<Span<'static>> {
    let queued = &held.queued;
    let number = format!("{:>digits$} ", queued.id.to_string());
    let marker = MARKER + number.len();
    let room = width.saturating_sub(marker + MIN_PREVIEW_WIDTH + BY + AGE);
    let from = if room >= FROM { FROM } else { 0 };
    let size = if room >= from + SIZE { SIZE } else { 0 };
    let text = width.saturating_sub(marker + BY + from + size + AGE);
    let age = model.list_time().uptime.saturating_sub(Duration::from_millis(queued.since_ms));
    let by = match held.by {
        HeldBy::Hand => "hand",
        HeldBy::Rule => "filter",
        HeldBy::Refused => "refused",
    };
    let sender = match &queued.from {
        _ if from == 0 => String::new(),
        Some(sender) => fit_address(sender, from - 1, theme.charset),
        None => "written here".to_owned(),
    };
    vec![
        Span::styled(number, theme.quiet),
        Span::raw(fit(&preview(&queued.message), text, theme.charset)),
        Span::styled(fit_right(by, BY, theme.charset), theme.strong),
        Span::raw(fit(if from == 0 { "" } else { " " }, from.min(1), theme.charset)),
        Span::raw(fit(&sender, from.saturating_sub(1), theme.charset)),
        Span::styled(fit_right(&format::size(queued.message.size()), size, theme.charset), theme.quiet),
        Span::raw(fit_right(&format::age(age), AGE, theme.charset)),
    ]
}
