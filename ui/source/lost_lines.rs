//! Lines of the log that could not be written, such as on a full disk.

use std::{
    io,
    sync::{
        Arc, Mutex, OnceLock, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

/// Of the log file that is open.
static OPEN: OnceLock<Arc<Lost>> = OnceLock::new();

/// How many lines are lost, and why the last of them is.
#[derive(Debug, Default)]
pub struct Lost {
    lines: AtomicU64,
    reason: Mutex<String>,
}

impl Lost {
    pub fn note(&self, error: &io::Error) {
        *self.reason.lock().unwrap_or_else(PoisonError::into_inner) = error.to_string();
        self.lines.fetch_add(1, Ordering::Relaxed);
    }

    /// Makes this the one that is asked about.
    pub fn watch(lost: &Arc<Self>) {
        // There is one log file.
        let _ = OPEN.set(Arc::clone(lost));
    }

    pub fn count(&self) -> Option<LostLines> {
        let lines = self.lines.load(Ordering::Relaxed);
        let reason = self.reason.lock().unwrap_or_else(PoisonError::into_inner).clone();
        (lines > 0).then_some(LostLines { lines, reason })
    }
}

/// Lines that are missing in the log file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LostLines {
    pub lines: u64,
    /// Why the last of them could not be written.
    pub reason: String,
}

impl LostLines {
    /// One line about them.
    pub fn summary(&self) -> String {
        match self.lines {
            1 => format!("1 line of the log could not be written: {}", self.reason),
            lines => format!("{lines} lines of the log could not be written: {}", self.reason),
        }
    }
}

/// The lines that are missing in the log file so far, if any are.
pub fn lost() -> Option<LostLines> {
    OPEN.get().and_then(|lost| lost.count())
}
