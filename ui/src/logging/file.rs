//! The log file with a maximum size. A full file is rotated; a few older files are kept.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    os::unix::fs::{MetadataExt, OpenOptionsExt},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use clacks_p2p::node::files::mode_open_to_others;
use clacks_session::lost_lines::Lost;
use rustix::fs::OFlags;

/// Number of older files, named FILE.old.1 and so on.
pub(crate) const KEPT: u32 = 2;
/// Readable only by the owner, because the log has the node's traffic.
const MODE: u32 = 0o600;

/// A log file with rotation.
#[derive(Debug)]
pub(crate) struct LogFile {
    open: Mutex<Open>,
    /// Counts the lines that could not be written.
    lost: Arc<Lost>,
}

#[derive(Debug)]
struct Open {
    path: PathBuf,
    file: File,
    /// Maximum size in bytes; `None` for no limit, and for special files such as terminals and pipes.
    max_size: Option<u64>,
}

impl LogFile {
    /// Opens the file for appending and creates it if it is missing. The second value is the mode of an existing file
    /// that others can read. Without a maximum size the file is never rotated.
    pub(crate) fn open(path: &Path, max_size: Option<u64>) -> io::Result<(Self, Option<u32>)> {
        let file = open(path)?;
        let metadata = file.metadata()?;
        // A symbolic link keeps pointing to the newest file.
        let path = fs::canonicalize(path)?;
        let is_regular = metadata.is_file();
        let open_to_others = mode_open_to_others(&metadata, 0o077).filter(|_| is_regular);
        let max_size = max_size.filter(|_| is_regular);
        let open = Mutex::new(Open { path, file, max_size });
        Ok((Self { open, lost: Arc::default() }, open_to_others))
    }

    pub(crate) fn lost(&self) -> &Arc<Lost> {
        &self.lost
    }
}

/// Each call writes one line.
impl Write for &LogFile {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.write(line).inspect_err(|error| self.lost.note(error))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Open {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        if let Some(max_size) = self.max_size {
            self.make_room(line.len() as u64, max_size)?;
        }
        self.file.write(line)
    }

    /// Rotates the file if the line does not fit. If rotation fails, the file is truncated, because a log without a
    /// bound would fill the disk.
    fn make_room(&mut self, line: u64, max_size: u64) -> io::Result<()> {
        // The current size, because another program can have truncated the file.
        if fits(&self.file, line, max_size)? {
            return Ok(());
        }
        // A file that another program has renamed is not rotated again.
        if !self.is_in_place() {
            self.file = open(&self.path)?;
            if fits(&self.file, line, max_size)? {
                return Ok(());
            }
        }
        match replaced(&self.path) {
            Ok(file) => self.file = file,
            Err(_) => self.file.set_len(0)?,
        }
        Ok(())
    }

    /// Whether the path still leads to the open file.
    fn is_in_place(&self) -> bool {
        let identity = |metadata: &fs::Metadata| (metadata.dev(), metadata.ino());
        let (here, there) = (self.file.metadata(), fs::metadata(&self.path));
        matches!((&here, &there), (Ok(here), Ok(there)) if identity(here) == identity(there))
    }
}

/// Whether the line fits into the file. A line longer than the maximum fits into an empty file.
fn fits(file: &File, line: u64, max_size: u64) -> io::Result<bool> {
    let size = file.metadata()?.len();
    Ok(size == 0 || size + line <= max_size)
}

fn open(path: &Path) -> io::Result<File> {
    // Without this flag, opening a pipe without a reader would block.
    let flags = OFlags::NONBLOCK.bits().cast_signed();
    OpenOptions::new().append(true).create(true).mode(MODE).custom_flags(flags).open(path)
}

/// Rotates the file and returns a new one at its path. On an error the file stays where it was.
fn replaced(path: &Path) -> io::Result<File> {
    // The new file is opened first, because after the rename no step that is likely to fail may remain.
    let new = numbered(path, 0);
    ignore_missing(fs::remove_file(&new))?;
    let file = OpenOptions::new().append(true).create_new(true).mode(MODE).open(&new)?;
    if let Err(error) = set_aside(path) {
        let _ = fs::remove_file(&new);
        return Err(error);
    }
    // If this fails, lines go to the new file under its temporary name until it is full.
    let _ = fs::rename(&new, path);
    Ok(file)
}

/// Renames the file and each older one to the next number. The oldest file is overwritten.
fn set_aside(path: &Path) -> io::Result<()> {
    for number in (1..KEPT).rev() {
        ignore_missing(fs::rename(numbered(path, number), numbered(path, number + 1)))?;
    }
    fs::rename(path, numbered(path, 1))
}

fn ignore_missing(result: io::Result<()>) -> io::Result<()> {
    result.or_else(|error| if error.kind() == io::ErrorKind::NotFound { Ok(()) } else { Err(error) })
}

/// The name of an older file. Number 0 is the temporary name of the new file. `FILE.1` is not used, because programs
/// such as logrotate use it.
fn numbered(path: &Path, number: u32) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".old.{number}"));
    name.into()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    const MAX_SIZE: u64 = 1000;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    fn write(mut log: &LogFile, lines: std::ops::Range<u32>) {
        lines.for_each(|number| log.write_all(format!("line {number:05}\n").as_bytes()).unwrap());
    }

    #[test]
    fn a_few_private_files_hold_the_newest_lines() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("log");
        let (log, warning) = LogFile::open(&path, Some(MAX_SIZE)).unwrap();
        assert_eq!(warning, None);
        write(&log, 0..10_000);
        let files: Vec<_> =
            fs::read_dir(directory.path()).unwrap().map(|entry| entry.unwrap().path()).collect();
        assert_eq!(files.len(), 1 + KEPT as usize);
        for file in &files {
            assert!(fs::metadata(file).unwrap().len() <= MAX_SIZE, "{file:?}");
            assert_eq!(mode(file), 0o600, "{file:?}");
        }
        let newest = fs::read_to_string(&path).unwrap();
        let older = fs::read_to_string(numbered(&path, 1)).unwrap();
        assert!(newest.ends_with("line 09999\n") && older.len() as u64 > MAX_SIZE - 20);
        let all = fs::read_to_string(numbered(&path, 2)).unwrap() + &older + &newest;
        let first: u32 = all[5..10].parse().unwrap();
        let numbers: Vec<u32> = all.lines().map(|line| line[5..].parse().unwrap()).collect();
        assert!(numbers == (first..10_000).collect::<Vec<_>>(), "without a gap");
    }

    #[test]
    fn an_existing_file_is_appended_to_and_keeps_its_mode() {
        let directory = tempfile::tempdir().unwrap();
        let (path, link) = (directory.path().join("log"), directory.path().join("link"));
        fs::write(&path, "before\n").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        std::os::unix::fs::symlink(&path, &link).unwrap();
        let (log, warning) = LogFile::open(&link, Some(MAX_SIZE)).unwrap();
        assert_eq!((warning, mode(&path)), (Some(0o644), 0o644));
        write(&log, 0..1);
        assert_eq!(fs::read_to_string(&link).unwrap(), "before\nline 00000\n");
        write(&log, 1..200);
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert!(fs::read_to_string(&link).unwrap().ends_with("line 00199\n"));
        assert_eq!(mode(&path), 0o600, "the next is new");
    }

    #[test]
    fn without_a_place_for_older_files_the_log_is_truncated() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("log");
        let (log, _) = LogFile::open(&path, Some(MAX_SIZE)).unwrap();
        fs::create_dir_all(numbered(&path, 1).join("in the way")).unwrap();
        fs::create_dir_all(numbered(&path, 2).join("in the way")).unwrap();
        write(&log, 0..1000);
        assert!(fs::metadata(&path).unwrap().len() <= MAX_SIZE);
        assert!(fs::read_to_string(&path).unwrap().ends_with("line 00999\n"));
    }

    #[test]
    fn a_pipe_without_a_reader_is_an_error_and_a_device_is_never_full() {
        let directory = tempfile::tempdir().unwrap();
        let pipe = directory.path().join("pipe");
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        assert!(LogFile::open(&pipe, Some(MAX_SIZE)).is_err());
        let (log, warning) = LogFile::open(Path::new("/dev/null"), Some(MAX_SIZE)).unwrap();
        write(&log, 0..1000);
        assert_eq!(warning, None);
    }

    #[test]
    fn files_of_another_program_are_neither_replaced_nor_renamed() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("log");
        let foreign = [1, 2].map(|number| directory.path().join(format!("log.{number}")));
        foreign.iter().for_each(|path| fs::write(path, "archived").unwrap());
        let (log, _) = LogFile::open(&path, Some(MAX_SIZE)).unwrap();
        write(&log, 0..200);
        // As logrotate does with `create`.
        let moved = directory.path().join("log.3");
        fs::rename(&path, &moved).unwrap();
        fs::write(&path, "").unwrap();
        write(&log, 200..400);
        assert!(foreign.iter().all(|path| fs::read(path).unwrap() == b"archived"));
        assert!(fs::read_to_string(&moved).unwrap().contains("line 00199\n"));
        assert!(fs::metadata(&moved).unwrap().len() <= MAX_SIZE);
        assert!(fs::read_to_string(&path).unwrap().ends_with("line 00399\n"));
    }

    #[test]
    fn a_file_that_another_program_truncates_is_not_full() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("log");
        let (log, _) = LogFile::open(&path, Some(MAX_SIZE)).unwrap();
        for round in 0..10 {
            write(&log, 0..60);
            File::options().write(true).open(&path).unwrap().set_len(0).unwrap();
            assert!(!numbered(&path, 1).exists(), "round {round}");
        }
    }

    #[test]
    fn without_a_maximum_size_a_file_is_never_renamed() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("log");
        let (log, _) = LogFile::open(&path, None).unwrap();
        write(&log, 0..1000);
        assert_eq!(fs::read_to_string(&path).unwrap().lines().count(), 1000);
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
    }

    #[test]
    fn failed_rotation_keeps_the_older_files() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("log");
        let (log, _) = LogFile::open(&path, Some(MAX_SIZE)).unwrap();
        write(&log, 0..150);
        let older = fs::read_to_string(numbered(&path, 1)).unwrap();
        fs::create_dir_all(numbered(&path, 0).join("in the way")).unwrap();
        write(&log, 150..200);
        assert_eq!(fs::read_to_string(numbered(&path, 1)).unwrap(), older);
        assert!(!numbered(&path, 2).exists());
        assert!(fs::read_to_string(&path).unwrap().ends_with("line 00199\n"));
    }

    #[test]
    fn lines_lost_on_a_full_disk_are_counted_with_the_reason() {
        let (log, _) = LogFile::open(Path::new("/dev/full"), Some(MAX_SIZE)).unwrap();
        assert_eq!(log.lost().count(), None);
        for _ in 0..3 {
            assert!((&log).write_all(b"line\n").is_err());
        }
        let lost = log.lost().count().unwrap();
        assert_eq!(lost.lines, 3);
        assert!(
            lost.summary().starts_with("3 lines of the log could not be written: No space left"),
            "{lost:?}"
        );
    }
}
