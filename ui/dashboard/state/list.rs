//! A list of a network: the rows around the selection, the selection and the marks.

use std::{cell::RefCell, mem, sync::Arc};

use clacks_feed::{
    Anchor, Key, Order, Page, Row, Sort, Text, Window,
    description::{Field, Kind, ListId, ListSpec},
};
use clacks_widgets::table::{Drawn, Layout};

use super::marks::Marked;

/// State of one list.
#[derive(Debug, Default)]
pub struct List {
    /// Consecutive rows, those on the screen and some on either side.
    pub rows: Vec<Row>,
    /// Position of the first of them in the list, counted from 0. `None` if it is not known.
    pub first: Option<u64>,
    /// Number of rows of the whole list, as filtered.
    pub total: u64,
    /// Number of rows without the filter, while there is one.
    pub(crate) unfiltered: u64,
    /// Number of rows with each status that the list counts.
    pub counts: Vec<u64>,
    /// Selected row.
    pub selected: Selection,
    /// Row of the screen on which the selected row is shown.
    pub row: usize,
    /// Selected row that left the list by itself. Another one is selected in its place.
    pub lost: Option<Key>,
    /// Column by which the rows are sorted. `None`: the list's own order.
    pub sort: Option<Sort>,
    /// Filter of the rows. `None`: all rows.
    pub filter: Option<Arc<str>>,
    /// Progress in per cent while a sorted or filtered list is made.
    pub ready: Option<u8>,
    /// Why a sorted or filtered list cannot be made.
    pub refused: Option<Text>,
    /// Marked rows.
    pub marks: Marked<Key>,
    /// Widths of the columns on the screen, which the view keeps from frame to frame so that they do not jump.
    pub(crate) table_layout: RefCell<Layout>,
    /// Where the parts of the table were drawn, for clicks on the header.
    pub(crate) drawn: RefCell<Drawn>,
    /// Row whose removal the user caused, so that no warning is shown for it.
    expected_removal: Option<Key>,
}

/// Selected row of a list.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Selection {
    /// First row at any time, until the user moves the selection.
    #[default]
    Untouched,
    /// The row with this key. The position is the last one that is known.
    At(Order, Key),
    /// First row. The next refresh replaces it by `At`.
    First,
    /// Last row. The next refresh replaces it by `At`.
    Last,
}

impl Selection {
    /// Selects a row.
    pub fn of(row: &Row) -> Self {
        Self::At(row.order.clone(), row.key.clone())
    }

    /// Selects the row with this key, wherever it is.
    pub fn key(key: Key) -> Self {
        Self::At(Order::default(), key)
    }

    /// Returns the anchor of a window around the selection.
    pub fn anchor(&self) -> Anchor {
        match self {
            Self::Untouched | Self::First => Anchor::First,
            Self::Last => Anchor::Last,
            Self::At(order, key) => Anchor::At(order.clone(), key.clone()),
        }
    }
}

impl List {
    /// Returns the window for a page of `height` rows and one page before and after it, so that keys can move there.
    pub fn window(&self, list: ListId, height: usize) -> Window {
        let rows = |count: usize| u16::try_from(count).unwrap_or(u16::MAX);
        let window = Window::new(list, self.selected.anchor(), rows(self.row + height), rows(2 * height));
        Window { sort: self.sort.clone(), filter: self.filter.clone(), ..window }
    }

    /// Sorts by the next column that is shown in a table, or after the last one in the list's own order.
    pub fn sort_by_next(&mut self, spec: &ListSpec) {
        let columns: Vec<&Field> = spec.columns.iter().filter(|column| !column.is_only_open()).collect();
        let at =
            self.sort.as_ref().and_then(|sort| columns.iter().position(|column| column.name == sort.column));
        let next = at.map_or(0, |at| at + 1);
        self.sort = columns.get(next).map(|column| sorted_by(column));
        self.after_sorting();
    }

    /// Reverses the order of a sorted list. Returns whether it is sorted.
    pub fn reverse(&mut self) -> bool {
        let is_sorted = self.sort.is_some();
        self.sort.iter_mut().for_each(|sort| sort.descending = !sort.descending);
        self.after_sorting();
        is_sorted
    }

    /// Sorts by this column, or reverses the order if it is sorted by it.
    pub fn sort_by(&mut self, column: &Field) {
        match &mut self.sort {
            Some(sort) if sort.column == column.name => sort.descending = !sort.descending,
            _ => self.sort = Some(sorted_by(column)),
        }
        self.after_sorting();
    }

    /// Sets the list's own order.
    pub fn unsort(&mut self) {
        self.sort = None;
        self.after_sorting();
    }

    /// The first row in the new order is selected.
    fn after_sorting(&mut self) {
        (self.lost, self.selected, self.row) = (None, Selection::First, 0);
    }

    /// Returns the index of the selected row in `rows`.
    pub fn index(&self) -> Option<usize> {
        match &self.selected {
            Selection::At(_, key) => self.rows.iter().position(|row| row.key == *key),
            Selection::Untouched | Selection::First => (!self.rows.is_empty()).then_some(0),
            Selection::Last => self.rows.len().checked_sub(1),
        }
    }

    /// Returns the selected row.
    pub fn selected_row(&self) -> Option<&Row> {
        self.index().and_then(|index| self.rows.get(index))
    }

    /// Returns the key of the selected row.
    pub fn selected_key(&self) -> Option<&Key> {
        self.selected_row().map(|row| &row.key)
    }

    /// Pins the selection to the row that is selected now.
    pub(crate) fn pin_selection(&mut self) {
        if let Some(row) = self.selected_row() {
            self.selected = Selection::of(row);
        }
    }

    /// Selects the first or the last row.
    pub(crate) fn select_end(&mut self, is_top: bool) {
        self.selected = if is_top { Selection::First } else { Selection::Last };
    }

    /// Moves the selection by `by` rows. Stops at the ends of the known rows.
    pub fn move_by(&mut self, by: isize, height: usize) {
        let Some(index) = self.index() else { return };
        let target = index.saturating_add_signed(by).min(self.rows.len() - 1);
        self.selected = Selection::of(&self.rows[target]);
        self.row = row_after_move(self.row, index, target, height);
    }

    /// Selects the row on a row of the screen of `height` rows, if there is one.
    pub(crate) fn select_on_screen(&mut self, row: usize, height: usize) {
        if let Some(item) = self.visible(height).0.get(row) {
            (self.selected, self.row) = (Selection::of(item), row);
        }
    }

    /// Returns the rows on a screen of `height` rows, and the index of the selected one.
    pub fn visible(&self, height: usize) -> (&[Row], Option<usize>) {
        let Some(index) = self.index() else { return (&[], None) };
        let top = index.saturating_sub(self.row);
        let bottom = self.rows.len().min(top + height);
        (&self.rows[top.min(bottom)..bottom], Some(index - top))
    }

    /// Records that the user caused the removal of a row, so that it causes no warning.
    pub(crate) fn expect_removal(&mut self, key: &Key) {
        self.lost.take_if(|lost| lost == key);
        if matches!(&self.selected, Selection::At(_, selected) if selected == key) {
            self.expected_removal = Some(key.clone());
        }
    }

    /// Sets the filter. Nothing is lost if it leaves the selected row out.
    pub(crate) fn set_filter(&mut self, filter: Option<Arc<str>>) {
        (self.filter, self.lost) = (filter, None);
        if let Selection::At(_, key) = &self.selected {
            self.expected_removal = Some(key.clone());
        }
    }

    /// Returns the number of rows of the whole list, also of those that the filter leaves out.
    pub(crate) fn total_unfiltered(&self) -> u64 {
        if self.filter.is_some() { self.unfiltered } else { self.total }
    }

    /// Applies the rows of a window, and leaves the former rows in its place. If the selected row has gone, the row in its
    /// place is selected, unless the window is not the newest one (`is_current`), which may lie elsewhere.
    pub(crate) fn refresh(&mut self, page: &mut Page, height: usize, is_current: bool) {
        let anchor = page.rows.get(page.anchor).map(Selection::of);
        mem::swap(&mut self.rows, &mut page.rows);
        mem::swap(&mut self.counts, &mut page.counts);
        (self.first, self.total) = (page.first, page.total);
        (self.ready, self.refused) = (page.ready, page.refused.take());
        match &self.selected {
            Selection::Untouched => {}
            Selection::First | Selection::Last => {
                self.row = if self.selected == Selection::First { 0 } else { usize::MAX };
                self.pin_selection();
            }
            // While the list is being made, the row may still come.
            Selection::At(..) if self.index().is_none() && (self.ready.is_some() || !is_current) => {}
            Selection::At(_, key) if self.index().is_none() => {
                self.lost = Some(key.clone()).filter(|key| self.expected_removal.as_ref() != Some(key));
                self.selected = anchor.unwrap_or_default();
            }
            // The row may have another position now.
            Selection::At(..) => self.pin_selection(),
        }
        self.row = self.row_on_screen(height);
    }

    /// Limits the row of the selected row: it is on the screen, no row above it is missing, and there are no empty rows
    /// at the end while rows are scrolled off at the top.
    fn row_on_screen(&self, height: usize) -> usize {
        let Some(index) = self.index() else { return 0 };
        let below = self.rows.len() - index;
        self.row.max(height.saturating_sub(below)).min(index).min(height.max(1) - 1)
    }
}

/// Returns the usual order of a column: numbers begin with the greatest, moments with the latest.
fn sorted_by(column: &Field) -> Sort {
    Sort { column: column.name.clone(), descending: column.kind.is_number() || column.kind == Kind::At }
}

/// Returns the row of the selection after a move. The list scrolls only if the selection would leave the screen.
pub(crate) fn row_after_move(row: usize, from: usize, to: usize, height: usize) -> usize {
    let row = row.saturating_add_signed(to.cast_signed() - from.cast_signed());
    row.min(height.max(1) - 1)
}

/// Returns the text of a cell, if it is one.
pub(crate) fn text_of(value: &clacks_feed::Value) -> Option<&Text> {
    match value {
        clacks_feed::Value::Text(text, _) => Some(text),
        clacks_feed::Value::Ref(key) => Some(&key.0),
        _ => None,
    }
}
