//! The ratatui backend: buffers a frame and writes it at once.

use std::io;

use clacks_text::width_range::is_certain;
use ratatui::{
    backend::{Backend, ClearType, CrosstermBackend, WindowSize},
    buffer::Cell,
    layout::{Position, Size},
};

use super::{cell_writer::CellWriter, guard, uncertain_width::Write};

/// Maximum size that is drawn on, larger than any screen. A cell needs some dozens of bytes, and a window can claim
/// 65,535 columns and rows.
const MAX_SIZE: Size = Size::new(1000, 500);
/// The size if the terminal does not report one.
const DEFAULT_SIZE: Size = Size::new(80, 24);

/// Buffers the changes of a frame.
///
/// ratatui's own backend flushes at each cursor move, which tears a frame; asks the terminal for its cursor position,
/// which nobody reads; and starts `tput` after a hangup.
#[derive(Debug, Default)]
pub(crate) struct Tty {
    frame: Vec<u8>,
    cursor: Cursor,
}

/// The known state of the cursor. Drawing cells moves it.
#[derive(Debug, Default)]
struct Cursor {
    shown: Option<bool>,
    at: Option<Position>,
}

impl Tty {
    fn write(&mut self) -> CrosstermBackend<&mut Vec<u8>> {
        CrosstermBackend::new(&mut self.frame)
    }

    fn show(&mut self, shown: bool) -> bool {
        self.cursor.shown.replace(shown) != Some(shown)
    }

    /// Adds the cells of uncertain width and their neighbours, and writes the frame to the terminal.
    pub(crate) fn finish(&mut self, uncertain: &[Write]) -> io::Result<()> {
        self.draw_uncertain(uncertain)?;
        let written = guard::write_frame(&self.frame);
        self.frame.clear();
        written
    }

    /// Draws the cells of uncertain width. The cursor position is restored.
    fn draw_uncertain(&mut self, cells: &[Write]) -> io::Result<()> {
        if cells.is_empty() {
            return Ok(());
        }
        let mut writer = CellWriter::new(&mut self.frame);
        cells.iter().try_for_each(|(x, y, cell)| writer.write(*x, *y, cell))?;
        writer.finish()?;
        match self.cursor.at.take() {
            Some(position) if self.cursor.shown == Some(true) => self.set_cursor_position(position),
            _ => Ok(()),
        }
    }
}

impl Backend for Tty {
    type Error = io::Error;

    /// Draws all cells except those of uncertain width, which [`Tty::finish`] draws.
    fn draw<'a, I>(&mut self, content: I) -> io::Result<()>
    where
        I: Iterator<Item = (u16, u16, &'a Cell)>,
    {
        let mut content = content.filter(|(_, _, cell)| is_certain(cell.symbol())).peekable();
        if content.peek().is_none() {
            return Ok(());
        }
        self.cursor.at = None;
        let mut writer = CellWriter::new(&mut self.frame);
        content.try_for_each(|(x, y, cell)| writer.write(x, y, cell))?;
        writer.finish()
    }

    fn hide_cursor(&mut self) -> io::Result<()> {
        if self.show(false) { self.write().hide_cursor() } else { Ok(()) }
    }

    fn show_cursor(&mut self) -> io::Result<()> {
        if self.show(true) { self.write().show_cursor() } else { Ok(()) }
    }

    fn get_cursor_position(&mut self) -> io::Result<Position> {
        Ok(self.cursor.at.unwrap_or_default())
    }

    fn set_cursor_position<P: Into<Position>>(&mut self, position: P) -> io::Result<()> {
        let position = position.into();
        if self.cursor.at.replace(position) == Some(position) {
            return Ok(());
        }
        self.write().set_cursor_position(position)
    }

    fn clear(&mut self) -> io::Result<()> {
        self.clear_region(ClearType::All)
    }

    /// After this nothing is known about the screen and the cursor.
    fn clear_region(&mut self, clear_type: ClearType) -> io::Result<()> {
        self.cursor = Cursor::default();
        self.write().clear_region(clear_type)
    }

    fn size(&self) -> io::Result<Size> {
        Ok(size())
    }

    fn window_size(&mut self) -> io::Result<WindowSize> {
        Ok(WindowSize { columns_rows: size(), pixels: Size::ZERO })
    }

    /// Does nothing: [`Tty::finish`] writes the frame.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The bytes that the terminal receives for these cells.
#[cfg(any(test, feature = "testing"))]
#[allow(clippy::unwrap_used, clippy::missing_panics_doc, reason = "only tests call it")]
pub(crate) fn bytes_of(cells: Vec<(u16, u16, &Cell)>, uncertain: &[Write]) -> Vec<u8> {
    let mut tty = Tty::default();
    tty.draw(cells.into_iter()).unwrap();
    tty.draw_uncertain(uncertain).unwrap();
    tty.frame
}

/// The current size to draw on.
fn size() -> Size {
    match rustix::termios::tcgetwinsize(io::stdout()) {
        Ok(size) => clamp_size(Size::new(size.ws_col, size.ws_row)),
        _ => DEFAULT_SIZE,
    }
}

/// The size to draw on for a window of this size.
fn clamp_size(window: Size) -> Size {
    if window.width == 0 || window.height == 0 {
        return DEFAULT_SIZE;
    }
    Size::new(window.width.min(MAX_SIZE.width), window.height.min(MAX_SIZE.height))
}

#[cfg(test)]
mod tests {
    use ratatui::style::{Color, Style};

    use super::*;

    fn cell(symbol: &'static str, style: Style) -> Cell {
        let mut cell = Cell::new(symbol);
        cell.set_style(style);
        cell
    }

    #[test]
    fn the_drawn_size_is_bounded_for_any_window_size() {
        for (width, height, drawn_on) in [
            (120, 40, (120, 40)),
            (0, 40, (80, 24)),
            (120, 0, (80, 24)),
            (1, 1, (1, 1)),
            (1000, 500, (1000, 500)),
            (1001, 30, (1000, 30)),
            (u16::MAX, u16::MAX, (1000, 500)),
        ] {
            assert_eq!(clamp_size(Size::new(width, height)), Size::from(drawn_on), "{width}x{height}");
        }
    }

    #[test]
    fn an_unchanged_frame_writes_nothing() {
        let mut tty = Tty::default();
        tty.hide_cursor().unwrap();
        tty.frame.clear();
        tty.draw(std::iter::empty()).unwrap();
        tty.hide_cursor().unwrap();
        assert!(tty.frame.is_empty());
    }

    #[test]
    fn the_cursor_is_restored_after_cells_are_drawn() {
        let mut tty = Tty::default();
        tty.set_cursor_position((3, 4)).unwrap();
        tty.frame.clear();
        tty.set_cursor_position((3, 4)).unwrap();
        assert!(tty.frame.is_empty(), "it is there");

        tty.draw([(0, 0, &cell("x", Style::new()))].into_iter()).unwrap();
        tty.frame.clear();
        tty.set_cursor_position((3, 4)).unwrap();
        assert_eq!(tty.frame, b"\x1b[5;4H");
    }

    #[test]
    fn a_highlight_survives_a_monochrome_palette() {
        crossterm::style::force_color_output(true);
        let mut tty = Tty::default();
        let highlight = Style::new().fg(Color::Reset).bg(Color::Reset).reversed();
        tty.draw([(0, 0, &cell("x", highlight))].into_iter()).unwrap();
        let written = String::from_utf8(tty.frame).unwrap();
        let before_the_cell = written.split('x').next().unwrap();
        assert!(before_the_cell.ends_with("\x1b[7m"), "{before_the_cell:?}");
    }
}
