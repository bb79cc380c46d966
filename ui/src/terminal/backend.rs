//! What ratatui draws with: a frame is gathered and goes out in one write.

use std::io;

use ratatui::{
    backend::{Backend, ClearType, CrosstermBackend, WindowSize},
    buffer::Cell,
    layout::{Position, Size},
};

use super::guard;

/// Where a terminal does not tell its size.
const USUAL: Size = Size::new(80, 24);

/// Gathers what a frame changes.
///
/// ratatui's own backend flushes at each move of the cursor, so that a frame would be torn between them, asks the
/// terminal where its cursor is, to which nobody listens, and starts `tput` once a terminal has gone.
#[derive(Debug, Default)]
pub(super) struct Tty {
    frame: Vec<u8>,
    cursor: Cursor,
}

/// What is known of the cursor; drawing cells moves it.
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
}

impl Backend for Tty {
    type Error = io::Error;

    fn draw<'a, I>(&mut self, content: I) -> io::Result<()>
    where
        I: Iterator<Item = (u16, u16, &'a Cell)>,
    {
        let mut content = content.peekable();
        if content.peek().is_none() {
            return Ok(());
        }
        self.cursor.at = None;
        self.write().draw(content)
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

    /// Nothing is known of the screen or the cursor that was there before.
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

    fn flush(&mut self) -> io::Result<()> {
        let written = guard::write_frame(&self.frame);
        self.frame.clear();
        written
    }
}

/// The bytes that a terminal gets for these cells.
#[cfg(test)]
pub(super) fn bytes_of(cells: Vec<(u16, u16, &Cell)>) -> Vec<u8> {
    let mut tty = Tty::default();
    tty.draw(cells.into_iter()).unwrap();
    tty.frame
}

/// How large the terminal is now.
fn size() -> Size {
    match rustix::termios::tcgetwinsize(io::stdout()) {
        Ok(size) if size.ws_col > 0 && size.ws_row > 0 => Size::new(size.ws_col, size.ws_row),
        _ => USUAL,
    }
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
    fn a_frame_that_changes_nothing_writes_nothing() {
        let mut tty = Tty::default();
        tty.hide_cursor().unwrap();
        tty.frame.clear();
        tty.draw(std::iter::empty()).unwrap();
        tty.hide_cursor().unwrap();
        assert!(tty.frame.is_empty());
    }

    #[test]
    fn the_cursor_is_put_back_after_cells_were_drawn() {
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
