//! Text in a fixed number of columns.

use clacks_feed::json_text;
use jiff::{Timestamp, tz::TimeZone};
use ratatui::{
    style::Style,
    text::{Line, Span},
};

use super::{
    charset::Charset,
    sanitize::{SafeLine, sanitize, sanitize_lines},
};

/// Maximum number of characters of a message in its preview, more than any screen is wide.
const PREVIEW: usize = 1024;

/// Sanitizes text to exactly this many columns: cut, or padded with spaces on the right.
pub fn fit(text: &str, columns: usize, charset: Charset) -> String {
    padded(&sanitize(text, columns, charset), columns)
}

/// A line of at most this many columns with spaces on its right.
pub fn padded(line: &SafeLine, columns: usize) -> String {
    format!("{}{}", line.as_str(), " ".repeat(columns.saturating_sub(line.width())))
}

/// A line of at most this many columns with spaces on its left.
pub fn padded_left(line: &SafeLine, columns: usize) -> String {
    format!("{}{}", " ".repeat(columns.saturating_sub(line.width())), line.as_str())
}

/// Sanitizes text to exactly this many columns: cut, or padded with spaces on the left.
pub fn fit_right(text: &str, columns: usize, charset: Charset) -> String {
    padded_left(&sanitize(text, columns, charset), columns)
}

/// The start of a message, which is JSON: the characters of a string, or the JSON text of any other value. At most 1,024
/// characters of JSON.
pub fn preview(json: &str) -> String {
    let end = json.char_indices().nth(PREVIEW).map_or(json.len(), |(end, _)| end);
    json_text::characters(&json[..end], end < json.len()).unwrap_or_else(|| json[..end].to_owned())
}

/// A name in `name_columns`, at most half of `columns`, with its value beside it, wrapped to as many lines as needed.
pub fn entry(
    style: Style,
    name_columns: usize,
    name: &str,
    value: &str,
    columns: usize,
    charset: Charset,
) -> Vec<Line<'static>> {
    let left = name_columns.min(columns / 2);
    let values = sanitize_lines(value, columns - left, 0, usize::MAX, charset);
    let names = std::iter::once(name).chain(std::iter::repeat(""));
    let line = |(name, value): (&str, &SafeLine)| {
        Line::from(vec![Span::styled(fit(name, left, charset), style), Span::raw(value.as_str().to_owned())])
    };
    names.zip(&values).map(line).collect()
}

/// The time of day as `HH:MM:SS` in this time zone. `unix_ms` is Unix time in milliseconds; a time out of range gives
/// `--:--:--`.
pub fn clock(unix_ms: u64, zone: &TimeZone) -> String {
    let timestamp = i64::try_from(unix_ms).ok().and_then(|ms| Timestamp::from_millisecond(ms).ok());
    timestamp.map_or_else(
        || "--:--:--".to_owned(),
        |timestamp| timestamp.to_zoned(zone.clone()).strftime("%H:%M:%S").to_string(),
    )
}
