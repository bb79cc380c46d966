//! The text of a script.

use std::{
    fs::{self, File},
    io::Read,
    path::PathBuf,
    sync::Arc,
    time::SystemTime,
};

/// The text of a script.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// A file of at most 1 MiB. It is looked at each second, and the script is reloaded when it changes.
    File(PathBuf),
    /// A text that does not change.
    Text(Arc<str>),
}

/// Longest script in bytes.
const MAX_BYTES: u64 = 1 << 20;

/// How a file looked: changed when, and its length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stamp(Option<SystemTime>, u64);

impl Source {
    /// The name of the script in errors.
    pub(super) fn chunk(&self, name: &str) -> Arc<str> {
        match self {
            Self::File(path) => path.file_name().unwrap_or_default().to_string_lossy().into(),
            Self::Text(_) => format!("{name}.luau").into(),
        }
    }

    /// Reads the text. Returns why it cannot be read.
    pub(super) fn read(&self) -> Result<Arc<str>, String> {
        let path = match self {
            Self::File(path) => path,
            Self::Text(text) => return Ok(Arc::clone(text)),
        };
        // A pipe is never opened, because that could wait for ever.
        let metadata = fs::metadata(path).map_err(|error| error.to_string())?;
        if !metadata.is_file() {
            return Err("not a file".to_owned());
        }
        let mut text = Vec::new();
        let file = File::open(path).map_err(|error| error.to_string())?;
        file.take(MAX_BYTES + 1).read_to_end(&mut text).map_err(|error| error.to_string())?;
        if text.len() as u64 > MAX_BYTES {
            return Err("larger than 1 MiB".to_owned());
        }
        let text = String::from_utf8(text).map_err(|_| "not UTF-8".to_owned())?;
        // Some editors put a byte order mark before the text.
        Ok(text.strip_prefix('\u{feff}').unwrap_or(&text).into())
    }

    /// How the file looks now. `None` if it is not there, or for a text.
    pub(super) fn stamp(&self) -> Option<Stamp> {
        let Self::File(path) = self else { return None };
        let metadata = fs::metadata(path).ok()?;
        Some(Stamp(metadata.modified().ok(), metadata.len()))
    }
}
