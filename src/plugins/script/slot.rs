//! One script on the thread of the scripts, through its reloads.

use std::{
    collections::VecDeque,
    rc::Rc,
    sync::Arc,
    time::{Duration, Instant},
};

use super::{
    ScriptOptions, ScriptState,
    context::{Context, Kept},
    fault::fault,
    source::Stamp,
    statistics::{Hooks, Shared},
    vm::Vm,
};
use crate::{Fault, Host, Incoming, LogLevel, Report, Verdict, pipeline::verdict_of_failed};

/// Faults within [`FAULT_WINDOW`] after which a script is suspended.
const MAX_FAULTS: usize = 5;
const FAULT_WINDOW: Duration = Duration::from_secs(60);
/// Time after which a changed store is written.
const WRITE_AFTER: Duration = Duration::from_secs(1);
/// Time after which a store that could not be written is written again.
const WRITE_AGAIN_AFTER: Duration = Duration::from_secs(30);

/// One script on the thread of the scripts, through its reloads.
pub(super) struct Slot {
    pub(super) shared: Arc<Shared>,
    options: ScriptOptions,
    chunk: Arc<str>,
    context: Rc<Context>,
    host: Arc<dyn Host>,
    vm: Vm,
    stamp: Option<Stamp>,
    source: Arc<str>,
    recent_faults: VecDeque<Instant>,
    next_tick: Option<Instant>,
    next_write: Option<Instant>,
}

impl Slot {
    /// Loads a script for the first time.
    pub(super) fn load(options: ScriptOptions, host: &Arc<dyn Host>) -> Result<Self, Fault> {
        let shared = Shared::new(Arc::clone(&options.name), options.on_error);
        let chunk = options.source.chunk(&options.name);
        let kept = Kept::new(&options, &**host);
        let context = Context::new(&options, Arc::clone(host), Arc::clone(&shared), kept);
        let (stamp, source) = (options.source.stamp(), read(&options, &chunk)?);
        let vm = Vm::new(&options, &chunk, &source, Rc::clone(&context))?;
        vm.load(None)?;
        let mut slot = Self {
            shared,
            next_tick: None,
            options,
            chunk,
            context,
            host: Arc::clone(host),
            vm,
            stamp,
            source,
            recent_faults: VecDeque::new(),
            next_write: None,
        };
        slot.begin();
        slot.report(&Report::Loaded);
        Ok(slot)
    }

    /// Begins to call the version in `vm`.
    fn begin(&mut self) {
        self.shared.set_hooks(self.vm.hooks);
        let tick = self.options.tick.filter(|_| self.vm.hooks.has(Hooks::TICK));
        self.next_tick = tick.map(|tick| Instant::now() + tick.max(Duration::from_secs(1)));
        self.recent_faults.clear();
        self.shared.figures().status.memory = self.vm.memory();
        for name in self.vm.unknown_hooks() {
            let text = format!("{name} is never called: no function of this name is known");
            self.host.log(&self.shared.name, LogLevel::Warn, &text);
        }
    }

    /// Reads the file again and replaces the script by its new version.
    pub(super) fn reload(&mut self) -> Result<(), Fault> {
        self.replace(self.options.clone())
    }

    /// Replaces the script by a version with other options. If that does not load, the former version goes on.
    pub(super) fn replace(&mut self, options: ScriptOptions) -> Result<(), Fault> {
        self.stamp = options.source.stamp();
        let replaced = self.try_replace(options);
        match &replaced {
            Ok(()) => self.report(&Report::Reloaded),
            Err(fault) => {
                self.shared.figures().status.reload_fault = Some(fault.clone());
                self.report(&Report::ReloadFailed(fault.clone()));
            }
        }
        replaced
    }

    fn try_replace(&mut self, options: ScriptOptions) -> Result<(), Fault> {
        let chunk = options.source.chunk(&options.name);
        let source = read(&options, &chunk)?;
        let kept = self.context.kept.for_version(&self.options, &options, &*self.host);
        let context = Context::new(&options, Arc::clone(&self.host), Arc::clone(&self.shared), kept);
        let vm = self.load_version(&options, &chunk, &source, &context)?;
        self.shared.set_on_error(options.on_error);
        (self.options, self.chunk, self.source, self.context, self.vm) =
            (options, chunk, source, context, vm);
        self.begin();
        self.shared.set_suspended(false);
        let mut figures = self.shared.figures();
        figures.status.state = ScriptState::Running;
        figures.status.reload_fault = None;
        figures.status.reloads += 1;
        Ok(())
    }

    /// The new version, with the state of the one that runs.
    fn load_version(
        &self,
        options: &ScriptOptions,
        chunk: &Arc<str>,
        source: &str,
        context: &Rc<Context>,
    ) -> Result<Vm, Fault> {
        let vm = Vm::new(options, chunk, source, Rc::clone(context))?;
        // A version that cannot give its state, for example because it is suspended for that, is replaced without.
        let state = self.vm.unload().unwrap_or_else(|fault| {
            self.report(&Report::Failed { call: "on_unload", fault });
            None
        });
        vm.load(state.as_deref())?;
        Ok(vm)
    }

    /// Reloads the script if its file has changed.
    pub(super) fn look_at_file(&mut self) {
        let stamp = self.options.source.stamp();
        // A file that is away for a moment is being replaced by an editor.
        if stamp.is_none() || stamp == self.stamp {
            return;
        }
        self.stamp = stamp;
        if self.options.source.read().is_ok_and(|text| text == self.source) && !self.shared.is_suspended() {
            return;
        }
        let _ = self.reload();
    }

    /// Calls `on_unload` for the last time, and writes the store.
    pub(super) fn unload(&mut self) {
        if let Err(fault) = self.vm.unload() {
            self.report(&Report::Failed { call: "on_unload", fault });
        }
        self.write_store();
        self.shared.set_hooks(Hooks::default());
        self.shared.set_suspended(false);
        self.shared.figures().status.state = ScriptState::Unloaded;
        self.report(&Report::Unloaded);
    }

    pub(super) fn hooks(&self) -> Hooks {
        self.vm.hooks
    }

    /// Judges a payload.
    pub(super) fn judge(&mut self, payload: &Incoming) -> Result<Verdict, Fault> {
        if self.shared.is_suspended() {
            return Ok(verdict_of_failed(self.shared.on_error()));
        }
        let verdict = self.vm.judge(payload);
        {
            let mut figures = self.shared.figures();
            figures.add_time(self.vm.last_took.get());
            figures.status.payloads += 1;
            if let Ok(verdict) = &verdict {
                figures.status.verdicts.count(verdict);
            }
        }
        self.called(&verdict);
        verdict
    }

    /// Calls `on_event`. `lost` events were left out before it.
    pub(super) fn event(&mut self, json: &str, lost: u64) {
        if self.shared.is_suspended() || !self.vm.hooks.has(Hooks::EVENT) {
            return;
        }
        self.shared.figures().status.events_lost += lost;
        let result = self.vm.event(json);
        self.called_apart("on_event", &result);
    }

    /// Calls `on_command`, and returns the reply.
    pub(super) fn command(&mut self, words: &[String]) -> Result<String, Fault> {
        if self.shared.is_suspended() {
            return Err(fault(&self.chunk, None, "suspended until it is reloaded"));
        }
        if !self.vm.hooks.has(Hooks::COMMAND) {
            return Err(fault(&self.chunk, None, "the script has no on_command"));
        }
        let reply = self.vm.command(words);
        self.called(&reply);
        reply
    }

    /// Calls what is due: ticks, timers, and the writing of the store.
    pub(super) fn run_due(&mut self, now: Instant) {
        if !self.shared.is_suspended() {
            if self.next_tick.is_some_and(|at| at <= now) {
                let period = self.options.tick.unwrap_or_default().max(Duration::from_secs(1));
                self.next_tick = Some(now + period);
                let result = self.vm.tick(self.host.now() as f64 / 1000.0);
                self.called_apart("on_tick", &result);
            }
            // A timer that a timer starts is due at the next turn, so that two of them cannot keep the thread.
            for _ in 0..MAX_TIMERS {
                let Some(result) = self.vm.timer(now) else { break };
                self.called_apart("a timer", &result);
            }
        }
        if self.next_write().is_some_and(|at| at <= now) {
            self.write_store();
        }
    }

    /// When something is due next.
    pub(super) fn next_due(&self) -> Option<Instant> {
        let calls = [self.next_tick, self.vm.next_timer()].into_iter().flatten();
        let calls = calls.filter(|_| !self.shared.is_suspended());
        calls.chain(self.next_write()).min()
    }

    fn next_write(&self) -> Option<Instant> {
        let changed = self.context.kept.store.borrow().changed?;
        Some(self.next_write.unwrap_or(changed + WRITE_AFTER))
    }

    fn write_store(&mut self) {
        let json = {
            let store = self.context.kept.store.borrow();
            store.changed.map(|_| store.to_json())
        };
        let Some(json) = json else { return };
        match self.host.write_store(&self.shared.name, &json) {
            Ok(()) => {
                self.context.kept.store.borrow_mut().changed = None;
                self.next_write = None;
            }
            Err(reason) => {
                self.next_write = Some(Instant::now() + WRITE_AGAIN_AFTER);
                let fault = Fault { line: None, reason: format!("the store is not written: {reason}") };
                self.report(&Report::Failed { call: "store", fault });
            }
        }
    }

    /// Counts a call whose fault is reported here.
    fn called_apart(&mut self, call: &'static str, result: &Result<(), Fault>) {
        if let Err(fault) = result {
            self.report(&Report::Failed { call, fault: fault.clone() });
        }
        self.called(result);
    }

    /// Counts a call, and suspends the script if it fails too often.
    fn called<T>(&mut self, result: &Result<T, Fault>) {
        let now = self.host.now();
        let is_suspended = {
            let mut figures = self.shared.figures();
            figures.status.calls += 1;
            figures.status.memory = self.vm.memory();
            let Err(fault) = result else { return };
            figures.status.faults += 1;
            figures.status.last_fault = Some((now, fault.clone()));
            let is_suspended = too_many(&mut self.recent_faults, Instant::now());
            if is_suspended {
                figures.status.state = ScriptState::Suspended(fault.clone());
            }
            is_suspended
        };
        if let (true, Err(fault)) = (is_suspended, result) {
            self.shared.set_suspended(true);
            self.report(&Report::Suspended(fault.clone()));
        }
    }

    fn report(&self, report: &Report) {
        self.host.report(&self.shared.name, report);
    }
}

/// Maximum number of timers that run in one turn.
const MAX_TIMERS: usize = 64;

/// Adds a fault, and returns whether there are too many of late.
fn too_many(recent: &mut VecDeque<Instant>, now: Instant) -> bool {
    while recent.front().is_some_and(|at| now.saturating_duration_since(*at) >= FAULT_WINDOW) {
        recent.pop_front();
    }
    recent.push_back(now);
    recent.len() >= MAX_FAULTS
}

fn read(options: &ScriptOptions, chunk: &str) -> Result<Arc<str>, Fault> {
    options.source.read().map_err(|reason| fault(chunk, None, &reason))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_faults_within_a_minute_are_too_many() {
        let start = Instant::now();
        let mut recent = VecDeque::new();
        let mut at = |seconds| too_many(&mut recent, start + Duration::from_secs(seconds));
        assert_eq!([0, 15, 30, 45, 60, 75].map(&mut at), [false; 6]);
        assert_eq!([76, 77].map(at), [true, true]);
    }
}
