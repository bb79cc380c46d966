//! Counts log lines that could not be written, for example because the disk is full.

use std::{
    io,
    sync::{
        Arc, Mutex, OnceLock, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

/// The counter of the open log file.
static OPEN: OnceLock<Arc<Lost>> = OnceLock::new();

/// The number of lost lines, and the error of the latest one.
#[derive(Debug, Default)]
pub struct Lost {
    lines: AtomicU64,
    reason: Mutex<String>,
}

impl Lost {
    /// Counts a line that failed with this error.
    pub fn note(&self, error: &io::Error) {
        *self.reason.lock().unwrap_or_else(PoisonError::into_inner) = error.to_string();
        self.lines.fetch_add(1, Ordering::Relaxed);
    }

    /// Registers the counter that [`lost`] reads. Later calls have no effect, because a process has one log file.
    pub fn watch(lost: &Arc<Self>) {
        // There is one log file.
        let _ = OPEN.set(Arc::clone(lost));
    }

    /// The lost lines so far; `None` if there are none.
    pub fn count(&self) -> Option<LostLines> {
        let lines = self.lines.load(Ordering::Relaxed);
        let reason = self.reason.lock().unwrap_or_else(PoisonError::into_inner).clone();
        (lines > 0).then_some(LostLines { lines, reason })
    }
}

/// Lines that are missing in the log file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LostLines {
    /// Number of missing lines.
    pub lines: u64,
    /// The write error of the latest missing line.
    pub reason: String,
}

impl LostLines {
    /// One line about them, for the user.
    pub fn summary(&self) -> String {
        match self.lines {
            1 => format!("1 line of the log could not be written: {}", self.reason),
            lines => format!("{lines} lines of the log could not be written: {}", self.reason),
        }
    }
}

/// The lines that are missing in the log file; `None` if there are none.
pub fn lost() -> Option<LostLines> {
    OPEN.get().and_then(|lost| lost.count())
}
