use std::fmt::Write;

use mlua::{Table, Value};

use super::{MAX_DEPTH, MAX_TEXT, Problem};
use crate::script::{budget::Budget, time_exceeded, type_name};

/// Writes a value as JSON text without white space. Keys are sorted, so that equal values give equal texts.
///
/// A table with the metatable of arrays is an array. Another table is an array if it has items and its keys are 1 to n;
/// without items it is an object.
pub(in crate::script) fn write(value: &Value, arrays: &Table, budget: &Budget) -> Result<String, Problem> {
    let mut writer = Writer { text: String::new(), arrays: arrays.to_pointer(), budget, depth: 0, items: 0 };
    writer.value(value)?;
    Ok(writer.text)
}

struct Writer<'a> {
    text: String,
    arrays: *const std::ffi::c_void,
    budget: &'a Budget,
    depth: usize,
    items: u32,
}

/// Integers up to this have all their digits.
const MAX_EXACT: f64 = 9_007_199_254_740_992.0;
/// Items between two looks at the time.
const BETWEEN_LOOKS: u32 = 256;

impl Writer<'_> {
    fn value(&mut self, value: &Value) -> Result<(), Problem> {
        self.items += 1;
        if self.items.is_multiple_of(BETWEEN_LOOKS) && self.budget.is_exceeded() {
            return Err(time_exceeded(self.budget).into());
        }
        if self.text.len() > MAX_TEXT {
            return Problem::wrong("the JSON text would be longer than 1 MiB");
        }
        match value {
            Value::Nil => self.text.push_str("null"),
            value if *value == Value::NULL => self.text.push_str("null"),
            Value::Boolean(flag) => self.text.push_str(if *flag { "true" } else { "false" }),
            Value::Integer(number) => self.number(*number as f64)?,
            Value::Number(number) => self.number(*number)?,
            Value::String(text) => self.string(&text.as_bytes())?,
            Value::Table(table) => self.table(table)?,
            other => return Problem::wrong(format!("a {} cannot be JSON", type_name(other))),
        }
        Ok(())
    }

    fn number(&mut self, number: f64) -> Result<(), Problem> {
        if !number.is_finite() {
            return Problem::wrong(format!("the number {number} cannot be JSON"));
        }
        if number.fract() == 0.0 && number.abs() <= MAX_EXACT {
            let _ = write!(self.text, "{}", number as i64);
        } else {
            // As serde_json writes it: the shortest digits that read back as the same number.
            self.text
                .push_str(&serde_json::Number::from_f64(number).map(|n| n.to_string()).unwrap_or_default());
        }
        Ok(())
    }

    fn string(&mut self, bytes: &[u8]) -> Result<(), Problem> {
        let Ok(text) = std::str::from_utf8(bytes) else {
            return Problem::wrong("a string is not UTF-8, so it cannot be JSON");
        };
        if self.text.len() + text.len() > MAX_TEXT {
            return Problem::wrong("the JSON text would be longer than 1 MiB");
        }
        self.text.push_str(&serde_json::to_string(text).unwrap_or_default());
        Ok(())
    }

    fn table(&mut self, table: &Table) -> Result<(), Problem> {
        if self.depth == MAX_DEPTH {
            return Problem::wrong("a table is nested too deeply, or contains itself");
        }
        self.depth += 1;
        let is_marked = table.metatable().is_some_and(|meta| meta.to_pointer() == self.arrays);
        if is_marked || table.raw_len() > 0 {
            self.array(table)?;
        } else {
            self.object(table)?;
        }
        self.depth -= 1;
        Ok(())
    }

    /// Calls a function with each entry of a table, and looks at the time meanwhile.
    fn each(&self, table: &Table, mut call: impl FnMut(Value, Value)) -> mlua::Result<()> {
        let mut entries = 0_u32;
        table.for_each(|key: Value, value: Value| {
            entries += 1;
            if entries.is_multiple_of(BETWEEN_LOOKS) && self.budget.is_exceeded() {
                return Err(time_exceeded(self.budget));
            }
            call(key, value);
            Ok(())
        })
    }

    fn array(&mut self, table: &Table) -> Result<(), Problem> {
        let length = table.raw_len();
        let mut entries = 0;
        let mut is_array = true;
        self.each(table, |key, _| {
            entries += 1;
            is_array &= index_of(&key).is_some_and(|index| index <= length);
        })?;
        if !is_array || entries != length {
            return Problem::wrong(
                "a table has other keys than 1 to n, so it is neither an array nor an object",
            );
        }
        self.text.push('[');
        for index in 1..=length {
            if index > 1 {
                self.text.push(',');
            }
            let item: Value = table.raw_get(index)?;
            self.value(&item)?;
        }
        self.text.push(']');
        Ok(())
    }

    fn object(&mut self, table: &Table) -> Result<(), Problem> {
        let mut entries = Vec::new();
        let mut wrong_key = None;
        self.each(table, |key, value| match key {
            Value::String(key) => entries.push((key.as_bytes().to_vec(), value)),
            other => wrong_key = Some(type_name(&other)),
        })?;
        if let Some(kind) = wrong_key {
            return Problem::wrong(format!("a key of an object is a {kind}, not a string"));
        }
        entries.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
        self.text.push('{');
        for (index, (key, value)) in entries.iter().enumerate() {
            if index > 0 {
                self.text.push(',');
            }
            self.string(key)?;
            self.text.push(':');
            self.value(value)?;
        }
        self.text.push('}');
        Ok(())
    }
}

/// The index that a key of an array is, from 1.
fn index_of(key: &Value) -> Option<usize> {
    match key {
        Value::Integer(index) => usize::try_from(*index).ok().filter(|&index| index > 0),
        Value::Number(index) if index.fract() == 0.0 && *index >= 1.0 => Some(*index as usize),
        _ => None,
    }
}
