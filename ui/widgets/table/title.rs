//! The title of a table: its name, how many rows are marked, which are shown, how many have each status.

use clacks_feed::description::ListSpec;
use clacks_text::{
    format::{count, grouped},
    sanitize::sanitize,
};
use ratatui::{
    buffer::Buffer,
    layout::Rect,
    style::Style,
    text::{Line, Span},
};

use super::Table;

/// Draws the title and a rule up to the end of its line. Parts that do not fit are left out, the last ones first.
pub(super) fn draw(table: &Table<'_>, spec: &ListSpec, visible: usize, area: Rect, buffer: &mut Buffer) {
    let width = usize::from(area.width);
    let name = sanitize(spec.title.as_str(), width.saturating_sub(2), table.charset());
    let name = Span::styled(format!(" {} ", name.as_str()), table.theme.title(table.has_focus));
    let mut line = Line::from(vec![name, Span::raw(" ")]);
    if let Some(badge) = table.badge {
        line.push_span(Span::styled(format!("{badge}  "), table.theme.strong));
    }
    if table.marked > 0 {
        line.push_span(Span::styled(format!("{} marked  ", table.marked), table.theme.marked));
    }
    let counts = status_counts(table, spec);
    let room = width.saturating_sub(line.width());
    let shown = range(table, visible, room.saturating_sub(2 + counts.iter().map(Span::width).sum::<usize>()));
    line.push_span(Span::raw(shown));
    let groups = [counts, sorted_by(table, spec, area), progress(table), table.notes.to_vec()];
    for group in groups.into_iter().filter(|group| !group.is_empty()) {
        if line.width() + 2 + group.iter().map(Span::width).sum::<usize>() > width {
            break;
        }
        line.push_span(Span::raw("  "));
        line.spans.extend(group);
    }
    let rule = width.saturating_sub(line.width() + 1);
    line.push_span(Span::styled(format!(" {}", "\u{2500}".repeat(rule)), table.theme.quiet));
    buffer.set_line(area.x, area.y, &line, area.width);
}

/// The number of rows in the list. If it is longer than its table: which of them are shown, as in `12–24 of 64`.
fn range(table: &Table<'_>, visible: usize, room: usize) -> String {
    let short = count(usize::try_from(table.total).unwrap_or(usize::MAX));
    if visible as u64 >= table.total || visible == 0 {
        return short;
    }
    let total = grouped(table.total);
    let dash = if table.charset().is_ascii() { "-" } else { "\u{2013}" };
    let place = table.first.map(|first| {
        let last = first.saturating_add(visible as u64);
        format!("{}{dash}{} of {total}", grouped(first.saturating_add(1)), grouped(last))
    });
    let forms = place.into_iter().chain([format!("{visible} of {total}"), format!("{visible} of {short}")]);
    forms.into_iter().find(|form| form.chars().count() <= room).unwrap_or(short)
}

/// The number of rows by status, as in `2N 8A 1L`.
fn status_counts<'a>(table: &Table<'_>, spec: &ListSpec) -> Vec<Span<'a>> {
    let mut spans = Vec::new();
    for (name, number) in spec.statuses.iter().zip(table.counts).filter(|(_, number)| **number > 0) {
        let status = table.description.statuses.iter().find(|status| status.name == *name);
        let Some(status) = status else { continue };
        if !spans.is_empty() {
            spans.push(Span::raw(" "));
        }
        let number = count(usize::try_from(*number).unwrap_or(usize::MAX));
        let text = sanitize(&format!("{number}{}", status.letter), 12, table.charset());
        spans.push(Span::styled(text.as_str().to_owned(), table.theme.status_tone(status.tone)));
    }
    spans
}

/// The sort order, if no header shows it.
fn sorted_by<'a>(table: &Table<'_>, spec: &ListSpec, area: Rect) -> Vec<Span<'a>> {
    let has_header = super::rows_area(area).y > area.y + 1;
    let Some(sort) = table.sort.filter(|_| !has_header) else { return Vec::new() };
    let title = spec.columns.iter().find(|column| column.name == sort.column).map(|column| &column.title);
    let Some(title) = title else { return Vec::new() };
    let text = sanitize(&format!("by {title} {}", arrow(sort.descending)), 40, table.charset());
    vec![Span::styled(text.as_str().to_owned(), table.theme.quiet)]
}

/// The arrow for a sort order. It is a drawing, which is replaced where only ASCII can be shown.
pub(super) fn arrow(is_descending: bool) -> char {
    if is_descending { '\u{25bc}' } else { '\u{25b2}' }
}

fn progress<'a>(table: &Table<'_>) -> Vec<Span<'a>> {
    table.ready.map(|ready| Span::styled(format!("{ready} % searched"), Style::new())).into_iter().collect()
}
