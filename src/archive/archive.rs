#![allow(clippy::disallowed_methods, reason = "the retention compares with the time of the system")]

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use crate::{
    Access, ArchiveError, Gnu, Options, Pruned, Retention, Sighting, Store, is_gnu, open,
    queue::{MAX_BATCH, Queue, Taken, Timer},
};

/// The time between two looks at what the retention does not keep.
const PRUNING: Duration = Duration::from_secs(60);
/// The time between two steps of pruning, so that readers and other processes have turns.
const BETWEEN_STEPS: Duration = Duration::from_millis(20);
/// The shortest and the longest time between two attempts to write a batch.
const RETRY: (Duration, Duration) = (Duration::from_millis(250), Duration::from_secs(30));

/// An archive that is being written, by a thread of its own. Dropping it writes what waits, if the process lives long
/// enough; [`Archive::finish`] waits for that.
pub struct Archive {
    appender: Appender,
}

/// Offers sightings to an [`Archive`]. Cloning is cheap.
#[derive(Clone)]
pub struct Appender(pub(crate) Arc<Shared>);

pub(crate) struct Shared {
    pub(crate) queue: Queue,
    gnu: Gnu,
    progress: Mutex<Progress>,
}

#[derive(Default)]
struct Progress {
    archived: u64,
    not_archived: u64,
    not_stored: u64,
    state: State,
}

/// How the writing of an archive goes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Figures {
    /// Written sightings of this run.
    pub archived: u64,
    /// Sightings that were not written and will not be: there were too many at once, or the archive stopped.
    pub not_archived: u64,
    /// Sightings that were counted instead of stored, because they ask not to be logged.
    pub not_stored: u64,
    /// Sightings that wait to be written.
    pub waiting: usize,
    /// Whether it writes.
    pub state: State,
}

/// Whether an archive writes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum State {
    /// It writes what comes.
    #[default]
    Running,
    /// The last attempt to write failed, and there will be others.
    Retrying(ArchiveError),
    /// It writes nothing more in this run, for this reason.
    Stopped(ArchiveError),
    /// It was finished.
    Finished,
}

impl Archive {
    /// Opens the archive of the options and starts its thread. `node` is the name of the node: `tower:8080`. It waits
    /// for the disk or the server.
    pub fn start(options: &Options, node: &str) -> Result<Self, ArchiveError> {
        let store = open(options, node, Access::Write)?;
        Self::with_store(store, options.gnu, options.retention())
    }

    /// Starts the thread of an archive that is open already.
    pub fn with_store(store: Box<dyn Store>, gnu: Gnu, retention: Retention) -> Result<Self, ArchiveError> {
        let shared = Arc::new(Shared { queue: Queue::default(), gnu, progress: Mutex::default() });
        let writer = Writer {
            shared: Arc::clone(&shared),
            store,
            retention,
            next_pruning: Timer::after(Duration::ZERO),
        };
        thread::Builder::new()
            .name("archive".to_owned())
            .spawn(move || writer.run())
            .map_err(|error| ArchiveError::Failed(error.to_string()))?;
        Ok(Self { appender: Appender(shared) })
    }

    /// Offers sightings to this archive.
    pub fn appender(&self) -> Appender {
        self.appender.clone()
    }

    /// How it goes.
    pub fn figures(&self) -> Figures {
        self.appender.figures()
    }

    /// Writes what waits and closes the archive, at most for this time. Then the rest is written later, if the process
    /// lives long enough.
    pub fn finish(self, patience: Duration) -> Figures {
        let Shared { queue, .. } = &*self.appender.0;
        queue.close();
        queue.wait_for_end(patience);
        self.figures()
    }
}

impl Drop for Archive {
    fn drop(&mut self) {
        self.appender.0.queue.close();
    }
}

impl Appender {
    /// Archives a sighting. It never waits: if too many wait to be written already, the sighting is counted as not
    /// archived.
    pub fn offer(&self, sighting: Sighting) {
        let Shared { queue, gnu, .. } = &*self.0;
        if *gnu == Gnu::Count && is_gnu(&sighting.json) {
            queue.count_only();
        } else {
            queue.push(sighting);
        }
    }

    /// Counts events that were missed: each may have been a sighting.
    pub fn missed(&self, events: u64) {
        self.0.progress().not_archived += events;
    }

    /// How it goes.
    pub fn figures(&self) -> Figures {
        let (waiting, refused) = self.0.queue.figures();
        let progress = self.0.progress();
        Figures {
            archived: progress.archived,
            not_archived: progress.not_archived + refused,
            not_stored: progress.not_stored,
            waiting,
            state: progress.state.clone(),
        }
    }
}

impl Shared {
    fn progress(&self) -> MutexGuard<'_, Progress> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The thread that writes.
struct Writer {
    shared: Arc<Shared>,
    store: Box<dyn Store>,
    retention: Retention,
    next_pruning: Timer,
}

impl Writer {
    fn run(mut self) {
        let ended = catch_unwind(AssertUnwindSafe(|| self.work()));
        let failed =
            || ArchiveError::Failed("the thread that writes ended by a fault of the program".to_owned());
        let state = match ended {
            Ok(Ok(())) => State::Finished,
            Ok(Err(error)) => State::Stopped(error),
            Err(_) => State::Stopped(failed()),
        };
        let Self { shared, store, .. } = self;
        // The file is closed before anybody is told that it is.
        drop(store);
        shared.progress().state = state;
        shared.queue.end();
    }

    fn work(&mut self) -> Result<(), ArchiveError> {
        loop {
            let idle = if self.retention.is_everything() { PRUNING } else { self.next_pruning.rest() };
            match self.shared.queue.take(idle) {
                Taken::Batch(batch, not_stored) => self.write(&batch, not_stored)?,
                Taken::Idle => {}
                Taken::Closed => return Ok(()),
            }
            let is_idle = self.shared.queue.figures().0 < MAX_BATCH;
            if is_idle && !self.retention.is_everything() && self.next_pruning.rest().is_zero() {
                self.prune()?;
            }
        }
    }

    /// Writes a batch, again and again while the reason for a failure can pass.
    fn write(&mut self, batch: &[Sighting], not_stored: u64) -> Result<(), ArchiveError> {
        let (mut pause, longest) = RETRY;
        let mut is_last = false;
        loop {
            let error = match self.store.append(batch, not_stored) {
                Ok(()) => {
                    let mut progress = self.shared.progress();
                    progress.archived += batch.len() as u64;
                    progress.not_stored += not_stored;
                    progress.state = State::Running;
                    return Ok(());
                }
                Err(error) => error,
            };
            if is_last || !error.is_transient() {
                self.shared.progress().not_archived += batch.len() as u64 + not_stored;
                return Err(error);
            }
            self.shared.progress().state = State::Retrying(error);
            is_last = self.shared.queue.pause(pause);
            pause = longest.min(pause * 2);
        }
    }

    fn prune(&mut self) -> Result<(), ArchiveError> {
        let pruned = match self.store.prune(&self.retention, now()) {
            Ok(pruned) => pruned,
            Err(error) if error.is_transient() => Pruned::default(),
            Err(error) => return Err(error),
        };
        self.next_pruning = Timer::after(if pruned.more { BETWEEN_STEPS } else { PRUNING });
        Ok(())
    }
}

/// Milliseconds since the Unix epoch.
fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
