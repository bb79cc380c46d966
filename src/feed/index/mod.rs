//! Sorted and filtered windows over the lists of a [`Network`], which gives only the lists' own orders.
//!
//! An index is made when a window asks for it. It reads the list in slices, then follows the events: it reads each row that
//! an event touched. It keeps positions and keys, about 200 bytes for a row. The rows of a window are read when it is shown.

mod place;
mod row_filter;
mod row_index;
mod sorted;
#[cfg(test)]
mod tests;

use std::{
    cmp::Reverse,
    collections::{HashMap, HashSet},
};

use self::row_index::{Request, RowIndex};
use crate::{
    Event, Key, MAX_ITEMS, Network, Page, Row, Window,
    description::{Description, ListId},
};

/// Maximum rows of a sorted or filtered window. A longer one is refused.
pub const MAX_INDEXED: usize = 100_000;
/// Maximum rows of all sorted and filtered windows of a face together: about 60 MB.
pub const MAX_INDEXED_TOGETHER: usize = 3 * MAX_INDEXED;
/// Maximum indexes that are kept although no window needs them now.
const MAX_UNUSED: usize = 2;
/// Looks after which an index that no window needs is dropped: ten seconds at 30 looks per second.
const UNUSED_LOOKS: u64 = 300;
/// Touched rows that are read at one time, at the latest.
const MAX_TOUCHED: usize = 1024;

/// The indexes that the windows of one face need.
pub(crate) struct Indexes {
    all: Vec<Used>,
    /// Maximum rows of all of them.
    most: usize,
    /// Number of looks.
    looks: u64,
    /// The index that reads the next slice.
    turn: usize,
    /// The rows that events have touched since rows were last read.
    touched: HashMap<ListId, HashSet<Key>>,
    /// Number of those rows.
    touched_len: usize,
}

struct Used {
    index: RowIndex,
    /// The last look with a window that needed it.
    look: u64,
}

impl Default for Indexes {
    fn default() -> Self {
        Self {
            all: Vec::new(),
            most: MAX_INDEXED_TOGETHER,
            looks: 0,
            turn: 0,
            touched: HashMap::new(),
            touched_len: 0,
        }
    }
}

impl Indexes {
    /// Indexes with another bound.
    #[cfg(test)]
    pub(crate) fn of_at_most(most: usize) -> Self {
        Self { most, ..Self::default() }
    }

    /// Number of indexes.
    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.all.len()
    }

    /// Prepares for a look at these windows: makes and drops indexes, reads touched rows, and reads one slice.
    pub(crate) fn begin_look<'a>(
        &mut self,
        network: &dyn Network,
        windows: impl Iterator<Item = &'a Window>,
    ) {
        self.looks += 1;
        for window in windows.filter(|window| !window.is_plain()) {
            self.request(network, window);
        }
        self.drop_unused();
        self.work(network);
    }

    /// Records that an event has happened.
    pub(crate) fn record(&mut self, network: &dyn Network, event: &Event) {
        if self.all.is_empty() {
            return;
        }
        for (list, key) in event.touched().rows {
            self.touched_len += usize::from(self.touched.entry(list).or_default().insert(key));
        }
        if self.touched_len >= MAX_TOUCHED {
            self.apply(network);
        }
    }

    /// Records that events were missed: the lists must be read again.
    pub(crate) fn record_gap(&mut self) {
        self.all.iter_mut().for_each(|used| used.index.restart());
    }

    /// The rows of a window, which the look began with.
    pub(crate) fn page(&mut self, network: &dyn Network, window: &Window) -> Page {
        let request = Request::of(window);
        let index = self.all.iter_mut().find(|used| *used.index.request() == request);
        index.map_or_else(|| Page::empty(window), |used| used.index.page(network, window))
    }

    /// Whether an index that the last look needed has rows to collect.
    pub(crate) fn is_collecting(&self) -> bool {
        self.all.iter().any(|used| used.look == self.looks && used.index.is_collecting())
    }

    /// Reads touched rows and one slice. Returns whether a face should look again, apart from the events.
    pub(crate) fn work(&mut self, network: &dyn Network) -> bool {
        self.apply(network);
        self.advance(network)
    }

    fn request(&mut self, network: &dyn Network, window: &Window) {
        let request = Request::of(window);
        if let Some(used) = self.all.iter_mut().find(|used| *used.index.request() == request) {
            used.look = self.looks;
            return;
        }
        let description = network.description();
        let Some(spec) = description.list(window.list) else { return };
        let index = RowIndex::new(request, description, spec);
        self.all.push(Used { index, look: self.looks });
    }

    /// Drops indexes that no window of this look needs, but for the two that were needed last.
    fn drop_unused(&mut self) {
        let looks = self.looks;
        self.all.sort_by_key(|used| Reverse(used.look));
        let used = self.all.partition_point(|used| used.look == looks);
        self.all.truncate(used + MAX_UNUSED);
        self.all.retain(|used| used.look + UNUSED_LOOKS >= looks);
    }

    /// Reads a slice for one of the indexes that the last look needed.
    fn advance(&mut self, network: &dyn Network) -> bool {
        let looks = self.looks;
        let is_due = |used: &Used| used.look == looks && used.index.is_collecting();
        let len = self.all.len();
        let next = (0..len).map(|index| (self.turn + index) % len).find(|index| is_due(&self.all[*index]));
        next.is_some_and(|index| {
            self.turn = index + 1;
            self.all[index].index.advance(network) | self.limit(network)
        })
    }

    /// Keeps all indexes within the bound: drops those that no window needs, then refuses the largest. Returns whether one
    /// was refused.
    fn limit(&mut self, network: &dyn Network) -> bool {
        let mut is_refused = false;
        while self.all.iter().map(|used| used.index.len()).sum::<usize>() > self.most {
            let looks = self.looks;
            if let Some(unused) = self.all.iter().position(|used| used.look != looks) {
                self.all.remove(unused);
            } else if let Some(largest) = self.all.iter_mut().max_by_key(|used| used.index.len()) {
                is_refused |= largest.index.refuse_for_others(network.now());
            }
        }
        is_refused
    }

    /// Reads the rows that events have touched.
    fn apply(&mut self, network: &dyn Network) {
        self.touched_len = 0;
        let description = network.description();
        for (list, keys) in std::mem::take(&mut self.touched) {
            let depths: Vec<_> =
                self.all.iter().map(|used| depth(description, list, used.index.request().list)).collect();
            if depths.iter().all(Option::is_none) {
                continue;
            }
            let keys: Vec<_> = keys.into_iter().collect();
            let rows = rows_of(network, list, &keys);
            for (used, depth) in self.all.iter_mut().zip(depths) {
                if let Some(depth) = depth {
                    used.index.apply_all(network, depth, keys.iter().zip(&rows));
                }
            }
            self.limit(network);
        }
    }
}

impl RowIndex {
    /// Applies touched rows of its list (depth 0), or of the list that is this number of levels above it.
    fn apply_all<'a>(
        &mut self,
        network: &dyn Network,
        depth: usize,
        rows: impl Iterator<Item = (&'a Key, &'a Option<Row>)>,
    ) {
        if depth == 0 {
            let now = network.now();
            for (key, row) in rows {
                self.apply(key, row.as_ref(), now);
            }
            self.limit(now);
            return;
        }
        for (key, _) in rows.filter(|(_, row)| row.is_none()) {
            match &self.request().under {
                // The item of the window, or one above it, which took it along.
                Some(under) if under == key || depth > 1 => self.restart(),
                Some(_) => {}
                None if depth == 1 => self.remove_under(key),
                None => self.restart(),
            }
        }
    }
}

/// How many levels a list is above another. 0: it is the same list. `None`: it is not above it.
fn depth(description: &Description, above: ListId, list: ListId) -> Option<usize> {
    let parent = |list: &ListId| {
        let under = description.list(*list)?.under.as_ref()?;
        description.list_id(under.as_str())
    };
    std::iter::successors(Some(list), parent).take(description.lists.len()).position(|list| list == above)
}

/// Reads rows in portions, because the lock of the node is held for each.
fn rows_of(network: &dyn Network, list: ListId, keys: &[Key]) -> Vec<Option<Row>> {
    keys.chunks(MAX_ITEMS).flat_map(|keys| network.rows(list, keys)).collect()
}
