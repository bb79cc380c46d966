//! Checks whether a file can be written, before anything is done for it.

use std::{io, path::Path};

use rustix::fs::{Access, access};

/// Checks that the directory of `path` exists and is writable.
///
/// # Errors
///
/// Fails if the directory is missing, is no directory, or denies writing.
pub fn directory_of(path: &Path) -> io::Result<()> {
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    let directory = directory.unwrap_or(Path::new("."));
    if !directory.metadata()?.is_dir() {
        return Err(io::ErrorKind::NotADirectory.into());
    }
    Ok(access(directory, Access::WRITE_OK | Access::EXEC_OK)?)
}
