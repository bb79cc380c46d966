use std::{
    hint::black_box,
    time::{Duration, Instant},
};

use super::{Specimen, walk::walk};
use crate::{Anchor, Key, Network, Window, description::ListId};

/// Items of the short and of the long list. The short one has as many rows as are read at once.
const SHORT: usize = 600;
const LONG: usize = 100_000;
/// How often each is measured. The quickest counts, because other programs use the machine too.
const ROUNDS: usize = 200;

/// Check 9. Reading 150 rows in the middle of a list, and 512 rows by key, takes at most three times as long in a list of
/// 100,000 items as in a short one.
pub fn the_cost_does_not_depend_on_the_length_of_lists(specimen: &mut dyn Specimen) {
    specimen.fill(SHORT);
    let network = specimen.network();
    let short = longest(&*network).map(|list| costs(&*network, list));
    specimen.fill(LONG);
    let Some(list) = longest(&*network) else { return };
    let long = costs(&*network, list);
    for (short, long) in short.into_iter().flatten().zip(long) {
        assert!(
            long < short * 3 + Duration::from_micros(20),
            "{long:?} in a long list, {short:?} in a short one"
        );
    }
}

fn longest(network: &dyn Network) -> Option<ListId> {
    let total = |list: &ListId| network.page(&Window::first(*list, 0)).total;
    network.description().lists().map(|(id, _)| id).max_by_key(total)
}

fn costs(network: &dyn Network, list: ListId) -> [Duration; 2] {
    let rows = walk(network, list, None);
    let keys: Vec<Key> =
        rows.iter().step_by((rows.len() / crate::MAX_ITEMS).max(1)).map(|row| row.key.clone()).collect();
    let keys = &keys[..keys.len().min(crate::MAX_ITEMS)];
    let middle = &rows[rows.len() / 2];
    let window = Window::new(list, Anchor::At(middle.order.clone(), middle.key.clone()), 75, 75);
    let page = quickest(|| _ = black_box(network.page(black_box(&window))));
    let by_key = quickest(|| _ = black_box(network.rows(list, black_box(keys))));
    [page, by_key]
}

#[allow(clippy::disallowed_methods, reason = "it measures")]
fn quickest(mut work: impl FnMut()) -> Duration {
    let round = || {
        let began = Instant::now();
        work();
        began.elapsed()
    };
    std::iter::repeat_with(round).take(ROUNDS).min().unwrap_or_default()
}
