//! Lines on standard error.

use std::io::{self, Write};

use clacks_text::escape;

/// Says something on standard error. A terminal that is gone is told nothing.
pub fn tell(text: &str) {
    let _ = writeln!(io::stderr(), "clacks: {}", escape::escaped(text));
}
