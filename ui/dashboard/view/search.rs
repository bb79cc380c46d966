//! The search in an overlay: its input, its title note and its matches.

use clacks_text::sanitize::sanitize;
use clacks_widgets::theme::Theme;
use ratatui::{
    Frame,
    layout::{Position, Rect},
    text::{Line, Span},
};

use crate::state::search::Search;

const LABEL: &str = " FIND ";

/// Draws the query in place of the input.
pub(crate) fn draw_prompt(search: &Search, theme: Theme, area: Rect, frame: &mut Frame<'_>) {
    let label = Span::styled(LABEL, theme.title(true));
    let room = usize::from(area.width).saturating_sub(LABEL.len() + 2);
    // Show the end of the query, because that is where the user types.
    let query = search.query();
    let starts = query.char_indices().map(|(at, _)| at);
    let end =
        starts.map(|at| sanitize(&query[at..], usize::MAX, theme.charset)).find(|end| end.width() <= room);
    let end = end.unwrap_or_default();
    let column = LABEL.len() + 1 + end.width();
    let outcome = Span::styled(format!("  {}", search.status_text()), theme.quiet);
    frame.render_widget(Line::from(vec![label, Span::raw(" "), Span::raw(end.to_string()), outcome]), area);
    let column = area.x.saturating_add(u16::try_from(column).unwrap_or(u16::MAX));
    frame.set_cursor_position(Position::new(column.min(area.right().saturating_sub(1)), area.y));
}

/// Returns the note in the title about a search. `room` is its maximum width in columns.
pub fn title_note(search: &Search, theme: Theme, room: usize) -> Span<'static> {
    let outcome = search.status_text();
    let query = sanitize(search.query(), room.saturating_sub(outcome.len() + 4), theme.charset);
    Span::styled(format!("  /{} {outcome}", query.as_str()), theme.strong)
}

/// Highlights the matches in a row that is already drawn.
pub fn highlight_matches(
    search: &Search,
    row: usize,
    line: &str,
    theme: Theme,
    area: Rect,
    frame: &mut Frame<'_>,
) {
    let columns =
        |text: &str| u16::try_from(sanitize(text, usize::MAX, theme.charset).width()).unwrap_or(u16::MAX);
    for (piece, is_current) in search.matches_in_row(row) {
        // The text can be newer than the matches.
        let (Some(before), Some(found)) = (line.get(..piece.span.start), line.get(piece.span.clone())) else {
            return;
        };
        let x = area.x.saturating_add(columns(before));
        let marked = Rect { x, width: columns(found), ..area };
        let style = if is_current { theme.matched.patch(theme.selected) } else { theme.matched };
        frame.buffer_mut().set_style(marked.intersection(area), style);
    }
}
