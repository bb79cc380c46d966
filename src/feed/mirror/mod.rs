//! Recorded nodes: what a recorder reads of a node, and a [`Network`] made of what a recording contains.

mod changes;
mod format;
mod packed;
mod rows;
#[cfg(test)]
mod tests;
mod written;

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, ready},
};

pub use changes::{ChangeReader, Changes};
use clacks_transport::event_ring::{EventReceiver, EventSender, RingEvent};
pub use format::{Decoder, Format};
use rows::RowSet;

use crate::{
    Call, Check, Doing, Key, Network, Now, Page, Refusal, Row, Run, Value, Watch, Watched, Window,
    description::{Description, ListId},
    json::{Change, EventLine, State},
};

/// Events that are kept for slow watchers.
const MAX_EVENTS: usize = 4096;

/// A node as a recording shows it. Whoever reads the recording gives it the states and events; it refuses every command.
#[derive(Debug)]
pub struct Mirror {
    description: Arc<Description>,
    run: Run,
    state: Mutex<MirrorState>,
}

#[derive(Debug)]
struct MirrorState {
    lists: Vec<RowSet>,
    gauges: Vec<Value>,
    settings: Vec<Value>,
    now: Now,
    /// The number of the last event.
    seq: u64,
    events: EventSender<Recorded>,
}

/// A state whose rows are sorted, for [`Mirror::put`]. With many rows this takes a while, so it can be done on another
/// thread.
#[derive(Debug)]
pub struct PreparedState {
    lists: Vec<RowSet>,
    gauges: Vec<Value>,
    settings: Vec<Value>,
    now: Now,
    seq: u64,
}

/// What the ring holds.
#[derive(Debug, Clone)]
struct Recorded(Watched);

/// The events of a [`Mirror`].
#[derive(Debug)]
struct MirrorWatch {
    events: EventReceiver<Recorded>,
    /// The number of the last event. The ring's own numbers are others.
    seq: u64,
}

impl Mirror {
    /// A node whose lists are empty until the first state. The description must be valid.
    pub fn new(description: Arc<Description>, run: Run) -> Arc<Self> {
        let state = MirrorState {
            lists: rows::empty(&description),
            gauges: vec![Value::None; description.gauges.len()],
            settings: vec![Value::None; description.settings.len()],
            now: Now::default(),
            seq: 0,
            events: EventSender::new(MAX_EVENTS),
        };
        Arc::new(Self { description, run, state: Mutex::new(state) })
    }

    /// Replaces all rows, gauges and settings. Watchers are not told: whoever jumps in a recording tells its face.
    pub fn restore(&self, recorded: State) {
        drop(self.put(PreparedState::new(&self.description, recorded)));
    }

    /// Replaces all rows, gauges and settings, as [`restore`](Self::restore) does, in a short time. Returns the rows that
    /// were replaced, because dropping many takes longer.
    pub fn put(&self, prepared: PreparedState) -> impl Send + use<> {
        let PreparedState { mut lists, gauges, settings, now, seq } = prepared;
        let mut state = self.lock();
        if lists.len() == state.lists.len() {
            std::mem::swap(&mut state.lists, &mut lists);
        }
        state.set_gauges(gauges);
        state.set_settings(settings);
        state.now = now;
        state.seq = seq;
        lists
    }

    /// Changes the rows that an event touched, and gives the event to the watchers.
    pub fn apply(&self, recorded: EventLine) {
        let EventLine { event, rows, totals, settings } = recorded;
        let mut state = self.lock();
        for change in rows {
            state.change(&self.description, change);
        }
        for (list, total) in totals {
            state.lists.get_mut(list.index()).into_iter().for_each(|rows| rows.total = total);
        }
        settings.into_iter().for_each(|settings| state.set_settings(settings));
        state.now = event.now;
        state.seq = event.seq;
        state.events.send_all([Recorded(Watched::Event(event))]);
    }

    /// Reports to the watchers that the recording misses this number of events here.
    pub fn lag(&self, missed: u64) {
        let mut state = self.lock();
        state.seq += missed;
        state.events.send_all([Recorded(Watched::Lagged(missed))]);
    }

    /// Sets the gauges, in the order of the description.
    pub fn set_gauges(&self, gauges: Vec<Value>) {
        self.lock().set_gauges(gauges);
    }

    /// Moves the clock, between two events.
    pub fn set_now(&self, now: Now) {
        self.lock().now = now;
    }

    /// No more events: watchers end once they have received those that are kept.
    pub fn end(&self) {
        self.lock().events.close();
    }

    fn lock(&self) -> MutexGuard<'_, MirrorState> {
        // Nothing that holds the lock panics half-way.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl PreparedState {
    /// Sorts the rows of a node with this description.
    pub fn new(description: &Description, state: State) -> Self {
        let mut lists = rows::empty(description);
        for list in state.lists {
            let Some(rows) = lists.get_mut(list.list.index()) else { continue };
            rows.total = list.total;
            list.rows.into_iter().for_each(|row| rows.insert(row));
        }
        let State { gauges, settings, now, seq, .. } = state;
        Self { lists, gauges, settings, now, seq }
    }

    /// When the rows were read.
    pub fn now(&self) -> Now {
        self.now
    }
}

impl MirrorState {
    fn change(&mut self, description: &Description, change: Change) {
        let Some(rows) = self.lists.get_mut(change.list.index()) else { return };
        match change.row {
            Some(row) => rows.insert_keeping(row, change.kept),
            None => self.remove(description, change.list, &change.key),
        }
    }

    /// Removes a row and the rows under it.
    fn remove(&mut self, description: &Description, list: ListId, key: &Key) {
        self.lists[list.index()].remove(key);
        for (under, _) in description.lists_under(list) {
            for key in self.lists[under.index()].keys_under(key) {
                self.remove(description, under, &key);
            }
        }
    }

    fn set_gauges(&mut self, gauges: Vec<Value>) {
        if gauges.len() == self.gauges.len() {
            self.gauges = gauges;
        }
    }

    fn set_settings(&mut self, settings: Vec<Value>) {
        if settings.len() == self.settings.len() {
            self.settings = settings;
        }
    }
}

const REFUSED: &str = "this is a replay of a recording: nothing can be changed or sent";

impl Network for Mirror {
    fn description(&self) -> &Arc<Description> {
        &self.description
    }

    fn run(&self) -> Run {
        self.run
    }

    fn now(&self) -> Now {
        self.lock().now
    }

    fn page(&self, window: &Window) -> Page {
        let state = self.lock();
        state.lists.get(window.list.index()).map_or_else(|| Page::empty(window), |rows| rows.page(window))
    }

    fn rows(&self, list: ListId, keys: &[Key]) -> Vec<Option<Row>> {
        let state = self.lock();
        let rows = state.lists.get(list.index());
        keys.iter().map(|key| rows.and_then(|rows| rows.row(key))).collect()
    }

    fn gauges(&self) -> Vec<Value> {
        self.lock().gauges.clone()
    }

    fn settings(&self) -> Vec<Value> {
        self.lock().settings.clone()
    }

    fn check(&self, _: &Call) -> Check {
        Check::wrong(REFUSED)
    }

    fn call(self: Arc<Self>, _: Call) -> Doing {
        Box::pin(std::future::ready(Err(Refusal::new(REFUSED))))
    }

    fn watch(&self) -> Box<dyn Watch> {
        let state = self.lock();
        Box::new(MirrorWatch { events: state.events.subscribe(), seq: state.seq })
    }
}

impl Watch for MirrorWatch {
    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Watched>> {
        let Some((_, Recorded(watched))) = ready!(self.events.poll_next(cx)) else {
            return Poll::Ready(None);
        };
        match &watched {
            Watched::Event(event) => self.seq = event.seq,
            Watched::Lagged(missed) => self.seq += missed,
        }
        Poll::Ready(Some(watched))
    }

    fn seq(&self) -> u64 {
        self.seq
    }
}

impl RingEvent for Recorded {
    fn size(&self) -> usize {
        match &self.0 {
            Watched::Event(event) => event.bytes(),
            Watched::Lagged(_) => 0,
        }
    }

    fn lagged(missed: u64) -> Self {
        Self(Watched::Lagged(missed))
    }

    /// A recording can report missed events itself.
    fn count(&self) -> u64 {
        match self.0 {
            Watched::Event(_) => 1,
            Watched::Lagged(missed) => missed,
        }
    }
}
