//! Makes pages of a list whose rows can be read by their place.

use crate::{Anchor, Key, Network, Order, Page, Row, Window};

/// The place of a row: see [`Row::place`].
pub type Place<'a> = (&'a Order, &'a Key);

/// A list whose rows can be read from any place on, in both directions.
pub trait RowsByPlace {
    /// At most `count` rows from a place on, in ascending order; `None`: from the first row on.
    fn rows_from(&self, place: Option<Place<'_>>, count: usize) -> Vec<Row>;

    /// At most `count` rows before a place, in descending order; `None`: from the last row on.
    fn rows_before(&self, place: Option<Place<'_>>, count: usize) -> Vec<Row>;
}

/// The page of a window. `total` and `counts` are as in [`Page`]. [`Page::first`] is known only if the page reaches the
/// first row; a network that knows the position of a row sets it.
pub fn page(window: &Window, total: u64, counts: Vec<u64>, list: &dyn RowsByPlace) -> Page {
    let (before, after) = (usize::from(window.before), usize::from(window.after));
    let (mut rows, behind) = match &window.at {
        Anchor::First => (Vec::new(), list.rows_from(None, after)),
        Anchor::Last => around_last(list, before),
        Anchor::At(order, key) => {
            let place = Some((order, key));
            // The anchor is read even where it is not shown, because the last row takes its place if there is none.
            let behind = list.rows_from(place, after.max(1));
            if behind.is_empty() {
                around_last(list, before)
            } else {
                (list.rows_before(place, before), behind)
            }
        }
    };
    let is_start = rows.len() < before || matches!(window.at, Anchor::First);
    rows.reverse();
    let anchor = rows.len();
    rows.extend(behind.into_iter().take(after));
    let first = is_start.then_some(0);
    Page { first, total, counts, rows, anchor, ..Page::empty(window) }
}

/// The page of a window in the list's own order. [`Anchor::At`] follows its item: if the item has another position now,
/// the window lies there.
pub fn page_around(network: &dyn Network, window: &Window) -> Page {
    let Anchor::At(order, key) = &window.at else { return network.page(window) };
    let row = network.rows(window.list, std::slice::from_ref(key)).pop().flatten();
    match row.filter(|row| row.order != *order) {
        Some(row) => network.page(&Window { at: Anchor::At(row.order, row.key), ..window.clone() }),
        None => network.page(window),
    }
}

/// Rows before the last one in descending order, and the last one.
fn around_last(list: &dyn RowsByPlace, before: usize) -> (Vec<Row>, Vec<Row>) {
    let mut rows = list.rows_before(None, before + 1);
    let anchor = if rows.is_empty() { Vec::new() } else { vec![rows.remove(0)] };
    (rows, anchor)
}
