//! Braille dots, eight per cell, drawn over other cells.

use ratatui::{
    buffer::{Buffer, Cell},
    layout::{Position, Rect},
    style::{Color, Style},
    symbols::Marker,
    widgets::{
        Widget,
        canvas::{Canvas, Points},
    },
};

/// Dots per cell, and the code points of braille.
const COLUMNS: u16 = 2;
const ROWS: u16 = 4;
const BLANK: u32 = 0x2800;
const ALL: u32 = 0xff;

/// Braille dots of one style.
#[derive(Debug)]
pub(crate) struct Dots {
    field: Rect,
    /// Coordinates from the left and from the bottom, as a canvas uses them.
    points: Vec<(f64, f64)>,
}

impl Dots {
    /// Creates an empty field of dots.
    pub(crate) fn new(field: Rect) -> Self {
        Self { field, points: Vec::new() }
    }

    /// Adds a line between two cells. Draws only each `every`-th dot.
    pub(crate) fn add_line(&mut self, from: Position, to: Position, every: usize) {
        let ((x, y), (to_x, to_y)) = (self.center_of(from), self.center_of(to));
        let length = (to_x - x).abs().max((to_y - y).abs()).max(1.0);
        let dots = (0..=length as usize).step_by(every).map(|dot| dot as f64 / length);
        self.points.extend(dots.map(|part| (x + (to_x - x) * part, y + (to_y - y) * part)));
    }

    /// Adds a thick dot at the fraction `part` of the way between two cells.
    pub(crate) fn add_blob(&mut self, from: Position, to: Position, part: f64) {
        let ((x, y), (to_x, to_y)) = (self.center_of(from), self.center_of(to));
        let (x, y) = (x + (to_x - x) * part, y + (to_y - y) * part);
        let offsets = (-1..=1).flat_map(|right| (-1..=1).map(move |up| (f64::from(right), f64::from(up))));
        self.points.extend(offsets.map(|(right, up)| (x + right, y + up)));
    }

    /// Adds a ring around the centre. `radius` is a fraction of the field on either axis.
    pub(crate) fn add_ring(&mut self, radius: f64, dots: u32) {
        let (width, height) = (self.max_x(), self.max_y());
        self.points.extend((0..dots).map(|dot| {
            let angle = std::f64::consts::TAU * f64::from(dot) / f64::from(dots);
            (width * (0.5 + radius * angle.cos()), height * (0.5 + radius * angle.sin()))
        }));
    }

    fn max_x(&self) -> f64 {
        f64::from(self.field.width * COLUMNS) - 1.0
    }

    fn max_y(&self) -> f64 {
        f64::from(self.field.height * ROWS) - 1.0
    }

    /// Returns the coordinates of the middle of a cell.
    fn center_of(&self, cell: Position) -> (f64, f64) {
        let right = (cell.x - self.field.x) * COLUMNS + COLUMNS / 2;
        let down = (cell.y - self.field.y) * ROWS + ROWS / 2;
        (f64::from(right), self.max_y() - f64::from(down))
    }

    /// Draws the dots. They join dots that are already in a cell and replace other characters.
    pub(crate) fn draw(self, style: Style, buffer: &mut Buffer) {
        if self.points.is_empty() || self.field.is_empty() {
            return;
        }
        let mut scratch = Buffer::empty(self.field);
        let canvas = Canvas::default().marker(Marker::Braille);
        let canvas = canvas.x_bounds([0.0, self.max_x()]).y_bounds([0.0, self.max_y()]);
        canvas
            .paint(|context| context.draw(&Points { coords: &self.points, color: Color::Reset }))
            .render(self.field, &mut scratch);
        for position in self.field.intersection(buffer.area).positions() {
            if let (Some(dots), Some(cell)) = (braille_bits(&scratch[position]), buffer.cell_mut(position))
                && dots != BLANK
            {
                let all = dots | braille_bits(cell).unwrap_or(BLANK);
                cell.set_char(char::from_u32(all).unwrap_or(' ')).set_style(style);
            }
        }
    }
}

/// Whether a cell contains braille dots.
pub(crate) fn is_dots(cell: &Cell) -> bool {
    braille_bits(cell).is_some()
}

/// Returns the braille bits of a cell, or `None` if it contains another character.
fn braille_bits(cell: &Cell) -> Option<u32> {
    let symbol = u32::from(cell.symbol().chars().next()?);
    (BLANK..=BLANK | ALL).contains(&symbol).then_some(symbol)
}

/// Returns the cell at the fraction `part` of the way between two cells.
pub(crate) fn interpolate(from: Position, to: Position, part: f64) -> Position {
    let between =
        |from: u16, to: u16| (f64::from(from) + (f64::from(to) - f64::from(from)) * part).round() as u16;
    Position { x: between(from.x, to.x), y: between(from.y, to.y) }
}
