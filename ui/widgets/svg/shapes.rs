//! Characters that are drawn as paths, so that they meet their neighbours in every font.

use std::fmt::{self, Write};

use super::{HEIGHT, WIDTH};

/// A cell's content as a path.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Shape {
    /// Lines from the centre to the left, right, top and bottom.
    Lines([bool; 4]),
    /// A bar from the bottom, in eighths of the cell.
    Bar(usize),
    /// The whole cell, with its opacity in quarters.
    Shade(u32),
    /// A Braille pattern, as the bits of its code point.
    Dots(u32),
}

/// The kind of a shape. Shapes of one kind share a path.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Kind {
    /// Box-drawing lines.
    Lines,
    /// Block elements.
    Bars,
    /// Shades, by opacity in quarters.
    Shades(u32),
    /// Braille patterns.
    Dots,
}

/// The bits of a Braille pattern by column and row.
const DOTS: [[u32; 4]; 2] = [[0x01, 0x02, 0x04, 0x40], [0x08, 0x10, 0x20, 0x80]];
/// Distance between two dots.
const DOT: usize = 4;

/// The shape of a symbol; `None` if it is written as text.
pub(crate) fn of(symbol: &str) -> Option<Shape> {
    let mut characters = symbol.chars();
    let (Some(character), None) = (characters.next(), characters.next()) else { return None };
    let lines = |arms: [u8; 4]| Some(Shape::Lines(arms.map(|arm| arm == 1)));
    match character {
        '\u{2500}' => lines([1, 1, 0, 0]),
        '\u{2502}' => lines([0, 0, 1, 1]),
        '\u{250c}' => lines([0, 1, 0, 1]),
        '\u{2510}' => lines([1, 0, 0, 1]),
        '\u{2514}' => lines([0, 1, 1, 0]),
        '\u{2518}' => lines([1, 0, 1, 0]),
        '\u{251c}' => lines([0, 1, 1, 1]),
        '\u{2524}' => lines([1, 0, 1, 1]),
        '\u{252c}' => lines([1, 1, 0, 1]),
        '\u{2534}' => lines([1, 1, 1, 0]),
        '\u{253c}' => lines([1, 1, 1, 1]),
        '\u{2581}'..='\u{2588}' => Some(Shape::Bar(character as usize - 0x2580)),
        '\u{2591}'..='\u{2593}' => Some(Shape::Shade(character as u32 - 0x2590)),
        '\u{2800}'..='\u{28ff}' => Some(Shape::Dots(character as u32 - 0x2800)),
        _ => None,
    }
}

impl Shape {
    /// The kind of this shape.
    pub(crate) fn kind(self) -> Kind {
        match self {
            Self::Lines(_) => Kind::Lines,
            Self::Bar(_) => Kind::Bars,
            Self::Shade(quarters) => Kind::Shades(quarters),
            Self::Dots(_) => Kind::Dots,
        }
    }

    /// Appends this shape to a path of its kind, in `cells` adjacent cells from `x` on.
    ///
    /// # Errors
    ///
    /// Never fails, because writing to a string does not.
    pub(crate) fn draw(self, path: &mut String, x: usize, cells: usize) -> fmt::Result {
        match self {
            Self::Lines([true, true, false, false]) => {
                write!(path, "M{x} {}h{}", HEIGHT / 2, cells * WIDTH)?;
            }
            Self::Bar(eighths) => {
                let (width, height) = (cells * WIDTH, eighths * HEIGHT / 8);
                write!(path, "M{x} {}h{width}v{height}h-{width}z", HEIGHT - height)?;
            }
            Self::Shade(_) => Self::Bar(8).draw(path, x, cells)?,
            Self::Lines(arms) => (0..cells).try_for_each(|cell| draw_lines(path, arms, x + cell * WIDTH))?,
            Self::Dots(bits) => (0..cells).try_for_each(|cell| draw_dots(path, bits, x + cell * WIDTH))?,
        }
        Ok(())
    }
}

fn draw_lines(path: &mut String, [left, right, up, down]: [bool; 4], x: usize) -> fmt::Result {
    if let Some((from, length)) = line(left, right, WIDTH) {
        write!(path, "M{} {}h{length}", x + from, HEIGHT / 2)?;
    }
    if let Some((from, length)) = line(up, down, HEIGHT) {
        write!(path, "M{} {from}v{length}", x + WIDTH / 2)?;
    }
    Ok(())
}

/// Start and end of a line in a cell of this size. The line covers the half before the middle, the half after it, or
/// both.
fn line(before: bool, behind: bool, size: usize) -> Option<(usize, usize)> {
    match (before, behind) {
        (true, true) => Some((0, size)),
        (true, false) => Some((0, size / 2)),
        (false, true) => Some((size / 2, size / 2)),
        (false, false) => None,
    }
}

fn draw_dots(path: &mut String, bits: u32, x: usize) -> fmt::Result {
    for (column, rows) in DOTS.iter().enumerate() {
        for (row, _) in rows.iter().enumerate().filter(|(_, bit)| bits & *bit != 0) {
            write!(path, "M{} {}h0", x + DOT / 2 + column * DOT, DOT / 2 + row * DOT)?;
        }
    }
    Ok(())
}
