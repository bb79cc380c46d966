//! The state of a node on disk: one file with the whole state, and a journal of the changes since.
//!
//! The whole file is replaced atomically. The journal gets one line per change. When it is as large as the whole file,
//! the whole file is written again and the journal starts anew. The journal contains the generation of its whole file,
//! so that a journal left behind by a killed process is not applied to a newer file. An incomplete last line is
//! ignored.

use std::{
    fs::{File, OpenOptions},
    io::{self, Write},
    net::IpAddr,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use rand::Rng;
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use crate::{core::KnownPeer, protocol::Address};

use super::{
    directory::DirectoryLock, files, refused_hostnames, shared::Shared, state_changes::Pending, trust::Pin,
};

mod journal;
mod write_timer;

use journal::Change;
use write_timer::WriteTimer;

/// The file's name in the data directory.
const STATE_FILE: &str = "peers.json";
/// The name of the journal.
const JOURNAL_FILE: &str = "peers.journal";
/// The version of the file format. Other versions are not read.
const VERSION: u32 = 1;
/// Maximum size in bytes of a file that is read. A peer needs about 400.
const MAX_SIZE: u64 = 1 << 30;
/// Size in bytes up to which the whole file is written at every change.
const SMALL: u64 = 64 << 10;
/// Time for which changes are collected before they are written.
const COLLECT_TIME: Duration = Duration::from_secs(2);
/// Maximum delay of changes because of the write rate, unless everything has to be written.
const MAX_DELAY: Duration = Duration::from_secs(60);

/// The saved state: the peers, their trusted certificates, and the ignored remote addresses.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct State {
    version: u32,
    /// Identifies this file for its journal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    generation: Option<u64>,
    #[serde(deserialize_with = "refused_hostnames::skip_refused")]
    pub(super) peers: Vec<KnownPeer>,
    #[serde(deserialize_with = "refused_hostnames::skip_refused")]
    pub(super) pins: Vec<Pin>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) ignored_remotes: Vec<IpAddr>,
}

/// Why the state of an earlier run cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StateError {
    /// The file cannot be read.
    #[error("cannot read {path}: {source}")]
    Read {
        /// The file.
        path: PathBuf,
        /// The error of the system.
        source: io::Error,
    },
    /// The format of the file is not the one of this version. The file is not changed.
    #[error(
        "{path} is not a state file of this version ({reason}); move it away to start without known peers"
    )]
    Form {
        /// The file.
        path: PathBuf,
        /// The cause.
        reason: StateFormError,
    },
}

/// Why a state file does not have the format of this version.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StateFormError {
    /// The file has another version of the format.
    #[error("version {0}")]
    Version(u32),
    /// The JSON of the whole file is invalid.
    #[error("{0}")]
    Json(serde_json::Error),
    /// The JSON of a line of the journal is invalid.
    #[error("line {line}: {source}")]
    Line {
        /// Its number; the first is 1.
        line: usize,
        /// The cause.
        source: serde_json::Error,
    },
}

/// The files of the state. Clones share them.
#[derive(Debug, Clone)]
pub(super) struct StateFile(Arc<Files>);

#[derive(Debug)]
struct Files {
    whole: PathBuf,
    journal: PathBuf,
    written: Mutex<FileState>,
    /// Held while files may be written.
    lock: Mutex<Option<DirectoryLock>>,
    is_released: AtomicBool,
}

/// The result of saving changes.
#[derive(Debug)]
pub(super) struct SaveResult {
    /// Bytes that were written, or passed to the system before it failed.
    bytes: u64,
    pub(super) result: io::Result<()>,
}

/// Counts the bytes that are written.
struct CountingWriter<'a, W> {
    inner: W,
    bytes: &'a mut u64,
}

impl<W: Write> Write for CountingWriter<'_, W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(bytes)?;
        *self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

/// The current contents of the files.
#[derive(Debug, Default)]
struct FileState {
    /// The generation of the whole file; `None` if the next write has to be of the whole state.
    generation: Option<u64>,
    /// Bytes of the whole file.
    whole: u64,
    /// Bytes of the journal; 0 if this whole file has none.
    journal: u64,
}

impl StateFile {
    pub(super) fn in_directory(directory: &Path) -> Self {
        Self(Arc::new(Files {
            whole: directory.join(STATE_FILE),
            journal: directory.join(JOURNAL_FILE),
            written: Mutex::default(),
            lock: Mutex::default(),
            is_released: AtomicBool::new(false),
        }))
    }

    /// Holds the lock of the directory until [`release`](Self::release), or until all clones are dropped.
    pub(super) fn hold_lock(&self, lock: DirectoryLock) {
        *self.0.lock.lock().unwrap_or_else(PoisonError::into_inner) = Some(lock);
    }

    /// Releases the lock of the directory. Nothing is written any more.
    pub(super) fn release(&self) {
        // Waits for a write in progress.
        let _written = self.written();
        self.0.is_released.store(true, Ordering::SeqCst);
        self.0.lock.lock().unwrap_or_else(PoisonError::into_inner).iter().for_each(DirectoryLock::release);
    }

    /// The state of the last run; empty if there was none.
    pub(super) fn load(&self) -> Result<State, StateError> {
        let Files { whole, journal, .. } = &*self.0;
        let Some(text) = read(whole)? else { return Ok(State::default()) };
        let state: State = serde_json::from_slice(&text)
            .map_err(|error| format_error(whole, StateFormError::Json(error)))?;
        if state.version != VERSION {
            return Err(format_error(whole, StateFormError::Version(state.version)));
        }
        let Some(generation) = state.generation else { return Ok(state) };
        let changes = match read(journal)? {
            Some(text) => journal::read(&text, generation).map_err(|reason| format_error(journal, reason))?,
            None => journal::Journal::default(),
        };
        *self.written() = FileState {
            // A cut-off journal is not appended to.
            generation: Some(generation).filter(|_| !changes.is_cut_off),
            whole: text.len() as u64,
            journal: changes.size,
        };
        Ok(journal::apply(state, changes.changes))
    }

    /// Removes temporary files of killed runs.
    pub(super) fn sweep(&self) {
        files::remove_unfinished(&self.0.whole);
    }

    /// Writes the changes. Each file is complete afterwards, with or without a change.
    pub(super) async fn save(&self, shared: &Arc<Shared>) -> SaveResult {
        let (file, shared) = (self.clone(), Arc::clone(shared));
        let record_save = tokio::task::spawn_blocking(move || file.save_here(&shared)).await;
        record_save.unwrap_or_else(|error| SaveResult { bytes: 0, result: Err(error.into()) })
    }

    fn save_here(&self, shared: &Shared) -> SaveResult {
        let nothing = SaveResult { bytes: 0, result: Ok(()) };
        let mut written = self.written();
        if self.0.is_released.load(Ordering::SeqCst) {
            return nothing;
        }
        // The changes are drained first. A change from here on is written the next time, whether or not it is included
        // now.
        let changed = shared.changes.drain();
        let FileState { generation, whole, journal } = *written;
        let record_save = match generation {
            Some(_) if changed.is_empty() => return nothing,
            Some(generation) if !changed.all && whole > SMALL && journal < whole => {
                self.append(&mut written, generation, &changes_of(shared, &changed))
            }
            _ => self.write_whole(&mut written, shared),
        };
        if record_save.result.is_err() {
            written.generation = None;
            shared.changes.write_all();
        }
        record_save
    }

    fn write_whole(&self, written: &mut FileState, shared: &Shared) -> SaveResult {
        let generation = rand::rng().next_u64();
        let mut peers: Vec<_> = shared.all_peers().into_iter().map(KnownPeer::from).collect();
        peers.sort_unstable_by(|one, other| (one.status, &one.address).cmp(&(other.status, &other.address)));
        let state = State {
            version: VERSION,
            generation: Some(generation),
            peers,
            pins: shared.trust.pins(),
            ignored_remotes: shared.read(|core| core.ignored_remotes().collect()),
        };
        let mut bytes = 0;
        let result = files::write_whole(&self.0.whole, files::Access::Private, |file| {
            Ok(serde_json::to_writer_pretty(CountingWriter { inner: file, bytes: &mut bytes }, &state)?)
        });
        if result.is_ok() {
            *written = FileState { generation: Some(generation), whole: bytes, journal: 0 };
        }
        SaveResult { bytes, result }
    }

    fn append(&self, written: &mut FileState, generation: u64, changes: &[Change]) -> SaveResult {
        let is_first = written.journal == 0;
        let lines = match journal::lines(is_first.then_some(generation), changes) {
            Ok(lines) => lines,
            Err(error) => return SaveResult { bytes: 0, result: Err(error) },
        };
        let bytes = lines.len() as u64;
        let result = append_lines(&self.0.journal, is_first, &lines);
        if result.is_ok() {
            written.journal += bytes;
        }
        SaveResult { bytes, result }
    }

    /// Logs that the state could not be written. The node continues.
    pub(super) fn log_failure(&self, error: &io::Error) {
        tracing::warn!(path = %self.0.whole.display(), %error, "cannot write the state file");
    }

    fn written(&self) -> MutexGuard<'_, FileState> {
        self.0.written.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn format_error(path: &Path, reason: StateFormError) -> StateError {
    StateError::Form { path: path.to_owned(), reason }
}

/// The contents; `None` if there is no file.
fn read(path: &Path) -> Result<Option<Vec<u8>>, StateError> {
    match files::read_regular(path, MAX_SIZE) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(StateError::Read { path: path.to_owned(), source }),
    }
}

/// Appends lines to a journal, or replaces the journal if it belongs to an older whole file.
fn append_lines(path: &Path, is_new: bool, lines: &[u8]) -> io::Result<()> {
    // A symbolic link is kept.
    let path = &files::target(path)?;
    let mut file = open_to_append(path, is_new)?;
    file.write_all(lines)?;
    file.sync_data()?;
    if is_new { files::sync_parent(path) } else { Ok(()) }
}

fn open_to_append(path: &Path, is_new: bool) -> io::Result<File> {
    if is_new && path.exists() {
        // Removed and not truncated, so that the new file gets the mode of a new file.
        std::fs::remove_file(path)?;
    }
    let mut options = OpenOptions::new();
    options.append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// The changes with the current values.
fn changes_of(shared: &Shared, changed: &Pending) -> Vec<Change> {
    let peer = |address: &Address| match shared.read(|core| core.peer(address)) {
        Some(peer) => Change::Peer(peer.into()),
        None => Change::Forgotten(address.clone()),
    };
    let pin = |address: &Address| match shared.trust.pin(address) {
        Some(pin) => Change::Pin(pin),
        None => Change::Unpinned(address.clone()),
    };
    let remotes =
        changed.remotes.then(|| Change::IgnoredRemotes(shared.read(|core| core.ignored_remotes().collect())));
    changed.peers.iter().map(peer).chain(changed.pins.iter().map(pin)).chain(remotes).collect()
}

/// Writes the state some time after it changed, until the node stops. Failed writes are repeated.
pub(super) async fn save_changes(file: StateFile, shared: Arc<Shared>) {
    let mut write_timer = WriteTimer::default();
    loop {
        tokio::select! {
            biased;
            // Polled first, so that a change just before the last handle was dropped is written.
            () = shared.changes.any() => {}
            () = shared.stopped.cancelled() => return,
            () = tokio::time::sleep_until(write_timer.next()), if write_timer.is_behind() => {}
        }
        shared.stopped.run_until_cancelled(collect_changes(&shared, write_timer.next())).await;
        let SaveResult { bytes, result } = file.save(&shared).await;
        report(&file, write_timer.is_behind(), &result);
        write_timer.record_save(bytes, result.is_ok());
    }
}

/// Waits for more changes and for the write rate. Changes by the user do not wait for the rate.
async fn collect_changes(shared: &Shared, next: Instant) {
    tokio::time::sleep(COLLECT_TIME).await;
    let soon = next.min(Instant::now() + MAX_DELAY);
    let paid = async {
        tokio::time::sleep_until(soon).await;
        if shared.changes.are_all() {
            tokio::time::sleep_until(next).await;
        }
    };
    tokio::select! {
        () = paid => {}
        () = shared.changes.by_user() => {}
    }
}

/// Logs the first failure of a series, and its end. A disk can be full for days.
fn report(file: &StateFile, was_behind: bool, written: &io::Result<()>) {
    match written {
        Err(error) if !was_behind => file.log_failure(error),
        Err(error) => tracing::debug!(%error, "still cannot write the state file"),
        Ok(()) if was_behind => {
            tracing::info!(path = %file.0.whole.display(), "the state file is written again");
        }
        Ok(()) => {}
    }
}
