use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
    time::Duration,
};

use super::{
    MAX_INDEXED,
    place::{Gone, Place, Sorting, parent},
    row_filter::{RowFilter, fades},
    rows_of,
    sorted::SortedPlaces,
};
use crate::{
    Anchor, Key, Network, Now, Page, Row, Sort, Text, Window,
    description::{Description, ListId, ListSpec},
    walk::Walk,
};

/// Time after which an index that was too long is collected again.
const RETRY: Duration = Duration::from_secs(10);
/// Time after which an index whose rows time alone can change is collected again.
const DRIFT: Duration = Duration::from_secs(1);
/// Maximum places that are checked in one slice of a sweep.
const SWEPT: usize = 10_000;
/// Maximum times that a window is read again because its rows have changed since their last event.
const ROUNDS: usize = 3;

/// The rows of a list, as sorted and filtered by a window.
///
/// It keeps where rows stand, not the rows: those of a window are read when it is shown.
pub(super) struct RowIndex {
    request: Request,
    sorting: Sorting,
    filter: Option<RowFilter>,
    /// Whether the list is under another and the rows of all items are in the index.
    has_parents: bool,
    many: String,
    entries: HashMap<Key, Entry>,
    sorted: SortedPlaces,
    /// The keys of parents and of rows, if `has_parents`.
    children: BTreeSet<(Key, Key)>,
    gone: Gone,
    state: State,
    pass: Pass,
    /// Whether time alone can change what the filter matches, or the values of the column.
    drifts: bool,
    /// Why there are no rows.
    refused: Option<Text>,
}

/// One reading of the whole list.
#[derive(Default)]
struct Pass {
    /// 0: the first one.
    number: u64,
    /// Whether it only looks for rows that time alone has changed, so that the rows are not reported as incomplete.
    is_quiet: bool,
    /// Whether another must follow, because events were missed.
    again: bool,
    /// Whether it has found a change.
    has_changed: bool,
    /// Per cent of the list that were read when progress was last reported.
    reported: u8,
}

/// What an index is made for.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Request {
    pub(super) list: ListId,
    pub(super) under: Option<Key>,
    sort: Option<Sort>,
    filter: Option<String>,
}

struct Entry {
    place: Arc<Place>,
    /// Number of the pass in which the row was last seen.
    pass: u64,
}

enum State {
    /// The list is being read.
    Walking { walk: Walk, total: u64 },
    /// The rows that the walk did not find are being removed, from this one on.
    Sweeping { from: Option<Arc<Place>> },
    /// All rows are there, since this time.
    Complete { since: Duration },
    /// The list was too long at this time.
    TooLong { at: Duration },
    /// All windows together had too many rows at this time.
    NoRoom { at: Duration },
    /// The filter is invalid, or there is no such column.
    Invalid,
}

impl Request {
    pub(super) fn of(window: &Window) -> Self {
        let filter = window.filter_text().map(str::to_owned);
        Self { list: window.list, under: window.under.clone(), sort: window.sort.clone(), filter }
    }

    fn walk(&self) -> Walk {
        Walk::new(self.list, self.under.clone())
    }
}

impl RowIndex {
    /// An index without rows.
    pub(super) fn new(request: Request, description: &Arc<Description>, spec: &ListSpec) -> Self {
        let (refused, sorting, filter) = match compile(&request, description, spec) {
            Ok((sorting, filter)) => (None, sorting, filter),
            Err(reason) => (Some(reason), Sorting::default(), None),
        };
        let column = sorting.column.and_then(|column| spec.columns.get(column));
        let drifts = column.is_some_and(|column| fades(&column.kind))
            || filter.as_ref().is_some_and(RowFilter::drifts);
        let state = match refused {
            Some(_) => State::Invalid,
            None => State::Walking { walk: request.walk(), total: 0 },
        };
        Self {
            sorting,
            filter,
            has_parents: spec.under.is_some() && request.under.is_none(),
            many: spec.many.to_string(),
            request,
            entries: HashMap::new(),
            sorted: SortedPlaces::new(sorting),
            children: BTreeSet::new(),
            gone: Gone::default(),
            state,
            pass: Pass::default(),
            drifts,
            refused,
        }
    }

    pub(super) fn request(&self) -> &Request {
        &self.request
    }

    /// Whether rows have yet to be read.
    pub(super) fn is_collecting(&self) -> bool {
        matches!(self.state, State::Walking { .. } | State::Sweeping { .. })
    }

    /// Reads the list again, because events were missed. Until it was read, the index keeps the rows that it has.
    pub(super) fn restart(&mut self) {
        match self.state {
            // Begun again at each gap, it might never end.
            State::Walking { .. } | State::Sweeping { .. } => {
                self.pass.again = true;
                self.pass.is_quiet = false;
            }
            State::Complete { .. } => self.begin(false),
            State::TooLong { .. } | State::NoRoom { .. } | State::Invalid => {}
        }
    }

    fn begin(&mut self, is_quiet: bool) {
        self.pass = Pass { number: self.pass.number + 1, is_quiet, ..Pass::default() };
        self.state = State::Walking { walk: self.request.walk(), total: 0 };
    }

    /// Reads a slice of the list. Returns whether a face should show the progress: after each 10 per cent and at the end.
    pub(super) fn advance(&mut self, network: &dyn Network) -> bool {
        let now = network.now();
        let State::Walking { walk, total } = &mut self.state else { return self.sweep(now) };
        let slice = walk.next(network);
        *total = slice.total;
        if self.filter.is_none() && slice.total > MAX_INDEXED as u64 {
            return self.refuse(now);
        }
        for row in &slice.rows {
            self.pass.has_changed |= self.apply(&row.key, Some(row), now);
        }
        if self.entries.len() > MAX_INDEXED {
            return self.refuse(now);
        }
        if slice.is_last {
            self.state = State::Sweeping { from: None };
            return self.sweep(now);
        }
        self.has_progress()
    }

    /// Removes rows that the walk did not find.
    fn sweep(&mut self, now: Now) -> bool {
        let State::Sweeping { from } = &self.state else { return false };
        // The first walk finds no older rows.
        let most = if self.pass.number > 0 { SWEPT } else { 0 };
        let rank = from.as_ref().map_or(0, |place| self.sorted.rank(place));
        let places: Vec<_> = self.sorted.range(rank..rank + most).cloned().collect();
        for place in &places {
            let is_old = self.entries.get(&place.key).is_some_and(|entry| entry.pass < self.pass.number);
            self.pass.has_changed |= is_old && self.remove(&place.key);
        }
        if most > 0 && places.len() == most {
            self.state = State::Sweeping { from: places.last().cloned() };
            return false;
        }
        self.refused = None;
        let has_news = self.pass.has_changed || !self.pass.is_quiet;
        if self.pass.again {
            self.begin(false);
        } else {
            self.state = State::Complete { since: now.uptime };
        }
        has_news
    }

    fn has_progress(&mut self) -> bool {
        let Some(ready) = self.ready() else { return false };
        let has_progress = ready >= self.pass.reported + 10;
        if has_progress {
            self.pass.reported = ready;
        }
        has_progress
    }

    /// Removes everything, because there are too many rows.
    fn refuse(&mut self, now: Now) -> bool {
        let many = &self.many;
        let reason = match self.filter {
            None => format!("more than {MAX_INDEXED} {many} cannot be sorted: filter them first"),
            Some(_) => format!("more than {MAX_INDEXED} {many} match: use a narrower filter"),
        };
        self.state = State::TooLong { at: now.uptime };
        self.clear(reason)
    }

    /// Removes everything, because all windows together have too many rows.
    pub(super) fn refuse_for_others(&mut self, now: Now) -> bool {
        self.state = State::NoRoom { at: now.uptime };
        let reason = "the sorted and filtered lists have too many rows together: close one, or filter them";
        self.clear(reason.to_owned())
    }

    fn clear(&mut self, reason: String) -> bool {
        let is_new = self.refused.is_none();
        self.refused = Some(reason.into());
        self.entries = HashMap::new();
        self.sorted = SortedPlaces::new(self.sorting);
        self.children.clear();
        is_new
    }

    /// Number of rows.
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Records the row with this key as it is now. `None`: it no longer exists. Returns whether its place changed.
    pub(super) fn apply(&mut self, key: &Key, row: Option<&Row>, now: Now) -> bool {
        if matches!(self.state, State::Invalid | State::TooLong { .. } | State::NoRoom { .. }) {
            return false;
        }
        match row.filter(|row| self.contains(row, now)) {
            Some(row) => self.put(row),
            None => self.remove(key),
        }
    }

    /// Refuses the window if events have made it too long.
    pub(super) fn limit(&mut self, now: Now) {
        if self.entries.len() > MAX_INDEXED {
            self.refuse(now);
        }
    }

    /// Removes the rows under an item that no longer exists.
    pub(super) fn remove_under(&mut self, item: &Key) {
        let range = self.children.range((item.clone(), Key::from(""))..);
        let keys: Vec<_> = range.take_while(|(above, _)| above == item).map(|(_, key)| key.clone()).collect();
        for key in &keys {
            self.remove(key);
        }
    }

    /// Whether a row of the list is in the index.
    fn contains(&self, row: &Row, now: Now) -> bool {
        self.request.under.as_ref().is_none_or(|under| parent(row) == Some(under))
            && self.filter.as_ref().is_none_or(|filter| filter.admits(row, now))
    }

    fn put(&mut self, row: &Row) -> bool {
        if let Some(entry) = self.entries.get_mut(&row.key) {
            entry.pass = self.pass.number;
            if entry.place.is_of(row, self.sorting) {
                return false;
            }
            self.unlink(&row.key);
        }
        let place = Arc::new(Place::of(row, self.sorting));
        if self.has_parents
            && let Some(parent) = &place.parent
        {
            self.children.insert((parent.clone(), place.key.clone()));
        }
        self.sorted.insert(Arc::clone(&place));
        self.entries.insert(row.key.clone(), Entry { place, pass: self.pass.number });
        true
    }

    fn remove(&mut self, key: &Key) -> bool {
        let place = self.unlink(key);
        let was_there = place.is_some();
        place.into_iter().for_each(|place| self.gone.push(place));
        was_there
    }

    fn unlink(&mut self, key: &Key) -> Option<Arc<Place>> {
        let Entry { place, .. } = self.entries.remove(key)?;
        self.sorted.remove(&place);
        if let Some(parent) = &place.parent {
            self.children.remove(&(parent.clone(), key.clone()));
        }
        Some(place)
    }

    /// The rows of a window.
    pub(super) fn page(&mut self, network: &dyn Network, window: &Window) -> Page {
        let plain =
            Window { at: Anchor::First, before: 0, after: 0, sort: None, filter: None, ..window.clone() };
        let list = network.page(&plain);
        self.retry(network.now(), list.total);
        let page = Page { counts: list.counts, ready: self.ready(), ..Page::empty(window) };
        if self.refused.is_some() {
            return Page { total: list.total, refused: self.refused.clone(), ready: None, ..page };
        }
        let mut part = self.part(network, window);
        for _ in 1..ROUNDS {
            let changes =
                part.places.iter().zip(&part.rows).filter(|(place, row)| self.refresh(place, row.as_ref()));
            if changes.count() == 0 {
                break;
            }
            part = self.part(network, window);
        }
        let is_there = |index: &usize| part.rows[*index].is_some();
        let anchor = (0..part.anchor).filter(is_there).count();
        let rows: Vec<_> = part.rows.into_iter().flatten().collect();
        // Without rows from the anchor on, the anchor is behind the rows, as in a window in the list's own order.
        let anchor = anchor.min(rows.len().saturating_sub(usize::from(window.after > 0)));
        Page { first: Some(part.first as u64), total: self.sorted.len() as u64, rows, anchor, ..page }
    }

    /// Begins again if the list may be short enough now, or if time alone may have changed the rows.
    fn retry(&mut self, now: Now, total: u64) {
        match self.state {
            State::Complete { since } if self.drifts && now.uptime >= since + DRIFT => self.begin(true),
            State::TooLong { .. } if total <= MAX_INDEXED as u64 => self.begin(false),
            State::NoRoom { at } if now.uptime >= at + RETRY => self.begin(false),
            State::TooLong { at } if self.filter.is_some() && now.uptime >= at + RETRY => self.begin(false),
            _ => {}
        }
    }

    /// Records a row as it was read for a window. Returns whether its place changed.
    ///
    /// The filter is not applied, because it may read a long text, and each change of the text has an event.
    fn refresh(&mut self, place: &Place, row: Option<&Row>) -> bool {
        match row {
            Some(row) => self.put(row),
            None => self.remove(&place.key),
        }
    }

    /// Reads the rows of a window that are in the index.
    fn part(&self, network: &dyn Network, window: &Window) -> Part {
        let len = self.sorted.len();
        let rank = self.anchor(network, &window.at).min(len.saturating_sub(1));
        let first = rank.saturating_sub(usize::from(window.before));
        let end = len.min(rank + usize::from(window.after));
        let places: Vec<_> = self.sorted.range(first..end).cloned().collect();
        let keys: Vec<_> = places.iter().map(|place| place.key.clone()).collect();
        let rows = rows_of(network, self.request.list, &keys);
        Part { first, anchor: rank - first, places, rows }
    }

    /// Number of rows before the anchor.
    fn anchor(&self, network: &dyn Network, at: &Anchor) -> usize {
        match at {
            Anchor::First => 0,
            Anchor::Last => self.sorted.len(),
            Anchor::At(order, key) => {
                let known = self.entries.get(key).map(|entry| &entry.place).or_else(|| self.gone.get(key));
                let place = known.cloned().unwrap_or_else(|| {
                    let rows = network.rows(self.request.list, std::slice::from_ref(key));
                    let row = rows.into_iter().next().flatten();
                    Arc::new(row.map_or_else(
                        || Place::without_value(order.clone(), key.clone()),
                        |row| Place::of(&row, self.sorting),
                    ))
                });
                self.sorted.rank(&place)
            }
        }
    }

    /// Per cent of the list that were read. `None`: all.
    fn ready(&self) -> Option<u8> {
        match &self.state {
            _ if self.pass.is_quiet => None,
            State::Walking { walk, total } => Some((walk.read * 100 / (*total).max(1)).min(99) as u8),
            State::Sweeping { .. } => Some(99),
            State::Complete { .. } | State::TooLong { .. } | State::NoRoom { .. } | State::Invalid => None,
        }
    }
}

/// Rows of a window, as they were read.
struct Part {
    /// Number of rows before the first one.
    first: usize,
    /// Index of the anchor.
    anchor: usize,
    places: Vec<Arc<Place>>,
    rows: Vec<Option<Row>>,
}

/// Finds the column and reads the filter of a window.
fn compile(
    request: &Request,
    description: &Arc<Description>,
    spec: &ListSpec,
) -> Result<(Sorting, Option<RowFilter>), Text> {
    let sorting = match &request.sort {
        None => Sorting::default(),
        Some(Sort { column, descending }) => {
            let index = spec.column(column.as_str());
            let index = index.ok_or_else(|| format!("{} have no column {column}", spec.many))?;
            Sorting { column: Some(index), descending: *descending }
        }
    };
    let filter = request.filter.as_deref().map(|text| RowFilter::parse(text, description, request.list));
    Ok((sorting, filter.transpose()?))
}
