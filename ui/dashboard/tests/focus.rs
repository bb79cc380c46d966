//! The focus: keys, labels, hints and clicks in every list and overlay.

use clacks_feed::Playback;
use clacks_p2p_panes::{
    histories::{BIOGRAPHY, OVERHEAD},
    map::MAP,
    tower::TOWER,
    why::WHY,
};
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers, MouseButton, MouseEvent, MouseEventKind};

use super::calls::{on_held, on_queue};
use super::{
    fixture::{Fixture, address, peer},
    held_and_edited::holding,
};
use crate::{
    available::has_hint,
    model::focus::FocusOwner,
    state::{
        key::Key,
        layout::Pane,
        message::{Effect, Msg},
        overlay::OpenOverlay,
    },
};

const TALL: (u16, u16) = (80, 24);
const WITH_MAP: (u16, u16) = (200, 60);

/// Every kind of overlay.
pub(crate) const OVERLAYS: [OpenOverlay; 12] = [
    OpenOverlay::Stations,
    OpenOverlay::Pane(MAP),
    OpenOverlay::Peer,
    OpenOverlay::Message,
    OpenOverlay::Row,
    OpenOverlay::Pane(BIOGRAPHY),
    OpenOverlay::Pane(OVERHEAD),
    OpenOverlay::Pane(WHY),
    OpenOverlay::Limits,
    OpenOverlay::Charts,
    OpenOverlay::Pane(TOWER),
    OpenOverlay::Held,
];

pub(crate) fn typed(fixture: &mut Fixture, keys: &str) -> Vec<Effect> {
    let mut effects = Vec::new();
    for letter in keys.chars() {
        let code = match letter {
            '\n' => KeyCode::Enter,
            '\t' => KeyCode::Tab,
            '\x1b' => KeyCode::Esc,
            '\x08' => KeyCode::Backspace,
            letter => KeyCode::Char(letter),
        };
        effects.extend(fixture.press(code));
    }
    effects
}

/// Returns the keys that open an overlay from the peer list.
pub(crate) fn opening(overlay: OpenOverlay) -> &'static str {
    match overlay {
        OpenOverlay::Stations => ":stations\n",
        OpenOverlay::Pane(MAP) => "M",
        OpenOverlay::Peer => "\n",
        OpenOverlay::Message => "\t\n",
        OpenOverlay::Row => "\t\tkk\n",
        OpenOverlay::Pane(BIOGRAPHY) => "\tb",
        OpenOverlay::Pane(OVERHEAD) => "O",
        OpenOverlay::Pane(WHY) => "W",
        OpenOverlay::Limits => "L",
        OpenOverlay::Charts => "C",
        OpenOverlay::Pane(TOWER) => "T",
        OpenOverlay::Pane(view) => panic!("no key opens {}", view.name),
        OpenOverlay::Held => "H",
    }
}

fn with_open(overlay: OpenOverlay, (width, height): (u16, u16)) -> Fixture {
    let mut fixture = holding(width, height);
    typed(&mut fixture, opening(overlay));
    assert_eq!(fixture.model.open_overlay(), Some(overlay), "{}", fixture.screen());
    fixture
}

/// Keys that lead to every other state of the focus.
const STATES: [&str; 24] = [
    "",
    "\t",
    "\t\t",
    "i",
    "ihello",
    ":",
    ":ra",
    ":zzz\n",
    "\t\t/gnu",
    "?",
    "?dro",
    "\n/",
    "\n/tower",
    "\n/zzz",
    "C/",
    ":s\t",
    "\t\t/gnu\n",
    "\te",
    "/tower",
    "/tower\n",
    "H/gnu",
    "H/gnu\n",
    "M/tower",
    "M/tower\n",
];

/// Returns a dashboard in one of these states, with the name of the state.
fn state(at: usize) -> Option<(String, Fixture)> {
    if let Some(overlay) = OVERLAYS.get(at) {
        return Some((format!("{overlay:?}"), with_open(*overlay, TALL)));
    }
    let keys = STATES.get(at - OVERLAYS.len())?;
    let mut fixture = holding(TALL.0, TALL.1);
    typed(&mut fixture, keys);
    Some((format!("{keys:?}"), fixture))
}

fn everywhere() -> impl Iterator<Item = (String, Fixture)> {
    (0..).map_while(state)
}

/// Returns screen and notice, to see whether a key has an effect.
fn shown(fixture: &Fixture) -> (String, Option<crate::state::notice::Notice>) {
    (fixture.screen(), fixture.model.notice.clone())
}

#[test]
fn every_key_has_an_effect_or_a_reason_in_every_view() {
    let keys = "/nNxhei:zZ019tOWHvp.";
    for overlay in OVERLAYS {
        for code in keys.chars().map(KeyCode::Char).chain([KeyCode::Tab, KeyCode::BackTab, KeyCode::Insert]) {
            let mut fixture = with_open(overlay, TALL);
            fixture.model.notice = None;
            let before = shown(&fixture);
            let effects = fixture.press(code);
            let is_answered = !effects.is_empty() || shown(&fixture) != before;
            assert!(is_answered, "{code:?} in {overlay:?}\n{}", fixture.screen());
        }
    }
}

#[test]
fn search_keys_are_text_in_every_view() {
    let has_list = |overlay: &OpenOverlay| [OpenOverlay::Pane(MAP), OpenOverlay::Held].contains(overlay);
    for overlay in OVERLAYS.into_iter().filter(|overlay| !has_list(overlay)) {
        let mut fixture = with_open(overlay, TALL);
        let effects = typed(&mut fixture, "/xqIUFaRreEhy?n");
        assert_eq!(effects, [], "{overlay:?}");
        assert_eq!(fixture.model.focus_owner(), FocusOwner::Search(overlay), "{overlay:?}");
        assert!(fixture.screen().contains("FIND  xqIUFaRreEhy?n"), "{overlay:?}\n{}", fixture.screen());
        fixture.press(KeyCode::Esc);
        assert_eq!(fixture.model.focus_owner(), FocusOwner::Overlay(overlay));
    }
}

#[test]
fn a_key_of_another_list_names_that_list() {
    for (list, keys, wanted) in [
        ("", "x", "x is for QUEUE: remove the selected message"),
        ("", "h", "h is for QUEUE: hold"),
        ("", "e", "e is for QUEUE: edit"),
        ("", "E", "E is for QUEUE: edit"),
        ("", "b", "b is for QUEUE and TRAFFIC: show the history"),
        ("\t", "I", "I is for PEERS, TRAFFIC and MAP: ignore"),
        ("\t\t", "v", "v is for PEERS, QUEUE and HELD: mark"),
        ("\t\t", "r", "r is for HELD: release the selected"),
        ("", "p", "p is for a replay: pause"),
        ("", "Z", "Z does nothing here; ? lists the keys"),
    ] {
        let mut fixture = Fixture::busy(120, 40);
        typed(&mut fixture, list);
        assert_eq!(typed(&mut fixture, keys), []);
        let notice = fixture.model.notice.clone().unwrap();
        assert!(notice.text.starts_with(wanted), "{list:?} {keys}: {}", notice.text);
    }
}

#[test]
fn the_reason_of_a_refusal_disappears_with_the_next_key() {
    let mut fixture = Fixture::busy(80, 24);
    fixture.press(KeyCode::Esc);
    assert!(fixture.screen().contains("nothing is open, and all traffic is shown"), "{}", fixture.screen());
    typed(&mut fixture, "H");
    let screen = fixture.screen();
    assert!(screen.contains("HELD") && !screen.contains("nothing is open"), "{screen}");
    // An error that does not come from an input stays.
    fixture.fail("the disk is full");
    fixture.press(KeyCode::Esc);
    assert!(fixture.screen().contains("the disk is full"), "{}", fixture.screen());
}

#[test]
fn tab_after_a_colon_lists_the_commands() {
    for keys in [":", "i:"] {
        let mut fixture = Fixture::busy(80, 24);
        typed(&mut fixture, keys);
        fixture.press(KeyCode::Tab);
        let screen = fixture.screen();
        assert!(screen.contains("1 of ") && screen.contains("CMD  :announce"), "{keys}: {screen}");
    }
}

#[test]
fn the_label_names_the_action_of_enter() {
    for (keys, label, sends) in [
        ("ihello", " SAY ", Some(true)),
        (":\x08hello", " SAY ", Some(true)),
        ("::x", " SAY ", Some(true)),
        ("i:rate 2", " CMD ", Some(false)),
        (":rate 2", " CMD ", Some(false)),
        (":json 1", " CMD ", Some(true)),
        ("i:station 1 GNU", " CMD ", None),
        ("i", " SAY ", None),
        (":", " CMD ", None),
        (":zzz", "!CMD ", None),
        ("i:zzz", "!CMD ", None),
    ] {
        let mut fixture = Fixture::busy(80, 24);
        typed(&mut fixture, keys);
        let row = fixture.screen().lines().nth(22).unwrap().to_owned();
        assert!(row.starts_with(label.trim_end()), "{keys:?}: {row}");
        let effects = fixture.press(KeyCode::Enter);
        let commands = effects.iter().filter_map(|effect| match effect {
            Effect::Call(call) => Some(matches!(call.command.as_str(), "enqueue" | "json")),
            _ => None,
        });
        assert_eq!(commands.collect::<Vec<_>>(), Vec::from_iter(sends), "{keys:?}");
    }
    let mut fixture = Fixture::busy(80, 24);
    fixture.model.replay = Some(Playback { speed: 1.0, ..progress() });
    typed(&mut fixture, ":\x08hello");
    assert!(fixture.screen().contains("!SAY  hello"), "{}", fixture.screen());
    assert_eq!(fixture.press(KeyCode::Enter), []);
}

fn progress() -> Playback {
    let (position, length) = (std::time::Duration::ZERO, std::time::Duration::from_secs(60));
    Playback { position, length, speed: 1.0, paused: false, at_end: false, jumping: None }
}

#[test]
fn control_c_never_quits_without_a_question() {
    for (name, mut fixture) in everywhere() {
        fixture.model.is_demo = true;
        for _ in 0..6 {
            let is_asked = fixture.model.focus_owner() == FocusOwner::Question;
            let leaves = fixture.control('c').contains(&Effect::Quit);
            assert_eq!(leaves, is_asked, "{name}\n{}", fixture.screen());
            if leaves {
                break;
            }
        }
    }
    for (width, height) in [(80, 24), (40, 7), (10, 3)] {
        let mut fixture = Fixture::empty(width, height);
        assert_eq!(fixture.control('c'), []);
        assert!(fixture.screen().contains("Ctrl-C"), "{}", fixture.screen());
        assert_eq!(fixture.control('c'), [Effect::Quit]);
        let mut fixture = Fixture::empty(width, height);
        fixture.control('c');
        assert_eq!(fixture.press(KeyCode::Char('x')), [], "another key stays");
        assert_eq!(fixture.control('c'), []);
    }
}

/// A name and an action of the user.
type Way<'a> = (&'static str, &'a dyn Fn(&mut Fixture));

#[test]
fn every_way_removes_the_filter() {
    let control_u = |fixture: &mut Fixture| drop(fixture.control('u'));
    let ways: [Way<'_>; 5] = [
        ("Esc", &|fixture| drop(fixture.press(KeyCode::Esc))),
        ("0", &|fixture| drop(fixture.press(KeyCode::Char('0')))),
        (":filter", &|fixture| drop(typed(fixture, ":filter\n"))),
        ("/ Ctrl-U", &|fixture| {
            fixture.press(KeyCode::Char('/'));
            control_u(fixture);
            assert!(fixture.model.log.filter().is_none(), "all is shown already");
            assert!(fixture.screen().contains("Enter show all traffic"), "{}", fixture.screen());
            fixture.press(KeyCode::Enter);
        }),
        ("/ Backspace", &|fixture| drop(typed(fixture, "/\x08\x08\x08\x08\x08\x08\x08\x08\x08\x08\x08\n"))),
    ];
    for (name, way) in ways {
        let mut fixture = Fixture::busy(120, 40);
        typed(&mut fixture, "\t\t/gnu\n");
        assert!(fixture.screen().contains("Esc shows all"), "{}", fixture.screen());
        way(&mut fixture);
        assert!(fixture.model.log.filter().is_none(), "{name}");
        assert_eq!(fixture.model.focus_owner(), FocusOwner::List(fixture.model.pane), "{name}");
    }
    let mut fixture = Fixture::busy(120, 40);
    typed(&mut fixture, "\t\t/gnu\n/");
    control_u(&mut fixture);
    fixture.press(KeyCode::Esc);
    assert_eq!(
        fixture.model.log.filter().map(clacks_feed::filter::Filter::as_str),
        Some("gnu"),
        "Esc leaves it on"
    );
}

/// Every hinted key has an effect and gives no reason for a refusal.
#[test]
fn every_hint_is_true() {
    for (at, (name, fixture)) in everywhere().enumerate() {
        let model = &fixture.model;
        let hinted = model.keymap.bindings().iter().filter(|binding| has_hint(model, binding));
        let keys: Vec<(Key, String)> = hinted
            .filter_map(|binding| Some((*model.keys_of(binding).first()?, binding.command.to_string())))
            .collect();
        assert!(!keys.is_empty(), "{name}");
        for (key, command) in keys {
            let (_, mut fixture) = state(at).unwrap();
            fixture.model.notice = None;
            let before = shown(&fixture);
            let effects = fixture.key(key.event());
            let is_error = fixture.model.notice.as_ref().is_some_and(|notice| notice.is_error);
            // An invalid line is marked already, and matches are found by completion.
            let is_wrong_line = command == ":complete" || command == ":send" && name.contains("zzz");
            // The first key on followed traffic only freezes it.
            let stops = command.contains("{peer}") || command == ":copy";
            assert!(
                !is_error || is_wrong_line || stops,
                "{name}: {key} {command} {:?}",
                fixture.model.notice
            );
            // A move has no effect at an end.
            let is_at_end = command == ":up" || command == ":down" && name.starts_with("\"M/");
            let is_silent = effects.is_empty() && shown(&fixture) == before;
            assert!(
                !is_silent || is_wrong_line || is_at_end,
                "{name}: {key} {command}\n{}",
                fixture.screen()
            );
        }
    }
}

#[test]
fn tab_has_a_hint_only_where_it_completes() {
    for (keys, is_hinted) in [("ihello", false), ("i", false), ("i::x", false), (":ra", true), ("i:ra", true)]
    {
        let mut fixture = Fixture::busy(120, 40);
        typed(&mut fixture, keys);
        assert_eq!(fixture.screen().contains("Tab complete"), is_hinted, "{keys:?}\n{}", fixture.screen());
    }
}

#[test]
fn the_map_keeps_its_selection_while_an_overlay_is_open() {
    for overlay in OVERLAYS.into_iter().filter(|overlay| *overlay != OpenOverlay::Pane(MAP)) {
        let mut fixture = with_open(overlay, WITH_MAP);
        fixture.model.pane = Pane::Column;
        let selected = fixture.selected_peer();
        for code in
            [KeyCode::Down, KeyCode::Up, KeyCode::Left, KeyCode::Right, KeyCode::PageDown, KeyCode::End]
        {
            fixture.press(code);
            assert_eq!(fixture.selected_peer(), selected, "{code:?} in {overlay:?}");
        }
    }
    let mut fixture = with_open(OpenOverlay::Held, WITH_MAP);
    fixture.model.pane = Pane::Column;
    fixture.press(KeyCode::End);
    assert_eq!(fixture.press(KeyCode::Char('r')), [Effect::Call(on_held("release", &["9"]))]);
}

fn click(fixture: &mut Fixture, pane: Pane, row: u16) {
    let rows = fixture.model.areas().unwrap().rows(pane);
    let kind = MouseEventKind::Down(MouseButton::Left);
    fixture.send(Msg::Mouse(MouseEvent {
        kind,
        column: rows.x + 3,
        row: rows.y + row,
        modifiers: KeyModifiers::NONE,
    }));
    fixture.refresh();
}

#[test]
fn a_click_focuses_a_list_whatever_was_typed() {
    for keys in ["", "ihello", ":rate 2", ":filter t", "/gnu", ":s\t", "i\u{12}"] {
        for pane in Pane::ALL {
            let mut fixture = Fixture::busy(WITH_MAP.0, WITH_MAP.1);
            typed(&mut fixture, keys);
            click(&mut fixture, pane, 1);
            assert_eq!(fixture.model.focus_owner(), FocusOwner::List(pane), "{keys:?} {pane:?}");
        }
    }
}

#[test]
fn escape_closes_stacked_overlays_one_by_one() {
    let mut fixture = with_open(OpenOverlay::Pane(OVERHEAD), TALL);
    typed(&mut fixture, "\nb");
    let kinds = |fixture: &Fixture| fixture.model.open_overlay();
    assert_eq!(kinds(&fixture), Some(OpenOverlay::Pane(BIOGRAPHY)));
    typed(&mut fixture, "CTLM");
    for wanted in [
        OpenOverlay::Limits,
        OpenOverlay::Pane(TOWER),
        OpenOverlay::Charts,
        OpenOverlay::Pane(BIOGRAPHY),
        OpenOverlay::Pane(OVERHEAD),
    ] {
        fixture.press(KeyCode::Esc);
        assert_eq!(kinds(&fixture), Some(wanted));
    }
    fixture.press(KeyCode::Esc);
    assert_eq!(kinds(&fixture), None);
    (0..200).for_each(|_| drop(typed(&mut fixture, "CTLM")));
    assert!(fixture.model.overlay.as_ref().unwrap().depth() <= 16);
}

#[test]
fn the_map_shows_the_traffic_of_one_peer_only() {
    let mut fixture = Fixture::busy(120, 40);
    fixture.peers = ["localhost:800", "localhost:8001", "mylocalhost:800"]
        .map(|name| peer(clacks_p2p::core::Status::Alive, name, 1, None))
        .to_vec();
    for name in ["localhost:800", "localhost:8001", "mylocalhost:800"] {
        let peer = peer(clacks_p2p::core::Status::Alive, name, 1, None);
        fixture.happen(clacks_p2p::core::Event::AnnounceReceived { peer, remote: None });
    }
    fixture.refresh();
    typed(&mut fixture, "M");
    assert_eq!(fixture.selected_peer(), Some(address("localhost:800")));
    typed(&mut fixture, "f");
    assert_eq!(fixture.model.log.len(), 1, "{}", fixture.screen());
}

#[test]
fn numbers_in_lists_work_in_commands() {
    for (width, height) in [(40, 10), (80, 24), (120, 40), (200, 60)] {
        let mut fixture = holding(width, height);
        typed(&mut fixture, "\t");
        let shown = fixture.model.height(Pane::Queue);
        for queued in fixture.queue.iter().take(shown) {
            let start =
                queued.message.as_text().map_or("{".to_owned(), |text| text.chars().take(3).collect());
            let row = format!("{} {start}", queued.id);
            assert!(
                fixture.screen().contains(&row) || start.starts_with('\u{1b}'),
                "{row}\n{}",
                fixture.screen()
            );
        }
        typed(&mut fixture, "H");
        let screen = fixture.screen();
        for (number, text) in [("3 R rule", "buy"), ("7 H hand", "GNU"), ("9 R rule", "{")] {
            let is_row = |line: &str| {
                line.split_once(number).is_some_and(|(_, text_of)| text_of.trim().starts_with(text))
            };
            assert!(screen.lines().any(is_row), "{number} {text}\n{screen}");
        }
    }
}

#[test]
fn consecutive_drops_need_one_key_each() {
    use super::model::node::{give, remove};
    let keys = [KeyEvent::from(KeyCode::Char('x')), KeyEvent::from(KeyCode::Delete)];
    for key in keys {
        let mut fixture = Fixture::busy(80, 24);
        fixture.press(KeyCode::Tab);
        for number in 11..=14 {
            let dropped = Effect::Call(on_queue("drop", &[&number.to_string()]));
            assert_eq!(give(&mut fixture, Msg::Key(key)), [dropped]);
        }
        fixture.press(KeyCode::Down);
        remove(&mut fixture, "15".parse().unwrap());
        fixture.queue.push(super::fixture::queued(16, "1", 0, 1));
        fixture.refresh();
        assert_eq!(give(&mut fixture, Msg::Key(key)), [], "that one went by itself");
        assert!(fixture.screen().contains("has gone"), "{}", fixture.screen());
    }
}
