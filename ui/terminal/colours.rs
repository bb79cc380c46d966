//! Whether the terminal is to be coloured, and which background it has.
//!
//! crossterm obeys `NO_COLOR` by leaving the colours out of its sequences, and an empty sequence resets the highlight
//! that was set before it. So it is told to write them, and a palette without colours is the dashboard's to take.

use std::{env, ffi::OsStr};

/// Whether the user wants colours and the terminal has them.
pub fn colours_wanted() -> bool {
    env::var_os("NO_COLOR").is_none_or(|no_color| no_color.is_empty()) && !is_dumb()
}

/// Whether the terminal knows no escape sequences.
pub(crate) fn is_dumb() -> bool {
    env::var_os("TERM").as_deref() == Some(OsStr::new("dumb"))
}

/// Whether the terminal has a window with a title. A console has none, and some print what they are sent for one.
pub fn has_title() -> bool {
    env::var("TERM").is_ok_and(|term| is_of_a_window(&term))
}

fn is_of_a_window(term: &str) -> bool {
    let consoles = ["dumb", "linux", "cons25", "vt", "ansi", "sun", "wsvt", "minix", "eterm"];
    !term.is_empty() && !consoles.iter().any(|console| term.starts_with(console))
}

/// What is known of the terminal's background.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Background {
    Dark,
    Light,
    Unknown,
}

/// The background, as far as the environment tells it.
///
/// The terminal is not asked: its answer comes whenever it likes, over a slow connection after the first keys, and
/// would be taken for keys by whoever reads them then.
pub fn background() -> Background {
    env::var("COLORFGBG").map_or(Background::Unknown, |colours| background_in(&colours))
}

/// What the last number of `15;0` or `0;default;15` means: which of the sixteen colours the background is.
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
            assert!(is_of_a_window(term), "{term}");
        }
        for term in ["linux", "dumb", "vt220", "", "linux-16color"] {
            assert!(!is_of_a_window(term), "{term}");
        }
    }

    #[test]
    fn the_background_is_the_last_of_the_colours() {
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
