//! Cells whose width differs between terminals and ratatui.
//!
//! A terminal that draws such a cell wider damages the cells behind it; one that draws it narrower leaves old content
//! there. So when such a cell appears, changes or disappears, all columns that any terminal can use for it are written
//! again, left to right, each at an absolute position. The blanks behind the cell are an exception: they are written
//! before it, because a terminal can draw the rest of the cell there. After a frame every cell of certain width is in
//! its place in every terminal.

use std::ops::Range;

use clacks_text::width_range::{
    PAD, is_certain, is_drawn, is_open, joins, layout_columns, max_terminal_columns,
};
use ratatui::buffer::{Buffer, Cell, CellWidth};

/// Replaces a cell that does not fit in its row.
const PLACEHOLDER: &str = "?";

/// A cell to write, with its column and row.
pub type Write = (u16, u16, Cell);

/// The cells of uncertain width in the last frame.
#[derive(Debug, Default)]
pub struct UncertainCells {
    placed: Vec<Placed>,
    /// Columns and rows of that frame.
    size: (u16, u16),
}

/// A cell of uncertain width.
#[derive(Debug, Clone, PartialEq)]
struct Placed {
    /// Its index in the buffer.
    index: usize,
    /// Number of columns that a terminal can use for it, within its row.
    columns: usize,
    /// Whether a terminal can draw a part of the cell in the cell before: if it does not wrap at the edge, or does not
    /// know the first of several characters.
    reaches_back: bool,
    cell: Cell,
    /// The blanks after it in which a terminal can draw a part of it.
    blanks: Vec<Cell>,
}

impl Placed {
    fn mark(&self, dirty: &mut [bool]) {
        dirty[self.index..self.index + self.columns].fill(true);
    }

    /// Whether one of its columns is marked.
    fn is_marked(&self, dirty: &[bool]) -> bool {
        let columns = usize::from(self.cell.symbol().cell_width().max(1)) + self.blanks.len();
        dirty.iter().skip(self.index).take(columns).any(|column| *column)
    }
}

/// Turns padding into blanks, and replaces cells without room by `?`: cells at the right edge that a terminal can wrap
/// into the next row; wide cells that something else was drawn over, such as a list over text; and cells of a field
/// that a terminal would join to the cell before them.
pub fn replace_unfitting(frame: &mut Buffer) {
    let width = usize::from(frame.area.width).max(1);
    for row in frame.content.chunks_mut(width) {
        let mut before: Option<Range<usize>> = None;
        for at in 0..row.len() {
            let symbol = row[at].symbol();
            if symbol.len() <= 1 {
                continue;
            }
            let beside = before.take().filter(|before| before.end == at);
            if beside.is_some_and(|before| joins(row[before.start].symbol(), symbol)) {
                row[at].set_symbol(PLACEHOLDER);
                continue;
            }
            let columns = usize::from(layout_columns(symbol)).min(row.len() - at);
            if columns > 1 {
                blank_pads(&mut row[at + 1..at + columns]);
            }
            let symbol = row[at].symbol();
            if is_covered(&row[at..]) || can_overflow(symbol, width - at) {
                row[at].set_symbol(PLACEHOLDER);
            } else {
                before = Some(at..at + usize::from(symbol.cell_width().max(1)));
            }
        }
    }
}

fn blank_pads(cells: &mut [Cell]) {
    for cell in cells.iter_mut().filter(|cell| cell.symbol().chars().eq([PAD])) {
        cell.set_symbol(" ");
    }
}

/// Number of blanks behind the first of these cells in which a terminal can draw a part of it.
pub(crate) fn trailing_blanks(row: &[Cell]) -> usize {
    let symbol = row[0].symbol();
    if symbol.len() <= 1 || is_certain(symbol) {
        return 0;
    }
    let columns = usize::from(symbol.cell_width().max(1));
    let room = usize::from(max_terminal_columns(symbol)).saturating_sub(columns);
    row.iter().skip(columns).take(room).take_while(|cell| cell.symbol() == " ").count()
}

/// Whether other text was drawn over the columns after the first one of a wide cell.
fn is_covered(row: &[Cell]) -> bool {
    let columns = usize::from(layout_columns(row[0].symbol()));
    row.iter().take(columns).skip(1).any(|behind| behind.symbol() != " ")
}

/// Whether a terminal can draw the cell beyond the edge. Single characters of one column are allowed there, because
/// lines reach the edge, and a terminal without wrapping stays in the row.
fn can_overflow(symbol: &str, room: usize) -> bool {
    !is_single_column(symbol) && usize::from(max_terminal_columns(symbol)) > room && !is_certain(symbol)
}

/// Whether the text is a single character of one column, which is allowed at the edge.
fn is_single_column(symbol: &str) -> bool {
    is_drawn(symbol) && symbol.cell_width() == 1
}

impl UncertainCells {
    /// Forgets the last frame, because the screen was cleared.
    pub(crate) fn forget(&mut self) {
        self.placed.clear();
    }

    /// The cells to write after all others of this frame, in this order.
    pub fn update(&mut self, frame: &Buffer) -> Vec<Write> {
        let size = (frame.area.width, frame.area.height);
        if std::mem::replace(&mut self.size, size) != size {
            self.forget();
        }
        let placed = find_uncertain(frame);
        let before = std::mem::replace(&mut self.placed, placed);
        if before == self.placed {
            return Vec::new();
        }
        let mut dirty = vec![false; frame.content.len()];
        let width = usize::from(frame.area.width);
        mark_changes(&before, &self.placed, width, &mut dirty);
        mark_changes(&self.placed, &before, width, &mut dirty);
        // A rewritten cell damages the cells behind it, so they are rewritten as well.
        for cell in &self.placed {
            if cell.is_marked(&dirty) {
                cell.mark(&mut dirty);
            }
        }
        cells_to_write(frame, &dirty)
    }
}

/// Marks the columns of the cells that differ between the two frames.
fn mark_changes(cells: &[Placed], others: &[Placed], width: usize, dirty: &mut [bool]) {
    let mut others = others.iter().peekable();
    for cell in cells {
        while others.next_if(|other| other.index < cell.index).is_some() {}
        if others.peek().is_none_or(|other| *other != cell) {
            cell.mark(dirty);
            if cell.reaches_back && cell.index % width > 0 {
                dirty[cell.index - 1] = true;
            }
            // A part of the next cell can be drawn in the blanks of this one instead of its own place.
            let behind = cell.index % width + cell.columns;
            if behind < width && is_open(cell.cell.symbol()) {
                dirty[cell.index + cell.columns] = true;
            }
        }
    }
}

fn is_multi_char(symbol: &str) -> bool {
    symbol.len() > 1 && symbol.chars().nth(1).is_some()
}

fn find_uncertain(frame: &Buffer) -> Vec<Placed> {
    let width = usize::from(frame.area.width).max(1);
    let mut placed = Vec::new();
    for (index, cell) in frame.content.iter().enumerate() {
        let symbol = cell.symbol();
        if symbol.len() > 1 && !is_certain(symbol) {
            let columns = usize::from(max_terminal_columns(symbol).max(symbol.cell_width()));
            let columns = columns.min(width - index % width);
            let row = &frame.content[index..][..width - index % width];
            let behind = row.iter().skip(usize::from(symbol.cell_width().max(1)));
            let blanks = behind.take(trailing_blanks(row)).cloned().collect();
            placed.push(Placed {
                index,
                columns,
                reaches_back: can_damage_previous(cell, index % width, width),
                cell: cell.clone(),
                blanks,
            });
        }
    }
    placed
}

/// The cells with a marked column.
fn cells_to_write(frame: &Buffer, dirty: &[bool]) -> Vec<Write> {
    let width = usize::from(frame.area.width).max(1);
    let mut writes = Vec::new();
    for (y, (row, dirty)) in (frame.area.y..).zip(frame.content.chunks(width).zip(dirty.chunks(width))) {
        if !dirty.contains(&true) {
            continue;
        }
        let mut at = 0;
        let mut before = None;
        while let Some(cell) = row.get(at) {
            let columns = usize::from(cell.cell_width()).max(1);
            let own = (at + columns).min(width);
            let end = own + trailing_blanks(&row[at..]);
            let write = |at: usize, cell: &Cell| (frame.area.x + at as u16, y, cell.clone());
            if dirty[at..end].contains(&true) {
                writes.extend((own..end).map(|at| write(at, &row[at])));
                if is_single_column(cell.symbol())
                    && at + usize::from(max_terminal_columns(cell.symbol())) > width
                {
                    // A terminal may draw nothing there and leave the old content.
                    writes.push(write(at, cell.clone().set_symbol(" ")));
                }
                writes.push(write(at, cell));
                if let Some((before_at, before)) = before.filter(|_| can_damage_previous(cell, at, width)) {
                    writes.push(write(before_at, before));
                }
            }
            // A cell of uncertain width would damage the cells behind it.
            before = is_certain(cell.symbol()).then_some((at, cell));
            at = end;
        }
    }
    writes
}

/// Whether a terminal can draw a part of the cell in the previous one: if it does not wrap at the edge, or if it does
/// not know the first of several characters.
fn can_damage_previous(cell: &Cell, at: usize, width: usize) -> bool {
    let symbol = cell.symbol();
    !is_certain(symbol) && (is_multi_char(symbol) || at + usize::from(max_terminal_columns(symbol)) > width)
}

/// The bytes that the terminal receives for consecutive frames.
#[cfg(any(test, feature = "testing"))]
#[derive(Debug)]
pub struct Frames {
    uncertain: UncertainCells,
    last: Buffer,
}

#[cfg(any(test, feature = "testing"))]
impl Frames {
    /// An empty screen of this size.
    pub fn new(width: u16, height: u16) -> Self {
        let last = Buffer::empty(ratatui::layout::Rect::new(0, 0, width, height));
        Self { uncertain: UncertainCells::default(), last }
    }

    /// The bytes of the next frame.
    pub fn next(&mut self, mut frame: Buffer) -> Vec<u8> {
        replace_unfitting(&mut frame);
        let writes = self.uncertain.update(&frame);
        let bytes = super::backend::bytes_of(self.last.diff(&frame), &writes);
        self.last = frame;
        bytes
    }

    /// Number of blanks behind a cell of the last frame that can hold a part of it.
    pub fn trailing_blanks(&self, x: u16, y: u16) -> u16 {
        let width = usize::from(self.last.area.width);
        let row = &self.last.content[usize::from(y) * width..][..width];
        trailing_blanks(&row[usize::from(x)..]) as u16
    }

    /// The last frame, as it was drawn.
    pub fn last(&self) -> &Buffer {
        &self.last
    }
}

#[cfg(test)]
mod tests;
