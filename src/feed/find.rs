//! Search for items by what was typed, for completion.

use std::borrow::Cow;

use crate::{Answer, Find, Network, Row, Statuses, Value, description::Description, walk::Walk};

/// Maximum items that a search returns.
pub const MAX_FOUND: usize = 64;
/// Bytes of a text that are searched.
const SEARCHED: usize = 512;

/// A search that is carried out slice by slice.
pub(crate) struct Search {
    walk: Walk,
    /// `None`: any status.
    only: Option<Statuses>,
    /// In small letters.
    typed: String,
    /// What was found, by its [`Match`]. At most one more than is returned, to know whether there are more.
    found: [Vec<Row>; 3],
}

/// How a row matches what was typed, best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Match {
    /// Its key begins so.
    Begins,
    /// Its key or a text contains it.
    Contains,
    /// Its key has the same characters in this order.
    Letters,
}

impl Search {
    pub(crate) fn new(find: &Find, description: &Description) -> Self {
        let ids = find.only.iter().filter_map(|name| description.status_id(name.as_str()));
        Self {
            walk: Walk::new(find.list, None),
            only: (!find.only.is_empty()).then(|| ids.collect()),
            typed: find.typed.untrusted().to_lowercase(),
            found: [const { Vec::new() }; 3],
        }
    }

    /// Searches the next slice of the list. Returns the answer at the end, or once there is no room for better rows.
    pub(crate) fn advance(&mut self, network: &dyn Network) -> Option<Answer> {
        let slice = self.walk.next(network);
        for row in slice.rows {
            let Some(found) = match_of(&row, self.only, &self.typed) else { continue };
            let found = &mut self.found[found as usize];
            if found.len() <= MAX_FOUND {
                found.push(row);
            }
        }
        if self.found[Match::Begins as usize].len() <= MAX_FOUND && !slice.is_last {
            return None;
        }
        let found = std::mem::replace(&mut self.found, [const { Vec::new() }; 3]);
        let mut rows = found.into_iter().find(|rows| !rows.is_empty()).unwrap_or_default();
        let more = rows.len() > MAX_FOUND;
        rows.truncate(MAX_FOUND);
        Some(Answer::Found { rows, more })
    }
}

/// How a row with one of the statuses matches what was typed. `None`: not at all.
fn match_of(row: &Row, only: Option<Statuses>, typed: &str) -> Option<Match> {
    let has_status =
        |cell: &Value| matches!((cell, only), (Value::Status(it), Some(only)) if it.0 & only.0 != 0);
    if only.is_some() && !row.cells.iter().any(has_status) {
        return None;
    }
    let texts = row.cells.iter().filter_map(|cell| match cell {
        Value::Text(text, _) => Some(text.untrusted()),
        _ => None,
    });
    let key = in_small_letters(row.key.untrusted());
    if key.starts_with(typed) {
        Some(Match::Begins)
    } else if key.contains(typed) || texts.into_iter().any(|text| in_small_letters(text).contains(typed)) {
        Some(Match::Contains)
    } else {
        has_letters(&key, typed).then_some(Match::Letters)
    }
}

/// The start of a text in small letters.
fn in_small_letters(text: &str) -> Cow<'_, str> {
    let end = (0..=text.len().min(SEARCHED)).rev().find(|end| text.is_char_boundary(*end));
    let text = &text[..end.unwrap_or_default()];
    if text.is_ascii() && !text.bytes().any(|byte| byte.is_ascii_uppercase()) {
        Cow::Borrowed(text)
    } else {
        Cow::Owned(text.to_lowercase())
    }
}

/// Whether a text has these characters in this order.
fn has_letters(text: &str, letters: &str) -> bool {
    let mut text = text.chars();
    letters.chars().all(|wanted| text.any(|letter| letter == wanted))
}
