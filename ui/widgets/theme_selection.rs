//! The selection of a theme.

use std::path::Path;

use clacks_terminal::colours::Background;
use clacks_text::{charset::Charset, paths::expand};

use super::theme::{
    Theme,
    themes::{AUTO, Themes},
};

/// The command that selects a theme.
const COMMAND: &str = ":theme ";

/// All themes and the selected one.
#[derive(Debug, Clone, Default)]
pub struct ThemeSelection {
    themes: Themes,
    /// The theme that `auto` stands for on this terminal.
    automatic: Theme,
    chosen: Theme,
    /// The characters that every theme is drawn with.
    charset: Charset,
    /// One line for each of the user's themes that cannot be read.
    complaints: Vec<String>,
}

/// No theme has this name or unique prefix. `Display` writes one line for the user.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no theme {name}; there are {names}")]
pub struct UnknownTheme {
    name: String,
    /// The names of all themes.
    names: String,
}

impl ThemeSelection {
    /// Reads the user's themes in a directory, and selects the theme with this name or file; `auto` by default. `place`
    /// is the configuration line that names the theme; errors start with it.
    ///
    /// # Errors
    ///
    /// Fails if the theme's file cannot be read, or if there is no such theme.
    pub fn open(directory: Option<&Path>, name: Option<&str>, place: Option<&str>) -> anyhow::Result<Self> {
        let (mut themes, complaints) = directory.map(Themes::with_directory).unwrap_or_default();
        let wanted = name.unwrap_or(AUTO);
        let at_place = |error: anyhow::Error| match place {
            Some(place) => error.context(place.to_owned()),
            None => error,
        };
        let name = if is_file(wanted) {
            let added =
                expand(Path::new(wanted)).map_err(anyhow::Error::from).and_then(|path| themes.add(&path));
            added.map_err(at_place)?
        } else {
            wanted.to_owned()
        };
        let looks = Self::new(
            themes,
            clacks_terminal::colours::background(),
            clacks_terminal::colours::use_colours(),
        );
        let mut looks = Self { complaints, ..looks };
        let chosen = looks.choose(&name);
        chosen.map_err(|reason| at_place(anyhow::anyhow!("{reason}{}", looks.why_not(&name))))?;
        Ok(looks)
    }

    /// Selects `auto` for a terminal with this background, or without colours.
    fn new(themes: Themes, background: Background, colours: bool) -> Self {
        let automatic = if colours { Themes::automatic(background) } else { Theme::mono() };
        Self { themes, automatic, chosen: automatic, charset: Charset::Unicode, complaints: Vec::new() }
    }

    /// The same themes drawn with these characters; all of Unicode by default.
    #[must_use]
    pub fn with_charset(self, charset: Charset) -> Self {
        Self { charset, ..self }
    }

    /// The characters that every theme is drawn with.
    pub fn charset(&self) -> Charset {
        self.charset
    }

    /// The selected theme.
    pub fn theme(&self) -> Theme {
        self.chosen.with_charset(self.charset)
    }

    /// The theme for a preview while the user types `:theme NAME`; `None` for other drafts and unknown names.
    pub fn preview(&self, draft: &str) -> Option<Theme> {
        let name = draft.strip_prefix(COMMAND)?;
        self.find(name.trim()).ok().map(|(_, theme)| theme)
    }

    /// The names of all themes, for completion.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.themes.names()
    }

    /// The theme with this name or unique prefix, and its full name.
    ///
    /// # Errors
    ///
    /// Fails if there is no such theme.
    pub fn find(&self, name: &str) -> Result<(&str, Theme), UnknownTheme> {
        match self.themes.find(name) {
            Some((AUTO, _)) => Ok((AUTO, self.automatic.with_charset(self.charset))),
            Some((name, theme)) => Ok((name, theme.with_charset(self.charset))),
            None => {
                let names = self.names().collect::<Vec<_>>().join(", ");
                Err(UnknownTheme { name: name.to_owned(), names })
            }
        }
    }

    /// Selects a theme by its name or unique prefix. Returns its full name.
    ///
    /// # Errors
    ///
    /// Fails if there is no such theme; the selection then stays.
    pub fn choose(&mut self, name: &str) -> Result<String, UnknownTheme> {
        let (name, theme) = self.find(name).map(|(name, theme)| (name.to_owned(), theme))?;
        self.chosen = theme;
        Ok(name)
    }

    /// The user's themes that cannot be read, in one line; `None` if all can.
    pub fn complaint(&self) -> Option<String> {
        let first = self.complaints.first()?;
        Some(match self.complaints.len() {
            1 => first.clone(),
            number => format!("{first} (and {} other themes)", number - 1),
        })
    }

    /// The error in the file of a theme with this name, in parentheses; empty if there is none.
    fn why_not(&self, name: &str) -> String {
        let file = format!("{name}.toml: ");
        let why = self.complaints.iter().find(|complaint| complaint.contains(&file));
        why.map(|why| format!(" ({why})")).unwrap_or_default()
    }
}

/// Whether this is the name of a file and not that of a theme.
fn is_file(name: &str) -> bool {
    name.contains(std::path::is_separator) || Path::new(name).extension().is_some_and(|end| end == "toml")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn looks(colours: bool) -> ThemeSelection {
        ThemeSelection::new(Themes::default(), Background::Unknown, colours)
    }

    #[test]
    fn a_theme_is_previewed_while_its_name_is_typed() {
        let looks = looks(true);
        let light = looks.find("light").unwrap().1;
        for draft in [":theme light", ":theme  light ", ":theme l"] {
            assert_eq!(looks.preview(draft), Some(light), "{draft}");
        }
        // An empty name, another command, or an ambiguous name.
        for draft in [":theme ", "light", ":themelight", ":theme d", ":theme lights"] {
            assert_eq!(looks.preview(draft), None, "{draft}");
        }
        assert_eq!(looks.theme(), Theme::default());
    }

    #[test]
    fn without_colours_auto_has_none_and_other_themes_keep_theirs() {
        let mut looks = looks(false);
        assert_eq!(looks.theme(), Theme::mono());
        assert_eq!(looks.choose("da"), Ok("dark".to_owned()));
        assert_ne!(looks.theme(), Theme::mono());
        assert_eq!(looks.choose("auto"), Ok("auto".to_owned()));
        assert_eq!(looks.theme(), Theme::mono());
    }

    #[test]
    fn auto_follows_a_known_background() {
        let theme = |background| ThemeSelection::new(Themes::default(), background, true).theme();
        let named = |name| looks(true).find(name).unwrap().1;
        assert_eq!(theme(Background::Dark), named("dark"));
        assert_eq!(theme(Background::Light), named("light"));
        assert_eq!(theme(Background::Unknown), named("auto"));
    }

    #[test]
    fn an_unknown_theme_is_reported_with_the_known_ones() {
        let reason = looks(true).find("solarized").unwrap_err();
        assert_eq!(
            reason.to_string(),
            "there is no theme solarized; there are auto, dark, light, mono, high, deuter, trit"
        );
    }

    #[test]
    fn file_names_are_distinguished_from_theme_names() {
        assert!(is_file("mine.toml") && is_file("./mine") && is_file("/etc/mine.toml"));
        assert!(!is_file("dark") && !is_file("toml"));
    }
}
