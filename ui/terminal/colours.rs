//! Colour support and background of the terminal.
//!
//! crossterm obeys `NO_COLOR` by omitting colours from its sequences, and an empty sequence resets the highlight before
//! it. So crossterm always writes colours, and the dashboard chooses a theme without colours instead.

use std::{env, ffi::OsStr};

/// Whether to use colours: `NO_COLOR` is unset or empty, and `TERM` is not `dumb`.
pub fn use_colours() -> bool {
    env::var_os("NO_COLOR").is_none_or(|no_color| no_color.is_empty()) && !is_dumb()
}

/// Whether `TERM` is `dumb`, a terminal without escape sequences.
pub(crate) fn is_dumb() -> bool {
    env::var_os("TERM").as_deref() == Some(OsStr::new("dumb"))
}

/// Whether the terminal has a window title, by the value of `TERM`. Consoles have none, and some print the sequence.
pub fn has_title() -> bool {
    env::var("TERM").is_ok_and(|term| is_window_terminal(&term))
}

fn is_window_terminal(term: &str) -> bool {
    let consoles = ["dumb", "linux", "cons25", "vt", "ansi", "sun", "wsvt", "minix", "eterm"];
    !term.is_empty() && !consoles.iter().any(|console| term.starts_with(console))
}

/// The background of the terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Background {
    /// A dark background.
    Dark,
    /// A light background.
    Light,
    /// The environment does not tell.
    Unknown,
}

/// The background by the variable `COLORFGBG`.
///
/// The terminal is not queried, because its response can arrive late over a slow connection and would be read as keys.
pub fn background() -> Background {
    env::var("COLORFGBG").map_or(Background::Unknown, |colours| background_in(&colours))
}

/// The background by the last number of `15;0` or `0;default;15`, which is its index among the sixteen colours.
fn background_in(colours: &str) -> Background {
    match colours.rsplit(';').next().and_then(|number| number.parse::<u8>().ok()) {
        Some(0..=6 | 8) => Background::Dark,
        Some(7 | 9..=15) => Background::Light,
        _ => Background::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn consoles_have_no_title() {
        for term in
            ["xterm-256color", "tmux-256color", "screen", "foot", "alacritty", "rxvt-unicode", "st-256color"]
        {
            assert!(is_window_terminal(term), "{term}");
        }
        for term in ["linux", "dumb", "vt220", "", "linux-16color"] {
            assert!(!is_window_terminal(term), "{term}");
        }
    }

    #[test]
    fn the_background_is_the_last_number_of_colorfgbg() {
        for (colours, background) in [
            ("15;0", Background::Dark),
            ("0;15", Background::Light),
            ("0;default;7", Background::Light),
            ("12;8", Background::Dark),
            ("15;default", Background::Unknown),
            ("0;16", Background::Unknown),
            ("", Background::Unknown),
        ] {
            assert_eq!(background_in(colours), background, "{colours}");
        }
    }
}
