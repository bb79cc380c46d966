//! TOML with one-line errors.

use serde::de::DeserializeOwned;

/// Maximum size in bytes of a file that is read at startup: a configuration, a scenario, saved filters.
pub const LARGEST_FILE: u64 = 1 << 20;

/// Parses TOML.
///
/// # Errors
///
/// Fails with one line that starts with the line number.
pub fn parse<T: DeserializeOwned>(text: &str) -> anyhow::Result<T> {
    toml::from_str(text).map_err(|error| {
        let start = error.span().map_or(0, |span| span.start);
        let line = 1 + text.bytes().take(start).filter(|byte| *byte == b'\n').count();
        anyhow::anyhow!("line {line}: {}", error.message())
    })
}
