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
        let rest = Rect { x, width: area.right() - x, ..area };
        if is_plain(&span.content) {
            x = draw_text(&span.content, span.style, rest, buffer);
        } else if let width @ 1.. = span.width() {
            span.render(rest, buffer);
            x = x.saturating_add(u16::try_from(width).unwrap_or(u16::MAX));
        }
        if x >= area.right() {
            return;
        }
    }
}

/// Writes a text into the first row of `area`, which must be within the buffer. What does not fit is cut. Returns the
/// column behind the text.
pub fn draw_text(text: &str, style: Style, area: Rect, buffer: &mut Buffer) -> u16 {
    if !is_plain(text) {
        return buffer.set_stringn(area.x, area.y, text, area.width.into(), style).0;
    }
    let mut x = area.x;
    for (byte, column) in text.bytes().zip(area.left()..area.right()) {
        buffer[(column, area.y)].set_char(char::from(byte)).set_style(style);
        x = column + 1;
    }
    x
}

/// Whether each byte of the text is a cell.
fn is_plain(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, b' '..=b'~'))
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
