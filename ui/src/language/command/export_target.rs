//! The file that `:write` names.

use std::path::PathBuf;

/// The form of a file, by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    JsonLines,
    Csv,
}

/// Where rows are to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Target {
    pub(crate) path: PathBuf,
    pub(crate) form: Form,
    /// Whether a file that is there already gives way.
    pub(crate) replaces: bool,
}

/// A file that does not say by its name what it is to hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the name of the file ends in .jsonl (JSON lines) or .csv")]
pub(crate) struct NoForm;

impl Target {
    pub(crate) fn new(path: &str, replaces: bool) -> Result<Self, NoForm> {
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
