//! Text on its way to a cell or a file: what strangers wrote made harmless, widths, escapes, numbers and sizes for people, and files of text.

#![allow(missing_docs, reason = "names of an inner crate; documented step by step")]

pub mod byte_size;
pub mod charset;
pub mod escape;
pub mod file_error;
pub mod fit;
pub mod format;
pub mod glyphs;
pub mod json;
pub mod paths;
pub mod sanitize;
#[cfg(any(test, feature = "testing"))]
#[allow(clippy::unwrap_used, clippy::missing_panics_doc, missing_docs, reason = "only tests call it")]
pub mod testing;
pub mod toml;
pub mod width_range;
