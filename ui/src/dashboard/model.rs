//! What the dashboard knows. [`update`](super::update()) changes it, [`view`](super::view) draws it.

use std::{collections::VecDeque, time::Duration};

use clacks_p2p::{
    Address,
    core::{MessageId, Now, Peer, QueuedMessage, Status},
    node::{CertificateFingerprint, Overview},
};
use jiff::tz::TimeZone;
use ratatui::layout::Rect;

use super::{
    input::Input,
    layout::{Areas, Pane},
    log::Log,
};

/// Over how long the rates in the header are taken.
const RATE_WINDOW: Duration = Duration::from_secs(10);
/// How long a notice stays.
const NOTICE_STAYS: Duration = Duration::from_secs(10);

/// Everything that is shown.
#[derive(Debug)]
pub(crate) struct Model {
    pub(crate) screen: Rect,
    /// For the times in the log.
    pub(crate) zone: TimeZone,
    pub(crate) is_demo: bool,
    pub(crate) overview: Overview,
    pub(crate) now: Now,
    pub(crate) rates: Rates,
    pub(crate) focus: Focus,
    /// The pane that has the focus, or had it before the input.
    pub(crate) pane: Pane,
    pub(crate) peers: PeerList,
    pub(crate) queue: QueueList,
    pub(crate) log: Log,
    pub(crate) log_cursor: LogCursor,
    /// The words that the shown traffic holds; empty for all of it.
    pub(crate) filter: String,
    pub(crate) input: Input,
    pub(crate) overlay: Option<Overlay>,
    pub(crate) notice: Option<Notice>,
    /// The user was asked whether to leave although messages would be lost.
    pub(crate) asked_to_quit: bool,
    pub(crate) mouse: bool,
    /// The lists are held still while the node goes on.
    pub(crate) frozen: Option<Frozen>,
}

/// A screen that is held still.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Frozen {
    /// Rows of the traffic that have come since.
    pub(crate) held: usize,
    /// Where the log stood before.
    log_cursor: LogCursor,
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
    /// The certificate that is trusted for the selected peer.
    pub(crate) certificate: Option<CertificateFingerprint>,
}

/// A window of the queue, and the message that is selected.
#[derive(Debug, Default)]
pub(crate) struct QueueList {
    pub(crate) window: Vec<QueuedMessage>,
    /// The place in the queue of the first message of the window; 0 is the head.
    pub(crate) first: usize,
    pub(crate) selected: Anchor<MessageId>,
    /// The place in the queue of the selected message.
    pub(crate) place: usize,
    pub(crate) row: usize,
}

/// What a selection holds on to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) enum Anchor<T> {
    /// The first of the list, whichever that is, until the user does anything.
    #[default]
    First,
    At(T),
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
    /// Lines that are scrolled past.
    pub(crate) scrolled: usize,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Content {
    Help,
    /// A peer, kept up to date while it is known.
    Peer(Box<Peer>),
    /// A message of the queue.
    Message(QueuedMessage),
    /// A row of the log.
    Row(Box<super::log::Row>),
}

/// One line about what was done last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Notice {
    pub(crate) text: String,
    pub(crate) is_error: bool,
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
}

/// What the node answered.
#[derive(Debug)]
pub(crate) struct Snapshot {
    pub(crate) overview: Overview,
    pub(crate) peers: Vec<Peer>,
    /// The selected peer as it is; `None` if it is not known any more.
    pub(crate) selected_peer: Option<Peer>,
    pub(crate) certificate: Option<CertificateFingerprint>,
    pub(crate) queue: Vec<QueuedMessage>,
    pub(crate) queue_first: usize,
    pub(crate) selected_place: Option<usize>,
}

impl Model {
    pub(crate) fn new(overview: Overview, now: Now, zone: TimeZone, is_demo: bool, mouse: bool) -> Self {
        Self {
            screen: Rect::default(),
            zone,
            is_demo,
            overview,
            now,
            rates: Rates::default(),
            focus: Focus::Lists,
            pane: Pane::Peers,
            peers: PeerList::default(),
            queue: QueueList::default(),
            log: Log::default(),
            log_cursor: LogCursor::Following,
            filter: String::new(),
            input: Input::default(),
            overlay: None,
            notice: None,
            asked_to_quit: false,
            mouse,
            frozen: None,
        }
    }

    /// The areas of the screen; `None` if it is too small.
    pub(crate) fn areas(&self) -> Option<Areas> {
        Areas::of(self.screen, self.pane)
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
        }
    }

    /// Takes in what the node answered.
    pub(crate) fn refresh(&mut self, snapshot: Snapshot) {
        let counters = snapshot.overview.counters;
        self.rates.sample(self.now.uptime, counters.received, counters.delivered);
        self.overview = snapshot.overview;
        self.notice.take_if(|notice| notice.until <= self.now.uptime);
        if self.frozen.is_some() {
            return;
        }
        let heights = (self.height(Pane::Peers), self.height(Pane::Queue));
        if let Some(Overlay { content: Content::Peer(shown), .. }) = &mut self.overlay {
            let news = snapshot.selected_peer.as_ref().filter(|peer| peer.address == shown.address);
            if let Some(peer) = news {
                (**shown).clone_from(peer);
            }
        }
        self.peers.refresh(snapshot.peers, snapshot.selected_peer.is_some(), heights.0);
        self.peers.certificate = snapshot.certificate;
        self.queue.refresh(snapshot.queue, snapshot.queue_first, snapshot.selected_place, heights.1);
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
            Some(frozen)
                if self.log_cursor != LogCursor::Following && frozen.log_cursor == LogCursor::Following =>
            {
                self.log_cursor = LogCursor::Following;
            }
            Some(_) => {}
            None => {
                self.frozen = Some(Frozen { held: 0, log_cursor: self.log_cursor });
                self.freeze_log();
            }
        }
    }

    /// Has the log stand still where it is.
    fn freeze_log(&mut self) {
        let (Some(position), top) = (self.log_position(), self.log_top()) else { return };
        if let Some(number) = self.log.at(position).map(|row| row.number) {
            self.log_cursor = LogCursor::Frozen { number, row: position - top };
        }
    }

    /// The status of a peer that is on the screen.
    pub(crate) fn status_of(&self, address: &Address) -> Option<Status> {
        let shown = match &self.overlay {
            Some(Overlay { content: Content::Peer(peer), .. }) => Some(&**peer),
            _ => None,
        };
        let mut known = self.peers.window.iter().chain(shown);
        known.find(|peer| peer.address == *address).map(|peer| peer.status)
    }

    pub(crate) fn say(&mut self, text: impl Into<String>) {
        self.set_notice(text.into(), false);
    }

    pub(crate) fn complain(&mut self, text: impl Into<String>) {
        self.set_notice(text.into(), true);
    }

    fn set_notice(&mut self, text: String, is_error: bool) {
        self.notice = Some(Notice { text, is_error, until: self.now.uptime + NOTICE_STAYS });
    }

    /// When something on the screen changes although nothing happens: an age, a rate, a notice that has been there
    /// long enough.
    pub(crate) fn changes_after(&self) -> Duration {
        let young = |since: Duration| self.now.uptime.saturating_sub(since) < Duration::from_secs(60);
        let is_young = young(Duration::ZERO)
            || self.peers.window.iter().any(|peer| young(peer.since))
            || self.queue.window.iter().any(|queued| young(Duration::from_millis(queued.since_ms)));
        if is_young || self.notice.is_some() || !self.rates.are_zero() {
            Duration::from_secs(1)
        } else {
            Duration::from_secs(60)
        }
    }
}

impl PeerList {
    /// Where the selected peer stands in the window.
    pub(crate) fn index(&self) -> Option<usize> {
        match &self.selected {
            Anchor::At(address) => self.window.iter().position(|peer| peer.address == *address),
            Anchor::First => (!self.window.is_empty()).then_some(0),
            Anchor::Last => self.window.len().checked_sub(1),
        }
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

    fn refresh(&mut self, window: Vec<Peer>, is_known: bool, height: usize) {
        if matches!(self.selected, Anchor::At(_)) && !is_known {
            // The peer that stood below it takes its place, or the one above.
            let index = self.index().unwrap_or(0);
            let heir = |peer: &&Peer| window.iter().any(|known| known.address == peer.address);
            let (before, after) = self.window.split_at(index.min(self.window.len()));
            let heir = after.iter().find(heir).or_else(|| before.iter().rev().find(heir));
            self.selected = heir.map_or(Anchor::First, |peer| Anchor::At(peer.address.clone()));
        }
        self.window = window;
        if self.selected == Anchor::Last {
            self.row = usize::MAX;
            self.settle();
        }
        self.row = row_on_screen(self.row, self.index(), self.window.len(), height);
    }
}

impl QueueList {
    pub(crate) fn index(&self) -> Option<usize> {
        match &self.selected {
            Anchor::At(id) => self.window.iter().position(|queued| queued.id == *id),
            Anchor::First => (!self.window.is_empty()).then_some(0),
            Anchor::Last => self.window.len().checked_sub(1),
        }
    }

    pub(crate) fn selected_message(&self) -> Option<&QueuedMessage> {
        self.index().and_then(|index| self.window.get(index))
    }

    /// Holds on to the message that is selected now, whichever place it goes to.
    pub(crate) fn settle(&mut self) {
        if let Some(queued) = self.selected_message() {
            self.selected = Anchor::At(queued.id);
        }
    }

    pub(crate) fn visible(&self, height: usize) -> (&[QueuedMessage], Option<usize>) {
        visible(&self.window, self.index(), self.row, height)
    }

    fn refresh(&mut self, window: Vec<QueuedMessage>, first: usize, place: Option<usize>, height: usize) {
        (self.window, self.first) = (window, first);
        let selected = match (&self.selected, place) {
            (Anchor::At(_), Some(place)) => place.checked_sub(first).and_then(|index| self.window.get(index)),
            // The message is gone: what stands where it stood is selected.
            (Anchor::At(_), None) => self.window.get(self.place.saturating_sub(first)).or(self.window.last()),
            (Anchor::First, _) => None,
            (Anchor::Last, _) => {
                self.row = usize::MAX;
                self.window.last()
            }
        };
        self.selected = selected.map_or(Anchor::First, |queued| Anchor::At(queued.id));
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
        ((last.1 - first.1) as f64 / seconds, (last.2 - first.2) as f64 / seconds)
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

/// The row on which the selected item can stand: on the screen, with nothing missing above it, and no empty rows
/// below the end while there are items above.
fn row_on_screen(row: usize, index: Option<usize>, len: usize, height: usize) -> usize {
    let Some(index) = index else { return 0 };
    let below = len - index;
    row.max(height.saturating_sub(below)).min(index).min(height.max(1) - 1)
}
