//! The peers: status, address, time in the status, last round trip.

use std::time::Duration;

use clacks_feed::{Row, Value};
use clacks_text::{
    fit::{fit, fit_right},
    format,
    value::Labels,
};
use clacks_widgets::theme::{Theme, letter};
use ratatui::{Frame, layout::Rect, text::Span};

use super::{
    address_labels,
    components::{address_style, draw_no_peers, draw_row, draw_title, marked_count},
    header,
};
use crate::{
    model::Model,
    state::{
        layout::{Pane, below_title},
        typed::peer_of,
    },
};

/// Widths of the columns, each with a space.
const MARKER: usize = 2;
const STATUS: usize = 10;
const AGE: usize = 5;
const ROUND_TRIP: usize = 8;
/// Minimum width of an address, in columns. Below it the round trip is left out.
const MIN_ADDRESS_WIDTH: usize = 12;

/// Draws the peer list.
pub fn draw(model: &Model, theme: Theme, area: Rect, frame: &mut Frame<'_>) {
    if area.is_empty() {
        return;
    }
    let mut notes = vec![Span::raw(format!("{}  ", format::count(model.listed.peers.total())))];
    notes.extend(header::status_counts(&model.listed.peers, theme));
    let Some(list) = model.list_of(Pane::Peers).and_then(|list| model.networks.active().list(list)) else {
        return;
    };
    notes.splice(0..0, marked_count(theme, list.marks.len()));
    draw_title(model, theme, Pane::Peers, area, notes, frame);
    let rows = below_title(area);
    let (peers, selected) = list.visible(usize::from(rows.height));
    if peers.is_empty() {
        draw_no_peers(model, theme, rows, frame);
    }
    let width = usize::from(area.width);
    let names = address_labels::on_screen(model, column_widths(width).0, theme.charset);
    for (index, (peer, row)) in peers.iter().zip(rows.rows()).enumerate() {
        let spans = row_spans(model, theme, peer, &names, width);
        let signs = (selected == Some(index), list.marks.contains(&peer.key));
        draw_row(model, theme, Pane::Peers, signs, spans, row, frame);
    }
}

/// Returns the width of the address, and whether the round trip fits.
fn column_widths(width: usize) -> (usize, bool) {
    let fixed = MARKER + STATUS + AGE + 1;
    let has_round_trip = width >= fixed + ROUND_TRIP + MIN_ADDRESS_WIDTH;
    (width.saturating_sub(fixed + if has_round_trip { ROUND_TRIP } else { 0 }), has_round_trip)
}

fn row_spans(model: &Model, theme: Theme, row: &Row, names: &Labels, width: usize) -> Vec<Span<'static>> {
    let (_, has_round_trip) = column_widths(width);
    let Some(peer) = peer_of(row) else { return Vec::new() };
    let cell =
        |name| model.list_of(Pane::Peers).and_then(|list| model.networks.active().cell(list, row, name));
    let age = if let Some(Value::At(ms)) = cell("since") { model.age_of(*ms) } else { Duration::ZERO };
    let status = format!("{} {}", letter(peer.status), format::status(&peer));
    let mut spans = vec![
        Span::styled(fit(&status, STATUS - 1, theme.charset), theme.peer(&peer)),
        Span::raw(" "),
        Span::styled(names.fit(&peer.address.to_string()), address_style(theme, peer.status)),
        Span::raw(fit_right(&format::age(age), AGE + 1, theme.charset)),
    ];
    if has_round_trip {
        let took = if let Some(Value::Took(took)) = cell("took") { Some(*took) } else { None };
        let round_trip = took.map(format::round_trip).unwrap_or_default();
        spans.push(Span::styled(fit_right(&round_trip, ROUND_TRIP, theme.charset), theme.quiet));
    }
    spans
}
