//! A node that is driven by hand, for tests of what shows a node: it has no clock, and its requests go nowhere.

use std::{
    collections::VecDeque,
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use rand::rngs::StdRng;

use crate::{
    core::{
        Core, HistoryLimits, Incoming, Now, Outcome, Outgoing, Refusal, RequestId, Response, SignatureCheck,
    },
    protocol::{Answer, Id, Path, Request},
};

use super::{Builder, Node, StartError};

/// 2026-01-01, when the clock of such a node begins, in milliseconds since the Unix epoch.
const START: u64 = 1_767_225_600_000;

/// A node that is driven by hand. Nothing happens at it between two calls.
#[derive(Debug)]
pub struct ManualNode {
    node: Node,
    hand: Arc<Hand>,
}

/// What is there instead of a clock and a client.
#[derive(Debug, Default)]
pub(super) struct Hand(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    uptime: Duration,
    requests: VecDeque<Outgoing>,
}

impl Hand {
    pub(super) fn now(&self) -> Now {
        let uptime = self.lock().uptime;
        Now { uptime, unix_ms: START + uptime.as_millis() as u64 }
    }

    pub(super) fn push(&self, request: Outgoing) {
        self.lock().requests.push_back(request);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Builder {
    /// A node that is driven by hand. It must be called within a tokio runtime.
    pub async fn manual(mut self) -> Result<ManualNode, StartError> {
        let hand = Arc::new(Hand::default());
        self.hand = Some(Arc::clone(&hand));
        let node = self.prepare().await?;
        Ok(ManualNode { node, hand })
    }
}

impl ManualNode {
    /// Its handle.
    pub fn node(&self) -> &Node {
        &self.node
    }

    /// Moves the clock, then lets the timers fire whose time has come.
    pub fn pass(&self, time: Duration) {
        self.hand.lock().uptime += time;
        self.with_core(|core, now, rng| core.handle_timeout(now, rng));
    }

    /// Moves the clock. No timer fires.
    pub fn move_clock(&self, time: Duration) {
        self.hand.lock().uptime += time;
    }

    /// Passes an input to the core, then processes its outputs.
    pub fn with_core<T>(&self, input: impl FnOnce(&mut Core, Now, &mut StdRng) -> T) -> T {
        self.node.shared.with_core(|at| input(at.core, at.now, at.rng))
    }

    /// Sets the bounds of the history. What is too much now is forgotten at the next event.
    pub fn set_history_limits(&self, change: impl FnOnce(&mut HistoryLimits)) {
        self.node.shared.change_history_limits(change);
    }

    /// The oldest request that the node has made and that was not returned before.
    pub fn pop_request(&self) -> Option<Outgoing> {
        self.hand.lock().requests.pop_front()
    }

    /// A request has this outcome.
    pub fn handle_outcome(&self, id: RequestId, outcome: Outcome) {
        self.with_core(|core, now, rng| core.handle_outcome(id, outcome, now, rng));
    }

    /// A request of another node arrives. A message is answered as the options say. `None`: a join that waits for the
    /// check of the newcomer.
    pub fn receive(&self, remote: IpAddr, sender: Option<&Id>, path: Path, body: &[u8]) -> Option<Answer> {
        self.with_core(|core, now, rng| {
            let incoming = Incoming {
                path,
                sender: sender.cloned(),
                remote,
                signature: SignatureCheck::Unchecked,
                request: Request::decode(path, body, &core.options().bodies),
            };
            match core.receive(incoming, now, rng) {
                Response::Answer(answer) => Some(answer),
                Response::Handle(call) => {
                    let reply = core.options().reply.to(&call.message);
                    Some(core.reply(call, Ok(reply)))
                }
                Response::Wait(_) => None,
            }
        })
    }

    /// A request of another node is refused before its body is read.
    pub fn refuse(&self, refusal: Refusal, remote: IpAddr, reason: &str) -> Answer {
        self.with_core(|core, _, _| core.refuse(refusal, remote, None, reason))
    }
}
