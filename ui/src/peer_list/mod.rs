//! Peer lists: files and HTTPS URLs with one `host:port` a line.
//!
//! The node announces itself to the addresses of a list: see [`Introducer`].

use std::{sync::Arc, time::Duration};

use clacks_language::list_source::ListSource;
use parse::{BadLine, Parsed};
use reqwest::StatusCode;
use tokio::{sync::Semaphore, task::JoinError, time::timeout};
use tracing::{info, warn};

use super::bootstrap::{Introducer, NamedBy};

mod dashboard;
mod fetch;
mod file;
#[cfg(test)]
mod fuzz;
pub(crate) mod json;
pub(crate) mod parse;
#[cfg(test)]
mod tests;

/// Maximum size of a list in bytes.
const MAX_BYTES: usize = 1 << 20;
/// Maximum time to read a list, from the look-up of its host to its last byte.
const READ_TIMEOUT: Duration = Duration::from_secs(10);
/// Lists that are read at the same time; the others wait.
const MAX_READERS: usize = 4;

/// Reads peer lists, at most four at the same time, each for at most 10 s and 1 MiB. Clones share the limit.
#[derive(Debug, Clone)]
pub(crate) struct PeerLists {
    introducer: Introducer,
    configured: Arc<[ListSource]>,
    readers: Arc<Semaphore>,
    timeout: Duration,
}

/// The result of reading one list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reading {
    /// The file or URL.
    pub source: ListSource,
    /// The totals, or the reason why the list was not read.
    pub result: Result<Contents, ReadError>,
}

/// The totals of a list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Contents {
    /// Number of distinct addresses, without this node's own.
    pub read: usize,
    /// Number of addresses that were not yet known as peers.
    pub new: usize,
    /// Number of lines that are neither an address nor a comment.
    pub bad: usize,
    /// The first bad lines, at most 100.
    pub reported: Vec<BadLine>,
}

/// The reason why a list was not read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ReadError {
    /// The file could not be read.
    #[error("{0}")]
    Io(String),
    /// The path is not a regular file.
    #[error("this is no regular file")]
    NotAFile,
    /// The list exceeds 1 MiB.
    #[error("a list of peers is not larger than {MAX_BYTES} bytes")]
    TooLarge,
    /// The content is not text.
    #[error("{0}")]
    NotText(#[from] parse::NotText),
    /// The HTTPS request failed.
    #[error("{0}")]
    Request(String),
    /// The server responded with another status than 200.
    #[error("the server answered {0}")]
    Status(StatusCode),
    /// The server responded with HTML.
    #[error("the server answered with a web page, and a list of peers is plain text")]
    WebPage,
    /// Reading took longer than this limit.
    #[error("it took longer than {} seconds", .0.as_secs_f64())]
    TimedOut(Duration),
}

/// Why no list was read at all. `Display` writes one line for the user.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PeerListsError {
    /// No list was given, and none is configured.
    #[error("no peer list is configured; give a FILE or URL, or set --peers-from")]
    NotConfigured,
    /// A background task panicked.
    #[error("{}", failed(.0))]
    Task(#[from] JoinError),
}

/// The lists that were not read. `Display` writes one line for the user.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum UnreadLists {
    /// The only list was not read.
    #[error("{list} was not read: {error}")]
    One {
        /// The file or URL.
        list: ListSource,
        /// The cause.
        error: ReadError,
    },
    /// At least one of several lists was not read.
    #[error("{totals}; {}", joined(errors))]
    Several {
        /// The totals of the others.
        totals: String,
        /// One error per list that was not read.
        errors: Vec<Self>,
    },
}

fn joined(errors: &[UnreadLists]) -> String {
    errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

impl PeerLists {
    /// Creates a reader with the lists of the configuration. Reads nothing yet.
    pub(crate) fn new(introducer: Introducer, configured: &[ListSource]) -> Self {
        let readers = Arc::new(Semaphore::new(MAX_READERS));
        Self { introducer, configured: configured.into(), readers, timeout: READ_TIMEOUT }
    }

    /// The lists of the configuration, which are read at startup.
    pub(crate) fn configured(&self) -> &[ListSource] {
        &self.configured
    }

    /// The reason why the configured lists cannot be read; `None` if there is at least one.
    pub(crate) fn why_not(&self) -> Option<PeerListsError> {
        self.configured.is_empty().then_some(PeerListsError::NotConfigured)
    }

    /// Reads the list `asked`, or all configured lists concurrently if it is `None`. The results have the order of the
    /// configuration. Announces run in the background.
    ///
    /// # Errors
    ///
    /// Fails if no list is given or configured, or if a task panics. A list that cannot be read is an error in its
    /// [`Reading`].
    pub(crate) async fn read_all(&self, asked: Option<ListSource>) -> Result<Vec<Reading>, PeerListsError> {
        let sources = asked.map_or_else(|| self.configured.to_vec(), |source| vec![source]);
        if sources.is_empty() {
            return Err(PeerListsError::NotConfigured);
        }
        let reading = |source| {
            let lists = self.clone();
            tokio::spawn(async move { lists.read(source).await })
        };
        let readings: Vec<_> = sources.into_iter().map(reading).collect();
        let mut done = Vec::with_capacity(readings.len());
        for reading in readings {
            done.push(reading.await?);
        }
        Ok(done)
    }

    /// Reads a list and starts announces to its addresses in the background.
    pub(crate) async fn read(&self, source: ListSource) -> Reading {
        let reader = self.readers.acquire().await;
        let bytes = timeout(self.timeout, bytes(&source)).await;
        drop(reader);
        let bytes = bytes.unwrap_or(Err(ReadError::TimedOut(self.timeout)));
        let result = match bytes {
            Ok(bytes) => self.accept(bytes, &source).await,
            Err(error) => Err(error),
        };
        let reading = Reading { source, result };
        reading.log();
        reading
    }

    /// Reads the text of a list, on a thread of its own because it may have ten thousand lines.
    async fn accept(&self, bytes: Vec<u8>, source: &ListSource) -> Result<Contents, ReadError> {
        let named_by = match source {
            ListSource::File(_) => NamedBy::User,
            ListSource::Url(_) => NamedBy::Others,
        };
        let node = self.introducer.node().clone();
        let read = tokio::task::spawn_blocking(move || {
            let mut parsed = parse::parse(&bytes)?;
            let ourselves = node.address();
            parsed.addresses.retain(|address| *address != ourselves);
            let new = parsed.addresses.iter().filter(|address| node.peer(address).is_none()).count();
            Ok::<_, parse::NotText>((parsed, new))
        });
        let (Parsed { addresses, reported, bad }, new) =
            read.await.map_err(|error| ReadError::Io(failed(&error)))??;
        let read = addresses.len();
        self.introducer.introduce_list(addresses, named_by);
        Ok(Contents { read, new, bad, reported })
    }
}

async fn bytes(source: &ListSource) -> Result<Vec<u8>, ReadError> {
    match source.clone() {
        ListSource::File(path) => {
            let read = tokio::task::spawn_blocking(move || file::read(&path)).await;
            read.unwrap_or_else(|error| Err(ReadError::Io(failed(&error))))
        }
        ListSource::Url(url) => fetch::fetch(&url).await,
    }
}

fn failed(error: &JoinError) -> String {
    format!("a part of the program failed: {error}")
}

impl Reading {
    /// Number of bad lines that are not in `reported`.
    pub(crate) fn unreported(&self) -> usize {
        self.result.as_ref().map_or(0, |contents| contents.bad - contents.reported.len())
    }

    /// One line per reported bad line, and one for the number of further ones. The line number and the reason come
    /// first, because a traffic row can be cut.
    pub(crate) fn bad_lines(&self) -> Vec<String> {
        let reported = self.result.as_ref().map(|contents| contents.reported.as_slice()).unwrap_or_default();
        let of_line = |bad: &BadLine| format!("line {}: {} ({})", bad.line, bad.reason, self.source);
        let rest = Some(self.unreported()).filter(|rest| *rest > 0);
        let rest = rest.map(|rest| format!("{rest} more bad lines ({})", self.source));
        reported.iter().map(of_line).chain(rest).collect()
    }

    /// One line with the totals.
    ///
    /// # Errors
    ///
    /// Returns [`UnreadLists::One`] if the list was not read.
    pub(crate) fn summary(&self) -> Result<String, UnreadLists> {
        let source = &self.source;
        match &self.result {
            Ok(contents) => Ok(format!("{source}: {contents}")),
            Err(error) => Err(UnreadLists::One { list: source.clone(), error: error.clone() }),
        }
    }

    fn log(&self) {
        let source = &self.source;
        match &self.result {
            Ok(Contents { read, new, bad, .. }) => info!(%source, read, new, bad, "list of peers read"),
            Err(error) => warn!(%source, reason = %error, "list of peers not read"),
        }
        for line in self.bad_lines() {
            warn!("bad line in a list of peers: {line}");
        }
    }
}

impl std::fmt::Display for Contents {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { read, new, bad, .. } = self;
        let addresses = if *read == 1 { "address" } else { "addresses" };
        write!(f, "{read} {addresses} read, {new} new")?;
        match bad {
            0 => Ok(()),
            1 => f.write_str(", 1 bad line"),
            bad => write!(f, ", {bad} bad lines"),
        }
    }
}

/// The reason why a file cannot be read now; `None` for a URL. Blocks on the disk.
pub(crate) fn why_not(source: &ListSource) -> Option<String> {
    let ListSource::File(path) = source else { return None };
    let error = file::read(path).err()?;
    Reading { source: source.clone(), result: Err(error) }.summary().err().map(|error| error.to_string())
}

/// One line with the totals of all lists.
///
/// # Errors
///
/// Fails if at least one list was not read.
pub(crate) fn summary(readings: &[Reading]) -> Result<String, UnreadLists> {
    if let [reading] = readings {
        return reading.summary();
    }
    let read: Vec<_> = readings.iter().filter_map(|reading| reading.result.as_ref().ok()).collect();
    let sum = |part: fn(&Contents) -> usize| read.iter().map(|contents| part(contents)).sum();
    let contents = Contents {
        read: sum(|contents| contents.read),
        new: sum(|contents| contents.new),
        bad: sum(|contents| contents.bad),
        reported: Vec::new(),
    };
    let errors: Vec<_> = readings.iter().filter_map(|reading| reading.summary().err()).collect();
    let totals = format!("{} of {} lists: {contents}", read.len(), readings.len());
    if errors.is_empty() { Ok(totals) } else { Err(UnreadLists::Several { totals, errors }) }
}
