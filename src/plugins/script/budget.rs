//! The processor time of a call.

use std::{
    cell::Cell,
    time::{Duration, Instant},
};

use rustix::time::{ClockId, clock_gettime};

/// Limits the processor time of a call.
///
/// Luau asks at each step back in a loop, at each call, and within its matching of patterns. Processor time is never more
/// than elapsed time, so the system is asked for it only after a call took [`FREE`].
#[derive(Debug)]
pub(super) struct Budget {
    limit: Cell<Duration>,
    is_running: Cell<bool>,
    is_exceeded: Cell<bool>,
    started: Cell<Instant>,
    /// Processor time at the first look.
    base: Cell<Option<Duration>>,
    /// When the limit can be exceeded at the earliest.
    next_look: Cell<Instant>,
    /// The line of the script at which the limit was exceeded.
    line: Cell<Option<u32>>,
    /// Times that the engine asked.
    asked: Cell<u32>,
}

/// The time is read each time that the engine has asked this often. It works for at most 10 ms without asking, with 16 MiB of
/// memory.
const STRIDE: u32 = 2;

/// Elapsed time before the processor time of a call is counted.
const FREE: Duration = Duration::from_millis(1);

impl Budget {
    pub(super) fn new() -> Self {
        let now = Instant::now();
        Self {
            limit: Cell::new(Duration::MAX),
            is_running: Cell::new(false),
            is_exceeded: Cell::new(false),
            started: Cell::new(now),
            base: Cell::new(None),
            next_look: Cell::new(now),
            line: Cell::new(None),
            asked: Cell::new(0),
        }
    }

    /// Whether the time should be read now, because the engine has asked often enough.
    pub(super) fn is_due(&self) -> bool {
        let asked = self.asked.get().wrapping_add(1);
        self.asked.set(asked);
        asked.is_multiple_of(STRIDE) || self.is_exceeded.get()
    }

    /// Begins a call.
    pub(super) fn start(&self, limit: Duration) {
        let now = Instant::now();
        self.limit.set(limit);
        self.is_exceeded.set(false);
        self.started.set(now);
        self.base.set(None);
        self.next_look.set(now + FREE);
        self.line.set(None);
        self.is_running.set(true);
    }

    /// Ends the call. Returns the elapsed time, and whether the limit was exceeded.
    pub(super) fn stop(&self) -> (Duration, bool) {
        self.is_running.set(false);
        (self.started.get().elapsed(), self.is_exceeded.get())
    }

    /// The limit of the current call.
    pub(super) fn limit(&self) -> Duration {
        self.limit.get()
    }

    /// Whether the call has exceeded its limit.
    pub(super) fn is_exceeded(&self) -> bool {
        if !self.is_running.get() || self.is_exceeded.get() {
            return self.is_exceeded.get();
        }
        let now = Instant::now();
        now >= self.next_look.get() && self.look(now)
    }

    #[cold]
    fn look(&self, now: Instant) -> bool {
        let used = processor_time();
        let base = self.base.get().unwrap_or(used);
        self.base.set(Some(base));
        let left = self.limit.get().saturating_sub(used.saturating_sub(base));
        self.is_exceeded.set(left.is_zero());
        self.next_look.set(now + left);
        left.is_zero()
    }

    /// Where the limit was exceeded, once it is known.
    pub(super) fn line(&self) -> Option<u32> {
        self.line.get()
    }

    /// Notes where the limit was exceeded, unless it is known.
    pub(super) fn set_line(&self, line: Option<u32>) {
        if self.line.get().is_none() {
            self.line.set(line);
        }
    }
}

/// Processor time that the current thread has used.
pub(super) fn processor_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}
