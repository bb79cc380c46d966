//! The one way that what a peer wrote takes to the screen: text in, visible and harmless cells out.
//!
//! Peers choose hostnames, messages and the bodies of their answers. Written to a terminal as it came, such text can
//! move the cursor, set the clipboard, reorder a row or hide a part of itself. Here each character either stands as
//! it is, joins the cell before it, or becomes an escape in plain letters, such as `\x1b` or `\u{202e}`, so that
//! whoever looks sees that something was there.
//!
//! A backslash that a peer wrote stays a backslash: `\x1b` on the screen is an ESC or those four letters. Either is
//! harmless, nothing is ever read back from what is shown, and so JSON and paths keep their look and what was shown
//! once is shown the same again.
//!
//! Where the terminal shows [ASCII only](charset), every other character is an escape as well.
//!
//! Right-to-left letters are kept. A terminal that reorders them does so within its row, so a view that puts such
//! text beside other fields gives it a column of fixed width of its own.

use std::{fmt, mem, ops::Deref, str::Chars};

use icu_properties::{
    CodePointMapData, CodePointSetData,
    props::{DefaultIgnorableCodePoint, GeneralCategory},
};
use ratatui::buffer::CellWidth;
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthChar;

use super::{
    charset,
    glyphs::glyphs,
    width_range::{PAD, layout_columns_of},
};

pub mod emoji;

/// Rows that a detail view can be scrolled through at most, which bounds the work of finding the last of them.
pub const MOST_ROWS: usize = 10_000;

/// Combining marks in one cell. Unicode's stream-safe format allows 30; no script that is written needs more than 4.
const MOST_MARKS: usize = 4;
/// Letters that join the first one of a cell, as in Indic conjuncts and decomposed Hangul.
const MOST_LETTERS: usize = 4;

/// Text that may be drawn: one row, without anything that a terminal would interpret or not show.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SafeLine {
    text: String,
    width: usize,
}

/// Shows `text` in one row of up to `max_columns` columns; what does not fit is cut off, with `…` at the end.
///
/// A cell has as many columns as the most generous terminal needs for it. Those that ratatui does not give it are behind it,
/// as no-break spaces.
///
/// The work is bounded by `max_columns`, whatever the length of the text.
pub fn shown(text: &str, max_columns: usize) -> SafeLine {
    row_of(Pieces::new(text), max_columns)
}

/// The same for text that does not stand in columns, as a sentence that is read out: without the no-break spaces.
pub fn spelt(text: &str, max_columns: usize) -> String {
    row_of(Pieces { is_padded: false, ..Pieces::new(text) }, max_columns).text
}

fn row_of(mut pieces: Pieces<'_>, max_columns: usize) -> SafeLine {
    let mut row = SafeLine::default();
    // Where the row is cut if it turns out too long: there is room for the `…` behind it.
    let mut cut = row.end();
    while let Some(width) = pieces.write_next(&mut row.text) {
        row.width += width;
        if row.width > max_columns {
            row.truncate(cut);
            if max_columns > 0 {
                row.push_cut();
            }
            break;
        }
        if row.width < max_columns {
            cut = row.end();
        }
    }
    row
}

/// Shows `text` in rows of up to `columns` columns, of which it returns those from `skip` on, `rows` at most.
///
/// Rows end at line breaks, else behind the last space that fits, else at the last cell that fits. There are
/// [`MOST_ROWS`] rows at most; of a longer text the last row is `…`. The work is bounded by `skip + rows` rows.
pub fn shown_lines(text: &str, columns: usize, skip: usize, rows: usize) -> Vec<SafeLine> {
    Rows::new(text, columns).skip(skip).take(rows).collect()
}

impl SafeLine {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// How many columns it takes when ratatui draws it, pads included.
    ///
    /// This is the sum of its cells' widths, which `unicode-width` reckons smaller for a whole string where letters
    /// of two cells can form a ligature (Arabic lam and alef, say); on a grid they don't.
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

    fn push_cut(&mut self) {
        self.text.push(glyphs().cut);
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

/// A place in a row to go back to.
#[derive(Debug, Clone, Copy)]
struct End {
    length: usize,
    width: usize,
}

/// The rows of a text.
struct Rows<'a> {
    /// `None` behind the last row.
    rest: Option<&'a str>,
    columns: usize,
    number: usize,
}

impl<'a> Rows<'a> {
    fn new(text: &'a str, columns: usize) -> Self {
        Self { rest: (columns > 0).then_some(text), columns, number: 0 }
    }
}

impl Iterator for Rows<'_> {
    type Item = SafeLine;

    fn next(&mut self) -> Option<SafeLine> {
        let mut row = SafeLine::default();
        self.rest = fill_row(self.rest?, self.columns, &mut row);
        self.number += 1;
        if self.number == MOST_ROWS && self.rest.take().is_some() {
            row = SafeLine::default();
            row.push_cut();
        }
        Some(row)
    }
}

/// Fills one row from the beginning of `text` and returns what is for the next, if there is a next.
fn fill_row<'a>(text: &'a str, columns: usize, row: &mut SafeLine) -> Option<&'a str> {
    let mut pieces = Pieces::new(text);
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
        // Not even a whole row holds this piece.
        row.push_cut();
        return behind_break(pieces.rest());
    }
}

/// What is for the next row when one is full.
fn behind_break(rest: &str) -> Option<&str> {
    if rest.is_empty() { None } else { strip_line_break(rest).or(Some(rest)) }
}

fn strip_line_break(text: &str) -> Option<&str> {
    text.strip_prefix('\n').or_else(|| text.strip_prefix("\r\n"))
}

/// A text in pieces that are not broken up: a cell as the renderer will make it, or an escape.
struct Pieces<'a> {
    rest: Chars<'a>,
    /// Whether the next character would join the last cell but must not.
    is_turned_away: bool,
    /// Whether the columns that terminals may need behind a cell are written.
    is_padded: bool,
}

impl<'a> Pieces<'a> {
    fn new(text: &'a str) -> Self {
        Self { rest: text.chars(), is_turned_away: false, is_padded: true }
    }

    fn rest(&self) -> &'a str {
        self.rest.as_str()
    }

    /// Appends the next piece to `out` and returns how many columns it takes.
    fn write_next(&mut self, out: &mut String) -> Option<usize> {
        let first = self.rest.next()?;
        let start = out.len();
        let is_alone = is_half_a_flag(first) && !self.rest.clone().next().is_some_and(is_half_a_flag);
        if mem::take(&mut self.is_turned_away) || is_alone || !is_base(first) {
            write_escape(first, out);
            return Some(out.len() - start);
        }
        out.push(first);
        self.skip_emoji(first);
        let mut cell = Cell { start, width: columns(first), marks: 0, letters: 0 };
        while let Some(next) = self.rest.clone().next() {
            match cell.take(next, out) {
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
    /// Fills the columns up that ratatui does not give to a cell. What was shown once has the pads already.
    fn pad(&mut self, columns: usize, out: &mut String) {
        for _ in 0..columns {
            out.push(PAD);
            let rest = self.rest.as_str();
            self.rest = rest.strip_prefix(PAD).unwrap_or(rest).chars();
        }
    }

    /// Leaves out what makes a sequence of the emoji `first`.
    fn skip_emoji(&mut self, first: char) {
        if !charset::is_ascii() {
            let rest = self.rest.as_str();
            self.rest = rest[emoji::tail(first, rest)..].chars();
        }
    }
}

/// A cell that is being put together.
struct Cell {
    start: usize,
    width: usize,
    marks: usize,
    letters: usize,
}

/// What becomes of a character behind a cell.
enum Joining {
    /// It is in the cell now.
    Joined,
    /// The renderer would put it into the cell, where it must not be.
    TurnedAway,
    /// It is a piece of its own.
    Apart,
}

impl Cell {
    /// Takes `next` into the cell, which stands at the end of `out`, if the renderer will take it for a part of it.
    fn take(&mut self, next: char, out: &mut String) -> Joining {
        if next.is_ascii() || charset::is_ascii() {
            return Joining::Apart;
        }
        let before = out.len();
        out.push(next);
        let cell = &out[self.start..];
        if !is_one_cell(cell) {
            out.truncate(before);
            return Joining::Apart;
        }
        // The pads make up for what ratatui reckons less for marks and letters together. Anything else that is not as
        // wide as its characters together (an emoji with a skin tone, say) comes apart.
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

/// Whether a cell can begin with this character.
fn is_base(c: char) -> bool {
    if c.is_ascii() {
        return !c.is_ascii_control();
    }
    if charset::is_ascii() {
        return false;
    }
    // Without a base of its own, what joins would stand upon the last character of an escape or of another field.
    !is_hidden(c) && matches!(c.width(), Some(1 | 2)) && !joins_any(c)
}

/// Whether the renderer joins this character to whatever stands before it.
fn joins_any(c: char) -> bool {
    let mut pair = [b'x'; 5];
    let length = 1 + c.encode_utf8(&mut pair[1..]).len();
    str::from_utf8(&pair[..length]).is_ok_and(is_one_cell)
}

/// Whether two of these are a flag. One alone would be a flag with one of another field.
fn is_half_a_flag(c: char) -> bool {
    ('\u{1f1e6}'..='\u{1f1ff}').contains(&c)
}

fn is_one_cell(text: &str) -> bool {
    text.graphemes(true).nth(1).is_none()
}

/// The columns that a character takes, in every cell.
fn columns(c: char) -> usize {
    layout_columns_of(c).into()
}

/// Whether a terminal acts on the character or may show nothing of it, not even the gap that a space makes.
pub fn is_hidden(c: char) -> bool {
    use GeneralCategory as Category;
    if c.is_ascii() {
        return c.is_ascii_control();
    }
    let is_not_drawn = matches!(
        CodePointMapData::<Category>::new().get(c),
        Category::Control
            | Category::Format
            | Category::LineSeparator
            | Category::ParagraphSeparator
            | Category::PrivateUse
            | Category::Surrogate
            | Category::Unassigned
    );
    is_not_drawn || CodePointSetData::new::<DefaultIgnorableCodePoint>().contains(c)
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
