//! Pages of rows, as a node answers a window.

use clacks_feed::{
    Anchor, Now, Page, Row, Window,
    description::Description,
    filter::{Filter, Scope, Subject},
};

/// Returns the rows that match the filter of a window.
pub(crate) fn filtered(window: &Window, mut rows: Vec<Row>, description: &Description, now: Now) -> Vec<Row> {
    if let Some(filter) = &window.filter {
        let filter = Filter::parse(filter, Scope::List(description, window.list)).unwrap();
        rows.retain(|row| filter.admits(&Subject::of_row(description, window.list, row, now)));
    }
    rows
}

/// Returns the page of a window of these rows, which need not be in order.
pub(crate) fn page_of(window: &Window, rows: &[Row]) -> Page {
    let last = rows.len().saturating_sub(1);
    let at = match &window.at {
        Anchor::First => 0,
        Anchor::Last => last,
        Anchor::At(order, key) => {
            let same = rows.iter().position(|row| row.key == *key);
            same.or_else(|| rows.iter().position(|row| row.place() > (order, key))).unwrap_or(last)
        }
    };
    let start = at.saturating_sub(usize::from(window.before));
    let end = rows.len().min(at + usize::from(window.after));
    let rows_here = rows[start..end].to_vec();
    Page {
        first: Some(start as u64),
        total: rows.len() as u64,
        rows: rows_here,
        anchor: at - start,
        ..Page::empty(window)
    }
}
