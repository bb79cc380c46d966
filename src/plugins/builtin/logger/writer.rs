//! The thread that writes, so that no payload waits for the disk.

use std::{
    io,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
        mpsc::{self, Receiver, SyncSender, TrySendError},
    },
    thread,
    time::Duration,
};

use bytes::Bytes;

use super::{LoggerCounts, Store};
use crate::{Fault, Sender, builtin::Context};

/// Maximum number of payloads that wait for the disk.
const MAX_WAITING: usize = 1024;

/// Maximum bytes of their bodies.
const MAX_WAITING_BYTES: usize = 64 << 20;

/// A payload that becomes a file.
#[derive(Debug)]
pub(super) struct Entry {
    /// When it arrived, in milliseconds since the Unix epoch.
    pub(super) ms: u64,
    pub(super) sender: Sender,
    pub(super) body: Bytes,
}

enum Job {
    Write(Entry),
    /// Everything before this was written.
    Reached(SyncSender<()>),
}

/// The thread and its bounded queue. The thread ends when this is dropped, after the payloads that wait.
#[derive(Debug)]
pub(super) struct Writer {
    jobs: SyncSender<Job>,
    shared: Arc<Shared>,
}

struct Shared {
    counts: Mutex<LoggerCounts>,
    waiting_bytes: AtomicUsize,
    /// Whether the latest payload found no place, so that a run of them is reported once.
    is_full: AtomicBool,
    context: Context,
}

impl Writer {
    pub(super) fn start(store: Store, context: Context) -> io::Result<Self> {
        let (jobs, to_do) = mpsc::sync_channel(MAX_WAITING);
        let shared = Arc::new(Shared {
            counts: Mutex::default(),
            waiting_bytes: AtomicUsize::new(0),
            is_full: AtomicBool::new(false),
            context,
        });
        let of_thread = Arc::clone(&shared);
        thread::Builder::new().name("logger".to_owned()).spawn(move || of_thread.run(store, &to_do))?;
        Ok(Self { jobs, shared })
    }

    /// Queues the payload, or counts it if there is no place.
    pub(super) fn write(&self, entry: Entry) {
        let bytes = entry.body.len();
        let waiting = self.shared.waiting_bytes.fetch_add(bytes, Ordering::Relaxed);
        if waiting + bytes > MAX_WAITING_BYTES && waiting > 0 {
            return self.overflow(bytes);
        }
        match self.jobs.try_send(Job::Write(entry)) {
            Ok(()) => self.shared.is_full.store(false, Ordering::Relaxed),
            Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => self.overflow(bytes),
        }
    }

    fn overflow(&self, bytes: usize) {
        self.shared.waiting_bytes.fetch_sub(bytes, Ordering::Relaxed);
        self.shared.count(|counts| counts.overflowed += 1);
        if !self.shared.is_full.swap(true, Ordering::Relaxed) {
            self.shared.report("payloads are not logged, because the disk is slower than the peers");
        }
    }

    pub(super) fn counts(&self) -> LoggerCounts {
        *self.shared.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn flush(&self, limit: Duration) -> bool {
        let (reached, wait) = mpsc::sync_channel(1);
        let mut job = Job::Reached(reached);
        // Without a place in the queue it tries again, because the standard library has no send with a time-out.
        let step = Duration::from_millis(5);
        let mut left = limit;
        loop {
            match self.jobs.try_send(job) {
                Ok(()) => return wait.recv_timeout(left).is_ok(),
                Err(TrySendError::Full(same)) if !left.is_zero() => job = same,
                Err(_) => return false,
            }
            thread::sleep(step.min(left));
            left = left.saturating_sub(step);
        }
    }
}

impl Shared {
    fn run(&self, mut store: Store, to_do: &Receiver<Job>) {
        self.removed(store.scan());
        while let Ok(job) = to_do.recv() {
            match job {
                Job::Write(entry) => self.write(&mut store, &entry),
                // An error means that nobody waits any more.
                Job::Reached(reached) => drop(reached.send(())),
            }
        }
    }

    fn write(&self, store: &mut Store, entry: &Entry) {
        let written = store.write(entry);
        self.waiting_bytes.fetch_sub(entry.body.len(), Ordering::Relaxed);
        match written {
            Ok(()) => self.count(|counts| counts.written += 1),
            Err(error) => {
                self.count(|counts| counts.failed += 1);
                self.report(&format!("a payload is not logged: {error}"));
            }
        }
        self.removed(store.remove_oldest());
    }

    fn removed(&self, removed: Result<u64, io::Error>) {
        match removed {
            Ok(number) => self.count(|counts| counts.removed += number),
            Err(error) => self.report(&format!("old files are not removed: {error}")),
        }
    }

    fn count(&self, change: impl FnOnce(&mut LoggerCounts)) {
        change(&mut self.counts.lock().unwrap_or_else(PoisonError::into_inner));
    }

    fn report(&self, reason: &str) {
        (self.context.on_fault)(Fault { line: None, reason: reason.to_owned() });
    }
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared").field("counts", &self.counts).finish_non_exhaustive()
    }
}
