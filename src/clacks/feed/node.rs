//! A clacks node as a network of the feed.

use std::{
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    task::{Context as TaskContext, Poll, ready},
    time::Duration,
};

use clacks_feed::{
    Call, Check, Doing, Key, Label, Network, Now, Page, Row, Run, Value, Watch, Watched, Window,
    description::{Description, ListId},
    undo::UndoStore,
};
use clacks_p2p::{Node, Subscription, core, node::NumberedEvent};
use tokio::runtime::Handle;

use crate::{
    commands::{self, Deed, HandingOn},
    description::describe,
    event::ClacksEvent,
    figures,
    plugins::PluginTable,
    rows::{Context, page_of, rows_of},
    settings::{self, NodeSettings},
};

/// A clacks node as every face sees it.
///
/// The command `stop` stops the node, never the process. After its answer each watch ends once it has given the last
/// events; a face learns the end from that, also when somebody else stopped the node. Whether the process ends then is
/// decided where it was started.
#[derive(Debug)]
pub struct ClacksNetwork {
    node: Node,
    description: Arc<Description>,
    run: Run,
    context: Context,
    plugins: OnceLock<Arc<dyn PluginTable>>,
    undo: Mutex<UndoStore<Deed>>,
    handing_on: HandingOn,
    /// Whether a task drops deeds when they can no longer be undone.
    is_expiring: AtomicBool,
    /// A face may call from a thread that has no runtime.
    runtime: Handle,
    this: Weak<Self>,
}

/// The events of a node.
#[derive(Debug)]
struct ClacksWatch(Subscription);

impl ClacksNetwork {
    /// Offers a node. `run` is a random number.
    ///
    /// # Panics
    ///
    /// Panics outside of a tokio runtime.
    pub fn new(node: &Node, run: Run) -> Arc<Self> {
        let now = node.now();
        let uptime_ms = u64::try_from(now.uptime.as_millis()).unwrap_or(u64::MAX);
        let context = Context { started_unix_ms: now.unix_ms.saturating_sub(uptime_ms) };
        // An address has no invisible characters and is shorter than a label may be, unless its hostname is very long.
        let address = node.address().to_string();
        let label = Label::new(&address).unwrap_or_else(|_| "a node with a very long name".into());
        let description = Arc::new(describe(label));
        Arc::new_cyclic(|this| Self {
            node: node.clone(),
            description,
            run,
            context,
            plugins: OnceLock::new(),
            undo: Mutex::default(),
            handing_on: HandingOn::default(),
            is_expiring: AtomicBool::new(false),
            runtime: Handle::current(),
            this: this.clone(),
        })
    }

    /// The node.
    pub fn node(&self) -> &Node {
        &self.node
    }

    /// Shows the plugins of the node in the list `plugins`. Only the first call has an effect.
    pub fn set_plugins(&self, plugins: Arc<dyn PluginTable>) {
        let _ = self.plugins.set(plugins);
    }

    pub(crate) fn plugins(&self) -> Option<&dyn PluginTable> {
        self.plugins.get().map(|plugins| &**plugins)
    }

    pub(crate) fn runtime(&self) -> &Handle {
        &self.runtime
    }

    #[cfg(test)]
    pub(crate) fn expires_deeds(&self) -> bool {
        self.is_expiring.load(Relaxed)
    }

    pub(crate) fn handing_on(&self) -> &HandingOn {
        &self.handing_on
    }

    pub(crate) fn undo(&self) -> MutexGuard<'_, UndoStore<Deed>> {
        self.undo.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A part of a second by which deeds may be dropped late, so that the clocks need not be exact.
const LATE: Duration = Duration::from_millis(50);

impl ClacksNetwork {
    /// Drops deeds when they can no longer be undone, because they can be as large as the whole queue.
    pub(crate) fn expire_deeds(&self) {
        if !self.is_expiring.swap(true, Relaxed) {
            let this = self.this.clone();
            self.runtime.spawn(async move {
                while let Some(wait) = this.upgrade().and_then(|network| network.next_expiry()) {
                    tokio::time::sleep(wait).await;
                }
            });
        }
    }

    /// Drops the deeds that are over. Returns the time until the next one is. `None`: there are no more.
    pub(crate) fn next_expiry(&self) -> Option<Duration> {
        let now = self.node.now().uptime;
        let mut undo = self.undo();
        undo.expire(now);
        let next = undo.expires();
        if next.is_none() {
            // Whoever stores one afterwards begins another task.
            self.is_expiring.store(false, Relaxed);
        }
        next.map(|expires| expires.saturating_sub(now) + LATE)
    }
}

fn now_of(core::Now { uptime, unix_ms }: core::Now) -> Now {
    Now { uptime, unix_ms }
}

impl Network for ClacksNetwork {
    fn description(&self) -> &Arc<Description> {
        &self.description
    }

    fn run(&self) -> Run {
        self.run
    }

    fn now(&self) -> Now {
        now_of(self.node.now())
    }

    fn page(&self, window: &Window) -> Page {
        page_of(&self.node, self.context, self.plugins(), window)
    }

    fn rows(&self, list: ListId, keys: &[Key]) -> Vec<Option<Row>> {
        rows_of(&self.node, self.context, self.plugins(), list, keys)
    }

    fn gauges(&self) -> Vec<Value> {
        figures::gauges(&self.node, &self.handing_on)
    }

    fn settings(&self) -> Vec<Value> {
        settings::values(&NodeSettings::of(&self.node))
    }

    fn check(&self, call: &Call) -> Check {
        commands::check(self, call)
    }

    fn call(self: Arc<Self>, call: Call) -> Doing {
        commands::call(self, &call)
    }

    fn watch(&self) -> Box<dyn Watch> {
        Box::new(ClacksWatch(self.node.subscribe()))
    }
}

impl Watch for ClacksWatch {
    fn poll_next(&mut self, cx: &mut TaskContext<'_>) -> Poll<Option<Watched>> {
        let next = ready!(self.0.poll_next(cx));
        Poll::Ready(next.map(|NumberedEvent { number, now, event, .. }| match event {
            core::Event::Lagged(missed) => Watched::Lagged(missed),
            event => Watched::Event(ClacksEvent(event).numbered(number, now)),
        }))
    }

    fn seq(&self) -> u64 {
        self.0.number()
    }
}
