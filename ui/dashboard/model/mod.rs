//! State of the dashboard. [`update`](super::update::update()) changes it, [`view`](super::view) draws it.

pub mod focus;
pub mod notice;
pub mod overlay;
pub mod rates;
pub mod snapshot;
pub mod still;
pub mod traffic;

use clacks_language::command::motion_setting::Setting;
use clacks_p2p::{
    Address,
    core::{Now, QueuedMessage, Status},
    node::{CertificateFingerprint, Overview},
};
use clacks_recording::player::Progress;
use clacks_source::{
    lost_lines::LostLines,
    message_history::MessageHistories,
    peer_shares::Shares,
    saved_filters::SavedFilterHits,
    send_history::SendHistory,
    time_series::{Chart, Trends},
    traffic::Log,
    undo::Undo,
};
use clacks_text::charset::Charset;
use clacks_widgets::{animation::Animations, theme::Theme, theme_selection::ThemeSelection};
use focus::FocusOwner;
use jiff::tz::TimeZone;
use notice::Notice;
use overlay::Overlay;
use ratatui::layout::Rect;
use rates::Rates;
use still::Frozen;
use traffic::LogCursor;

use super::{
    keymap::{Binding, KeyContext, Keymap, key::Key},
    state::{
        assist::Assist,
        confirmation::Confirmation,
        editing::Editing,
        filter_preview::FilterPreview,
        held::Held,
        input::Input,
        layout::{Areas, Pane},
        limits::Limits,
        lists::{PeerList, QueueList},
        map::Map,
        marks::Marks,
        palette::Palette,
        sending::Sending,
        shutdown::DrainStarted,
        tower::Towers,
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
    /// Counters and settings of the node, as last fetched.
    pub overview: Overview,
    /// `overview` at the time when the lists were fetched. It is older than `overview` while the lists are frozen.
    pub listed: Overview,
    /// Node time: uptime and wall clock.
    pub now: Now,
    /// Messages per second, received and delivered.
    pub rates: Rates,
    pub(crate) focus: Focus,
    /// Pane that has the focus, or had it before the input.
    pub pane: Pane,
    /// That pane has all of the body.
    pub(crate) is_zoomed: bool,
    /// Window of the peer list, with its selection.
    pub peers: PeerList,
    /// Window of the queue, with its selection.
    pub queue: QueueList,
    /// The message that goes next, while it is shown.
    pub head: Option<QueuedMessage>,
    /// Window of the held messages, with its selection.
    pub held: Held,
    /// Traffic log.
    pub log: Log,
    pub(crate) log_cursor: LogCursor,
    /// History of each message that was seen.
    pub lives: MessageHistories,
    /// Recent sends and their outcomes.
    pub sends: SendHistory,
    /// Limits, and how often they were reached.
    pub limits: Limits,

    /// Saved filters and their hits.
    pub listening: SavedFilterHits,
    /// Filter that is being typed, if any.
    pub writing: Option<FilterPreview>,
    /// Input line, with its draft and history.
    pub input: Input,
    pub(crate) assist: Assist,
    /// Last input sent to the node. A refusal restores it to the input line.
    pub sending: Option<Sending>,
    /// The message that is being edited on the line.
    pub(crate) editing: Option<Editing>,
    /// Open overlay, if any.
    pub overlay: Option<Overlay>,
    /// Notice about the last action, if any.
    pub notice: Option<Notice>,
    /// Palette of available commands, drawn over everything else.
    pub menu: Option<Palette>,
    /// Marked peers and messages.
    pub marks: Marks,
    /// Commands that can be undone.
    pub undo: Undo,
    /// Messages received in the last hour, counted by peer.
    pub shares: Shares,
    /// Open question. It receives the next key.
    pub question: Option<Confirmation>,
    /// Leaving is asked about even if nothing would be lost.
    pub(crate) asks_before_leaving: bool,
    /// Messages are handed on before the program ends.
    pub(crate) begun_to_hand_on: Option<DrainStarted>,
    /// Whether the mouse is captured.
    pub mouse: bool,
    /// The lists are held still while the node goes on.
    pub(crate) frozen: Option<Frozen>,
    /// The certificate that is trusted for the peer that is shown in full.
    pub(crate) shown_certificate: Option<(Address, CertificateFingerprint)>,
    /// A key moved a selection, so the lists are fetched even if they are held still.
    pub(crate) has_moved: bool,
    /// Something was opened or done in what is open, so that is fetched even if the screen is held still.
    pub(crate) has_opened: bool,
    /// Network map.
    pub map: Map,
    /// Clock and setting of the animations.
    pub motion: Animations,
    /// Time series for the charts.
    pub trends: Trends,
    /// The two shutter towers.
    pub towers: Towers,
    /// Selected chart. `None` shows all charts that fit.
    pub chart: Option<Chart>,
    /// Size of the running recording, in bytes. `None` if none runs.
    pub recorded: Option<u64>,
    /// Why a recording ended by itself, until another begins or the user has acknowledged it.
    pub(crate) recording_failure: Option<String>,
    /// Lines that are missing in the log file.
    pub lost_lines: Option<LostLines>,
    /// Progress of the replay. `None` for a live node.
    pub replay: Option<Progress>,
    /// Theme in use, and the themes to choose from.
    pub looks: ThemeSelection,
}

/// Focus of the keyboard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Focus {
    /// Keys go to the list that has the focus.
    Lists,
    /// Keys go to the input line.
    Input,
}

impl Model {
    /// Creates the model of a node, with empty lists. `mouse` says whether the mouse is captured.
    pub fn new(overview: Overview, now: Now, zone: TimeZone, is_demo: bool, mouse: bool) -> Self {
        Self {
            screen: Rect::default(),
            keymap: Keymap::default(),
            zone,
            is_demo,
            listed: overview.clone(),
            overview,
            now,
            rates: Rates::default(),
            focus: Focus::Lists,
            pane: Pane::Peers,
            is_zoomed: false,
            peers: PeerList::default(),
            queue: QueueList::default(),
            head: None,
            held: Held::default(),
            log: Log::default(),
            log_cursor: LogCursor::Following,
            lives: MessageHistories::default(),
            sends: SendHistory::default(),
            limits: Limits::default(),
            listening: SavedFilterHits::default(),
            writing: None,
            input: Input::default(),
            assist: Assist::default(),
            sending: None,
            editing: None,
            overlay: None,
            notice: None,
            menu: None,
            marks: Marks::default(),
            undo: Undo::default(),
            shares: Shares::default(),
            question: None,
            asks_before_leaving: false,
            begun_to_hand_on: None,
            mouse,
            frozen: None,
            shown_certificate: None,
            has_moved: false,
            has_opened: false,
            map: Map::default(),
            motion: Animations::default(),
            trends: Trends::default(),
            towers: Towers::default(),
            chart: None,
            recorded: None,
            recording_failure: None,
            lost_lines: None,
            replay: None,
            looks: ThemeSelection::default(),
        }
    }

    /// The name of the key that runs a command in the list that has the focus or had it last; the command itself if
    /// there is none.
    pub(crate) fn key_for(&self, command: &str) -> String {
        self.key_at(self.pane.into(), command)
    }

    /// The name of the key that runs a command in a place; the command itself if there is none.
    pub(crate) fn key_at(&self, place: KeyContext, command: &str) -> String {
        self.keymap.key_name(place, command, self.charset())
    }

    /// Returns the binding of a key in the present context.
    pub fn bound(&self, key: Key) -> Option<&Binding> {
        let owner = self.next_owner();
        let place = owner.place()?;
        let of_the_line =
            || self.keymap.find(KeyContext::Input, key).filter(|_| place == KeyContext::Choices);
        self.keymap
            .find(place, key)
            // What does nothing to the choices goes on with the line.
            .or_else(of_the_line)
            .or_else(|| self.plays_in(owner).then(|| self.keymap.find(KeyContext::Replay, key))?)
    }

    /// The keys that run a command now, the first of which is the one to hint at.
    pub(crate) fn keys_of(&self, binding: &Binding) -> Vec<Key> {
        let owner = self.next_owner();
        let mut keys = owner.place().map_or_else(Vec::new, |place| binding.keys_in(place));
        if self.plays_in(owner) {
            keys.extend(binding.keys_in(KeyContext::Replay));
        }
        keys
    }

    /// Whether the keys of a replay work: not where they are text.
    fn plays_in(&self, owner: FocusOwner) -> bool {
        self.replay.is_some() && !owner.takes_text()
    }

    /// Clears everything derived from events, because a replay starts again. The choices of the user stay.
    pub fn begin_again(&mut self) {
        self.log.clear();
        self.log_cursor = LogCursor::Following;
        (self.rates, self.trends, self.towers) = (Rates::default(), Trends::default(), Towers::default());
        (self.lives, self.sends, self.shares) =
            (MessageHistories::default(), SendHistory::default(), Shares::default());
        (self.map, self.undo) = (Map::default(), Undo::default());
        self.limits.reset();
        self.motion.begin_again();
        self.listening.begin_again();
        self.frozen = None;
        self.notice = None;
        self.question = None;
    }

    /// Returns the theme to draw with: the theme whose name is being typed, else the selected one.
    pub fn theme(&self) -> Theme {
        let writes = matches!(self.next_owner(), FocusOwner::Input(_) | FocusOwner::Choices(_));
        let tried = if writes { self.looks.tried(self.input.draft()) } else { None };
        tried.unwrap_or(self.looks.theme())
    }

    /// The characters that the terminal can show.
    pub fn charset(&self) -> Charset {
        self.looks.charset()
    }

    /// Returns the areas of the screen, or `None` if it is too small.
    pub fn areas(&self) -> Option<Areas> {
        Areas::of(self.screen, self.pane, self.is_zoomed, self.motion.setting() != Setting::Off)
    }

    /// Returns the number of rows of a pane on the screen, without its title.
    pub fn height(&self, pane: Pane) -> usize {
        self.areas().map_or(0, |areas| usize::from(areas.rows(pane).height))
    }

    /// The status of a peer that is on the screen.
    pub(crate) fn status_of(&self, address: &Address) -> Option<Status> {
        let shown = self.shown_peer().map(|detail| &detail.peer);
        let mut known = self.peers.window.iter().chain(shown);
        known.find(|peer| peer.address == *address).map(|peer| peer.status)
    }
}
