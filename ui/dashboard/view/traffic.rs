//! The traffic: time, direction, peer, message or event, outcome.

use clacks_feed::Direction;
use clacks_text::{
    fit::{clock, fit, padded},
    format,
    sanitize::sanitize,
};
use clacks_widgets::theme::Theme;
use ratatui::{Frame, layout::Rect, style::Style, text::Span};

use super::{
    components::{draw_empty, draw_row, draw_title},
    sparkline,
    traffic_columns::{self, RowTexts, VisibleRows},
};
use crate::{
    model::Model,
    pages::{keys::with_keys, saved_filters},
    state::{
        layout::{Pane, below_title},
        log_cursor::LogCursor,
    },
};

/// Width of the title with the space after it, in columns.
const TITLE_WIDTH: usize = 10;
/// Width of the word for a zoomed pane, in columns.
const ZOOM_WIDTH: usize = 6;
/// Minimum width of the rule between the title and the sparklines, in columns.
const MIN_RULE_WIDTH: usize = 3;

const EMPTY: &str = "nothing has come or gone yet";
const FILTERED: &str = "no traffic is admitted by this filter; {:prompt :filter } changes it";

/// Draws the traffic.
pub fn draw(model: &Model, theme: Theme, area: Rect, frame: &mut Frame<'_>) {
    if area.is_empty() {
        return;
    }
    let notes = title_notes(model, theme, usize::from(area.width));
    let taken = notes.iter().map(Span::width).sum::<usize>()
        + TITLE_WIDTH
        + if model.is_zoomed { ZOOM_WIDTH } else { 0 };
    draw_title(model, theme, Pane::Traffic, area, notes, frame);
    draw_sparks(model, theme, Rect { height: 1, ..area }, taken, frame);
    let rows = below_title(area);
    if model.log.is_empty() {
        let text = if model.log.filter().is_none() { EMPTY } else { FILTERED };
        draw_empty(theme, rows, &[with_keys(model, text)], frame);
        return;
    }
    let (top, selected) = (model.log_top(), model.log_position());
    let visible = traffic_columns::visible_rows(model, usize::from(area.width), theme.charset);
    for (offset, (row, texts)) in rows.rows().zip(&visible.texts).enumerate() {
        if model.is_hidden_row(texts.row.number) {
            break;
        }
        let spans = row_spans(model, theme, texts, &visible);
        let is_selected = selected == Some(top + offset) && model.log_cursor != LogCursor::Following;
        draw_row(model, theme, Pane::Traffic, (is_selected, false), &spans, row, frame);
    }
}

/// Draws the sparklines at the end of the title, if they fit and no chart of the rates is visible.
fn draw_sparks(model: &Model, theme: Theme, title: Rect, taken: usize, frame: &mut Frame<'_>) {
    let has_chart = model.areas().is_some_and(|areas| !areas.rates.is_empty());
    let Some(line) = sparkline::sparklines(model, theme).filter(|_| !has_chart) else { return };
    let width = u16::try_from(line.width()).unwrap_or(u16::MAX);
    if taken + line.width() + MIN_RULE_WIDTH <= usize::from(title.width) {
        frame.render_widget(line, Rect { x: title.right() - width, width, ..title });
    }
}

fn title_notes(model: &Model, theme: Theme, width: usize) -> Vec<Span<'static>> {
    let mut notes = Vec::new();
    if let Some(filter) = model.log.filter() {
        let text = sanitize(filter.as_str(), width / 3, theme.charset);
        notes.push(Span::styled(format!("/{} ", text.as_str()), theme.strong));
        notes.push(Span::raw(format!("{} of {}  ", model.log.len(), model.log.total())));
    }
    let below = model.log.len().saturating_sub(model.log_top() + model.height(Pane::Traffic));
    match model.log_cursor {
        LogCursor::Following => notes.push(Span::raw("following")),
        LogCursor::Frozen { .. } if below == 0 => notes.push(Span::raw("standing still")),
        LogCursor::Frozen { .. } => {
            let (below, key) = (format::count(below), model.key_name(":bottom"));
            notes.push(Span::styled(format!("standing still, {below} below: {key} follows"), theme.strong));
        }
    }
    notes.extend(omitted_note(model, theme));
    let taken: usize = notes.iter().map(Span::width).sum();
    let mut room = width.saturating_sub(taken + TITLE_WIDTH);
    let stations = saved_filters::title_notes(model, theme, room);
    room = room.saturating_sub(stations.iter().map(Span::width).sum());
    notes.extend(stations);
    let shows_all = format!("  {} shows all", model.key_name(":close"));
    if model.log.filter().is_some() && shows_all.len() <= room {
        notes.push(Span::styled(shows_all, theme.quiet));
    }
    notes
}

/// Returns the number of evicted rows, and with a filter the number of messages of which only the beginning is
/// stored.
fn omitted_note(model: &Model, theme: Theme) -> Option<Span<'static>> {
    let gone = model.log.gone();
    let gone = (gone > 0)
        .then(|| format!("  {} older gone", format::count(usize::try_from(gone).unwrap_or(usize::MAX))));
    let cuts = model.log.cuts();
    let cuts = (cuts > 0).then(|| format!("  {} cut", format::count(cuts)));
    let text: String = gone.into_iter().chain(cuts).collect();
    (!text.is_empty()).then(|| Span::styled(text, theme.quiet))
}

/// Returns the parts of a row in the columns of the traffic.
fn row_spans(
    model: &Model,
    theme: Theme,
    texts: &RowTexts<'_>,
    visible: &VisibleRows<'_>,
) -> Vec<Span<'static>> {
    let VisibleRows { columns, names, .. } = visible;
    let charset = theme.charset;
    let row = texts.row;
    let line = &row.line;
    let mut spans = Vec::new();
    let mut push = |text: String, style| spans.extend([Span::styled(text, style), Span::raw(" ")]);
    if let Some(width) = columns.time {
        push(fit(&clock(row.now.unix_ms, &model.zone), width, charset), theme.quiet);
    }
    if let Some(width) = columns.network {
        push(fit(row.network_name(), width, charset), theme.quiet);
    }
    if let Some(width) = columns.direction {
        push(fit(row.word(), width, charset), theme.direction(line.direction));
    }
    let peer = model.networks.peer_name(row).map(|peer| padded(&names.label(peer), columns.peer));
    push(peer.unwrap_or_else(|| " ".repeat(columns.peer)), Style::new());
    let (text, outcome) = columns.text_and_outcome(texts, charset);
    let quiet = if line.direction == Direction::Note { theme.quiet } else { Style::new() };
    spans.extend([Span::styled(text, quiet), Span::styled(outcome, theme.tone(line.tone))]);
    spans
}
