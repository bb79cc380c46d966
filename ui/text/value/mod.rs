//! Values of any network as a person reads them: cells of lists, gauges, settings, and what stands beside an event.
//!
//! Every text here has passed [`sanitize`]. The work for a value is bounded by the columns that it is written in, not
//! by its length.

mod json;
mod labels;
mod middle;
mod peer_names;
mod statuses;
#[cfg(test)]
mod tests;
mod words;

use std::{borrow::Cow, collections::HashMap, time::Duration};

use clacks_feed::{
    Key, Now, Statuses, Text, Value,
    description::{Description, Kind, StatusSpec},
};

pub use json::preview;
pub use labels::Labels;
pub use middle::cut_middle;
pub use peer_names::PeerNames;
pub use words::Fact;

use crate::{
    charset::Charset,
    format,
    glyphs::glyphs,
    sanitize::{SafeLine, sanitize},
};

/// Writes values of one network at one moment.
#[derive(Debug, Clone, Copy)]
pub struct ValueFormat<'a> {
    statuses: &'a [StatusSpec],
    now: Now,
    charset: Charset,
    names: Option<&'a Names>,
}

/// Names that are shown in the place of keys of other lists.
pub type Names = HashMap<Key, String>;

impl<'a> ValueFormat<'a> {
    /// A format with the status names of a network. Ages are measured at `now`, which is the time of the look that the
    /// values come from.
    pub fn new(description: &'a Description, now: Now, charset: Charset) -> Self {
        Self { statuses: &description.statuses, now, charset, names: None }
    }

    /// Shows these names in the place of their keys.
    pub fn naming(self, names: Option<&'a Names>) -> Self {
        Self { names, ..self }
    }

    /// The name of an item of another list, or else its key. It is not sanitized.
    pub fn name_of<'k>(&self, key: &'k Key) -> &'k str
    where
        'a: 'k,
    {
        let name = self.names.and_then(|names| names.get(key));
        name.map_or_else(|| key.untrusted(), String::as_str)
    }

    /// The characters that are written.
    pub fn charset(&self) -> Charset {
        self.charset
    }

    /// A value in at most `columns` columns, in the longest form that fits. [`Value::None`] is empty.
    ///
    /// Keys and values of [`Kind::Id`] are cut in the middle, texts at their end. Numbers have a shorter form: `12k`
    /// for `12345`. Of statuses the letter remains.
    pub fn cell(&self, kind: &Kind, value: &Value, columns: usize) -> SafeLine {
        match value {
            Value::Text(text, length) => self.text(kind, text, *length, columns),
            Value::Ref(key) => cut_middle(self.name_of(key), columns, self.charset),
            Value::Status(statuses) => sanitize(&self.statuses_in(*statuses, columns), columns, self.charset),
            value => sanitize(&self.number_in(kind, value, columns), columns, self.charset),
        }
    }

    /// The whole value for a page about one item, not sanitized. Numbers have all digits, and JSON keeps its quotes.
    pub fn untrusted(&self, kind: &Kind, value: &'a Value) -> Cow<'a, str> {
        match value {
            Value::Text(text, _) => text.untrusted().into(),
            Value::Ref(key) => key.untrusted().into(),
            Value::Status(statuses) => self.statuses_in(*statuses, usize::MAX).into(),
            Value::Count(bytes) if *kind == Kind::Bytes && *bytes > 999 => {
                format!("{} ({} bytes)", size(*bytes), format::grouped(*bytes)).into()
            }
            Value::Count(count) if *kind != Kind::Bytes => format::grouped(*count).into(),
            value => self.number_in(kind, value, usize::MAX).into(),
        }
    }

    /// What a setting is set to, not sanitized: exact, and as short as that allows. [`Value::None`] is empty.
    pub fn setting(&self, kind: &Kind, value: &'a Value) -> Cow<'a, str> {
        match value {
            Value::Took(time) => format::exact_time(*time).into(),
            Value::Number(rate) if *kind == Kind::Rate => format::exact_rate(*rate).into(),
            Value::Count(bytes) if *kind == Kind::Bytes => format::exact_size(*bytes).into(),
            value => self.untrusted(kind, value),
        }
    }

    /// A value that is neither a text nor a status. It is ASCII.
    fn number_in(&self, kind: &Kind, value: &Value, columns: usize) -> String {
        match value {
            Value::Flag(flag) => if *flag { "yes" } else { "no" }.to_owned(),
            Value::Count(bytes) if *kind == Kind::Bytes => size(*bytes),
            Value::Count(number) => {
                let digits = number.to_string();
                if digits.len() > columns { count(*number) } else { digits }
            }
            Value::Number(number) => number_of(kind, *number),
            Value::Took(took) => format::round_trip(*took),
            Value::At(at) => self.age(*at),
            Value::None | Value::Status(_) | Value::Text(..) | Value::Ref(_) => String::new(),
        }
    }

    /// The time since a moment, `12 s`, or until it, `in 12 s`.
    fn age(&self, at: i64) -> String {
        let now = i128::try_from(self.now.uptime.as_millis()).unwrap_or(i128::MAX);
        let age = now.saturating_sub(at.into());
        let long = Duration::from_millis(u64::try_from(age.unsigned_abs()).unwrap_or(u64::MAX));
        // What has just come can be a moment later than the look.
        if age <= -1000 { format!("in {}", format::age(long)) } else { format::age(long) }
    }

    fn text(&self, kind: &Kind, text: &Text, length: u32, columns: usize) -> SafeLine {
        let start = text.untrusted();
        let is_cut = start.len() < length as usize;
        match kind {
            // Of a value of a later kind only its JSON is known, so it keeps its quotes.
            Kind::Json => self.start(&preview(start, is_cut, columns), is_cut, columns),
            Kind::Id if !is_cut => cut_middle(start, columns, self.charset),
            _ => self.start(start, is_cut, columns),
        }
    }

    /// The start of a text. `is_cut`: the text goes on behind it.
    fn start(&self, start: &str, is_cut: bool, columns: usize) -> SafeLine {
        let line = sanitize(start, columns, self.charset);
        let has_room = is_cut && line.width() < columns;
        if has_room {
            sanitize(&format!("{}{}", line.as_str(), glyphs(self.charset).cut), columns, self.charset)
        } else {
            line
        }
    }

    /// The statuses in at most `columns` columns, in the longest form that fits: `A alive, claimed`, `A alive?`, `A?`.
    fn statuses_in(&self, statuses: Statuses, columns: usize) -> String {
        statuses::in_columns(self.statuses, statuses, columns)
    }
}

fn number_of(kind: &Kind, number: f64) -> String {
    match kind {
        // A part above 1 is possible: more were counted than expected.
        Kind::Ratio => format!("{:.0}%", (number * 100.0).clamp(-999.0, 9999.0)),
        Kind::BytesRate => format!("{}/s", size(number.max(0.0).round() as u64)),
        _ => format::rate(number.max(0.0)),
    }
}

fn size(bytes: u64) -> String {
    format::size(usize::try_from(bytes).unwrap_or(usize::MAX))
}

fn count(number: u64) -> String {
    format::count(usize::try_from(number).unwrap_or(usize::MAX))
}
