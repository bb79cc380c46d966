use rand::RngExt;

use super::{Random, Specimen, walk::walk};
use crate::{
    Anchor, Key, Network, Order, Row, Value, Window,
    description::{ListId, ListSpec},
};

/// Rounds of random windows.
const ROUNDS: usize = 200;

/// Check 2. Every window, whether it lies in the list or not, is a part of the list, in strict order, with the right
/// anchor, place, total and counts. The rows by key are the same. Cells fit their columns.
pub fn windows_are_parts_of_lists(specimen: &mut dyn Specimen) {
    let mut random = Random::new();
    for _ in 0..ROUNDS {
        for _ in 0..random.numbers.random_range(0..10) {
            specimen.disturb(&mut random.numbers);
        }
        let network = specimen.network();
        let description = network.description().clone();
        for (id, spec) in description.lists() {
            let all = walk(&*network, id, None);
            list_is_valid(&*network, id, spec, &all);
            for _ in 0..5 {
                window_is_part(&*network, &random_window(id, &all, &mut random), spec, &all);
            }
            if let Some(above) = spec.under.as_ref().and_then(|name| description.list_id(name.as_str())) {
                for item in walk(&*network, above, None).iter().take(5) {
                    let of = Value::Ref(item.key.clone());
                    let part: Vec<_> = all.iter().filter(|row| row.cells[0] == of).cloned().collect();
                    let window = random_window(id, &all, &mut random).under(item.key.clone());
                    window_is_part(&*network, &window, spec, &part);
                }
            }
        }
    }
}

fn list_is_valid(network: &dyn Network, id: ListId, spec: &ListSpec, all: &[Row]) {
    let name = &spec.name;
    assert!(all.windows(2).all(|pair| pair[0].place() < pair[1].place()), "{name} is not in order: {all:?}");
    let mut keys: Vec<_> = all.iter().map(|row| row.key.clone()).collect();
    for row in all {
        assert_eq!(row.cells.len(), spec.columns.len(), "{name}: cells of {row:?}");
        for (cell, column) in row.cells.iter().zip(&spec.columns) {
            assert!(cell.fits(&column.kind), "{name}: {} is {cell:?}", column.name);
        }
    }
    keys.truncate(crate::MAX_ITEMS - 1);
    keys.push(Key::new("\u{1b}no such key\u{202e}"));
    let rows = network.rows(id, &keys);
    let expected = keys.iter().map(|key| all.iter().find(|row| row.key == *key).cloned());
    assert!(rows.into_iter().eq(expected), "{name}: rows by key differ from the page");
    for other in
        keys.iter().flat_map(|key| ["0", "+", " "].map(|before| format!("{before}{}", key.untrusted())))
    {
        let asked = Key::from(other);
        let row = network.rows(id, std::slice::from_ref(&asked)).pop().flatten();
        assert!(row.is_none_or(|row| row.key == asked), "{name}: {asked:?} gives another item");
    }
    keys.sort();
    keys.dedup();
    assert_eq!(keys.len(), (all.len() + 1).min(crate::MAX_ITEMS), "{name}: a key occurs twice");
}

fn random_window(list: ListId, all: &[Row], random: &mut Random) -> Window {
    let numbers = &mut random.numbers;
    let any = |numbers: &mut rand::rngs::StdRng| &all[numbers.random_range(0..all.len())];
    let at = match numbers.random_range(0..6) {
        0 => Anchor::First,
        1 => Anchor::Last,
        2 => Anchor::At(Order::rank(numbers.random()), Key::new("gone")),
        3 if !all.is_empty() => Anchor::At(any(numbers).order.clone(), Key::new("")),
        4 if !all.is_empty() => Anchor::At(any(numbers).order.clone(), Key::new("\u{10ffff}")),
        _ if all.is_empty() => Anchor::At(Order::rank(0), Key::new("")),
        _ => {
            let row = any(numbers);
            Anchor::At(row.order.clone(), row.key.clone())
        }
    };
    let mut rows = || match numbers.random_range(0..4) {
        0 => 0,
        1 => crate::MAX_ROWS,
        _ => numbers.random_range(1..40),
    };
    Window::new(list, at, rows(), rows())
}

fn window_is_part(network: &dyn Network, window: &Window, spec: &ListSpec, all: &[Row]) {
    let page = network.page(window);
    let place = match &window.at {
        Anchor::First => 0,
        Anchor::Last => all.len().saturating_sub(1),
        Anchor::At(order, key) => {
            let behind = all.partition_point(|row| row.place() < (order, key));
            behind.min(all.len().saturating_sub(1))
        }
    };
    let start = place.saturating_sub(usize::from(window.before));
    let end = all.len().min(place + usize::from(window.after));
    let expected = all.get(start..end).unwrap_or_default();
    assert_eq!(page.rows, expected, "{window:?} of {} rows", all.len());
    assert_eq!((page.list, &page.under), (window.list, &window.under));
    assert_eq!(page.anchor, if all.is_empty() { 0 } else { place - start }, "{window:?}");
    assert!(page.first.is_none_or(|first| first == start as u64), "{window:?}: {:?} for {start}", page.first);
    assert_eq!(page.total, all.len() as u64, "{window:?}");
    let description = network.description();
    let has = |row: &&Row, status| {
        row.cells.iter().any(|cell| matches!(cell, Value::Status(statuses) if statuses.contains(status)))
    };
    let statuses = spec.statuses.iter().filter_map(|name| description.status_id(name.as_str()));
    let counts: Vec<_> =
        statuses.map(|status| all.iter().filter(|row| has(row, status)).count() as u64).collect();
    assert_eq!(page.counts, counts, "{window:?}");
    assert_eq!(page.ready, None);
}
