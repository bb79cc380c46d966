//! The fixture of the tests: a dashboard with simulated data of a node.

use std::{
    net::IpAddr,
    sync::Arc,
    task::{Context, Poll, Waker},
    time::Duration,
};

use clacks_feed::{
    Call, Find, Key, Look, Near, News, Page, Refusal, Row, Source as _, Value, View, Window,
    description::ListId,
};
use clacks_language::{
    command::{Command, ViewCommand, motion_setting::Setting},
    completion::{Found, Need},
};
use clacks_p2p::{
    Address,
    core::{
        EnqueueError, Event, HeldMessage, LimitCounts, MessageId, Now, Peer, PeerCounts, QueuedMessage,
        Status,
    },
    node::Overview,
};
use clacks_p2p_feed::{
    ClacksEvent,
    description::{HELD, ORIGINS, PEERS, QUEUE, REMOTES},
    figures::{Figures, gauges_of},
    rows::{Context as RowContext, held_row, message_row, peer_key, peer_row, remote_row},
    settings::{self, NodeSettings},
};
use clacks_session::lost_lines::LostLines;
use clacks_text::charset::Charset;
use clacks_widgets::{animation::Animations, theme_selection::ThemeSelection};
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use jiff::tz::TimeZone;
use ratatui::{Terminal, backend::TestBackend, layout::Rect};

pub(crate) use super::examples::{address, peer, queued, some_peers};
use super::examples::{messages_on_their_way, some_messages, some_traffic};
use super::pages::filtered;
pub(crate) use super::pages::page_of;
use super::stopping::StopBegan;
use super::{calls, finding};
use crate::{
    model::Model,
    state::{
        assist::AssistReply,
        errors::EffectError,
        list::Selection,
        message::{Effect, Msg},
        network::{Network, Networks},
        snapshot::Snapshot,
    },
    update::{sending, update},
    view::view,
};

/// 2026-01-02 03:04:05 UTC.
pub(crate) const NOON: u64 = 1_767_323_045_000;
pub(crate) const UPTIME: Duration = Duration::from_secs(3000);

/// A dashboard and the lists of its node.
pub(crate) struct Fixture {
    pub model: Model,
    pub peers: Vec<Peer>,
    pub queue: Vec<QueuedMessage>,
    pub ignored_remotes: Vec<IpAddr>,
    /// Origins of messages.
    pub origins: Vec<Row>,
    /// Number of hits per limit.
    pub limits: LimitCounts,
    pub held: Vec<HeldMessage>,
    pub hold_rule: Option<String>,
    /// Time from [`UPTIME`] to the next send.
    pub next_send: Duration,
    /// Lines that are missing in the log file.
    pub lost_lines: Option<LostLines>,
    /// Time since [`now`].
    pub later: Duration,
    /// Lines for the history file.
    pub remembered: Vec<String>,
    /// Whether the node refuses a message.
    pub refused: Option<fn(&str) -> bool>,
    /// Whether the queue of the node is full.
    pub is_full: bool,
    /// Nodes of other networks.
    pub others: Vec<Near>,
    /// How the node began to stop, while it does.
    pub stopping: Option<StopBegan>,
    /// Why a second node does not stop.
    pub refuses_to_stop: Option<Refusal>,
}

impl Fixture {
    /// Returns an empty dashboard of this size.
    pub(crate) fn empty(width: u16, height: u16) -> Self {
        let networks = Networks::new(calls::network(), []);
        let model = Model::new(networks, time(now()), TimeZone::UTC, false, true);
        let mut fixture = Self {
            model,
            peers: Vec::new(),
            queue: Vec::new(),
            ignored_remotes: Vec::new(),
            origins: Vec::new(),
            limits: LimitCounts::default(),
            remembered: Vec::new(),
            refused: None,
            is_full: false,
            others: Vec::new(),
            held: Vec::new(),
            hold_rule: None,
            next_send: Duration::from_millis(600),
            lost_lines: None,
            stopping: None,
            refuses_to_stop: None,
            later: Duration::ZERO,
        };
        fixture.resize(width, height);
        fixture
    }

    /// Returns a dashboard with peers of every status, a queue and some traffic.
    pub(crate) fn busy(width: u16, height: u16) -> Self {
        Self::busy_in(Charset::Unicode, width, height)
    }

    /// The same with a character set.
    pub(crate) fn busy_in(charset: Charset, width: u16, height: u16) -> Self {
        let mut fixture = Self::empty(width, height);
        fixture.model.themes = ThemeSelection::default().with_charset(charset);
        fixture.peers = some_peers();
        fixture.queue = some_messages();
        some_traffic().into_iter().for_each(|event| drop(fixture.happen(event)));
        fixture.refresh();
        fixture
    }

    /// The same with messages in flight.
    pub(crate) fn lively(width: u16, height: u16) -> Self {
        let mut fixture = Self::busy(width, height);
        fixture.model.motion = Animations::new(Setting::Full);
        messages_on_their_way().into_iter().for_each(|event| drop(fixture.happen(event)));
        fixture.later = Duration::from_millis(600);
        fixture.refresh();
        fixture
    }

    pub(crate) fn resize(&mut self, width: u16, height: u16) {
        self.send(Msg::Resized(Rect::new(0, 0, width, height)));
        self.refresh();
    }

    /// An effect fails for this reason.
    pub(crate) fn fail(&mut self, reason: impl Into<String>) {
        self.send(Msg::EffectDone(Err(EffectError::Other(reason.into()))));
    }

    /// Sends a message to the update function and replies to queries about the line, as the event loop does.
    pub(crate) fn send(&mut self, msg: Msg) -> Vec<Effect> {
        let mut others = Vec::new();
        for effect in self.update(msg) {
            match effect {
                Effect::QueryAssist(question) => {
                    let need = question.need.clone();
                    let precheck_error = self.objection(question.command.as_ref());
                    let answer = AssistReply { query: question, precheck_error };
                    others.extend(self.send(Msg::AssistReplied(answer)));
                    if let Some(Need::Items(finds)) = need {
                        let found = finds.iter().map(|find| self.found(find)).collect();
                        others.extend(self.send(Msg::ItemsFound(Need::Items(finds), found)));
                    }
                }
                Effect::AppendHistory(line) => self.remembered.push(line),
                Effect::Call(call) if self.model.networks.active().is_message(&call) => {
                    self.settle(std::slice::from_ref(&call));
                    others.push(Effect::Call(call));
                }
                Effect::CallAll(calls) => {
                    self.settle(&calls);
                    others.push(Effect::CallAll(calls));
                }
                effect => others.push(effect),
            }
        }
        others
    }

    /// Sends an event of the node, which happens now.
    pub(crate) fn happen(&mut self, event: Event) -> Vec<Effect> {
        self.send(happened(self.now(), event))
    }

    fn now(&self) -> Now {
        Now { uptime: UPTIME + self.later, unix_ms: NOON + self.later.as_millis() as u64 }
    }

    /// Reports success of the calls, unless the node refuses messages.
    fn settle(&mut self, calls: &[Call]) {
        let refuses = |call: &Call| self.refused.is_some_and(|refused| refused(call.text.untrusted()));
        let full = EnqueueError::Full { messages: 65536, bytes: 67_108_864 }.to_string();
        let result = |call: &Call| {
            if refuses(call) { calls::refused(call.clone(), &full) } else { calls::done(call.clone(), "") }
        };
        let results: Vec<_> = calls.iter().map(result).collect();
        let effects = if results.iter().any(|(_, result)| result.is_err()) {
            self.update(Msg::Called(self.model.networks.position(), results))
        } else {
            let shown = self.model.networks.position();
            sending::on_results(&mut self.model, shown, &results)
        };
        for effect in effects {
            match effect {
                Effect::AppendHistory(line) => self.remembered.push(line),
                Effect::QueryAssist(_) => {}
                other => panic!("{other:?}"),
            }
        }
    }

    fn update(&mut self, msg: Msg) -> Vec<Effect> {
        let now = self.now();
        update(&mut self.model, time(now), msg)
    }

    /// Why the node of the fixture refuses a line.
    fn objection(&self, command: Option<&Command>) -> Option<String> {
        let network = self.model.networks.active();
        if self.model.networks.position() > 0 {
            return None;
        }
        let call = match command? {
            Command::View(ViewCommand::Edit(item) | ViewCommand::EditInEditor(item)) => {
                Call::new(network.run, "edit".into(), &**item)
            }
            command => network.call(command)?,
        };
        if self.is_full && self.model.networks.active().is_message(&call) {
            return Some("the queue is full".to_owned());
        }
        let text = call.text.untrusted();
        let (item, rest) = text.split_once(' ').unwrap_or((text, ""));
        let is_known = self.peers.iter().any(|peer| peer.address.to_string() == item);
        let id = item.parse::<MessageId>().ok();
        let is_held = self.held.iter().any(|held| Some(held.queued.id) == id);
        let waits = self.queue.iter().any(|queued| Some(queued.id) == id);
        let is_here = is_held || waits;
        let is_edited = self.model.editing.as_ref().is_some_and(|editing| editing.item.untrusted() == item);
        match call.command.as_str() {
            "forget" | "unignore" if is_known => None,
            "unignore" if self.ignored_remotes.iter().any(|remote| format!("ip:{remote}") == item) => None,
            "release" if id.is_some() => (!is_held).then(|| format!("{item} is not held")),
            "edit" if is_here && rest.is_empty() => None,
            "edit" if is_here => calls::message_of(rest).err(),
            "drop" if is_here => None,
            // An edited message is put back before another command runs.
            "hold" if waits || is_edited => None,
            "release" | "unhold" if !self.held.is_empty() || self.hold_rule.is_some() => None,
            _ => calls::refusal(&call),
        }
    }

    /// What a search finds at the node that is shown.
    fn found(&mut self, find: &Find) -> Found {
        let rows = if let Some(other) = self.model.networks.position().checked_sub(1) {
            finding::found_at(&mut self.others[other], find)
        } else {
            let network = Arc::clone(&self.model.networks.active().description);
            let rows = self.rows(find.list).into_iter();
            rows.filter(|row| finding::is_found(&network, find, row)).collect()
        };
        Found { list: find.list, rows }
    }

    /// Presses a key and refreshes, as the event loop does.
    pub(crate) fn press(&mut self, code: KeyCode) -> Vec<Effect> {
        self.key(KeyEvent::from(code))
    }

    pub(crate) fn control(&mut self, character: char) -> Vec<Effect> {
        self.key(KeyEvent::new(KeyCode::Char(character), KeyModifiers::CONTROL))
    }

    pub(crate) fn key(&mut self, key: KeyEvent) -> Vec<Effect> {
        let effects = self.send(Msg::Key(key));
        self.note_stop(&effects);
        self.refresh();
        match effects.as_slice() {
            [Effect::RequestQuit] => self.begin_to_quit(),
            [Effect::AskToStop(from)] => self.ask_to_stop(*from),
            [Effect::Refresh] => Vec::new(),
            _ => effects,
        }
    }

    pub(crate) fn write(&mut self, text: &str) {
        text.chars().for_each(|character| drop(self.press(KeyCode::Char(character))));
    }

    /// Replies to the query of the model, as a node would.
    pub(crate) fn refresh(&mut self) {
        drop(self.refreshed());
    }

    /// As [`Fixture::refresh`]. Returns the effects.
    pub(crate) fn refreshed(&mut self) -> Vec<Effect> {
        let wanted = self.model.query();
        let look = self.look(&wanted.views[0]);
        let others = self.others.iter_mut().zip(wanted.views.iter().skip(1));
        let others = others.map(|(other, view)| Arc::unwrap_or_clone(other.look(view)));
        let snapshot = Snapshot {
            looks: [look].into_iter().chain(others).collect(),
            extra: wanted.extra,
            recording_size: self.model.recording_size,
            lost_lines: self.lost_lines.clone(),
            replay: self.model.replay,
        };
        self.send(Msg::Refreshed(Box::new(snapshot)))
    }

    /// Returns the rows of a list.
    pub(crate) fn rows(&self, list: ListId) -> Vec<Row> {
        let context = RowContext { started_unix_ms: NOON - UPTIME.as_millis() as u64 };
        match list {
            PEERS => self.peers.iter().map(|peer| peer_row(peer, context)).collect(),
            QUEUE => self.queue.iter().map(message_row).collect(),
            HELD => self.held.iter().map(held_row).collect(),
            ORIGINS => self.origins.clone(),
            REMOTES => self.ignored_remotes.iter().copied().map(remote_row).collect(),
            _ => Vec::new(),
        }
    }

    /// Returns the rows of a list that match the filter of a window.
    fn filtered_rows(&self, window: &Window) -> Vec<Row> {
        let Now { uptime, unix_ms } = self.now();
        let description = &self.model.networks.get(0).unwrap().description;
        filtered(window, self.rows(window.list), description, clacks_feed::Now { uptime, unix_ms })
    }

    fn gauges(&self) -> Vec<Value> {
        let peers = peer_counts(&self.peers);
        let mut counters = Overview::new(address("tower:1")).counters;
        counters.limits = self.limits;
        let bytes = self.queue.iter().map(|queued| queued.message.size()).sum();
        gauges_of(&Figures {
            counters,
            peers,
            free: PeerCounts::from(
                Status::ALL
                    .map(|status| (status, if status == Status::Ignored { 0 } else { peers.of(status) })),
            ),
            queued: self.queue.len(),
            in_flight: usize::from(!self.queue.is_empty()),
            held: self.held.len(),
            held_bytes: bytes,
            send_rate: 1.0,
            next_send: Some(UPTIME + self.next_send),
            hold_rule: self.hold_rule.as_deref().map(Into::into),
            verified_only: Some(false),
            draining: Some(false),
            connections: Some(3),
            stop: self.stop_progress(),
        })
    }

    fn counts(&self, list: ListId) -> Vec<u64> {
        let PeerCounts { new, alive, unverified, lost, dead, ignored, .. } = peer_counts(&self.peers);
        let counts = [new, alive, unverified, lost, dead, ignored].map(|count| count as u64);
        if list == PEERS { counts.to_vec() } else { Vec::new() }
    }

    pub(crate) fn look(&self, view: &View) -> Look {
        let row = |(list, key): &(ListId, Key)| self.rows(*list).into_iter().find(|row| row.key == *key);
        Look {
            view: view.number,
            pages: view
                .windows
                .iter()
                .map(|window| Page {
                    counts: self.counts(window.list),
                    ..page_of(window, &self.filtered_rows(window))
                })
                .collect(),
            rows: view.rows.iter().map(row).collect(),
            gauges: self.gauges(),
            settings: if view.settings { settings::values(&NodeSettings::default()) } else { Vec::new() },
            now: time(self.now()),
            gone: view.marks.iter().filter(|mark| row(mark).is_none()).cloned().collect(),
            ..Look::default()
        }
    }

    /// Shows another network beside clacks.
    pub(crate) fn add_network(&mut self, network: Arc<dyn clacks_feed::Network>) {
        self.others.push(Near::new(network));
        let panes = [clacks_p2p_panes::panes(), clacks_peercloud_panes::panes()];
        let state =
            |network: &Near| Network::new(network.description().clone(), network.run()).with_panes(&panes);

        let clacks = calls::network();
        self.model.networks = Networks::new(clacks, self.others.iter().map(state));
        self.refresh();
    }

    /// Reports the events of the other networks.
    pub(crate) fn catch_up(&mut self) {
        for at in 0..self.others.len() {
            let cx = &mut Context::from_waker(Waker::noop());
            while let Poll::Ready(Some(news)) = self.others[at].poll_news(cx) {
                match news {
                    News::Event(event) => drop(self.send(Msg::Event(at + 1, event))),
                    News::Lagged(missed) => drop(self.send(Msg::Lagged(at + 1, missed))),
                    _ => {}
                }
            }
        }
        self.refresh();
    }

    /// Selects a peer.
    pub(crate) fn select_peer(&mut self, address: &Address) {
        self.model.networks.active_mut().named_mut("peers").unwrap().selected =
            Selection::key(peer_key(address));
    }

    /// Returns the address of the selected peer.
    pub(crate) fn selected_peer(&self) -> Option<Address> {
        let network = self.model.networks.active();
        clacks_p2p_feed::read_back::address(&network.description, network.named("peers")?.selected_row()?)
    }

    /// Returns the number of marks in a list.
    pub(crate) fn marks(&self, list: &str) -> usize {
        self.model.networks.active().named(list).unwrap().marks.len()
    }

    /// Returns the screen, row by row, without trailing spaces.
    pub(crate) fn screen(&self) -> String {
        let buffer = self.draw();
        let rows = buffer.content().chunks(usize::from(buffer.area.width).max(1));
        let rows = rows.map(|row| row.iter().map(ratatui::buffer::Cell::symbol).collect::<String>());
        rows.map(|row| row.trim_end().to_owned()).collect::<Vec<_>>().join("\n")
    }

    pub(crate) fn draw(&self) -> ratatui::buffer::Buffer {
        self.draw_on(self.model.screen.width, self.model.screen.height)
    }

    /// Draws on a terminal of this size, which the model may not know yet.
    pub(crate) fn draw_on(&self, width: u16, height: u16) -> ratatui::buffer::Buffer {
        let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
        terminal.draw(|frame| view(&self.model, self.model.theme(), frame)).unwrap();
        terminal.backend().buffer().clone()
    }
}

pub(crate) fn now() -> Now {
    Now { uptime: UPTIME, unix_ms: NOON }
}

/// Returns a time of a clacks node as the dashboard has it.
pub(crate) fn time(Now { uptime, unix_ms }: Now) -> clacks_feed::Now {
    clacks_feed::Now { uptime, unix_ms }
}

/// Returns the message of the event loop about an event of a clacks node.
pub(crate) fn happened(now: Now, event: Event) -> Msg {
    match event {
        Event::Lagged(missed) => Msg::Lagged(0, missed),
        event => Msg::Event(0, ClacksEvent(event).numbered(1, now)),
    }
}

/// Returns the message of the event loop about these news of a source.
pub(crate) fn reported(news: News) -> Msg {
    match news {
        News::Event(event) => Msg::Event(0, event),
        News::Lagged(missed) => Msg::Lagged(0, missed),
        other => panic!("{other:?}"),
    }
}

pub(crate) fn peer_counts(peers: &[Peer]) -> PeerCounts {
    let count = |status| peers.iter().filter(|peer| peer.status == status).count();
    let mut counts = PeerCounts::from(Status::ALL.map(|status| (status, count(status))));
    counts.unverified = peers.iter().filter(|peer| peer.is_unverified()).count();
    counts
}
