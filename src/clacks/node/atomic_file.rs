//! Files that are written beside and renamed into place, so that they are read whole or not at all.

use std::{
    fs::{self, File, Metadata},
    io::{self, Write},
    path::{Path, PathBuf},
};

use tempfile::NamedTempFile;

use super::files;

/// The end of the name of a file that is not finished.
const UNFINISHED: &str = ".unfinished";
/// Maximum length in bytes of the part of the name that an unfinished file has of its target's.
const MAX_PREFIX: usize = 200;
/// Maximum number of links that lead from one to the next, as on Linux.
const MAX_LINKS: usize = 40;

/// Who can use a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Only its owner: mode 0600 on Unix, whatever mode a file that is replaced has. Missing directories are created,
    /// for their owner only.
    Private,
    /// Whoever the umask allows, or whoever could use the file that is replaced: its mode and, where the system permits
    /// that, its owner are kept. The directory must exist.
    Shared,
}

/// A file that is being written beside its target. It takes the target's place at once with [`replace`](Self::replace)
/// or [`create_new`](Self::create_new); dropped before that, it is removed and the target stays as it is.
///
/// A target that is a symbolic link stays one: the file that it leads to is replaced or created, in its own directory.
#[derive(Debug)]
pub struct AtomicFile {
    target: PathBuf,
    file: NamedTempFile,
}

impl AtomicFile {
    /// Begins to write a file.
    ///
    /// # Errors
    /// The directory cannot be written to or is missing, or the target is something else than a regular file.
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

    /// Puts the file in the place of the one that is there, if one is. It is on the disk when this returns.
    ///
    /// # Errors
    /// The file cannot be written or renamed; the target is as it was then.
    pub fn replace(self) -> io::Result<()> {
        self.file.as_file().sync_all()?;
        self.file.persist(&self.target).map_err(|error| error.error)?;
        sync_directory_of(&self.target)
    }

    /// Puts the file where there is none.
    ///
    /// # Errors
    /// As for [`replace`](Self::replace), and [`io::ErrorKind::AlreadyExists`] if there is a file by now.
    pub fn create_new(self) -> io::Result<()> {
        self.file.as_file().sync_all()?;
        self.file.persist_noclobber(&self.target).map_err(|error| error.error)?;
        sync_directory_of(&self.target)
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

/// Writes a file whole, in the place of one that is there.
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

/// Writes a file whole where there is none. A link that leads to no file counts as none.
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

/// The path that a chain of symbolic links ends at; `path` itself if it is no link. Nothing needs to exist there.
///
/// # Errors
/// A link cannot be read, or the links lead round in a circle.
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

/// What the system says, without the path of the unfinished file that tempfile adds.
fn without_path(error: io::Error) -> io::Error {
    if error.raw_os_error().is_some() {
        return error;
    }
    // The number of the error is in the text alone.
    let text = error.to_string();
    let number = text.split_once("(os error ").and_then(|(_, rest)| rest.split_once(')')?.0.parse().ok());
    number.map_or(error, io::Error::from_raw_os_error)
}

/// What is at the target, if anything is.
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

/// Brings the entry of this file in its directory to the disk, which syncing the file does not include. Where the system
/// cannot do that for a directory, nothing is done.
#[cfg(unix)]
pub(super) fn sync_directory_of(path: &Path) -> io::Result<()> {
    let synced = File::open(parts(path).0).and_then(|directory| directory.sync_all());
    let cannot = [io::ErrorKind::InvalidInput, io::ErrorKind::Unsupported, io::ErrorKind::PermissionDenied];
    synced.or_else(|error| if cannot.contains(&error.kind()) { Ok(()) } else { Err(error) })
}

#[cfg(not(unix))]
pub(super) fn sync_directory_of(_path: &Path) -> io::Result<()> {
    Ok(())
}

/// Removes the unfinished files of processes that were killed. What cannot be removed stays.
pub(super) fn sweep(path: &Path) {
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

/// The beginning of the names of unfinished files, so short that the rest fits behind it.
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
