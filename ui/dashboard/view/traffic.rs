//! The traffic: time, direction, peer, message or event, outcome.

use clacks_feed::Direction;
use clacks_source::traffic::row::Row;
use clacks_text::{
    fit::{clock, fit, padded, padded_left},
    format,
    sanitize::sanitize,
    value::Labels,
};
use clacks_widgets::theme::Theme;
use ratatui::{Frame, layout::Rect, text::Span};

use super::{
    address_labels,
    components::{draw_empty, draw_row, draw_title},
    sparkline,
};
use crate::{
    model::Model,
    pages::{keys::with_keys, saved_filters},
    state::{
        layout::{Pane, below_title},
        log_cursor::LogCursor,
    },
};

/// Below this width, in columns, the time is left out, and the outcome is short.
const NARROW: usize = 64;
const MARKER: usize = 2;
const TIME: usize = 9;
const DIRECTION: usize = 5;
const OUTCOME: usize = 16;
/// Width of the outcome in a wide area, in columns.
const LONG_OUTCOME: usize = 24;
/// Width of the name of a network, in columns, where the traffic has rows of several.
const NETWORK: usize = 8;
/// Range of the width of a peer, in columns. The minimum fits an IPv4 address with a port.
const PEER_WIDTH: std::ops::RangeInclusive<usize> = 15..=28;

const SHORT_PEER: usize = 9;
/// Width of the text, in columns, from which on a narrow area shows more of the peer.
const SHORT_TEXT: usize = 24;
const SHORT_OUTCOME: usize = 9;

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
    let names = address_labels::on_screen(model, column_widths(usize::from(area.width)).1, theme.charset);
    for (offset, row) in rows.rows().enumerate() {
        let entry = model.log.at(top + offset).filter(|entry| !model.is_hidden_row(entry.number));
        let Some(entry) = entry else { break };
        let spans = row_spans(model, theme, entry, &names, usize::from(area.width));
        let is_selected = selected == Some(top + offset) && model.log_cursor != LogCursor::Following;
        draw_row(model, theme, Pane::Traffic, (is_selected, false), spans, row, frame);
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

/// Returns the widths of time, peer and outcome.
fn column_widths(width: usize) -> (usize, usize, usize) {
    match width {
        0..NARROW => {
            let spare = width.saturating_sub(MARKER + DIRECTION + SHORT_OUTCOME + 2 + SHORT_TEXT);
            (0, spare.clamp(SHORT_PEER, *PEER_WIDTH.start()), SHORT_OUTCOME)
        }
        NARROW..110 => (TIME, (width / 5).clamp(*PEER_WIDTH.start(), *PEER_WIDTH.end()), OUTCOME),
        _ => (TIME, *PEER_WIDTH.end(), LONG_OUTCOME),
    }
}

fn row_spans(model: &Model, theme: Theme, row: &Row, names: &Labels, width: usize) -> Vec<Span<'static>> {
    let (time, peer, outcome) = column_widths(width);
    let charset = theme.charset;
    let line = &row.line;
    let network = if model.log.networks() > 1 && time > 0 { NETWORK } else { 0 };
    let fixed = MARKER + time + network + DIRECTION + peer + 1 + 1;
    let rest = width.saturating_sub(fixed + outcome);
    // What is left beside a short text is for the numbers of the outcome.
    let spare = if line.text.is_none() { rest.saturating_sub(row.what(rest, charset).width()) } else { 0 };
    let result = row.outcome((outcome + spare).min(LONG_OUTCOME), charset);
    // A row without outcome uses its column for the text.
    let outcome = if result.as_str().is_empty() { 0 } else { outcome.max(result.width()) };
    let rest = width.saturating_sub(fixed + outcome);
    let address = line.peer.as_ref().map_or_else(|| " ".repeat(peer), |peer| names.fit(peer.untrusted()));
    let text = match row.preview(rest) {
        Some(text) => fit(&text, rest, charset),
        None => padded(&row.what(rest, charset), rest),
    };
    let text_style =
        if line.direction == Direction::Note { theme.quiet } else { ratatui::style::Style::new() };
    vec![
        Span::styled(fit(&clock(row.now.unix_ms, &model.zone), time, charset), theme.quiet),
        Span::styled(fit(row.network_name(), network, charset), theme.quiet),
        Span::styled(fit(row.word(), DIRECTION, charset), theme.direction(line.direction)),
        Span::raw(address),
        Span::raw(" "),
        Span::styled(text, text_style),
        Span::raw(" "),
        Span::styled(padded_left(&result, outcome), theme.tone(line.tone)),
    ]
}
