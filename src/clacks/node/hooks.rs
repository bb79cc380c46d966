use std::{
    fmt,
    net::SocketAddr,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock},
};

use clacks_transport::event_ring::{EventReceiver, EventSender};

use crate::{
    core::{Event, Peer, Response},
    protocol::{Message, Payload},
};

/// Maximum events kept for slow listeners, as for a subscriber.
const MAX_WAITING: usize = 4096;

/// The decision of a plugin about a payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PluginDecision {
    /// Pass the payload to the next plugin, then to the node.
    Continue,
    /// Discard the payload. The response of the plugin is sent.
    Discard,
}

/// The request that brought a payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Request {
    /// The remote address of the connection.
    pub remote: SocketAddr,
}

type Plugin = dyn Fn(&Peer, &mut Payload, &Request, &mut Response) -> PluginDecision + Send + Sync;
type ReceivedListener = dyn Fn(&Peer, Message) -> Option<Message> + Send + Sync;
type EventListener = dyn Fn(&Event) + Send + Sync;

/// The plugins and listeners of a node.
///
/// They are called without a lock of the node, so they may call the node.
#[derive(Default)]
pub(super) struct Hooks {
    plugins: Registry<Plugin>,
    received: Registry<ReceivedListener>,
    events: Registry<EventListener>,
    listener_queue: ListenerQueue,
}

/// Events for the listeners, in their order. One thread at a time calls the listeners.
struct ListenerQueue {
    events: EventSender<Event>,
    waiting: Mutex<Waiting>,
}

struct Waiting {
    events: EventReceiver<Event>,
    /// Whether a thread is calling the listeners.
    is_delivering: bool,
}

impl Default for ListenerQueue {
    fn default() -> Self {
        let events = EventSender::new(MAX_WAITING);
        let waiting = Mutex::new(Waiting { events: events.subscribe(), is_delivering: false });
        Self { events, waiting }
    }
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

    /// Drops all hooks, and drops those that are added later.
    pub(super) fn close(&self) {
        self.plugins.close();
        self.received.close();
        self.events.close();
        self.listener_queue.events.close();
    }

    pub(super) fn has_event_listeners(&self) -> bool {
        self.events.has_any()
    }

    /// Whether there is neither a plugin nor a listener for payloads.
    pub(super) fn has_no_payload_hooks(&self) -> bool {
        !self.plugins.has_any() && !self.received.has_any()
    }

    /// Adds events for the listeners. It is called within the lock of the node, so that the events are in order.
    pub(super) fn enqueue(&self, events: impl IntoIterator<Item = Event>) {
        self.listener_queue.events.send_all(events);
    }

    /// Calls the listeners for the waiting events, outside the lock of the node. If another thread is doing so, that
    /// thread continues with the new events.
    pub(super) fn notify(&self) {
        let Some(turn) = self.listener_queue.begin() else { return };
        while let Some(event) = turn.next() {
            if let Event::Lagged(missed) = event {
                tracing::warn!("listeners are too slow: they have missed {missed} events");
            }
            for listener in self.events.all().iter() {
                // The listener may run on the only task that sends, so its panic must not end the node. The program is
                // responsible for data that it shares with the listener.
                if catch_unwind(AssertUnwindSafe(|| listener(&event))).is_err() {
                    tracing::error!("a listener panicked");
                }
            }
        }
    }

    /// Runs the plugins in the order in which they were added. `Err` is the response of the plugin that discarded the
    /// payload.
    pub(super) fn run_plugins(
        &self,
        peer: &Peer,
        payload: &mut Payload,
        request: &Request,
    ) -> Result<Response, Response> {
        let mut answer = Response::accepted();
        for plugin in self.plugins.all().iter() {
            if plugin(peer, payload, request, &mut answer) == PluginDecision::Discard {
                return Err(answer);
            }
        }
        Ok(answer)
    }

    /// The message as the listeners return it; `None` if one of them discarded it.
    pub(super) fn run_received(&self, peer: &Peer, message: Message) -> Option<Message> {
        self.received.all().iter().try_fold(message, |message, listener| listener(peer, message))
    }
}

impl fmt::Debug for Hooks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hooks").finish_non_exhaustive()
    }
}

impl ListenerQueue {
    /// Begins a turn of calling the listeners; `None` if a thread is doing so. A listener that calls the node receives
    /// the resulting events after it has returned.
    fn begin(&self) -> Option<Turn<'_>> {
        let mut waiting = self.lock();
        if waiting.is_delivering {
            return None;
        }
        waiting.is_delivering = true;
        Some(Turn(self))
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The right to call the listeners, until there are no more events.
struct Turn<'a>(&'a ListenerQueue);

impl Turn<'_> {
    /// The next event; `None` if there is none, which ends the turn.
    fn next(&self) -> Option<Event> {
        let mut waiting = self.0.lock();
        let next = waiting.events.try_next();
        if next.is_none() {
            waiting.is_delivering = false;
        }
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
        // Dropped outside the lock, because the function may hold a handle to the node.
        drop((old, function));
    }

    fn close(&self) {
        let dropped = self.0.write().unwrap_or_else(PoisonError::into_inner).take();
        // Dropped outside the lock, as above.
        drop(dropped);
    }
}

#[cfg(test)]
mod tests {
    use std::{sync::mpsc, thread};

    use super::*;
    use crate::core::{MessageId, Origin};

    fn queued(number: u64, message: &Message) -> Event {
        Event::MessageQueued {
            id: MessageId(number),
            message: message.clone(),
            origin: Origin::Local,
            since_ms: 0,
            visits: 1,
            place: None,
        }
    }

    /// The events that a listener receives if it blocks in the first of `count` events with such messages.
    fn received_by_a_blocked_listener(count: u64, message: &Message) -> Vec<Event> {
        let hooks = Hooks::default();
        let ((entered_to, entered), (open, gate)) = (mpsc::channel(), mpsc::channel::<()>());
        let (received, gate) = (Arc::new(Mutex::new(Vec::new())), Mutex::new(gate));
        let listener = Arc::clone(&received);
        hooks.add_event(Arc::new(move |event| {
            listener.lock().unwrap().push(event.clone());
            let _ = entered_to.send(());
            // An error means that the gate stays open.
            let _ = gate.lock().unwrap().recv();
        }));
        thread::scope(|scope| {
            hooks.enqueue([queued(0, message)]);
            scope.spawn(|| hooks.notify());
            entered.recv().unwrap();
            for number in 1..count {
                hooks.enqueue([queued(number, message)]);
                // It returns although the listener is blocked.
                hooks.notify();
            }
            drop(open);
        });
        let received = received.lock().unwrap();
        received.clone()
    }

    #[test]
    fn events_for_a_blocked_listener_are_bounded_and_block_no_caller() {
        let (small, large) = (Message::text("m"), Message::text(&"x".repeat((1 << 20) - 2)));
        let max = MAX_WAITING as u64;
        for (message, count, missed) in
            [(&small, max, 0), (&small, max + 1, 0), (&small, 3 * max, 2 * max - 1), (&large, 100, 35)]
        {
            let received = received_by_a_blocked_listener(count, message);
            let lagged = (missed > 0).then_some(Event::Lagged(missed));
            let rest = (1 + missed..count).map(|number| queued(number, message));
            let expected: Vec<Event> = [queued(0, message)].into_iter().chain(lagged).chain(rest).collect();
            assert!(received == expected, "{count} events of {} bytes: {}", message.size(), received.len());
        }
    }

    #[test]
    fn each_kind_of_hook_is_called_only_for_its_events() {
        type Add = fn(&Hooks);
        let asked = |hooks: &Hooks| (hooks.has_event_listeners(), !hooks.has_no_payload_hooks());
        let cases: [(Add, (bool, bool)); 4] = [
            (|_| {}, (false, false)),
            (|hooks| hooks.add_event(Arc::new(|_| {})), (true, false)),
            (|hooks| hooks.add_received(Arc::new(|_, message| Some(message))), (false, true)),
            (|hooks| hooks.add_plugin(Arc::new(|_, _, _, _| PluginDecision::Continue)), (false, true)),
        ];
        for (number, (add, expected)) in cases.into_iter().enumerate() {
            let hooks = Hooks::default();
            add(&hooks);
            assert_eq!(asked(&hooks), expected, "{number}");
            hooks.close();
            assert_eq!(asked(&hooks), (false, false), "{number}");
        }
    }
}
