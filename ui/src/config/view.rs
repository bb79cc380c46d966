//! The options of the screen. The node does not read them.

use std::path::{Path, PathBuf};

use clacks_dashboard::{
    keymap::user::UserKeys,
    run::settings::{DashboardSettings, Options},
};
use clacks_language::{
    command::motion_setting::Setting as MotionSetting, saved_filter::Stations, traffic_filter::FilterText,
};
use clacks_text::{byte_size::ByteSize, charset::Charset, paths::UserPath};
use clacks_widgets::theme_selection::ThemeSelection;
use serde::Deserialize;
use toml::Spanned;

use super::number;
use crate::networks;

/// The heading of these options in `--help`.
pub(crate) const HEADING: &str = "Screen";

/// The heading of the recording options in `--help`.
pub(crate) const RECORDING_HEADING: &str = "Recording";

/// The options of the screen, from flags, environment variables or the table `[view]` of the configuration file.
#[derive(Debug, Clone, Default, PartialEq, clap::Args, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
#[command(next_help_heading = HEADING)]
pub(crate) struct View {
    /// Do not use the mouse, so that the terminal can select text with it
    #[arg(long, env = "CLACKS_NO_MOUSE", value_name = "BOOL", num_args = 0..=1, require_equals = true)]
    #[arg(default_missing_value = "true", value_parser = number::switch)]
    pub(crate) no_mouse: Option<bool>,

    /// Amount of animation [default: full, but off over ssh]
    #[arg(long, env = "CLACKS_MOTION", value_name = "HOW_MUCH")]
    pub(crate) motion: Option<MotionSetting>,

    /// Theme: auto, dark, light, mono, high, deuter, trit, the name of your own, or a FILE.toml [default: auto]
    #[arg(long, env = "CLACKS_THEME", value_name = "NAME")]
    pub(crate) theme: Option<String>,

    /// Record events to a file, for `clacks replay`; an existing recording becomes FILE.1
    #[arg(long, env = "CLACKS_RECORD", value_name = "FILE", help_heading = RECORDING_HEADING)]
    pub(crate) record: Option<UserPath>,

    /// Size at which a recording is full and becomes FILE.1, as in 512K, 64M [default: 64M]
    #[arg(long, env = "CLACKS_RECORD_SIZE", value_name = "BYTES", help_heading = RECORDING_HEADING)]
    pub(crate) record_size: Option<ByteSize>,

    /// Show only the traffic that matches this filter, as :filter does [default: all traffic]
    #[arg(long, env = "CLACKS_FILTER", value_name = "FILTER", value_parser = networks::filter)]
    #[serde(deserialize_with = "networks::read_filter")]
    pub(crate) filter: Option<FilterText>,

    /// Show only ASCII characters [default: on if the locale is not UTF-8]
    #[arg(long, env = "CLACKS_ASCII", value_name = "BOOL", num_args = 0..=1, require_equals = true)]
    #[arg(default_missing_value = "true", value_parser = number::switch)]
    pub(crate) ascii: Option<bool>,

    /// Print sentences line by line in place of the screen: for screen readers, and for terminals that cannot draw
    #[arg(long, env = "CLACKS_ACCESSIBLE", value_name = "BOOL", num_args = 0..=1, require_equals = true)]
    #[arg(default_missing_value = "true", value_parser = number::switch)]
    pub(crate) accessible: Option<bool>,

    /// Do not set the title of the terminal window
    #[arg(long, env = "CLACKS_NO_TITLE", value_name = "BOOL", num_args = 0..=1, require_equals = true)]
    #[arg(default_missing_value = "true", value_parser = number::switch)]
    pub(crate) no_title: Option<bool>,

    /// Do not save the history of messages and commands
    #[arg(long, env = "CLACKS_NO_HISTORY", value_name = "BOOL", num_args = 0..=1, require_equals = true)]
    #[arg(default_missing_value = "true", value_parser = number::switch)]
    pub(crate) no_history: Option<bool>,

    /// File for the last 500 lines that were sent; drafts are not saved [default: history, in the data directory]
    #[arg(long, env = "CLACKS_HISTORY_FILE", value_name = "FILE")]
    pub(crate) history_file: Option<UserPath>,

    /// The file and line that name the theme, if the configuration file does.
    #[arg(skip)]
    #[serde(skip)]
    pub(crate) theme_place: Option<String>,

    /// The saved filters, from the table `[stations]`.
    #[arg(skip)]
    #[serde(skip)]
    pub(crate) stations: Stations,

    /// The key bindings, from the tables `[keys.…]`.
    #[arg(skip)]
    #[serde(skip)]
    pub(crate) keys: UserKeys,
}

/// Options that store where a file set them.
pub(crate) trait Located {
    /// Stores the file and line of each such option. `text` is the content of `file`.
    fn locate(&mut self, file: &Path, text: &str);
}

impl Located for View {
    fn locate(&mut self, file: &Path, text: &str) {
        #[derive(Deserialize)]
        struct Table {
            view: Theme,
        }
        #[derive(Deserialize)]
        struct Theme {
            theme: Spanned<String>,
        }
        self.theme_place = toml::from_str::<Table>(text).ok().map(|table| {
            let start = table.view.theme.span().start;
            let line = 1 + text.bytes().take(start).filter(|byte| *byte == b'\n').count();
            format!("{}: line {line}", file.display())
        });
    }
}

impl View {
    /// The character set: `--ascii`, by default that of the locale.
    pub(crate) fn charset(&self) -> Charset {
        Charset::chosen(self.ascii)
    }

    /// Opens the configured theme, `auto` by default, with the character set.
    pub(crate) fn open_theme(&self) -> anyhow::Result<ThemeSelection> {
        let directory = super::file::themes_directory();
        let themes =
            ThemeSelection::open(directory.as_deref(), self.theme.as_deref(), self.theme_place.as_deref())?;
        Ok(themes.with_charset(self.charset()))
    }

    /// The dashboard's settings, without a history file. Reads the themes, so that an invalid one is reported before a
    /// node starts.
    pub(crate) fn settings(&self, demo: bool) -> anyhow::Result<DashboardSettings> {
        let options = Options {
            mouse: !self.no_mouse.unwrap_or_default(),
            title: !self.no_title.unwrap_or_default(),
            motion: self.motion,
            filter: self.filter.clone(),
            stations: self.stations.clone(),
            keys: self.keys.clone(),
        };
        Ok(DashboardSettings::new(demo, options, self.open_theme()?).with_panes(networks::panes()))
    }

    /// The path of the history file, by default in the node's data directory; `None` if no history is saved.
    pub(crate) fn history(&self, directory: Option<&Path>) -> Option<PathBuf> {
        let file =
            self.history_file.as_deref().map(Path::to_path_buf).or_else(|| Some(directory?.join("history")));
        file.filter(|_| !self.no_history.unwrap_or_default())
    }

    /// Merges two sources: values of `self` take precedence over those of `other`.
    #[allow(clippy::needless_pass_by_value, reason = "as of `Config`")]
    pub(crate) fn or(self, other: Self) -> Self {
        Self {
            no_mouse: self.no_mouse.or(other.no_mouse),
            motion: self.motion.or(other.motion),
            theme_place: if self.theme.is_some() { self.theme_place } else { other.theme_place },
            theme: self.theme.or(other.theme),
            record: self.record.or(other.record),
            record_size: self.record_size.or(other.record_size),
            filter: self.filter.or(other.filter),
            ascii: self.ascii.or(other.ascii),
            accessible: self.accessible.or(other.accessible),
            no_title: self.no_title.or(other.no_title),
            no_history: self.no_history.or(other.no_history),
            history_file: self.history_file.or(other.history_file),
            stations: self.stations.or(other.stations),
            keys: self.keys.or(other.keys),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_theme_is_reported_with_the_line_that_names_it() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("config.toml");
        for theme in ["foo", "missing.toml"] {
            std::fs::write(&file, format!("# mine\n[view]\ntheme = '{theme}'\n")).unwrap();
            let told = |view: View| {
                let view = view.with_file(Some(&file)).unwrap();
                view.open_theme().map(drop).map_err(|error| format!("{error:#}"))
            };
            let place = format!("{}: line 3: ", file.display());
            let error = told(View::default()).unwrap_err();
            assert!(error.starts_with(&place) && error.contains(theme), "{error}");
            let given = |name: &str| View { theme: Some(name.to_owned()), ..View::default() };
            assert!(told(given("bar")).unwrap_err().starts_with("there is no theme bar"));
            assert_eq!(told(given("dark")), Ok(()));
        }
    }
}
