//! The details of the selected item beside the lists, updated live.

use clacks_text::{json::laid_out, sanitize::sanitize_lines};
use clacks_widgets::theme::Theme;
use ratatui::{
    Frame,
    layout::Rect,
    text::{Line, Span},
};

use super::components::{draw_empty, draw_heading};
use crate::{
    model::Model,
    pages::{content_lines, keys::with_keys},
    state::{layout::below_title, overlay::OverlayKind},
};

/// Bytes of a message that are laid out per available cell: a character with combining characters.
const BYTES_PER_CELL: usize = 16;

const EMPTY: &[&str] = &["nothing is selected"];

/// Draws the selected item in full.
pub fn draw(model: &Model, theme: Theme, area: Rect, frame: &mut Frame<'_>) {
    if area.is_empty() {
        return;
    }
    let selection = model.selection();
    let title = match &selection {
        Some(content @ OverlayKind::Item(_)) => model.title_of(content),
        Some(_) => " EVENT ".into(),
        None => " DETAILS ".into(),
    };
    draw_heading(theme, Line::from(Span::styled(title, theme.strong)), area, frame);
    let rows = below_title(area);
    let Some(content) = selection else {
        draw_empty(theme, rows, EMPTY, frame);
        return;
    };
    // A free column on either side separates it from the rules.
    let rows = Rect { x: rows.x + 1, width: rows.width.saturating_sub(2), ..rows };
    for (line, row) in detail_lines(model, theme, &content, rows).into_iter().zip(rows.rows()) {
        frame.render_widget(line, row);
    }
}

fn detail_lines(model: &Model, theme: Theme, content: &OverlayKind, area: Rect) -> Vec<Line<'static>> {
    let columns = usize::from(area.width);
    let mut lines = content_lines(model, theme, content, columns);
    let life = history_lines(model, theme, content, columns);
    // The message and its history share the remaining rows.
    let rest = usize::from(area.height).saturating_sub(lines.len());
    let room = rest.saturating_sub(life.len().min(rest / 2));
    if let Some(message) = content.message().filter(|_| room > 0) {
        let (text, left_out) = laid_out(message.untrusted(), BYTES_PER_CELL * columns * room);
        let text = if left_out > 0 { format!("{text}\u{2026}") } else { text };
        let mut rows = sanitize_lines(&text, columns, 0, room + 1, theme.charset);
        let has_more = rows.len() > room;
        rows.truncate(if has_more { room - 1 } else { room });
        lines.extend(rows.iter().map(|row| Line::raw(row.as_str().to_owned())));
        if has_more {
            lines.push(Line::styled(with_keys(model, "\u{2026} {:open} shows all of it"), theme.quiet));
        }
    }
    lines.extend(life);
    lines
}

/// Returns what panes say about the selected message.
fn history_lines(model: &Model, theme: Theme, content: &OverlayKind, columns: usize) -> Vec<Line<'static>> {
    let message = content.message();
    message.map_or_else(Vec::new, |message| model.message_lines(theme, message.untrusted(), columns))
}
