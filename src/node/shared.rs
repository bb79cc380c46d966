use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use rand::rngs::StdRng;
use tokio::sync::{Notify, oneshot};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::core::{Core, Delivery, DeliveryId, Event, Failure, Now, Outcome};

use super::{
    clock::Clock,
    events::{Publisher, Watcher},
    hooks::Hooks,
    sender::Sender,
    trust::Trust,
};

/// What the handle and the node's tasks share.
#[derive(Debug)]
pub(super) struct Shared {
    inner: Mutex<Inner>,
    pub(super) clock: Clock,
    pub(super) hooks: Hooks,
    pub(super) sender: Sender,
    pub(super) trust: Arc<Trust>,
    /// Wakes the driver when it may have to send earlier than it thinks.
    pub(super) wake: Notify,
    /// Wakes the writer of the state file.
    pub(super) state_changed: Arc<Notify>,
    pub(super) stopped: CancellationToken,
    pub(super) tasks: TaskTracker,
    runtime: tokio::runtime::Handle,
}

#[derive(Debug)]
struct Inner {
    core: Core,
    rng: StdRng,
    events: Publisher,
    /// Those who wait for their announces; `None` once the node has stopped.
    announces: Option<HashMap<DeliveryId, oneshot::Sender<Outcome>>>,
    /// When the driver will look again, as uptime.
    driver_wakes: Option<Duration>,
}

/// What a piece of work at the core may use.
pub(super) struct AtCore<'a> {
    pub(super) core: &'a mut Core,
    pub(super) rng: &'a mut StdRng,
    pub(super) now: Now,
    announces: &'a mut Option<HashMap<DeliveryId, oneshot::Sender<Outcome>>>,
}

impl AtCore<'_> {
    /// Where the outcome of this announce will arrive; nothing does if the node has stopped or stops first.
    pub(super) fn outcome_of(&mut self, announce: DeliveryId) -> oneshot::Receiver<Outcome> {
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
        state_changed: Arc<Notify>,
        event_capacity: usize,
    ) -> Self {
        let events = Publisher::new(event_capacity);
        let announces = Some(HashMap::new());
        let inner = Inner { core, rng, events, announces, driver_wakes: None };
        Self {
            inner: Mutex::new(inner),
            clock: Clock::start(),
            hooks: Hooks::default(),
            sender,
            trust,
            wake: Notify::new(),
            state_changed,
            stopped: CancellationToken::new(),
            tasks: TaskTracker::new(),
            runtime: tokio::runtime::Handle::current(),
        }
    }

    /// Looks at the core without changing it.
    pub(super) fn look<T>(&self, look: impl FnOnce(&Core) -> T) -> T {
        look(&self.lock().core)
    }

    /// Gives the core an input, then carries out what it asks for.
    pub(super) fn at_core<T>(self: &Arc<Self>, input: impl FnOnce(AtCore<'_>) -> T) -> T {
        let for_listeners = self.hooks.has_event_listeners();
        let mut inner = self.lock();
        let Inner { core, rng, announces, .. } = &mut *inner;
        let result = input(AtCore { core, rng, now: self.clock.now(), announces });
        let events = self.publish(&mut inner, for_listeners);
        while let Some(delivery) = inner.core.poll_delivery() {
            self.spawn_delivery(delivery);
        }
        self.wake_driver(&inner);
        drop(inner);
        self.hooks.notify(&events);
        result
    }

    /// A subscription, which ends at once if the node has stopped.
    pub(super) fn subscribe(&self) -> Watcher {
        self.lock().events.watch()
    }

    /// Notes when the driver will look again, and returns when it has to.
    pub(super) fn plan_driver(&self) -> Option<Duration> {
        let mut inner = self.lock();
        inner.driver_wakes = inner.core.poll_timeout();
        inner.driver_wakes
    }

    /// Ends all subscriptions and the waiting for announces that will not end, and lets go of the hooks.
    pub(super) fn close(&self) {
        {
            let mut inner = self.lock();
            inner.events.close();
            inner.announces = None;
        }
        self.hooks.clear();
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Inner> {
        // The core's methods leave it valid at every step, so a panic elsewhere in the lock does not spoil it.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Hands what happened to the watchers; returns it for the listeners if there are any.
    fn publish(&self, inner: &mut Inner, for_listeners: bool) -> Vec<Event> {
        let mut for_them = Vec::new();
        let Inner { core, events, .. } = inner;
        let mut happened = std::iter::from_fn(|| core.poll_event())
            .inspect(|event| {
                if changes_state(event) {
                    self.state_changed.notify_one();
                }
                if for_listeners {
                    for_them.push(event.clone());
                }
            })
            .peekable();
        if happened.peek().is_some() {
            events.send_all(happened);
        }
        for_them
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
                let under_way = UnderWay { shared: &shared, id: Some(delivery.id) };
                let ended = shared.stopped.run_until_cancelled(shared.sender.deliver(delivery)).await;
                let id = under_way.end();
                // A delivery that the stop cut off is put back by the stop.
                let (Some(outcome), Some(id)) = (ended, id) else { return };
                next = shared.delivery_ended(id, outcome);
            }
        };
        self.runtime.spawn(self.tasks.track_future(deliver));
    }

    /// Forgets certificates of those who are no peers if there are many.
    pub(super) fn sweep_pins(&self) {
        if self.trust.has_many() {
            let peers: Vec<_> = self.look(|core| core.peers().map(|peer| peer.address).collect());
            self.trust.sweep(peers);
        }
    }

    /// Returns the delivery that waited for this one to end, if there is one: it is for the same task.
    fn delivery_ended(self: &Arc<Self>, id: DeliveryId, outcome: Outcome) -> Option<Delivery> {
        let (waiting, next) = self.at_core(|at| {
            let outcome = at.core.handle_delivery(id, outcome, at.now);
            // What is due leaves at once, without a turn of the driver's; but nothing leaves a node that stops.
            if !self.stopped.is_cancelled() {
                at.core.handle_timeout(at.now, at.rng);
            }
            let waiting = at.announces.as_mut().and_then(|announces| announces.remove(&id));
            (waiting.map(|waiting| (waiting, outcome)), at.core.poll_delivery())
        });
        self.sweep_pins();
        if let Some((waiting, outcome)) = waiting {
            // An error means that nobody waits any more.
            let _ = waiting.send(outcome);
        }
        next
    }
}

/// A delivery that a task makes. If the task panics, the delivery ends all the same: its message, its peer's turn and
/// whoever waits for it do not hang on a fault of this program.
struct UnderWay<'a> {
    shared: &'a Arc<Shared>,
    id: Option<DeliveryId>,
}

impl UnderWay<'_> {
    fn end(mut self) -> Option<DeliveryId> {
        self.id.take()
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        if let Some(id) = self.id.filter(|_| std::thread::panicking()) {
            let next = self.shared.delivery_ended(id, Outcome::Failed(Failure::NoResources));
            next.into_iter().for_each(|next| self.shared.spawn_delivery(next));
        }
    }
}

/// Whether the state file has to be written anew.
fn changes_state(event: &Event) -> bool {
    matches!(
        event,
        Event::PeerDiscovered { .. }
            | Event::PeerUpdated { .. }
            | Event::PeerChanged { .. }
            | Event::PeerForgotten { .. }
            | Event::FoundOurselves { .. }
            | Event::RemoteIgnored { .. }
            | Event::RemoteUnignored { .. }
            | Event::ClaimConfirmed { .. }
    )
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
        // Nobody accepts there, so that the delivery does not end by itself.
        let silent = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let peer = Address::new("127.0.0.1", silent.local_addr().unwrap().port()).unwrap();
        let shared = Arc::clone(&node.shared);
        let (id, outcome) = shared.at_core(|mut at| {
            let id = at.core.announce(&peer, at.rng).unwrap();
            (id, at.outcome_of(id))
        });
        let panics = tokio::spawn(async move {
            let _under_way = UnderWay { shared: &shared, id: Some(id) };
            panic!("as a test wants");
        });
        assert!(panics.await.unwrap_err().is_panic());
        assert_eq!(outcome.await, Ok(Outcome::Failed(Failure::NoResources)));
        node.stop().await;
    }
}
