//! A network in memory, for tests.

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    future::poll_fn,
    ops::Bound,
    sync::{
        Arc, Mutex, MutexGuard,
        atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed},
    },
    task::{Context, Poll, Waker},
    time::Duration,
};

use serde_json::value::RawValue;

use crate::{
    Anchor, Body, Call, Check, Doing, Event, Key, Line, Network, Now, Order, Outcome, Page, Refusal, Row,
    Run, Statuses, Touched, TypedEvent, Value, Watch, Watched, Window,
    description::{Description, EventId, EventSpec, Field, Kind, ListId, ListSpec, Role, StatusSpec, Tone},
};

/// Items with cells of several kinds.
pub(crate) const ITEMS: ListId = ListId(0);
/// A list without anything under an item.
pub(crate) const ROOMS: ListId = ListId(1);
/// Under rooms.
pub(crate) const TOYS: ListId = ListId(2);
/// Under toys.
pub(crate) const PARTS: ListId = ListId(3);

/// A network in memory.
pub(crate) struct Memory {
    description: Arc<Description>,
    inner: Arc<Mutex<Inner>>,
    uptime_ms: AtomicU64,
    /// Rows that were read, and reads.
    pub(crate) rows_read: AtomicUsize,
    pub(crate) reads: AtomicUsize,
    /// Polls of calls.
    pub(crate) polls: AtomicUsize,
}

struct Inner {
    lists: Vec<List>,
    events: VecDeque<Event>,
    capacity: usize,
    seq: u64,
    has_ended: bool,
    watches: HashMap<u64, Option<Waker>>,
    watches_made: u64,
    /// Results of calls by their text, and the calls that wait for them.
    results: HashMap<String, Result<Outcome, Refusal>>,
    waiting: HashMap<String, Waker>,
}

#[derive(Default)]
struct List {
    rows: BTreeMap<(Order, Key), Row>,
    orders: HashMap<Key, Order>,
    /// Rows with the first and with the second status.
    counts: [u64; 2],
}

struct Change(Vec<(ListId, Key)>);

struct MemoryWatch {
    id: u64,
    next: u64,
    inner: Arc<Mutex<Inner>>,
}

impl Memory {
    /// A network without rows, whose watchers can be this number of events behind.
    pub(crate) fn new(capacity: usize) -> Arc<Self> {
        let mut description = Description::new("memory".into(), "a node".into());
        description.statuses = ["good", "bad", "odd"]
            .map(|name| StatusSpec::new(name, name.chars().next().unwrap(), Tone::Plain, "a status"))
            .to_vec();
        let columns = [
            Field::new("text", Kind::Text),
            Field::new("count", Kind::Count),
            Field::new("status", Kind::Status),
            Field::new("rate", Kind::Rate),
        ];
        description.lists = vec![
            ListSpec::new("items", "item", "items", Role::Other).columns(columns).counting(&["good", "bad"]),
            ListSpec::new("rooms", "room", "rooms", Role::Other).columns([Field::new("text", Kind::Text)]),
            ListSpec::new("toys", "toy", "toys", Role::Other)
                .columns([Field::new("count", Kind::Count)])
                .under("rooms"),
            ListSpec::new("parts", "part", "parts", Role::Other)
                .columns([Field::new("count", Kind::Count)])
                .under("toys"),
        ];
        description.events = vec![EventSpec::new("changed", "rows have changed")];
        description.gauges = vec![Field::new("items", Kind::Count)];
        assert_eq!(description.check(), Ok(()));
        let inner = Inner {
            lists: (0..4).map(|_| List::default()).collect(),
            events: VecDeque::new(),
            capacity,
            seq: 0,
            has_ended: false,
            watches: HashMap::new(),
            watches_made: 0,
            results: HashMap::new(),
            waiting: HashMap::new(),
        };
        Arc::new(Self {
            description: Arc::new(description),
            inner: Arc::new(Mutex::new(inner)),
            uptime_ms: AtomicU64::new(0),
            rows_read: AtomicUsize::new(0),
            reads: AtomicUsize::new(0),
            polls: AtomicUsize::new(0),
        })
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap()
    }

    /// Puts rows into a list, with one event.
    pub(crate) fn put(&self, list: ListId, rows: impl IntoIterator<Item = Row>) {
        let touched = self.put_untouched(list, rows);
        self.emit(touched);
    }

    /// Puts rows into a list without an event.
    pub(crate) fn put_untouched(
        &self,
        list: ListId,
        rows: impl IntoIterator<Item = Row>,
    ) -> Vec<(ListId, Key)> {
        let mut inner = self.lock();
        let rows = rows.into_iter().map(|row| {
            let key = row.key.clone();
            inner.lists[list.index()].put(row);
            (list, key)
        });
        rows.collect()
    }

    /// Removes a row and the rows under it, with an event that names only this one.
    pub(crate) fn remove(&self, list: ListId, key: &Key) {
        let mut inner = self.lock();
        inner.remove(list, key);
        inner.emit(vec![(list, key.clone())], self.now());
    }

    /// Emits an event that touches these rows.
    pub(crate) fn emit(&self, touched: Vec<(ListId, Key)>) {
        let now = self.now();
        self.lock().emit(touched, now);
    }

    /// The rows of a list.
    pub(crate) fn all(&self, list: ListId) -> Vec<Row> {
        self.lock().lists[list.index()].rows.values().cloned().collect()
    }

    /// Lets time pass.
    pub(crate) fn pass(&self, time: Duration) {
        self.uptime_ms.fetch_add(time.as_millis() as u64, Relaxed);
    }

    /// Ends the node.
    pub(crate) fn end(&self) {
        let mut inner = self.lock();
        inner.has_ended = true;
        inner.wake();
    }

    /// Ends the call with this text.
    pub(crate) fn finish(&self, text: &str, result: Result<Outcome, Refusal>) {
        let waker = {
            let mut inner = self.lock();
            inner.results.insert(text.to_owned(), result);
            inner.waiting.remove(text)
        };
        waker.into_iter().for_each(Waker::wake);
    }

    /// Number of watchers.
    pub(crate) fn watchers(&self) -> usize {
        self.lock().watches.len()
    }
}

impl Inner {
    fn emit(&mut self, touched: Vec<(ListId, Key)>, now: Now) {
        self.seq += 1;
        let body = Body::Typed(Arc::new(Change(touched)));
        self.events.push_back(Event { seq: self.seq, kind: EventId(0), now, by: None, body });
        if self.events.len() > self.capacity {
            self.events.pop_front();
        }
        self.wake();
    }

    fn wake(&mut self) {
        self.watches.values_mut().filter_map(Option::take).for_each(Waker::wake);
    }

    fn remove(&mut self, list: ListId, key: &Key) {
        self.lists[list.index()].remove(key);
        let under = match list {
            ROOMS => TOYS,
            TOYS => PARTS,
            _ => return,
        };
        let of = Value::Ref(key.clone());
        let rows = self.lists[under.index()].rows.values().filter(|row| row.cells[0] == of);
        for key in rows.map(|row| row.key.clone()).collect::<Vec<_>>() {
            self.remove(under, &key);
        }
    }
}

impl List {
    fn put(&mut self, row: Row) {
        self.remove(&row.key);
        self.count(&row, |count| count + 1);
        self.orders.insert(row.key.clone(), row.order.clone());
        self.rows.insert((row.order.clone(), row.key.clone()), row);
    }

    fn remove(&mut self, key: &Key) {
        let row = self.orders.remove(key).and_then(|order| self.rows.remove(&(order, key.clone())));
        row.iter().for_each(|row| self.count(row, |count| count - 1));
    }

    fn count(&mut self, row: &Row, change: impl Fn(u64) -> u64) {
        let Some(Value::Status(statuses)) = row.cells.get(2) else { return };
        for status in statuses.iter().filter(|status| status.0 < 2) {
            let count = &mut self.counts[usize::from(status.0)];
            *count = change(*count);
        }
    }

    fn page(&self, window: &Window, spec: &ListSpec) -> Page {
        let of = window.under.clone().map(Value::Ref);
        let is_in = |row: &Row| of.as_ref().is_none_or(|of| row.cells[0] == *of);
        let all = || self.rows.iter().filter(|(_, row)| is_in(row));
        let last = || all().next_back().map(|(place, _)| place);
        let anchor = match &window.at {
            Anchor::First => all().next().map(|(place, _)| place),
            Anchor::Last => last(),
            Anchor::At(order, key) => {
                let mut behind =
                    self.rows.range((order.clone(), key.clone())..).filter(|(_, row)| is_in(row));
                behind.next().map(|(place, _)| place).or_else(last)
            }
        };
        let Some(anchor) = anchor else {
            return Page { counts: vec![0; spec.statuses.len()], ..Page::empty(window) };
        };
        let before =
            self.rows.range((Bound::Unbounded, Bound::Excluded(anchor))).filter(|(_, row)| is_in(row));
        let mut rows: Vec<_> = before.rev().take(window.before.into()).map(|(_, row)| row.clone()).collect();
        rows.reverse();
        let anchor_index = rows.len();
        let from = self.rows.range(anchor..).filter(|(_, row)| is_in(row));
        rows.extend(from.take(window.after.into()).map(|(_, row)| row.clone()));
        let total = if of.is_none() { self.rows.len() } else { all().count() };
        Page {
            first: None,
            total: total as u64,
            counts: self.counts[..spec.statuses.len()].to_vec(),
            rows,
            anchor: anchor_index,
            ..Page::empty(window)
        }
    }
}

impl Network for Memory {
    fn description(&self) -> &Arc<Description> {
        &self.description
    }

    fn run(&self) -> Run {
        Run(7)
    }

    fn now(&self) -> Now {
        let unix_ms = self.uptime_ms.load(Relaxed);
        Now { uptime: Duration::from_millis(unix_ms), unix_ms }
    }

    fn page(&self, window: &Window) -> Page {
        let spec = &self.description.lists[window.list.index()];
        let page = self.lock().lists[window.list.index()].page(window, spec);
        self.reads.fetch_add(1, Relaxed);
        self.rows_read.fetch_add(page.rows.len(), Relaxed);
        page
    }

    fn rows(&self, list: ListId, keys: &[Key]) -> Vec<Option<Row>> {
        self.reads.fetch_add(1, Relaxed);
        self.rows_read.fetch_add(keys.len(), Relaxed);
        assert!(keys.len() <= crate::MAX_ITEMS);
        let inner = self.lock();
        let List { rows, orders, .. } = &inner.lists[list.index()];
        let row = |key: &Key| rows.get(&(orders.get(key)?.clone(), key.clone())).cloned();
        keys.iter().map(row).collect()
    }

    fn gauges(&self) -> Vec<Value> {
        vec![Value::Count(self.lock().lists[0].rows.len() as u64)]
    }

    fn settings(&self) -> Vec<Value> {
        Vec::new()
    }

    fn check(&self, call: &Call) -> Check {
        Check::Wrong(call.text.clone())
    }

    fn call(self: Arc<Self>, call: Call) -> Doing {
        let text = call.text.untrusted().to_owned();
        Box::pin(poll_fn(move |cx| {
            self.polls.fetch_add(1, Relaxed);
            let mut inner = self.lock();
            let result = inner.results.remove(&text);
            if result.is_none() {
                inner.waiting.insert(text.clone(), cx.waker().clone());
            }
            result.map_or(Poll::Pending, Poll::Ready)
        }))
    }

    fn watch(&self) -> Box<dyn Watch> {
        let mut inner = self.lock();
        inner.watches_made += 1;
        let id = inner.watches_made;
        inner.watches.insert(id, None);
        Box::new(MemoryWatch { id, next: inner.seq + 1, inner: Arc::clone(&self.inner) })
    }
}

impl Watch for MemoryWatch {
    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Watched>> {
        let mut inner = self.inner.lock().unwrap();
        let oldest = inner.seq + 1 - inner.events.len() as u64;
        if self.next < oldest {
            let missed = oldest - self.next;
            self.next = oldest;
            return Poll::Ready(Some(Watched::Lagged(missed)));
        }
        if let Some(event) = inner.events.get((self.next - oldest) as usize) {
            self.next += 1;
            return Poll::Ready(Some(Watched::Event(event.clone())));
        }
        if inner.has_ended {
            return Poll::Ready(None);
        }
        inner.watches.insert(self.id, Some(cx.waker().clone()));
        Poll::Pending
    }

    fn seq(&self) -> u64 {
        self.next - 1
    }
}

impl Drop for MemoryWatch {
    fn drop(&mut self) {
        self.inner.lock().unwrap().watches.remove(&self.id);
    }
}

impl TypedEvent for Change {
    fn line(&self) -> Option<Line> {
        None
    }

    fn touched(&self) -> Touched {
        Touched::rows(self.0.iter().cloned())
    }

    fn json(&self) -> Box<RawValue> {
        RawValue::from_string("{}".to_owned()).unwrap()
    }

    fn bytes(&self) -> usize {
        0
    }
}

/// A row of [`ITEMS`].
pub(crate) fn item(key: &str, rank: u64, text: Option<&str>, count: Option<u64>) -> Row {
    let text = text.map_or(Value::None, |text| Value::text(text.into()));
    let count = count.map_or(Value::None, Value::Count);
    let statuses = Statuses(rank & 3);
    row(key, rank, [text, count, Value::Status(statuses), Value::Number(rank as f64)])
}

/// A row under an item of another list.
pub(crate) fn under(parent: &str, key: &str, count: u64) -> Row {
    row(key, 0, [Value::Ref(parent.into()), Value::Count(count)])
}

/// A row of any list.
pub(crate) fn row(key: &str, rank: u64, cells: impl IntoIterator<Item = Value>) -> Row {
    Row { key: key.into(), order: Order::rank(rank), cells: cells.into_iter().collect() }
}
