//! Sanitizes untrusted text for the screen: visible and harmless cells only. All text of peers goes through here.
//!
//! Peers choose hostnames, messages and the bodies of their responses. Written to a terminal unchanged, such text can
//! move the cursor, set the clipboard, reorder a row or hide a part of itself. Here each character is kept, joins the
//! cell before it, or becomes a visible escape such as `\x1b` or `\u{202e}`.
//!
//! A backslash of a peer stays a backslash, so `\x1b` on the screen is either an ESC or those four letters. Both are
//! harmless, because the output is never parsed. So JSON and paths keep their look, and sanitizing is idempotent.
//!
//! In [ASCII](Charset::Ascii) every other character is an escape as well.
//!
//! Right-to-left letters are kept. A terminal reorders them only within their row, so a view that puts such text beside
//! other fields gives it a column of fixed width.

use std::{fmt, mem, ops::Deref, str::Chars};

pub use clacks_feed::escape::is_hidden;
use icu_properties::{CodePointMapData, props::GeneralCategory};
use ratatui::buffer::CellWidth;
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthChar;

use super::{
    charset::Charset,
    glyphs::glyphs,
    width_range::{PAD, layout_columns_of},
};

mod emoji;

/// Maximum number of rows in a detail view, which bounds the work of finding the last of them.
pub const MOST_ROWS: usize = 10_000;

/// Maximum number of combining marks in one cell. Unicode's stream-safe format allows 30; no script in use needs more
/// than 4.
const MOST_MARKS: usize = 4;
/// Maximum number of letters that join the first one of a cell, as in Indic conjuncts and decomposed Hangul.
const MOST_LETTERS: usize = 4;

/// Sanitized text of one row, without characters that a terminal interprets or hides.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SafeLine {
    text: String,
    width: usize,
}

/// Sanitizes `text` to one row of at most `max_columns` columns. A longer text is cut and ends with `…`.
///
/// A cell gets the maximum of columns that any terminal needs for it. Columns that ratatui does not count are added
/// behind it as no-break spaces.
///
/// The work is bounded by `max_columns`, not by the length of the text.
pub fn sanitize(text: &str, max_columns: usize, charset: Charset) -> SafeLine {
    row_of(Pieces::new(text, charset), max_columns).0
}

/// As [`sanitize`], but `None` for a text that has more than `max_columns` columns.
pub fn sanitize_whole(text: &str, max_columns: usize, charset: Charset) -> Option<SafeLine> {
    let (row, is_cut) = row_of(Pieces::new(text, charset), max_columns);
    (!is_cut).then_some(row)
}

/// As [`sanitize`], without the no-break spaces, for text that is read out and not laid out in columns.
pub fn sanitize_unpadded(text: &str, max_columns: usize, charset: Charset) -> String {
    row_of(Pieces { is_padded: false, ..Pieces::new(text, charset) }, max_columns).0.text
}

/// One row, and whether the text is longer.
fn row_of(mut pieces: Pieces<'_>, max_columns: usize) -> (SafeLine, bool) {
    let mut row = SafeLine::default();
    pieces.write_plain(&mut row, max_columns.saturating_sub(1));
    // The position for a cut: there is space for the `…` after it.
    let mut cut = row.end();
    while let Some(width) = pieces.write_next(&mut row.text) {
        row.width += width;
        if row.width > max_columns {
            row.truncate(cut);
            if max_columns > 0 {
                row.push_cut(pieces.charset);
            }
            return (row, true);
        }
        if row.width < max_columns {
            cut = row.end();
        }
    }
    (row, false)
}

/// Sanitizes `text` to rows of at most `columns` columns, and returns at most `rows` of them from row `skip` on.
///
/// Rows end at line breaks, else behind the last space that fits, else at the last cell that fits. There are at most
/// [`MOST_ROWS`] rows; the last row of a longer text is `…`. The work is bounded by `skip + rows` rows.
pub fn sanitize_lines(
    text: &str,
    columns: usize,
    skip: usize,
    rows: usize,
    charset: Charset,
) -> Vec<SafeLine> {
    Rows::new(text, columns, charset).skip(skip).take(rows).collect()
}

impl SafeLine {
    /// The sanitized text.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Number of columns when ratatui draws it, including padding.
    ///
    /// This is the sum of the cells' widths. For a whole string `unicode-width` gives less if letters of two cells can
    /// form a ligature (such as Arabic lam and alef), which a grid does not draw.
    pub fn width(&self) -> usize {
        self.width
    }

    fn end(&self) -> End {
        End { length: self.text.len(), width: self.width }
    }

    fn truncate(&mut self, end: End) {
        self.text.truncate(end.length);
        self.width = end.width;
    }

    fn push_cut(&mut self, charset: Charset) {
        self.text.push(glyphs(charset).cut);
        self.width += 1;
    }
}

impl Deref for SafeLine {
    type Target = str;

    fn deref(&self) -> &str {
        self.as_str()
    }
}

impl AsRef<str> for SafeLine {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

impl fmt::Display for SafeLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A position in a row.
#[derive(Debug, Clone, Copy)]
struct End {
    length: usize,
    width: usize,
}

/// The rows of a text.
struct Rows<'a> {
    /// The remaining text; `None` after the last row.
    rest: Option<&'a str>,
    columns: usize,
    charset: Charset,
    number: usize,
}

impl<'a> Rows<'a> {
    fn new(text: &'a str, columns: usize, charset: Charset) -> Self {
        Self { rest: (columns > 0).then_some(text), columns, charset, number: 0 }
    }
}

impl Iterator for Rows<'_> {
    type Item = SafeLine;

    fn next(&mut self) -> Option<SafeLine> {
        let mut row = SafeLine::default();
        self.rest = fill_row(self.rest?, self.columns, self.charset, &mut row);
        self.number += 1;
        if self.number == MOST_ROWS && self.rest.take().is_some() {
            row = SafeLine::default();
            row.push_cut(self.charset);
        }
        Some(row)
    }
}

/// Fills one row from the start of `text`. Returns the text for the next row; `None` after the last one.
fn fill_row<'a>(text: &'a str, columns: usize, charset: Charset, row: &mut SafeLine) -> Option<&'a str> {
    let mut pieces = Pieces::new(text, charset);
    let mut behind_space = None;
    loop {
        let (end, rest) = (row.end(), pieces.rest());
        if let Some(next_line) = strip_line_break(rest) {
            return Some(next_line);
        }
        let width = pieces.write_next(&mut row.text)?;
        let is_space = &row.text[end.length..] == " ";
        row.width += width;
        if row.width <= columns {
            if is_space {
                behind_space = Some((row.end(), pieces.rest()));
            }
            continue;
        }
        if is_space {
            row.truncate(end);
            return behind_break(pieces.rest());
        }
        let (end, rest) = behind_space.unwrap_or((end, rest));
        row.truncate(end);
        if end.length > 0 {
            return Some(rest);
        }
        // The piece is wider than a whole row.
        row.push_cut(charset);
        return behind_break(pieces.rest());
    }
}

/// The remaining text after a full row; one line break is removed.
fn behind_break(rest: &str) -> Option<&str> {
    if rest.is_empty() { None } else { strip_line_break(rest).or(Some(rest)) }
}

fn strip_line_break(text: &str) -> Option<&str> {
    text.strip_prefix('\n').or_else(|| text.strip_prefix("\r\n"))
}

/// Splits a text into pieces that are not divided: the cells of the renderer, and escapes.
struct Pieces<'a> {
    rest: Chars<'a>,
    charset: Charset,
    /// Whether the next character would join the last cell but is not allowed to.
    is_turned_away: bool,
    /// Whether cells are padded to the maximum width of any terminal.
    is_padded: bool,
}

impl<'a> Pieces<'a> {
    fn new(text: &'a str, charset: Charset) -> Self {
        Self { rest: text.chars(), charset, is_turned_away: false, is_padded: true }
    }

    fn rest(&self) -> &'a str {
        self.rest.as_str()
    }

    /// Appends at most `max_columns` of the ASCII characters that the text starts with. Such a character is a cell of one
    /// column, except for the last one: the character behind it can join it.
    fn write_plain(&mut self, row: &mut SafeLine, max_columns: usize) {
        let rest = self.rest();
        let plain = rest.bytes().take(max_columns + 1).take_while(|byte| matches!(byte, b' '..=b'~')).count();
        let (plain, rest) = rest.split_at(plain.saturating_sub(1).min(max_columns));
        row.text.push_str(plain);
        row.width += plain.len();
        self.rest = rest.chars();
    }

    /// Appends the next piece to `out`. Returns its width in columns; `None` at the end.
    fn write_next(&mut self, out: &mut String) -> Option<usize> {
        let first = self.rest.next()?;
        let start = out.len();
        let is_alone = is_half_a_flag(first) && !self.rest.clone().next().is_some_and(is_half_a_flag);
        if mem::take(&mut self.is_turned_away) || is_alone || !is_base(first, self.charset) {
            write_escape(first, out);
            return Some(out.len() - start);
        }
        out.push(first);
        self.skip_emoji(first);
        let mut cell = Cell { start, width: columns(first), marks: 0, letters: 0 };
        while let Some(next) = self.rest.clone().next() {
            match cell.take(next, self.charset, out) {
                Joining::Joined => self.rest.next(),
                Joining::TurnedAway => {
                    self.is_turned_away = true;
                    break;
                }
                Joining::Apart => break,
            };
        }
        if self.is_padded {
            let reckoned = usize::from(out[start..].cell_width());
            self.pad(cell.width.saturating_sub(reckoned), out);
        }
        Some(cell.width)
    }
}

impl Pieces<'_> {
    /// Pads a cell to the columns that terminals can need. Text that was sanitized before has the padding already.
    fn pad(&mut self, columns: usize, out: &mut String) {
        for _ in 0..columns {
            out.push(PAD);
            let rest = self.rest.as_str();
            self.rest = rest.strip_prefix(PAD).unwrap_or(rest).chars();
        }
    }

    /// Skips the rest of an emoji sequence that starts with `first`.
    fn skip_emoji(&mut self, first: char) {
        if !self.charset.is_ascii() {
            let rest = self.rest.as_str();
            self.rest = rest[emoji::tail(first, rest)..].chars();
        }
    }
}

/// The cell that is being composed.
struct Cell {
    start: usize,
    width: usize,
    marks: usize,
    letters: usize,
}

/// The treatment of the character after a cell.
enum Joining {
    /// It was added to the cell.
    Joined,
    /// The renderer would add it to the cell, but that is not allowed.
    TurnedAway,
    /// It starts a new piece.
    Apart,
}

impl Cell {
    /// Adds `next` to the cell at the end of `out`, if the renderer joins it and the cell has space.
    fn take(&mut self, next: char, charset: Charset, out: &mut String) -> Joining {
        if next.is_ascii() || charset.is_ascii() {
            return Joining::Apart;
        }
        let before = out.len();
        out.push(next);
        let cell = &out[self.start..];
        if !is_one_cell(cell) {
            out.truncate(before);
            return Joining::Apart;
        }
        // Padding compensates if ratatui counts fewer columns for marks and letters together. Other combinations that
        // are narrower than the sum of their characters (such as an emoji with a skin tone) are split.
        let width = self.width + columns(next);
        let reckoned = usize::from(cell.cell_width());
        let fits = reckoned == width || reckoned < width && (is_mark(next) || next.is_alphabetic());
        if is_hidden(next) || !fits || !self.has_room_for(next) {
            out.truncate(before);
            return Joining::TurnedAway;
        }
        self.width = width;
        Joining::Joined
    }

    fn has_room_for(&mut self, next: char) -> bool {
        let (count, most) =
            if is_mark(next) { (&mut self.marks, MOST_MARKS) } else { (&mut self.letters, MOST_LETTERS) };
        *count += 1;
        *count <= most
    }
}

/// Whether a cell can start with this character.
fn is_base(c: char, charset: Charset) -> bool {
    if c.is_ascii() {
        return !c.is_ascii_control();
    }
    if charset.is_ascii() {
        return false;
    }
    // Without its own base, a joining character would join the last character of an escape or of another field.
    !is_hidden(c) && matches!(c.width(), Some(1 | 2)) && !joins_any(c)
}

/// Whether the renderer joins this character to the one before it.
fn joins_any(c: char) -> bool {
    let mut pair = [b'x'; 5];
    let length = 1 + c.encode_utf8(&mut pair[1..]).len();
    str::from_utf8(&pair[..length]).is_ok_and(is_one_cell)
}

/// Whether the character is a regional indicator, two of which form a flag. A single one could form a flag with another
/// field.
fn is_half_a_flag(c: char) -> bool {
    ('\u{1f1e6}'..='\u{1f1ff}').contains(&c)
}

fn is_one_cell(text: &str) -> bool {
    text.graphemes(true).nth(1).is_none()
}

/// Width of a character in columns.
fn columns(c: char) -> usize {
    layout_columns_of(c).into()
}

fn is_mark(c: char) -> bool {
    use GeneralCategory as Category;
    let category = CodePointMapData::<Category>::new().get(c);
    matches!(category, Category::NonspacingMark | Category::SpacingMark | Category::EnclosingMark)
}

fn write_escape(c: char, out: &mut String) {
    match c {
        '\n' | '\r' | '\t' => out.extend(c.escape_default()),
        c if c.is_control() => {
            let digits = [u32::from(c) >> 4, u32::from(c) & 0xf];
            out.push_str("\\x");
            out.extend(digits.into_iter().filter_map(|digit| char::from_digit(digit, 16)));
        }
        c => out.extend(c.escape_unicode()),
    }
}

#[cfg(test)]
mod tests;
