use std::borrow::Cow;

use clacks_feed::json_text;

use crate::format::char_boundary;

/// Bytes that are read for a column: an emoji as two JSON escapes takes twelve for two columns, and marks take none.
const BYTES_PER_COLUMN: usize = 12;
/// Maximum number of bytes that are read, more than any screen needs.
const MAX_BYTES: usize = 4096;

/// The start of a JSON text for one line: the characters of a string, or the JSON text of any other value. It is not
/// sanitized. It has more than `columns` columns if the text has.
///
/// `is_cut`: `json` is only the start of the text. Reads at most 4,096 bytes.
pub fn preview(json: &str, is_cut: bool, columns: usize) -> Cow<'_, str> {
    if let Some(start) = plain_start(json, columns.saturating_add(1)) {
        return Cow::Borrowed(start);
    }
    let bytes = columns.saturating_mul(BYTES_PER_COLUMN).saturating_add(64).min(MAX_BYTES);
    let start = &json[..char_boundary(json, bytes)];
    json_text::characters(start, is_cut || start.len() < json.len()).map_or(Cow::Borrowed(start), Cow::Owned)
}

/// The first characters of a JSON string, if there are as many and each is a cell and no escape.
fn plain_start(json: &str, count: usize) -> Option<&str> {
    let start = json.strip_prefix('"')?.get(..count)?;
    start.bytes().all(|byte| matches!(byte, b' '..=b'~') && byte != b'"' && byte != b'\\').then_some(start)
}
