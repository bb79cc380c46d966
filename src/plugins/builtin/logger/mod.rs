//! Each payload becomes a file below the directory of the peer that it names as its sender.

mod store;
#[cfg(test)]
mod tests;
mod writer;

use std::{path::PathBuf, sync::Arc, time::Duration};

use serde::Deserialize;

use crate::{
    Incoming, Judging, Kind, Plugin, Verdict,
    builtin::{BuildError, Context, units},
};
use store::Store;
use writer::{Entry, Writer};

/// Maximum bytes of a prefix or a suffix.
const MAX_AFFIX: usize = 64;

/// Which payloads become files, and where.
///
/// The layout and the fields are those of the npm package `clacks-logger`: the file `DIR/IDENTIFIER/PREFIX MS SUFFIX` (without
/// the spaces) has `{"peer":{…},"payload":…}`. MS is the time in milliseconds since the Unix epoch. A second payload of a
/// peer within a millisecond gets `-1` behind it, then `-2`. The payload is the body of the request as it came, with every
/// byte. On Unix the files have mode 0600, and new directories 0700.
///
/// `prefix`, `suffix` and `type` have the meaning that the unpublished version 0.1.2 of the package gives them. In 0.1.1
/// `type` is a directory by mistake.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct LoggerOptions {
    /// The directory. It is created with its parents. The default is `logger`.
    pub directory: PathBuf,
    /// Which payloads. The default is all.
    #[serde(rename = "type")]
    pub logged: Logged,
    /// What the names of files start with: at most 64 bytes without a separator or NUL. The default is nothing.
    pub prefix: String,
    /// What the names of files end with: at most 64 bytes without a separator or NUL. The default is nothing.
    pub suffix: String,
    /// Maximum size of all files together in bytes, each rounded up to 4,096 because file systems do that. Above it the
    /// oldest files are removed. The default is 1 G. The logger keeps about 50 bytes in memory for each file.
    #[serde(deserialize_with = "units::bytes")]
    pub max_bytes: u64,
    /// Maximum number of peers with a directory. Payloads of more peers are below `others`. The default is 10,000.
    pub max_peers: usize,
}

/// The type of the payloads that become files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Logged {
    /// Every type, also unknown ones and none.
    #[default]
    All,
    /// Messages only.
    Message,
    /// Announces only.
    Announce,
}

/// How many payloads a logger saw, by what became of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LoggerCounts {
    /// Written to files.
    pub written: u64,
    /// Not written because 1,024 payloads, or 64 MiB of them, were waiting for the disk.
    pub overflowed: u64,
    /// Not written because the file system refused.
    pub failed: u64,
    /// Files removed because of `max-bytes`.
    pub removed: u64,
}

/// Writes each payload to a file, in a thread of its own. It passes every payload, whatever the disk does.
#[derive(Debug)]
pub struct Logger {
    name: Arc<str>,
    logged: Logged,
    writer: Writer,
    context: Context,
}

impl Default for LoggerOptions {
    fn default() -> Self {
        Self {
            directory: "logger".into(),
            logged: Logged::default(),
            prefix: String::new(),
            suffix: String::new(),
            max_bytes: 1_000_000_000,
            max_peers: 10_000,
        }
    }
}

impl Logger {
    /// Starts a logger with this name. It reports payloads that it cannot write.
    ///
    /// # Errors
    /// A prefix or a suffix is too long or has a separator, or the directory cannot be created.
    pub fn start(
        name: impl Into<Arc<str>>,
        options: LoggerOptions,
        context: Context,
    ) -> Result<Self, BuildError> {
        for (option, text) in [("prefix", &options.prefix), ("suffix", &options.suffix)] {
            check_affix(option, text)?;
        }
        let logged = options.logged;
        let directory = options.directory.display().to_string();
        let store = Store::open(options)
            .map_err(|error| BuildError::new(format!("the directory {directory}: {error}")))?;
        let writer = Writer::start(store, context.clone())
            .map_err(|error| BuildError::new(format!("no thread for the logger: {error}")))?;
        Ok(Self { name: name.into(), logged, writer, context })
    }

    /// How many payloads it saw so far.
    pub fn counts(&self) -> LoggerCounts {
        self.writer.counts()
    }

    /// Waits until all payloads so far are written, at most this long. Returns whether they are.
    pub fn flush(&self, limit: Duration) -> bool {
        self.writer.flush(limit)
    }
}

impl Plugin for Logger {
    fn name(&self) -> &Arc<str> {
        &self.name
    }

    fn judge<'a>(&'a self, payload: &'a Incoming) -> Judging<'a> {
        let is_logged = match self.logged {
            Logged::All => true,
            Logged::Message => payload.kind == Kind::Message,
            Logged::Announce => payload.kind == Kind::Announce,
        };
        if is_logged {
            let (sender, body) = (payload.sender.clone(), payload.body.clone());
            self.writer.write(Entry { ms: (self.context.now)(), sender, body });
        }
        Judging::Now(Ok(Verdict::Pass))
    }
}

fn check_affix(option: &str, text: &str) -> Result<(), BuildError> {
    if text.len() > MAX_AFFIX {
        return Err(BuildError::new(format!("{option} has more than {MAX_AFFIX} bytes")));
    }
    if text.contains(['/', '\\', '\0']) {
        return Err(BuildError::new(format!("{option} must not contain /, \\ or NUL")));
    }
    Ok(())
}
