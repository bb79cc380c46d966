//! Column widths of a cell's text across terminals.
//!
//! Terminals compute widths with different tables. The tables differ by the version of Unicode, by the setting for
//! characters of ambiguous width, and in the treatment of character sequences. So a width is a range here, computed by
//! rules over Unicode properties. A test compares the rules with the tables of other programs.
//!
//! | class | widths | what is done |
//! |---|---|---|
//! | certain | the same in all tables | written like ASCII |
//! | narrow at least: signs, frames, Latin, Greek, Cyrillic | 1, or 2 where ambiguous is wide | the next cell is placed absolutely and written again, because a placeholder would spoil most languages and all lines |
//! | uncertain: all others, and several characters together | 0 or 1 for a mark, 1 or 2 for the rest | the columns are blanked first as well, because they may be left as they were; text has blanks behind such a cell, up to the columns of [`layout_columns_of`], which are not written again |
//! | one that a terminal may join to the cell before it | | replaced by `?`, because the terminal may draw it there |
//! | uncertain, and the range ends beyond the right edge | | replaced by `?`, because the terminal may go on in the next row |

use icu_properties::{
    CodePointMapData, CodePointSetData,
    props::{EastAsianWidth, Emoji, GeneralCategory},
};
use ratatui::buffer::CellWidth;
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthChar;

/// Ranges of characters with the same width in every table: Braille in one column, East Asian letters in two.
const CERTAIN: [(char, char); 7] = [
    ('\u{2800}', '\u{28ff}'),
    ('\u{3041}', '\u{3096}'),
    ('\u{30a1}', '\u{30fa}'),
    ('\u{4e00}', '\u{9fa5}'),
    ('\u{ac00}', '\u{d7a3}'),
    ('\u{ff01}', '\u{ff5e}'),
    ('\u{ffe0}', '\u{ffe3}'),
];

/// Ranges of characters that are in Unicode for so long that every terminal draws them: Latin, Greek, Cyrillic;
/// punctuation; arrows, mathematics, box drawing, blocks and shapes.
const DRAWN: [(char, char); 4] =
    [('\u{a0}', '\u{52f}'), ('\u{2010}', '\u{2027}'), ('\u{2190}', '\u{2426}'), ('\u{2440}', '\u{25ff}')];
/// Blocks of punctuation and symbols. Some tables treat more of them as ambiguous than the Unicode property does.
const SIGNS: (char, char) = ('\u{2010}', '\u{2bff}');

/// The ranges of [`DRAWN`] without marks: arrows, mathematics, box drawing, blocks and shapes. They fill most cells of a
/// frame that are not ASCII, so no property is looked up for them.
const SHAPES: [(char, char); 2] = [DRAWN[2], DRAWN[3]];
/// Box drawing and blocks, which every table that draws ambiguous characters narrow draws in one column.
const BOXES: [(char, char); 1] = [('\u{2500}', '\u{259f}')];

/// The padding for columns that terminals can need for a cell and ratatui does not count: a no-break space.
pub const PAD: char = '\u{a0}';

/// Marks above letters and medial letters of Hangul that are missing in tables of Unicode 8. Some of those tables use
/// one column for them. All marks of the higher planes are included.
const LATE: [(char, char); 24] = [
    ('\u{5c8}', '\u{5c9}'),
    ('\u{7fd}', '\u{7fd}'),
    ('\u{897}', '\u{89f}'),
    ('\u{8ca}', '\u{8e1}'),
    ('\u{9fe}', '\u{9fe}'),
    ('\u{afa}', '\u{aff}'),
    ('\u{b53}', '\u{b55}'),
    ('\u{c04}', '\u{c04}'),
    ('\u{c3c}', '\u{c3c}'),
    ('\u{d00}', '\u{d00}'),
    ('\u{d3b}', '\u{d3c}'),
    ('\u{d81}', '\u{d81}'),
    ('\u{eba}', '\u{eba}'),
    ('\u{ece}', '\u{ece}'),
    ('\u{1885}', '\u{1886}'),
    ('\u{1abf}', '\u{1aff}'),
    ('\u{1df6}', '\u{1dfb}'),
    ('\u{a82c}', '\u{a82c}'),
    ('\u{a8c5}', '\u{a8c5}'),
    ('\u{a8ff}', '\u{a8ff}'),
    ('\u{a9bd}', '\u{a9bd}'),
    ('\u{d7b0}', '\u{d7c6}'),
    ('\u{d7cb}', '\u{d7fb}'),
    ('\u{10000}', '\u{10ffff}'),
];
/// Letters of Hangul, and vowels that join them in some versions of Unicode. The next character can join a single one.
const HANGUL: [(char, char); 4] = [
    ('\u{1100}', '\u{11ff}'),
    ('\u{a960}', '\u{a97c}'),
    ('\u{ac00}', '\u{d7fb}'),
    ('\u{16d63}', '\u{16d6a}'),
];
/// Symbols that are wide in some table even if ambiguous characters are narrow.
const WIDE_IN_SOME: [(char, char); 3] =
    [('\u{3248}', '\u{324f}'), ('\u{1f93b}', '\u{1f93b}'), ('\u{1f946}', '\u{1f946}')];

/// Whether every terminal uses the same number of columns for a cell's text as this program.
pub fn is_certain(symbol: &str) -> bool {
    symbol.len() <= 1 || single(symbol).is_some_and(|c| is_in(c, &CERTAIN))
}

/// Whether every terminal uses at least one column for the text of a one-column cell.
pub fn is_drawn(symbol: &str) -> bool {
    is_certain(symbol) || single(symbol).is_some_and(|c| is_in(c, &DRAWN) && !is_mark(c))
}

/// Whether a terminal can join the text of a cell and of the next one into one cell, as a letter joined to the one
/// before. Some terminals check the cell left of the cursor even after the cursor was moved.
pub fn joins(symbol: &str, next: &str) -> bool {
    let ends_open = single(symbol).is_none_or(|c| is_in(c, &HANGUL));
    if !ends_open || symbol.is_ascii() || next.is_ascii() {
        return false;
    }
    let boundary = symbol.len();
    let both = format!("{symbol}{next}");
    both.grapheme_indices(true).all(|(at, _)| at != boundary)
}

/// Whether a terminal can join any next cell to this one.
pub fn is_open(symbol: &str) -> bool {
    ["\u{915}", "\u{1100}", "\u{16d63}"].iter().any(|next| joins(symbol, next))
}

/// Maximum number of columns that any terminal uses for a cell's text.
pub fn max_terminal_columns(symbol: &str) -> u16 {
    symbol.chars().map(max_terminal_columns_of).fold(0, u16::saturating_add)
}

/// Maximum number of columns that any terminal uses for a character. No table has wide marks.
pub(crate) fn max_terminal_columns_of(c: char) -> u16 {
    if is_in(c, &SHAPES) {
        return 2;
    }
    if c.is_ascii() || is_mark(c) && !is_wide(c) || is_in(c, &CERTAIN[..1]) {
        return 1;
    }
    let is_emoji = CodePointSetData::new::<Emoji>().contains(c);
    let width = CodePointMapData::<EastAsianWidth>::new().get(c);
    // Characters of these planes are pictographs or East Asian letters, which are wide in tables that know them.
    let may_be_wide = width == EastAsianWidth::Ambiguous || is_wide(c) || c >= '\u{16000}';
    let is_sign = is_emoji || is_in(c, &DRAWN) || is_in(c, &[SIGNS]);
    if may_be_wide || is_sign || c.width() == Some(2) { 2 } else { 1 }
}

/// Number of columns that the layout reserves for a character: the maximum of all terminals that draw ambiguous
/// characters narrow. With wide ambiguous characters no Greek or Cyrillic text would fit.
pub fn layout_columns_of(c: char) -> u16 {
    use GeneralCategory as Category;
    if c.is_ascii() || is_in(c, &BOXES) {
        return 1;
    }
    let needed = match CodePointMapData::<Category>::new().get(c) {
        Category::SpacingMark if is_wide(c) => 2,
        Category::SpacingMark => 1,
        Category::NonspacingMark | Category::EnclosingMark | Category::OtherLetter => is_in(c, &LATE).into(),
        _ if is_in(c, &WIDE_IN_SOME) => 2,
        _ => 0,
    };
    c.width().and_then(|width| u16::try_from(width).ok()).unwrap_or(0).max(needed)
}

/// Number of columns that the layout reserves for a cell's text.
pub fn layout_columns(symbol: &str) -> u16 {
    let columns = symbol.chars().map(layout_columns_of).fold(0, u16::saturating_add);
    columns.max(symbol.cell_width())
}

fn is_wide(c: char) -> bool {
    let width = CodePointMapData::<EastAsianWidth>::new().get(c);
    matches!(width, EastAsianWidth::Wide | EastAsianWidth::Fullwidth)
}

fn single(symbol: &str) -> Option<char> {
    let mut chars = symbol.chars();
    chars.next().filter(|_| chars.next().is_none())
}

fn is_in(c: char, ranges: &[(char, char)]) -> bool {
    ranges.iter().any(|(first, last)| (*first..=*last).contains(&c))
}

fn is_mark(c: char) -> bool {
    use GeneralCategory as Category;
    let category = CodePointMapData::<Category>::new().get(c);
    matches!(category, Category::NonspacingMark | Category::SpacingMark | Category::EnclosingMark)
}

#[cfg(test)]
mod tests {
    use clacks_terminal::emulator::tables;

    use super::*;
    use crate::{
        charset::Charset,
        sanitize::{is_hidden, sanitize},
    };

    /// All characters that can start a cell.
    fn bases() -> impl Iterator<Item = char> {
        let all = (0x20..0x3_4000).chain(0xe_0000..0xe_1000).filter_map(char::from_u32);
        all.filter(|c| {
            let row = sanitize(c.encode_utf8(&mut [0; 4]), 20, Charset::Unicode);
            row.chars().eq([*c])
        })
    }

    #[test]
    fn characters_without_a_lookup_have_the_width_of_their_properties() {
        for c in SHAPES.into_iter().flat_map(|(first, last)| first..=last) {
            assert!(!is_mark(c), "{c:?}");
        }
        for c in BOXES.into_iter().flat_map(|(first, last)| first..=last) {
            assert_eq!(c.width(), Some(1), "{c:?}");
            assert!(!is_mark(c) && !is_in(c, &WIDE_IN_SOME), "{c:?}");
        }
    }

    #[test]
    fn every_width_table_is_within_the_ranges() {
        let mut wrong = Vec::new();
        for c in bases() {
            let text = c.to_string();
            let ours = text.cell_width();
            for table in tables() {
                // A terminal does not draw characters that its table lacks.
                let Some(width) = table.of(c) else { continue };
                let is_right = if is_certain(&text) {
                    width == ours
                } else {
                    width > 0 && width <= max_terminal_columns(&text) && ours <= max_terminal_columns(&text)
                };
                if !is_right {
                    wrong.push(format!("{} gives U+{:04X} {width}, not {ours}", table.name, u32::from(c)));
                }
            }
        }
        assert!(wrong.is_empty(), "{} wrong: {:#?}", wrong.len(), &wrong[..wrong.len().min(400)]);
    }

    #[test]
    fn the_layout_reserves_enough_columns_for_every_narrow_table() {
        let mut wrong = Vec::new();
        let tables: Vec<_> = tables().into_iter().filter(|table| !table.is_measured_alone).collect();
        // A character that is escaped here is escaped everywhere.
        let is_escaped = |c: char| sanitize(&format!("\u{915}{c}"), 40, Charset::Unicode).contains('\\');
        for c in ('\u{80}'..='\u{3ffff}').filter(|c| !is_escaped(*c)) {
            let columns = layout_columns_of(c);
            // Wider characters are escaped.
            assert!(columns <= max_terminal_columns_of(c) || columns > 2, "{c:?} {columns}");
            // Marks are never ambiguous.
            for table in tables.iter().filter(|table| is_mark(c) || !table.is_ambiguous_wide) {
                let width = table.of(c).unwrap_or(0);
                if width > columns {
                    wrong.push(format!("{} gives U+{:04X} {width}", table.name, u32::from(c)));
                }
            }
        }
        assert!(wrong.is_empty(), "{} wrong: {:#?}", wrong.len(), &wrong[..wrong.len().min(400)]);
    }

    #[test]
    fn characters_drawn_everywhere_are_in_every_table() {
        for c in bases().filter(|c| is_drawn(&c.to_string())) {
            for table in tables() {
                assert!(table.of(c).is_some_and(|width| width > 0), "{} lacks {c:?}", table.name);
            }
        }
    }

    #[test]
    fn a_mark_is_not_wider_than_its_maximum() {
        for c in ('\u{300}'..='\u{3ffff}').filter(|c| is_mark(*c) && !is_hidden(*c)) {
            for table in tables() {
                let width = table.of(c).unwrap_or(0);
                assert!(width <= max_terminal_columns_of(c), "{} gives {c:?} {width}", table.name);
            }
        }
    }
}
