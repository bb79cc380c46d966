//! Theme and character set to draw with.

use clacks_text::charset::Charset;
use clacks_widgets::theme::Theme;

use super::{Model, focus::FocusOwner};

impl Model {
    /// Returns the theme to draw with: the theme whose name is being typed, else the selected one.
    pub fn theme(&self) -> Theme {
        let writes = matches!(self.focus_after_question(), FocusOwner::Input(_) | FocusOwner::Choices(_));
        let tried = if writes { self.themes.preview(self.input.draft()) } else { None };
        tried.unwrap_or(self.themes.theme())
    }

    /// Returns the character set of the terminal.
    pub fn charset(&self) -> Charset {
        self.themes.charset()
    }
}
