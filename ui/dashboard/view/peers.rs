//! The peers: status, address, time in the status, last round trip.

use clacks_p2p::core::Peer;
use clacks_text::{
    fit::{fit, fit_right},
    format,
};
use clacks_widgets::theme::{Theme, letter};
use ratatui::{Frame, layout::Rect, text::Span};

use super::{
    header,
    names::Names,
    parts::{address_style, draw_none, draw_row, draw_title, marked},
};
use crate::{
    model::Model,
    state::layout::{Pane, below_title},
};

/// Columns of the marker, of letter and word, of the age and of the round trip, each with a space.
const MARKER: usize = 2;
const STATUS: usize = 10;
const AGE: usize = 5;
const ROUND_TRIP: usize = 8;
/// An address has at least so many, or the round trip gives way.
const ADDRESS: usize = 12;

/// Draws the peer list.
pub fn draw(model: &Model, theme: Theme, area: Rect, frame: &mut Frame<'_>) {
    if area.is_empty() {
        return;
    }
    let mut notes = vec![Span::raw(format!("{}  ", format::count(model.listed.peers.total())))];
    notes.extend(header::counts(&model.listed.peers, theme));
    notes.splice(0..0, marked(theme, model.marks.peers.len()));
    draw_title(model, theme, Pane::Peers, area, notes, frame);
    let rows = below_title(area);
    let (peers, selected) = model.peers.visible(usize::from(rows.height));
    if peers.is_empty() {
        draw_none(model, theme, rows, frame);
    }
    let width = usize::from(area.width);
    let names = Names::on_screen(model, columns(width).0, theme.charset);
    for (index, (peer, row)) in peers.iter().zip(rows.rows()).enumerate() {
        let spans = spans(model, theme, peer, &names, width);
        let signs = (selected == Some(index), model.marks.peers.contains(&peer.address));
        draw_row(model, theme, Pane::Peers, signs, spans, row, frame);
    }
}

/// The columns of the address, and whether there is room for the round trip.
fn columns(width: usize) -> (usize, bool) {
    let fixed = MARKER + STATUS + AGE + 1;
    let has_round_trip = width >= fixed + ROUND_TRIP + ADDRESS;
    (width.saturating_sub(fixed + if has_round_trip { ROUND_TRIP } else { 0 }), has_round_trip)
}

fn spans(model: &Model, theme: Theme, peer: &Peer, names: &Names, width: usize) -> Vec<Span<'static>> {
    let (_, has_round_trip) = columns(width);
    let status = format!("{} {}", letter(peer.status), format::status(peer));
    let mut spans = vec![
        Span::styled(fit(&status, STATUS - 1, theme.charset), theme.peer(peer)),
        Span::raw(" "),
        Span::styled(names.fit(&peer.address), address_style(theme, peer.status)),
        Span::raw(fit_right(&format::age(peer.age(model.shown_now())), AGE + 1, theme.charset)),
    ];
    if has_round_trip {
        let round_trip = peer.round_trip.map(format::round_trip).unwrap_or_default();
        spans.push(Span::styled(fit_right(&round_trip, ROUND_TRIP, theme.charset), theme.quiet));
    }
    spans
}
