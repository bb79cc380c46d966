use std::{
    collections::VecDeque,
    fmt,
    net::SocketAddr,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, RwLock},
    thread::{self, ThreadId},
    time::Duration,
};

use crate::{
    core::{Answer, Event, Peer},
    protocol::{Message, Payload},
};

/// Events that wait for the listeners before those who cause more of them wait as well.
const MAX_WAITING: usize = 1024;
/// How long they wait at most. Without a limit, a listener that waits for one of them would never end.
const PATIENCE: Duration = Duration::from_millis(100);

/// Whether a payload goes on its way after a plugin saw it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// On to the next plugin, then to the node.
    Continue,
    /// The payload is discarded; the answer goes out as the plugin left it.
    Discard,
}

/// The request that brought a payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Request {
    /// Where the connection came from.
    pub remote: SocketAddr,
}

type Plugin = dyn Fn(&Peer, &mut Payload, &Request, &mut Answer) -> Verdict + Send + Sync;
type ReceivedListener = dyn Fn(&Peer, Message) -> Option<Message> + Send + Sync;
type EventListener = dyn Fn(&Event) + Send + Sync;

/// The functions that a program hung into the node.
///
/// They are called without any lock of the node held, so that they may call the node.
#[derive(Default)]
pub(super) struct Hooks {
    plugins: Registry<Plugin>,
    received: Registry<ReceivedListener>,
    events: Registry<EventListener>,
    line: Line,
}

/// Events that the listeners have yet to hear of, in the order in which they happened. One thread at a time calls them.
#[derive(Default)]
struct Line {
    waiting: Mutex<Waiting>,
    /// Told when there is room again.
    shorter: Condvar,
}

#[derive(Default)]
struct Waiting {
    events: VecDeque<Event>,
    /// The thread that calls the listeners.
    caller: Option<ThreadId>,
}

impl Hooks {
    pub(super) fn add_plugin(&self, plugin: Arc<Plugin>) {
        self.plugins.add(plugin);
    }

    pub(super) fn add_received(&self, listener: Arc<ReceivedListener>) {
        self.received.add(listener);
    }

    pub(super) fn add_event(&self, listener: Arc<EventListener>) {
        self.events.add(listener);
    }

    /// Lets go of all of them, and of those that are added later.
    pub(super) fn close(&self) {
        self.plugins.close();
        self.received.close();
        self.events.close();
    }

    pub(super) fn has_event_listeners(&self) -> bool {
        self.events.has_any()
    }

    /// Whether neither a plugin nor a listener is to see a payload before it is taken.
    pub(super) fn look_at_no_payloads(&self) -> bool {
        !self.plugins.has_any() && !self.received.has_any()
    }

    /// Adds events for the listeners to hear of, within the lock of the node, so that they stand in the order in which
    /// they happened.
    pub(super) fn enqueue(&self, events: impl IntoIterator<Item = Event>) {
        self.line.lock().events.extend(events);
    }

    /// Lets the listeners hear of what waits, outside the lock of the node. Where another thread is at it, that one goes
    /// on with what is new, and this one waits a little if there is much.
    pub(super) fn notify(&self) {
        let Some(turn) = self.line.begin() else { return };
        while let Some(event) = turn.next() {
            for listener in self.events.all().iter() {
                // It may run on the one task that sends: a panic is the listener's end, not the node's. What it
                // shares with the program is the program's to keep whole.
                if catch_unwind(AssertUnwindSafe(|| listener(&event))).is_err() {
                    tracing::error!("a listener panicked");
                }
            }
        }
    }

    /// Runs the plugins in the order they were loaded. `Err` is the answer of the one that discarded the payload.
    pub(super) fn run_plugins(
        &self,
        peer: &Peer,
        payload: &mut Payload,
        request: &Request,
    ) -> Result<Answer, Answer> {
        let mut answer = Answer::taken();
        for plugin in self.plugins.all().iter() {
            if plugin(peer, payload, request, &mut answer) == Verdict::Discard {
                return Err(answer);
            }
        }
        Ok(answer)
    }

    /// What the listeners make of a message; `None` if one of them holds it back.
    pub(super) fn run_received(&self, peer: &Peer, message: Message) -> Option<Message> {
        self.received.all().iter().try_fold(message, |message, listener| listener(peer, message))
    }
}

impl fmt::Debug for Hooks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hooks").finish_non_exhaustive()
    }
}

impl Line {
    /// Begins to call the listeners, unless that is being done.
    fn begin(&self) -> Option<Turn<'_>> {
        let (mut waiting, this) = (self.lock(), thread::current().id());
        match waiting.caller {
            None => waiting.caller = Some(this),
            // A listener that calls the node hears of what it causes when it has returned.
            Some(caller) if caller == this => return None,
            Some(_) => {
                self.wait_for_room(waiting);
                return None;
            }
        }
        Some(Turn(self))
    }

    fn wait_for_room(&self, waiting: MutexGuard<'_, Waiting>) {
        let is_long = |waiting: &mut Waiting| waiting.caller.is_some() && waiting.events.len() > MAX_WAITING;
        drop(self.shorter.wait_timeout_while(waiting, PATIENCE, is_long));
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The right to call the listeners, until there is nothing to tell.
struct Turn<'a>(&'a Line);

impl Turn<'_> {
    /// The next event; `None` if the turn is over.
    fn next(&self) -> Option<Event> {
        let mut waiting = self.0.lock();
        let next = waiting.events.pop_front();
        if next.is_none() {
            waiting.caller = None;
        }
        self.0.shorter.notify_all();
        next
    }
}

/// A list that is read far more often than it grows. `None` once it is closed.
struct Registry<F: ?Sized>(RwLock<Option<Arc<Vec<Arc<F>>>>>);

impl<F: ?Sized> Default for Registry<F> {
    fn default() -> Self {
        Self(RwLock::new(Some(Arc::default())))
    }
}

impl<F: ?Sized> Registry<F> {
    fn has_any(&self) -> bool {
        self.0.read().unwrap_or_else(PoisonError::into_inner).as_ref().is_some_and(|list| !list.is_empty())
    }

    fn all(&self) -> Arc<Vec<Arc<F>>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone().unwrap_or_default()
    }

    fn add(&self, function: Arc<F>) {
        let mut list = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let grown = list.as_ref().map(|list| list.iter().cloned().chain([Arc::clone(&function)]).collect());
        let old = std::mem::replace(&mut *list, grown.map(Arc::new));
        drop(list);
        // Not under the lock: what a function holds may be a handle to the node.
        drop((old, function));
    }

    fn close(&self) {
        let dropped = self.0.write().unwrap_or_else(PoisonError::into_inner).take();
        // Not under the lock, as above.
        drop(dropped);
    }
}
