//! Components that several panels draw: titles, headings, rows and empty lists.

use clacks_widgets::{heading, span::draw_spans, theme::Theme};
use ratatui::{
    Frame,
    layout::Rect,
    text::{Line, Span},
};

use crate::{
    model::{Model, focus::FocusOwner},
    state::layout::Pane,
};

/// Columns before a row: one for the selection, one for the mark.
pub(super) const MARKER: u16 = 2;

// === Panes ===

/// Draws the title of a pane: its name, the notes and a rule up to the end.
pub(crate) fn draw_title(
    model: &Model,
    theme: Theme,
    pane: Pane,
    area: Rect,
    notes: Vec<Span<'static>>,
    frame: &mut Frame<'_>,
) {
    let name = match pane {
        Pane::Peers => " PEERS ",
        Pane::Queue => " QUEUE ",
        Pane::Traffic => " TRAFFIC ",
        // A picture draws its own title.
        Pane::Column => return,
    };
    let has_focus = model.focus_below_palette() == FocusOwner::List(pane);
    let mut line = Line::from(Span::styled(name, theme.title(has_focus)));
    line.push_span(Span::raw(" "));
    if model.is_zoomed {
        line.push_span(Span::styled("ZOOM  ", theme.strong));
    }
    line.spans.extend(notes);
    draw_heading(theme, line, area, frame);
}

/// Draws a heading and a rule up to the end of the line.
pub(crate) fn draw_heading(theme: Theme, line: Line<'static>, area: Rect, frame: &mut Frame<'_>) {
    heading::draw_heading(theme, line, area, frame.buffer_mut());
}

/// Draws one row of a list. The selected row is reversed and has a marker, because some terminals cannot reverse.
pub(crate) fn draw_row(
    model: &Model,
    theme: Theme,
    pane: Pane,
    (is_selected, is_marked): (bool, bool),
    spans: &[Span<'static>],
    area: Rect,
    frame: &mut Frame<'_>,
) {
    let marker = Span::raw(if is_selected { ">" } else { " " });
    let mark = if is_marked { Span::styled("*", theme.marked) } else { Span::raw(" ") };
    let buffer = frame.buffer_mut();
    draw_spans(&[marker, mark], Rect { width: area.width.min(MARKER), ..area }, buffer);
    let behind = area.width.saturating_sub(MARKER);
    draw_spans(spans, Rect { x: area.right() - behind, width: behind, ..area }, buffer);
    if is_selected && model.pane == pane {
        frame.buffer_mut().set_style(area, theme.selected);
    }
}

/// Hint in the empty input of a replay.
pub(crate) const REPLAY_INPUT_HINT: &str = "this is a replay; {:prompt :} takes commands";

/// Draws the text of an empty list.
pub(crate) fn draw_empty(theme: Theme, area: Rect, lines: &[impl AsRef<str>], frame: &mut Frame<'_>) {
    heading::draw_empty(theme, area, lines, frame.buffer_mut());
}

const EMPTY: [&str; 4] =
    ["no peers yet", "press {:prompt :} and type", "announce HOST:PORT", "or wait for somebody to call"];

const EMPTY_IN_REPLAY: [&str; 2] = ["no peers yet", REPLAY_INPUT_HINT];

/// Returns how to get peers, for a list without any.
pub(crate) fn no_peers(model: &Model) -> &'static [&'static str] {
    if model.replay.is_some() { &EMPTY_IN_REPLAY } else { &EMPTY }
}
