//! Cells of several characters that a terminal may draw one beside the other, such as a letter and its vowel sign.
//!
//! ratatui takes such a cell for one wide character: what is written over its first column is expected to wipe the
//! others too, and they are not written if they are blank. A terminal that has a character of its own in each column
//! would keep those behind the first, so that what a peer wrote would stay where something else stands now.

use ratatui::{
    buffer::{Buffer, CellDiffOption, CellWidth},
    layout::Position,
};

/// The columns behind the first of all such cells in the last frame.
#[derive(Debug, Default)]
pub(crate) struct Clusters(Vec<Position>);

impl Clusters {
    /// Has those columns written in the next frame, unless something wide stands in them there.
    pub(crate) fn wipe(&mut self, frame: &mut Buffer) {
        let before = std::mem::take(&mut self.0);
        self.0 = columns(frame);
        for position in before {
            // The screen may be smaller now, and is drawn whole then.
            if let Some(cell) = frame.cell_mut(position) {
                cell.set_diff_option(CellDiffOption::AlwaysUpdate);
            }
        }
    }
}

fn columns(frame: &Buffer) -> Vec<Position> {
    let width = usize::from(frame.area.width).max(1);
    let rows = frame.content.chunks(width).zip(frame.area.y..);
    rows.flat_map(|(cells, y)| {
        cells.iter().zip(frame.area.x..).flat_map(move |(cell, x)| {
            let symbol = cell.symbol();
            let is_cluster = symbol.len() > 1 && symbol.chars().nth(1).is_some();
            let columns = if is_cluster { symbol.cell_width() } else { 1 };
            (1..columns).map(move |behind| Position::new(x + behind, y))
        })
    })
    .collect()
}

/// The bytes that a terminal gets for one frame after the other.
#[cfg(test)]
#[derive(Debug)]
pub(crate) struct Frames {
    clusters: Clusters,
    last: Buffer,
}

#[cfg(test)]
impl Frames {
    pub(crate) fn new(width: u16, height: u16) -> Self {
        let last = Buffer::empty(ratatui::layout::Rect::new(0, 0, width, height));
        Self { clusters: Clusters::default(), last }
    }

    pub(crate) fn next(&mut self, mut frame: Buffer) -> Vec<u8> {
        self.clusters.wipe(&mut frame);
        let bytes = super::backend::bytes_of(self.last.diff(&frame));
        self.last = frame;
        bytes
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZero;

    use super::*;

    #[test]
    fn nothing_is_left_of_a_letter_with_a_sign_beside_it() {
        for after in ["x       ", "        ", "x y     ", "字      ", " 字     ", "\u{915}\u{903}z"] {
            let mut terminal = vt100::Parser::new(NonZero::new(1).unwrap(), NonZero::new(10).unwrap(), 0);
            let mut frames = Frames::new(10, 1);
            for text in ["          ", "a\u{915}\u{903}      ", after] {
                let mut frame = Buffer::empty(ratatui::layout::Rect::new(0, 0, 10, 1));
                frame.set_string(0, 0, text, ratatui::style::Style::new());
                terminal.process(&frames.next(frame));
            }
            assert_eq!(terminal.screen().contents().trim_end(), after.trim_end());
        }
    }
}
