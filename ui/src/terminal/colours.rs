//! Whether the terminal is to be coloured.
//!
//! crossterm obeys `NO_COLOR` by leaving the colours out of its sequences, and an empty sequence resets the highlight
//! that was set before it. So it is told to write them, and a palette without colours is the dashboard's to take.

use std::{env, ffi::OsStr};

/// Whether the user wants colours and the terminal has them.
pub(crate) fn colours_wanted() -> bool {
    env::var_os("NO_COLOR").is_none_or(|no_color| no_color.is_empty()) && !is_dumb()
}

/// Whether the terminal knows no escape sequences.
pub(super) fn is_dumb() -> bool {
    env::var_os("TERM").as_deref() == Some(OsStr::new("dumb"))
}
