//! The data directory, which belongs to one node at a time.

use std::{
    fs::{File, OpenOptions, TryLockError},
    io::{self, Read, Seek, Write},
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use super::files;

/// The lock is on this file. It holds the process id of the node that has it, and stays when the node ends.
const LOCK_FILE: &str = "node.lock";
/// How long a node that keeps no state waits for another that makes the certificate.
const PATIENCE: Duration = Duration::from_secs(5);

/// Why a node can't use its data directory.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DirectoryError {
    /// The directory or its lock can't be made or opened.
    #[error("cannot use {path}: {source}")]
    File {
        /// The directory or file.
        path: PathBuf,
        /// The error of the system.
        source: io::Error,
    },
    /// Another node runs in it: each would undo what the other writes.
    #[error(
        "the data directory {directory} is in use by another node{}; stop that one, or give this one another directory",
        .process.map(|process| format!(", process {process}")).unwrap_or_default()
    )]
    InUse {
        /// The directory.
        directory: PathBuf,
        /// The process that the other node runs in, if it is known.
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

/// The file system is read-only, or the user that the node runs as may not write there.
pub(super) fn is_denied(kind: io::ErrorKind) -> bool {
    matches!(kind, io::ErrorKind::ReadOnlyFilesystem | io::ErrorKind::PermissionDenied)
}

/// A data directory that no other node uses until this is released or dropped. The end of the process releases it as
/// well, however it ends.
#[derive(Debug)]
pub(super) struct DirectoryLock(Mutex<Option<File>>);

impl DirectoryLock {
    /// Makes the directory if it is not there, and takes it.
    pub(super) fn acquire(directory: &Path) -> Result<Self, DirectoryError> {
        files::create_private_directory(directory).map_err(at(directory))?;
        let path = directory.join(LOCK_FILE);
        let mut file = open(&path).map_err(at(&path))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(DirectoryError::InUse {
                    directory: directory.to_owned(),
                    process: process(&mut file),
                });
            }
            // As on some network file systems.
            Err(TryLockError::Error(error)) => {
                tracing::warn!(path = %path.display(), %error, "cannot lock the data directory");
            }
        }
        // Who it is helps the user, and nobody else needs to know.
        let _ = file.set_len(0).and_then(|()| writeln!(file, "{}", std::process::id()));
        Ok(Self(Mutex::new(Some(file))))
    }

    /// The same for a moment only: waits for another that has it, unless `is_needless` says that there is no need for
    /// it any more. Returns `None` then.
    pub(super) async fn acquire_unless<E: From<DirectoryError>>(
        directory: &Path,
        mut is_needless: impl FnMut() -> Result<bool, E>,
    ) -> Result<Option<Self>, E> {
        let until = Instant::now() + PATIENCE;
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

    /// Lets other nodes have the directory.
    pub(super) fn release(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
    }
}

fn at(path: &Path) -> impl FnOnce(io::Error) -> DirectoryError + use<> {
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

/// The process that says in the file that it has the lock.
fn process(file: &mut File) -> Option<u32> {
    let mut text = String::new();
    file.rewind().ok()?;
    file.take(16).read_to_string(&mut text).ok()?;
    text.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_belongs_to_one_until_it_is_released_or_dropped() {
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
    fn a_lock_file_that_says_anything_is_read_without_an_error() {
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
    fn only_what_may_not_be_written_is_denied() {
        for (code, is_denied) in
            [(30, true), (13, true), (1, true), (28, false), (2, false), (20, false), (24, false), (5, false)]
        {
            let error = at(Path::new("file"))(io::Error::from_raw_os_error(code));
            assert_eq!(error.denied().is_some(), is_denied, "{error}");
        }
        let in_use = DirectoryError::InUse { directory: PathBuf::new(), process: None };
        assert_eq!(in_use.denied(), None);
    }

    #[tokio::test]
    async fn who_needs_it_for_a_moment_waits_until_it_is_free_or_needless() {
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
            // The other has done what it needed it for.
            lock.take_if(|_| asked > 4).into_iter().for_each(drop);
            asked += 1;
            Ok(false)
        });
        assert!(taken.await.unwrap().is_some());
    }
}
