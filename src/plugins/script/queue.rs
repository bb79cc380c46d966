//! The jobs of the thread of the scripts.

use std::{
    collections::VecDeque,
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Instant,
};

use tokio::sync::oneshot;

use super::{ScriptOptions, handle::Script, statistics::Shared};
use crate::{Fault, Incoming, Verdict};

/// Maximum number of payloads that wait.
pub(super) const MAX_PAYLOADS: usize = 256;
/// Maximum number of events that wait.
const MAX_EVENTS: usize = 4096;
/// Payloads after which an event that waits has its turn.
const PAYLOADS_IN_A_ROW: u32 = 16;

/// A payload that waits for its verdict.
pub(super) struct Judge {
    pub(super) script: Arc<Shared>,
    pub(super) payload: Incoming,
    pub(super) reply: oneshot::Sender<Result<Verdict, Fault>>,
}

/// What the program asks of the thread.
pub(super) enum Control {
    Load(Box<ScriptOptions>, oneshot::Sender<Result<Arc<Script>, Fault>>),
    Reload(Arc<str>, oneshot::Sender<Result<(), Fault>>),
    Unload(Arc<str>, oneshot::Sender<()>),
    Command(Arc<str>, Vec<String>, oneshot::Sender<Result<String, Fault>>),
    Close(oneshot::Sender<()>),
}

/// The next job.
pub(super) enum Job {
    Control(Control),
    Judge(Judge),
    /// An event, and the number of events that were lost before it.
    Event(Arc<str>, u64),
    /// Nothing until the given time.
    Nothing,
    /// All handles are gone.
    Closed,
}

/// The jobs. Requests of the program come first, then payloads, then events; events have a turn after some payloads.
#[derive(Default)]
pub(super) struct Queue {
    lanes: Mutex<Lanes>,
    changed: Condvar,
    /// Whether a script wants events.
    wants_events: AtomicBool,
}

#[derive(Default)]
struct Lanes {
    control: VecDeque<Control>,
    payloads: VecDeque<Judge>,
    events: VecDeque<Arc<str>>,
    lost: u64,
    in_a_row: u32,
    is_waiting: bool,
    is_closed: bool,
}

impl Queue {
    fn lanes(&self) -> MutexGuard<'_, Lanes> {
        self.lanes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Wakes the thread if it waits. Waking costs a system call.
    fn wake(&self, lanes: MutexGuard<'_, Lanes>) {
        let is_waiting = lanes.is_waiting;
        drop(lanes);
        if is_waiting {
            self.changed.notify_one();
        }
    }

    /// Appends a payload. Returns whether there was room. If the thread has ended, the payload is dropped, so that
    /// whoever waits for the verdict is told.
    pub(super) fn judge(&self, job: Judge) -> bool {
        let mut lanes = self.lanes();
        if lanes.is_closed {
            return true;
        }
        if lanes.payloads.len() >= MAX_PAYLOADS {
            return false;
        }
        lanes.payloads.push_back(job);
        self.wake(lanes);
        true
    }

    /// Appends a request. It is dropped if the thread has ended.
    pub(super) fn control(&self, control: Control) {
        let mut lanes = self.lanes();
        if !lanes.is_closed {
            lanes.control.push_back(control);
            self.wake(lanes);
        }
    }

    /// Appends an event if a script wants events. If there is no room the oldest event is lost.
    pub(super) fn event(&self, json: &Arc<str>) {
        if !self.wants_events() {
            return;
        }
        let mut lanes = self.lanes();
        if lanes.events.len() >= MAX_EVENTS {
            lanes.events.pop_front();
            lanes.lost += 1;
        }
        lanes.events.push_back(Arc::clone(json));
        self.wake(lanes);
    }

    /// Whether a script wants events.
    pub(super) fn wants_events(&self) -> bool {
        self.wants_events.load(Ordering::Relaxed)
    }

    pub(super) fn set_wants_events(&self, wants: bool) {
        self.wants_events.store(wants, Ordering::Relaxed);
        if !wants {
            self.lanes().events.clear();
        }
    }

    /// Ends the thread after its current job. Jobs that wait are dropped, so those who wait for them are told.
    pub(super) fn close(&self) {
        let mut lanes = self.lanes();
        lanes.is_closed = true;
        lanes.payloads.clear();
        lanes.control.clear();
        self.wake(lanes);
    }

    /// The next job, if there is one.
    pub(super) fn try_next(&self) -> Option<Job> {
        let mut lanes = self.lanes();
        if lanes.is_closed { Some(Job::Closed) } else { lanes.next() }
    }

    /// Waits for the next job, at most until a time.
    pub(super) fn next(&self, until: Option<Instant>) -> Job {
        let mut lanes = self.lanes();
        loop {
            if lanes.is_closed {
                return Job::Closed;
            }
            if let Some(job) = lanes.next() {
                return job;
            }
            let now = Instant::now();
            if until.is_some_and(|until| until <= now) {
                return Job::Nothing;
            }
            lanes.is_waiting = true;
            lanes = match until {
                Some(until) => {
                    let waited = self.changed.wait_timeout(lanes, until - now);
                    waited.unwrap_or_else(PoisonError::into_inner).0
                }
                None => self.changed.wait(lanes).unwrap_or_else(PoisonError::into_inner),
            };
            lanes.is_waiting = false;
        }
    }
}

impl Lanes {
    fn next(&mut self) -> Option<Job> {
        if let Some(control) = self.control.pop_front() {
            return Some(Job::Control(control));
        }
        let is_turn_of_event = self.in_a_row >= PAYLOADS_IN_A_ROW && !self.events.is_empty();
        if !is_turn_of_event && let Some(job) = self.payloads.pop_front() {
            self.in_a_row += 1;
            return Some(Job::Judge(job));
        }
        self.in_a_row = 0;
        let event = self.events.pop_front()?;
        Some(Job::Event(event, std::mem::take(&mut self.lost)))
    }
}
