//! The history of the input in a file.
//!
//! A line of the file is a line of the history, in which line breaks and backslashes are written as `\n`, `\r` and
//! `\\`. Only the user can read the file. Several programs may write to it: each locks the directory while it writes.

use std::{
    fs::{File, OpenOptions, Permissions},
    io::{self, Read, Seek, SeekFrom, Write},
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context, bail};
use clacks_text::file_error;
use clacks_transport::files;
use rustix::fs::{FlockOperation, OFlags, flock};
use tokio::{sync::mpsc, task::JoinHandle};

use crate::state::input_history::{MAX_LINE_BYTES, MAX_LINES};

/// Access rights of the file: the user only.
const MODE: u32 = 0o600;
/// Maximum bytes read from the end of the file.
const MAX_READ_BYTES: u64 = (MAX_LINES * MAX_LINE_BYTES) as u64;
/// Capacity of the queue of the writer.
const QUEUE_CAPACITY: usize = 64;
/// Maximum time to wait for the writer at the end.
const FINISH_TIMEOUT: Duration = Duration::from_secs(1);
/// Number of lines at which the file is truncated to the newest.
const TRUNCATE_AT: usize = 2 * MAX_LINES;

/// The history file.
#[derive(Debug)]
pub(crate) struct HistoryFile {
    path: PathBuf,
    /// Number of lines in the file, as far as known to this program.
    lines: usize,
}

impl HistoryFile {
    /// Opens the file, which need not exist. Returns it with its newest lines, oldest first.
    pub(crate) fn open(path: &Path) -> anyhow::Result<(Self, Vec<String>)> {
        let context = || format!("the history in {} can't be read", path.display());
        let mut lines =
            read(path).map_err(|error| with_plain_words(error, file_error::reading)).with_context(context)?;
        let number = lines.len();
        lines.drain(..number.saturating_sub(MAX_LINES));
        Ok((Self { path: path.to_owned(), lines: number }, lines))
    }

    /// Appends a line.
    pub(crate) fn append(&mut self, line: &str) -> anyhow::Result<()> {
        let context = || format!("the history in {} can't be written", self.path.display());
        let written = append(&self.path, line, self.lines);
        let lines =
            written.map_err(|error| with_plain_words(error, file_error::writing)).with_context(context)?;
        self.lines = lines;
        Ok(())
    }
}

/// Writes lines on a blocking thread, so that the event loop does not wait for the disk.
#[derive(Debug)]
pub(crate) struct HistoryWriter {
    lines: mpsc::Sender<String>,
    task: JoinHandle<()>,
}

impl HistoryWriter {
    /// Starts the writer. On the first error it calls `complain` and stops.
    pub(crate) fn new(mut file: HistoryFile, complain: impl FnOnce(String) + Send + 'static) -> Self {
        let (lines, mut written) = mpsc::channel::<String>(QUEUE_CAPACITY);
        let task = tokio::task::spawn_blocking(move || {
            while let Some(line) = written.blocking_recv() {
                if let Err(error) = file.append(&line) {
                    complain(format!("{error:#}; no more is kept"));
                    return;
                }
            }
        });
        Self { lines, task }
    }

    /// Queues a line. Drops it if the queue is full because the disk is stuck.
    pub(crate) fn enqueue(&self, line: String) {
        // Losing a line of the history is acceptable.
        let _ = self.lines.try_send(line);
    }

    /// Waits until all lines are written, for a limited time.
    pub(crate) async fn finish(self) {
        drop(self.lines);
        let _ = tokio::time::timeout(FINISH_TIMEOUT, self.task).await;
    }
}

/// Replaces an I/O error by its plain description.
fn with_plain_words(error: anyhow::Error, words: fn(io::Error) -> io::Error) -> anyhow::Error {
    error.downcast().map_or_else(|other| other, |error| words(error).into())
}

fn append(path: &Path, line: &str, lines: usize) -> anyhow::Result<usize> {
    // Lock the directory of the target, so that writers through a symbolic link use the same lock.
    let path = &files::target(path)?;
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    files::create_private_directory(directory)?;
    let _lock = lock(directory);
    // Opening a pipe must not block.
    let flags = OFlags::NONBLOCK.bits().cast_signed();
    let mut file =
        OpenOptions::new().append(true).read(true).create(true).mode(MODE).custom_flags(flags).open(path)?;
    if !file.metadata()?.is_file() {
        bail!("it is not a file");
    }
    // An older file may be readable by others.
    file.set_permissions(Permissions::from_mode(MODE))?;
    let ended = if ends_with_newline(&mut file)? { "" } else { "\n" };
    // Write in one piece, so that concurrent writes of a program without the lock do not interleave.
    file.write_all(format!("{ended}{}\n", encode(line)).as_bytes())?;
    if lines < TRUNCATE_AT {
        return Ok(lines + 1);
    }
    truncate(path)
}

/// Locks the directory until the returned file is closed. Some network file systems cannot lock; then the history is
/// written without a lock.
fn lock(directory: &Path) -> Option<File> {
    let directory = File::open(directory).ok()?;
    flock(&directory, FlockOperation::LockExclusive).ok()?;
    Some(directory)
}

/// Whether the file ends with a newline. A truncated last line must not be joined with the next one.
fn ends_with_newline(file: &mut File) -> io::Result<bool> {
    if file.seek(SeekFrom::End(0))? == 0 {
        return Ok(true);
    }
    file.seek(SeekFrom::End(-1))?;
    let mut last = [0];
    file.read_exact(&mut last)?;
    Ok(last == *b"\n")
}

/// Replaces the file by one with only the newest lines. Returns their number.
fn truncate(path: &Path) -> anyhow::Result<usize> {
    let lines = read(path)?;
    let kept = &lines[lines.len().saturating_sub(MAX_LINES)..];
    let text: String = kept.iter().map(|line| encode(line) + "\n").collect();
    files::write_whole(path, files::Access::Private, |file| file.write_all(text.as_bytes()))?;
    Ok(kept.len())
}

/// Reads the lines at the end of the file. Skips lines that are not UTF-8.
fn read(path: &Path) -> anyhow::Result<Vec<String>> {
    let mut file = match files::open_regular(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        file => file?,
    };
    let length = file.metadata()?.len();
    let skipped = length.saturating_sub(MAX_READ_BYTES);
    file.seek(SeekFrom::Start(skipped))?;
    let mut bytes = Vec::new();
    file.take(MAX_READ_BYTES).read_to_end(&mut bytes)?;
    // If the start was skipped, the first line is incomplete.
    let bytes = if skipped > 0 { &bytes[..] } else { files::without_mark(&bytes) };
    let lines = bytes.split(|byte| *byte == b'\n').skip(usize::from(skipped > 0));
    // `\r` at the end comes from an editor: a line break inside a line is escaped.
    let lines = lines.map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    let is_kept = |line: &&str| !line.is_empty() && line.len() <= 2 * MAX_LINE_BYTES;
    Ok(lines.filter_map(|line| str::from_utf8(line).ok()).filter(is_kept).map(decode).collect())
}

fn encode(line: &str) -> String {
    line.replace('\\', "\\\\").replace('\n', "\\n").replace('\r', "\\r")
}

fn decode(line: &str) -> String {
    let mut text = String::with_capacity(line.len());
    let mut rest = line.chars();
    while let Some(character) = rest.next() {
        if character != '\\' {
            text.push(character);
            continue;
        }
        match rest.next() {
            Some('n') => text.push('\n'),
            Some('r') => text.push('\r'),
            Some('\\') | None => text.push('\\'),
            Some(other) => text.extend(['\\', other]),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::MetadataExt, thread};

    use proptest::prelude::*;

    use super::*;

    fn place() -> (tempfile::TempDir, PathBuf) {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("kept").join("history");
        (directory, path)
    }

    fn lines(path: &Path) -> Vec<String> {
        HistoryFile::open(path).unwrap().1
    }

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().mode() & 0o777
    }

    #[test]
    fn the_history_persists_and_is_private() {
        let (_directory, path) = place();
        let (mut file, before) = HistoryFile::open(&path).unwrap();
        assert_eq!(before, [""; 0]);
        let sent = ["hello", "two\nlines", r"C:\new", ":add a:1"];
        sent.iter().for_each(|line| file.append(line).unwrap());
        assert_eq!(lines(&path), sent);
        assert_eq!((mode(&path), mode(path.parent().unwrap())), (0o600, 0o700));
        fs::set_permissions(&path, Permissions::from_mode(0o644)).unwrap();
        file.append("private").unwrap();
        assert_eq!(mode(&path), 0o600);
    }

    #[test]
    fn the_file_is_truncated_to_the_newest_lines() {
        let (_directory, path) = place();
        let (mut file, _) = HistoryFile::open(&path).unwrap();
        (0..=TRUNCATE_AT).for_each(|number| file.append(&number.to_string()).unwrap());
        let kept = fs::read_to_string(&path).unwrap();
        assert_eq!(kept.lines().count(), MAX_LINES);
        assert_eq!(lines(&path).last().unwrap(), &TRUNCATE_AT.to_string());
        assert_eq!(mode(&path), 0o600);
        (0..MAX_LINES / 2).for_each(|number| file.append(&number.to_string()).unwrap());
        assert_eq!(lines(&path).len(), MAX_LINES, "no more are read");
    }

    #[test]
    fn truncation_keeps_a_symbolic_link() {
        for target in ["../elsewhere", "../not yet/there"] {
            let (_directory, path) = place();
            let made = path.parent().unwrap();
            fs::create_dir(made).unwrap();
            std::os::unix::fs::symlink(target, &path).unwrap();
            let (mut file, _) = HistoryFile::open(&path).unwrap();
            (0..=TRUNCATE_AT).for_each(|number| file.append(&number.to_string()).unwrap());
            assert!(fs::symlink_metadata(&path).unwrap().is_symlink());
            let target = fs::canonicalize(made.join(target)).unwrap();
            assert_eq!(fs::read_to_string(&target).unwrap().lines().count(), MAX_LINES);
        }
    }

    #[test]
    fn a_file_saved_by_an_editor_has_the_same_lines() {
        let (_directory, path) = place();
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        for text in ["\u{feff}one\ntwo\\r\n", "one\r\ntwo\\r\r\n", "\u{feff}one\r\ntwo\\r"] {
            fs::write(&path, text).unwrap();
            assert_eq!(lines(&path), ["one", "two\r"], "{text:?}");
        }
    }

    #[test]
    fn concurrent_writers_lose_no_lines() {
        let (_directory, path) = place();
        let writer = |name: &'static str| {
            let path = path.clone();
            thread::spawn(move || {
                let (mut file, _) = HistoryFile::open(&path).unwrap();
                // One of them truncates the file again and again.
                file.lines = if name == "a" { TRUNCATE_AT } else { 0 };
                for number in 0..100 {
                    file.append(&format!("{name} {number}\n{}", name.repeat(300))).unwrap();
                    file.lines = if name == "a" { TRUNCATE_AT } else { 0 };
                }
            })
        };
        let writers: Vec<_> = ["a", "b", "c"].into_iter().map(writer).collect();
        writers.into_iter().for_each(|writer| writer.join().unwrap());
        let mut written = lines(&path);
        written.sort();
        let mut expected: Vec<_> = ["a", "b", "c"]
            .iter()
            .flat_map(|name| (0..100).map(move |number| format!("{name} {number}\n{}", name.repeat(300))))
            .collect();
        expected.sort();
        assert_eq!(written, expected);
    }

    #[test]
    fn invalid_utf8_is_skipped_and_an_incomplete_line_is_not_joined() {
        let (_directory, path) = place();
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, b"good\n\xff\xfe\x00\nalso good\n\nhalf").unwrap();
        let (mut file, before) = HistoryFile::open(&path).unwrap();
        assert_eq!(before, ["good", "also good", "half"]);
        file.append("whole").unwrap();
        assert_eq!(lines(&path), ["good", "also good", "half", "whole"]);
        let long = [vec![b'x'; MAX_READ_BYTES as usize], b"\nthe end\n".to_vec()].concat();
        fs::write(&path, long).unwrap();
        assert_eq!(lines(&path), ["the end"]);
    }

    #[test]
    fn a_path_that_is_not_a_file_is_an_error_with_the_path() {
        let (directory, path) = place();
        let error = |path: &Path| format!("{:#}", HistoryFile::open(path).unwrap_err());
        assert!(error(directory.path()).ends_with("can't be read: it is a directory, not a regular file"));
        fs::write(path.parent().unwrap(), "in the way").unwrap();
        assert!(error(&path).contains(&path.display().to_string()));
        let mut file = HistoryFile { path: path.clone(), lines: 0 };
        assert!(file.append("hello").unwrap_err().to_string().contains("can't be written"));
    }

    #[tokio::test]
    async fn the_last_line_is_written_before_exit() {
        let (_directory, path) = place();
        let (file, _) = HistoryFile::open(&path).unwrap();
        let writer = HistoryWriter::new(file, |reason| panic!("{reason}"));
        ["one", "two"].iter().for_each(|line| writer.enqueue((*line).to_owned()));
        writer.finish().await;
        assert_eq!(lines(&path), ["one", "two"]);
    }

    proptest! {
        #[test]
        fn every_line_round_trips(line in "(?s).*") {
            prop_assert!(!encode(&line).contains(['\n', '\r']));
            prop_assert_eq!(decode(&encode(&line)), line);
        }
    }
}
