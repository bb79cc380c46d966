//! What a face shows, and the answer with the rows that are needed for it.

use std::sync::Arc;

use crate::{Key, Name, Now, Order, Row, Text, Value, description::ListId};

/// Maximum items that can be open in a [`View`].
pub const MAX_OPEN: usize = 8;
/// Maximum marks in a [`View`], and maximum items of a [`Call`](crate::Call).
pub const MAX_ITEMS: usize = 512;
/// Maximum windows in a [`View`].
pub const MAX_WINDOWS: usize = 32;
/// Maximum rows of a window on either side of its anchor.
pub const MAX_ROWS: u16 = 1024;

/// Everything that a face shows at one time.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct View {
    /// Number of the view. Each view has a greater number than the one before.
    pub number: u64,
    /// The visible parts of lists, at most 32.
    pub windows: Vec<Window>,
    /// The items that are open, at most 8. Their texts are longer than those in windows.
    pub rows: Vec<(ListId, Key)>,
    /// The marked items, at most 512. The answer says which of them no longer exist.
    pub marks: Vec<(ListId, Key)>,
    /// Whether the settings are shown.
    pub settings: bool,
}

/// A part of a list.
#[derive(Debug, Clone, PartialEq)]
pub struct Window {
    /// The list.
    pub list: ListId,
    /// For a list under another: the item of that list whose rows are shown. `None`: the rows of all items.
    pub under: Option<Key>,
    /// The row around which the window lies.
    pub at: Anchor,
    /// Rows before the anchor, at most 1,024.
    pub before: u16,
    /// Rows from the anchor on, with the anchor, at most 1,024.
    pub after: u16,
    /// `None`: the list's own order.
    pub sort: Option<Sort>,
    /// The text of a filter over the rows. `None`, or white space alone: all rows.
    pub filter: Option<Arc<str>>,
}

/// The row around which a window lies.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Anchor {
    /// The first row.
    #[default]
    First,
    /// The last row.
    Last,
    /// The row with this position and key, as the window's rows have them. If it no longer exists, the row that follows
    /// its position, or else the last row.
    At(Order, Key),
}

/// Sorts the rows of a window by one column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sort {
    /// The name of the column.
    pub column: Name,
    /// Whether the greatest value comes first.
    pub descending: bool,
}

/// The answer to a [`View`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Look {
    /// The number of the view.
    pub view: u64,
    /// All events up to this number have happened before the rows were read. Later ones may have as well.
    pub seq: u64,
    /// When the rows were read.
    pub now: Now,
    /// One page for each window, in the same order.
    pub pages: Vec<Page>,
    /// The open items, in the same order. `None`: it no longer exists.
    pub rows: Vec<Option<Row>>,
    /// The marked items that no longer exist.
    pub gone: Vec<(ListId, Key)>,
    /// The values of the gauges, in the order of the description.
    pub gauges: Vec<Value>,
    /// The values of the settings, in the order of the description. Empty if the view does not show them.
    pub settings: Vec<Value>,
}

/// The rows of a window.
#[derive(Debug, Clone, PartialEq)]
pub struct Page {
    /// The list.
    pub list: ListId,
    /// As in the window.
    pub under: Option<Key>,
    /// Position of the first row of this page in the list, counted from 0. `None` if counting it is expensive.
    pub first: Option<u64>,
    /// Number of rows in the whole list, as filtered.
    pub total: u64,
    /// Number of rows with each status of [`ListSpec::statuses`](crate::description::ListSpec::statuses), in that order.
    /// Filters do not change it. Of a recorded list of more than 20,000 rows only those are counted that the recording has,
    /// so the sum can be less than `total`.
    pub counts: Vec<u64>,
    /// The rows, in the order of the window: in ascending order of their positions unless it is sorted.
    pub rows: Vec<Row>,
    /// Index of the anchor in `rows`. 0 if there are none.
    pub anchor: usize,
    /// Progress in per cent while the rows of a sorted or filtered window are still collected. `None`: they are complete.
    pub ready: Option<u8>,
    /// Why there are no rows: the list is too long to be sorted, the filter is invalid, or there is no such column.
    /// `total` is then the length of the list without the filter. `None` for a window in the list's own order.
    pub refused: Option<Text>,
}

impl Window {
    /// The window of a list in its own order.
    pub fn new(list: ListId, at: Anchor, before: u16, after: u16) -> Self {
        Self { list, under: None, at, before, after, sort: None, filter: None }
    }

    /// The first rows of a list.
    pub fn first(list: ListId, rows: u16) -> Self {
        Self::new(list, Anchor::First, 0, rows)
    }

    /// Shows the rows of one item of the list above.
    pub fn under(self, item: Key) -> Self {
        Self { under: Some(item), ..self }
    }

    /// The text of the filter, without white space around it. `None`: all rows.
    pub fn filter_text(&self) -> Option<&str> {
        self.filter.as_deref().map(str::trim).filter(|text| !text.is_empty())
    }

    /// Whether the rows are in the list's own order and none is left out.
    pub fn is_plain(&self) -> bool {
        self.sort.is_none() && self.filter_text().is_none()
    }
}

impl Page {
    /// A page without rows.
    pub fn empty(window: &Window) -> Self {
        Self {
            list: window.list,
            under: window.under.clone(),
            first: Some(0),
            total: 0,
            counts: Vec::new(),
            rows: Vec::new(),
            anchor: 0,
            ready: None,
            refused: None,
        }
    }
}
