//! Symbols in Unicode and in ASCII.
//!
//! Text uses the symbols of [`glyphs`]. Drawings (rules, bars, maps) always use Unicode; [`to_ascii`] replaces them
//! cell by cell at the end of a frame.

use ratatui::buffer::Buffer;

use super::charset::Charset;

/// Symbols for text.
#[derive(Debug, PartialEq, Eq)]
pub struct Glyphs {
    /// The ellipsis behind cut text; one column.
    pub cut: char,
    /// The multiplication sign before a number of repetitions.
    pub times: &'static str,
    /// The arrow between an old and a new value.
    pub becomes: &'static str,
    /// The separator between unrelated parts.
    pub apart: &'static str,
}

const UNICODE: Glyphs = Glyphs { cut: '\u{2026}', times: "\u{d7}", becomes: "\u{2192}", apart: "\u{b7}" };

const ASCII: Glyphs = Glyphs { cut: '~', times: "x", becomes: "->", apart: "-" };

/// The symbols of a character set.
pub fn glyphs(charset: Charset) -> &'static Glyphs {
    match charset {
        Charset::Unicode => &UNICODE,
        Charset::Ascii => &ASCII,
    }
}

/// Replaces non-ASCII cells: a drawing by a similar ASCII character, anything else by `?`.
///
/// [`super::sanitize`] already escapes the non-ASCII text of peers in this mode, so no letter is lost here.
pub fn to_ascii(buffer: &mut Buffer) {
    for cell in buffer.content.iter_mut().filter(|cell| !cell.symbol().is_ascii()) {
        let like = cell.symbol().chars().next().map_or('?', look_alike);
        cell.set_char(like);
    }
}

/// A similar ASCII character.
fn look_alike(character: char) -> char {
    match character {
        '\u{2500}' | '\u{2501}' | '\u{2504}' | '\u{2505}' | '\u{2508}' | '\u{2509}' | '\u{254c}'
        | '\u{2574}' | '\u{2576}' | '\u{2013}' | '\u{2014}' | '\u{2212}' => '-',
        '\u{2550}' => '=',
        '\u{2502}' | '\u{2503}' | '\u{2506}' | '\u{2507}' | '\u{250a}' | '\u{250b}' | '\u{2551}'
        | '\u{2575}' | '\u{2577}' => '|',
        '\u{2571}' => '/',
        '\u{2572}' => '\\',
        // The other parts of boxes: corners and crossings.
        '\u{2500}'..='\u{257f}' => '+',
        '\u{2191}' | '\u{25b2}' | '\u{25b4}' => '^',
        '\u{2193}' | '\u{25bc}' | '\u{25be}' | '\u{2713}' | '\u{2714}' => 'v',
        '\u{2192}' | '\u{25b6}' | '\u{25b8}' => '>',
        '\u{2190}' | '\u{25c0}' | '\u{25c2}' => '<',
        '\u{d7}' | '\u{2717}' | '\u{2718}' => 'x',
        '\u{b7}' | '\u{2022}' | '\u{2219}' => '.',
        '\u{2026}' => '~',
        '\u{2580}'..='\u{259f}' => block(character),
        '\u{25a0}' | '\u{25aa}' | '\u{25ae}' => '#',
        '\u{25a1}' | '\u{25ab}' | '\u{25af}' | '\u{25cb}' => 'o',
        '\u{25cf}' | '\u{25c6}' => '*',
        '\u{2800}'..='\u{28ff}' => dots(character),
        '\u{a0}' => ' ',
        _ => '?',
    }
}

/// A block element by the part of the cell that it fills.
fn block(block: char) -> char {
    match block {
        '\u{2581}' | '\u{258f}' | '\u{2594}' | '\u{2595}' => '_',
        '\u{2582}' | '\u{2583}' | '\u{258d}' | '\u{258e}' | '\u{2591}' => '.',
        '\u{2584}' | '\u{2585}' | '\u{258c}' | '\u{258b}' | '\u{2592}' => ':',
        '\u{2586}' | '\u{2587}' | '\u{2589}' | '\u{258a}' => '|',
        // The lighter shades are in the arms above.
        '\u{2593}' => '%',
        _ => '#',
    }
}

/// A Braille pattern by its number of dots, 0 to 8.
fn dots(pattern: char) -> char {
    match (u32::from(pattern) & 0xff).count_ones() {
        0 => ' ',
        1 | 2 => '.',
        3..=5 => ':',
        _ => '#',
    }
}

#[cfg(test)]
mod tests {
    use ratatui::{buffer::Buffer, layout::Rect, style::Style};

    use super::*;

    #[test]
    fn remaining_characters_are_replaced_by_similar_ascii() {
        let drawn =
            "a\u{2500}\u{2502}\u{253c}\u{2192}\u{2588}\u{2581}\u{28ff}\u{2801}\u{2800}\u{e9}\u{5854}b";
        let mut buffer = Buffer::empty(Rect::new(0, 0, 14, 1));
        buffer.set_string(0, 0, drawn, Style::new());
        to_ascii(&mut buffer);
        let row: String = buffer.content.iter().map(ratatui::buffer::Cell::symbol).collect();
        assert_eq!(row, "a-|+>#_#. ?? b", "a character of two columns leaves the second one empty");
    }

    #[test]
    fn every_character_has_a_visible_ascii_replacement() {
        for character in ('\u{80}'..=char::MAX).filter(|character| !character.is_control()) {
            assert!(matches!(look_alike(character), ' '..='~'), "{character:?}");
        }
    }

    #[test]
    fn text_symbols_follow_the_character_set() {
        assert_eq!(glyphs(Charset::Unicode), &UNICODE);
        assert_eq!(glyphs(Charset::Ascii), &ASCII);
        let texts = [ASCII.times, ASCII.becomes, ASCII.apart];
        assert!(texts.iter().all(|text| text.is_ascii()) && ASCII.cut.is_ascii());
    }
}
