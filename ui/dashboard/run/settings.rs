//! Settings of the dashboard.

use std::path::{Path, PathBuf};

use clacks_language::{
    command::motion_setting::Setting as MotionSetting,
    saved_filter::{StationFile, Stations},
    traffic_filter::{FilterNetworks, FilterText},
};
use clacks_panes::NetworkPanes;
use clacks_widgets::theme_selection::ThemeSelection;

use crate::keymap::user::UserKeys;

/// Settings of the dashboard.
#[derive(Debug, Clone)]
pub struct DashboardSettings {
    /// Whether the node is part of a demo network. Its messages may be lost without a question.
    pub demo: bool,
    pub(super) options: Options,
    /// Path of the history file.
    pub(super) history: Option<PathBuf>,
    pub(super) looks: ThemeSelection,
    pub(super) stations: SavedStations,
    /// The panes of each network, without data.
    pub(super) panes: Vec<NetworkPanes>,
    /// Remark for the start.
    pub(super) remark: Option<String>,
}

/// Options of the screen.
#[derive(Debug, Clone)]
pub struct Options {
    /// Whether to capture the mouse.
    pub mouse: bool,
    /// Whether to set the title of the window.
    pub title: bool,
    /// Motion setting. Default: full, but off over SSH.
    pub motion: Option<MotionSetting>,
    /// Filter of the traffic. Default: all traffic.
    pub filter: Option<FilterText>,
    /// Saved filters.
    pub stations: Stations,
    /// Key bindings of the user.
    pub keys: UserKeys,
}

/// Saved filters that were changed at run time, and their file.
#[derive(Debug, Clone, Default)]
pub(super) struct SavedStations {
    pub(super) file: Option<StationFile>,
    pub(super) changed: Stations,
}

impl DashboardSettings {
    /// Creates settings without a history file and without a file for saved filters.
    pub fn new(demo: bool, options: Options, looks: ThemeSelection) -> Self {
        Self {
            demo,
            options,
            history: None,
            looks,
            stations: SavedStations::default(),
            panes: Vec::new(),
            remark: None,
        }
    }

    /// Loads the saved filters of a directory, and saves changes there. Fails if the file cannot be read, or if a filter is
    /// invalid in all these networks.
    pub fn with_filter_directory(self, directory: &Path, networks: &FilterNetworks) -> anyhow::Result<Self> {
        let file = StationFile::in_directory(directory);
        let changed = file.read(networks)?;
        Ok(Self { stations: SavedStations { file: Some(file), changed }, ..self })
    }

    /// Sets the pictures and pages that networks have besides their lists. Each node of a network gets its own copies.
    pub fn with_panes(self, panes: Vec<NetworkPanes>) -> Self {
        Self { panes, ..self }
    }

    /// Sets the history file. `None` keeps no history.
    pub fn with_history(self, file: Option<PathBuf>) -> Self {
        Self { history: file, ..self }
    }

    /// Sets a remark for the start. It is shown as a notice and in the traffic.
    pub fn with_remark(self, remark: Option<String>) -> Self {
        Self { remark, ..self }
    }

    pub(super) fn has_title(&self) -> bool {
        clacks_terminal::colours::has_title() && self.options.title
    }

    pub(super) fn captures_mouse(&self) -> bool {
        self.options.mouse
    }

    pub(super) fn motion(&self) -> MotionSetting {
        self.options.motion.unwrap_or_else(|| MotionSetting::usual(clacks_terminal::ssh::is_over_ssh()))
    }
}
