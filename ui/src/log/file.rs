//! The file of the log: when it is full it becomes an older one, of which a few are kept.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

use clacks_p2p::node::files::mode_open_to_others;
use rustix::fs::OFlags;

/// Older files that are kept beside the newest, as FILE.1 and so on.
pub(super) const KEPT: u32 = 2;
/// Nobody else is to read what passed through the node.
const MODE: u32 = 0o600;

/// A log file that is bounded in size together with the older ones.
#[derive(Debug)]
pub(super) struct LogFile(Mutex<Open>);

#[derive(Debug)]
struct Open {
    path: PathBuf,
    file: File,
    size: u64,
    /// Size in bytes at which a file is full; `None` for what is no regular file, such as a terminal or a pipe.
    full_at: Option<u64>,
}

impl LogFile {
    /// Opens the file, which need not exist, to be written on at its end. Also returns its mode if it was there already
    /// and others can read it.
    pub(super) fn open(path: &Path, full_at: u64) -> io::Result<(Self, Option<u32>)> {
        let file = open(path)?;
        let metadata = file.metadata()?;
        // A link stays a link to the newest file.
        let path = fs::canonicalize(path)?;
        let is_regular = metadata.is_file();
        let open_to_others = mode_open_to_others(&metadata, 0o077).filter(|_| is_regular);
        let full_at = is_regular.then_some(full_at);
        Ok((Self(Mutex::new(Open { path, file, size: metadata.len(), full_at })), open_to_others))
    }
}

/// Each call writes a whole line.
impl Write for &LogFile {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if open.full_at.is_some_and(|full_at| open.size > 0 && open.size + line.len() as u64 > full_at) {
            open.turn()?;
        }
        let written = open.file.write(line)?;
        open.size += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Open {
    /// Makes this file an older one and begins the next. Where that can't be done, this one is begun anew: a log without
    /// an end would fill the disk.
    fn turn(&mut self) -> io::Result<()> {
        match set_aside(&self.path).and_then(|()| open(&self.path)) {
            Ok(file) => self.file = file,
            Err(_) => self.file.set_len(0)?,
        }
        self.size = self.file.metadata()?.len();
        Ok(())
    }
}

fn open(path: &Path) -> io::Result<File> {
    // Where nobody reads a pipe, opening it would wait.
    let flags = OFlags::NONBLOCK.bits().cast_signed();
    OpenOptions::new().append(true).create(true).mode(MODE).custom_flags(flags).open(path)
}

/// Moves every file on by one number; the oldest goes.
fn set_aside(path: &Path) -> io::Result<()> {
    for number in (0..KEPT).rev() {
        match fs::rename(numbered(path, number), numbered(path, number + 1)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(())
}

fn numbered(path: &Path, number: u32) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    if number > 0 {
        name.push(format!(".{number}"));
    }
    name.into()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    const FULL_AT: u64 = 1000;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    fn write(mut log: &LogFile, lines: std::ops::Range<u32>) {
        lines.for_each(|number| log.write_all(format!("line {number:05}\n").as_bytes()).unwrap());
    }

    #[test]
    fn however_much_is_logged_a_few_files_hold_the_newest_for_their_owner_alone() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("log");
        let (log, warning) = LogFile::open(&path, FULL_AT).unwrap();
        assert_eq!(warning, None);
        write(&log, 0..10_000);
        let files: Vec<_> =
            fs::read_dir(directory.path()).unwrap().map(|entry| entry.unwrap().path()).collect();
        assert_eq!(files.len(), 1 + KEPT as usize);
        for file in &files {
            assert!(fs::metadata(file).unwrap().len() <= FULL_AT, "{file:?}");
            assert_eq!(mode(file), 0o600, "{file:?}");
        }
        let newest = fs::read_to_string(&path).unwrap();
        let older = fs::read_to_string(numbered(&path, 1)).unwrap();
        assert!(newest.ends_with("line 09999\n") && older.len() as u64 > FULL_AT - 20);
        let all = fs::read_to_string(numbered(&path, 2)).unwrap() + &older + &newest;
        let first: u32 = all[5..10].parse().unwrap();
        let numbers: Vec<u32> = all.lines().map(|line| line[5..].parse().unwrap()).collect();
        assert!(numbers == (first..10_000).collect::<Vec<_>>(), "without a gap");
    }

    #[test]
    fn a_file_that_is_there_is_written_on_and_keeps_its_mode() {
        let directory = tempfile::tempdir().unwrap();
        let (path, link) = (directory.path().join("log"), directory.path().join("link"));
        fs::write(&path, "before\n").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        std::os::unix::fs::symlink(&path, &link).unwrap();
        let (log, warning) = LogFile::open(&link, FULL_AT).unwrap();
        assert_eq!((warning, mode(&path)), (Some(0o644), 0o644));
        write(&log, 0..1);
        assert_eq!(fs::read_to_string(&link).unwrap(), "before\nline 00000\n");
        write(&log, 1..200);
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert!(fs::read_to_string(&link).unwrap().ends_with("line 00199\n"));
        assert_eq!(mode(&path), 0o600, "the next is new");
    }

    #[test]
    fn where_no_older_file_can_be_the_log_begins_anew() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("log");
        let (log, _) = LogFile::open(&path, FULL_AT).unwrap();
        fs::create_dir_all(numbered(&path, 1).join("in the way")).unwrap();
        fs::create_dir_all(numbered(&path, 2).join("in the way")).unwrap();
        write(&log, 0..1000);
        assert!(fs::metadata(&path).unwrap().len() <= FULL_AT);
        assert!(fs::read_to_string(&path).unwrap().ends_with("line 00999\n"));
    }

    #[test]
    fn a_pipe_that_nobody_reads_is_an_error_and_a_device_is_never_full() {
        let directory = tempfile::tempdir().unwrap();
        let pipe = directory.path().join("pipe");
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        assert!(LogFile::open(&pipe, FULL_AT).is_err());
        let (log, warning) = LogFile::open(Path::new("/dev/null"), FULL_AT).unwrap();
        write(&log, 0..1000);
        assert_eq!(warning, None);
    }
}
