//! What one network offers to every face.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use crate::{
    Call, Check, Event, Key, Now, Outcome, Page, Refusal, Row, Run, Value, Window,
    description::{Description, ListId},
};

/// A call that is being carried out. It was begun when it was made, not when this is first polled. Dropping it does not
/// stop it.
pub type Doing = Pin<Box<dyn Future<Output = Result<Outcome, Refusal>> + Send>>;

/// A node of a network, or a recording of one.
///
/// Each network implements it once, in the crate `N/feed`. No function waits: each holds the node's lock once, for a
/// time that depends on what it returns. Two calls are two moments, so a row may occur in two pages of one screen, or in
/// none, until the next one.
pub trait Network: Send + Sync + 'static {
    /// What the node offers. It never changes.
    fn description(&self) -> &Arc<Description>;

    /// The run of the node: random at each start.
    fn run(&self) -> Run;

    /// The time at the node.
    fn now(&self) -> Now;

    /// A part of a list, in the list's own order: [`Window::sort`] and [`Window::filter`] are ignored. A window that
    /// lies outside the list gives the nearest rows.
    fn page(&self, window: &Window) -> Page;

    /// The items with these keys, in the same order. `None`: there is no such item.
    fn rows(&self, list: ListId, keys: &[Key]) -> Vec<Option<Row>>;

    /// The values of the gauges, in the order of the description.
    fn gauges(&self) -> Vec<Value>;

    /// The values of the settings, in the order of the description.
    fn settings(&self) -> Vec<Value>;

    /// What a call would do now. It changes nothing.
    fn check(&self, call: &Call) -> Check;

    /// Begins a call at once.
    fn call(self: Arc<Self>, call: Call) -> Doing;

    /// The events from now on.
    fn watch(&self) -> Box<dyn Watch>;
}

/// The events of a node for one watcher. The node never waits for a watcher.
pub trait Watch: Send {
    /// The next event. `None` once the node has ended and every event was received.
    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Watched>>;

    /// The number of the last event that was returned or missed. At first, that of the last event before the watch
    /// began; 0 if there was none.
    fn seq(&self) -> u64;
}

/// What a [`Watch`] gives.
#[derive(Debug, Clone)]
pub enum Watched {
    /// An event.
    Event(Event),
    /// The watcher was too slow and missed this number of events. The rows must be read again.
    Lagged(u64),
}
