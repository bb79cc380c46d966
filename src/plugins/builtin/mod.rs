//! The plugins that are part of the program.

mod formatter;
mod logger;
#[cfg(test)]
mod testing;
mod units;

use std::sync::Arc;

pub use formatter::{Announces, Answer, Formatter, FormatterOptions};
pub use logger::{Logged, Logger, LoggerCounts, LoggerOptions};

use crate::Fault;

/// Receives what goes wrong outside of a verdict, such as a full disk. It must not wait.
pub type Report = Arc<dyn Fn(Fault) + Send + Sync>;

/// Why a plugin cannot start: its options, or what they need. One line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BuildError(String);

impl BuildError {
    fn new(reason: impl Into<String>) -> Self {
        Self(reason.into())
    }
}
