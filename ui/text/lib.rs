//! Text for terminals and files: sanitizing of untrusted text, column widths, escapes, numbers for people, paths,
//! TOML, and a limit on the memory of kept messages.

/// Sizes in bytes, from options and the configuration file.
pub mod byte_size;
pub mod charset;
pub mod file_error;
pub mod fit;
pub mod format;
pub mod glyphs;
pub mod json;
pub mod kept_messages;
pub mod paths;
pub mod sanitize;
#[cfg(any(test, feature = "testing"))]
#[allow(clippy::unwrap_used, clippy::missing_panics_doc, missing_docs, reason = "only tests call it")]
pub mod testing;
pub mod toml;
pub mod value;
pub mod width_range;

pub use clacks_feed::escape;
