//! The file that `:write` names.

use std::path::PathBuf;

/// The form of a file, by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    JsonLines,
    Csv,
}

/// Where rows are to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    pub path: PathBuf,
    pub form: Form,
    /// Whether a file that is there already gives way.
    pub replaces: bool,
}

/// A file that does not say by its name what it is to hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the name of the file ends in .jsonl (JSON lines) or .csv")]
pub struct NoForm;

impl Target {
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
