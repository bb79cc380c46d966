//! Charts and shutter towers, and their animation.

use std::time::Duration;

use clacks_language::command::motion_setting::Setting;
use clacks_p2p::{
    Message,
    core::{Event, PeerChoice, PeerCounts, Status},
};
use clacks_p2p_feed::ClacksEvent;
use clacks_p2p_panes::tower::TOWER;
use clacks_panes::Place;
use clacks_session::traffic::row::Row;
use clacks_widgets::{
    animation::Animations,
    theme::Theme,
    time_series::{Chart, Sample},
};
use crossterm::event::KeyCode;
use ratatui::{Terminal, backend::TestBackend, layout::Rect};

use super::fixture::{Fixture, now, peer};
use crate::{
    state::{message::Msg, overlay::OpenOverlay as Kind},
    view::{
        charts::{draw as draw_charts, draw_chart},
        panes::{draw_beside, draw_open},
    },
};

const SIZES: [(u16, u16); 4] = [(40, 10), (80, 24), (120, 40), (200, 60)];

/// Returns a dashboard with events over the last ten minutes.
fn watched(width: u16, height: u16) -> Fixture {
    let mut fixture = Fixture::busy(width, height);
    fixture.model.motion = Animations::new(Setting::Full);
    let end = now().uptime.as_secs();
    let trends = &mut fixture.model.networks.active_mut().figures.trends;
    let [mut received, mut delivered, mut failed] = [0; 3];
    for second in end - 600..end {
        received += second / 40 % 5 * (second % 2);
        delivered += u64::from(second % 3 != 0);
        failed += u64::from(second % 150 < 4);
        let queued = (second % 300).abs_diff(150) / 6;
        let lost = second / 100 % 3;
        let sample = Sample {
            counters: &[received, delivered, failed, 0, 0, 0],
            levels: &[queued, 0, 0, 0],
            // New, alive, claimed, lost, dead and ignored peers.
            statuses: &[1, 9 - lost, 0, lost, 1, u64::from(second > 2700)],
        };
        trends.sample(Duration::from_secs(second), sample);
    }
    for number in 0..400_u64 {
        let micros = 300 * (1 + number % 7).pow(u32::try_from(number % 5).unwrap());
        let delivered = Event::MessageDelivered {
            id: "3".parse().unwrap(),
            peer: peer(Status::Alive, "b:1", 0, None),
            message: Message::text("m"),
            round_trip: Duration::from_micros(micros),
            place: None,
        };
        let event = ClacksEvent(delivered).numbered(number, now());
        let row = Row::of(&event, &fixture.model.networks.active().description);
        fixture.model.networks.active_mut().figures.note(&row.unwrap());
    }
    fixture.refresh();
    fixture
}

fn comes(fixture: &mut Fixture, text: &str) {
    let event = Event::MessageReceived {
        peer: peer(Status::Alive, "tower-3.example.org:8443", 0, None),
        message: Message::text(text),
        id: None,
        visits: 1,
        remote: None,
        held: None,
    };
    fixture.happen(event);
}

fn goes(fixture: &mut Fixture, text: &str) {
    let event = Event::MessageSending {
        id: "3".parse().unwrap(),
        peer: peer(Status::Alive, "grand-trunk.example.org:443", 0, None),
        message: Message::text(text),
        choice: PeerChoice::new(0, PeerCounts::default()),
    };
    fixture.happen(event);
}

/// Returns a dashboard with a message on either tower: one at its third letter, the other moving to it.
fn spelling(width: u16, height: u16) -> Fixture {
    let mut fixture = Fixture::empty(width, height);
    fixture.model.motion = Animations::new(Setting::Full);
    comes(&mut fixture, "GNU Terry Pratchett");
    fixture.later = Duration::from_millis(150);
    goes(&mut fixture, "a caf\u{e9} in Quirm");
    fixture.later = Duration::from_millis(750);
    fixture.press(KeyCode::Char('T'));
    fixture
}

fn at_all_sizes(screen: impl Fn(u16, u16) -> String) -> String {
    let screens = SIZES.map(|(width, height)| format!("=== {width}x{height}\n{}\n", screen(width, height)));
    screens.concat()
}

#[test]
fn charts() {
    insta::assert_snapshot!(at_all_sizes(|width, height| {
        let mut fixture = watched(width, height);
        fixture.press(KeyCode::Char('C'));
        fixture.screen()
    }));
}

#[test]
fn each_chart_alone() {
    let mut screens = Vec::new();
    for (width, height) in [(40, 10), (120, 40)] {
        for chart in Chart::ALL {
            let mut fixture = watched(width, height);
            fixture.press(KeyCode::Char('C'));
            fixture.model.chart = Some(chart);
            screens.push(format!("=== {chart:?} {width}x{height}\n{}\n", fixture.screen()));
        }
    }
    insta::assert_snapshot!(screens.concat());
}

#[test]
fn charts_without_data() {
    insta::assert_snapshot!(at_all_sizes(|width, height| {
        let mut fixture = Fixture::empty(width, height);
        fixture.press(KeyCode::Char('C'));
        fixture.screen()
    }));
}

#[test]
fn towers() {
    insta::assert_snapshot!(at_all_sizes(|width, height| spelling(width, height).screen()));
}

#[test]
fn towers_without_messages() {
    insta::assert_snapshot!(at_all_sizes(|width, height| {
        let mut fixture = Fixture::empty(width, height);
        fixture.press(KeyCode::Char('T'));
        fixture.screen()
    }));
}

/// Returns a dashboard with traffic and messages on the towers.
fn lively(width: u16, height: u16) -> Fixture {
    let mut fixture = watched(width, height);
    comes(&mut fixture, "GNU Terry Pratchett");
    goes(&mut fixture, "a caf\u{e9} in Quirm");
    fixture.later = Duration::from_millis(350);
    fixture.refresh();
    fixture
}

#[test]
fn pictures_beside_the_lists() {
    insta::assert_snapshot!(at_all_sizes(|width, height| lively(width, height).screen()));
}

#[test]
fn the_tower_beside_the_lists_is_animated_while_visible() {
    let mut fixture = lively(120, 40);
    let (frame, second) = (Duration::from_millis(100), Duration::from_secs(1));
    assert_eq!(changes_after(&mut fixture, 400), frame);
    fixture.press(KeyCode::Char('?'));
    assert!(changes_after(&mut fixture, 500) >= second, "the keys lie over it");
    fixture.press(KeyCode::Esc);
    assert_eq!(changes_after(&mut fixture, 600), frame);
    fixture.press(KeyCode::Char('z'));
    assert!(changes_after(&mut fixture, 700) >= second, "a list has all of the screen");
    fixture.press(KeyCode::Char('z'));
    fixture.model.motion.set(Setting::Off);
    assert!(changes_after(&mut fixture, 800) >= second, "nothing may move");
    assert!(!fixture.screen().contains(" TOWER "), "and then it has no place:\n{}", fixture.screen());
}

#[test]
fn sparklines_change_until_their_window_is_empty() {
    for (size, past) in [((120, 40), 70_000), ((200, 60), 1_000_000)] {
        let mut fixture = watched(size.0, size.1);
        (fixture.peers, fixture.queue) = (Vec::new(), Vec::new());
        assert_eq!(changes_after(&mut fixture, 30_000), Duration::from_secs(5), "{size:?}");
        assert_eq!(changes_after(&mut fixture, past), Duration::from_secs(60), "{size:?}");
    }
}

/// Draws a tower in an area of this size.
fn tower_in(width: u16, height: u16) -> String {
    let fixture = spelling(120, 40);
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    let draw = |frame: &mut ratatui::Frame<'_>| {
        draw_beside(&fixture.model, Theme::default(), Place::Strip, frame.area(), frame);
    };
    terminal.draw(draw).unwrap();
    terminal.backend().to_string()
}

#[test]
fn towers_in_a_column() {
    insta::assert_snapshot!(
        [(42, 9), (46, 10), (20, 9), (58, 14)]
            .map(|(width, height)| format!("=== {width}x{height}\n{}", tower_in(width, height)))
            .join("\n")
    );
}

#[test]
fn no_size_breaks_a_picture() {
    let (watched, spelling) = (watched(120, 40), spelling(120, 40));
    let mut terminal = Terminal::new(TestBackend::new(60, 30)).unwrap();
    for (width, height) in (0..=60).flat_map(|width| (0..=30).map(move |height| (width, height))) {
        // Also if the area exceeds the screen.
        for origin in [0, 20] {
            let area = Rect::new(origin, origin / 2, width, height);
            let draw = |frame: &mut ratatui::Frame<'_>| {
                draw_charts(&watched.model, Theme::default(), area, frame);
                for chart in Chart::ALL {
                    draw_chart(&watched.model, Theme::default(), chart, area, frame);
                }
                draw_open(&spelling.model, Theme::default(), area, frame);
            };
            terminal.draw(draw).unwrap();
        }
    }
}

#[test]
fn tab_selects_the_next_chart() {
    let mut small = watched(40, 10);
    small.press(KeyCode::Char('C'));
    let titles = ["IN AND OUT", "PEERS BY STATUS", "ROUND TRIPS", "QUEUED OVER TIME"];
    for title in [titles, titles].concat() {
        assert!(small.screen().contains(title), "{title}\n{}", small.screen());
        small.press(KeyCode::Tab);
    }
    let mut large = watched(80, 24);
    large.press(KeyCode::Char('C'));
    let shown = |fixture: &Fixture| titles.iter().filter(|title| fixture.screen().contains(**title)).count();
    assert_eq!(shown(&large), 4);
    large.press(KeyCode::Right);
    assert_eq!((shown(&large), large.model.chart), (1, Some(Chart::Rates)));
    (0..2).for_each(|_| drop(large.press(KeyCode::BackTab)));
    assert_eq!(large.model.chart, Some(Chart::Levels));
    (0..1).for_each(|_| drop(large.press(KeyCode::Tab)));
    assert_eq!(shown(&large), 4, "all of them stand between the last and the first");
}

#[test]
fn the_key_of_a_view_closes_it_and_another_opens_over_it() {
    let mut fixture = watched(80, 24);
    fixture.press(KeyCode::Char('C'));
    fixture.press(KeyCode::Char('T'));
    assert!(fixture.model.is_open(Kind::Pane(TOWER)));
    fixture.press(KeyCode::Char('T'));
    assert!(fixture.model.is_open(Kind::Charts));
    fixture.press(KeyCode::Char('C'));
    assert!(fixture.model.overlay.is_none());
}

#[test]
fn the_motion_command_changes_the_animations() {
    let mut fixture = spelling(80, 24);
    fixture.press(KeyCode::Esc);
    fixture.write(":motion off");
    fixture.press(KeyCode::Enter);
    assert_eq!(fixture.model.motion.setting(), Setting::Off);
    assert!(fixture.screen().contains("motion is off"), "{}", fixture.screen());
}

/// Returns the time until the screen changes by itself, after this many milliseconds.
fn changes_after(fixture: &mut Fixture, millis: u64) -> Duration {
    fixture.later = Duration::from_millis(millis);
    fixture.refresh();
    fixture.model.changes_after()
}

#[test]
fn a_visible_spelling_tower_is_drawn_ten_times_per_second() {
    let mut fixture = spelling(80, 24);
    let frame = Duration::from_millis(100);
    assert_eq!(changes_after(&mut fixture, 800), frame);
    fixture.press(KeyCode::Esc);
    assert!(changes_after(&mut fixture, 900) >= Duration::from_secs(1), "it is not on the screen");
    fixture.press(KeyCode::Char('T'));
    assert_eq!(changes_after(&mut fixture, 1000), frame);
    fixture.send(Msg::Focus(false));
    assert!(changes_after(&mut fixture, 1100) >= Duration::from_secs(1), "nobody looks");
    fixture.send(Msg::Focus(true));
    assert_eq!(changes_after(&mut fixture, 1200), frame);
    assert_eq!(changes_after(&mut fixture, 20_000), Duration::from_secs(60), "both have come to their end");
}

#[test]
fn charts_change_until_their_window_is_empty() {
    let mut fixture = watched(80, 24);
    (fixture.peers, fixture.queue) = (Vec::new(), Vec::new());
    fixture.press(KeyCode::Char('C'));
    assert_eq!(changes_after(&mut fixture, 100_000), Duration::from_secs(5));
    assert_eq!(changes_after(&mut fixture, 1_000_000), Duration::from_secs(60));
    fixture.press(KeyCode::Esc);
    assert_eq!(changes_after(&mut fixture, 1_100_000), Duration::from_secs(60));
}

#[test]
fn a_hostile_message_is_spelt_in_sanitised_letters() {
    let mut fixture = Fixture::empty(80, 24);
    fixture.model.motion = Animations::new(Setting::Full);
    comes(&mut fixture, "\u{1b}]52;c;aGk=\u{7}\u{202e}txt.exe");
    fixture.press(KeyCode::Char('T'));
    for frame in 0..100 {
        fixture.later = Duration::from_millis(100 * frame);
        fixture.refresh();
        let screen = fixture.screen();
        assert!(!screen.chars().any(|c| c != '\n' && (c.is_control() || c == '\u{202e}')), "{screen:?}");
    }
    assert!(fixture.screen().contains("\\x1b"), "{}", fixture.screen());
}
