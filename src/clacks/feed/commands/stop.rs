//! Stopping the node, and handing on before that what only it has.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use clacks_feed::{
    Call, Doing, Network, Outcome, Refusal, Run,
    args::{Argument, Arguments},
    description::{Need, Takes},
};
use clacks_p2p::{
    Node,
    core::{Core, PeerCounts},
    node::DrainError,
};
use tokio::sync::oneshot;

use super::{Action, Command, means, messages::messages};
use crate::{ClacksNetwork, figures::StopProgress};

/// Maximum time of handing on, unless the call says another.
const TIME_LIMIT: Duration = Duration::from_secs(30);

pub(super) const COMMANDS: &[Command] = &[
    Command::new(
        "stop",
        "stop the node, if necessary after handing on the messages that only it has, for 30 s or TIME",
        |_, _, arguments| means(Stop::new(arguments)),
    )
    .described(|spec| {
        spec.arg("HOW", &[Takes::Word(WORDS.map(Into::into).to_vec())], Need::Optional)
            .arg("TIME", &[Takes::Time], Need::Optional)
            .verbs("stop", "stopped")
    }),
    Command::new("cancel", "stop handing on messages; the node goes on", |_, _, _| means(Cancelling))
        .described(|spec| spec.verbs("cancel", "cancelled")),
];

/// The words of the argument, in the order of [`Stop`].
const WORDS: [&str; 3] = ["hand-on", "release-and-hand-on", "at-once"];

/// How the node is stopped.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Stop {
    /// Only if no message would be lost.
    IfNothingIsLost,
    /// Other nodes get the messages first.
    HandOn { with_held: bool, within: Duration },
    /// What only this node has is lost.
    AtOnce,
}

/// The request to end a handing on. Its sender gets the words about it.
type Cancel = oneshot::Sender<String>;

/// Whether messages are being handed on, and what ends that.
#[derive(Debug, Default)]
pub(crate) struct HandingOn(Mutex<Progress>);

#[derive(Debug, Default)]
enum Progress {
    #[default]
    Idle,
    GoesOn(oneshot::Sender<Cancel>, Begun),
    Cancelled,
}

/// How a handing on began.
#[derive(Debug, Clone, Copy)]
struct Begun {
    before: UnsentCounts,
    with_held: bool,
    /// Uptime at which it ends.
    ends: Duration,
}

/// Messages that are lost when the node stops.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnsentCounts {
    /// Queued messages and those that are being sent.
    pub waiting: usize,
    /// Held messages.
    pub held: usize,
    /// Whether a peer is known that is not ignored.
    pub is_anybody_there: bool,
}

impl Stop {
    fn new(arguments: &Arguments) -> Self {
        let within = arguments.values.iter().find_map(|argument| match argument {
            Argument::Time(time) => Some(*time),
            _ => None,
        });
        let hand_on = |with_held| Self::HandOn { with_held, within: within.unwrap_or(TIME_LIMIT) };
        match arguments.values.first() {
            Some(Argument::Word(word)) if word == WORDS[0] => hand_on(false),
            Some(Argument::Word(word)) if word == WORDS[1] => hand_on(true),
            Some(Argument::Word(_)) => Self::AtOnce,
            _ => Self::IfNothingIsLost,
        }
    }
}

impl Action for Stop {
    fn objection(&self, network: &ClacksNetwork) -> Option<String> {
        let unsent = network.node().read(UnsentCounts::of);
        match self {
            Self::AtOnce => None,
            _ if network.handing_on().is_going_on() => Some(GOES_ON.to_owned()),
            Self::HandOn { .. } if unsent.is_anybody_there => None,
            _ => unsent.reason(),
        }
    }

    fn refusal(&self, network: &ClacksNetwork, objection: String) -> Refusal {
        refusal(network, objection)
    }

    fn begin(self: Box<Self>, network: Arc<ClacksNetwork>) -> Doing {
        stop(network, *self)
    }
}

/// Ends the handing on.
struct Cancelling;

impl Action for Cancelling {
    fn objection(&self, network: &ClacksNetwork) -> Option<String> {
        (!network.handing_on().is_going_on()).then(|| NOTHING_TO_CANCEL.to_owned())
    }

    fn begin(self: Box<Self>, network: Arc<ClacksNetwork>) -> Doing {
        cancel(&network)
    }
}

impl HandingOn {
    /// Begins it. `None`: another one has not ended.
    fn begin(&self, begun: Begun) -> Option<oneshot::Receiver<Cancel>> {
        let mut progress = self.lock();
        if !matches!(*progress, Progress::Idle) {
            return None;
        }
        let (sender, receiver) = oneshot::channel();
        *progress = Progress::GoesOn(sender, begun);
        Some(receiver)
    }

    fn cancel(&self, cancel: Cancel) {
        let mut progress = self.lock();
        match std::mem::take(&mut *progress) {
            Progress::Idle => {}
            Progress::Cancelled => *progress = Progress::Cancelled,
            Progress::GoesOn(sender, _) => {
                *progress = Progress::Cancelled;
                // It fails if the handing on has ended meanwhile. Then `cancel` is dropped.
                _ = sender.send(cancel);
            }
        }
    }

    fn end(&self) {
        *self.lock() = Progress::Idle;
    }

    /// How far it has come, given the present messages. `None`: it does not go on.
    pub(crate) fn progress(&self, now: UnsentCounts) -> Option<StopProgress> {
        match &*self.lock() {
            Progress::GoesOn(_, begun) => Some(begun.progress(now)),
            Progress::Idle | Progress::Cancelled => None,
        }
    }

    fn is_going_on(&self) -> bool {
        !matches!(*self.lock(), Progress::Idle)
    }

    fn lock(&self) -> MutexGuard<'_, Progress> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Begun {
    /// The number of messages to hand on.
    fn total(self) -> usize {
        self.before.to_hand_on(self.with_held)
    }

    fn progress(self, now: UnsentCounts) -> StopProgress {
        let total = self.total();
        let left = self.before.left_of(now, self.with_held);
        StopProgress { total, done: total.saturating_sub(left), ends: self.ends }
    }
}

impl UnsentCounts {
    /// Counts the messages at a node.
    pub fn at(node: &Node) -> Self {
        node.read(Self::of)
    }

    pub(crate) fn of(core: &Core) -> Self {
        let PeerCounts { new, alive, lost, dead, .. } = core.peer_counts();
        Self {
            waiting: core.queue_len() + core.in_flight(),
            held: core.held_len(),
            is_anybody_there: new + alive + lost + dead > 0,
        }
    }

    /// Number of waiting and held messages.
    pub fn all(self) -> usize {
        self.waiting + self.held
    }

    /// Number of messages to hand on, with or without the held ones.
    pub fn to_hand_on(self, with_held: bool) -> usize {
        if with_held { self.all() } else { self.waiting }
    }

    /// Number of messages to hand on that are still here, if `now` are at the node. A message that is held because every
    /// peer refused it was not handed on.
    pub fn left_of(self, now: Self, with_held: bool) -> usize {
        now.all().saturating_sub(self.all() - self.to_hand_on(with_held))
    }

    /// Whether handing on makes sense: messages wait, and a peer is known.
    pub fn can_hand_on(self) -> bool {
        self.waiting > 0 && self.is_anybody_there
    }

    /// Why the node does not stop without being told what becomes of them. `None`: there are none.
    fn reason(self) -> Option<String> {
        let what = match (self.all(), self.held) {
            (0, _) => return None,
            (all, 0) => messages(all),
            (all, held) if all == held => format!("{held} held {}", plural(held)),
            (all, held) => format!("{}, {held} of them held,", messages(all)),
        };
        let only = if self.all() == 1 { "is only here" } else { "are only here" };
        let nobody = if self.is_anybody_there { "" } else { "; no other node is known" };
        Some(format!("{what} {only}{nobody}"))
    }
}

fn plural(count: usize) -> &'static str {
    if count == 1 { "message" } else { "messages" }
}

const NOTHING_TO_CANCEL: &str = "no messages are being handed on";
const GOES_ON: &str = "messages are being handed on already";

/// A refusal to stop, with what can be done instead.
fn refusal(network: &ClacksNetwork, reason: String) -> Refusal {
    let unsent = network.node().read(UnsentCounts::of);
    let run = network.run();
    if !network.handing_on().is_going_on() {
        return unsent.offers(Refusal::new(reason), run);
    }
    let refusal = Refusal::new(reason).offering("do not stop", Call::new(run, "cancel".into(), ""));
    refusal.offering("at once", Call::new(run, "stop".into(), WORDS[2]))
}

impl UnsentCounts {
    /// Adds what can become of these messages.
    fn offers(self, mut refusal: Refusal, run: Run) -> Refusal {
        let stop = |how: &str| Call::new(run, "stop".into(), how);
        if self.is_anybody_there {
            if self.waiting > 0 {
                refusal = refusal.offering("hand on", stop(WORDS[0]));
            }
            if self.held > 0 {
                refusal = refusal.offering("release and hand on", stop(WORDS[1]));
            }
        }
        let drop = if self.all() == 1 { "drop it" } else { "drop them" };
        refusal.offering(drop, stop(WORDS[2]))
    }

    /// The refusal to stop a node of this run with these messages. `None`: there are none.
    pub fn refusal(self, run: Run) -> Option<Refusal> {
        self.reason().map(|reason| self.offers(Refusal::new(reason), run))
    }
}

/// Stops the node.
fn stop(network: Arc<ClacksNetwork>, stop: Stop) -> Doing {
    let runtime = network.runtime().clone();
    // It goes on even if nobody waits for the result.
    let stopping = runtime.spawn(async move {
        match stop {
            Stop::IfNothingIsLost | Stop::AtOnce => Ok(end(network.node()).await),
            Stop::HandOn { with_held, within } => hand_on(&network, with_held, within).await,
        }
    });
    Box::pin(async { stopping.await.unwrap_or_else(|_| Err(Refusal::new("the program ends"))) })
}

async fn end(node: &Node) -> Outcome {
    let lost = node.stop().await;
    Outcome::new(match lost.messages.len() + lost.held.len() {
        0 => "the node has stopped".to_owned(),
        1 => "the node has stopped; 1 message is lost".to_owned(),
        count => format!("the node has stopped; {count} messages are lost"),
    })
}

async fn hand_on(network: &ClacksNetwork, with_held: bool, within: Duration) -> Result<Outcome, Refusal> {
    let node = network.node();
    let begun =
        Begun { before: UnsentCounts::at(node), with_held, ends: node.now().uptime.saturating_add(within) };
    let Some(cancelled) = network.handing_on().begin(begun) else {
        return Err(refusal(network, GOES_ON.to_owned()));
    };
    let drain =
        async { if with_held { node.drain_with_held(within).await } else { node.drain(within).await } };
    let result = tokio::select! {
        result = drain => Ok(result),
        Ok(cancel) = cancelled => Err(cancel),
    };
    network.handing_on().end();
    let now = UnsentCounts::at(node);
    let can_end = match result {
        Ok(Ok(())) => now.all() == 0,
        Ok(Err(error)) => error == DrainError::Stopped,
        Err(_) => false,
    };
    if can_end {
        return Ok(end(node).await);
    }
    // A drain that sent everything still refuses messages, although held ones are here.
    node.resume();
    let StopProgress { total, done, .. } = begun.progress(now);
    let text = match &result {
        Ok(result) => told(*result, total, total - done),
        Err(_) => format!("handed on {done} of {total}; what is left is as before"),
    };
    match result {
        Ok(_) => {
            let reason = now.reason().map_or_else(String::new, |reason| format!("; {reason}"));
            Err(refusal(network, format!("{text}{reason}")))
        }
        Err(cancel) => {
            // Whoever cancelled it may have gone.
            _ = cancel.send(text.clone());
            Err(Refusal::new(text))
        }
    }
}

/// How a handing on ended, in one line. `left` of `total` messages were not delivered.
pub fn told(result: Result<(), DrainError>, total: usize, left: usize) -> String {
    let gone = total.saturating_sub(left);
    let why = match result {
        Ok(()) if left == 0 => return format!("handed on {}", messages(total)),
        Ok(()) => "; the rest is held",
        Err(DrainError::NobodyThere) => ": no peer takes them",
        Err(DrainError::OutOfTime) => ": the time was over",
        Err(_) => ": the node has stopped",
    };
    format!("handed on {gone} of {total}{why}")
}

/// Ends the handing on. The node accepts messages again when this is answered.
fn cancel(network: &ClacksNetwork) -> Doing {
    let (sender, receiver) = oneshot::channel();
    network.handing_on().cancel(sender);
    Box::pin(async { receiver.await.map(Outcome::new).map_err(|_| Refusal::new(NOTHING_TO_CANCEL)) })
}
