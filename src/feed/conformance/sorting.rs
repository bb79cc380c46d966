use std::task::{Context, Waker};

use rand::RngExt;

use super::{Random, Specimen, walk::walk};
use crate::{
    MAX_ROWS, MAX_WINDOWS, Near, Network, Page, Row, Sort, Source, Statuses, Value, View, Window,
    description::{Kind, ListId, ListSpec},
};

/// Rounds of random windows.
const ROUNDS: usize = 150;
/// Looks within which a window is complete.
const LOOKS: usize = 1000;

/// Check 10. A sorted window, which is kept up to date by the rows that events touched, equals the sorted list.
pub fn sorted_windows_follow_the_events(specimen: &mut dyn Specimen) {
    let mut random = Random::new();
    let network = specimen.network();
    let mut near = Near::new(specimen.network());
    for _ in 0..ROUNDS {
        // Sometimes more than a watcher may leave unread.
        let steps =
            if random.numbers.random_ratio(1, 50) { 6000 } else { random.numbers.random_range(0..60) };
        (0..steps).for_each(|_| specimen.disturb(&mut random.numbers));
        let mut cx = Context::from_waker(Waker::noop());
        while near.poll_news(&mut cx).is_ready() {}
        // The same windows in each round, so that their indexes live on.
        let windows: Vec<_> =
            network.description().lists().flat_map(|(id, spec)| windows(id, spec)).collect();
        let windows = &windows[..windows.len().min(MAX_WINDOWS)];
        let pages = complete(&mut near, windows);
        assert_eq!(pages.len(), windows.len(), "not complete after {LOOKS} looks");
        for (window, page) in windows.iter().zip(pages) {
            let rows = sorted(&*network, window);
            assert_eq!((page.total, page.refused), (rows.len() as u64, None), "{window:?}");
            let end = rows.len().min(window.after.into());
            assert_eq!(page.rows, rows[..end], "{window:?}");
        }
    }
}

/// Windows of a list that are sorted by its first and by its last column, apart from rates, which can fade without events.
fn windows(list: ListId, spec: &ListSpec) -> Vec<Window> {
    let mut columns: Vec<_> =
        spec.columns.iter().filter(|column| !matches!(column.kind, Kind::Rate | Kind::BytesRate)).collect();
    let columns = columns.pop().into_iter().chain(columns.into_iter().next());
    let sorts = columns.flat_map(|column| [false, true].map(|descending| (column.name.clone(), descending)));
    let window = |(column, descending)| {
        let sort = Sort { column, descending };
        Window { sort: Some(sort), ..Window::first(list, MAX_ROWS) }
    };
    sorts.map(window).collect()
}

/// Looks until every window is complete.
fn complete(near: &mut Near, windows: &[Window]) -> Vec<Page> {
    let view = View { windows: windows.to_vec(), ..View::default() };
    let looks = std::iter::repeat_with(|| near.look(&view)).take(LOOKS);
    let mut complete = looks.filter(|look| look.pages.iter().all(|page| page.ready.is_none()));
    complete.next().map(|look| look.pages.clone()).unwrap_or_default()
}

/// The rows of the whole list, sorted.
fn sorted(network: &dyn Network, window: &Window) -> Vec<Row> {
    let mut rows = walk(network, window.list, None);
    let Some(Sort { column, descending }) = &window.sort else { return rows };
    let column = network.description().list(window.list).and_then(|list| list.column(column.as_str()));
    let value = |row: &Row| match column.and_then(|column| row.cells.get(column)) {
        Some(Value::Status(Statuses::NONE)) | None => Value::None,
        Some(value) => value.clone(),
    };
    rows.sort_by(|a, b| {
        let (a, b) = (value(a), value(b));
        let order = a.compare(&b);
        let is_reversed = *descending && a != Value::None && b != Value::None;
        if is_reversed { order.reverse() } else { order }
    });
    rows
}
