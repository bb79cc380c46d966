//! What the dashboard knows. [`update`](super::update()) changes it, [`view`](super::view) draws it.

use std::{collections::VecDeque, time::Duration};

use clacks_p2p::{
    Address, Message,
    core::{HeldMessage, MessageId, Now, Peer, QueuedMessage, Status},
    node::{CertificateFingerprint, Overview},
};
use jiff::tz::TimeZone;
use ratatui::layout::{Position, Rect};

use super::{
    assist::Assist,
    biography::Biographies,
    editing::Editing,
    format,
    holding::{Held, HeldSnapshot, WantedHeld},
    indent::indented,
    input::Input,
    keymap::{Binding, Key, Keymap, Place},
    layout::{Areas, Pane},
    leaving::Begun,
    limits::{Limits, Used},
    listening::Listening,
    live::Writing,
    log::Log,
    looks::Looks,
    map::{MAX_TOWERS, Map},
    marks::Marks,
    menu::Menu,
    motion::{Animations, Picture, Setting},
    question::Question,
    search::Search,
    sends::Sends,
    shares::Shares,
    souls::Souls,
    theme::Theme,
    tower::Towers,
    trends::{Chart, SPARKS, Trends},
    undo::Undo,
};
use crate::recording::player::Progress;
use crate::untrusted::{MOST_ROWS, Shown, shown_lines};

/// Over how long the rates in the header are taken.
const RATE_WINDOW: Duration = Duration::from_secs(10);
/// How much of a message is laid out to be read, in bytes; no message from outside is longer by default.
const MAX_LAID_OUT: usize = 1 << 20;
/// How long a notice stays.
const NOTICE_STAYS: Duration = Duration::from_secs(10);
/// How often charts are drawn on which something happened, but nothing happens any more.
const CHART_MOVES: Duration = Duration::from_secs(5);

/// Everything that is shown.
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "they say yes or no to different questions")]
pub(crate) struct Model {
    pub(crate) screen: Rect,
    pub(crate) keymap: Keymap,
    /// For the times in the log.
    pub(crate) zone: TimeZone,
    pub(crate) is_demo: bool,
    pub(crate) overview: Overview,
    pub(crate) now: Now,
    pub(crate) rates: Rates,
    pub(crate) focus: Focus,
    /// The pane that has the focus, or had it before the input.
    pub(crate) pane: Pane,
    /// That pane has all of the body.
    pub(crate) is_zoomed: bool,
    pub(crate) peers: PeerList,
    pub(crate) queue: QueueList,
    /// The message that goes next, while it is shown.
    pub(crate) head: Option<QueuedMessage>,
    pub(crate) held: Held,
    pub(crate) log: Log,
    pub(crate) log_cursor: LogCursor,
    pub(crate) lives: Biographies,
    pub(crate) sends: Sends,
    pub(crate) limits: Limits,

    /// The stations and what came for them.
    pub(crate) listening: Listening,
    /// The filter that is being written.
    pub(crate) writing: Option<Writing>,
    pub(crate) input: Input,
    pub(crate) assist: Assist,
    /// The message that is being edited on the line.
    pub(crate) editing: Option<Editing>,
    pub(crate) overlay: Option<Overlay>,
    pub(crate) notice: Option<Notice>,
    /// The list of what can be done, over everything else.
    pub(crate) menu: Option<Menu>,
    pub(crate) marks: Marks,
    pub(crate) undo: Undo,
    pub(crate) shares: Shares,
    /// What the user is asked before anything else.
    pub(crate) question: Option<Question>,
    /// Messages are handed on before the program ends.
    pub(super) begun_to_hand_on: Option<Begun>,
    pub(crate) mouse: bool,
    /// The lists are held still while the node goes on.
    pub(crate) frozen: Option<Frozen>,
    /// The certificate that is trusted for the peer that is shown in full.
    pub(crate) shown_certificate: Option<(Address, CertificateFingerprint)>,
    /// A key moved a selection, so the lists are fetched even if they are held still.
    pub(crate) has_moved: bool,
    pub(crate) map: Map,
    pub(crate) motion: Animations,
    pub(crate) trends: Trends,
    pub(crate) towers: Towers,
    /// The chart that was chosen; all of them if there is room for them.
    pub(crate) chart: Option<Chart>,
    /// Bytes recorded, while anything is.
    pub(crate) recorded: Option<u64>,
    /// Where the replay stands, if it is one.
    pub(crate) replay: Option<Progress>,
    pub(crate) looks: Looks,
}

/// A screen that is held still.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Frozen {
    /// Rows of the traffic that have come since.
    pub(crate) held: usize,
    /// Where the log was made to stand still, if it was followed before.
    follows: Option<LogCursor>,
}

/// Where keys go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Focus {
    Lists,
    Input,
}

/// A window of the peers, and the peer that is selected.
#[derive(Debug, Default)]
pub(crate) struct PeerList {
    /// Consecutive peers of the list, those on the screen and some on either side.
    pub(crate) window: Vec<Peer>,
    pub(crate) selected: Anchor<Address>,
    /// The row of the screen on which the selected peer stands.
    pub(crate) row: usize,
}

/// A window of the queue or of the held messages, and the message that is selected.
#[derive(Debug)]
pub(crate) struct QueueList<T = QueuedMessage> {
    pub(crate) window: Vec<T>,
    /// The place in the queue of the first message of the window; 0 is the head.
    pub(crate) first: usize,
    pub(crate) selected: Anchor<MessageId>,
    /// The place in the queue of the selected message.
    pub(crate) place: usize,
    pub(crate) row: usize,
    /// The message that the user selected has gone; another stands in its place.
    pub(crate) is_handed_over: bool,
}

/// Something with a message's ticket.
pub(crate) trait Ticketed {
    fn queued(&self) -> &QueuedMessage;
}

impl Ticketed for QueuedMessage {
    fn queued(&self) -> &QueuedMessage {
        self
    }
}

impl Ticketed for HeldMessage {
    fn queued(&self) -> &QueuedMessage {
        &self.queued
    }
}

/// What a selection holds on to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) enum Anchor<T> {
    /// The first of the list, whichever that is, until the user does anything.
    #[default]
    Untouched,
    At(T),
    /// The first of the list; the next refresh makes it `At`.
    First,
    /// The last of the list; the next refresh makes it `At`.
    Last,
}

/// Where the log stands still, if it does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LogCursor {
    /// The newest row is at the bottom.
    Following,
    /// This row is selected and stands on this row of the screen.
    Frozen { number: u64, row: usize },
}

/// What lies over the lists.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Overlay {
    pub(crate) content: Content,
    /// The message that belongs to it, laid out for the width of the screen.
    pub(crate) message: Vec<Shown>,
    /// Whether the message is longer than what is laid out, which its last line says.
    pub(crate) is_cut: bool,
    /// Lines that are scrolled past.
    pub(crate) scrolled: usize,
    /// What is looked for in it.
    pub(crate) search: Option<Search>,
    /// What it was opened from, and goes back to.
    beneath: Option<Box<Self>>,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Content {
    Stations,
    Map,
    /// A peer, kept up to date while it is known.
    Peer(Box<PeerDetail>),
    /// A message of the queue or one that is held, and whether it is still here.
    Message(QueuedMessage, bool),
    /// A row of the log.
    Row(Box<super::log::Row>),
    /// The life of a message.
    Biography(Message),
    /// The messages that keep coming back.
    Overhead(Souls),
    /// How receivers are chosen.
    Why,
    /// What the node takes and does at most.
    Limits,
    Charts,
    Tower,
    /// The messages that are held.
    Held,
}

/// All that is known of a peer.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct PeerDetail {
    pub(crate) peer: Peer,
    /// The certificate that is trusted for it.
    pub(crate) certificate: Option<CertificateFingerprint>,
    pub(crate) is_known: bool,
}

/// One line about what was done last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Notice {
    pub(crate) text: String,
    pub(crate) is_error: bool,
    /// What can be done about it as long as it stays.
    pub(crate) offer: Option<String>,
    pub(crate) until: Duration,
}

/// How many messages came and went, sampled as the screen is refreshed.
#[derive(Debug, Default)]
pub(crate) struct Rates {
    samples: VecDeque<(Duration, u64, u64)>,
}

/// What the node is asked for before a frame is drawn.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Wanted {
    pub(crate) peer: Anchor<Address>,
    pub(crate) peers_before: usize,
    pub(crate) peers_after: usize,
    pub(crate) message: Anchor<MessageId>,
    /// The place of the selected message when it was last seen.
    pub(crate) place: usize,
    pub(crate) messages_before: usize,
    pub(crate) messages_after: usize,
    /// The message that goes next.
    pub(crate) head: bool,
    /// So many of the first peers, for the map.
    pub(crate) towers: usize,
    /// The peer that is shown in full.
    pub(crate) shown_peer: Option<Address>,
    /// The message that is shown in full.
    pub(crate) shown_message: Option<MessageId>,
    /// While the held messages are shown.
    pub(crate) held: Option<WantedHeld>,
    /// Whether the limits are shown.
    pub(crate) limits: bool,
}

/// What the node answered.
#[derive(Debug)]
pub(crate) struct Snapshot {
    pub(crate) overview: Overview,
    pub(crate) peers: Vec<Peer>,
    /// The peer that is selected: the one that was, or its neighbour if that is not known any more.
    pub(crate) selected_peer: Option<Address>,
    pub(crate) queue: Vec<QueuedMessage>,
    pub(crate) queue_first: usize,
    /// The message that goes next, if it is wanted.
    pub(crate) head: Option<QueuedMessage>,
    /// The first peers, for the map.
    pub(crate) towers: Vec<Peer>,
    /// The peer that is shown in full, while it is known, and its certificate.
    pub(crate) shown_peer: Option<(Peer, Option<CertificateFingerprint>)>,
    /// Whether the message that is shown in full still waits or is held.
    pub(crate) shown_message_waits: bool,
    /// Bytes recorded, while anything is.
    pub(crate) recorded: Option<u64>,
    /// Where the replay stands, if it is one.
    pub(crate) replay: Option<Progress>,
    /// The held messages, if they are wanted.
    pub(crate) held: Option<HeldSnapshot>,
    /// What is marked and not there any more.
    pub(crate) gone: Gone,
    /// While the limits are shown.
    pub(crate) limits: Option<Used>,
}

/// Peers that are not known any more and messages that do not wait any more.
#[derive(Debug, Default)]
pub(crate) struct Gone {
    pub(crate) peers: Vec<Address>,
    pub(crate) messages: Vec<MessageId>,
    pub(crate) held: Vec<MessageId>,
}

impl Model {
    pub(crate) fn new(overview: Overview, now: Now, zone: TimeZone, is_demo: bool, mouse: bool) -> Self {
        Self {
            screen: Rect::default(),
            keymap: Keymap::default(),
            zone,
            is_demo,
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
            lives: Biographies::default(),
            sends: Sends::default(),
            limits: Limits::default(),
            listening: Listening::default(),
            writing: None,
            input: Input::default(),
            assist: Assist::default(),
            editing: None,
            overlay: None,
            notice: None,
            menu: None,
            marks: Marks::default(),
            undo: Undo::default(),
            shares: Shares::default(),
            question: None,
            begun_to_hand_on: None,
            mouse,
            frozen: None,
            shown_certificate: None,
            has_moved: false,
            map: Map::default(),
            motion: Animations::default(),
            trends: Trends::default(),
            towers: Towers::default(),
            chart: None,
            recorded: None,
            replay: None,
            looks: Looks::default(),
        }
    }

    /// The name of the key that runs a command in the list that has the focus or had it last; the command itself if
    /// there is none.
    pub(crate) fn key_for(&self, command: &str) -> String {
        self.keymap.name_of(self.pane.into(), command)
    }

    /// Where keys go now.
    pub(crate) fn place(&self) -> Place {
        match (&self.overlay, self.focus) {
            _ if self.menu.is_some() => Place::Menu,
            _ if self.writes_search() => Place::Search,
            (Some(Overlay { content: Content::Map, .. }), _) => Place::OpenMap,
            _ if self.shows_held() => Place::Held,
            (Some(_), _) => Place::Overlay,
            (None, Focus::Input) if self.input.search().is_some() => Place::Recall,
            (None, Focus::Input) if self.assist.menu().is_some() => Place::Choices,
            (None, Focus::Input) => Place::Input,
            (None, Focus::Lists) => self.pane.into(),
        }
    }

    /// What a key does now.
    pub(crate) fn bound(&self, key: Key) -> Option<&Binding> {
        let place = self.place();
        let of_the_line = || self.keymap.find(Place::Input, key).filter(|_| place == Place::Choices);
        self.keymap
            .find(place, key)
            // What does nothing to the choices goes on with the line.
            .or_else(of_the_line)
            .or_else(|| self.plays_in(place).then(|| self.keymap.find(Place::Replay, key))?)
    }

    /// The keys that run a command now, the first of which is the one to hint at.
    pub(crate) fn keys_of(&self, binding: &Binding) -> Vec<Key> {
        let place = self.place();
        let mut keys = binding.keys_at(place);
        if self.plays_in(place) {
            keys.extend(binding.keys_at(Place::Replay));
        }
        keys
    }

    /// Whether the keys of a replay work: not where they are text.
    fn plays_in(&self, place: Place) -> bool {
        let is_text =
            matches!(place, Place::Input | Place::Choices | Place::Recall | Place::Search | Place::Menu);
        self.replay.is_some() && !is_text
    }

    /// Forgets what has happened, as a replay begins again. What the user chose stays.
    pub(crate) fn begin_again(&mut self) {
        self.log.clear();
        self.log_cursor = LogCursor::Following;
        (self.rates, self.trends, self.towers) = (Rates::default(), Trends::default(), Towers::default());
        (self.lives, self.sends, self.shares) = (Biographies::default(), Sends::default(), Shares::default());
        (self.map, self.undo) = (Map::default(), Undo::default());
        self.limits.begin_again();
        self.motion.begin_again();
        self.listening.begin_again();
        self.frozen = None;
        self.notice = None;
        self.question = None;
    }

    /// The theme to draw with: the one that is chosen, or while the name of another is being written, that one.
    pub(crate) fn theme(&self) -> Theme {
        let writes = matches!(self.place(), Place::Input | Place::Choices);
        let tried = if writes { self.looks.tried(self.input.draft()) } else { None };
        tried.unwrap_or(self.looks.theme())
    }

    /// The areas of the screen; `None` if it is too small.
    pub(crate) fn areas(&self) -> Option<Areas> {
        Areas::of(self.screen, self.pane, self.is_zoomed, self.motion.setting() != Setting::Off)
    }

    /// How many rows of a pane are on the screen.
    pub(crate) fn height(&self, pane: Pane) -> usize {
        self.areas().map_or(0, |areas| usize::from(areas.rows(pane).height))
    }

    /// What to ask the node for: what is on the screen, and a page on either side so that keys can move there.
    pub(crate) fn wanted(&self) -> Wanted {
        let (peers, queue) = (self.height(Pane::Peers).max(1), self.height(Pane::Queue).max(1));
        Wanted {
            peer: self.peers.selected.clone(),
            peers_before: self.peers.row + peers,
            peers_after: 2 * peers,
            message: self.queue.selected.clone(),
            place: self.queue.place,
            messages_before: self.queue.row + queue,
            messages_after: 2 * queue,
            head: self.is_open(&Content::Why),
            towers: if self.shows(Picture::Map) { MAX_TOWERS } else { 0 },
            shown_peer: self.peer_in_full(),
            shown_message: match &self.overlay {
                Some(Overlay { content: Content::Message(queued, _), .. }) => Some(queued.id),
                _ => None,
            },
            limits: self.is_open(&Content::Limits),
            held: self.shows_held().then(|| self.held.wanted(self.overlay_height())),
        }
    }

    /// Whether the held messages are shown.
    pub(crate) fn shows_held(&self) -> bool {
        self.overlay.as_ref().is_some_and(|overlay| overlay.content == Content::Held)
    }

    /// Takes in what the node answered.
    pub(crate) fn refresh(&mut self, snapshot: Snapshot) {
        let counters = snapshot.overview.counters;
        self.rates.sample(self.now.uptime, counters.received, counters.delivered);
        self.trends.sample(self.now.uptime, counters, snapshot.overview.queued, snapshot.overview.peers);
        self.limits.sample(self.now.uptime, counters.limits.total());
        snapshot.limits.into_iter().for_each(|used| self.limits.used = used);
        self.towers.go_on(self.now.uptime, &mut self.motion);
        self.overview = snapshot.overview;
        self.head = snapshot.head;
        (self.recorded, self.replay) = (snapshot.recorded, snapshot.replay);
        self.notice.take_if(|notice| notice.until <= self.now.uptime);
        self.shown_certificate = snapshot.shown_peer.as_ref().and_then(|(peer, certificate)| {
            certificate.map(|certificate| (peer.address.clone(), certificate))
        });
        self.count_down();
        self.marks.peers.lose(&snapshot.gone.peers);
        self.marks.messages.lose(&snapshot.gone.messages);
        self.marks.held.lose(&snapshot.gone.held);
        self.refresh_overlay(snapshot.shown_peer, snapshot.shown_message_waits);
        let page = self.overlay_height();
        snapshot.held.into_iter().for_each(|held| self.held.refresh(held, page));
        if self.frozen.is_some() && !std::mem::take(&mut self.has_moved) {
            return;
        }
        if self.shows(Picture::Map) {
            self.map.refresh(&snapshot.towers, self.overview.peers.total());
        }
        let heights = (self.height(Pane::Peers), self.height(Pane::Queue));
        self.peers.refresh(snapshot.peers, snapshot.selected_peer, heights.0);
        self.queue.refresh(snapshot.queue, snapshot.queue_first, heights.1);
    }

    /// Has the time until the next send run where it is shown.
    pub(super) fn count_down(&mut self) {
        let next = self.overview.next_send.filter(|_| self.shows(Picture::Countdown));
        if let Some(wait) = next.and_then(|next| next.checked_sub(self.now.uptime)) {
            self.motion.begin(Picture::Countdown, self.now.uptime, wait);
        }
    }

    fn refresh_overlay(&mut self, peer: Option<(Peer, Option<CertificateFingerprint>)>, message_waits: bool) {
        match self.overlay.as_mut().map(|overlay| &mut overlay.content) {
            Some(Content::Peer(detail)) => match peer {
                Some((peer, certificate)) => **detail = PeerDetail { peer, certificate, is_known: true },
                None => detail.is_known = false,
            },
            Some(Content::Message(_, waits)) => *waits = message_waits,
            _ => {}
        }
    }

    /// The peer that is shown in full.
    pub(crate) fn shown_peer(&self) -> Option<&PeerDetail> {
        match &self.overlay {
            Some(Overlay { content: Content::Peer(detail), .. }) => Some(detail),
            _ => None,
        }
    }

    /// The peer that is shown in full, over the lists or beside them.
    fn peer_in_full(&self) -> Option<Address> {
        let beside = || {
            let has_room =
                self.overlay.is_none() && self.areas().is_some_and(|areas| !areas.details.is_empty());
            self.peers.selected_peer().filter(|_| has_room && matches!(self.pane, Pane::Peers | Pane::Map))
        };
        self.shown_peer().map(|detail| &detail.peer).or_else(beside).map(|peer| peer.address.clone())
    }

    /// The pane whose selection keys act on: the open map hides the one that has the focus otherwise.
    pub(crate) fn selecting(&self) -> Pane {
        match &self.overlay {
            Some(Overlay { content: Content::Map, .. }) => Pane::Map,
            _ => self.pane,
        }
    }

    /// What is selected in the pane that has the focus, to be shown in full.
    pub(crate) fn selection(&self) -> Option<Content> {
        match self.selecting() {
            Pane::Peers | Pane::Map => self.peers.selected_peer().map(|peer| self.in_full(peer)),
            Pane::Queue => self.queue.selected_message().map(|queued| Content::Message(queued.clone(), true)),
            Pane::Traffic => {
                let row = self.log_position().and_then(|position| self.log.at(position));
                row.map(|row| Content::Row(Box::new(row.clone())))
            }
        }
    }

    fn in_full(&self, peer: &Peer) -> Content {
        let shown = self.shown_certificate.as_ref().filter(|(address, _)| *address == peer.address);
        let certificate = shown.map(|(_, certificate)| *certificate);
        Content::Peer(Box::new(PeerDetail { peer: peer.clone(), certificate, is_known: true }))
    }

    /// Opens something over the lists.
    pub(crate) fn open(&mut self, content: Content) {
        // What is opened from itself is not gone back to.
        let is_another =
            |overlay: &Overlay| std::mem::discriminant(&overlay.content) != std::mem::discriminant(&content);
        let beneath = self.overlay.take().filter(is_another).map(Overlay::without_depths).map(Box::new);
        self.overlay =
            Some(Overlay { content, message: Vec::new(), is_cut: false, scrolled: 0, search: None, beneath });
        self.lay_out();
    }

    /// Closes what is open, and goes back to what it was opened from.
    pub(crate) fn close(&mut self) {
        self.overlay = self.overlay.take().and_then(|overlay| overlay.beneath).map(|beneath| *beneath);
        self.lay_out();
    }

    /// Lays out the message of what is open for the width of the screen.
    pub(crate) fn lay_out(&mut self) {
        let columns = self.areas().map_or(0, |areas| usize::from(areas.body.width));
        let key = self.keymap.name_of(Place::Overlay, ":copy");
        let Some(overlay) = &mut self.overlay else { return };
        let laid_out = overlay.content.message().map(|message| indented(message.as_json(), MAX_LAID_OUT));
        let (text, left_out) = laid_out.unwrap_or_default();
        overlay.message = if text.is_empty() { Vec::new() } else { shown_lines(&text, columns, 0, usize::MAX) };
        let missing = if overlay.message.len() < MOST_ROWS {
            (left_out > 0).then(|| format::size(left_out))
        } else {
            // The last row only says that there are more. Of the others the indentation is not of the message.
            overlay.message.pop();
            let shown: usize = overlay.message.iter().map(|row| row.as_str().trim_start().len()).sum();
            let whole = overlay.content.message().map_or(0, Message::size);
            Some(format!("about {}", format::size(whole.saturating_sub(shown).max(left_out))))
        };
        overlay.is_cut = missing.is_some();
        let note =
            |missing| format!("\u{2026} {missing} more of this message are not shown; {key} copies all of it");
        let note = missing.map(note).unwrap_or_default();
        overlay.message.extend(shown_lines(&note, columns, 0, usize::MAX).into_iter().filter(|_| !note.is_empty()));
        self.search_again();
    }

    /// The row of the log that is selected: the newest while it is followed.
    pub(crate) fn log_position(&self) -> Option<usize> {
        let last = self.log.len().checked_sub(1)?;
        Some(match self.log_cursor {
            LogCursor::Following => last,
            LogCursor::Frozen { number, .. } => self.log.position(number).min(last),
        })
    }

    /// The position of the log's row at the top of the screen.
    pub(crate) fn log_top(&self) -> usize {
        let height = self.height(Pane::Traffic);
        match (self.log_cursor, self.log_position()) {
            (LogCursor::Frozen { row, .. }, Some(position)) => {
                position.saturating_sub(row.min(height.max(1) - 1))
            }
            _ => self.log.len().saturating_sub(height),
        }
    }

    /// Holds the lists still, or lets them go on.
    pub(crate) fn toggle_frozen(&mut self) {
        match self.frozen.take() {
            // Who has moved in the meantime stays where he is.
            Some(Frozen { follows: Some(cursor), .. }) if cursor == self.log_cursor => {
                self.log_cursor = LogCursor::Following;
            }
            Some(_) => {}
            None => {
                let was_following = self.log_cursor == LogCursor::Following;
                self.freeze_log_at(self.log_position().unwrap_or(0));
                self.frozen = Some(Frozen { held: 0, follows: was_following.then_some(self.log_cursor) });
            }
        }
    }

    /// Has the rows stay that are on the screen while the log stands still.
    pub(super) fn hold_traffic(&mut self) {
        let stands = self.log_cursor != LogCursor::Following;
        let top = stands.then(|| self.log.at(self.log_top()).map(|row| row.number)).flatten();
        self.log.hold_from(top);
    }

    /// Has the log stand still where it is, with the row at this position selected.
    pub(crate) fn freeze_log_at(&mut self, position: usize) {
        self.show_log_row(position, position.saturating_sub(self.log_top()));
    }

    /// Has the log stand still with the row at this position selected, on this row of the screen.
    pub(crate) fn show_log_row(&mut self, position: usize, row: usize) {
        let number = self.log.at(position).map_or(self.log.next_number(), |row| row.number);
        self.log_cursor = LogCursor::Frozen { number, row };
    }

    /// The status of a peer that is on the screen.
    pub(crate) fn status_of(&self, address: &Address) -> Option<Status> {
        let shown = self.shown_peer().map(|detail| &detail.peer);
        let mut known = self.peers.window.iter().chain(shown);
        known.find(|peer| peer.address == *address).map(|peer| peer.status)
    }

    /// Adds a row to the traffic that no event of the node makes.
    pub(crate) fn note_text(&mut self, text: String) {
        self.log.note_text(text, self.now.unix_ms);
        self.count_held_rows(1);
    }

    /// So many rows came, which are not seen while the screen is held still.
    pub(super) fn count_held_rows(&mut self, rows: usize) {
        if let Some(frozen) = &mut self.frozen {
            frozen.held += rows;
        }
    }

    pub(crate) fn say(&mut self, text: impl Into<String>) {
        self.set_notice(text.into(), false);
    }

    pub(crate) fn complain(&mut self, text: impl Into<String>) {
        self.set_notice(text.into(), true);
    }

    /// Says something, and what can be done about it until it goes.
    pub(crate) fn offer(&mut self, text: String, is_error: bool, offer: String) {
        let until = self.now.uptime + crate::undoing::STAYS;
        self.notice = Some(Notice { text, is_error, offer: Some(offer), until });
    }

    fn set_notice(&mut self, text: String, is_error: bool) {
        let stays = NOTICE_STAYS.mul_f64(self.replay.as_ref().map_or(1.0, |replay| replay.speed));
        self.notice = Some(Notice { text, is_error, offer: None, until: self.now.uptime + stays });
    }

    /// When something on the screen changes although nothing happens: an age, a rate, a notice that has been there
    /// long enough.
    pub(crate) fn changes_after(&self) -> Duration {
        let young = |since: Duration| self.now.uptime.saturating_sub(since) < Duration::from_secs(60);
        let is_young = young(Duration::ZERO)
            || self.peers.window.iter().any(|peer| peer.age(self.now) < Duration::from_secs(60))
            || self.queue.window.iter().any(|queued| young(Duration::from_millis(queued.since_ms)));
        let counts_down = self.begun_to_hand_on.is_some() || self.notice.is_some();
        let by_itself = if is_young || counts_down || !self.rates.are_zero() {
            Duration::from_secs(1)
        } else if self.has_moving_chart() {
            CHART_MOVES
        } else {
            Duration::from_secs(60)
        };
        let by_itself = self.limits.changes_after(self.now.uptime).map_or(by_itself, |at| at.min(by_itself));
        let moves = self.motion.changes_after(self.now.uptime, |picture| self.shows(picture));
        moves.map_or(by_itself, |moves| moves.min(by_itself))
    }

    /// Whether the map is at this position of the screen.
    pub(crate) fn shows_map_at(&self, position: Position) -> bool {
        let Some(areas) = self.areas() else { return false };
        let area =
            if self.selecting() == Pane::Map && self.overlay.is_some() { areas.body } else { areas.map };
        self.shows(Picture::Map) && area.contains(position)
    }

    /// Whether a chart is on the screen that moves on although nothing happens.
    fn has_moving_chart(&self) -> bool {
        if self.menu.is_some() || self.overlay.is_some() {
            return self.menu.is_none() && self.is_open(&Content::Charts) && self.trends.moves();
        }
        let Some(areas) = self.areas() else { return false };
        let is_busy = |seconds| self.trends.is_busy(seconds);
        if areas.rates.is_empty() {
            !areas.traffic.is_empty() && is_busy(SPARKS)
        } else {
            is_busy(usize::MAX)
        }
    }

    /// Whether a picture is on the screen.
    fn shows(&self, picture: Picture) -> bool {
        match picture {
            _ if self.menu.is_some() => false,
            Picture::Tower if self.overlay.is_some() => self.is_open(&Content::Tower),
            Picture::Tower => self.areas().is_some_and(|areas| !areas.tower.is_empty()),
            Picture::Countdown => self.is_open(&Content::Why),
            Picture::Map if self.overlay.is_some() => self.is_open(&Content::Map),
            Picture::Map => self.areas().is_some_and(|areas| !areas.map.is_empty()),
        }
    }

    pub(crate) fn is_open(&self, content: &Content) -> bool {
        self.overlay.as_ref().is_some_and(|overlay| overlay.content == *content)
    }
}

impl Overlay {
    /// Two steps back are enough; who goes round in circles must not fill the memory.
    fn without_depths(mut self) -> Self {
        if let Some(beneath) = &mut self.beneath {
            beneath.beneath = None;
        }
        self
    }
}

impl Content {
    /// The message that belongs to it.
    pub(crate) fn message(&self) -> Option<&Message> {
        match self {
            Self::Message(queued, _) => Some(&queued.message),
            Self::Row(row) => row.message.as_ref(),
            Self::Biography(message) => Some(message),
            Self::Map
            | Self::Stations
            | Self::Peer(_)
            | Self::Overhead(_)
            | Self::Why
            | Self::Limits
            | Self::Charts
            | Self::Tower
            | Self::Held => None,
        }
    }
}

impl<T: PartialEq> Anchor<T> {
    /// Where what is selected stands in a window of the list.
    fn index_in<I>(&self, window: &[I], id: impl Fn(&I) -> &T) -> Option<usize> {
        match self {
            Self::At(selected) => window.iter().position(|item| id(item) == selected),
            Self::Untouched | Self::First => (!window.is_empty()).then_some(0),
            Self::Last => window.len().checked_sub(1),
        }
    }
}

impl PeerList {
    /// Where the selected peer stands in the window.
    pub(crate) fn index(&self) -> Option<usize> {
        self.selected.index_in(&self.window, |peer| &peer.address)
    }

    pub(crate) fn selected_peer(&self) -> Option<&Peer> {
        self.index().and_then(|index| self.window.get(index))
    }

    /// Holds on to the peer that is selected now, whichever row it goes to.
    pub(crate) fn settle(&mut self) {
        if let Some(peer) = self.selected_peer() {
            self.selected = Anchor::At(peer.address.clone());
        }
    }

    /// The peers on the screen, and which of them is selected.
    pub(crate) fn visible(&self, height: usize) -> (&[Peer], Option<usize>) {
        visible(&self.window, self.index(), self.row, height)
    }

    /// The neighbour of the selected peer that takes its place when it is gone: the one below it, or else above.
    pub(crate) fn heir(&self, is_known: impl Fn(&Address) -> bool) -> Option<Address> {
        let (before, after) = self.window.split_at(self.index()?);
        let neighbours = after.iter().skip(1).chain(before.iter().rev());
        neighbours.map(|peer| &peer.address).find(|address| is_known(address)).cloned()
    }

    fn refresh(&mut self, window: Vec<Peer>, selected: Option<Address>, height: usize) {
        self.window = window;
        match self.selected {
            Anchor::Untouched => {}
            Anchor::At(_) => self.selected = selected.map_or(Anchor::Untouched, Anchor::At),
            Anchor::First | Anchor::Last => {
                self.row = if self.selected == Anchor::First { 0 } else { usize::MAX };
                self.settle();
            }
        }
        self.row = row_on_screen(self.row, self.index(), self.window.len(), height);
    }
}

impl<T> Default for QueueList<T> {
    fn default() -> Self {
        Self {
            window: Vec::new(),
            first: 0,
            selected: Anchor::default(),
            place: 0,
            row: 0,
            is_handed_over: false,
        }
    }
}

impl<T: Ticketed> QueueList<T> {
    pub(crate) fn index(&self) -> Option<usize> {
        self.selected.index_in(&self.window, |message| &message.queued().id)
    }

    /// Selects the message so many places on, or back.
    pub(crate) fn step(&mut self, by: isize, height: usize) {
        let Some(index) = self.index() else { return };
        let target = index.saturating_add_signed(by).min(self.window.len() - 1);
        self.selected = Anchor::At(self.window[target].queued().id);
        self.place = self.first + target;
        self.row = stepped_row(self.row, index, target, height);
    }

    pub(crate) fn selected_message(&self) -> Option<&T> {
        self.index().and_then(|index| self.window.get(index))
    }

    /// Holds on to the message that is selected now, whichever place it goes to.
    pub(crate) fn settle(&mut self) {
        if let Some(message) = self.selected_message() {
            self.selected = Anchor::At(message.queued().id);
        }
    }

    pub(crate) fn visible(&self, height: usize) -> (&[T], Option<usize>) {
        visible(&self.window, self.index(), self.row, height)
    }

    pub(crate) fn refresh(&mut self, window: Vec<T>, first: usize, height: usize) {
        (self.window, self.first) = (window, first);
        match &self.selected {
            Anchor::Untouched => {}
            Anchor::First | Anchor::Last => {
                self.row = if self.selected == Anchor::First { 0 } else { usize::MAX };
                self.settle();
            }
            Anchor::At(_) if self.index().is_some() => {}
            // The message is gone: what stands where it stood is selected.
            Anchor::At(_) => {
                let heir = self.window.get(self.place.saturating_sub(first)).or(self.window.last());
                self.selected = heir.map_or(Anchor::Untouched, |message| Anchor::At(message.queued().id));
                self.is_handed_over = true;
            }
        }
        self.place = self.index().map_or(0, |index| first + index);
        // While the whole of what stands before it has room, it stands at its place.
        self.row = row_on_screen(self.row.min(self.place), self.index(), self.window.len(), height);
    }
}

impl Rates {
    fn sample(&mut self, uptime: Duration, received: u64, delivered: u64) {
        // Twice a second is enough for a mean over ten.
        if self
            .samples
            .back()
            .is_none_or(|(last, ..)| uptime.saturating_sub(*last) >= Duration::from_millis(500))
        {
            self.samples.push_back((uptime, received, delivered));
        }
        while self.samples.len() > 2
            && self.samples.front().is_some_and(|(first, ..)| *first + RATE_WINDOW < uptime)
        {
            self.samples.pop_front();
        }
    }

    /// Messages a second, in and out.
    pub(crate) fn per_second(&self) -> (f64, f64) {
        let (Some(first), Some(last)) = (self.samples.front(), self.samples.back()) else {
            return (0.0, 0.0);
        };
        let seconds = last.0.saturating_sub(first.0).as_secs_f64();
        if seconds == 0.0 {
            return (0.0, 0.0);
        }
        // In a recording, counters can go back where events are missing.
        let per_second = |first: u64, last: u64| last.saturating_sub(first) as f64 / seconds;
        (per_second(first.1, last.1), per_second(first.2, last.2))
    }

    fn are_zero(&self) -> bool {
        self.per_second() == (0.0, 0.0)
    }
}

/// The rows of a window that are on the screen when the selected one stands on `row`.
fn visible<T>(window: &[T], index: Option<usize>, row: usize, height: usize) -> (&[T], Option<usize>) {
    let Some(index) = index else { return (&[], None) };
    let top = index.saturating_sub(row);
    let bottom = window.len().min(top + height);
    (&window[top.min(bottom)..bottom], Some(index - top))
}

/// The row of the screen after a step: the list stays where it is as long as the selection is on the screen.
pub(crate) fn stepped_row(row: usize, from: usize, to: usize, height: usize) -> usize {
    let row = row.saturating_add_signed(to.cast_signed() - from.cast_signed());
    row.min(height.max(1) - 1)
}

/// The row on which the selected item can stand: on the screen, with nothing missing above it, and no empty rows
/// below the end while there are items above.
fn row_on_screen(row: usize, index: Option<usize>, len: usize, height: usize) -> usize {
    let Some(index) = index else { return 0 };
    let below = len - index;
    row.max(height.saturating_sub(below)).min(index).min(height.max(1) - 1)
}
