//! What things look like. The terminal's own foreground and background, and its sixteen colours, so that it fits a
//! dark and a light one; and never colour alone: each status has a letter, a word and an attribute of its own.

use clacks_p2p::core::Status;
use ratatui::style::{Color, Style};

use super::log::{Direction, Mood};

/// How to draw.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Theme {
    colours: bool,
    /// What is more important.
    pub(crate) strong: Style,
    /// What is less important: rules, names of fields. Dim, as bright black is the background of some terminals.
    pub(crate) quiet: Style,
    /// The selected row of the list that has the focus: in no colour, as one in reverse is hard to read.
    pub(crate) selected: Style,
}

impl Theme {
    /// The theme, with colours or without.
    pub(crate) fn new(colours: bool) -> Self {
        let plain = Style::new();
        Self {
            colours,
            strong: plain.bold(),
            quiet: plain.dim(),
            selected: plain.fg(Color::Reset).reversed(),
        }
    }

    /// The name of a pane or of what is open.
    pub(crate) fn title(self, has_focus: bool) -> Style {
        if has_focus { self.strong.patch(self.selected) } else { self.strong }
    }

    fn coloured(self, style: Style, colour: Color) -> Style {
        if self.colours { style.fg(colour) } else { style }
    }

    pub(crate) fn status(self, status: Status) -> Style {
        match status {
            Status::New => self.coloured(Style::new().bold(), Color::Cyan),
            Status::Alive => self.coloured(Style::new(), Color::Green),
            Status::Lost => self.coloured(Style::new().underlined(), Color::Magenta),
            Status::Dead => Style::new().dim(),
            Status::Ignored => self.coloured(Style::new().crossed_out(), Color::Red),
        }
    }

    pub(crate) fn mood(self, mood: Mood) -> Style {
        match mood {
            Mood::Good => self.coloured(Style::new(), Color::Green),
            Mood::Bad => self.coloured(Style::new().bold(), Color::Red),
            Mood::Plain => Style::new(),
        }
    }

    pub(crate) fn direction(self, direction: Direction) -> Style {
        match direction {
            Direction::In => self.coloured(Style::new(), Color::Cyan),
            Direction::Out => Style::new(),
            Direction::Own => Style::new().bold(),
            Direction::Note => Style::new().dim(),
        }
    }

    pub(crate) fn notice(self, is_error: bool) -> Style {
        self.mood(if is_error { Mood::Bad } else { Mood::Good })
    }
}

/// The letter of a status.
pub(crate) fn letter(status: Status) -> char {
    match status {
        Status::New => 'N',
        Status::Alive => 'A',
        Status::Lost => 'L',
        Status::Dead => 'D',
        Status::Ignored => 'I',
    }
}
