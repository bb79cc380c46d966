use std::{
    fmt,
    net::SocketAddr,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, RwLock,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
};

use bytes::Bytes;
use clacks_transport::event_ring::{EventReceiver, EventSender};

use crate::{
    core::{Event, Peer, Response},
    protocol::{Message, Payload},
};

use super::payload_hook::PayloadHook;

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
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Request {
    /// The remote address of the connection.
    pub remote: SocketAddr,
    /// The body as it came. It also has the fields that [`Payload`] does not: unknown ones, and the text of an unknown
    /// `type`. It may share a buffer of up to 32 KiB with the head of the request, so copy what is kept for long.
    pub body: Bytes,
}

/// A plugin with its name.
pub(super) struct NamedPlugin {
    pub(super) name: Arc<str>,
    pub(super) run: Box<Plugin>,
}

type Plugin = dyn Fn(&Peer, &mut Payload, &Request, &mut Response) -> PluginDecision + Send + Sync;
type ReceivedListener = dyn Fn(&Peer, Message) -> Option<Message> + Send + Sync;
type EventListener = dyn Fn(&Event) + Send + Sync;

/// The plugins and listeners of a node.
///
/// They are called without a lock of the node, so they may call the node.
#[derive(Default)]
pub(super) struct Hooks {
    /// Whether there is a plugin, a payload hook or a listener for received messages. It is read for each payload.
    is_any_for_payloads: AtomicBool,
    plugins: Registry<NamedPlugin>,
    payload_hook: RwLock<PayloadHookSlot>,
    received: Registry<ReceivedListener>,
    events: Registry<EventListener>,
    listener_queue: ListenerQueue,
}

/// The payload hook of a node, if there is one.
#[derive(Default)]
struct PayloadHookSlot {
    hook: Option<Arc<dyn PayloadHook>>,
    is_closed: bool,
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
    /// Adds a plugin. Without a name its name is its place, such as `plugin 1`.
    pub(super) fn add_plugin(&self, name: Option<&str>, run: Box<Plugin>) {
        self.plugins.add(|others| {
            let name = name.map_or_else(|| format!("plugin {}", others + 1).into(), Arc::from);
            Arc::new(NamedPlugin { name, run })
        });
        self.update_has_payload_hooks();
    }

    /// Sets or removes the payload hook.
    pub(super) fn set_payload_hook(&self, hook: Option<Arc<dyn PayloadHook>>) {
        let mut slot = self.payload_hook.write().unwrap_or_else(PoisonError::into_inner);
        let dropped = if slot.is_closed { hook } else { std::mem::replace(&mut slot.hook, hook) };
        drop(slot);
        // Dropped outside the lock, because the hook may hold a handle to the node.
        drop(dropped);
        self.update_has_payload_hooks();
    }

    pub(super) fn payload_hook(&self) -> Option<Arc<dyn PayloadHook>> {
        self.payload_hook.read().unwrap_or_else(PoisonError::into_inner).hook.clone()
    }

    pub(super) fn add_received(&self, listener: Arc<ReceivedListener>) {
        self.received.add(|_| listener);
        self.update_has_payload_hooks();
    }

    pub(super) fn add_event(&self, listener: Arc<EventListener>) {
        self.events.add(|_| listener);
    }

    /// Drops all hooks, and drops those that are added later.
    pub(super) fn close(&self) {
        self.plugins.close();
        let closed = PayloadHookSlot { hook: None, is_closed: true };
        let former = {
            let mut slot = self.payload_hook.write().unwrap_or_else(PoisonError::into_inner);
            std::mem::replace(&mut *slot, closed)
        };
        // Dropped outside the lock, because the hook may hold a handle to the node.
        drop(former);
        self.received.close();
        self.events.close();
        self.listener_queue.events.close();
        self.update_has_payload_hooks();
    }

    fn update_has_payload_hooks(&self) {
        // The lock of the hook is held, so that of two overlapping calls the one that reads last also writes last.
        let slot = self.payload_hook.write().unwrap_or_else(PoisonError::into_inner);
        let has_any = slot.hook.is_some() || self.plugins.has_any() || self.received.has_any();
        self.is_any_for_payloads.store(has_any, SeqCst);
    }

    pub(super) fn has_event_listeners(&self) -> bool {
        self.events.has_any()
    }

    /// Whether there is neither a plugin, nor a payload hook, nor a listener for received messages.
    pub(super) fn has_no_payload_hooks(&self) -> bool {
        !self.is_any_for_payloads.load(SeqCst)
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

    /// The plugins in the order in which they were added. One that is added later is not among them.
    pub(super) fn plugins(&self) -> Arc<Vec<Arc<NamedPlugin>>> {
        self.plugins.all()
    }

    pub(super) fn has_received_listeners(&self) -> bool {
        self.received.has_any()
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

    /// Adds a function, which is made from the number of the others.
    fn add(&self, function: impl FnOnce(usize) -> Arc<F>) {
        let mut list = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let function = function(list.as_ref().map_or(0, |list| list.len()));
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
    use crate::{
        core::{Judgement, MessageId, Origin},
        node::{IncomingPayload, Judging},
    };

    struct PassAll;

    impl PayloadHook for PassAll {
        fn judge<'a>(&'a self, _: IncomingPayload<'a>) -> Judging<'a> {
            Box::pin(async { Judgement::default() })
        }
    }

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
        let cases: [(Add, (bool, bool)); 5] = [
            (|_| {}, (false, false)),
            (|hooks| hooks.add_event(Arc::new(|_| {})), (true, false)),
            (|hooks| hooks.add_received(Arc::new(|_, message| Some(message))), (false, true)),
            (|hooks| hooks.add_plugin(None, Box::new(|_, _, _, _| PluginDecision::Continue)), (false, true)),
            (|hooks| hooks.set_payload_hook(Some(Arc::new(PassAll))), (false, true)),
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
