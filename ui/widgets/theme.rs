//! What things look like: a style for each role, as a theme's file names it. The terminal's own foreground and
//! background, and its sixteen colours, so that it fits what people have set; and never colour alone: each status has
//! a letter, a word and an attribute of its own, and what is selected is reversed and marked.

pub mod file;
#[cfg(test)]
mod fuzz;
pub mod themes;
pub mod words;

use std::ops::Deref;

use clacks_p2p::core::{Peer, Status};
use clacks_source::traffic::row::{Direction, Tone};
use ratatui::style::Style;
use themes::{AUTO, Themes};

use self::file::Styles;

/// How to draw: cheap to pass on, as the styles of a theme stay where they were read for as long as the program runs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Theme(&'static Styles);

impl Default for Theme {
    /// The one that fits any background.
    fn default() -> Self {
        Themes::built_in(AUTO).unwrap_or_else(Self::mono)
    }
}

/// The styles by the names that a theme's file gives them.
impl Deref for Theme {
    type Target = Styles;

    fn deref(&self) -> &Styles {
        self.0
    }
}

impl Theme {
    /// Without any colour.
    pub fn mono() -> Self {
        Themes::built_in(themes::MONO).unwrap_or(Self(&themes::PLAIN))
    }

    /// The name of a pane or of what is open.
    pub fn title(self, has_focus: bool) -> Style {
        if has_focus { self.focused_title } else { self.title }
    }

    pub fn status(self, status: Status) -> Style {
        match status {
            Status::New => self.new,
            Status::Alive => self.alive,
            Status::Lost => self.lost,
            Status::Dead => self.dead,
            Status::Ignored => self.ignored,
        }
    }

    /// A status that only the peer itself claims looks like one that was not tried.
    pub fn peer(self, peer: &Peer) -> Style {
        if peer.is_unverified() { self.claim() } else { self.status(peer.status) }
    }

    pub fn claim(self) -> Style {
        self.new
    }

    pub fn mood(self, mood: Tone) -> Style {
        match mood {
            Tone::Good => self.good,
            Tone::Bad => self.bad,
            Tone::Plain => Style::new(),
        }
    }

    pub fn direction(self, direction: Direction) -> Style {
        match direction {
            Direction::In => self.incoming,
            Direction::Out => self.outgoing,
            Direction::Own => self.own,
            Direction::Note => self.note,
        }
    }

    /// A part of the draft that is wrong.
    pub fn mistake(self) -> Style {
        self.invalid
    }

    pub fn notice(self, is_error: bool) -> Style {
        self.mood(if is_error { Tone::Bad } else { Tone::Good })
    }

    /// The line of a chart by its number from 0; after the last style comes the first again, so a chart tells its
    /// lines apart by something else as well.
    pub fn series(self, number: usize) -> Style {
        let styles = &self.0.series;
        styles.get(number % styles.len().max(1)).copied().unwrap_or_default()
    }
}

/// What is wrong with the text of a theme's file.
#[cfg(any(test, feature = "testing"))]
pub fn error_in(text: &str) -> String {
    match clacks_text::toml::parse::<file::File>(text) {
        Ok(_) => String::new(),
        Err(error) => error.to_string(),
    }
}

/// The letter of a status.
pub fn letter(status: Status) -> char {
    match status {
        Status::New => 'N',
        Status::Alive => 'A',
        Status::Lost => 'L',
        Status::Dead => 'D',
        Status::Ignored => 'I',
    }
}

/// Stands in the letter's place for peers that are alive by their word alone.
pub const CLAIMED: char = '?';

#[cfg(test)]
mod tests;
