//! The node: the state machine behind a lock, with a clock that is moved by hand, and its events.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, ready},
    time::Duration,
};

use clacks_feed::{
    Body, Call, Check, Doing, Event, Key, Network, Now, Page, Refusal, Row, Run, Value, Watch, Watched,
    Window,
    description::{Description, ListId},
    undo::UndoStore,
};
use clacks_transport::event_ring::{EventReceiver, EventSender};

use crate::{
    commands::{self, Deed, Desk},
    core::Core,
    description::description,
    event::{Sent, ToyEvent},
    rows::{page_of, rows_of},
};

/// Events that are kept for slow watchers.
const MAX_EVENTS: usize = 4096;
/// 2026-01-01, when the clock of every toy begins, in milliseconds since the Unix epoch.
const START: u64 = 1_767_225_600_000;

/// A node of the toy network.
#[derive(Debug)]
pub struct Toy {
    description: Arc<Description>,
    run: Run,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    core: Core,
    uptime: Duration,
    undo: UndoStore<Deed>,
    events: EventSender<Sent>,
}

/// The events of a [`Toy`].
#[derive(Debug)]
struct ToyWatch(EventReceiver<Sent>);

impl Toy {
    /// A node without boxes and cards. Two nodes with the same `run` are taken for the same.
    pub fn start(run: u64) -> Arc<Self> {
        let (core, undo) = (Core::new(), UndoStore::default());
        let state = State { core, uptime: Duration::ZERO, undo, events: EventSender::new(MAX_EVENTS) };
        Arc::new(Self { description: Arc::new(description()), run: Run(run), state: Mutex::new(state) })
    }

    /// Moves the clock.
    pub fn pass(&self, time: Duration) {
        self.lock().uptime += time;
    }

    /// Changes the state machine and sends the events. The second argument of `input` is the time.
    pub fn with_core<T>(&self, input: impl FnOnce(&mut Core, Duration) -> T) -> T {
        let mut state = self.lock();
        let uptime = state.uptime;
        let result = input(&mut state.core, uptime);
        state.publish();
        result
    }

    /// No more events: watchers end.
    pub fn stop(&self) {
        self.lock().events.close();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn now(&self) -> Now {
        Now { uptime: self.uptime, unix_ms: START + self.uptime.as_millis() as u64 }
    }

    fn publish(&mut self) {
        let now = self.now();
        let happened = self.core.take_events().into_iter();
        self.events.send_all(happened.map(|happened| Sent::Event(now, Arc::new(ToyEvent(happened)))));
    }

    fn desk(&mut self) -> Desk<'_> {
        Desk { core: &mut self.core, undo: &mut self.undo, now: self.uptime }
    }
}

impl Network for Toy {
    fn description(&self) -> &Arc<Description> {
        &self.description
    }

    fn run(&self) -> Run {
        self.run
    }

    fn now(&self) -> Now {
        self.lock().now()
    }

    fn page(&self, window: &Window) -> Page {
        page_of(&self.lock().core, window)
    }

    fn rows(&self, list: ListId, keys: &[Key]) -> Vec<Option<Row>> {
        rows_of(&self.lock().core, list, keys)
    }

    fn gauges(&self) -> Vec<Value> {
        let core = &self.lock().core;
        // The distribution is made from the events.
        vec![Value::Count(core.cards.len() as u64), Value::Count(core.posted), Value::None]
    }

    fn settings(&self) -> Vec<Value> {
        vec![Value::Count(self.lock().core.limit)]
    }

    fn check(&self, call: &Call) -> Check {
        match commands::read(self, call) {
            Ok(arguments) => {
                let objection = commands::objection(&self.lock().desk(), call, &arguments);
                objection.map_or(Check::Works, |reason| arguments.refused(reason))
            }
            Err(check) => check,
        }
    }

    fn call(self: Arc<Self>, call: Call) -> Doing {
        let result = match commands::read(&self, &call) {
            Ok(arguments) => {
                let mut state = self.lock();
                let result = commands::carry_out(&self, &mut state.desk(), &call, arguments);
                state.publish();
                result
            }
            Err(Check::Wrong(reason)) => Err(Refusal::new(reason)),
            Err(_) => Err(Refusal::new("something is missing behind it")),
        };
        Box::pin(std::future::ready(result))
    }

    fn watch(&self) -> Box<dyn Watch> {
        Box::new(ToyWatch(self.lock().events.subscribe()))
    }
}

impl Watch for ToyWatch {
    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Watched>> {
        let next = ready!(self.0.poll_next(cx));
        Poll::Ready(next.map(|(seq, sent)| match sent {
            Sent::Event(now, event) => {
                let kind = event.kind();
                Watched::Event(Event { seq, kind, now, by: None, body: Body::Typed(event) })
            }
            Sent::Lagged(missed) => Watched::Lagged(missed),
        }))
    }

    fn seq(&self) -> u64 {
        self.0.number()
    }
}
