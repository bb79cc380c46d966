//! Messages on standard error.

use std::io::{self, Write};

use clacks_text::escape;

/// Writes an escaped line, prefixed with `clacks: `, to standard error. Ignores write errors, because the terminal can
/// be closed.
pub fn report(text: &str) {
    let _ = writeln!(io::stderr(), "clacks: {}", escape::escaped(text));
}
