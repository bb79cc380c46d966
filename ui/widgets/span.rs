//! Writes spans into one row of a buffer.
//!
//! ratatui divides each text into graphemes. Most texts of a frame are ASCII, whose characters are one cell each, so
//! they are written without that.

use ratatui::{buffer::Buffer, layout::Rect, style::Style, text::Span, widgets::Widget};

/// Writes spans one behind the other into the first row of `area`. What does not fit is cut.
pub fn draw_spans(spans: &[Span<'_>], area: Rect, buffer: &mut Buffer) {
    let area = area.intersection(buffer.area);
    if area.is_empty() {
        return;
    }
    let mut x = area.x;
    for span in spans {
        let (plain, rest) = span.content.split_at(plain_len(&span.content));
        x = draw_plain(plain, span.style, Rect { x, width: area.right() - x, ..area }, buffer);
        if x < area.right() && !rest.is_empty() {
            x = draw_rest(rest, span.style, Rect { x, width: area.right() - x, ..area }, buffer);
        }
        if x >= area.right() {
            return;
        }
    }
}

/// Writes a text into the first row of `area`, which must be within the buffer. What does not fit is cut.
pub fn draw_text(text: &str, style: Style, area: Rect, buffer: &mut Buffer) {
    let (plain, rest) = text.split_at(plain_len(text));
    let x = draw_plain(plain, style, area, buffer);
    if !rest.is_empty() {
        buffer.set_stringn(x, area.y, rest, usize::from(area.right() - x), style);
    }
}

/// Writes a text of which each byte is a cell. Returns the column behind it.
fn draw_plain(text: &str, style: Style, area: Rect, buffer: &mut Buffer) -> u16 {
    let mut x = area.x;
    for (byte, column) in text.bytes().zip(area.left()..area.right()) {
        buffer[(column, area.y)].set_char(char::from(byte)).set_style(style);
        x = column + 1;
    }
    x
}

/// Writes a text as ratatui does. Returns the column behind it.
fn draw_rest(text: &str, style: Style, area: Rect, buffer: &mut Buffer) -> u16 {
    let span = Span::styled(text, style);
    let width = span.width();
    if width > 0 {
        (&span).render(area, buffer);
    }
    area.x.saturating_add(u16::try_from(width).unwrap_or(u16::MAX))
}

/// The length of the start of a text of which each byte is a cell. A mark can join the last letter before it.
fn plain_len(text: &str) -> usize {
    let is_plain = |byte: u8| matches!(byte, b' '..=b'~');
    text.bytes().position(|byte| !is_plain(byte)).map_or(text.len(), |first| first.saturating_sub(1))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use ratatui::{style::Color, text::Line};

    use super::*;

    proptest! {
        #[test]
        fn spans_are_drawn_as_ratatui_draws_a_line(
            texts in prop::collection::vec("[ -~]{0,9}|[a-zé漢\u{301}─│]{0,6}", 0..6),
            (x, width) in (0..6_u16, 0..30_u16),
        ) {
            let spans: Vec<_> = texts
                .iter()
                .zip([Color::Red, Color::Green, Color::Blue].into_iter().cycle())
                .map(|(text, color)| Span::styled(text.clone(), color))
                .collect();
            let screen = Rect::new(0, 0, 24, 2);
            let area = Rect { x, y: 1, width, height: 1 };
            let (mut ours, mut theirs) = (Buffer::empty(screen), Buffer::empty(screen));
            draw_spans(&spans, area, &mut ours);
            Line::from(spans).render(area, &mut theirs);
            prop_assert_eq!(ours, theirs);
        }
    }
}
