//! The network map: this node in the middle, the peers as towers around it. Edges show contacts and introductions,
//! dots show messages on their way.

use clacks_p2p::{
    Address,
    core::{Peer, Status},
};
use clacks_p2p_feed::{
    description::{CLAIMED_LETTER, letter, peer_tone, tone},
    read_back,
};
use clacks_panes::{Context, Shown};
use clacks_text::{fit::fit, format, glyphs::glyphs, sanitize::sanitize_lines};
use clacks_widgets::{
    heading::{below_title, draw_empty, draw_heading},
    theme::Theme,
};
use ratatui::{
    buffer::Buffer,
    layout::{Position, Rect},
    style::Style,
    text::{Line, Span},
    widgets::Widget,
};

use super::{
    PeersPane,
    dots::{self, Dots},
    geometry::{TOWER_COLUMNS, cell_of, map_field},
    labels::{CellReservations, label_candidates},
    layout::{CENTRE, Point, ring_radius},
    network::{EdgeKind, MapPeer, MarkKind},
};
use crate::core_time;

/// Symbols of a tower by the status of its peer. A lost or dead tower lacks some of its eight shutters.
const TOWER: &str = "\u{28ff}";
const NEW: &str = "\u{28c0}";
const LOST: &str = "\u{2895}";
const DEAD: &str = "\u{2880}";
const IGNORED: &str = "\u{28c9}";

/// Distance between two dots of an edge without contact: recently used, and not.
const SPARSE: usize = 4;
const SPARSER: usize = 7;

/// Legends of the edges, the longest first.
const LEGENDS: [&str; 2] = [
    "  \u{2824}\u{2824}\u{2824} talks with us  \u{2804}\u{2800}\u{2804} named the other to us",
    "  \u{2824}\u{2824}\u{2824} talks with us  \u{2804}\u{2800}\u{2804} named the other",
];

/// Text of a map without peers.
const EMPTY: [&str; 4] =
    ["no peers yet", "press {:prompt :} and type", "announce HOST:PORT", "or wait for somebody to call"];
const EMPTY_IN_REPLAY: [&str; 2] = ["no peers yet", "this is a replay; {:prompt :} takes commands"];

/// Draws the network map in an area of any size.
pub(crate) fn draw(pane: &PeersPane, context: &Context<'_>, area: Rect, buffer: &mut Buffer) {
    // The area can be stale after a resize.
    if area.is_empty() || area.intersection(buffer.area) != area {
        return;
    }
    let field = map_field(context, area);
    if pane.counts.total() == 0 {
        draw_heading(context.theme, heading(pane, context, 0, area), area, buffer);
        let lines: &[&str] = if context.is_replay { &EMPTY_IN_REPLAY } else { &EMPTY };
        let lines: Vec<_> = lines.iter().map(|line| context.with_keys(line)).collect();
        draw_empty(context.theme, field, &lines, buffer);
        return;
    }
    draw_edges(pane, context, field, buffer);
    let drawn = draw_towers(pane, context, field, buffer);
    draw_heading(context.theme, heading(pane, context, drawn, area), area, buffer);
    let summary = Rect { y: field.bottom(), height: below_title(area).bottom() - field.bottom(), ..area };
    draw_peer_summary(pane, context, summary, buffer);
}

/// The title: the number of peers, and how many of them are not drawn because the map is too small or there are too many.
fn heading(pane: &PeersPane, context: &Context<'_>, drawn: usize, area: Rect) -> Line<'static> {
    let theme = context.theme;
    let mut line = Line::from(Span::styled(" MAP ", theme.title(context.has_focus)));
    line.push_span(Span::raw(" "));
    if context.is_zoomed && context.shown == Shown::Beside {
        line.push_span(Span::styled("ZOOM  ", theme.strong));
    }
    let room = usize::from(area.width).saturating_sub(line.width());
    let forms = counts(pane, context, drawn);
    let fitting = forms.iter().find(|form| form.len() <= room).or(forms.last());
    line.push_span(Span::raw(fitting.cloned().unwrap_or_default()));
    if pane.map.is_crowded() || pane.map.peers().is_empty() {
        return line;
    }
    let room = usize::from(area.width).saturating_sub(line.width());
    // Each character takes one column.
    let legend = LEGENDS.into_iter().find(|legend| legend.chars().count() < room);
    line.extend(legend.map(|legend| Span::styled(legend, theme.quiet)));
    line
}

/// How many peers there are, and how many of them are drawn, the longest form first.
fn counts(pane: &PeersPane, context: &Context<'_>, drawn: usize) -> Vec<String> {
    let total = pane.counts.total();
    let shown = if context.is_narrowed { pane.matching } else { total };
    let peers = if total == 1 { "1 peer".to_owned() } else { format!("{} peers", format::count(total)) };
    let peers = if context.is_narrowed {
        format!("{} of {peers} match", format::count(pane.matching))
    } else {
        peers
    };
    let by_status = if pane.map.is_crowded() { format!("{peers}, by status") } else { peers.clone() };
    let hidden = shown.saturating_sub(drawn);
    if hidden == 0 {
        return vec![by_status];
    }
    let hidden = format::count(hidden);
    let part = format!("{} of {}", format::count(drawn), format::count(shown));
    vec![
        format!("{by_status}, {hidden} not drawn"),
        format!("{peers}, {hidden} not drawn"),
        format!("{part} drawn"),
        part,
    ]
}

// === Lines and dots ===

fn draw_edges(pane: &PeersPane, context: &Context<'_>, field: Rect, buffer: &mut Buffer) {
    let theme = context.theme;
    let (now, motion) = (context.now.uptime, context.motion);
    let (mut quiet, mut busy) = (Dots::new(field), Dots::new(field));
    for edge in pane.map.edges(now, motion) {
        let (from, to) = (cell_of(field, edge.from), cell_of(field, edge.to));
        match edge.kind {
            EdgeKind::Introduction { is_recent: false } => quiet.add_line(from, to, SPARSER),
            EdgeKind::Introduction { is_recent: true } => quiet.add_line(from, to, SPARSE),
            EdgeKind::Contact { is_recent: false } => quiet.add_line(from, to, 2),
            EdgeKind::Contact { is_recent: true } => quiet.add_line(from, to, 1),
            EdgeKind::Busy => busy.add_line(from, to, 1),
        }
    }
    if pane.map.is_crowded() {
        for status in Status::ALL.into_iter().filter(|status| pane.counts.of(*status) > 0) {
            quiet.add_ring(ring_radius(status), u32::from(field.width));
        }
    }
    quiet.draw(theme.quiet, buffer);
    busy.draw(Style::reset(), buffer);
    draw_marks(pane, context, field, buffer);
}

fn draw_marks(pane: &PeersPane, context: &Context<'_>, field: Rect, buffer: &mut Buffer) {
    let theme = context.theme;
    let (mut incoming, mut outgoing) = (Dots::new(field), Dots::new(field));
    let here = cell_of(field, CENTRE);
    for mark in pane.map.marks(context.now.uptime, context.motion) {
        let tower = cell_of(field, mark.peer);
        match mark.kind {
            MarkKind::In => incoming.add_blob(here, tower, mark.part),
            MarkKind::Out => outgoing.add_blob(here, tower, mark.part),
            MarkKind::Failed => {
                if let Some(cell) = buffer.cell_mut(dots::interpolate(here, tower, mark.part)) {
                    cell.set_symbol("x").set_style(Style::reset().patch(theme.bad));
                }
            }
        }
    }
    incoming.draw(Style::reset().bold().patch(theme.incoming), buffer);
    outgoing.draw(Style::reset().bold().patch(theme.outgoing), buffer);
}

// === Towers ===

/// Draws the towers and their labels. Returns the number of peers whose tower is drawn.
fn draw_towers(pane: &PeersPane, context: &Context<'_>, field: Rect, buffer: &mut Buffer) -> usize {
    let theme = context.theme;
    let mut cells = CellReservations::new(field);
    let selected = context.selected.and_then(|row| read_back::address(context.description, row));
    let is_selected = |tower: &&MapPeer| selected.as_ref() == Some(&tower.peer.address);
    let here = cell_of(field, CENTRE);
    cells.reserve_tower(here);
    let style = Style::reset().patch(theme.strong);
    buffer.set_stringn(here.x, here.y, TOWER.repeat(2), usize::from(field.right() - here.x), style);
    let mut standing = Vec::new();
    let mut stand = |tower, cells: &mut CellReservations| {
        let place = cell_of(field, pane.map.position(tower));
        // If two towers overlap, the area is too small for all: leave out the later one.
        if cells.reserve_tower(place) {
            standing.push((tower, place));
        }
    };
    // Place the selected tower first, so that it is always drawn.
    let (first, others): (Vec<_>, Vec<_>) = pane.map.peers().iter().partition(is_selected);
    let first = first.into_iter().next();
    first.into_iter().for_each(|tower| stand(tower, &mut cells));
    // Its mark stands before it, where no other tower may stand.
    let mark = first.map(|tower| cell_of(field, pane.map.position(tower)));
    let mark = mark.and_then(|place| Some(Position { x: place.x.checked_sub(1)?, ..place }));
    let mark = mark.filter(|mark| cells.reserve(*mark, 1));
    if pane.map.is_crowded() {
        draw_ring_labels(pane, context, field, &mut cells, buffer);
    }
    others.into_iter().for_each(|tower| stand(tower, &mut cells));
    for (tower, place) in &standing {
        draw_tower(theme, &tower.peer, *place, buffer);
    }
    if let Some(at) = cells.reserve_label(here, "here") {
        write_label(at, "here", Style::reset().patch(theme.strong), field, buffer);
    }
    if !pane.map.is_crowded() {
        draw_labels(theme, &standing, field, &mut cells, buffer);
    }
    if let Some((_, place)) = standing.iter().find(|(tower, _)| is_selected(tower)) {
        mark_selected(context, *place, mark, buffer);
    }
    standing.len()
}

fn draw_tower(theme: Theme, peer: &Peer, place: Position, buffer: &mut Buffer) {
    let symbol = match peer.status {
        Status::New => NEW,
        Status::Alive => TOWER,
        Status::Lost => LOST,
        Status::Dead => DEAD,
        Status::Ignored => IGNORED,
    };
    let letter = if peer.is_unverified() { CLAIMED_LETTER } else { letter(peer.status) };
    let style = Style::reset().patch(theme.status_tone(peer_tone(peer)));
    buffer.set_string(place.x, place.y, format!("{symbol}{letter}"), style);
}

fn draw_labels(
    theme: Theme,
    standing: &[(&MapPeer, Position)],
    field: Rect,
    cells: &mut CellReservations,
    buffer: &mut Buffer,
) {
    let addresses: Vec<&Address> = standing.iter().map(|(tower, _)| &tower.peer.address).collect();
    for (tower, place) in standing {
        let style = Style::reset().patch(address_style(theme, tower.peer.status));
        for name in label_candidates(&tower.peer.address, &addresses, theme.charset) {
            if let Some(at) = cells.reserve_label(*place, &name) {
                write_label(at, &name, style, field, buffer);
                break;
            }
        }
    }
}

/// Writes a label and clears the dots in the cell on either side.
fn write_label(at: Position, name: &str, style: Style, field: Rect, buffer: &mut Buffer) {
    let end = at.x + name.chars().count() as u16;
    for x in [at.x.checked_sub(1), Some(end)].into_iter().flatten() {
        let position = Position { x, y: at.y };
        if field.contains(position)
            && let Some(cell) = buffer.cell_mut(position).filter(|cell| dots::is_dots(cell))
        {
            cell.reset();
        }
    }
    buffer.set_string(at.x, at.y, name, style);
}

/// Writes the number of peers at the top of each ring, or at its bottom if the selected tower covers the top.
fn draw_ring_labels(
    pane: &PeersPane,
    context: &Context<'_>,
    field: Rect,
    cells: &mut CellReservations,
    buffer: &mut Buffer,
) {
    let theme = context.theme;
    for status in Status::ALL {
        let count = pane.counts.of(status);
        let name = format!("{} {status} {}", letter(status), format::count(count));
        let columns = name.len() as u16;
        let style = Style::reset().patch(theme.status_tone(tone(status)));
        let ends = [CENTRE.y - ring_radius(status), CENTRE.y + ring_radius(status)]
            .map(|y| Point { x: CENTRE.x, y });
        let place = ends.map(|end| cell_of(field, end)).into_iter().find_map(|end| {
            let x = end.x.saturating_sub(columns / 2).max(field.x);
            // Keep a free column on either side.
            let with_gaps = Position { x: x.saturating_sub(1), ..end };
            (count > 0 && cells.reserve(with_gaps, columns + 2)).then_some(Position { x, ..end })
        });
        if let Some(at) = place {
            write_label(at, &name, style, field, buffer);
        }
    }
}

/// Marks and reverses the selected tower, like a selected row. `mark` is the cell before it, if it is free.
fn mark_selected(context: &Context<'_>, place: Position, mark: Option<Position>, buffer: &mut Buffer) {
    let theme = context.theme;
    if let Some(Position { x, y }) = mark {
        buffer.set_string(x, y, ">", Style::reset().patch(theme.strong));
    }
    if context.has_focus {
        buffer.set_style(Rect::new(place.x, place.y, TOWER_COLUMNS, 1), theme.selected);
    }
}

// === What is known of the selected tower ===

fn draw_peer_summary(pane: &PeersPane, context: &Context<'_>, area: Rect, buffer: &mut Buffer) {
    let theme = context.theme;
    let peer = context.selected.and_then(|row| read_back::peer(context.description, row, context.fetched));
    let Some(peer) = &peer else { return };
    let columns = usize::from(area.width).saturating_sub(2);
    let text = peer_summary(pane, context, peer);
    let height = usize::from(area.height);
    let lines = sanitize_lines(&text, columns, 0, height + 1, theme.charset);
    let style = theme.status_tone(peer_tone(peer));
    for (index, (line, row)) in lines.iter().zip(area.rows()).enumerate() {
        let marker = if index == 0 { "> " } else { "  " };
        let is_cut = index + 1 == height && lines.len() > height;
        let text = if is_cut {
            fit(&format!("{}{}", line.as_str(), glyphs(theme.charset).cut), columns, theme.charset)
        } else {
            line.as_str().to_owned()
        };
        let style = if index == 0 { style } else { theme.quiet };
        Line::from(vec![Span::raw(marker), Span::styled(text, style)]).render(row, buffer);
    }
}

fn peer_summary(pane: &PeersPane, context: &Context<'_>, peer: &Peer) -> String {
    let age = format::age(peer.age(core_time(context.fetched)));
    let introduced =
        pane.introduction_text(context, &peer.address).map(|how| format!(", {how}")).unwrap_or_default();
    format!(
        "{} {}  {} for {age}{introduced}, accepted {}, sent {}, failed {}",
        letter(peer.status),
        peer.address,
        peer.status_word(),
        peer.delivered,
        peer.received,
        peer.failed
    )
}

fn address_style(theme: Theme, status: Status) -> Style {
    match status {
        Status::Dead | Status::Ignored => theme.quiet,
        Status::New | Status::Alive | Status::Lost => Style::new(),
    }
}
