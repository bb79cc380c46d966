//! Texts that stay out of a recording. Of a text in a private network only the length is recorded.

use std::sync::Arc;

use clacks_feed::{
    Body, Event, JsonEvent, Line, Row, Value,
    description::{Description, Kind, ListId},
    json::{Change, ListState},
};

/// Hides the texts of rows.
pub(crate) fn hide_rows(description: &Description, changes: &mut [Change]) {
    for change in changes {
        change.row.iter_mut().for_each(|row| cut_row(description, change.list, row, 0));
    }
}

/// Cuts the texts of a list to `most` bytes.
pub(crate) fn cut_rows(description: &Description, list: &mut ListState, most: usize) {
    list.rows.iter_mut().for_each(|row| cut_row(description, list.list, row, most));
}

/// Identifiers are no texts: they are as long as they are.
fn cut_row(description: &Description, list: ListId, row: &mut Row, most: usize) {
    let columns = description.list(list).map_or(&[][..], |list| &list.columns);
    for (column, cell) in columns.iter().zip(&mut row.cells) {
        cut(&column.kind, cell, most);
    }
}

fn cut(kind: &Kind, value: &mut Value, most: usize) {
    let is_text = matches!(kind, Kind::Text | Kind::Json | Kind::Unknown);
    if is_text && matches!(value, Value::Text(text, _) if text.len() > most) {
        *value = value.cut(most);
    }
}

/// The event without its text and without the network's own fields, which can have texts anywhere.
pub(crate) fn hidden(description: &Description, event: &Event) -> Event {
    let fields = description.event(event.kind).map_or(&[][..], |spec| &spec.fields);
    let line = event.line().map(|line| {
        let mut values = line.values;
        for (field, value) in fields.iter().zip(&mut values) {
            cut(&field.kind, value, 0);
        }
        Line { text: None, values, ..line }
    });
    let touched = event.touched();
    let name = description.event(event.kind).map(|spec| spec.name.clone());
    let body = Body::Json(Arc::new(JsonEvent::new(name, Box::default(), line, touched)));
    Event { body, ..event.clone() }
}
