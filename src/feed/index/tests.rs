mod bounds;

use std::{
    cmp::Reverse,
    collections::HashMap,
    sync::Arc,
    task::{Context, Poll, Waker},
    time::Duration,
};

use proptest::{collection::vec, option, prelude::*};

use super::{MAX_INDEXED, row_filter::RowFilter};
use crate::{
    Anchor, Key, Look, Near, Network, News, Order, Page, Row, Sort, Source, Value, View, Window,
    description::ListId,
    near::memory::{ITEMS, Memory, PARTS, ROOMS, TOYS, item, row, under},
};

/// Rows that the list of the model has at the beginning: several slices, and several chunks of positions.
const MANY: u64 = 2300;

#[derive(Debug, Clone)]
enum Step {
    /// Puts items, with one event.
    Put(Vec<(u16, u64, Option<String>, Option<u64>)>),
    /// Removes an item.
    Remove(u16),
    /// Looks, and compares the window with the whole list if every event was received.
    Look(usize, Place, u16, u16),
    /// Receives every event.
    Poll,
}

#[derive(Debug, Clone)]
enum Place {
    First,
    Last,
    Nth(prop::sample::Index),
}

fn step() -> impl Strategy<Value = Step> {
    let item = (0..3000_u16, 0..50_u64, option::of("[ab]{0,3}"), option::of(0..5_u64));
    let place =
        prop_oneof![Just(Place::First), Just(Place::Last), any::<prop::sample::Index>().prop_map(Place::Nth)];
    prop_oneof![
        2 => vec(item, 1..4).prop_map(Step::Put),
        1 => (0..3000_u16).prop_map(Step::Remove),
        3 => (0..7_usize, place, 0..30_u16, 0..30_u16)
            .prop_map(|(w, at, before, after)| Step::Look(w, at, before, after)),
        3 => Just(Step::Poll),
    ]
}

fn sorted(column: &'static str, descending: bool) -> Sort {
    Sort { column: column.into(), descending }
}

/// The windows of the model.
fn window(number: usize) -> Window {
    let plain = Window::first(ITEMS, 10);
    let filter = || Some("a".into());
    match number {
        0 => Window { sort: Some(sorted("count", false)), ..plain },
        1 => Window { sort: Some(sorted("count", true)), ..plain },
        2 => Window { sort: Some(sorted("text", false)), ..plain },
        3 => Window { sort: Some(sorted("status", true)), ..plain },
        4 => Window { filter: filter(), ..plain },
        5 => Window { sort: Some(sorted("text", true)), filter: filter(), ..plain },
        _ => Window { sort: Some(sorted("rate", true)), filter: filter(), ..plain },
    }
}

/// The rows of a window, by sorting the whole list.
fn expected(memory: &Memory, window: &Window) -> Vec<Row> {
    let mut rows = memory.all(window.list);
    if let Some(text) = &window.filter {
        let filter = RowFilter::parse(text, memory.description(), window.list).ok().unwrap();
        rows.retain(|row| filter.admits(row, memory.now()));
    }
    let Some(sort) = &window.sort else { return rows };
    let column = memory.description().list(window.list).unwrap().column(sort.column.as_str()).unwrap();
    // A stable sort, by an order that the index does not use.
    match &*sort.column.to_string() {
        "count" => sort_by(&mut rows, sort, |row| match row.cells[column] {
            Value::Count(count) => Some(count),
            _ => None,
        }),
        "text" => sort_by(&mut rows, sort, |row| match &row.cells[column] {
            Value::Text(text, _) => Some(text.untrusted().to_owned()),
            _ => None,
        }),
        "status" => sort_by(&mut rows, sort, |row| match row.cells[column] {
            Value::Status(statuses) => [None, Some(2), Some(3), Some(1)][statuses.0 as usize],
            _ => None,
        }),
        "rate" => sort_by(&mut rows, sort, |row| match row.cells[column] {
            Value::Number(rate) => Some(rate as u64),
            _ => None,
        }),
        other => panic!("{other}"),
    }
    rows
}

fn sort_by<T: Ord>(rows: &mut [Row], sort: &Sort, value: impl Fn(&Row) -> Option<T>) {
    rows.sort_by_key(|row| value(row).is_none());
    let with_value = rows.iter().filter(|row| value(row).is_some()).count();
    let rows = &mut rows[..with_value];
    if sort.descending {
        rows.sort_by_key(|row| Reverse(value(row)));
    } else {
        rows.sort_by_key(value);
    }
}

fn look(near: &mut Near, windows: Vec<Window>) -> Arc<Look> {
    near.look(&View { windows, ..View::default() })
}

fn page(near: &mut Near, window: &Window) -> Page {
    look(near, vec![window.clone()]).pages[0].clone()
}

/// Receives every event, and looks until the window is complete.
fn complete(near: &mut Near, window: &Window) -> Page {
    poll(near);
    let mut pages = std::iter::repeat_with(|| page(near, window)).take(1000);
    pages.find(|page| page.ready.is_none()).unwrap()
}

/// Receives every event.
fn poll(near: &mut Near) {
    let mut cx = Context::from_waker(Waker::noop());
    while near.poll_news(&mut cx).is_ready() {}
}

/// Receives this number of events.
fn receive(near: &mut Near, events: usize) {
    let mut cx = Context::from_waker(Waker::noop());
    for _ in 0..events {
        assert!(matches!(near.poll_news(&mut cx), Poll::Ready(Some(News::Event(_)))));
    }
}

/// Compares a page that is complete with the whole list.
fn compare(page: &Page, window: &Window, expected: &[Row]) {
    let last = expected.len().saturating_sub(1);
    let place = match &window.at {
        Anchor::First => 0,
        Anchor::Last => last,
        Anchor::At(_, key) => expected.iter().position(|row| row.key == *key).unwrap_or(last),
    };
    let first = place.saturating_sub(window.before.into());
    let end = expected.len().min(place + usize::from(window.after));
    assert_eq!(page.total, expected.len() as u64, "{window:?}");
    assert_eq!(page.first, Some(first as u64), "{window:?}");
    let expected = expected.get(first..end).unwrap_or_default();
    let keys =
        |rows: &[Row]| rows.iter().map(|row| row.key.untrusted().to_owned()).collect::<Vec<_>>().join(" ");
    assert_eq!(keys(&page.rows), keys(expected), "{window:?}");
    assert!(page.rows == expected, "{window:?}");
    assert_eq!(page.anchor, place - first, "{window:?}");
    assert_eq!((page.list, &page.under, &page.refused), (window.list, &window.under, &None));
}

fn many() -> Vec<Row> {
    let row = |n: u64| {
        item(
            &format!("k{n}"),
            n % 50,
            (!n.is_multiple_of(4)).then_some(["a", "b", "ba"][n as usize % 3]),
            Some(n % 7),
        )
    };
    (0..MANY).map(row).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// The events are applied late and in batches, the list is read in several slices, and a ring of 3 events makes the
    /// index miss some.
    #[test]
    fn a_window_that_is_complete_equals_the_sorted_and_filtered_list(steps in vec(step(), 1..60), is_small in any::<bool>()) {
        let memory = Memory::new(3);
        if !is_small {
            memory.put(ITEMS, many());
        }
        let mut near = Near::new(memory.clone());
        let mut is_current = true;
        for step in steps {
            is_current &= !matches!(step, Step::Put(_) | Step::Remove(_));
            match step {
                Step::Put(items) => {
                    let row = |(key, rank, text, count): (u16, u64, Option<String>, _)| {
                        item(&format!("k{key}"), rank, text.as_deref(), count)
                    };
                    memory.put(ITEMS, items.into_iter().map(row));
                }
                Step::Remove(key) => memory.remove(ITEMS, &format!("k{key}").into()),
                Step::Poll => {
                    poll(&mut near);
                    is_current = true;
                }
                Step::Look(number, at, before, after) => {
                    let window = Window { before, after, ..window(number) };
                    let expected = expected(&memory, &window);
                    let at = match at {
                        Place::First => Anchor::First,
                        Place::Last => Anchor::Last,
                        Place::Nth(_) if expected.is_empty() => Anchor::First,
                        Place::Nth(index) => {
                            let row = index.get(&expected);
                            Anchor::At(row.order.clone(), row.key.clone())
                        }
                    };
                    let window = Window { at, ..window };
                    let page = page(&mut near, &window);
                    if page.ready.is_none() && is_current {
                        compare(&page, &window, &expected);
                    }
                    let counts = memory.page(&Window::first(ITEMS, 0)).counts;
                    prop_assert_eq!(page.counts, counts);
                }
            }
        }
        for number in 0..7 {
            let window = Window { after: 1024, ..window(number) };
            compare(&complete(&mut near, &window), &window, &expected(&memory, &window));
        }
    }

    /// Removing an item removes those under it, of which no event speaks.
    #[test]
    fn rows_go_with_the_item_that_they_are_under(
        toys in vec((0..4_u8, 0..9_u64), 0..12),
        parts in vec((0..3_u8, 0..9_u64), 0..60),
        removed in vec((any::<bool>(), 0..4_u8), 1..6),
    ) {
        let memory = Memory::new(100);
        memory.put(ROOMS, (0..4).map(|n| row(&format!("r{n}"), n, [Value::None])));
        let toys = toys.iter().enumerate().map(|(n, (room, count))| under(&format!("r{room}"), &format!("t{n}"), *count));
        memory.put(TOYS, toys);
        let toys = memory.all(TOYS).len();
        let parts = parts.iter().enumerate().filter(|(_, (toy, _))| usize::from(*toy) < toys);
        memory.put(PARTS, parts.map(|(n, (toy, count))| under(&format!("t{toy}"), &format!("p{n}"), *count)));
        let mut near = Near::new(memory.clone());
        let of = |list, item: Option<&str>| Window {
            sort: Some(sorted("count", true)),
            under: item.map(Key::from),
            ..Window::first(list, 2)
        };
        // Few rows, because those that are shown are read again.
        let windows = [of(TOYS, None), of(TOYS, Some("r1")), of(PARTS, None), of(PARTS, Some("t1"))];
        look(&mut near, windows.to_vec());
        for (is_room, n) in removed {
            let (list, key) = if is_room { (ROOMS, format!("r{n}")) } else { (TOYS, format!("t{n}")) };
            memory.remove(list, &key.into());
            // All windows in each look, so that their indexes live on.
            poll(&mut near);
            let mut looks = std::iter::repeat_with(|| look(&mut near, windows.to_vec())).take(100);
            let look = looks.find(|look| look.pages.iter().all(|page| page.ready.is_none())).unwrap();
            for (page, window) in look.pages.iter().zip(&windows) {
                let mut rows = memory.all(window.list);
                rows.retain(|row| window.under.is_none() || window.under.clone().map(Value::Ref) == Some(row.cells[0].clone()));
                sort_by(&mut rows, window.sort.as_ref().unwrap(), |row| match row.cells[1] {
                    Value::Count(count) => Some(count),
                    _ => None,
                });
                prop_assert_eq!(page.total, rows.len() as u64);
                prop_assert_eq!(&page.rows, &rows[..rows.len().min(2)]);
            }
        }
    }

    /// The anchor is replaced by the row behind its place in the sorted order, or else the last.
    #[test]
    fn an_anchor_that_has_gone_is_replaced_by_the_row_behind_it(
        counts in vec(option::of(0..6_u64), 1..30),
        gone in vec(any::<prop::sample::Index>(), 1..10),
        (descending, filtered) in (any::<bool>(), any::<bool>()),
    ) {
        let memory = Memory::new(100);
        let items = counts.iter().enumerate();
        memory.put(ITEMS, items.map(|(n, count)| item(&format!("k{n}"), n as u64 % 3, Some("a"), *count)));
        let mut near = Near::new(memory.clone());
        let filter = filtered.then(|| "a".into());
        let window = Window { sort: Some(sorted("count", descending)), filter, ..Window::first(ITEMS, 1024) };
        let rows = page(&mut near, &window).rows;
        let anchor = gone[0].get(&rows);
        let removed: Vec<_> = gone.iter().map(|index| index.get(&rows).clone()).collect();
        for row in &removed {
            if filtered && row.order.rank == 1 {
                memory.put(ITEMS, [item(row.key.untrusted(), 7, Some("b"), Some(3))]);
            } else {
                memory.remove(ITEMS, &row.key);
            }
        }
        poll(&mut near);
        let at = Anchor::At(anchor.order.clone(), anchor.key.clone());
        let page = page(&mut near, &Window { at, before: 1024, ..window });
        let place = rows.iter().position(|row| row.key == anchor.key).unwrap();
        let behind = rows[place..].iter().find(|row| !removed.contains(row));
        let left = rows.iter().rfind(|row| !removed.contains(row));
        let expected = behind.or(left);
        prop_assert_eq!(page.rows.get(page.anchor), expected);
        prop_assert_eq!(page.anchor as u64 + page.first.unwrap(), page.rows.iter().position(|row| Some(row) == expected).unwrap_or(0) as u64);
    }
}

fn by_count() -> Window {
    Window { sort: Some(sorted("count", false)), ..Window::first(ITEMS, 20) }
}

#[test]
fn an_anchor_follows_its_row() {
    let memory = Memory::new(100);
    memory.put(ITEMS, (0..10).map(|n| item(&format!("k{n}"), n, None, Some(n))));
    let mut near = Near::new(memory.clone());
    let rows = page(&mut near, &by_count()).rows;
    let at = Anchor::At(rows[2].order.clone(), rows[2].key.clone());
    memory.put(ITEMS, [item("k2", 0, None, Some(100))]);
    poll(&mut near);
    let page = page(&mut near, &Window { at, before: 1, ..by_count() });
    assert_eq!((page.first, page.anchor, &page.rows[1].key), (Some(8), 1, &"k2".into()));
}

#[test]
fn an_anchor_that_the_index_never_had_stands_where_it_would() {
    let memory = Memory::new(100);
    memory.put(ITEMS, (0..10).map(|n| item(&format!("k{n}"), n, Some(["a", "b"][n as usize % 2]), Some(n))));
    let mut near = Near::new(memory.clone());
    let filtered = Window { filter: Some("a".into()), ..by_count() };
    let at = |key: &str, rank| Anchor::At(Order::rank(rank), key.into());
    // The filter leaves it out.
    let page_at = page(&mut near, &Window { at: at("k3", 3), before: 20, ..filtered.clone() });
    assert_eq!(page_at.rows[page_at.anchor].key, "k4".into());
    // Nobody knows it.
    let page_at = page(&mut near, &Window { at: at("gone", 3), before: 20, ..filtered });
    assert_eq!(page_at.rows[page_at.anchor].key, "k8".into());
}

#[test]
fn a_long_list_is_collected_in_slices_and_reports_its_progress() {
    let memory = Memory::new(100);
    memory.put(ITEMS, many());
    let mut near = Near::new(memory.clone());
    let mut ready = Vec::new();
    loop {
        let before = memory.rows_read.load(std::sync::atomic::Ordering::Relaxed);
        let page = page(&mut near, &by_count());
        let read = memory.rows_read.load(std::sync::atomic::Ordering::Relaxed) - before;
        assert!(read <= 1000 + 60, "{read} rows were read");
        ready.push((page.ready, page.total));
        if page.ready.is_none() {
            break;
        }
    }
    assert_eq!(ready, [(Some(43), 1000), (Some(86), 2000), (None, MANY)]);
}

#[test]
fn a_list_that_is_too_long_is_refused_until_it_is_shorter() {
    let memory = Memory::new(100);
    let name = |n: usize| format!("k{n}");
    memory.put(ITEMS, (0..=MAX_INDEXED).map(|n| item(&name(n), n as u64, Some(["a", "b"][n % 2]), None)));
    let mut near = Near::new(memory.clone());
    let refused = page(&mut near, &by_count());
    assert!(refused.refused.as_ref().unwrap().untrusted().ends_with("filter them first"), "{refused:?}");
    assert_eq!((refused.total, refused.rows.len(), refused.ready), (MAX_INDEXED as u64 + 1, 0, None));
    // Filtered it is short enough.
    let filtered = Window { filter: Some("a".into()), ..by_count() };
    assert_eq!(complete(&mut near, &filtered).total, MAX_INDEXED as u64 / 2 + 1);
    memory.remove(ITEMS, &name(7).into());
    complete_after_refusal(&mut near, &by_count());
    // An event makes it too long again.
    memory.put(ITEMS, [item("k7", 7, None, None)]);
    poll(&mut near);
    assert!(page(&mut near, &by_count()).refused.is_some());
}

fn complete_after_refusal(near: &mut Near, window: &Window) {
    let mut pages = std::iter::repeat_with(|| page(near, window)).take(1000);
    let page = pages.find(|page| page.refused.is_none() && page.ready.is_none()).unwrap();
    assert_eq!(page.total, MAX_INDEXED as u64);
}

#[test]
fn a_filter_with_too_many_matches_is_tried_again_after_ten_seconds() {
    let memory = Memory::new(10);
    let rows = |text| (0..=MAX_INDEXED + 1).map(move |n| item(&format!("k{n}"), n as u64, Some(text), None));
    memory.put(ITEMS, rows("a"));
    let mut near = Near::new(memory.clone());
    let window = Window { filter: Some("a".into()), ..Window::first(ITEMS, 20) };
    let mut pages = std::iter::repeat_with(|| page(&mut near, &window)).take(1000);
    let refused = pages.find(|page| page.ready.is_none()).unwrap();
    assert!(refused.refused.as_ref().unwrap().untrusted().ends_with("narrower filter"), "{refused:?}");
    memory.put(ITEMS, rows("b").skip(3));
    assert!(page(&mut near, &window).refused.is_some());
    memory.pass(Duration::from_secs(10));
    let mut pages = std::iter::repeat_with(|| page(&mut near, &window)).take(1000);
    assert_eq!(pages.find(|page| page.refused.is_none()).unwrap().total, 3);
}

#[test]
fn an_unknown_column_and_an_invalid_filter_are_refused() {
    let memory = Memory::new(100);
    memory.put(ITEMS, (0..10).map(|n| item(&format!("k{n}"), n, None, None)));
    let mut near = Near::new(memory);
    let unknown = page(&mut near, &Window { sort: Some(sorted("no", false)), ..by_count() });
    assert_eq!(unknown.refused, Some("items have no column no".into()));
    assert_eq!((unknown.total, unknown.rows.len(), unknown.ready), (10, 0, None));
    assert!(page(&mut near, &Window { filter: Some("(".into()), ..by_count() }).refused.is_some());
}

/// A rate can fade without an event.
#[test]
fn rows_that_time_alone_changes_are_read_again() {
    let memory = Memory::new(100);
    memory.put(ITEMS, (0..100).map(|n| item(&format!("k{n:02}"), n, None, None)));
    let mut near = Near::new(memory.clone());
    let window = Window { sort: Some(sorted("rate", true)), ..Window::first(ITEMS, 3) };
    let keys = |page: &Page| page.rows.iter().map(|row| row.key.untrusted().to_owned()).collect::<Vec<_>>();
    assert_eq!(keys(&page(&mut near, &window)), ["k99", "k98", "k97"]);
    // Two rows change, and no event touches them. One of them is in the window.
    memory.put_untouched(ITEMS, [item("k98", 1, None, None), item("k00", 1000, None, None)]);
    assert_eq!(keys(&page(&mut near, &window)), ["k99", "k97", "k96"]);
    memory.pass(Duration::from_secs(1));
    page(&mut near, &window);
    let page = page(&mut near, &window);
    assert_eq!((keys(&page).as_slice(), page.ready), (&["k00".into(), "k99".into(), "k97".into()][..], None));
}

#[test]
fn indexes_are_dropped_when_no_window_needs_them() {
    let memory = Memory::new(100);
    let mut near = Near::new(memory);
    look(&mut near, (0..7).map(window).collect());
    assert_eq!(near.indexes(), 7);
    look(&mut near, vec![window(3)]);
    look(&mut near, vec![window(4)]);
    look(&mut near, Vec::new());
    assert_eq!(near.indexes(), 2);
    for _ in 0..300 {
        look(&mut near, Vec::new());
    }
    assert_eq!(near.indexes(), 0);
}

/// A touched row costs one read, whatever the length of the list is.
#[test]
fn a_touched_row_is_read_once_for_all_windows_of_its_list() {
    let memory = Memory::new(100);
    memory.put(ITEMS, (0..500).map(|n| item(&format!("k{n}"), n, None, Some(n))));
    let mut near = Near::new(memory.clone());
    let windows = || [0, 1, 2].map(|number| Window { after: 0, ..window(number) }).to_vec();
    (0..5).for_each(|_| drop(look(&mut near, windows())));
    let read = || memory.rows_read.load(std::sync::atomic::Ordering::Relaxed);
    let before = read();
    memory.put(ITEMS, [item("k7", 7, None, Some(9))]);
    memory.put(ITEMS, [item("k7", 7, None, Some(1000))]);
    receive(&mut near, 2);
    look(&mut near, windows());
    assert_eq!(read() - before, 1);
}

/// Keys that events name and that never existed leave nothing behind.
#[test]
fn events_about_unknown_rows_and_other_lists_change_nothing() {
    let memory = Memory::new(100);
    memory.put(ITEMS, (0..5).map(|n| item(&format!("k{n}"), n, None, Some(n))));
    let mut near = Near::new(memory.clone());
    let before = page(&mut near, &by_count());
    memory.emit(vec![(ITEMS, "no".into()), (ROOMS, "k1".into()), (ListId(9), "k1".into())]);
    poll(&mut near);
    assert_eq!(page(&mut near, &by_count()), before);
}

#[test]
fn the_model_compares_distinct_orders() {
    let memory = Memory::new(10);
    memory.put(ITEMS, many());
    let keys = |number| expected(&memory, &window(number)).into_iter().map(|row| row.key).collect::<Vec<_>>();
    let orders: HashMap<_, _> = (0..7).map(|number| (keys(number), number)).collect();
    assert_eq!(orders.len(), 7);
}
