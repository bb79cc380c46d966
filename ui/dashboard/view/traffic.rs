//! The traffic: time, direction, peer, message or what happened, outcome.

use clacks_source::traffic::row::{Direction, Row};
use clacks_text::{
    fit::{clock, fit, fit_right, preview},
    format,
    sanitize::shown,
};
use clacks_widgets::theme::Theme;
use ratatui::{Frame, layout::Rect, text::Span};

use super::{
    names::Names,
    parts::{draw_empty, draw_row, draw_title},
    sparks,
};
use crate::{
    model::{Model, traffic::LogCursor},
    pages::{keys::with_keys, saved_filters},
    state::layout::{Pane, below_title},
};

/// Below this many columns the time gives way to the message, and peer and outcome are short.
const NARROW: usize = 64;
const MARKER: usize = 2;
const TIME: usize = 9;
const DIRECTION: usize = 5;
const OUTCOME: usize = 12;
/// The outcome where there is room for a long one.
const LONG_OUTCOME: usize = 24;
/// An IPv4 address with a port has room in the least.
const PEER: std::ops::RangeInclusive<usize> = 15..=28;

const SHORT_PEER: usize = 9;
const SHORT_OUTCOME: usize = 9;

/// Columns of the title with the space behind it.
const TITLE: usize = 10;
/// Columns of what is said of a zoomed pane.
const ZOOM: usize = 6;
/// Columns of the rule that is to be seen at least between the title and what stands at its end.
const RULE: usize = 3;

const EMPTY: &str = "nothing has come or gone yet";
const FILTERED: &str = "no traffic is admitted by this filter; {:prompt :filter } changes it";

/// Draws the traffic.
pub fn draw(model: &Model, theme: Theme, area: Rect, frame: &mut Frame<'_>) {
    if area.is_empty() {
        return;
    }
    let notes = notes(model, theme, usize::from(area.width));
    let taken = notes.iter().map(Span::width).sum::<usize>() + TITLE + if model.is_zoomed { ZOOM } else { 0 };
    draw_title(model, theme, Pane::Traffic, area, notes, frame);
    draw_sparks(model, theme, Rect { height: 1, ..area }, taken, frame);
    let rows = below_title(area);
    if model.log.is_empty() {
        let text = if model.log.filter().is_none() { EMPTY } else { FILTERED };
        draw_empty(theme, rows, &[with_keys(model, text)], frame);
        return;
    }
    let (top, selected) = (model.log_top(), model.log_position());
    let names = Names::on_screen(model, columns(usize::from(area.width)).1, theme.charset);
    for (offset, row) in rows.rows().enumerate() {
        let entry = model.log.at(top + offset).filter(|entry| !model.is_held_back(entry.number));
        let Some(entry) = entry else { break };
        let spans = spans(model, theme, entry, &names, usize::from(area.width));
        let is_selected = selected == Some(top + offset) && model.log_cursor != LogCursor::Following;
        draw_row(model, theme, Pane::Traffic, (is_selected, false), spans, row, frame);
    }
}

/// At the end of the title, if it leaves room, and unless there is a larger picture of the same.
fn draw_sparks(model: &Model, theme: Theme, title: Rect, taken: usize, frame: &mut Frame<'_>) {
    let has_chart = model.areas().is_some_and(|areas| !areas.rates.is_empty());
    let Some(line) = sparks::line(model, theme).filter(|_| !has_chart) else { return };
    let width = u16::try_from(line.width()).unwrap_or(u16::MAX);
    if taken + line.width() + RULE <= usize::from(title.width) {
        frame.render_widget(line, Rect { x: title.right() - width, width, ..title });
    }
}

fn notes(model: &Model, theme: Theme, width: usize) -> Vec<Span<'static>> {
    let mut notes = Vec::new();
    if let Some(filter) = model.log.filter() {
        let text = shown(filter.as_str(), width / 3, theme.charset);
        notes.push(Span::styled(format!("/{} ", text.as_str()), theme.strong));
        notes.push(Span::raw(format!("{} of {}  ", model.log.len(), model.log.total())));
    }
    let below = model.log.len().saturating_sub(model.log_top() + model.height(Pane::Traffic));
    match model.log_cursor {
        LogCursor::Following => notes.push(Span::raw("following")),
        LogCursor::Frozen { .. } if below == 0 => notes.push(Span::raw("standing still")),
        LogCursor::Frozen { .. } => {
            let (below, key) = (format::count(below), model.key_for(":bottom"));
            notes.push(Span::styled(format!("standing still, {below} below: {key} follows"), theme.strong));
        }
    }
    notes.extend(left_out(model, theme));
    let taken: usize = notes.iter().map(Span::width).sum();
    let mut room = width.saturating_sub(taken + TITLE);
    let stations = saved_filters::notes(model, theme, room);
    room = room.saturating_sub(stations.iter().map(Span::width).sum());
    notes.extend(stations);
    let shows_all = format!("  {} shows all", model.key_for(":close"));
    if model.log.filter().is_some() && shows_all.len() <= room {
        notes.push(Span::styled(shows_all, theme.quiet));
    }
    notes
}

/// How many rows are gone, and while a filter looks at them, of how many messages only the beginning is kept.
fn left_out(model: &Model, theme: Theme) -> Option<Span<'static>> {
    let gone = model.log.gone();
    let gone = (gone > 0)
        .then(|| format!("  {} older gone", format::count(usize::try_from(gone).unwrap_or(usize::MAX))));
    let cuts = model.log.cuts();
    let cuts = (cuts > 0).then(|| format!("  {} cut", format::count(cuts)));
    let text: String = gone.into_iter().chain(cuts).collect();
    (!text.is_empty()).then(|| Span::styled(text, theme.quiet))
}

/// The columns of the time, of the peer and of the outcome.
fn columns(width: usize) -> (usize, usize, usize) {
    match width {
        0..NARROW => (0, SHORT_PEER, SHORT_OUTCOME),
        NARROW..110 => (TIME, (width / 5).clamp(*PEER.start(), *PEER.end()), OUTCOME),
        _ => (TIME, *PEER.end(), LONG_OUTCOME),
    }
}

fn spans(model: &Model, theme: Theme, row: &Row, names: &Names, width: usize) -> Vec<Span<'static>> {
    let (time, peer, outcome) = columns(width);
    // What has no outcome may be long.
    let outcome = if row.outcome.is_empty() { 0 } else { outcome };
    let rest = width.saturating_sub(MARKER + time + DIRECTION + peer + 1 + outcome + 1);
    let address = row.peer.as_ref().map_or_else(|| " ".repeat(peer), |address| names.fit(address));
    let is_note = row.direction == Direction::Note;
    let text = row.message.as_ref().map_or_else(|| row.what.clone(), preview);
    let text_style = if is_note { theme.quiet } else { ratatui::style::Style::new() };
    vec![
        Span::styled(fit(&clock(row.unix_ms, &model.zone), time, theme.charset), theme.quiet),
        Span::styled(fit(row.kind(), DIRECTION, theme.charset), theme.direction(row.direction)),
        Span::raw(address),
        Span::raw(" "),
        Span::styled(fit(&text, rest, theme.charset), text_style),
        Span::raw(" "),
        Span::styled(fit_right(&row.outcome, outcome, theme.charset), theme.mood(row.mood)),
    ]
}
