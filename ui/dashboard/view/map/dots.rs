//! Braille dots, eight to a cell, over what is drawn already.

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

/// The dots of a cell.
const COLUMNS: u16 = 2;
const ROWS: u16 = 4;
const BLANK: u32 = 0x2800;
const ALL: u32 = 0xff;

/// Braille dots of one style.
#[derive(Debug)]
pub struct Dots {
    field: Rect,
    /// From the left and from the bottom, as a canvas has them.
    points: Vec<(f64, f64)>,
}

impl Dots {
    /// Creates an empty field of dots.
    pub fn new(field: Rect) -> Self {
        Self { field, points: Vec::new() }
    }

    /// Adds a line between two cells. Draws only each `every`-th dot.
    pub fn line(&mut self, from: Position, to: Position, every: usize) {
        let ((x, y), (to_x, to_y)) = (self.middle(from), self.middle(to));
        let length = (to_x - x).abs().max((to_y - y).abs()).max(1.0);
        let dots = (0..=length as usize).step_by(every).map(|dot| dot as f64 / length);
        self.points.extend(dots.map(|part| (x + (to_x - x) * part, y + (to_y - y) * part)));
    }

    /// A thick dot between two cells.
    pub(crate) fn blob(&mut self, from: Position, to: Position, part: f64) {
        let ((x, y), (to_x, to_y)) = (self.middle(from), self.middle(to));
        let (x, y) = (x + (to_x - x) * part, y + (to_y - y) * part);
        let offsets = (-1..=1).flat_map(|right| (-1..=1).map(move |up| (f64::from(right), f64::from(up))));
        self.points.extend(offsets.map(|(right, up)| (x + right, y + up)));
    }

    /// Adds a ring around the centre. `radius` is a fraction of the field on either axis.
    pub fn ring(&mut self, radius: f64, dots: u32) {
        let (width, height) = (self.right(), self.top());
        self.points.extend((0..dots).map(|dot| {
            let angle = std::f64::consts::TAU * f64::from(dot) / f64::from(dots);
            (width * (0.5 + radius * angle.cos()), height * (0.5 + radius * angle.sin()))
        }));
    }

    fn right(&self) -> f64 {
        f64::from(self.field.width * COLUMNS) - 1.0
    }

    fn top(&self) -> f64 {
        f64::from(self.field.height * ROWS) - 1.0
    }

    /// The dot in the middle of a cell.
    fn middle(&self, cell: Position) -> (f64, f64) {
        let right = (cell.x - self.field.x) * COLUMNS + COLUMNS / 2;
        let down = (cell.y - self.field.y) * ROWS + ROWS / 2;
        (f64::from(right), self.top() - f64::from(down))
    }

    /// Draws them over the dots that are there, which stay, and over anything else.
    pub fn draw(self, style: Style, buffer: &mut Buffer) {
        if self.points.is_empty() || self.field.is_empty() {
            return;
        }
        let mut scratch = Buffer::empty(self.field);
        let canvas = Canvas::default().marker(Marker::Braille);
        let canvas = canvas.x_bounds([0.0, self.right()]).y_bounds([0.0, self.top()]);
        canvas
            .paint(|context| context.draw(&Points { coords: &self.points, color: Color::Reset }))
            .render(self.field, &mut scratch);
        for position in self.field.intersection(buffer.area).positions() {
            if let (Some(dots), Some(cell)) = (dots_of(&scratch[position]), buffer.cell_mut(position))
                && dots != BLANK
            {
                let all = dots | dots_of(cell).unwrap_or(BLANK);
                cell.set_char(char::from_u32(all).unwrap_or(' ')).set_style(style);
            }
        }
    }
}

/// Whether a cell holds dots.
pub(crate) fn are_dots(cell: &Cell) -> bool {
    dots_of(cell).is_some()
}

/// The dots of a cell that holds nothing else.
fn dots_of(cell: &Cell) -> Option<u32> {
    let symbol = u32::from(cell.symbol().chars().next()?);
    (BLANK..=BLANK | ALL).contains(&symbol).then_some(symbol)
}

/// The cell between two others.
pub fn between(from: Position, to: Position, part: f64) -> Position {
    let between =
        |from: u16, to: u16| (f64::from(from) + (f64::from(to) - f64::from(from)) * part).round() as u16;
    Position { x: between(from.x, to.x), y: between(from.y, to.y) }
}
