use std::{
    sync::Arc,
    task::{Context as TaskContext, Poll, Waker},
    time::Duration,
};

use clacks_feed::{Network, Row, Run, Watch, Watched, Window};
use clacks_panes::{Context, Opened, Pane, PaneLook, PaneSpec, Reaction, Shown, Step};
use clacks_peercloud::{
    Id, Node,
    core::{Failure, Outcome},
    node::ManualNode,
    protocol::Path,
};
use clacks_peercloud_feed::{PeercloudNetwork, description::MEMBERS};
use clacks_widgets::{animation::Animations, theme::Theme};
use jiff::tz::TimeZone;
use ratatui::{
    buffer::Buffer,
    layout::{Position, Rect},
};
use serde_json::json;
use tokio::runtime::Runtime;

use crate::{CHECKS, CloudPane, JOINS};

const REMOTE: [u8; 4] = [127, 0, 0, 1];

/// A node that is driven by hand, with a pane that watches it.
struct Bench {
    manual: ManualNode,
    network: Arc<PeercloudNetwork>,
    watch: Box<dyn Watch>,
    pane: CloudPane,
    selected: Option<Row>,
    zone: TimeZone,
    _runtime: Runtime,
}

impl Bench {
    fn new() -> Self {
        let runtime = Runtime::new().unwrap();
        let options = |options: &mut clacks_peercloud::core::Options| options.check_interval = None;
        let manual = runtime.block_on(Node::builder().options(options).manual()).unwrap();
        let network = {
            let _within = runtime.enter();
            PeercloudNetwork::new(manual.node(), Run(7))
        };
        let watch = network.watch();
        Self {
            manual,
            network,
            watch,
            pane: CloudPane::default(),
            selected: None,
            zone: TimeZone::UTC,
            _runtime: runtime,
        }
    }

    /// A cloud in which everything has happened that the picture shows.
    fn busy() -> Self {
        let mut bench = Self::new();
        for (number, name) in
            ["ankh", "lipwig", "quirm", "sto lat", "tower", "\u{1b}[31mevil\u{202e}"].iter().enumerate()
        {
            bench.admit(number as u16, name);
        }
        bench.pass(20);
        for id in ["m0", "m1", "m4"] {
            bench.check(id, true);
        }
        bench.check("m2", false);
        bench.pass(13);
        bench.receive("m0", Path::Status, &json!({}));
        bench.receive("m1", Path::Status, &json!({}));
        bench.receive("m1", Path::Left, &json!({ "id": "m3" }));
        bench.pass(70);
        bench.receive("m1", Path::Status, &json!({}));
        bench.receive("m4", Path::Status, &json!({}));
        bench.check("m4", true);
        bench.pass(3);
        bench.read();
        bench
    }

    fn pass(&self, seconds: u64) {
        self.manual.move_clock(Duration::from_secs(seconds));
    }

    fn receive(&self, sender: &str, path: Path, body: &serde_json::Value) {
        let sender = Id::new(sender).unwrap();
        self.manual.receive(REMOTE.into(), Some(&sender), path, body.to_string().as_bytes());
    }

    fn answer(&self, status: u16, body: &serde_json::Value) {
        while let Some(request) = self.manual.pop_request() {
            if request.path == Path::Status {
                let body = body.to_string().into_bytes();
                let outcome = Outcome::Answered { status, body, remote: Some(REMOTE.into()), is_ours: false };
                self.manual.handle_outcome(request.id, outcome);
            }
        }
    }

    fn admit(&self, number: u16, name: &str) {
        let id = format!("m{number}");
        let body = json!({ "id": id, "port": 4000 + number, "data": { "name": name } });
        self.receive(&id, Path::Join, &body);
        self.answer(200, &json!({ "id": id }));
    }

    fn check(&self, id: &str, is_here: bool) {
        let id = Id::new(id).unwrap();
        self.manual.with_core(|core, now, _| core.check(&id, now)).unwrap();
        self.manual.move_clock(Duration::from_millis(4));
        if is_here {
            return self.answer(200, &json!({ "id": id.as_str() }));
        }
        while let Some(request) = self.manual.pop_request() {
            self.manual.handle_outcome(request.id, Outcome::Failed(Failure::TimedOut));
        }
    }

    /// Gives the pane the events and rows.
    fn read(&mut self) {
        let mut cx = TaskContext::from_waker(Waker::noop());
        while let Poll::Ready(Some(watched)) = self.watch.poll_next(&mut cx) {
            let Watched::Event(event) = watched else { panic!("missed events") };
            self.pane.note(&event, Animations::default());
        }
        let page = self.network.page(&Window::first(MEMBERS, 150));
        let (gauges, settings) = (self.network.gauges(), self.network.settings());
        self.pane.refresh(&PaneLook {
            view: CHECKS,
            description: self.network.description(),
            now: self.network.now(),
            pages: vec![Some(&page)],
            gauges: &gauges,
            settings: &settings,
        });
    }

    fn context<'a>(&'a self, view: &'static PaneSpec, opened: Option<&'a Opened>) -> Context<'a> {
        let now = self.network.now();
        Context {
            view: Some(view),
            theme: Theme::default(),
            now,
            listed: now,
            zone: &self.zone,
            motion: Animations::default(),
            description: self.network.description(),
            gauges: &[],
            fetched: now,
            selected: self.selected.as_ref(),
            is_narrowed: false,
            shown: Shown::Overlay,
            opened,
            has_focus: true,
            is_zoomed: false,
            has_details: false,
            is_replay: false,
            key_name: Box::new(ToOwned::to_owned),
        }
    }

    fn buffer(&self, width: u16, height: u16) -> Buffer {
        let area = Rect::new(0, 0, width, height);
        let mut buffer = Buffer::empty(area);
        self.pane.draw(&self.context(CHECKS, None), area, &mut buffer);
        buffer
    }

    fn picture(&self, width: u16, height: u16) -> String {
        let buffer = self.buffer(width, height);
        let row = |y| {
            let cells = (0..width).map(|x| buffer[(x, y)].symbol()).collect::<String>();
            cells.trim_end().to_owned() + "\n"
        };
        (0..height).map(row).collect()
    }

    fn page(&self, columns: usize) -> String {
        let lines = self.pane.lines(&self.context(JOINS, None), columns);
        lines.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
    }

    fn sentences(&self, view: &'static PaneSpec) -> Vec<String> {
        let look = PaneLook {
            view,
            description: self.network.description(),
            now: self.network.now(),
            pages: Vec::new(),
            gauges: &[],
            settings: &[],
        };
        self.pane.sentences(&look, &self.zone).unwrap()
    }

    fn select(&mut self, key: &str) {
        self.selected = self.network.rows(MEMBERS, &[key.into()]).pop().flatten();
    }
}

#[test]
fn the_picture_at_80_by_24() {
    let mut bench = Bench::busy();
    bench.select("m1");
    insta::assert_snapshot!(bench.picture(80, 24));
}

#[test]
fn the_picture_at_120_by_40() {
    insta::assert_snapshot!(Bench::busy().picture(120, 40));
}

#[test]
fn the_picture_beside_the_lists() {
    insta::assert_snapshot!(Bench::busy().picture(40, 10));
}

#[test]
fn the_time_line_names_causes_and_who_said_so() {
    insta::assert_snapshot!(Bench::busy().page(70));
}

#[test]
fn both_views_can_be_told_in_sentences() {
    let bench = Bench::busy();
    let joins = bench.sentences(JOINS);
    assert_eq!(joins[0], "6 joined, 1 left");
    assert!(joins[1].ends_with(", sto lat m3: gone; lipwig m1 found it gone"), "{joins:?}");
    let checks = bench.sentences(CHECKS);
    assert_eq!(checks[0], "5 members, 3 silent");
    let has = |text: &str| checks.iter().any(|sentence| sentence.contains(text));
    assert!(has("tower m4: here, checked 3 s ago in 4.0 ms, it checked this node 3 s ago"), "{checks:?}");
    assert!(has("quirm m2: failing, checked 1 m ago: "), "{checks:?}");
    assert!(has("it never checked this node, silent for "), "{checks:?}");
    assert!(has("sto lat m3 was found gone by lipwig m1 1 m ago"), "{checks:?}");
    assert_eq!(Bench::new().sentences(CHECKS), ["There is no other member"]);
}

#[test]
fn an_area_of_any_size_is_drawn_without_a_member_and_with_many() {
    let mut crowd = Bench::new();
    (0..60).for_each(|number| crowd.admit(number, "a member with a long name, longer than its column"));
    crowd.pass(1000);
    crowd.read();
    crowd.select("m59");
    for bench in [&Bench::new(), &Bench::busy(), &crowd] {
        for (width, height) in [
            (20, 5),
            (0, 0),
            (1, 1),
            (0, 5),
            (5, 0),
            (33, 9),
            (34, 9),
            (64, 8),
            (80, 24),
            (120, 40),
            (300, 100),
        ] {
            bench.buffer(width, height);
        }
        for width in 1..70 {
            for height in 1..14 {
                bench.buffer(width, height);
            }
        }
        bench.pane.lines(&bench.context(JOINS, None), 1);
    }
    assert!(crowd.picture(80, 24).contains('>'), "the selected member is not on the screen");
}

#[test]
fn hostile_names_stay_in_their_row() {
    let bench = Bench::busy();
    for text in [bench.picture(80, 24), bench.page(60)] {
        assert!(!text.contains(['\u{1b}', '\u{202e}']), "{text}");
        assert!(text.contains("evil"), "{text}");
    }
}

#[test]
fn members_that_are_silent_come_first_and_are_counted() {
    let mut bench = Bench::new();
    (0..3).for_each(|number| bench.admit(number, &format!("name{number}")));
    bench.pass(100);
    bench.receive("m0", Path::Status, &json!({}));
    bench.receive("m2", Path::Status, &json!({}));
    bench.read();
    let picture = bench.picture(80, 24);
    let order = ["name1", "name0", "name2"].map(|name| picture.find(name).unwrap());
    assert!(order.is_sorted(), "{picture}");
    assert!(picture.contains("3 members, 1 silent"), "{picture}");
    assert!(picture.contains("silent for 1 m"), "{picture}");
    // In a larger cloud the checks of one member come less often.
    (3..12).for_each(|number| bench.admit(number, "late"));
    bench.read();
    assert!(!bench.picture(80, 24).contains("silent"), "{}", bench.picture(80, 24));
}

#[test]
fn rarer_checks_make_members_silent_later() {
    let mut bench = Bench::new();
    (0..3).for_each(|number| bench.admit(number, &format!("name{number}")));
    bench.pass(100);
    bench.read();
    assert!(bench.picture(80, 24).contains("3 members, 3 silent"), "{}", bench.picture(80, 24));
    bench.manual.node().set_check_interval(Some(Duration::from_secs(60)));
    bench.read();
    assert!(!bench.picture(80, 24).contains("silent"), "{}", bench.picture(80, 24));
}

#[test]
fn keys_and_clicks_select_members() {
    let mut bench = Bench::busy();
    bench.select("m0");
    let area = Rect::new(0, 0, 80, 24);
    let Reaction::Select(next) = bench.pane.step(&bench.context(CHECKS, None), area, Step::Down) else {
        panic!("no selection");
    };
    let row = bench.picture(80, 24).lines().position(|line| line.contains("lipwig")).unwrap();
    let at = Position { x: 30, y: row as u16 };
    let clicked = bench.pane.click(&bench.context(CHECKS, None), area, at);
    assert_eq!(clicked, Reaction::Select("m1".into()));
    assert_ne!(next, "m0".into());
    let title = bench.pane.click(&bench.context(CHECKS, None), area, Position { x: 3, y: 0 });
    assert_eq!(title, Reaction::Nothing);
}

#[test]
fn a_pane_that_begins_again_has_forgotten_everything() {
    let mut bench = Bench::busy();
    bench.pane.begin_again();
    assert!(bench.page(60).contains("nobody joined"), "{}", bench.page(60));
    assert!(bench.picture(80, 24).contains("no other member"), "{}", bench.picture(80, 24));
}

#[test]
fn a_name_stands_with_its_id_and_cannot_be_that_of_another() {
    let mut bench = Bench::new();
    let name = "orchard in the long valley";
    for (number, id) in ["e40b47db", "e40bffff", "m3"].into_iter().enumerate() {
        let name = if id == "m3" { "this node" } else { name };
        let body = json!({ "id": id, "port": 4000 + number, "data": { "name": name } });
        bench.receive(id, Path::Join, &body);
        bench.answer(200, &json!({ "id": id }));
    }
    bench.receive("m3", Path::Left, &json!({ "id": "e40b47db" }));
    bench.read();
    let page = bench.page(100);
    for text in
        ["orchard in the long vall e40b47db  gone; this node m3 found it gone", "this node m3  joined"]
    {
        assert!(page.contains(text), "{text}: {page}");
    }
    assert!(page.contains("vall e40bffff  joined"), "the second has its whole id: {page}");
    let again = json!({ "id": "e40b47db", "port": 4000, "data": { "name": name } });
    bench.receive("e40b47db", Path::Join, &again);
    bench.answer(200, &json!({ "id": "e40b47db" }));
    bench.read();
    for width in [80, 40] {
        let picture = bench.picture(width, 24);
        assert!(picture.contains("47db") && picture.contains("ffff"), "{picture}");
    }
}

#[test]
fn members_that_this_node_leaves_are_not_counted_as_left() {
    let mut bench = Bench::busy();
    assert_eq!(bench.pane.timeline.title_note(), "6 joined, 1 left");
    bench.manual.with_core(|core, now, random| core.leave(now, random)).unwrap();
    bench.read();
    assert!(bench.page(70).contains("this node  left the cloud of 5 members"), "{}", bench.page(70));
    assert_eq!(bench.pane.timeline.title_note(), "6 joined, 1 left");
}

#[test]
fn the_count_of_silent_members_says_how_many_members_are_in_the_picture() {
    let mut bench = Bench::new();
    (0..160).for_each(|number| bench.admit(number, "crowd"));
    bench.pass(10_000);
    bench.read();
    let picture = bench.picture(100, 24);
    assert!(picture.contains("160 members, 150 silent of the first 150"), "{picture}");
}
