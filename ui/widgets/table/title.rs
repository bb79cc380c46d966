//! The title of a table: its name, how many rows are marked, which are shown, how many have each status.

use clacks_feed::{
    Name,
    description::{Description, ListSpec, StatusSpec},
};
use clacks_text::{
    charset::Charset,
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
use crate::theme::Theme;

/// Minimum columns of a note that is cut.
const MIN_CUT_NOTE: usize = 12;
/// Maximum columns of the filter.
const MAX_FILTER: usize = 32;

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
    let counts = status_counts(table.description, spec, table.counts, table.theme);
    let filter = filter(table);
    let behind: usize = counts.iter().map(|count| count.width() + 1).sum();
    let behind = behind + filter.as_ref().map_or(0, |filter| filter.width() + 2);
    let room = width.saturating_sub(line.width() + behind + 1);
    line.push_span(Span::raw(range(table, visible, room)));
    filter.into_iter().for_each(|filter| push_cut(&mut line, filter, width, table.charset()));
    for (index, count) in counts.into_iter().enumerate() {
        push(&mut line, if index == 0 { "  " } else { " " }, vec![count], width);
    }
    push(&mut line, "  ", sorted_by(table, spec, area), width);
    push(&mut line, "  ", progress(table), width);
    for note in table.notes {
        push_cut(&mut line, note.clone(), width, table.charset());
    }
    let rule = width.saturating_sub(line.width() + 1);
    line.push_span(Span::styled(format!(" {}", "\u{2500}".repeat(rule)), table.theme.quiet));
    buffer.set_line(area.x, area.y, &line, area.width);
}

/// Adds parts of the title behind a gap, if they fit.
fn push<'a>(line: &mut Line<'a>, gap: &'static str, parts: Vec<Span<'a>>, width: usize) {
    let columns = gap.len() + parts.iter().map(Span::width).sum::<usize>();
    if !parts.is_empty() && line.width() + columns <= width {
        line.push_span(Span::raw(gap));
        line.spans.extend(parts);
    }
}

/// Adds a note behind a gap. A long note, such as a filter, is cut; a short one says nothing without its end.
fn push_cut<'a>(line: &mut Line<'a>, note: Span<'a>, width: usize, charset: Charset) {
    let room = width.saturating_sub(line.width() + 2);
    let note = if note.width() > room && room >= MIN_CUT_NOTE {
        Span::styled(sanitize(&note.content, room, charset).as_str().to_owned(), note.style)
    } else {
        note
    };
    push(line, "  ", vec![note], width);
}

/// The filter of the rows.
fn filter<'a>(table: &Table<'_>) -> Option<Span<'a>> {
    let (_, filter) = table.filter?;
    let text = sanitize(&format!("/{filter}"), MAX_FILTER, table.charset());
    Some(Span::styled(text.as_str().to_owned(), table.theme.strong))
}

/// The number of rows in the list. If it is longer than its table: which of them are shown, as in `12–24 of 64`. With a
/// filter also the number of all rows, as in `6 of 64 match` or `2–5 of 6 match, 64 in all`.
fn range(table: &Table<'_>, visible: usize, room: usize) -> String {
    let short = |number: u64| count(usize::try_from(number).unwrap_or(usize::MAX));
    let is_whole = visible as u64 >= table.total || visible == 0;
    let Some((all, _)) = table.filter else {
        let total = short(table.total);
        return if is_whole { total } else { part(table, visible, |form| form.chars().count() <= room) };
    };
    let matching = format!("{} of {} match", short(table.total), short(all));
    if is_whole {
        return matching;
    }
    let with_all = |form: &str| format!("{form} match, {} in all", short(all));
    let part = part(table, visible, |form| with_all(form).chars().count() <= room);
    if part.contains(" of ") { with_all(&part) } else { matching }
}

/// Which rows are shown, in the longest form that fits: `12–24 of 64`, `13 of 64`, or the number of all rows.
fn part(table: &Table<'_>, visible: usize, fits: impl Fn(&str) -> bool) -> String {
    let short = count(usize::try_from(table.total).unwrap_or(usize::MAX));
    let total = grouped(table.total);
    let dash = if table.charset().is_ascii() { "-" } else { "\u{2013}" };
    let place = table.first.map(|first| {
        let last = first.saturating_add(visible as u64);
        format!("{}{dash}{} of {total}", grouped(first.saturating_add(1)), grouped(last))
    });
    let forms = place.into_iter().chain([format!("{visible} of {total}"), format!("{visible} of {short}")]);
    forms.into_iter().find(|form| fits(form)).unwrap_or(short)
}

/// The number of items by status, as in `2N 8A 1? 1L`. `counts` are in the order of the list's statuses. A status with a
/// sign for a letter qualifies the one before it, so its items are not counted there again.
pub fn status_counts(
    description: &Description,
    spec: &ListSpec,
    counts: &[u64],
    theme: Theme,
) -> Vec<Span<'static>> {
    let status = |name: &Name| description.statuses.iter().find(|status| status.name == *name);
    let is_sign = |name: &Name| status(name).is_some_and(|status| !status.letter.is_alphanumeric());
    let counted = |index: usize| {
        let qualified =
            spec.statuses.get(index + 1).filter(|name| is_sign(name) && !is_sign(&spec.statuses[index]));
        let qualified = qualified.and_then(|_| counts.get(index + 1)).copied().unwrap_or(0);
        counts.get(index).copied().unwrap_or(0).saturating_sub(qualified)
    };
    let counts = spec.statuses.iter().enumerate().map(|(index, name)| (status(name), counted(index)));
    let span = |(status, number): (Option<&StatusSpec>, u64)| {
        let status = status.filter(|_| number > 0)?;
        let number = count(usize::try_from(number).unwrap_or(usize::MAX));
        let text = sanitize(&format!("{number}{}", status.letter), 12, theme.charset);
        Some(Span::styled(text.as_str().to_owned(), theme.status_tone(status.tone)))
    };
    counts.filter_map(span).collect()
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
