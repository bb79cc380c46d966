//! What can be completed at the cursor of an incomplete filter.

use std::ops::Range;

use super::{FilterField, word_at};

/// The part of a filter that completion at the cursor replaces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AtCursor<'f> {
    /// Byte range of the part in the filter. The cursor is in it or at its end.
    pub replaces: Range<usize>,
    /// The field whose value is completed. `None`: the start of a term is completed, with [`FilterField::start`].
    pub field: Option<&'f FilterField>,
}

/// The part of a filter at the cursor, which is a byte offset on a character boundary. `None` where nothing can be
/// completed: in quotes, in an expression, and in the text behind a colon that belongs to no field.
pub fn at_cursor<'f>(text: &str, cursor: usize, fields: &'f [FilterField]) -> Option<AtCursor<'f>> {
    let word = word_at(text, cursor)?;
    let written = &text[word.clone()];
    let Some(field) = fields.iter().find(|field| begins(written, &field.start)) else {
        // Of `fr:tower` the value stays.
        let end = written.find(':').map_or(word.end, |colon| word.start + colon + 1);
        return (cursor <= end).then_some(AtCursor { replaces: word.start..end, field: None });
    };
    let value = word.start + field.start.len();
    Some(if cursor < value {
        AtCursor { replaces: word.start..value, field: None }
    } else {
        AtCursor { replaces: value..word.end, field: Some(field) }
    })
}

/// Whether the text begins with `start`, in any letter case.
fn begins(text: &str, start: &str) -> bool {
    text.get(..start.len()).is_some_and(|begun| begun.eq_ignore_ascii_case(start))
}
