//! Reads a whole list in slices.

use crate::{Anchor, Key, Network, Order, Row, Window, description::ListId};

/// Rows of a slice. The node's lock is held while they are read: less than a millisecond.
pub(crate) const SLICE: u16 = 1000;

/// A position in a list, from which the rest is read slice by slice.
///
/// The list can change between two slices. A row that moves back over the position is not read; an event touches it.
#[derive(Debug)]
pub(crate) struct Walk {
    list: ListId,
    under: Option<Key>,
    /// The position of the last row that was read.
    after: Option<(Order, Key)>,
    /// Rows that were read.
    pub(crate) read: u64,
}

/// Rows of a list.
#[derive(Debug)]
pub(crate) struct Slice {
    pub(crate) rows: Vec<Row>,
    /// Number of rows in the list.
    pub(crate) total: u64,
    /// Whether the end of the list was reached.
    pub(crate) is_last: bool,
}

impl Walk {
    /// Begins with the first row of a list.
    pub(crate) fn new(list: ListId, under: Option<Key>) -> Self {
        Self { list, under, after: None, read: 0 }
    }

    /// Reads the next slice.
    pub(crate) fn next(&mut self, network: &dyn Network) -> Slice {
        let at = self.after.as_ref().map_or(Anchor::First, |(order, key)| {
            // This position directly follows the last row. No row has it. The key of the last row would lead astray if
            // that row has moved and the network looks for it.
            Anchor::At(order.clone(), Key::from(format!("{}\0", key.untrusted())))
        });
        let window = Window { under: self.under.clone(), ..Window::new(self.list, at, 0, SLICE) };
        let page = network.page(&window);
        let is_last = page.rows.len() < usize::from(SLICE);
        let mut rows = page.rows;
        if let Some((order, key)) = &self.after {
            // At the end of the list the anchor is the last row.
            rows.retain(|row| row.place() > (order, key));
        }
        self.read += rows.len() as u64;
        if let Some(last) = rows.last() {
            self.after = Some((last.order.clone(), last.key.clone()));
        }
        Slice { is_last: is_last || rows.is_empty(), rows, total: page.total }
    }
}
