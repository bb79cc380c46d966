//! Text on its way to a cell or a file: what strangers wrote made harmless, widths, escapes, numbers and sizes for people, and files of text.

pub(crate) mod byte_size;
pub(crate) mod charset;
pub(crate) mod escape;
pub(crate) mod file_error;
pub(crate) mod fit;
pub(crate) mod format;
pub(crate) mod glyphs;
pub(crate) mod json;
pub(crate) mod paths;
pub(crate) mod sanitize;
#[cfg(test)]
pub(crate) mod testing;
pub(crate) mod toml;
pub(crate) mod width_range;
