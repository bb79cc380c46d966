use std::path::PathBuf;

use clacks_feed::escape::escaped;

use crate::SearchError;

/// Maximum characters of a reason, because a database may quote a peer in it.
const MAX_REASON: usize = 300;

/// Why an archive can't be opened, read or written. The texts are safe to show.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ArchiveError {
    /// The file can't be opened or created.
    #[error("the archive {path} can't be opened: {reason}")]
    Open {
        /// The file.
        path: PathBuf,
        /// The reason of the system.
        reason: String,
    },
    /// The file or the database contains something else.
    #[error("{place} is no archive of clacks; choose another one, so that nothing is overwritten")]
    NotAnArchive {
        /// The file, or the database without its password.
        place: String,
    },
    /// A later version of the program wrote it.
    #[error(
        "{place} has version {version}, and this program knows versions up to {known}; update the program"
    )]
    Later {
        /// The file, or the database without its password.
        place: String,
        /// Its version.
        version: i64,
        /// The latest version that this program knows.
        known: i64,
    },
    /// The options say nothing about where the archive is, or the program has no feature for it.
    #[error("{0}")]
    Options(String),
    /// The search can't be carried out.
    #[error(transparent)]
    Search(#[from] SearchError),
    /// It was opened for reading.
    #[error("the archive is open for reading only")]
    ReadOnly,
    /// There is no space left.
    #[error("there is no space left for the archive: {0}")]
    Full(String),
    /// Its content is damaged.
    #[error("the archive is damaged: {0}; `clacks archive check` says more")]
    Damaged(String),
    /// Somebody else is writing to it. A later attempt can succeed.
    #[error("the archive is in use: {0}")]
    Busy(String),
    /// The server can't be reached or ended the connection. A later attempt can succeed.
    #[error("the server of the archive can't be reached: {0}")]
    Away(String),
    /// Anything else that the database reports.
    #[error("the archive can't be used: {0}")]
    Failed(String),
}

impl ArchiveError {
    /// Whether a later attempt can succeed without anybody doing anything about it.
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Busy(_) | Self::Away(_))
    }
}

/// A reason that is safe to show.
pub(crate) fn reason(text: &str) -> String {
    escaped(text).chars().take(MAX_REASON).collect()
}
