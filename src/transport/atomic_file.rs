//! Atomic files: written to a temporary file in the same directory, then renamed into place.

use std::{
    fs::{self, File, Metadata},
    io::{self, Write},
    path::{Path, PathBuf},
};

use tempfile::NamedTempFile;

use crate::files;

/// Suffix of the name of a temporary file.
const UNFINISHED: &str = ".unfinished";
/// Maximum length in bytes of the prefix that the name of a temporary file shares with its target.
const MAX_PREFIX: usize = 200;
/// Maximum length of a chain of symbolic links, as on Linux.
const MAX_LINKS: usize = 40;

/// The permissions of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Its owner only: mode 0600 on Unix, even if the file that is replaced has another. Missing directories are created
    /// with mode 0700.
    Private,
    /// As the umask says for a new file. A file that is replaced keeps its mode and, where the system permits it, its
    /// owner. The directory must exist.
    Shared,
}

/// A temporary file beside its target. [`replace`](Self::replace) or [`create_new`](Self::create_new) renames it to the
/// target. If it is dropped before that, it is removed and the target is unchanged.
///
/// If the target is a symbolic link, the file that the link points to is replaced or created, and the link stays.
#[derive(Debug)]
pub struct AtomicFile {
    target: PathBuf,
    file: NamedTempFile,
}

impl AtomicFile {
    /// Creates the temporary file.
    ///
    /// # Errors
    /// The directory is missing or cannot be written to, or the target is not a regular file.
    pub fn create(path: &Path, access: Access) -> io::Result<Self> {
        let target = target(path)?;
        let (directory, name) = parts(&target);
        if access == Access::Private {
            files::create_private_directory(directory)?;
        }
        let existing = existing(&target)?;
        let mut builder = tempfile::Builder::new();
        let prefix = prefix(name);
        builder.prefix(&prefix).suffix(UNFINISHED);
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(match access {
            Access::Private => 0o600,
            Access::Shared => 0o666,
        }));
        let file = builder.tempfile_in(directory).map_err(without_path)?;
        if let Some(existing) = existing.filter(|_| access == Access::Shared) {
            keep_permissions(file.as_file(), &existing)?;
        }
        Ok(Self { target, file })
    }

    /// Renames the file to its target and replaces a file that exists there. It is synced to disk when this returns.
    ///
    /// # Errors
    /// The file cannot be written or renamed. Then the target is unchanged.
    pub fn replace(self) -> io::Result<()> {
        self.file.as_file().sync_all()?;
        self.file.persist(&self.target).map_err(|error| error.error)?;
        sync_parent(&self.target)
    }

    /// Renames the file to its target, which must not exist.
    ///
    /// # Errors
    /// As for [`replace`](Self::replace), and [`io::ErrorKind::AlreadyExists`] if the target exists.
    pub fn create_new(self) -> io::Result<()> {
        self.file.as_file().sync_all()?;
        self.file.persist_noclobber(&self.target).map_err(|error| error.error)?;
        sync_parent(&self.target)
    }
}

impl Write for AtomicFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// Writes a file atomically and replaces one that exists.
///
/// # Errors
/// As for [`AtomicFile::create`] and [`AtomicFile::replace`], and those of `content`.
pub fn write_whole(
    path: &Path,
    access: Access,
    content: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> io::Result<()> {
    filled(path, access, content)?.replace()
}

/// Writes a file atomically where none exists. A symbolic link to a missing file counts as missing.
///
/// # Errors
/// As for [`AtomicFile::create`] and [`AtomicFile::create_new`], and those of `content`.
pub fn write_new(
    path: &Path,
    access: Access,
    content: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> io::Result<()> {
    filled(path, access, content)?.create_new()
}

fn filled(
    path: &Path,
    access: Access,
    content: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> io::Result<AtomicFile> {
    let mut buffer = io::BufWriter::new(AtomicFile::create(path, access)?);
    content(&mut buffer)?;
    buffer.into_inner().map_err(io::IntoInnerError::into_error)
}

/// The path that a chain of symbolic links ends at, or `path` itself if it is not a link. It need not exist.
///
/// # Errors
/// A link cannot be read, or the links form a circle.
pub fn target(path: &Path) -> io::Result<PathBuf> {
    let mut path = path.to_owned();
    for _ in 0..MAX_LINKS {
        match fs::symlink_metadata(&path) {
            Ok(metadata) if metadata.is_symlink() => {
                // A relative link begins where it stands.
                let link = fs::read_link(&path)?;
                path = parts(&path).0.join(link);
            }
            Ok(_) => return Ok(path),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(path),
            Err(error) => return Err(error),
        }
    }
    Err(io::Error::other("its symbolic links lead to one another without end"))
}

/// The system's error, without the path of the temporary file that tempfile adds.
fn without_path(error: io::Error) -> io::Error {
    if error.raw_os_error().is_some() {
        return error;
    }
    // The number of the error is in the text alone.
    let text = error.to_string();
    let number = text.split_once("(os error ").and_then(|(_, rest)| rest.split_once(')')?.0.parse().ok());
    number.map_or(error, io::Error::from_raw_os_error)
}

/// Metadata of the target, if it exists.
fn existing(target: &Path) -> io::Result<Option<Metadata>> {
    match fs::symlink_metadata(target) {
        Ok(metadata) => files::check_regular(&metadata).map(|()| Some(metadata)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

#[cfg(unix)]
fn keep_permissions(file: &File, existing: &Metadata) -> io::Result<()> {
    use std::os::unix::fs::{MetadataExt, fchown};

    let made = file.metadata()?;
    if (made.uid(), made.gid()) != (existing.uid(), existing.gid()) {
        // Only some may give a file away; whoever may not becomes its owner.
        let _ = fchown(file, Some(existing.uid()), Some(existing.gid()));
    }
    file.set_permissions(existing.permissions())
}

#[cfg(not(unix))]
fn keep_permissions(_: &File, _: &Metadata) -> io::Result<()> {
    Ok(())
}

/// Syncs the parent directory of a file to disk, because syncing the file does not include its directory entry. Does
/// nothing on systems that cannot sync a directory.
#[cfg(unix)]
pub fn sync_parent(path: &Path) -> io::Result<()> {
    let synced = File::open(parts(path).0).and_then(|directory| directory.sync_all());
    let cannot = [io::ErrorKind::InvalidInput, io::ErrorKind::Unsupported, io::ErrorKind::PermissionDenied];
    synced.or_else(|error| if cannot.contains(&error.kind()) { Ok(()) } else { Err(error) })
}

/// Does nothing: this system cannot sync a directory.
#[cfg(not(unix))]
pub fn sync_parent(_path: &Path) -> io::Result<()> {
    Ok(())
}

/// Removes temporary files of this target that killed processes left behind. Errors are ignored.
pub fn remove_unfinished(path: &Path) {
    let Ok(target) = target(path) else { return };
    let (directory, name) = parts(&target);
    let begins = prefix(name);
    let Ok(entries) = fs::read_dir(directory) else { return };
    for entry in entries.flatten() {
        let is_unfinished =
            |found: &str| found.strip_prefix(&begins).is_some_and(|rest| rest.ends_with(UNFINISHED));
        if entry.file_name().to_str().is_some_and(is_unfinished) {
            let _ = fs::remove_file(entry.path());
        }
    }
}

/// Prefix of the names of temporary files, short enough to leave room for the random part.
fn prefix(name: &str) -> String {
    let end = (0..=MAX_PREFIX.min(name.len())).rev().find(|end| name.is_char_boundary(*end));
    format!("{}.", &name[..end.unwrap_or_default()])
}

fn parts(path: &Path) -> (&Path, &str) {
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    (directory, path.file_name().and_then(|name| name.to_str()).unwrap_or_default())
}

#[cfg(test)]
mod tests;
