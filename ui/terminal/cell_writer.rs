//! Encodes cells as terminal output.

use std::io;

use clacks_text::width_range::{is_certain, is_drawn};
use crossterm::{
    cursor::MoveTo,
    queue,
    style::{Attribute, Colors, Print, SetAttribute, SetColors},
};
use ratatui::{
    backend::IntoCrossterm,
    buffer::{Cell, CellWidth},
    style::{Color, Modifier},
};

/// The attributes for the modifiers of a cell.
const ATTRIBUTES: [(Modifier, Attribute); 9] = [
    (Modifier::BOLD, Attribute::Bold),
    (Modifier::DIM, Attribute::Dim),
    (Modifier::ITALIC, Attribute::Italic),
    (Modifier::UNDERLINED, Attribute::Underlined),
    (Modifier::SLOW_BLINK, Attribute::SlowBlink),
    (Modifier::RAPID_BLINK, Attribute::RapidBlink),
    (Modifier::REVERSED, Attribute::Reverse),
    (Modifier::HIDDEN, Attribute::Hidden),
    (Modifier::CROSSED_OUT, Attribute::CrossedOut),
];

/// Colours and modifiers.
type CellStyle = (Color, Color, Modifier);

const PLAIN: CellStyle = (Color::Reset, Color::Reset, Modifier::empty());

/// Writes cells. It relies on the cursor position only behind a cell whose width is the same in every terminal;
/// elsewhere it moves the cursor to an absolute position.
#[derive(Debug)]
pub(crate) struct CellWriter<'a> {
    out: &'a mut Vec<u8>,
    /// The cursor position, if it is the same in every terminal.
    cursor: Option<(u16, u16)>,
    style: CellStyle,
}

impl<'a> CellWriter<'a> {
    pub(crate) fn new(out: &'a mut Vec<u8>) -> Self {
        Self { out, cursor: None, style: PLAIN }
    }

    /// Writes one cell. If terminals can draw it in fewer columns than it has, those are blanked before.
    pub(crate) fn write(&mut self, x: u16, y: u16, cell: &Cell) -> io::Result<()> {
        let symbol = cell.symbol();
        let columns = if symbol.len() > 1 { symbol.cell_width().max(1) } else { 1 };
        self.move_to(x, y)?;
        self.set_style((cell.fg, cell.bg, cell.modifier))?;
        if is_certain(symbol) {
            self.out.extend_from_slice(symbol.as_bytes());
            self.cursor = Some((x + columns, y));
            return Ok(());
        }
        if columns > 1 || !is_drawn(symbol) {
            self.out.extend(std::iter::repeat_n(b' ', usize::from(columns)));
            self.cursor = None;
            self.move_to(x, y)?;
        }
        self.cursor = None;
        queue!(self.out, Print(symbol))
    }

    /// Resets all attributes.
    pub(crate) fn finish(mut self) -> io::Result<()> {
        self.set_style(PLAIN)
    }

    fn move_to(&mut self, x: u16, y: u16) -> io::Result<()> {
        if self.cursor == Some((x, y)) {
            return Ok(());
        }
        queue!(self.out, MoveTo(x, y))
    }

    fn set_style(&mut self, style: CellStyle) -> io::Result<()> {
        if self.style == style {
            return Ok(());
        }
        let (foreground, background, modifier) = style;
        if self.style != PLAIN {
            queue!(self.out, SetAttribute(Attribute::Reset))?;
        }
        if (foreground, background) != (Color::Reset, Color::Reset) {
            let colours = Colors::new(foreground.into_crossterm(), background.into_crossterm());
            queue!(self.out, SetColors(colours))?;
        }
        for (_, attribute) in ATTRIBUTES.iter().filter(|(of, _)| modifier.contains(*of)) {
            queue!(self.out, SetAttribute(*attribute))?;
        }
        self.style = style;
        Ok(())
    }
}
