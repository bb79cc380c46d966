use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    iter,
    ops::Bound,
};

use super::packed::{CommonTexts, PackedRow};
use crate::{
    Key, Order, Page, Row, Window,
    description::{Description, Kind, ListSpec, StatusId},
    paging::{Place, RowsByPlace, page},
};

/// The rows of one list, in order, and by key.
#[derive(Debug)]
pub(super) struct RowSet {
    rows: BTreeMap<(Order, Key), PackedRow>,
    /// For each column.
    common: Vec<CommonTexts>,
    orders: HashMap<Key, Order>,
    /// For a list under another: the item above, and the place of each of its rows.
    by_item: Option<BTreeSet<(Key, Order, Key)>>,
    /// The statuses that are counted, and the column that has them.
    counted: Vec<StatusId>,
    status_column: Option<usize>,
    counts: Vec<u64>,
    /// The length of the list. It can be longer than the rows that are known.
    pub(super) total: u64,
}

impl RowSet {
    /// A list without rows.
    pub(super) fn new(description: &Description, spec: &ListSpec) -> Self {
        let counted: Vec<_> =
            spec.statuses.iter().filter_map(|name| description.status_id(name.as_str())).collect();
        Self {
            rows: BTreeMap::new(),
            common: spec.columns.iter().map(|_| CommonTexts::default()).collect(),
            orders: HashMap::new(),
            by_item: spec.under.as_ref().map(|_| BTreeSet::new()),
            counts: vec![0; counted.len()],
            counted,
            status_column: spec.columns.iter().position(|column| column.kind == Kind::Status),
            total: 0,
        }
    }

    /// Inserts a row in place of the one with its key. `kept`: bit n stands for a cell n that is as it was.
    pub(super) fn insert_keeping(&mut self, mut row: Row, kept: u32) {
        let before = if kept == 0 { None } else { self.row(&row.key) };
        if let Some(before) = before {
            let cells = row.cells.iter_mut().zip(before.cells).take(32).enumerate();
            for (_, (cell, before)) in cells.filter(|(index, _)| kept >> index & 1 == 1) {
                *cell = before;
            }
        }
        self.insert(row);
    }

    /// Inserts a row in place of the one with its key.
    pub(super) fn insert(&mut self, row: Row) {
        self.remove(&row.key);
        let Row { key, order, cells } = row;
        let cells = PackedRow::new(&key, &cells, &mut self.common);
        self.count(&cells, true);
        if let Some(by_item) = &mut self.by_item
            && let Some(item) = cells.first_ref()
        {
            by_item.insert((item, order.clone(), key.clone()));
        }
        self.orders.insert(key.clone(), order.clone());
        self.rows.insert((order, key), cells);
    }

    /// Removes a row. Returns whether there was one.
    pub(super) fn remove(&mut self, key: &Key) -> bool {
        let Some((key, order)) = self.orders.remove_entry(key) else { return false };
        let place = (order, key);
        let Some(cells) = self.rows.remove(&place) else { return false };
        self.count(&cells, false);
        if let Some(by_item) = &mut self.by_item
            && let Some(item) = cells.first_ref()
        {
            let (order, key) = place;
            by_item.remove(&(item, order, key));
        }
        true
    }

    /// The keys of the rows under an item of the list above.
    pub(super) fn keys_under(&self, item: &Key) -> Vec<Key> {
        self.under(item).map(|(_, key)| key.clone()).collect()
    }

    pub(super) fn row(&self, key: &Key) -> Option<Row> {
        self.row_at((self.orders.get(key)?, key))
    }

    /// The page of a window.
    pub(super) fn page(&self, window: &Window) -> Page {
        let Some(item) = &window.under else {
            // A damaged recording can have more rows than it says.
            let total = self.total.max(self.rows.len() as u64);
            return page(window, total, self.counts.clone(), &Whole(self));
        };
        let rows = || self.under(item).filter_map(|place| self.rows.get(&(place.0.clone(), place.1.clone())));
        let count = |status| rows().filter(|cells| self.has(cells, status)).count() as u64;
        let counts = self.counted.iter().copied().map(count).collect();
        page(window, rows().count() as u64, counts, &Under(self, item))
    }

    /// The places of the rows under an item of the list above.
    fn under(&self, item: &Key) -> impl DoubleEndedIterator<Item = Place<'_>> {
        self.under_between(item, Bound::Unbounded, Bound::Unbounded)
    }

    fn under_between(
        &self,
        item: &Key,
        start: Bound<Place<'_>>,
        end: Bound<Place<'_>>,
    ) -> impl DoubleEndedIterator<Item = Place<'_>> {
        let of = |(order, key): Place<'_>| (item.clone(), order.clone(), key.clone());
        // Keys are texts, so this is the first that is greater than the item's.
        let behind = Key::from(format!("{}\0", item.untrusted()));
        let start = match start.map(of) {
            Bound::Unbounded => Bound::Included((item.clone(), Order::rank(0), Key::new(""))),
            start => start,
        };
        let end = match end.map(of) {
            Bound::Unbounded => Bound::Excluded((behind, Order::rank(0), Key::new(""))),
            end => end,
        };
        let ranges = self.by_item.iter().map(move |by_item| by_item.range((start.clone(), end.clone())));
        ranges.flatten().map(|(_, order, key)| (order, key))
    }

    fn row_at(&self, (order, key): Place<'_>) -> Option<Row> {
        let (place, cells) = self.rows.get_key_value(&(order.clone(), key.clone()))?;
        Some(self.unpacked(place, cells))
    }

    fn unpacked(&self, (order, key): &(Order, Key), cells: &PackedRow) -> Row {
        Row { key: key.clone(), order: order.clone(), cells: cells.unpack(key, &self.common) }
    }

    fn count(&mut self, cells: &PackedRow, comes: bool) {
        for (index, status) in self.counted.iter().enumerate() {
            if self.has(cells, *status) {
                self.counts[index] = self.counts[index].saturating_add_signed(if comes { 1 } else { -1 });
            }
        }
    }

    fn has(&self, cells: &PackedRow, status: StatusId) -> bool {
        let statuses = self.status_column.and_then(|column| cells.statuses(column));
        statuses.is_some_and(|statuses| statuses.contains(status))
    }
}

/// All rows of a list.
struct Whole<'a>(&'a RowSet);

impl RowsByPlace for Whole<'_> {
    fn rows_from(&self, place: Option<Place<'_>>, count: usize) -> Vec<Row> {
        let start = place.map_or(Bound::Unbounded, |place| Bound::Included(owned(place)));
        self.0
            .rows
            .range((start, Bound::Unbounded))
            .take(count)
            .map(|(place, cells)| self.0.unpacked(place, cells))
            .collect()
    }

    fn rows_before(&self, place: Option<Place<'_>>, count: usize) -> Vec<Row> {
        let end = place.map_or(Bound::Unbounded, |place| Bound::Excluded(owned(place)));
        self.0
            .rows
            .range((Bound::Unbounded, end))
            .rev()
            .take(count)
            .map(|(place, cells)| self.0.unpacked(place, cells))
            .collect()
    }
}

/// The rows under one item of the list above.
struct Under<'a>(&'a RowSet, &'a Key);

impl RowsByPlace for Under<'_> {
    fn rows_from(&self, place: Option<Place<'_>>, count: usize) -> Vec<Row> {
        let start = place.map_or(Bound::Unbounded, Bound::Included);
        let places = self.0.under_between(self.1, start, Bound::Unbounded);
        places.take(count).filter_map(|place| self.0.row_at(place)).collect()
    }

    fn rows_before(&self, place: Option<Place<'_>>, count: usize) -> Vec<Row> {
        let end = place.map_or(Bound::Unbounded, Bound::Excluded);
        let places = self.0.under_between(self.1, Bound::Unbounded, end);
        places.rev().take(count).filter_map(|place| self.0.row_at(place)).collect()
    }
}

fn owned((order, key): Place<'_>) -> (Order, Key) {
    (order.clone(), key.clone())
}

/// The lists of a description, without rows.
pub(super) fn empty(description: &Description) -> Vec<RowSet> {
    iter::repeat(description)
        .zip(&description.lists)
        .map(|(description, spec)| RowSet::new(description, spec))
        .collect()
}
