//! The data directory. Only one node uses it at a time.

use std::{
    fs::{File, OpenOptions, TryLockError},
    io::{self, Read, Seek, Write},
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use super::files;

/// The file that is locked. It contains the process id of the node that locked it, and remains when the node ends.
const LOCK_FILE: &str = "node.lock";
/// Time for which a node that saves no state waits for another node to create the certificate.
const MAX_LOCK_WAIT: Duration = Duration::from_secs(5);

/// Why a node cannot use its data directory.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DirectoryError {
    /// The directory or its lock file cannot be created or opened.
    #[error("cannot use {path}: {source}")]
    File {
        /// The directory or file.
        path: PathBuf,
        /// The error of the system.
        source: io::Error,
    },
    /// Another node uses it. Two nodes would overwrite each other's files.
    #[error(
        "the data directory {directory} is in use by another node{}; stop that one, or give this one another directory",
        .process.map(|process| format!(", process {process}")).unwrap_or_default()
    )]
    InUse {
        /// The directory.
        directory: PathBuf,
        /// The process id of the other node, if known.
        process: Option<u32>,
    },
}

impl DirectoryError {
    /// The kind of the system's error, if the directory is not writable.
    pub(super) fn denied(&self) -> Option<io::ErrorKind> {
        match self {
            Self::File { source, .. } => Some(source.kind()).filter(|kind| is_denied(*kind)),
            Self::InUse { .. } => None,
        }
    }
}

/// Whether the error says that the file system is read-only or that the user may not write.
pub(super) fn is_denied(kind: io::ErrorKind) -> bool {
    matches!(kind, io::ErrorKind::ReadOnlyFilesystem | io::ErrorKind::PermissionDenied)
}

/// The lock on a data directory, until it is released or dropped. It is also released when the process ends in any way.
#[derive(Debug)]
pub(super) struct DirectoryLock(Mutex<Option<File>>);

impl DirectoryLock {
    /// Creates the directory if it is missing, and locks it.
    pub(super) fn acquire(directory: &Path) -> Result<Self, DirectoryError> {
        files::create_private_directory(directory).map_err(io_error_at(directory))?;
        let path = directory.join(LOCK_FILE);
        let mut file = open(&path).map_err(io_error_at(&path))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(DirectoryError::InUse {
                    directory: directory.to_owned(),
                    process: read_process_id(&mut file),
                });
            }
            // Some network file systems have no locks.
            Err(TryLockError::Error(error)) => {
                tracing::warn!(path = %path.display(), %error, "cannot lock the data directory");
            }
        }
        // The process id is information for the user only, so errors are ignored.
        let _ = file.set_len(0).and_then(|()| writeln!(file, "{}", std::process::id()));
        Ok(Self(Mutex::new(Some(file))))
    }

    /// Locks the directory for a short time. Waits for another node that has locked it. Returns `None` as soon as
    /// `is_needless` says that the lock is no longer needed.
    pub(super) async fn acquire_unless<E: From<DirectoryError>>(
        directory: &Path,
        mut is_needless: impl FnMut() -> Result<bool, E>,
    ) -> Result<Option<Self>, E> {
        let until = Instant::now() + MAX_LOCK_WAIT;
        loop {
            if is_needless()? {
                return Ok(None);
            }
            match Self::acquire(directory) {
                Err(DirectoryError::InUse { .. }) if Instant::now() < until => {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
                result => return Ok(result.map(Some)?),
            }
        }
    }

    /// Unlocks the directory.
    pub(super) fn release(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
    }
}

fn io_error_at(path: &Path) -> impl FnOnce(io::Error) -> DirectoryError + use<> {
    let path = path.to_owned();
    move |source| DirectoryError::File { path, source }
}

fn open(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// The process id in the lock file.
fn read_process_id(file: &mut File) -> Option<u32> {
    let mut text = String::new();
    file.rewind().ok()?;
    file.take(16).read_to_string(&mut text).ok()?;
    text.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_excludes_others_until_it_is_released_or_dropped() {
        let parent = tempfile::tempdir().unwrap();
        let directory = parent.path().join("a").join("b");
        let first = DirectoryLock::acquire(&directory).unwrap();
        let error = DirectoryLock::acquire(&directory).unwrap_err().to_string();
        let named =
            format!("{} is in use by another node, process {};", directory.display(), std::process::id());
        assert!(error.contains(&named), "{error}");
        first.release();
        let second = DirectoryLock::acquire(&directory).unwrap();
        drop(second);
        DirectoryLock::acquire(&directory).unwrap();
        #[cfg(unix)]
        for made in [&directory, &parent.path().join("a")] {
            let mode = std::os::unix::fs::PermissionsExt::mode(&made.metadata().unwrap().permissions());
            assert_eq!(mode & 0o777, 0o700, "{made:?}");
        }
    }

    #[test]
    fn a_lock_file_with_any_content_is_read() {
        let directory = tempfile::tempdir().unwrap();
        for text in ["", "no number", "12345678901234567890123", "\u{1}"] {
            std::fs::write(directory.path().join(LOCK_FILE), text).unwrap();
            let lock = DirectoryLock::acquire(directory.path()).unwrap();
            std::fs::write(directory.path().join(LOCK_FILE), text).unwrap();
            let error = DirectoryLock::acquire(directory.path()).unwrap_err();
            assert!(matches!(error, DirectoryError::InUse { process: None, .. }), "{text:?}: {error}");
            drop(lock);
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn only_a_permission_error_counts_as_denied() {
        for (code, is_denied) in
            [(30, true), (13, true), (1, true), (28, false), (2, false), (20, false), (24, false), (5, false)]
        {
            let error = io_error_at(Path::new("file"))(io::Error::from_raw_os_error(code));
            assert_eq!(error.denied().is_some(), is_denied, "{error}");
        }
        let in_use = DirectoryError::InUse { directory: PathBuf::new(), process: None };
        assert_eq!(in_use.denied(), None);
    }

    #[tokio::test]
    async fn a_short_lock_waits_until_it_is_free_or_not_needed() {
        let directory = tempfile::tempdir().unwrap();
        let lock = DirectoryLock::acquire(directory.path()).unwrap();
        let mut asked = 0;
        let needless = DirectoryLock::acquire_unless::<DirectoryError>(directory.path(), || {
            asked += 1;
            Ok(asked == 3)
        });
        assert!(needless.await.unwrap().is_none());
        let mut lock = Some(lock);
        let taken = DirectoryLock::acquire_unless::<DirectoryError>(directory.path(), || {
            // The other node has finished what it needed the lock for.
            lock.take_if(|_| asked > 4).into_iter().for_each(drop);
            asked += 1;
            Ok(false)
        });
        assert!(taken.await.unwrap().is_some());
    }
}
