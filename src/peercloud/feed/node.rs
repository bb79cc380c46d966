//! A peercloud node as a network of the feed.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, ready},
};

use clacks_feed::{
    Call, Check, Doing, Key, Label, Network, Now, Page, Row, Run, Value, Watch, Watched, Window,
    description::{Description, ListId},
    undo::UndoStore,
};
use clacks_peercloud::{Node, Subscription, core, node::NumberedEvent};
use tokio::runtime::Handle;

use crate::{
    commands::{self, Deed},
    description::describe,
    event::PeercloudEvent,
    figures,
    rows::{page_of, rows_of},
};

/// A peercloud node as every face sees it.
///
/// The command `stop` stops the node, never the process. Each watch ends once it has given the last events.
#[derive(Debug)]
pub struct PeercloudNetwork {
    node: Node,
    description: Arc<Description>,
    run: Run,
    undo: Mutex<UndoStore<Deed>>,
    /// A face may call from a thread that has no runtime.
    runtime: Handle,
}

/// The events of a node.
#[derive(Debug)]
struct PeercloudWatch(Subscription);

impl PeercloudNetwork {
    /// Offers a node. `run` is a random number.
    ///
    /// # Panics
    ///
    /// Panics outside of a tokio runtime.
    pub fn new(node: &Node, run: Run) -> Arc<Self> {
        let address = node.local_address().to_string();
        let label = Label::new(&address).unwrap_or_else(|_| "a node with a very long name".into());
        Arc::new(Self {
            node: node.clone(),
            description: Arc::new(describe(label)),
            run,
            undo: Mutex::default(),
            runtime: Handle::current(),
        })
    }

    /// The node.
    pub fn node(&self) -> &Node {
        &self.node
    }

    pub(crate) fn runtime(&self) -> &Handle {
        &self.runtime
    }

    pub(crate) fn undo(&self) -> MutexGuard<'_, UndoStore<Deed>> {
        self.undo.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Network for PeercloudNetwork {
    fn description(&self) -> &Arc<Description> {
        &self.description
    }

    fn run(&self) -> Run {
        self.run
    }

    fn now(&self) -> Now {
        let core::Now { uptime, unix_ms } = self.node.now();
        Now { uptime, unix_ms }
    }

    fn page(&self, window: &Window) -> Page {
        self.node.read(|core, history| page_of(core, history, window))
    }

    fn rows(&self, list: ListId, keys: &[Key]) -> Vec<Option<Row>> {
        self.node.read(|core, history| rows_of(core, history, list, keys))
    }

    fn gauges(&self) -> Vec<Value> {
        figures::gauges(&self.node)
    }

    fn settings(&self) -> Vec<Value> {
        figures::settings(&self.node)
    }

    fn check(&self, call: &Call) -> Check {
        commands::check(self, call)
    }

    fn call(self: Arc<Self>, call: Call) -> Doing {
        commands::call(&self, &call)
    }

    fn watch(&self) -> Box<dyn Watch> {
        Box::new(PeercloudWatch(self.node.subscribe()))
    }
}

impl Watch for PeercloudWatch {
    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Watched>> {
        let next = ready!(self.0.poll_next(cx));
        Poll::Ready(next.map(|NumberedEvent { number, now, event, .. }| match event {
            core::Event::Lagged(missed) => Watched::Lagged(missed),
            event => Watched::Event(PeercloudEvent(event).numbered(number, now)),
        }))
    }

    fn seq(&self) -> u64 {
        self.0.number()
    }
}
