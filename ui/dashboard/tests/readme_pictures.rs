//! The pictures of the README show what the program draws.

use std::{collections::BTreeMap, path::Path, sync::Arc, time::Duration};

use clacks_feed::{Label, Look, Page, Row, Run, View, Window, description::ListId};
use clacks_language::command::motion_setting::Setting;
use clacks_p2p::{core::PeerCounts, node::Overview};
use clacks_p2p_feed::{
    description::{PEERS, QUEUE, describe},
    figures::{figures_of, gauges_of},
    rows::{Context, message_row, peer_row},
};
use clacks_widgets::{animation::Animations, svg};
use crossterm::event::{KeyCode, KeyEvent};
use jiff::tz::TimeZone;
use ratatui::{Terminal, backend::TestBackend, layout::Rect};
use scripted::Scripted;

use super::fixture::{happened, page_of, time};
use crate::{
    model::Model,
    state::snapshot::Snapshot,
    state::{
        message::Msg,
        network::{Network, Networks},
    },
    update::update,
    view::view,
};

pub(crate) mod scripted;

/// Seed with a varied state at [`UPTIME`].
const SEED: u64 = 219;
/// Uptime of the node in the pictures.
const UPTIME: Duration = Duration::from_millis(237_100);
/// Interval of the queries.
const FRAME: Duration = Duration::from_millis(250);
/// Maximum size of a picture, in bytes.
const MOST_BYTES: usize = 60_000;

/// The dashboard of a node with a virtual clock.
struct Watched {
    node: Scripted,
    model: Model,
}

impl Watched {
    fn new() -> Self {
        let node = Scripted::new(SEED);
        let address = Overview::of(node.core(), Duration::ZERO).address.to_string();
        let network = Network::new(Arc::new(describe(Label::new(&address).unwrap())), Run(1))
            .with_panes(&[clacks_p2p_panes::panes()]);
        let mut model = Model::new(Networks::new(network, []), time(node.now()), TimeZone::UTC, true, true);
        model.motion = Animations::new(Setting::Full);
        model.themes.choose("dark").unwrap();
        let mut watched = Self { node, model };
        watched.resize(80, 24);
        watched
    }

    /// Runs until this uptime.
    fn watch_until(&mut self, until: Duration) {
        while self.node.now().uptime < until {
            let frame = (self.node.now().uptime + FRAME).min(until);
            for (event, now) in self.node.run_until(frame) {
                update(&mut self.model, time(now), happened(now, event));
            }
            self.refresh();
        }
    }

    fn refresh(&mut self) {
        let query = self.model.query();
        let snapshot = Snapshot {
            looks: vec![self.look(&query.views[0])],
            extra: query.extra,
            recording_size: None,
            lost_lines: None,
            replay: None,
        };
        self.send(Msg::Refreshed(Box::new(snapshot)));
    }

    fn look(&self, view: &View) -> Look {
        let now = time(self.node.now());
        let page = |window| Page { counts: self.counts(window), ..page_of(window, &self.rows(window.list)) };
        let gauges = gauges_of(&figures_of(self.node.core(), 0));
        Look {
            view: view.number,
            now,
            gauges,
            pages: view.windows.iter().map(page).collect(),
            ..Look::default()
        }
    }

    fn rows(&self, list: ListId) -> Vec<Row> {
        let (core, now) = (self.node.core(), self.node.now());
        let context = Context { started_unix_ms: now.unix_ms - now.uptime.as_millis() as u64 };
        match list {
            PEERS => core.peers().map(|peer| peer_row(&peer, context)).collect(),
            QUEUE => core.queue(0..usize::MAX).map(|queued| message_row(&queued)).collect(),
            _ => Vec::new(),
        }
    }

    fn counts(&self, window: &Window) -> Vec<u64> {
        let PeerCounts { new, alive, unverified, lost, dead, ignored, .. } = self.node.core().peer_counts();
        let counts = [new, alive, unverified, lost, dead, ignored].map(|count| count as u64);
        if window.list == PEERS { counts.to_vec() } else { Vec::new() }
    }

    fn send(&mut self, msg: Msg) {
        update(&mut self.model, time(self.node.now()), msg);
    }

    fn resize(&mut self, width: u16, height: u16) {
        self.send(Msg::Resized(Rect::new(0, 0, width, height)));
        self.refresh();
    }

    fn press(&mut self, key: KeyCode) {
        self.send(Msg::Key(KeyEvent::from(key)));
        self.refresh();
    }

    fn picture(&self) -> String {
        let Rect { width, height, .. } = self.model.screen;
        let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
        terminal.draw(|frame| view(&self.model, self.model.theme(), frame)).unwrap();
        svg::of(terminal.backend().buffer())
    }
}

/// Returns the pictures by name.
fn pictures() -> BTreeMap<String, String> {
    let mut watched = Watched::new();
    watched.watch_until(UPTIME);
    // A peer with several events.
    watched.press(KeyCode::Down);
    watched.press(KeyCode::Down);
    let mut pictures = BTreeMap::new();
    for (width, height) in [(80, 24), (120, 40), (200, 60)] {
        watched.resize(width, height);
        pictures.insert(format!("{width}x{height}.svg"), watched.picture());
    }
    watched.resize(100, 30);
    watched.press(KeyCode::Char('M'));
    pictures.insert("map.svg".to_owned(), watched.picture());
    pictures
}

/// Set `UPDATE_README` to draw them again.
#[test]
fn the_readme_shows_what_the_program_draws() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../assets/pictures");
    for (name, picture) in pictures() {
        let path = directory.join(&name);
        if std::env::var_os("UPDATE_README").is_some() {
            std::fs::create_dir_all(&directory).unwrap();
            std::fs::write(&path, &picture).unwrap();
        }
        assert!(
            std::fs::read_to_string(&path).unwrap_or_default() == picture,
            "assets/pictures/{name} is behind: run `UPDATE_README=1 cargo test -p clacks-dashboard readme`"
        );
        assert!(picture.len() < MOST_BYTES, "{name} has {} bytes", picture.len());
    }
}
