//! The files of a logger, and which of them are the oldest.

use std::{
    collections::{HashMap, VecDeque},
    fs::{self, DirBuilder, File, OpenOptions},
    io::{self, Write},
    path::{Path, PathBuf},
    sync::Arc,
};

use serde::Serialize;

use super::{LoggerOptions, writer::Entry};

/// The directory of peers for which there is no directory.
const OTHERS: &str = "others";

/// What a file takes at least.
const BLOCK: u64 = 4096;

/// Maximum number behind a name. It only ends a search in a directory that somebody else fills.
const MAX_NUMBER: u32 = 1_000_000;

/// The files below a directory. Those that another program put there are neither counted nor removed.
#[derive(Debug)]
pub(super) struct Store {
    options: LoggerOptions,
    /// The files, the oldest first.
    files: VecDeque<LoggedFile>,
    bytes: u64,
    /// The directories of peers, and the number of their files.
    places: HashMap<Arc<str>, usize>,
    /// The next number of names with this time, for each directory.
    numbers: (u64, HashMap<Arc<str>, u32>),
}

#[derive(Debug)]
struct LoggedFile {
    place: Arc<str>,
    ms: u64,
    /// The number behind the time; 0 for none.
    number: u32,
    bytes: u64,
}

/// A peer as the npm package describes it.
#[derive(Serialize)]
struct PeerRecord<'a> {
    identifier: &'a str,
    hostname: &'a str,
    port: u16,
    status: &'a str,
    time: u64,
}

impl Store {
    /// Creates the directory. [`Store::scan`] reads what is there.
    pub(super) fn open(options: LoggerOptions) -> io::Result<Self> {
        create_directory(&options.directory)?;
        Ok(Self {
            options,
            files: VecDeque::new(),
            bytes: 0,
            places: HashMap::new(),
            numbers: (0, HashMap::new()),
        })
    }

    /// Reads which files are there, and removes the oldest if they are too many. Returns how many it removed.
    pub(super) fn scan(&mut self) -> io::Result<u64> {
        let mut found = Vec::new();
        for entry in fs::read_dir(&self.options.directory)? {
            let entry = entry?;
            let name = entry.file_name();
            let place = name.to_str().filter(|name| is_place(name));
            if let Some(place) = place
                && entry.file_type()?.is_dir()
            {
                self.scan_place(&Arc::from(place), &mut found)?;
            }
        }
        found.sort_by_key(|file| (file.ms, file.number));
        for file in &found {
            self.count(file);
        }
        self.files.extend(found);
        self.remove_oldest()
    }

    fn scan_place(&self, place: &Arc<str>, found: &mut Vec<LoggedFile>) -> io::Result<()> {
        for entry in fs::read_dir(self.options.directory.join(&**place))? {
            let entry = entry?;
            let name = entry.file_name();
            let Some((ms, number)) = name.to_str().and_then(|name| self.time_in(name)) else { continue };
            let bytes = size_on_disk(entry.metadata()?.len());
            found.push(LoggedFile { place: Arc::clone(place), ms, number, bytes });
        }
        Ok(())
    }

    fn count(&mut self, file: &LoggedFile) {
        self.bytes += file.bytes;
        *self.places.entry(Arc::clone(&file.place)).or_default() += 1;
    }

    /// The time and the number in the name of a file.
    fn time_in(&self, name: &str) -> Option<(u64, u32)> {
        let middle = name.strip_prefix(&self.options.prefix)?.strip_suffix(&self.options.suffix)?;
        let (ms, number) = middle.split_once('-').unwrap_or((middle, "0"));
        Some((ms.parse().ok()?, number.parse().ok()?))
    }

    fn path_of(&self, place: &str, ms: u64, number: u32) -> PathBuf {
        let LoggerOptions { directory, prefix, suffix, .. } = &self.options;
        let number = if number == 0 { String::new() } else { format!("-{number}") };
        directory.join(place).join(format!("{prefix}{ms}{number}{suffix}"))
    }

    /// Writes the payload to a new file.
    pub(super) fn write(&mut self, entry: &Entry) -> io::Result<()> {
        let place = self.place_of(&entry.sender.identifier)?;
        let content = content(entry)?;
        let (mut file, number) = self.create(&place, entry.ms)?;
        if let Err(error) = file.write_all(&content) {
            // What is there is no whole payload. The directory is removed if there is nothing else in it.
            let _ = fs::remove_file(self.path_of(&place, entry.ms, number));
            let _ = fs::remove_dir(self.options.directory.join(&*place));
            return Err(error);
        }
        let file = LoggedFile { place, ms: entry.ms, number, bytes: size_on_disk(content.len() as u64) };
        self.count(&file);
        self.files.push_back(file);
        Ok(())
    }

    /// The directory for the payloads of a peer.
    fn place_of(&self, identifier: &Arc<str>) -> io::Result<Arc<str>> {
        if !is_identifier(identifier) {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "the identifier of the peer is no name for a directory",
            ));
        }
        let peers = self.places.len() - usize::from(self.places.contains_key(OTHERS));
        let has_place = self.places.contains_key(identifier) || peers < self.options.max_peers;
        Ok(if has_place { Arc::clone(identifier) } else { OTHERS.into() })
    }

    /// Creates a file under the first name that is free, and its directory if it has gone.
    fn create(&mut self, place: &Arc<str>, ms: u64) -> io::Result<(File, u32)> {
        if self.numbers.0 != ms {
            self.numbers = (ms, HashMap::new());
        }
        let first = self.numbers.1.get(place).copied().unwrap_or(0);
        let mut has_directory = false;
        let mut number = first;
        while number < MAX_NUMBER {
            match create_file(&self.path_of(place, ms, number)) {
                Ok(file) => {
                    self.numbers.1.insert(Arc::clone(place), number + 1);
                    return Ok((file, number));
                }
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => number += 1,
                Err(error) if error.kind() == io::ErrorKind::NotFound && !has_directory => {
                    create_directory(&self.options.directory.join(&**place))?;
                    has_directory = true;
                }
                Err(error) => return Err(error),
            }
        }
        Err(io::ErrorKind::AlreadyExists.into())
    }

    /// Removes the oldest files above the limit, and directories that are empty then. Returns how many files.
    pub(super) fn remove_oldest(&mut self) -> io::Result<u64> {
        let mut removed = 0;
        while self.bytes > self.options.max_bytes {
            let Some(file) = self.files.pop_front() else { break };
            self.bytes -= file.bytes;
            let path = self.path_of(&file.place, file.ms, file.number);
            self.forget_place_of(&file);
            match fs::remove_file(path) {
                Ok(()) => removed += 1,
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
            if !self.places.contains_key(&file.place) {
                // It fails if another program put something there.
                let _ = fs::remove_dir(self.options.directory.join(&*file.place));
            }
        }
        Ok(removed)
    }

    fn forget_place_of(&mut self, file: &LoggedFile) {
        if let Some(files) = self.places.get_mut(&file.place) {
            *files -= 1;
            if *files == 0 {
                self.places.remove(&file.place);
            }
        }
    }
}

fn content(entry: &Entry) -> io::Result<Vec<u8>> {
    let sender = &entry.sender;
    let peer = PeerRecord {
        identifier: &sender.identifier,
        hostname: &sender.address.hostname,
        port: sender.address.port,
        status: sender.status,
        time: sender.time,
    };
    let mut content = Vec::with_capacity(entry.body.len() + 256);
    content.extend(b"{\"peer\":");
    serde_json::to_writer(&mut content, &peer)?;
    content.extend(b",\"payload\":");
    content.extend(&*entry.body);
    content.push(b'}');
    Ok(content)
}

/// Whether a directory of this name can belong to a peer.
fn is_place(name: &str) -> bool {
    name == OTHERS || is_identifier(name)
}

/// Identifiers are hexadecimal or like names. Everything else could leave the directory.
fn is_identifier(name: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    (1..=128).contains(&name.len()) && name != OTHERS && name.bytes().all(is_plain)
}

fn size_on_disk(length: u64) -> u64 {
    length.max(1).next_multiple_of(BLOCK)
}

fn create_directory(path: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

fn create_file(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}
