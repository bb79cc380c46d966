use unicode_segmentation::UnicodeSegmentation;

use crate::{
    charset::Charset,
    format::char_boundary,
    glyphs::glyphs,
    sanitize::{SafeLine, sanitize, sanitize_whole},
    width_range::PAD,
};

/// Maximum number of bytes at the end of a text that are read for a column.
const BYTES_PER_COLUMN: usize = 16;
/// Minimum number of columns of a text that is cut in the middle: a character on each side of the ellipsis.
const MIN_COLUMNS: usize = 3;

/// Sanitizes `text` to at most `columns` columns. A longer text is cut in the middle, so that both ends remain.
///
/// A port at its end (`:8080`) remains whole. Of the rest three fifths are the start, because the first part of an
/// address or of an identifier distinguishes most.
pub fn cut_middle(text: &str, columns: usize, charset: Charset) -> SafeLine {
    sanitize_whole(text, columns, charset).unwrap_or_else(|| {
        let Some(parts) = Parts::of(text, columns) else { return sanitize(text, columns, charset) };
        parts.cut(parts.room - parts.room * 2 / 5, columns, charset)
    })
}

/// As [`cut_middle`] for a text that does not fit, but the part that begins at the byte `from` remains, because there it
/// differs from similar texts.
pub(super) fn cut_around(text: &str, columns: usize, from: usize, charset: Charset) -> SafeLine {
    let Some(parts) = Parts::of(text, columns).filter(|parts| from < parts.name.len()) else {
        return cut_middle(text, columns, charset);
    };
    let before = &parts.name[..char_boundary(parts.name, from)];
    let before_columns = sanitize_whole(before, parts.room, charset).map(|line| line.width());
    if let Some(before) = before_columns.filter(|before| *before < parts.room) {
        // Up to two columns of the difference.
        return parts.cut((before + 2).min(parts.room), columns, charset);
    }
    let rest = parts.from(char_boundary(parts.name, from.saturating_sub(2)), charset);
    let cut = glyphs(charset).cut;
    sanitize(&format!("{cut}{rest}{}", parts.port), columns, charset)
}

/// A text that is longer than its column.
struct Parts<'a> {
    /// The text without its port.
    name: &'a str,
    port: &'a str,
    /// Columns for the name without the ellipsis.
    room: usize,
}

impl<'a> Parts<'a> {
    /// `None` if there is no room for both ends.
    fn of(text: &'a str, columns: usize) -> Option<Self> {
        let (name, port) = split_port(text);
        let is_cut_in_port = port.len() + MIN_COLUMNS > columns;
        let (name, port) = if is_cut_in_port { (text, "") } else { (name, port) };
        (columns >= MIN_COLUMNS).then(|| Self { name, port, room: columns - port.len() - 1 })
    }

    /// The columns for the name, from the byte `start` on. A shorter rest is filled up with what stands before it.
    fn from(&self, start: usize, charset: Charset) -> String {
        let rest = &self.name[start..];
        if sanitize_whole(rest, self.room, charset).is_some() {
            return last_columns(self.name, self.room, charset);
        }
        let shown = sanitize(rest, self.room + 1, charset);
        shown.strip_suffix(glyphs(charset).cut).unwrap_or(&shown).to_owned()
    }

    /// `head` columns of the name's start, the ellipsis, the end of the name, the port.
    fn cut(&self, head: usize, columns: usize, charset: Charset) -> SafeLine {
        // A name that is longer than these columns ends with an ellipsis.
        let start = sanitize(self.name, head + 1, charset);
        let end = last_columns(self.name, (self.room + 1).saturating_sub(start.width()), charset);
        sanitize(&format!("{}{end}{}", start.as_str(), self.port), columns, charset)
    }
}

/// Splits a port from the end of an address: a colon and one to five digits.
fn split_port(text: &str) -> (&str, &str) {
    let digits = text.bytes().rev().take(6).take_while(u8::is_ascii_digit).count();
    let colon = text.len().saturating_sub(digits + 1);
    let is_port = (1..=5).contains(&digits) && text.as_bytes()[colon] == b':';
    if is_port { text.split_at(colon) } else { (text, "") }
}

/// The end of a text, sanitized, in at most `columns` columns.
fn last_columns(text: &str, columns: usize, charset: Charset) -> String {
    let bytes = columns.saturating_mul(BYTES_PER_COLUMN).min(text.len());
    let from = char_boundary(text, text.len() - bytes);
    let end = sanitize(&text[from..], usize::MAX, charset);
    let mut width = 0;
    let mut start = end.len();
    for (at, cell) in end.grapheme_indices(true).rev() {
        width += sanitize(cell, usize::MAX, charset).width();
        if width > columns {
            break;
        }
        start = at;
    }
    // A no-break space belongs to the cell before it.
    end[start..].trim_start_matches(PAD).to_owned()
}
