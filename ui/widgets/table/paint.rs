//! Draws the header and the rows of a table into a buffer.

use clacks_feed::{
    Row, Value,
    description::{Field, Kind, ListSpec, Role, Tone},
};
use clacks_text::sanitize::{SafeLine, sanitize, sanitize_whole};
use ratatui::{buffer::Buffer, layout::Rect, style::Style};

use super::{Drawn, MARKER, Table, cells::is_key, title::arrow};
use crate::span::draw_text;

/// Draws the titles of the columns. That of the sorted column has an arrow.
pub(super) fn header(table: &Table<'_>, spec: &ListSpec, drawn: &Drawn, buffer: &mut Buffer) {
    if drawn.header.is_empty() {
        return;
    }
    for (index, x, width) in &drawn.columns {
        let field = &spec.columns[*index];
        let sort = table.sort.filter(|sort| sort.column == field.name);
        let style = if sort.is_some() { table.theme.strong } else { table.theme.quiet };
        let room = usize::from(*width).saturating_sub(usize::from(sort.is_some()));
        let title = if is_key(field) { "#" } else { field.title.as_str() };
        // A title that does not fit ends where its column does: the first letters say more than an ellipsis.
        let title: String = match sanitize_whole(title, room, table.charset()) {
            Some(title) => title.as_str().to_owned(),
            None => title.chars().take(if title.is_ascii() { room } else { room / 2 }).collect(),
        };
        let text = match sort {
            Some(sort) => format!("{title}{}", arrow(sort.descending)),
            None => title,
        };
        let text = sanitize(&text, usize::from(*width), clacks_text::charset::Charset::Unicode);
        put(&text, field.kind.is_number(), style, Rect { x: *x, width: *width, ..drawn.header }, buffer);
    }
}

/// Draws a row. The selected one is reversed and has a marker, because some terminals cannot reverse.
pub(super) fn row(
    table: &Table<'_>,
    index: usize,
    row: &Row,
    cells: &[SafeLine],
    drawn: &Drawn,
    area: Rect,
    buffer: &mut Buffer,
) {
    let is_selected = table.selected == Some(index);
    if is_selected {
        buffer[(area.x, area.y)].set_char('>');
    }
    if area.width >= MARKER as u16 && (table.is_marked)(&row.key) {
        buffer[(area.x + 1, area.y)].set_char('*').set_style(table.theme.marked);
    }
    let spec = table.spec();
    for ((column, x, width), cell) in drawn.columns.iter().zip(cells) {
        let Some(field) = spec.and_then(|spec| spec.columns.get(*column)) else { continue };
        let style = spec.map_or(Style::new(), |spec| style(table, spec, field, *column, row));
        put(cell, field.kind.is_number(), style, Rect { x: *x, width: *width, ..area }, buffer);
    }
    if is_selected && table.is_current {
        buffer.set_style(area, table.theme.selected);
    }
}

/// The style of a cell.
fn style(table: &Table<'_>, spec: &ListSpec, field: &Field, column: usize, row: &Row) -> Style {
    let theme = table.theme;
    match row.cells.get(column) {
        Some(Value::Status(_)) => theme.status_tone(tone(table, row.cells.get(column))),
        Some(Value::Took(_) | Value::Number(_) | Value::Flag(_)) => theme.quiet,
        Some(Value::Count(number)) => match spec.role {
            _ if is_key(field) || field.kind == Kind::Bytes => theme.quiet,
            Role::Messages if *number > 1 => theme.strong,
            Role::Peers | Role::Other if *number > 0 => Style::new(),
            _ => theme.quiet,
        },
        Some(Value::Text(..)) if field.kind == Kind::Id => {
            let status = row.cells.iter().find(|cell| matches!(cell, Value::Status(_)));
            match tone(table, status) {
                Tone::Bad | Tone::Off => theme.quiet,
                _ => Style::new(),
            }
        }
        _ => Style::new(),
    }
}

/// The tone of an item: that of its main status, or that of the first other one that is not good.
fn tone(table: &Table<'_>, value: Option<&Value>) -> Tone {
    let Some(Value::Status(statuses)) = value else { return Tone::Plain };
    let mut tones =
        statuses.iter().map(|id| table.description.status(id).map_or(Tone::Plain, |spec| spec.tone));
    let main = tones.next().unwrap_or_default();
    match main {
        Tone::Good | Tone::Plain | Tone::New => {
            tones.find(|tone| !matches!(tone, Tone::Good | Tone::Plain)).unwrap_or(main)
        }
        main => main,
    }
}

/// Writes a text into one line, on the left or on the right.
fn put(text: &SafeLine, is_right: bool, style: Style, area: Rect, buffer: &mut Buffer) {
    let free = area.width.saturating_sub(u16::try_from(text.width()).unwrap_or(u16::MAX));
    let x = if is_right { area.x + free } else { area.x };
    draw_text(text, style, Rect { x, width: area.right() - x, ..area }, buffer);
}
