//! The thread of the scripts.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::sync::oneshot;

use super::{
    ScriptOptions,
    handle::Script,
    queue::{Control, Job, Judge, Queue},
    slot::Slot,
    statistics::Hooks,
};
use crate::{Fault, Host, Verdict};

/// Time between two looks at the files.
const BETWEEN_LOOKS: Duration = Duration::from_secs(1);

/// The thread of the scripts.
pub(super) struct Worker {
    queue: Arc<Queue>,
    host: Arc<dyn Host>,
    slots: Vec<Slot>,
    next_look: Instant,
    /// Verdicts that are not sent yet, and when the first of them was made.
    verdicts: Vec<(Reply, Result<Verdict, Fault>)>,
    verdicts_since: Instant,
}

type Reply = oneshot::Sender<Result<Verdict, Fault>>;

/// Verdicts that are sent together at most. Each wakes a task, and waking several at once costs little more than one.
const MAX_TOGETHER: usize = 16;
/// How long a verdict waits for others at most, beside the call that is being made.
const MAX_WAIT: Duration = Duration::from_micros(100);

impl Worker {
    pub(super) fn new(queue: Arc<Queue>, host: Arc<dyn Host>) -> Self {
        let now = Instant::now();
        Self {
            queue,
            host,
            slots: Vec::new(),
            next_look: now + BETWEEN_LOOKS,
            verdicts: Vec::new(),
            verdicts_since: now,
        }
    }

    /// Works until the queue is closed. A panic of a job ends that job only: the panic hook has reported it.
    pub(super) fn run(mut self) {
        loop {
            match self.next() {
                Job::Closed => break,
                job => {
                    let _ = catch_unwind(AssertUnwindSafe(|| self.job(job)));
                }
            }
            let _ = catch_unwind(AssertUnwindSafe(|| self.run_due()));
        }
        let _ = catch_unwind(AssertUnwindSafe(|| self.unload_all()));
    }

    /// The next job. Verdicts are sent before the thread waits, and before anything but a payload.
    fn next(&mut self) -> Job {
        let job = self.queue.try_next();
        let is_enough = self.verdicts.len() >= MAX_TOGETHER
            || (!self.verdicts.is_empty() && self.verdicts_since.elapsed() >= MAX_WAIT);
        if is_enough || !matches!(job, Some(Job::Judge(_))) {
            self.send_verdicts();
        }
        job.unwrap_or_else(|| self.queue.next(self.next_due()))
    }

    fn send_verdicts(&mut self) {
        for (reply, verdict) in self.verdicts.drain(..) {
            let _ = reply.send(verdict);
        }
    }

    fn job(&mut self, job: Job) {
        match job {
            Job::Judge(job) => self.judge(job),
            Job::Event(json, lost) => self.slots.iter_mut().for_each(|slot| slot.event(&json, lost)),
            Job::Control(control) => self.control(control),
            Job::Nothing | Job::Closed => {}
        }
    }

    fn judge(&mut self, Judge { script, payload, reply }: Judge) {
        // Nobody waits for the verdict if the connection has closed.
        if reply.is_closed() {
            return;
        }
        let began = Instant::now();
        let slot = self.slots.iter_mut().find(|slot| Arc::ptr_eq(&slot.shared, &script));
        let verdict = match slot {
            Some(slot) => slot.judge(&payload),
            // It was unloaded while the payload waited.
            None => Ok(Verdict::Pass),
        };
        let made = Instant::now();
        if self.verdicts.is_empty() {
            self.verdicts_since = made;
        }
        self.verdicts.push((reply, verdict));
        // The next call will probably take as long.
        if made.saturating_duration_since(began) >= MAX_WAIT {
            self.send_verdicts();
        }
    }

    fn control(&mut self, control: Control) {
        match control {
            Control::Load(options, reply) => {
                let _ = reply.send(self.load(*options));
            }
            Control::Reload(name, reply) => {
                let _ = reply.send(self.with(&name, Slot::reload));
            }
            Control::Command(name, words, reply) => {
                let _ = reply.send(self.with(&name, |slot| slot.command(&words)));
            }
            Control::Unload(name, reply) => {
                if let Some(index) = self.slots.iter().position(|slot| slot.shared.name == name) {
                    self.slots.remove(index).unload();
                }
                let _ = reply.send(());
            }
            Control::Close(reply) => {
                self.unload_all();
                let _ = reply.send(());
            }
        }
        let wants_events = self.slots.iter().any(|slot| slot.hooks().has(Hooks::EVENT));
        self.queue.set_wants_events(wants_events);
    }

    fn load(&mut self, options: ScriptOptions) -> Result<Arc<Script>, Fault> {
        let running = self.slots.iter_mut().find(|slot| slot.shared.name == options.name);
        let shared = if let Some(slot) = running {
            slot.replace(options)?;
            Arc::clone(&slot.shared)
        } else {
            let slot = Slot::load(options, &self.host)?;
            let shared = Arc::clone(&slot.shared);
            self.slots.push(slot);
            shared
        };
        Ok(Script::new(shared, Arc::clone(&self.queue)))
    }

    fn with<T>(&mut self, name: &str, call: impl FnOnce(&mut Slot) -> Result<T, Fault>) -> Result<T, Fault> {
        match self.slots.iter_mut().find(|slot| *slot.shared.name == *name) {
            Some(slot) => call(slot),
            None => Err(Fault { line: None, reason: format!("no script is called {name}") }),
        }
    }

    fn unload_all(&mut self) {
        self.slots.drain(..).for_each(|mut slot| slot.unload());
    }

    /// When something is due next. `None` without a script.
    fn next_due(&self) -> Option<Instant> {
        let due = self.slots.iter().filter_map(Slot::next_due).min();
        let look = (!self.slots.is_empty()).then_some(self.next_look);
        due.into_iter().chain(look).min()
    }

    fn run_due(&mut self) {
        let now = Instant::now();
        if self.next_due().is_none_or(|due| due > now) {
            return;
        }
        if self.next_look <= now {
            self.next_look = now + BETWEEN_LOOKS;
            self.slots.iter_mut().for_each(Slot::look_at_file);
            let wants_events = self.slots.iter().any(|slot| slot.hooks().has(Hooks::EVENT));
            self.queue.set_wants_events(wants_events);
        }
        self.slots.iter_mut().for_each(|slot| slot.run_due(now));
    }
}
