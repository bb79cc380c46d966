use std::{
    fmt,
    net::SocketAddr,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, PoisonError, RwLock},
};

use crate::{
    core::{Answer, Event, Peer},
    protocol::{Message, Payload},
};

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

    /// Lets go of all of them.
    pub(super) fn clear(&self) {
        self.plugins.clear();
        self.received.clear();
        self.events.clear();
    }

    pub(super) fn has_event_listeners(&self) -> bool {
        self.events.has_any()
    }

    /// Whether neither a plugin nor a listener is to see a payload before it is taken.
    pub(super) fn look_at_no_payloads(&self) -> bool {
        !self.plugins.has_any() && !self.received.has_any()
    }

    pub(super) fn notify(&self, events: &[Event]) {
        if events.is_empty() {
            return;
        }
        let listeners = self.events.all();
        for event in events {
            for listener in listeners.iter() {
                // It may run on the one task that sends: a panic is the listener's end, not the node's. What it
                // shares with the program is the program's to keep whole.
                if catch_unwind(AssertUnwindSafe(|| listener(event))).is_err() {
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

/// A list that is read far more often than it grows.
struct Registry<F: ?Sized>(RwLock<Arc<Vec<Arc<F>>>>);

impl<F: ?Sized> Default for Registry<F> {
    fn default() -> Self {
        Self(RwLock::new(Arc::default()))
    }
}

impl<F: ?Sized> Registry<F> {
    fn has_any(&self) -> bool {
        !self.0.read().unwrap_or_else(PoisonError::into_inner).is_empty()
    }

    fn all(&self) -> Arc<Vec<Arc<F>>> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn add(&self, function: Arc<F>) {
        let mut list = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let grown = list.iter().cloned().chain([function]).collect();
        *list = Arc::new(grown);
    }

    fn clear(&self) {
        let dropped = std::mem::take(&mut *self.0.write().unwrap_or_else(PoisonError::into_inner));
        // Not under the lock: what a function holds may be a handle to the node.
        drop(dropped);
    }
}
