//! What is written is read back, within its bounds, whatever a peer wrote.

mod bounds;
mod events;
mod fuzz;
mod generate;
mod lines;
mod messages;
mod names;

use serde_json::value::RawValue;

use super::*;
use crate::{
    Row, Text, Value,
    description::{Description, Field, Kind},
    escape::escaped_json,
};

/// A written line, which a terminal may show.
fn written(write: impl FnOnce(&mut Vec<u8>)) -> String {
    let mut line = Vec::new();
    write(&mut line);
    let line = String::from_utf8(line).unwrap();
    assert_eq!(escaped_json(&line), line);
    line
}

/// The text of a JSON value as it is read back: with escapes, and without white space around it. Other texts are the
/// same.
fn json_read_back(text: &Text) -> Text {
    let json = serde_json::from_str::<&RawValue>(text.untrusted());
    json.map_or_else(|_| text.clone(), |json| Text::new(&escaped_json(json.get())))
}

/// A value as it is read back if texts have at most `most` bytes.
fn read_back(kind: &Kind, value: &Value, most: usize) -> Value {
    match value {
        Value::Text(text, length) if text.len() as u64 >= u64::from(*length) && text.len() <= most => {
            let is_json = matches!(kind, Kind::Json | Kind::Unknown);
            Value::text(if is_json { json_read_back(text) } else { text.clone() })
        }
        value => value.cut(most),
    }
}

fn values_read_back<'a>(
    fields: impl IntoIterator<Item = &'a Field>,
    values: &[Value],
    most: usize,
) -> Vec<Value> {
    fields.into_iter().zip(values).map(|(field, value)| read_back(&field.kind, value, most)).collect()
}

fn row_read_back(columns: &[Field], row: &Row, most: usize) -> Row {
    Row { cells: values_read_back(columns, &row.cells, most).into(), ..row.clone() }
}

fn settings(description: &Description) -> impl Iterator<Item = &Field> {
    description.settings.iter().map(|setting| &setting.field)
}
