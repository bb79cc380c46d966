//! Themes: a style for each role, as named in a theme's file.
//!
//! The built-in themes use the terminal's own foreground, background and sixteen colours, to fit the user's settings.
//! Colour is never the only sign: each status also has a letter, a word and an attribute, and a selection is reversed
//! and marked.

mod file;
#[cfg(test)]
mod fuzz;
pub(crate) mod themes;
pub mod words;

use std::ops::Deref;

use clacks_feed::{Direction, description::Tone};
use clacks_text::charset::Charset;
use ratatui::style::Style;
use themes::{AUTO, Themes};

pub use self::file::Styles;

/// The styles of a theme, and the characters that are drawn in them. Cheap to copy, because the styles stay in memory
/// until the process ends.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Theme {
    styles: &'static Styles,
    /// The characters that the terminal can show.
    pub charset: Charset,
}

impl Default for Theme {
    /// The theme for any background.
    fn default() -> Self {
        Themes::built_in(AUTO).unwrap_or_else(Self::mono)
    }
}

/// The styles by role.
impl Deref for Theme {
    type Target = Styles;

    fn deref(&self) -> &Styles {
        self.styles
    }
}

impl Theme {
    /// Styles drawn in all of Unicode.
    fn new(styles: &'static Styles) -> Self {
        Self { styles, charset: Charset::Unicode }
    }

    /// The theme without colours.
    pub(crate) fn mono() -> Self {
        Themes::built_in(themes::MONO).unwrap_or_else(|| Self::new(&themes::PLAIN))
    }

    /// The same styles with these characters.
    #[must_use]
    pub fn with_charset(self, charset: Charset) -> Self {
        Self { charset, ..self }
    }

    /// The title of a pane or popup.
    pub fn title(self, has_focus: bool) -> Style {
        if has_focus { self.focused_title } else { self.title }
    }

    /// The tone of an outcome.
    pub fn tone(self, tone: Tone) -> Style {
        match tone {
            Tone::New => self.new,
            Tone::Good => self.good,
            Tone::Doubtful => self.lost,
            Tone::Bad => self.bad,
            Tone::Off => self.ignored,
            Tone::Plain => Style::new(),
        }
    }

    /// The tone of a status.
    pub fn status_tone(self, tone: Tone) -> Style {
        match tone {
            Tone::New => self.new,
            Tone::Good => self.alive,
            Tone::Doubtful => self.lost,
            Tone::Bad => self.dead,
            Tone::Off => self.ignored,
            Tone::Plain => Style::new(),
        }
    }

    /// The direction of a traffic row.
    pub fn direction(self, direction: Direction) -> Style {
        match direction {
            Direction::In => self.incoming,
            Direction::Out => self.outgoing,
            Direction::Own => self.own,
            Direction::Note => self.note,
        }
    }

    /// An invalid part of the command line.
    pub fn mistake(self) -> Style {
        self.invalid
    }

    /// A notice, by whether it reports an error.
    pub fn notice(self, is_error: bool) -> Style {
        self.tone(if is_error { Tone::Bad } else { Tone::Good })
    }

    /// The line of a chart by its number from 0. The styles repeat after the last one, so a chart also distinguishes
    /// its lines by other means.
    pub fn series(self, number: usize) -> Style {
        let styles = &self.styles.series;
        styles.get(number % styles.len().max(1)).copied().unwrap_or_default()
    }
}

/// The error in the text of a theme's file; empty if it is valid.
#[cfg(any(test, feature = "testing"))]
pub fn error_in(text: &str) -> String {
    match clacks_text::toml::parse::<file::File>(text) {
        Ok(_) => String::new(),
        Err(error) => error.to_string(),
    }
}

#[cfg(test)]
mod tests;
