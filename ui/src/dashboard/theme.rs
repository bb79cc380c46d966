//! What things look like. The terminal's own foreground and background, and its sixteen colours, so that it fits a
//! dark and a light one; and never colour alone: each status has a letter, a word and an attribute of its own.

use clacks_p2p::core::Status;
use ratatui::style::{Color, Modifier, Style};

use super::log::{Direction, Mood};

/// How to draw.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Theme {
    /// Whether colours are used at all.
    pub(crate) colours: bool,
}

impl Theme {
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
            Direction::Out => self.coloured(Style::new(), Color::Blue),
            Direction::Own => Style::new().bold(),
            Direction::Note => Style::new().dim(),
        }
    }

    pub(crate) fn title(self, has_focus: bool) -> Style {
        if has_focus {
            Style::new().add_modifier(Modifier::BOLD | Modifier::REVERSED)
        } else {
            Style::new().bold()
        }
    }

    pub(crate) fn selected(self) -> Style {
        Style::new().add_modifier(Modifier::REVERSED)
    }

    /// What is less important: rules, names of fields.
    pub(crate) fn quiet(self) -> Style {
        Style::new().dim()
    }

    pub(crate) fn strong(self) -> Style {
        Style::new().bold()
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
