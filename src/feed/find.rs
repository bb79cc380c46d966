//! Search for items by what was typed, for completion.

use std::borrow::Cow;

use crate::{Answer, Find, Network, Row, Statuses, Value, description::Description, walk::Walk};

/// Maximum items that a search returns.
pub const MAX_FOUND: usize = 16;
/// Bytes of a text that are searched.
const SEARCHED: usize = 512;

/// A search that is carried out slice by slice.
pub(crate) struct Search {
    walk: Walk,
    /// `None`: any status.
    only: Option<Statuses>,
    /// In small letters.
    typed: String,
    found: Vec<Row>,
}

impl Search {
    pub(crate) fn new(find: &Find, description: &Description) -> Self {
        let ids = find.only.iter().filter_map(|name| description.status_id(name.as_str()));
        Self {
            walk: Walk::new(find.list, None),
            only: (!find.only.is_empty()).then(|| ids.collect()),
            typed: find.typed.untrusted().to_lowercase(),
            found: Vec::new(),
        }
    }

    /// Searches the next slice of the list. Returns the answer at the end.
    pub(crate) fn advance(&mut self, network: &dyn Network) -> Option<Answer> {
        let slice = self.walk.next(network);
        // One more than is returned, to know whether there are more.
        let room = MAX_FOUND + 1 - self.found.len();
        let matches = slice.rows.into_iter().filter(|row| is_match(row, self.only, &self.typed));
        self.found.extend(matches.take(room));
        let more = self.found.len() > MAX_FOUND;
        if !more && !slice.is_last {
            return None;
        }
        let mut rows = std::mem::take(&mut self.found);
        rows.truncate(MAX_FOUND);
        Some(Answer::Found { rows, more })
    }
}

/// Whether a row has one of the statuses, and its key or a text contains what was typed.
fn is_match(row: &Row, only: Option<Statuses>, typed: &str) -> bool {
    let has_status =
        |cell: &Value| matches!((cell, only), (Value::Status(it), Some(only)) if it.0 & only.0 != 0);
    if only.is_some() && !row.cells.iter().any(has_status) {
        return false;
    }
    let texts = row.cells.iter().filter_map(|cell| match cell {
        Value::Text(text, _) => Some(text.untrusted()),
        _ => None,
    });
    std::iter::once(row.key.untrusted()).chain(texts).any(|text| contains(text, typed))
}

/// Whether the start of a text contains what was typed, in any letter case. `typed` is in small letters.
fn contains(text: &str, typed: &str) -> bool {
    let end = (0..=text.len().min(SEARCHED)).rev().find(|end| text.is_char_boundary(*end));
    let text = &text[..end.unwrap_or_default()];
    let text = if text.is_ascii() && !text.bytes().any(|byte| byte.is_ascii_uppercase()) {
        Cow::Borrowed(text)
    } else {
        Cow::Owned(text.to_lowercase())
    };
    text.contains(typed)
}
