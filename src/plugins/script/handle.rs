//! The handles of the scripts outside their thread.

use std::{fmt, io, sync::Arc, thread};

use tokio::sync::oneshot;

use super::{
    ScriptOptions, ScriptState, ScriptStatus,
    queue::{Control, Judge, MAX_PAYLOADS, Queue},
    statistics::{Hooks, Shared},
    worker::Worker,
};
use crate::{Fault, Host, Incoming, Judging, Kind, OnError, Plugin, Verdict, pipeline::verdict_of_failed};

/// Stack of the thread. Luau nests at most 200 calls of C, and our reader of JSON at most 512 levels.
const STACK: usize = 8 << 20;

/// The scripts of a node. The thread ends when this is dropped.
pub struct Scripts {
    queue: Arc<Queue>,
}

/// A script, as a plugin of a pipeline.
pub struct Script {
    shared: Arc<Shared>,
    queue: Arc<Queue>,
}

impl Scripts {
    /// Starts the thread of the scripts.
    pub fn start(host: Arc<dyn Host>) -> io::Result<Self> {
        let queue = Arc::new(Queue::default());
        let of_thread = Arc::clone(&queue);
        thread::Builder::new()
            .name("scripts".to_owned())
            .stack_size(STACK)
            .spawn(move || Worker::new(of_thread, host).run())?;
        Ok(Self { queue })
    }

    /// Loads a script and calls its `on_load`. A script of the same name is replaced by it as by [`Scripts::reload`], and
    /// goes on if this one does not load.
    pub async fn load(&self, options: ScriptOptions) -> Result<Arc<Script>, Fault> {
        self.ask(|reply| Control::Load(Box::new(options), reply)).await.unwrap_or_else(ended)
    }

    /// Reads the text of a script again, and replaces it: the new version gets the state that `on_unload` of the former
    /// one returned. A version that does not load changes nothing. A suspended script runs again.
    pub async fn reload(&self, name: &str) -> Result<(), Fault> {
        self.ask(|reply| Control::Reload(name.into(), reply)).await.unwrap_or_else(ended)
    }

    /// Unloads a script after its `on_unload`. It passes all payloads from then on.
    pub async fn unload(&self, name: &str) {
        self.ask(|reply| Control::Unload(name.into(), reply)).await;
    }

    /// Calls `on_command` of a script, and returns the reply for the user, which is untrusted text.
    pub async fn command(&self, name: &str, words: Vec<String>) -> Result<String, Fault> {
        self.ask(|reply| Control::Command(name.into(), words, reply)).await.unwrap_or_else(ended)
    }

    /// Whether a script wants events.
    pub fn wants_events(&self) -> bool {
        self.queue.wants_events()
    }

    /// Passes an event of the node, one JSON object, to the scripts that want events. It never waits: if the scripts are
    /// too slow, the oldest of 4,096 events is lost.
    pub fn publish(&self, event: &Arc<str>) {
        self.queue.event(event);
    }

    /// Unloads all scripts and ends the thread. Returns when all stores are written.
    pub async fn close(&self) {
        self.ask(Control::Close).await;
        self.queue.close();
    }

    /// Sends a request, and waits for the reply. `None` if the thread has ended.
    async fn ask<T>(&self, request: impl FnOnce(oneshot::Sender<T>) -> Control) -> Option<T> {
        let (reply, answer) = oneshot::channel();
        self.queue.control(request(reply));
        answer.await.ok()
    }
}

/// The thread ends only when the node stops.
fn ended<T>() -> Result<T, Fault> {
    Err(Fault { line: None, reason: "the scripts have stopped".to_owned() })
}

impl Drop for Scripts {
    fn drop(&mut self) {
        self.queue.close();
    }
}

impl fmt::Debug for Scripts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scripts").finish_non_exhaustive()
    }
}

impl Script {
    pub(super) fn new(shared: Arc<Shared>, queue: Arc<Queue>) -> Arc<Self> {
        Arc::new(Self { shared, queue })
    }

    /// Its figures.
    pub fn status(&self) -> ScriptStatus {
        self.shared.status()
    }

    /// Whether the script judges payloads of this kind.
    fn judges(&self, kind: Kind) -> bool {
        let hooks = self.shared.hooks();
        hooks.has(Hooks::PAYLOAD) || (kind == Kind::Message && hooks.has(Hooks::MESSAGE))
    }

    /// The verdict if the script cannot be asked.
    fn verdict_without_call(&self, kind: Kind) -> Option<Verdict> {
        if !self.shared.is_suspended() {
            return (!self.judges(kind)).then_some(Verdict::Pass);
        }
        Some(verdict_of_failed(self.shared.on_error()))
    }
}

impl Plugin for Script {
    fn name(&self) -> &Arc<str> {
        &self.shared.name
    }

    fn on_error(&self) -> OnError {
        self.shared.on_error()
    }

    fn judge<'a>(&'a self, payload: &'a Incoming) -> Judging<'a> {
        if let Some(verdict) = self.verdict_without_call(payload.kind) {
            return Judging::Now(Ok(verdict));
        }
        let (reply, answer) = oneshot::channel();
        let job = Judge { script: Arc::clone(&self.shared), payload: payload.clone(), reply };
        if !self.queue.judge(job) {
            let fault =
                Fault { line: None, reason: format!("{MAX_PAYLOADS} payloads wait for the scripts already") };
            let mut figures = self.shared.figures();
            figures.status.queue_full += 1;
            figures.status.faults += 1;
            return Judging::Now(Err(fault));
        }
        Judging::Later(Box::pin(async { answer.await.unwrap_or_else(|_| ended()) }))
    }
}

impl fmt::Debug for Script {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Script").field(&self.shared.name).finish()
    }
}

/// For `match` on the state in tests and interfaces.
impl ScriptState {
    /// Whether the script runs.
    pub fn is_running(&self) -> bool {
        *self == Self::Running
    }
}
