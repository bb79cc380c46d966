//! The bounded queue between a node and the thread that writes.
#![allow(clippy::disallowed_methods, reason = "a thread waits here for real time")]

use std::{
    collections::VecDeque,
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use crate::Sighting;

/// Maximum number of sightings that wait to be written. Above it sightings are counted as not archived.
pub const MAX_WAITING: usize = 100_000;
/// Maximum bytes of their messages and hostnames together.
pub const MAX_WAITING_BYTES: usize = 64 << 20;
/// Maximum number of sightings in a batch.
pub const MAX_BATCH: usize = 1_000;
/// How long a batch waits for more sightings.
const LINGER: Duration = Duration::from_millis(250);

/// Sightings that wait to be written. Nobody who offers one waits.
#[derive(Default)]
pub(crate) struct Queue {
    waiting: Mutex<Waiting>,
    changed: Condvar,
}

#[derive(Default)]
struct Waiting {
    rows: VecDeque<Sighting>,
    bytes: usize,
    /// Sightings to count instead of storing them.
    not_stored: u64,
    /// Sightings that were not accepted.
    refused: u64,
    is_closed: bool,
    /// Whether nobody takes anything any more.
    has_ended: bool,
}

/// What [`Queue::take`] returns.
pub(crate) enum Taken {
    /// The next sightings, and a number of sightings to count.
    Batch(Vec<Sighting>, u64),
    /// There was none for the whole time.
    Idle,
    /// There is none and there will be none.
    Closed,
}

impl Queue {
    /// Adds a sighting, or counts that there is no space for it.
    pub(crate) fn push(&self, sighting: Sighting) {
        let mut waiting = self.lock();
        let bytes = waiting.bytes + size(&sighting);
        let is_full = waiting.rows.len() >= MAX_WAITING || bytes > MAX_WAITING_BYTES;
        if is_full || waiting.is_closed || waiting.has_ended {
            waiting.refused += 1;
            return;
        }
        waiting.bytes = bytes;
        waiting.rows.push_back(sighting);
        // The other sightings of a batch wake nobody up.
        if waiting.rows.len() == 1 || waiting.rows.len() == MAX_BATCH {
            self.changed.notify_all();
        }
    }

    /// Counts a sighting that is not to be stored.
    pub(crate) fn count_only(&self) {
        let mut waiting = self.lock();
        if waiting.is_closed || waiting.has_ended {
            waiting.refused += 1;
            return;
        }
        waiting.not_stored += 1;
        if waiting.not_stored == 1 {
            self.changed.notify_all();
        }
    }

    /// The next batch: as soon as it is full, or 250 ms after its first sighting. It waits at most `idle` for that one.
    pub(crate) fn take(&self, idle: Duration) -> Taken {
        let is_idle = |waiting: &mut Waiting| waiting.is_empty() && !waiting.is_closed;
        let (waiting, _) = self
            .changed
            .wait_timeout_while(self.lock(), idle, is_idle)
            .unwrap_or_else(PoisonError::into_inner);
        if waiting.is_empty() {
            return if waiting.is_closed { Taken::Closed } else { Taken::Idle };
        }
        let is_short = |waiting: &mut Waiting| waiting.rows.len() < MAX_BATCH && !waiting.is_closed;
        let (mut waiting, _) = self
            .changed
            .wait_timeout_while(waiting, LINGER, is_short)
            .unwrap_or_else(PoisonError::into_inner);
        let most = waiting.rows.len().min(MAX_BATCH);
        let batch: Vec<_> = waiting.rows.drain(..most).collect();
        waiting.bytes -= batch.iter().map(size).sum::<usize>();
        Taken::Batch(batch, std::mem::take(&mut waiting.not_stored))
    }

    /// Waits for this time, or until the queue is closed. Returns whether it is closed.
    pub(crate) fn pause(&self, time: Duration) -> bool {
        let is_open = |waiting: &mut Waiting| !waiting.is_closed;
        let (waiting, _) = self
            .changed
            .wait_timeout_while(self.lock(), time, is_open)
            .unwrap_or_else(PoisonError::into_inner);
        waiting.is_closed
    }

    /// Accepts no more. What waits can still be taken.
    pub(crate) fn close(&self) {
        self.lock().is_closed = true;
        self.changed.notify_all();
    }

    /// Says that nobody takes anything any more: what waits is refused.
    pub(crate) fn end(&self) {
        let mut waiting = self.lock();
        waiting.has_ended = true;
        waiting.refused += waiting.rows.len() as u64 + std::mem::take(&mut waiting.not_stored);
        waiting.rows = VecDeque::new();
        waiting.bytes = 0;
        self.changed.notify_all();
    }

    /// Waits until nobody takes anything any more, at most for this time. Returns whether that is so.
    pub(crate) fn wait_for_end(&self, patience: Duration) -> bool {
        let runs = |waiting: &mut Waiting| !waiting.has_ended;
        let (waiting, _) = self
            .changed
            .wait_timeout_while(self.lock(), patience, runs)
            .unwrap_or_else(PoisonError::into_inner);
        waiting.has_ended
    }

    /// The number of sightings that wait, and of those that were not accepted.
    pub(crate) fn figures(&self) -> (usize, u64) {
        let waiting = self.lock();
        (waiting.rows.len(), waiting.refused)
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Waiting {
    fn is_empty(&self) -> bool {
        self.rows.is_empty() && self.not_stored == 0
    }
}

/// When the next thing is to be done, on a clock that does not jump.
pub(crate) struct Timer(Instant);

impl Timer {
    pub(crate) fn after(time: Duration) -> Self {
        Self(Instant::now() + time)
    }

    /// The time until then; zero if it is past.
    pub(crate) fn rest(&self) -> Duration {
        self.0.saturating_duration_since(Instant::now())
    }
}

/// Bytes that a sighting keeps in memory beyond its own size.
fn size(sighting: &Sighting) -> usize {
    sighting.json.len() + sighting.peer.as_ref().map_or(0, |peer| peer.hostname.len())
}
