//! TOML with errors of one line.

use serde::de::DeserializeOwned;

/// Largest file that is read at the start, in bytes: a configuration, a scenario, stations.
pub const LARGEST_FILE: u64 = 1 << 20;

/// Reads TOML; an error is one line that names the line of the text.
pub fn parse<T: DeserializeOwned>(text: &str) -> anyhow::Result<T> {
    toml::from_str(text).map_err(|error| {
        let start = error.span().map_or(0, |span| span.start);
        let line = 1 + text.bytes().take(start).filter(|byte| *byte == b'\n').count();
        anyhow::anyhow!("line {line}: {}", error.message())
    })
}
