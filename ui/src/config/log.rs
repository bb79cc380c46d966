//! The options of the log.

use clacks_text::{byte_size::LogSize, paths::UserPath};

use crate::logging::{self, Level};

/// The options of the log, from flags and environment variables. In the configuration file they stand at the top: see
/// `Config`.
#[derive(Debug, Clone, Default, PartialEq, clap::Args)]
#[expect(clippy::struct_field_names, reason = "the options have these names")]
pub(crate) struct LogOptions {
    /// File to which a log is appended [default: no log]
    #[arg(long, env = "CLACKS_LOG_FILE", value_name = "FILE")]
    pub(crate) log_file: Option<UserPath>,

    /// Lowest level that is logged [default: info]
    #[arg(long, env = "CLACKS_LOG_LEVEL", value_name = "LEVEL")]
    pub(crate) log_level: Option<Level>,

    /// Maximum size of the log file, as in 512K, 10M; a full log becomes FILE.old.1, and FILE.old.1 replaces
    /// FILE.old.2; 0 for no limit, as for logrotate with copytruncate [default: 10M]
    #[arg(long, env = "CLACKS_LOG_SIZE", value_name = "BYTES")]
    pub(crate) log_size: Option<LogSize>,
}

impl LogOptions {
    /// Merges two sources: values of `self` take precedence over those of `other`.
    pub(crate) fn or(self, other: Self) -> Self {
        Self {
            log_file: self.log_file.or(other.log_file),
            log_level: self.log_level.or(other.log_level),
            log_size: self.log_size.or(other.log_size),
        }
    }

    /// The name of an option that has no effect because another is missing.
    pub(crate) fn without_effect(&self) -> Option<String> {
        let has_none = |is_given: bool, name: &str| {
            (is_given && self.log_file.is_none()).then(|| format!("{name} has no effect without log-file"))
        };
        has_none(self.log_level.is_some(), "log-level")
            .or_else(|| has_none(self.log_size.is_some(), "log-size"))
    }

    /// Opens the log file, if one is named. Returns whether there is one.
    pub(crate) fn open(&self) -> anyhow::Result<bool> {
        let Some(file) = &self.log_file else { return Ok(false) };
        logging::open(file, self.log_level.unwrap_or_default(), self.log_size.unwrap_or_default())?;
        Ok(true)
    }
}
