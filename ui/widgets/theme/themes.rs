//! The built-in themes, and the user's own.

use std::{
    path::{Path, PathBuf},
    sync::LazyLock,
};

use anyhow::{Context, bail};
use clacks_terminal::colours::Background;
use clacks_text::file_error;
use clacks_transport::files::read_regular_text;

use super::{
    Theme,
    file::{File, Styles},
};

/// The default theme: `dark` or `light` if the background is known, else one for both.
pub(crate) const AUTO: &str = "auto";
pub(crate) const MONO: &str = "mono";
const DARK: &str = "dark";
const LIGHT: &str = "light";

/// Maximum number of the user's own themes, because each stays in memory.
const MOST_OWN: usize = 100;
/// Maximum size of a theme's file in bytes.
const LARGEST: u64 = 64 << 10;

macro_rules! files {
    ($($name:literal),*) => {
        &[$(($name, include_str!(concat!("../../../assets/themes/", $name, ".toml")))),*]
    };
}

/// The built-in themes. The first is the base of the others.
pub(crate) const FILES: &[(&str, &str)] = files!["auto", "dark", "light", "mono", "high", "deuter", "trit"];

/// The base of the first built-in theme: no styles.
pub(crate) static PLAIN: Styles = Styles::PLAIN;

/// The built-in themes, parsed on first use. A test parses each.
static BUILT_IN: LazyLock<Vec<(&str, Styles)>> = LazyLock::new(|| {
    let mut themes: Vec<(&str, Styles)> = Vec::new();
    for (name, text) in FILES {
        let base = themes.first().map_or(&PLAIN, |(_, auto)| auto);
        let styles =
            clacks_text::toml::parse(text).ok().map(|file: File| with_visible_focus(file.over(base)));
        themes.extend(styles.map(|styles| (*name, styles)));
    }
    themes
});

/// All themes by name.
#[derive(Debug, Clone)]
pub(crate) struct Themes {
    /// In list order. A user's theme replaces a built-in one of the same name.
    named: Vec<(String, Theme)>,
}

impl Default for Themes {
    /// The built-in themes.
    fn default() -> Self {
        Self {
            named: BUILT_IN.iter().map(|(name, styles)| ((*name).to_owned(), Theme::new(styles))).collect(),
        }
    }
}

impl Themes {
    /// The built-in theme with this name.
    pub(crate) fn built_in(name: &str) -> Option<Theme> {
        BUILT_IN.iter().find(|(known, _)| *known == name).map(|(_, styles)| Theme::new(styles))
    }

    /// The built-in themes and those in a directory, which need not exist: each file `NAME.toml` is a theme. The second
    /// value has one line for each file that cannot be read.
    pub(crate) fn with_directory(directory: &Path) -> (Self, Vec<String>) {
        let (mut themes, mut complaints) = (Self::default(), Vec::new());
        for file in files_in(directory) {
            match themes.add(&file) {
                Ok(_) => {}
                Err(error) => complaints.push(format!("{error:#}")),
            }
        }
        (themes, complaints)
    }

    /// Reads a theme's file. Returns the theme's name: the file name without its extension.
    pub(crate) fn add(&mut self, file: &Path) -> anyhow::Result<String> {
        let name = file.file_stem().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        if name == AUTO {
            bail!("{}: no theme of your own can be called auto; give the file another name", file.display());
        }
        let styles = read(file).with_context(|| file.display().to_string())?;
        // The theme stays in memory until the process ends. Their number is limited.
        let theme = Theme::new(Box::leak(Box::new(styles)));
        match self.named.iter_mut().find(|(known, _)| *known == name) {
            Some((_, known)) => *known = theme,
            None => self.named.push((name.clone(), theme)),
        }
        Ok(name)
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.named.iter().map(|(name, _)| name.as_str())
    }

    /// The theme with this name, or the only one whose name starts with it, and its full name.
    pub(crate) fn find(&self, name: &str) -> Option<(&str, Theme)> {
        let mut beginning =
            self.named.iter().filter(|(known, _)| !name.is_empty() && known.starts_with(name));
        let whole = self.named.iter().find(|(known, _)| known == name);
        let only = beginning.next().filter(|_| beginning.next().is_none());
        whole.or(only).map(|(name, theme)| (name.as_str(), *theme))
    }

    /// The theme that `auto` stands for.
    pub(crate) fn automatic(background: Background) -> Theme {
        let name = match background {
            Background::Dark => DARK,
            Background::Light => LIGHT,
            Background::Unknown => AUTO,
        };
        Self::built_in(name).unwrap_or_default()
    }
}

/// The theme files of a directory in the order of their names.
fn files_in(directory: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(directory).into_iter().flatten().flatten();
    let mut files: Vec<_> = entries
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "toml"))
        .collect();
    files.sort();
    files.truncate(MOST_OWN);
    files
}

fn read(file: &Path) -> anyhow::Result<Styles> {
    let text = read_regular_text(file, LARGEST).map_err(file_error::reading).context("cannot be read")?;
    Ok(with_visible_focus(clacks_text::toml::parse::<File>(&text)?.over(&Theme::default())))
}

/// The focus and the selection stay visible, whatever a file says. In the selected row no text is dim, because dim text in
/// reverse is grey on grey.
fn with_visible_focus(styles: Styles) -> Styles {
    Styles {
        selected: styles.selected.reversed().not_dim(),
        focused_title: styles.focused_title.reversed(),
        ..styles
    }
}
