//! The target file of `:write`.

use std::path::PathBuf;

/// Export format, chosen by the file name's extension.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// One JSON object per line; the extension is `.jsonl`.
    JsonLines,
    /// Comma-separated values; the extension is `.csv`.
    Csv,
}

/// File and format of an export.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// The file's path.
    pub path: PathBuf,
    /// The export format.
    pub form: Form,
    /// Replaces an existing file. Otherwise an existing file is an error.
    pub replaces: bool,
}

/// The extension is neither `.jsonl` nor `.csv`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the name of the file ends in .jsonl (JSON lines) or .csv")]
pub struct NoForm;

impl Target {
    /// Chooses the format by the extension, ignoring ASCII case. Fails for any other extension.
    pub fn new(path: &str, replaces: bool) -> Result<Self, NoForm> {
        let path = PathBuf::from(path);
        let extension = path.extension().and_then(|extension| extension.to_str()).ok_or(NoForm)?;
        let form = match extension.to_ascii_lowercase().as_str() {
            "jsonl" => Form::JsonLines,
            "csv" => Form::Csv,
            _ => return Err(NoForm),
        };
        Ok(Self { path, form, replaces })
    }
}
