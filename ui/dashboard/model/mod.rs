//! State of the dashboard. [`update`](super::update::update()) changes it, [`view`](super::view) draws it.

pub mod focus;
pub mod frozen;
pub mod keys;
pub mod notice;
pub mod overlay;
pub mod panes;
pub mod snapshot;
pub mod theme;
pub mod traffic;

use clacks_language::{saved_filter::Stations, traffic_filter::FilterNetworks};
use std::{cell::RefCell, sync::Arc};

use clacks_feed::{Now, Playback, Row, description::ListId};
use clacks_panes::Place;
use clacks_session::{lost_lines::LostLines, saved_filters::SavedFilterHits, traffic::Log, undo::Undo};
use clacks_widgets::{animation::Animations, theme_selection::ThemeSelection, time_series::Chart};
use focus::SelectionTarget;
use jiff::tz::TimeZone;
use ratatui::layout::Rect;

use super::{
    keymap::Keymap,
    state::{
        assist::Assist,
        confirmation::Confirmation,
        editing::Editing,
        filter_preview::FilterPreview,
        frozen::Frozen,
        input::Input,
        layout::{Areas, Pane},
        log_cursor::LogCursor,
        network::Networks,
        notice::Notice,
        overlay::Overlay,
        palette::Palette,
        sending::Sending,
        shutdown::{StopChoices, StopProgress, Stopping},
        traffic_needs::TrafficNeeds,
    },
};

/// State of the dashboard: all data that the view draws.
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "they say yes or no to different questions")]
pub struct Model {
    /// Size of the terminal, in cells.
    pub screen: Rect,
    /// Key bindings.
    pub keymap: Keymap,
    /// Time zone of all times on the screen.
    pub zone: TimeZone,
    pub(crate) is_demo: bool,
    /// Node time: uptime and wall clock.
    pub now: Now,
    pub(crate) focus: Focus,
    /// Pane that has the focus, or had it before the input.
    pub pane: Pane,
    /// Whether that pane fills the body.
    pub(crate) is_zoomed: bool,
    /// The networks, with their lists.
    pub networks: Networks,
    /// Number of the views that were last asked for. It rises with each query.
    pub(crate) view_number: u64,
    /// Filter of the hold rule, if one is set.
    pub hold_rule: Option<String>,
    /// Traffic log.
    pub log: Log,
    pub(crate) log_cursor: LogCursor,
    /// What the columns of the traffic needed so far. The view changes it.
    pub(crate) traffic_needs: RefCell<TrafficNeeds>,
    /// Origins of most messages here, and the number of all. Fetched only while the limits are shown.
    pub(crate) origins: (Vec<Row>, u64),
    /// First ignored remote addresses, and the number of all. Fetched only while the limits are shown.
    pub(crate) ignored_remotes: (Vec<Row>, u64),

    /// Saved filters and their hits.
    pub saved_filters: SavedFilterHits,
    /// Filter that is being typed, if any.
    pub filter_preview: Option<FilterPreview>,
    /// Input line, with its draft and history.
    pub input: Input,
    pub(crate) assist: Assist,
    /// Last input sent to the node of the network at a position. A refusal restores it to the input line.
    pub sending: Option<(usize, Sending)>,
    /// Message that is being edited on the line.
    pub(crate) editing: Option<Editing>,
    /// Open overlay, if any.
    pub overlay: Option<Overlay>,
    /// Notice about the last action, if any.
    pub notice: Option<Notice>,
    /// Palette of available commands, drawn over everything else.
    pub palette: Option<Palette>,
    /// Commands that can be undone.
    pub undo: Undo,
    /// Open question. It receives the next key.
    pub question: Option<Confirmation>,
    /// Whether to ask before quitting, even if nothing would be lost.
    pub(crate) confirms_quit: bool,
    /// Node that is being stopped before the program quits.
    pub(crate) stopping: Option<Stopping>,
    pub(crate) stop_choices: StopChoices,
    /// Whether the mouse is captured.
    pub mouse: bool,
    /// Frozen screen, while the node runs on.
    pub(crate) frozen: Option<Frozen>,
    /// Whether a key moved a selection. The lists are then fetched even if the screen is frozen.
    pub(crate) has_moved: bool,
    /// Whether an overlay was opened or used. Its data is then fetched even if the screen is frozen.
    pub(crate) has_opened: bool,
    /// Setting of the animations.
    pub motion: Animations,
    /// Selected chart. `None` shows all charts that fit.
    pub chart: Option<Chart>,
    /// Size of the running recording, in bytes. `None` if none runs.
    pub recording_size: Option<u64>,
    /// Reason why a recording ended by itself, until another one starts or the user acknowledges it.
    pub(crate) recording_failure: Option<String>,
    /// Lines that are missing in the log file.
    pub lost_lines: Option<LostLines>,
    /// How the recording is played. `None` for a live node.
    pub replay: Option<Playback>,
    /// Number of lines of the recording that are skipped because they are damaged.
    pub damaged_lines: u64,
    /// Theme in use, and the themes to choose from.
    pub themes: ThemeSelection,
}

/// Focus of the keyboard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Focus {
    /// Keys go to the list that has the focus.
    Lists,
    /// Keys go to the input line.
    Input,
    /// Keys go to the input line, in which the filter of the open list is written. The list stays on the screen.
    InputOverList,
}

impl Model {
    /// Creates the model of these networks, with empty lists. `mouse` says whether the mouse is captured.
    pub fn new(networks: Networks, now: Now, zone: TimeZone, is_demo: bool, mouse: bool) -> Self {
        let stations = Stations::default;
        let saved_filters = SavedFilterHits::new(stations(), stations(), filter_networks(&networks));
        Self {
            screen: Rect::default(),
            keymap: Keymap::default(),
            zone,
            is_demo,
            now,
            focus: Focus::Lists,
            pane: Pane::Peers,
            is_zoomed: false,
            networks,
            view_number: 0,
            hold_rule: None,
            log: Log::default(),
            log_cursor: LogCursor::Following,
            traffic_needs: RefCell::default(),
            origins: (Vec::new(), 0),
            ignored_remotes: (Vec::new(), 0),
            saved_filters,
            filter_preview: None,
            input: Input::default(),
            assist: Assist::default(),
            sending: None,
            editing: None,
            overlay: None,
            notice: None,
            palette: None,
            undo: Undo::default(),
            question: None,
            confirms_quit: false,
            stopping: None,
            stop_choices: StopChoices::default(),
            mouse,
            frozen: None,
            has_moved: false,
            has_opened: false,
            motion: Animations::default(),
            chart: None,
            recording_size: None,
            recording_failure: None,
            lost_lines: None,
            replay: None,
            damaged_lines: 0,
            themes: ThemeSelection::default(),
        }
    }

    /// Returns the networks whose traffic a filter selects from.
    pub(crate) fn filter_networks(&self) -> FilterNetworks {
        filter_networks(&self.networks)
    }

    /// Clears everything derived from events, because a replay starts again. Choices of the user stay.
    pub fn reset(&mut self) {
        self.log.clear();
        self.log_cursor = LogCursor::Following;
        for network in self.networks.iter_mut() {
            network.figures.reset();
            network.panes.iter_mut().for_each(|pane| pane.begin_again());
        }
        self.undo = Undo::default();
        self.saved_filters.begin_again();
        self.frozen = None;
        self.notice = None;
        self.question = None;
    }

    /// Returns the progress of the node that is being stopped. `None` if it reports none.
    pub fn stop_progress(&self) -> Option<StopProgress> {
        let network = self.networks.get(self.stopping?.network)?;
        StopProgress::of(network)
    }

    /// Whether a node is asked whether it may be stopped, or is being stopped, before the program quits.
    pub(crate) fn is_quitting(&self) -> bool {
        self.stopping.is_some() || self.stop_choices.asked.is_some()
    }

    /// Whether the loss of messages is asked about before the program quits. Those of a demo need not be kept, and a replay
    /// has none of its own.
    pub(crate) fn asks_before_leaving(&self) -> bool {
        !self.is_demo && self.replay.is_none()
    }

    /// Returns the areas of the screen, or `None` if it is too small.
    pub fn areas(&self) -> Option<Areas> {
        let has_strip = self.pane_beside(Place::Strip).is_some();
        let areas = Areas::of(self.screen, self.pane, self.is_zoomed, has_strip)?;
        let has_column = self.pane_beside(Place::Column).is_some();
        Some(if has_column { areas } else { areas.without_column() })
    }

    /// Returns the panes on the screen, in the order of Tab.
    pub(crate) fn panes(&self) -> Vec<Pane> {
        let panes = Pane::visible_on(self.screen).iter().copied();
        panes.filter(|pane| *pane != Pane::Column || self.pane_beside(Place::Column).is_some()).collect()
    }

    /// Returns the number of rows of a pane on the screen, without its title.
    pub fn height(&self, pane: Pane) -> usize {
        self.areas().map_or(0, |areas| usize::from(areas.rows(pane).height))
    }

    /// Returns the list of a pane. `None` for the traffic, and if the network has no such list.
    pub fn list_of(&self, pane: Pane) -> Option<ListId> {
        match pane {
            Pane::Peers => self.networks.active().beside(0),
            Pane::Column => self.networks.active().description.list_id(self.shown_list()?),
            Pane::Queue => self.networks.active().beside(1),
            Pane::Traffic => None,
        }
    }

    /// Returns the list on which keys act: the open one, or that of the pane.
    pub(crate) fn selected_list(&self) -> Option<ListId> {
        match self.selection_target() {
            SelectionTarget::List(pane) => self.list_of(pane),
            SelectionTarget::Held => self.overlay_list(),
            SelectionTarget::Rows | SelectionTarget::Text | SelectionTarget::Picture => None,
        }
    }

    /// Returns the selected row of the list on which keys act.
    pub(crate) fn selected_row(&self) -> Option<(ListId, &Row)> {
        let list = self.selected_list()?;
        Some((list, self.networks.active().list(list)?.selected_row()?))
    }
}

fn filter_networks(networks: &Networks) -> FilterNetworks {
    FilterNetworks::new(networks.iter().map(|network| Arc::clone(&network.description)))
}
