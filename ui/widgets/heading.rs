//! What many panels draw: a heading with a rule, and the text of a panel without content.

use clacks_text::fit::fit;
use ratatui::{
    buffer::Buffer,
    layout::Rect,
    text::{Line, Span},
    widgets::Widget,
};

use crate::{span::draw_spans, theme::Theme};

/// Draws a heading and a rule up to the end of the line.
pub fn draw_heading(theme: Theme, mut line: Line<'static>, area: Rect, buffer: &mut Buffer) {
    line.push_span(Span::styled(" ", theme.quiet));
    let width = u16::try_from(line.width()).unwrap_or(u16::MAX);
    draw_spans(&line.spans, area, buffer);
    for column in area.left().saturating_add(width)..area.right() {
        if let Some(cell) = buffer.cell_mut((column, area.y)).filter(|_| area.height > 0) {
            cell.set_symbol("\u{2500}").set_style(theme.quiet);
        }
    }
}

/// Draws the text of an empty list, one line per row, cut to the area.
pub fn draw_empty(theme: Theme, area: Rect, lines: &[impl AsRef<str>], buffer: &mut Buffer) {
    let columns = usize::from(area.width).saturating_sub(2);
    for (text, row) in lines.iter().zip(area.rows()) {
        let text = fit(text.as_ref(), columns, theme.charset);
        Line::styled(format!("  {text}"), theme.quiet).render(row, buffer);
    }
}

/// Returns the area below a title of one line.
pub fn below_title(area: Rect) -> Rect {
    let title = area.height.min(1);
    Rect { y: area.y + title, height: area.height - title, ..area }
}
