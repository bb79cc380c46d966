//! What is known about a script outside its thread.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU8, Ordering},
    },
    time::Duration,
};

use crate::{Fault, OnError, Verdicts, figures::Histogram};

/// The figures of a script since it was loaded first. A reload does not reset them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ScriptStatus {
    /// Whether it runs.
    pub state: ScriptState,
    /// Payloads that it judged, or failed to judge.
    pub payloads: u64,
    /// All calls: payloads, events, ticks, timers, commands, loading and unloading.
    pub calls: u64,
    /// Its verdicts by kind.
    pub verdicts: Verdicts,
    /// Calls that failed, and payloads that found the queue full.
    pub faults: u64,
    /// Payloads that found the queue of the scripts full.
    pub queue_full: u64,
    /// Events that were left out because the scripts were too slow for them.
    pub events_lost: u64,
    /// Median of the time that a payload takes in the script, with an error of at most a fifth.
    pub median: Duration,
    /// The time that 99 in 100 payloads do not exceed, with an error of at most a fifth.
    pub p99: Duration,
    /// Memory of its VM after the last call, in bytes.
    pub memory: usize,
    /// Number of times it was reloaded.
    pub reloads: u64,
    /// The last fault, and when it was in milliseconds since the Unix epoch.
    pub last_fault: Option<(u64, Fault)>,
    /// Why the last version was not loaded, if the former one still runs.
    pub reload_fault: Option<Fault>,
    /// What the script counts itself, by name: at most 32.
    pub counts: BTreeMap<String, i64>,
}

/// Whether a script runs.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum ScriptState {
    /// It runs.
    #[default]
    Running,
    /// It failed too often. It is not called until it is reloaded.
    Suspended(Fault),
    /// It was unloaded.
    Unloaded,
}

/// Which functions a script has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Hooks(pub(super) u8);

/// The names of the functions, in the order of the bits of [`Hooks`].
pub(super) const HOOKS: [&str; 7] =
    ["on_payload", "on_message", "on_event", "on_tick", "on_command", "on_load", "on_unload"];

impl Hooks {
    pub(super) const PAYLOAD: Self = Self(1);
    pub(super) const MESSAGE: Self = Self(2);
    pub(super) const EVENT: Self = Self(4);
    pub(super) const TICK: Self = Self(8);
    pub(super) const COMMAND: Self = Self(16);
    pub(super) const LOAD: Self = Self(32);
    pub(super) const UNLOAD: Self = Self(64);

    pub(super) fn has(self, hook: Self) -> bool {
        self.0 & hook.0 != 0
    }
}

/// What the thread of the scripts and the handles of a script share.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) name: Arc<str>,
    is_gate: AtomicBool,
    is_suspended: AtomicBool,
    hooks: AtomicU8,
    figures: Mutex<Figures>,
}

/// The figures, and the times of payloads.
#[derive(Debug, Default)]
pub(super) struct Figures {
    pub(super) status: ScriptStatus,
    times: Histogram,
}

impl Shared {
    pub(super) fn new(name: Arc<str>, on_error: OnError) -> Arc<Self> {
        Arc::new(Self {
            name,
            is_gate: AtomicBool::new(on_error == OnError::Refuse),
            is_suspended: AtomicBool::new(false),
            hooks: AtomicU8::new(0),
            figures: Mutex::default(),
        })
    }

    pub(super) fn on_error(&self) -> OnError {
        if self.is_gate.load(Ordering::Relaxed) { OnError::Refuse } else { OnError::Pass }
    }

    pub(super) fn set_on_error(&self, on_error: OnError) {
        self.is_gate.store(on_error == OnError::Refuse, Ordering::Relaxed);
    }

    pub(super) fn is_suspended(&self) -> bool {
        self.is_suspended.load(Ordering::Relaxed)
    }

    pub(super) fn set_suspended(&self, is_suspended: bool) {
        self.is_suspended.store(is_suspended, Ordering::Relaxed);
    }

    pub(super) fn hooks(&self) -> Hooks {
        Hooks(self.hooks.load(Ordering::Relaxed))
    }

    pub(super) fn set_hooks(&self, hooks: Hooks) {
        self.hooks.store(hooks.0, Ordering::Relaxed);
    }

    pub(super) fn figures(&self) -> MutexGuard<'_, Figures> {
        self.figures.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn status(&self) -> ScriptStatus {
        let figures = self.figures();
        ScriptStatus {
            median: figures.times.quantile(0.5),
            p99: figures.times.quantile(0.99),
            ..figures.status.clone()
        }
    }
}

impl Figures {
    pub(super) fn add_time(&mut self, time: Duration) {
        self.times.add(time);
    }
}
