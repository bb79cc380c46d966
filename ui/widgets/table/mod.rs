//! One table for the lists of every network: columns by need, a title with counts, marks and a selection.
//!
//! The description of the list decides what is drawn. The order of the columns is that of the description, but the number
//! that is the key of its row and the status stand first. Cells of names are cut in the middle, so that no two look
//! alike; texts are cut at their end; numbers are never cut.

mod cells;
pub mod layout;
mod paint;
#[cfg(test)]
mod tests;
mod title;

use clacks_feed::{
    Key, Row, Sort, Text,
    description::{Description, ListId, ListSpec},
};
use clacks_text::{charset::Charset, sanitize::sanitize, value::ValueFormat};
use ratatui::{
    buffer::Buffer,
    layout::{Position, Rect},
    text::{Line, Span},
};

use self::cells::Cells;
pub use title::status_counts;

use crate::theme::Theme;

/// Columns before a row: one for the selection, one for the mark.
const MARKER: usize = 2;
/// Minimum height of a table with a header, with its title: there remain eight rows.
const MIN_HEIGHT_WITH_HEADER: u16 = 10;

/// A list, or the visible part of it.
#[derive(Clone)]
pub struct Table<'a> {
    /// The network.
    pub description: &'a Description,
    /// The list.
    pub list: ListId,
    /// Formats of values, with the time of the rows.
    pub format: ValueFormat<'a>,
    /// The rows from the first visible one on. Rows that do not fit are not drawn.
    pub rows: &'a [Row],
    /// The position in the list of the first of these rows, if it is known.
    pub first: Option<u64>,
    /// The number of rows in the whole list.
    pub total: u64,
    /// The number of rows without the filter, and the filter as it is written. `None`: it has no filter.
    pub filter: Option<(u64, &'a str)>,
    /// The number of rows with each status of [`ListSpec::statuses`].
    pub counts: &'a [u64],
    /// The column by which the rows are sorted; `None`: the list's own order.
    pub sort: Option<&'a Sort>,
    /// The index of the selected row.
    pub selected: Option<usize>,
    /// The number of marked items in the whole list.
    pub marked: usize,
    /// Whether an item is marked.
    pub is_marked: &'a dyn Fn(&Key) -> bool,
    /// Whether keys act on the list now.
    pub has_focus: bool,
    /// Whether the list has the focus, or had it before an input line. The selected row of another list is not reversed.
    pub is_current: bool,
    /// What stands in the title behind the name.
    pub badge: Option<&'a str>,
    /// What stands in the title behind the counts. Parts that do not fit are left out.
    pub notes: &'a [Span<'a>],
    /// Why there are no rows, or hints in their place.
    pub empty: &'a [String],
    /// Why a sorted or filtered list could not be made.
    pub refused: Option<&'a Text>,
    /// Progress in per cent while a sorted or filtered list is made.
    pub ready: Option<u8>,
    /// Names elsewhere on the screen that no name in the table may be confused with.
    pub other_names: &'a [&'a str],
    /// The styles.
    pub theme: Theme,
}

/// What a table keeps from frame to frame, so that its columns stay where they are. It begins again for another list and
/// another width.
#[derive(Debug, Clone, Default)]
pub struct Layout {
    list: Option<(ListId, u16)>,
    /// The greatest width that the cells of each column had.
    lasting: Vec<usize>,
}

/// Where the parts of a table were drawn.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Drawn {
    /// The area of the header; of height 0 if there is none.
    pub header: Rect,
    /// The area of the rows.
    pub rows: Rect,
    /// The shown columns: the index in [`ListSpec::columns`], the first column of the screen, and the width.
    pub columns: Vec<(usize, u16, u16)>,
}

impl Layout {
    /// What lasts for a list in this width.
    fn lasting(&mut self, list: ListId, columns: usize, width: u16) -> &mut Vec<usize> {
        if self.list != Some((list, width)) || self.lasting.len() != columns {
            self.list = Some((list, width));
            self.lasting = vec![0; columns];
        }
        &mut self.lasting
    }
}

impl Drawn {
    /// The column whose title is at a position: the index in [`ListSpec::columns`].
    pub fn column_at(&self, position: Position) -> Option<usize> {
        let is_in = |first: u16, width: u16| (first..first + width).contains(&position.x);
        let columns = self.columns.iter().filter(|_| self.header.contains(position));
        columns.into_iter().find(|(_, first, width)| is_in(*first, *width)).map(|(index, ..)| *index)
    }

    /// The row at a position, counted from the first visible one.
    pub fn row_at(&self, position: Position) -> Option<usize> {
        self.rows.contains(position).then(|| usize::from(position.y - self.rows.y))
    }
}

/// The area of the rows of a table: below the title, and below the header if the table is high enough for one.
pub fn rows_area(area: Rect) -> Rect {
    let above = if area.height >= MIN_HEIGHT_WITH_HEADER { 2 } else { area.height.min(1) };
    Rect { y: area.y + above, height: area.height - above, ..area }
}

impl<'a> Table<'a> {
    /// A table of a list without rows.
    pub fn new(description: &'a Description, list: ListId, format: ValueFormat<'a>, theme: Theme) -> Self {
        Self {
            description,
            list,
            format,
            rows: &[],
            first: Some(0),
            total: 0,
            filter: None,
            counts: &[],
            sort: None,
            selected: None,
            marked: 0,
            is_marked: &|_| false,
            has_focus: false,
            is_current: false,
            badge: None,
            notes: &[],
            empty: &[],
            refused: None,
            ready: None,
            other_names: &[],
            theme,
        }
    }

    /// Draws the table.
    pub fn draw(&self, layout: &mut Layout, area: Rect, buffer: &mut Buffer) -> Drawn {
        let area = area.intersection(buffer.area);
        let Some(spec) = self.spec().filter(|_| !area.is_empty()) else { return Drawn::default() };
        let rows = rows_area(area);
        let visible = &self.rows[..self.rows.len().min(rows.height.into())];
        title::draw(self, spec, visible.len(), area, buffer);
        let header = Rect { y: rows.y - rows.y.saturating_sub(area.y).min(1), height: 1, ..area };
        let header = if rows.y - area.y > 1 { header } else { Rect { height: 0, ..header } };
        let mut drawn = Drawn { header, rows, columns: Vec::new() };
        if visible.is_empty() {
            // Without columns there is no header.
            let below = rows.bottom() - rows.y.min(area.y + 1);
            self.draw_empty(Rect { y: rows.bottom() - below, height: below, ..rows }, buffer);
            drawn.header.height = 0;
            return drawn;
        }
        let room = usize::from(area.width).saturating_sub(MARKER);
        let cells = Cells::new(self, spec, visible, room);
        let lasting = layout.lasting(self.list, spec.columns.len(), area.width);
        let widths = cells.widths(lasting, room, header.height > 0);
        drawn.columns = cells.places(&widths, area.x + MARKER as u16);
        paint::header(self, spec, &drawn, buffer);
        cells.fitted(&widths).into_iter().zip(visible).zip(rows.rows()).enumerate().for_each(
            |(index, ((line, row), area))| paint::row(self, index, row, &line, &drawn, area, buffer),
        );
        drawn
    }

    fn spec(&self) -> Option<&'a ListSpec> {
        self.description.list(self.list)
    }

    fn charset(&self) -> Charset {
        self.format.charset()
    }

    /// Draws why there are no rows.
    fn draw_empty(&self, area: Rect, buffer: &mut Buffer) {
        let refused = self.refused.map(|text| text.untrusted().to_owned());
        let lines = refused.iter().chain(self.empty);
        for (text, row) in lines.zip(area.rows()) {
            let text = sanitize(text, usize::from(area.width).saturating_sub(MARKER), self.charset());
            let line = Line::styled(format!("  {}", text.as_str()), self.theme.quiet);
            buffer.set_line(row.x, row.y, &line, row.width);
        }
    }
}
