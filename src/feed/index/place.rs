use std::{cmp::Ordering, collections::HashMap, collections::VecDeque, sync::Arc};

use crate::{Key, Order, Row, Value};

/// Bytes of a text that count for its position in a sorted window. A window of a node elsewhere has no more of them.
const SORTED_BYTES: usize = 512;

/// How an index is sorted.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Sorting {
    /// Index of the column. `None`: the list's own order.
    pub(super) column: Option<usize>,
    /// Whether the greatest value comes first.
    pub(super) descending: bool,
}

/// Position of a row in an index: by the value of the column, then by its position in the list. Rows without a value
/// are last in both directions.
#[derive(Debug)]
pub(super) struct Place {
    value: Value,
    order: Order,
    pub(super) key: Key,
    /// The item that the row is under.
    pub(super) parent: Option<Key>,
}

impl Place {
    pub(super) fn of(row: &Row, sorting: Sorting) -> Self {
        let value = sorting.value(row);
        Self { value, order: row.order.clone(), key: row.key.clone(), parent: parent(row).cloned() }
    }

    /// Whether this is still the place of the row.
    pub(super) fn is_of(&self, row: &Row, sorting: Sorting) -> bool {
        self.order == row.order
            && self.key == row.key
            && self.parent.as_ref() == parent(row)
            && self.value.compare(&sorting.value(row)).is_eq()
    }

    /// The position of a row that no longer exists and whose value is unknown.
    pub(super) fn without_value(order: Order, key: Key) -> Self {
        Self { value: Value::None, order, key, parent: None }
    }

    #[cfg(test)]
    pub(super) fn order(&self) -> &Order {
        &self.order
    }

    pub(super) fn compare(&self, other: &Self, sorting: Sorting) -> Ordering {
        self.compare_values(other, sorting)
            .then_with(|| self.order.cmp(&other.order))
            .then_with(|| self.key.cmp(&other.key))
    }

    fn compare_values(&self, other: &Self, sorting: Sorting) -> Ordering {
        let has_value = |place: &Self| place.value != Value::None;
        let order = self.value.compare(&other.value);
        let is_reversed = sorting.descending && has_value(self) && has_value(other);
        if is_reversed { order.reverse() } else { order }
    }
}

impl Sorting {
    /// The value by which a row is sorted.
    fn value(self, row: &Row) -> Value {
        let value = self.column.and_then(|column| row.cells.get(column)).map(|value| value.cut(SORTED_BYTES));
        match value.unwrap_or_default() {
            Value::Status(statuses) if statuses.main().is_none() => Value::None,
            value => value,
        }
    }
}

/// The item that a row of a list under another is under.
pub(super) fn parent(row: &Row) -> Option<&Key> {
    match row.cells.first() {
        Some(Value::Ref(key)) => Some(key),
        _ => None,
    }
}

/// The last positions of rows that have gone, so that an anchor on one of them is replaced by the row behind it.
#[derive(Debug, Default)]
pub(super) struct Gone {
    places: HashMap<Key, Arc<Place>>,
    /// In the order of their removal.
    queue: VecDeque<Arc<Place>>,
}

impl Gone {
    /// Maximum positions.
    const MOST: usize = 10_000;

    pub(super) fn push(&mut self, place: Arc<Place>) {
        if self.queue.len() >= Self::MOST
            && let Some(oldest) = self.queue.pop_front()
            && self.places.get(&oldest.key).is_some_and(|place| Arc::ptr_eq(place, &oldest))
        {
            self.places.remove(&oldest.key);
        }
        self.places.insert(place.key.clone(), Arc::clone(&place));
        self.queue.push_back(place);
    }

    pub(super) fn get(&self, key: &Key) -> Option<&Arc<Place>> {
        self.places.get(key)
    }
}
