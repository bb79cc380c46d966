//! The files of a recording. The newest has the plain name; older ones have a number from 1 to `KEPT` as a suffix.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, BufRead, BufReader, BufWriter, Read, Write},
    path::{Path, PathBuf},
};

use clacks_language::command::argument::Existing;
use clacks_text::file_error;
use clacks_transport::files::{check_directory_of, target};

/// Maximum number of older files beside the newest. The oldest is deleted.
pub(crate) const KEPT: u32 = 4;

/// First characters of every recording of version 2.
pub(crate) const BEGINNING: &str = r#"{"hello":{"version":2,"#;

/// First characters of recordings of version 1. They are no longer written, but `:record!` may overwrite them.
pub(crate) const BEGINNING_OF_VERSION_1: &str = r#"{"clacks":"recording","version":"#;

/// Bytes gathered before they are written.
const BUFFER: usize = 64 << 10;

/// Reason why a file cannot be recorded to.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// The file system refused an operation.
    #[error("cannot write {}: {error}", path.display())]
    Io {
        /// The file or directory.
        path: PathBuf,
        /// The cause.
        error: io::Error,
    },
    /// Another kind of file has the name. Such a file is never overwritten.
    #[error("{} is there already and is no recording; name another file", .0.display())]
    Foreign(PathBuf),
    /// A recording has the name, and it was to be kept.
    #[error("{0} is a recording already; :record! {0} overwrites it")]
    Exists(String),
}

/// Writer of a recording and its older files.
#[derive(Debug)]
pub(crate) struct Files {
    path: PathBuf,
    file: BufWriter<File>,
    /// Bytes behind the first line of this file.
    in_file: u64,
    /// Bytes in all files.
    total: u64,
    /// From so many bytes on a file is full.
    most: u64,
    is_flushed: bool,
}

impl Files {
    /// Creates the file, readable only by its owner. A symbolic link is followed: its target is written, and older
    /// files are next to that.
    ///
    /// A file is full from a size of `most` bytes on.
    pub(crate) fn create(path: &Path, existing: Existing, most: u64) -> Result<Self, FileError> {
        let (path, is_there) = &place(path, existing)?;
        match existing {
            Existing::Rotate if *is_there => rename_older(path)?,
            Existing::Overwrite if *is_there => fs::remove_file(path).map_err(at(path))?,
            _ => {}
        }
        let file = new_file(path)?;
        Ok(Self { path: path.to_owned(), file, in_file: 0, total: 0, most, is_flushed: true })
    }

    /// Checks whether [`create`](Self::create) would fail, without creating anything.
    pub(crate) fn check(path: &Path, existing: Existing) -> Result<(), FileError> {
        place(path, existing).map(drop)
    }

    /// Writes the first lines of a file. They do not count towards the file's size limit, because a large state could
    /// exceed it alone; then every event would begin a new file.
    pub(crate) fn begin(&mut self, lines: &[&[u8]]) -> Result<(), FileError> {
        lines.iter().try_for_each(|line| self.write(line))?;
        self.in_file = 0;
        Ok(())
    }

    /// Writes one line. It is buffered until [`flush`](Self::flush).
    pub(crate) fn write(&mut self, line: &[u8]) -> Result<(), FileError> {
        let written = self.file.write_all(line).and_then(|()| self.file.write_all(b"\n"));
        written.map_err(at(&self.path))?;
        let bytes = line.len() as u64 + 1;
        (self.in_file, self.total, self.is_flushed) = (self.in_file + bytes, self.total + bytes, false);
        Ok(())
    }

    /// Whether the file has reached its size limit.
    pub(crate) fn is_full(&self) -> bool {
        self.in_file >= self.most
    }

    /// Bytes written, including those in older files.
    pub(crate) fn total(&self) -> u64 {
        self.total
    }

    pub(crate) fn is_flushed(&self) -> bool {
        self.is_flushed
    }

    /// Writes the buffered lines to the file.
    pub(crate) fn flush(&mut self) -> Result<(), FileError> {
        self.is_flushed = true;
        self.file.flush().map_err(at(&self.path))
    }

    /// Rotates the files: this file gets the suffix `.1`, and a new one is created.
    pub(crate) fn rotate(&mut self) -> Result<(), FileError> {
        self.flush()?;
        check_numbered(&self.path)?;
        // Somebody else may have put another file there meanwhile.
        if is_recording(&self.path)? {
            rename_older(&self.path)?;
        }
        self.file = new_file(&self.path)?;
        self.in_file = 0;
        Ok(())
    }
}

/// The file that is written, at the end of all links, and whether a recording is there; or why none can be written.
/// Whoever checks and whoever records ask here.
fn place(path: &Path, existing: Existing) -> Result<(PathBuf, bool), FileError> {
    let path = target(path).map_err(at(path))?;
    check_numbered(&path)?;
    let is_there = is_recording(&path)?;
    if is_there && existing == Existing::Refuse {
        return Err(FileError::Exists(path.display().to_string()));
    }
    check_directory_of(&path).map_err(at(&path))?;
    Ok((path, is_there))
}

fn at(path: &Path) -> impl FnOnce(io::Error) -> FileError + use<> {
    let path = path.to_owned();
    move |error| FileError::Io { path, error: file_error::writing(error) }
}

/// The name of an older file: the path with `.` and the number appended.
pub(crate) fn numbered(path: &Path, number: u32) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{number}"));
    name.into()
}

/// Only what is a recording may give way to one.
fn check_numbered(path: &Path) -> Result<(), FileError> {
    (1..=KEPT).try_for_each(|number| is_recording(&numbered(path, number)).map(drop))
}

/// Moves every file on by one number; the oldest goes.
fn rename_older(path: &Path) -> Result<(), FileError> {
    for number in (0..KEPT).rev() {
        let from = if number == 0 { path.to_owned() } else { numbered(path, number) };
        match fs::rename(&from, numbered(path, number + 1)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(at(&from)(error)),
            _ => {}
        }
    }
    Ok(())
}

/// Only its owner may read what passed through his node.
fn new_file(path: &Path) -> Result<BufWriter<File>, FileError> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    Ok(BufWriter::with_capacity(BUFFER, options.open(path).map_err(at(path))?))
}

/// Whether there is a recording; an error if there is anything else.
fn is_recording(path: &Path) -> Result<bool, FileError> {
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(at(path)(error)),
        Ok(metadata) if !metadata.is_file() => return Err(FileError::Foreign(path.to_owned())),
        Ok(_) => {}
    }
    let beginnings = [BEGINNING, BEGINNING_OF_VERSION_1];
    let longest = beginnings.iter().map(|beginning| beginning.len()).max().unwrap_or_default();
    let mut beginning = Vec::new();
    let file = BufReader::new(File::open(path).map_err(at(path))?);
    file.take(longest as u64).read_until(b'\n', &mut beginning).map_err(at(path))?;
    let is_recording = beginnings.iter().any(|start| beginning.starts_with(start.as_bytes()));
    if is_recording { Ok(true) } else { Err(FileError::Foreign(path.to_owned())) }
}
