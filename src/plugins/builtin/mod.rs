//! The plugins that are part of the program.

mod formatter;
#[cfg(test)]
mod testing;

pub use formatter::{Announces, Answer, Formatter, FormatterOptions};

/// Why a plugin cannot start: its options, or what they need. One line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BuildError(String);

impl BuildError {
    fn new(reason: impl Into<String>) -> Self {
        Self(reason.into())
    }
}
