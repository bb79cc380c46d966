use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use clacks_transport::{
    Clock,
    event_ring::{EventReceiver, EventSender},
    subscription::TimedEvent,
};
use rand::rngs::StdRng;
use tokio::sync::{Notify, mpsc, oneshot, watch};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    core::{
        CheckResult, Completion, Core, Event, Failure, History, JoinFailure, JoinNumber, Joined, Now,
        Outcome, Outgoing, Reply, RequestId, SendId,
    },
    protocol::Answer,
};

use super::{client::Client, replies::Replies};

/// The result of an attempt to join.
pub(super) type JoinResult = Result<Joined, JoinFailure>;

/// The state that the handles and the tasks of a node share.
#[derive(Debug)]
pub(super) struct Shared {
    inner: Mutex<Inner>,
    pub(super) clock: Clock,
    client: Client,
    /// Wakes the driver if it may have to act earlier than planned.
    pub(super) wake: Notify,
    /// The result of the last attempt to join; `None` until the first one has ended.
    pub(super) last_join: watch::Sender<Option<JoinResult>>,
    pub(super) stopped: CancellationToken,
    pub(super) tasks: TaskTracker,
    runtime: tokio::runtime::Handle,
    /// Drives the node in tests.
    #[cfg(any(test, feature = "testing"))]
    pub(super) hand: Option<Arc<super::manual::Hand>>,
}

#[derive(Debug)]
struct Inner {
    core: Core,
    history: History,
    rng: StdRng,
    events: EventSender<TimedEvent<Event>>,
    waiting: Waiting,
    /// Uptime at which the driver will run next.
    driver_wakes: Option<Duration>,
}

/// Who waits for a [`Completion`].
#[derive(Debug, Default)]
pub(super) struct Waiting {
    answers: HashMap<JoinNumber, oneshot::Sender<Answer>>,
    replies: HashMap<SendId, mpsc::UnboundedSender<Reply>>,
    checks: HashMap<RequestId, oneshot::Sender<CheckResult>>,
    joins: Vec<oneshot::Sender<JoinResult>>,
}

/// Access to the core while it is locked.
pub(super) struct CoreAccess<'a> {
    pub(super) core: &'a mut Core,
    pub(super) rng: &'a mut StdRng,
    pub(super) now: Now,
    waiting: &'a mut Waiting,
}

impl CoreAccess<'_> {
    /// The answer to a request to join.
    pub(super) fn answer_of(&mut self, join: JoinNumber) -> oneshot::Receiver<Answer> {
        let (sender, receiver) = oneshot::channel();
        self.waiting.answers.insert(join, sender);
        receiver
    }

    /// Nobody waits for the answer any more.
    pub(super) fn cancel_join(&mut self, join: JoinNumber) {
        if self.waiting.answers.remove(&join).is_some() {
            self.core.cancel_join(join);
        }
    }

    /// The replies to a send.
    pub(super) fn replies_of(&mut self, id: SendId) -> Replies {
        let (sender, receiver) = mpsc::unbounded_channel();
        self.waiting.replies.insert(id, sender);
        Replies { id, receiver }
    }

    /// The result of a check.
    pub(super) fn result_of(&mut self, check: RequestId) -> oneshot::Receiver<CheckResult> {
        let (sender, receiver) = oneshot::channel();
        self.waiting.checks.insert(check, sender);
        receiver
    }

    /// The result of the attempt to join that runs.
    pub(super) fn join_result(&mut self) -> oneshot::Receiver<JoinResult> {
        let (sender, receiver) = oneshot::channel();
        self.waiting.joins.push(sender);
        receiver
    }
}

impl Shared {
    pub(super) fn new(
        core: Core,
        history: History,
        rng: StdRng,
        client: Client,
        events: EventSender<TimedEvent<Event>>,
    ) -> Self {
        let inner = Inner { core, history, rng, events, waiting: Waiting::default(), driver_wakes: None };
        Self {
            inner: Mutex::new(inner),
            clock: Clock::start(),
            client,
            wake: Notify::new(),
            last_join: watch::Sender::new(None),
            stopped: CancellationToken::new(),
            tasks: TaskTracker::new(),
            runtime: tokio::runtime::Handle::current(),
            #[cfg(any(test, feature = "testing"))]
            hand: None,
        }
    }

    #[cfg(any(test, feature = "testing"))]
    pub(super) fn driven_by(self, hand: Option<Arc<super::manual::Hand>>) -> Self {
        Self { hand, ..self }
    }

    /// Reads the core.
    pub(super) fn read<T>(&self, read: impl FnOnce(&Core) -> T) -> T {
        read(&self.lock().core)
    }

    /// Reads the core and the history.
    pub(super) fn read_all<T>(&self, read: impl FnOnce(&Core, &History) -> T) -> T {
        let inner = self.lock();
        read(&inner.core, &inner.history)
    }

    /// The time since the start, and of day.
    pub(super) fn now(&self) -> Now {
        #[cfg(any(test, feature = "testing"))]
        if let Some(hand) = &self.hand {
            return hand.now();
        }
        self.clock.now()
    }

    /// Passes an input to the core, then processes its outputs.
    pub(super) fn with_core<T>(self: &Arc<Self>, input: impl FnOnce(CoreAccess<'_>) -> T) -> T {
        let mut inner = self.lock();
        let Inner { core, rng, waiting, .. } = &mut *inner;
        let now = self.now();
        let result = input(CoreAccess { core, rng, now, waiting });
        self.process_outputs(&mut inner, now);
        result
    }

    fn process_outputs(self: &Arc<Self>, inner: &mut Inner, now: Now) {
        let Inner { core, history, events, waiting, driver_wakes, .. } = inner;
        let recorded = std::iter::from_fn(|| core.poll_event()).flat_map(|mut event| {
            let forgotten = history.record(&mut event, now.uptime);
            [Some(event), forgotten]
        });
        let mut happened = recorded.flatten().map(|event| TimedEvent { now, event }).peekable();
        if happened.peek().is_some() {
            events.send_all(happened);
        }
        while let Some(request) = core.poll_request() {
            self.spawn_request(request);
        }
        while let Some(completion) = core.poll_completion() {
            self.complete(waiting, completion);
        }
        let is_earlier = |due: Duration| driver_wakes.is_none_or(|wakes| due < wakes);
        if core.poll_timeout().is_some_and(is_earlier) {
            self.wake.notify_one();
        }
    }

    /// Passes a result to who waits for it. An error means that nobody does any more.
    fn complete(&self, waiting: &mut Waiting, completion: Completion) {
        match completion {
            Completion::Answer { join, answer } => {
                waiting.answers.remove(&join).map(|to| to.send(answer));
            }
            Completion::Reply { send, reply } => {
                waiting.replies.get(&send).into_iter().for_each(|to| _ = to.send(reply.clone()));
            }
            Completion::SendEnded(send) => _ = waiting.replies.remove(&send),
            Completion::Checked { request, result } => {
                waiting.checks.remove(&request).into_iter().for_each(|to| _ = to.send(result.clone()));
            }
            Completion::JoinEnded(result) => {
                for to in waiting.joins.drain(..) {
                    _ = to.send(result.clone());
                }
                self.last_join.send_replace(Some(result));
            }
        }
    }

    fn spawn_request(self: &Arc<Self>, request: Outgoing) {
        #[cfg(any(test, feature = "testing"))]
        if let Some(hand) = &self.hand {
            return hand.push(request);
        }
        let shared = Arc::clone(self);
        let id = request.id;
        let make = async move {
            let done = shared.stopped.run_until_cancelled(shared.client.post(request)).await;
            let outcome = done.unwrap_or(Outcome::Failed(Failure::Stopped));
            shared.with_core(|at| at.core.handle_outcome(id, outcome, at.now, at.rng));
        };
        self.runtime.spawn(self.tasks.track_future(make));
    }

    #[cfg(any(test, feature = "testing"))]
    pub(super) fn change_history_limits(&self, change: impl FnOnce(&mut crate::core::HistoryLimits)) {
        change(self.lock().history.limits_mut());
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

    /// Ends all subscriptions, and whatever somebody waits for.
    pub(super) fn close(&self) {
        let mut inner = self.lock();
        inner.events.close();
        inner.waiting = Waiting::default();
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // The methods of the core leave it valid, so a panic elsewhere within the lock does no harm.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
