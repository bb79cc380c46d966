//! The dashboard works at every size of the terminal. On a too small one no key has an effect.

use clacks_feed::description::Role;
use clacks_p2p_panes::{
    histories::{BIOGRAPHY, OVERHEAD},
    map::MAP,
    tower::TOWER,
    why::WHY,
};
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
use ratatui::{Terminal, backend::TestBackend, layout::Rect};

use super::{cloud::with_cloud, fixture::Fixture, held_and_edited::held_messages, other_network::with_toy};
use crate::{
    state::{
        layout::{Areas, Pane},
        message::{Effect, Msg},
        overlay::OverlayKind,
    },
    view::view,
};

/// Every view with the keys that open it. `\n` is Enter, `\t` is Tab, `\u{12}` is Ctrl-R.
pub(crate) const VIEWS: [(&str, &str); 42] = [
    ("the peers", ""),
    ("the queue", "\t"),
    ("the traffic", "\t\t"),
    ("the peers alone", "z"),
    ("the queue alone", "\tz"),
    ("the traffic alone", "\t\tz"),
    ("marked peers", "vjv"),
    ("the screen held still", " "),
    ("a peer", "\n"),
    ("a message", "\t\n"),
    ("a row of the traffic", "\t\tk\n"),
    ("a search", "\t\n/GNU"),
    ("a search that found something", "\t\n/GNU\n"),
    ("the map", "M"),
    ("a peer over the map", "M\n"),
    ("all charts", "C"),
    ("the first chart", "C\t"),
    ("the second chart", "C\t\t"),
    ("the third chart", "C\t\t\t"),
    ("the last chart", "C\t\t\t\t"),
    ("the tower", "T"),
    ("a life", "\tb"),
    ("what comes back", "O"),
    ("the choice of receivers", "W"),
    ("the held messages", "H"),
    ("a marked held message", "Hjv"),
    ("the stations", ":stations\n"),
    ("the limits", "L"),
    ("what can be done", "?"),
    ("what can be done about maps", "?map"),
    ("what can be done over the map", "M?"),
    ("a message being written", "iGNU Terry Pratchett"),
    ("a command being written", ":announce tower-3"),
    ("what completes a command", ":announce \t"),
    ("what was sent before", "iGNU\n\u{12}G"),
    ("a filter with a mistake", "\t\t/re:/(/"),
    ("a filter of the peers", "/tower"),
    ("a filter of the peers over the map", "M/tower"),
    ("a filter of the held messages", "H/gnu"),
    ("a theme being chosen", ":theme high"),
    ("the question before leaving", "q"),
    ("a question about many", "vjvI"),
];

/// Views of other networks with the keys that open them: a peercloud node, and the toy.
pub(crate) const VIEWS_OF_OTHERS: [(Shown, &str, &str); 22] = [
    (Shown::Cloud, "a member", "\n"),
    (Shown::Cloud, "a message with its replies", "\t\n"),
    (Shown::Cloud, "a row of the traffic", "\t\tk\n"),
    (Shown::Cloud, "who checks whom", ":checks\n"),
    (Shown::Cloud, "a member over who checks whom", ":checks\n\n"),
    (Shown::Cloud, "who joined and left", ":joins\n"),
    (Shown::Cloud, "a search in who joined and left", ":joins\n/left\n"),
    (Shown::Cloud, "what can be done over who checks whom", ":checks\n?"),
    (Shown::Cloud, "the addresses at the door", ":list door\n"),
    (Shown::Cloud, "an address at the door", ":list door\n\n"),
    (Shown::Cloud, "the charts", "C"),
    (Shown::Cloud, "the second chart", "C\t\t"),
    (Shown::Cloud, "the limits", "L"),
    (Shown::Cloud, "the stations", ":stations\n"),
    (Shown::Cloud, "what can be done", "?"),
    (Shown::Toy, "a box", "\n"),
    (Shown::Toy, "a card", "\t\n"),
    (Shown::Toy, "a row of the traffic", "\t\tk\n"),
    (Shown::Toy, "the charts", "C"),
    (Shown::Toy, "the limits", "L"),
    (Shown::Toy, "the stations", ":stations\n"),
    (Shown::Toy, "what can be done", "?"),
];

/// The network that is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shown {
    Clacks,
    Cloud,
    Toy,
}

/// Whether an overlay is of this kind. Add new kinds here and to [`VIEWS`].
fn is_kind(kind: usize, content: &OverlayKind) -> bool {
    kind == match content {
        OverlayKind::Stations => 0,
        OverlayKind::Item(item) if item.role == Role::Peers => 2,
        OverlayKind::Item(_) => 3,
        OverlayKind::Row(_) => 4,
        OverlayKind::Charts => 8,
        OverlayKind::Pane(opened) => match opened.spec {
            MAP => 1,
            BIOGRAPHY => 5,
            OVERHEAD => 6,
            WHY => 7,
            TOWER => 9,
            view => panic!("no number for {}", view.name),
        },
        OverlayKind::List(_) => 10,
        OverlayKind::Limits => 11,
    }
}

pub(crate) fn opened(keys: &str) -> Fixture {
    opened_in(Shown::Clacks, keys)
}

/// Returns a dashboard of this network after these keys.
pub(crate) fn opened_in(shown: Shown, keys: &str) -> Fixture {
    let mut fixture = match shown {
        Shown::Clacks => Fixture::lively(80, 24),
        Shown::Cloud => with_cloud(80, 24),
        Shown::Toy => {
            let (mut fixture, _) = with_toy(80, 24);
            fixture.press(KeyCode::Char('N'));
            fixture
        }
    };
    fixture.held = held_messages();
    fixture.refresh();
    for key in keys.chars() {
        match key {
            '\n' => fixture.press(KeyCode::Enter),
            '\t' => fixture.press(KeyCode::Tab),
            '\u{12}' => fixture.control('r'),
            other => fixture.press(KeyCode::Char(other)),
        };
    }
    fixture
}

/// Returns every view, and the focused map, which only the largest layout has.
fn views() -> impl Iterator<Item = (&'static str, Fixture)> {
    let mut on_map = Fixture::lively(80, 24);
    on_map.model.pane = Pane::Column;
    VIEWS.into_iter().map(|(name, keys)| (name, opened(keys))).chain([("the map beside the lists", on_map)])
}

/// Returns the tested sizes: all of the smallest, each width up to 250 and each height up to 80 at some other
/// dimension, and those around the limits of the layouts.
fn sizes() -> impl Iterator<Item = (u16, u16)> {
    let small = (0..=40).flat_map(|width| (0..=15).map(move |height| (width, height)));
    let widths = (41..=250).map(|width| (width, 4 + width * 7 % 16));
    let heights = (16..=80).map(|height| (20 + height * 13 % 60, height));
    let bounds = [
        (69, 16),
        (70, 15),
        (70, 16),
        (109, 30),
        (110, 29),
        (110, 30),
        (110, 38),
        (110, 39),
        (111, 80),
        (179, 44),
        (180, 43),
    ];
    let largest = [(180, 44), (181, 63), (213, 45), (250, 44), (180, 80), (250, 80)];
    small.chain(widths).chain(heights).chain(bounds).chain(largest)
}

#[test]
fn every_kind_of_view_is_tested() {
    for kind in 0..11 {
        let is_shown = |(_, fixture): (&str, Fixture)| {
            fixture.model.overlay.is_some_and(|overlay| is_kind(kind, &overlay.content))
        };
        assert!(views().any(is_shown), "{kind}");
    }
}

#[test]
fn every_width_and_every_height_is_tested() {
    assert!((0..=250).all(|width| sizes().any(|(other, _)| other == width)));
    assert!((0..=80).all(|height| sizes().any(|(_, other)| other == height)));
}

#[test]
fn no_size_breaks_a_view() {
    for (_, mut fixture) in views() {
        let mut terminal = Terminal::new(TestBackend::new(0, 0)).unwrap();
        for (width, height) in sizes() {
            fixture.resize(width, height);
            terminal.backend_mut().resize(width, height);
            terminal.resize(Rect::new(0, 0, width, height)).unwrap();
            terminal.draw(|frame| view(&fixture.model, fixture.model.theme(), frame)).unwrap();
        }
    }
}

#[test]
fn a_terminal_that_shrinks_before_a_frame_causes_no_panic() {
    for (_, mut fixture) in views() {
        fixture.resize(200, 60);
        for (width, height) in [(0, 0), (1, 1), (19, 4), (199, 1), (1, 59), (80, 24)] {
            fixture.draw_on(width, height);
        }
    }
}

#[test]
fn a_view_is_too_small_below_20x5_and_nowhere_else() {
    for (width, height) in (0..=250).flat_map(|width| (0..=80).map(move |height| (width, height))) {
        let areas = Areas::of(Rect::new(0, 0, width, height), Pane::Peers, false, true);
        assert_eq!(areas.is_none(), width < 20 || height < 5, "{width}x{height}");
    }
}

/// Returns all bound keys, some text, a click, a step of the wheel and a paste.
fn whatever_a_user_does(fixture: &Fixture) -> Vec<Msg> {
    let bindings = fixture.model.keymap.bindings().iter();
    let mut keys: Vec<_> = bindings.flat_map(|binding| &binding.keys).map(|(_, key)| *key).collect();
    keys.sort_by_key(ToString::to_string);
    keys.dedup();
    let letters = "yYnNwWs".chars().map(|letter| Msg::Key(KeyEvent::from(KeyCode::Char(letter))));
    let mouse = [MouseEventKind::Down(MouseButton::Left), MouseEventKind::ScrollDown];
    let mouse =
        mouse.map(|kind| Msg::Mouse(MouseEvent { kind, column: 3, row: 2, modifiers: KeyModifiers::NONE }));
    let keys = keys.into_iter().map(|key| Msg::Key(key.event()));
    keys.chain(letters).chain(mouse).chain([Msg::Paste("q\nI".to_owned())]).collect()
}

#[test]
fn on_a_too_small_screen_only_keys_that_quit_work() {
    for (name, mut fixture) in views().filter(|(name, _)| *name != "the question before leaving") {
        // The first key pins the selection.
        fixture.press(KeyCode::F(12));
        for (width, height) in [(0, 0), (19, 80), (250, 4)] {
            fixture.resize(width, height);
            let before = format!("{:?}", fixture.model);
            for msg in whatever_a_user_does(&fixture) {
                let what = format!("{msg:?} in {name} at {width}x{height}");
                let effects = fixture.send(msg);
                // Its question is answered at once.
                fixture.model.confirms_quit = false;
                assert!(
                    matches!(effects[..], [] | [Effect::RequestQuit | Effect::Suspend]),
                    "{what}: {effects:?}"
                );
            }
            let after = format!("{:?}", fixture.model);
            assert!(before == after, "{name} at {width}x{height}\n{}", first_difference(&before, &after));
        }
    }
}

fn first_difference(before: &str, after: &str) -> String {
    let same = before.bytes().zip(after.bytes()).take_while(|(before, after)| before == after).count();
    let excerpt = |text: &str| {
        String::from_utf8_lossy(&text.as_bytes()[same.saturating_sub(60)..(same + 60).min(text.len())])
            .into_owned()
    };
    format!("{}\n{}", excerpt(before), excerpt(after))
}

#[test]
fn on_a_too_small_screen_the_quit_question_is_shown() {
    let mut fixture = Fixture::busy(19, 4);
    assert_eq!(fixture.press(KeyCode::Char('q')), []);
    assert!(fixture.screen().contains("q drop them"), "{}", fixture.screen());
    assert_eq!(fixture.press(KeyCode::Char('q')), [Effect::Quit]);
}

#[test]
fn a_question_waits_while_the_screen_is_too_small() {
    let mut fixture = opened("vjvI");
    fixture.resize(19, 4);
    assert!(fixture.screen().contains("20x5 at least"), "{}", fixture.screen());
    assert_eq!(fixture.press(KeyCode::Char('y')), []);
    fixture.resize(80, 24);
    assert!(fixture.screen().contains("y/n"), "{}", fixture.screen());
    assert!(matches!(fixture.press(KeyCode::Char('y'))[..], [Effect::Call(_)]));
}

#[test]
fn every_key_is_harmless_at_every_size() {
    for (width, height) in [(0, 0), (19, 4), (20, 5), (40, 10), (69, 16), (80, 24), (120, 40), (200, 60)] {
        let mut fixture = Fixture::lively(width, height);
        let bindings = fixture.model.keymap.bindings().iter();
        let keys: Vec<_> = bindings.flat_map(|binding| &binding.keys).map(|(_, key)| key.event()).collect();
        for key in keys.repeat(3) {
            fixture.key(key);
            fixture.draw();
        }
    }
}
