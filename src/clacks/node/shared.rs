use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, PoisonError, RwLock},
    time::Duration,
};

use clacks_transport::{
    Clock,
    body_budget::BodyBudget,
    event_ring::{EventReceiver, EventSender},
    subscription::TimedEvent,
};
use rand::rngs::StdRng;
use tokio::sync::{Notify, oneshot};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::core::{Core, Delivery, DeliveryId, DeliveryResult, Event, Failure, Now, Peer};

use super::{Limits, hooks::Hooks, sender::Sender, state_changes::Changes, trust::Trust};

/// Maximum events kept for a slow subscriber, each of about 200 bytes. The messages in them have a limit of their own.
const EVENT_CAPACITY: usize = 4096;
/// Peers that are copied at once while the core is locked.
const PORTION: usize = 1024;

/// The state that the handles and the tasks of a node share.
#[derive(Debug)]
pub(super) struct Shared {
    inner: Mutex<Inner>,
    pub(super) clock: Clock,
    pub(super) hooks: Hooks,
    pub(super) sender: Sender,
    pub(super) trust: Arc<Trust>,
    /// Wakes the driver if it may have to send earlier than planned.
    pub(super) wake: Notify,
    /// Changes for the writer of the state file.
    pub(super) changes: Arc<Changes>,
    pub(super) stopped: CancellationToken,
    pub(super) tasks: TaskTracker,
    limits: RwLock<Arc<Limits>>,
    /// The memory for bodies that are being read or judged.
    pub(super) bodies: BodyBudget,
    runtime: tokio::runtime::Handle,
}

#[derive(Debug)]
struct Inner {
    core: Core,
    rng: StdRng,
    events: EventSender<TimedEvent<Event>>,
    /// Waiting announces; `None` once the node has stopped.
    announces: Option<HashMap<DeliveryId, oneshot::Sender<DeliveryResult>>>,
    /// Uptime at which the driver will run next.
    driver_wakes: Option<Duration>,
}

/// Access to the core while it is locked.
pub(super) struct CoreAccess<'a> {
    pub(super) core: &'a mut Core,
    pub(super) rng: &'a mut StdRng,
    pub(super) now: Now,
    announces: &'a mut Option<HashMap<DeliveryId, oneshot::Sender<DeliveryResult>>>,
}

impl CoreAccess<'_> {
    /// A receiver for the result of this announce. It gets none if the node stops first.
    pub(super) fn announce_result(&mut self, announce: DeliveryId) -> oneshot::Receiver<DeliveryResult> {
        let (outcome_to, outcome) = oneshot::channel();
        if let Some(announces) = self.announces {
            announces.insert(announce, outcome_to);
        }
        outcome
    }
}

impl Shared {
    pub(super) fn new(
        core: Core,
        rng: StdRng,
        sender: Sender,
        trust: Arc<Trust>,
        changes: Arc<Changes>,
        limits: Limits,
    ) -> Self {
        let events = EventSender::new(EVENT_CAPACITY);
        let announces = Some(HashMap::new());
        let inner = Inner { core, rng, events, announces, driver_wakes: None };
        Self {
            inner: Mutex::new(inner),
            clock: Clock::start(),
            hooks: Hooks::default(),
            sender,
            trust,
            wake: Notify::new(),
            changes,
            stopped: CancellationToken::new(),
            tasks: TaskTracker::new(),
            bodies: BodyBudget::new(limits.max_bodies),
            limits: RwLock::new(Arc::new(limits)),
            runtime: tokio::runtime::Handle::current(),
        }
    }

    /// The limits on connections and requests.
    pub(super) fn limits(&self) -> Arc<Limits> {
        Arc::clone(&self.limits.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Changes the limits, if `change` returns new ones.
    pub(super) fn change_limits<E>(
        &self,
        change: impl FnOnce(&Limits) -> Result<Limits, E>,
    ) -> Result<Arc<Limits>, E> {
        let mut limits = self.limits.write().unwrap_or_else(PoisonError::into_inner);
        *limits = Arc::new(change(&limits)?);
        self.bodies.set_max_bytes(limits.max_bodies);
        Ok(Arc::clone(&limits))
    }

    /// Reads the core.
    pub(super) fn read<T>(&self, read: impl FnOnce(&Core) -> T) -> T {
        read(&self.lock().core)
    }

    /// Passes an input to the core, then processes its outputs.
    pub(super) fn with_core<T>(self: &Arc<Self>, input: impl FnOnce(CoreAccess<'_>) -> T) -> T {
        let for_listeners = self.hooks.has_event_listeners();
        let mut inner = self.lock();
        let Inner { core, rng, announces, .. } = &mut *inner;
        let now = self.clock.now();
        let result = input(CoreAccess { core, rng, now, announces });
        self.publish(&mut inner, now, for_listeners);
        while let Some(delivery) = inner.core.poll_delivery() {
            self.spawn_delivery(delivery);
        }
        self.wake_driver(&inner);
        drop(inner);
        if for_listeners {
            self.hooks.notify();
        }
        result
    }

    /// All peers that are known during the whole call, in no order. They are copied in portions, so that the lock is
    /// never held for long.
    pub(super) fn all_peers(&self) -> Vec<Peer> {
        let mut all = Vec::new();
        let mut below = usize::MAX;
        while below > 0 {
            let (portion, begins) = self.read(|core| core.portion_of_peers(below, PORTION));
            all.extend(portion);
            below = begins;
        }
        // A peer that replaced a removed one can be there twice. Reversing puts its newer copy first.
        all.reverse();
        let mut seen = HashSet::with_capacity(all.len());
        all.retain(|peer| seen.insert(peer.address.clone()));
        all
    }

    /// Visits the peers in the order of the list and in portions, while `wants_more` returns true. A peer whose status
    /// changes meanwhile may be visited twice or not at all.
    pub(super) fn walk_peers(&self, mut wants_more: impl FnMut(Peer) -> bool) {
        let mut last: Option<Peer> = None;
        loop {
            let anchor = last.as_ref().map(|peer| (peer.status, &peer.address));
            let portion: Vec<Peer> = self.read(|core| core.peers_after(anchor).take(PORTION).collect());
            let Some(end) = portion.last().cloned() else { return };
            if !portion.into_iter().all(&mut wants_more) {
                return;
            }
            last = Some(end);
        }
    }

    /// A receiver of events. It ends at once if the node has stopped.
    pub(super) fn subscribe(&self) -> EventReceiver<TimedEvent<Event>> {
        self.lock().events.subscribe()
    }

    /// Records when the driver will run next. Returns that uptime.
    pub(super) fn next_driver_wake(&self) -> Option<Duration> {
        let mut inner = self.lock();
        inner.driver_wakes = inner.core.poll_timeout();
        inner.driver_wakes
    }

    /// Ends all subscriptions and waiting announces, and drops the hooks.
    pub(super) fn close(&self) {
        {
            let mut inner = self.lock();
            inner.events.close();
            inner.announces = None;
        }
        self.hooks.close();
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Inner> {
        // The methods of the core leave it valid, so a panic elsewhere within the lock does no harm.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sends the events to the subscribers and, if there are any, to the listeners.
    fn publish(&self, inner: &mut Inner, now: Now, for_listeners: bool) {
        let mut for_them = Vec::new();
        let Inner { core, events, .. } = inner;
        let mut happened = std::iter::from_fn(|| core.poll_event())
            .inspect(|event| {
                self.changes.record_event(event);
                if for_listeners {
                    for_them.push(event.clone());
                }
            })
            .map(|event| TimedEvent { now, event })
            .peekable();
        if happened.peek().is_some() {
            events.send_all(happened);
        }
        if !for_them.is_empty() {
            self.hooks.enqueue(for_them);
        }
    }

    fn wake_driver(&self, inner: &Inner) {
        if inner.core.is_due_before(inner.driver_wakes) {
            self.wake.notify_one();
        }
    }

    fn spawn_delivery(self: &Arc<Self>, delivery: Delivery) {
        let shared = Arc::clone(self);
        let deliver = async move {
            let mut next = Some(delivery);
            while let Some(delivery) = next {
                let under_way = DeliveryGuard { shared: &shared, id: Some(delivery.id) };
                let ended = shared.stopped.run_until_cancelled(shared.sender.deliver(delivery)).await;
                let id = under_way.end();
                // The stop returned the message of a delivery that it cancelled.
                let (Some(outcome), Some(id)) = (ended, id) else { return };
                next = shared.delivery_ended(id, outcome);
            }
        };
        self.runtime.spawn(self.tasks.track_future(deliver));
    }

    /// Forgets the certificates of former peers if there are too many.
    pub(super) fn sweep_pins(&self) {
        if self.trust.has_many() {
            self.trust.sweep(self.all_peers().into_iter().map(|peer| peer.address));
        }
    }

    /// Ends a delivery. Returns the next one for the same task, if any.
    fn delivery_ended(self: &Arc<Self>, id: DeliveryId, outcome: DeliveryResult) -> Option<Delivery> {
        let (waiting, next) = self.with_core(|at| {
            let outcome = at.core.handle_delivery(id, outcome, at.now);
            // The next delivery starts at once, without the driver, unless the node stops.
            if !self.stopped.is_cancelled() {
                at.core.handle_timeout(at.now, at.rng);
            }
            let waiting = at.announces.as_mut().and_then(|announces| announces.remove(&id));
            (waiting.map(|waiting| (waiting, outcome)), at.core.poll_delivery())
        });
        self.sweep_pins();
        if let Some((waiting, outcome)) = waiting {
            // An error means that the caller no longer waits.
            let _ = waiting.send(outcome);
        }
        next
    }
}

/// A delivery of a task. If the task panics, dropping this ends the delivery, so that the message, the slot of the peer
/// and the waiting caller are released.
struct DeliveryGuard<'a> {
    shared: &'a Arc<Shared>,
    id: Option<DeliveryId>,
}

impl DeliveryGuard<'_> {
    fn end(mut self) -> Option<DeliveryId> {
        self.id.take()
    }
}

impl Drop for DeliveryGuard<'_> {
    fn drop(&mut self) {
        if let Some(id) = self.id.filter(|_| std::thread::panicking()) {
            let next = self.shared.delivery_ended(id, DeliveryResult::Failed(Failure::NoResources));
            next.into_iter().for_each(|next| self.shared.spawn_delivery(next));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use tokio::net::TcpListener;

    use super::*;
    use crate::{Address, Node};

    #[tokio::test]
    async fn a_delivery_whose_task_panics_ends() {
        let node = Node::builder().hostname("127.0.0.1").port(0).start().await.unwrap();
        // Nothing accepts there, so the delivery does not end by itself.
        let silent = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let peer = Address::new("127.0.0.1", silent.local_addr().unwrap().port()).unwrap();
        let shared = Arc::clone(&node.shared);
        let (id, outcome) = shared.with_core(|mut at| {
            let id = at.core.announce(&peer, at.rng).unwrap();
            (id, at.announce_result(id))
        });
        let panics = tokio::spawn(async move {
            let _under_way = DeliveryGuard { shared: &shared, id: Some(id) };
            panic!("as a test wants");
        });
        assert!(panics.await.unwrap_err().is_panic());
        assert_eq!(outcome.await, Ok(DeliveryResult::Failed(Failure::NoResources)));
        node.stop().await;
    }
}
