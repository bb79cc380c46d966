//! Every overlay answers every common key, at any size of the terminal.

use std::sync::LazyLock;

use clacks_p2p::core::Status;
use clacks_p2p_panes::{histories::BIOGRAPHY, map::MAP};
use clacks_text::format;
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use proptest::prelude::*;

use super::{
    fixture::{Fixture, peer},
    sizes::{Shown, VIEWS, VIEWS_OF_OTHERS, opened_in},
};
use crate::{
    model::focus::FocusOwner,
    pages,
    state::overlay::{OpenOverlay, Overlay, OverlayKind},
};

/// A view that lies over the lists while nothing is written, with the keys that open it.
#[derive(Debug, Clone, Copy)]
struct View {
    shown: Shown,
    name: &'static str,
    keys: &'static str,
}

impl View {
    fn opened(self) -> Fixture {
        opened_in(self.shown, self.keys)
    }

    fn opened_at(self, (width, height): (u16, u16)) -> Fixture {
        let mut fixture = self.opened();
        fixture.resize(width, height);
        fixture
    }
}

static OVERLAYS: LazyLock<Vec<View>> = LazyLock::new(|| {
    let of_clacks = VIEWS.into_iter().map(|(name, keys)| View { shown: Shown::Clacks, name, keys });
    let is_overlay = |view: &View| {
        matches!(view.opened().model.focus_owner(), FocusOwner::Overlay(_) | FocusOwner::Palette)
    };
    of_clacks.filter(is_overlay).collect()
});

/// The views of other networks. All of them lie over the lists.
static OVERLAYS_OF_OTHERS: LazyLock<Vec<View>> = LazyLock::new(|| {
    VIEWS_OF_OTHERS.into_iter().map(|(shown, name, keys)| View { shown, name, keys }).collect()
});

/// An overlay of clacks or of another network, and a size of the terminal: often one of the smallest.
fn any_overlay() -> impl Strategy<Value = (View, (u16, u16))> {
    let width = prop_oneof![20..=30_u16, 20..=300_u16];
    let height = prop_oneof![5..=8_u16, 5..=100_u16];
    let view =
        prop_oneof![prop::sample::select(&OVERLAYS[..]), prop::sample::select(&OVERLAYS_OF_OTHERS[..])];
    (view, (width, height))
}

#[test]
fn the_views_of_other_networks_lie_over_their_lists() {
    for view in &*OVERLAYS_OF_OTHERS {
        let owner = view.opened().model.focus_owner();
        assert!(matches!(owner, FocusOwner::Overlay(_) | FocusOwner::Palette), "{}: {owner:?}", view.name);
    }
}

fn depth(fixture: &Fixture) -> usize {
    fixture.model.overlay.as_ref().map_or(0, Overlay::depth) + usize::from(fixture.model.palette.is_some())
}

/// Keys that a user may press anywhere.
fn common_keys() -> Vec<KeyEvent> {
    let letters = "?yYtmuziI:sSvVNnUabMCTLWOH10xherRfF/p.+".chars().map(KeyCode::Char);
    let others = [KeyCode::F(1), KeyCode::Enter, KeyCode::Tab, KeyCode::BackTab, KeyCode::Delete];
    let controls = "lzc".chars().map(|key| KeyEvent::new(KeyCode::Char(key), KeyModifiers::CONTROL));
    letters.chain(others).map(KeyEvent::from).chain(controls).collect()
}

/// Rows of the screen below the header.
fn body(fixture: &Fixture) -> String {
    let areas = fixture.model.areas().unwrap();
    let rows = fixture.screen();
    let rows: Vec<_> = rows.lines().skip(areas.body.y.into()).take(areas.body.height.into()).collect();
    rows.join("\n")
}

/// What a user can notice.
fn noticed(fixture: &Fixture) -> impl PartialEq + use<> {
    (fixture.screen(), fixture.model.notice.clone(), fixture.model.focus_owner(), depth(fixture))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn an_overlay_is_closed_by_each_key_that_closes((view, size) in any_overlay()) {
        let is_palette = view.opened().model.palette.is_some();
        let closing = [
            KeyEvent::from(KeyCode::Esc),
            KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL),
            KeyEvent::from(KeyCode::Char('q')),
        ];
        // In the list of commands a letter is searched.
        for key in &closing[..if is_palette { 2 } else { 3 }] {
            let mut fixture = view.opened_at(size);
            let before = depth(&fixture);
            let effects = fixture.key(*key);
            prop_assert!(effects.is_empty(), "{view:?} {size:?} {key:?}: {effects:?}");
            prop_assert_eq!(depth(&fixture), before - 1, "{:?} {:?} {:?}", view, size, key);
        }
    }

    #[test]
    fn an_overlay_answers_every_common_key(
        (view, size) in any_overlay(),
        pressed in prop::sample::subsequence(common_keys(), 6),
    ) {
        for key in pressed {
            let mut fixture = view.opened_at(size);
            if fixture.model.palette.is_some() {
                // Its keys edit a text.
                break;
            }
            let is_life = fixture.model.is_open(OpenOverlay::Pane(BIOGRAPHY));
            if is_life && key == KeyEvent::from(KeyCode::Char('b')) {
                // It opens what is open.
                continue;
            }
            fixture.model.notice = None;
            let before = noticed(&fixture);
            let effects = fixture.key(key);
            prop_assert!(!effects.is_empty() || before != noticed(&fixture), "{view:?} {size:?} {key:?}");
        }
    }

    #[test]
    fn the_end_of_a_page_and_its_start_are_reached((view, size) in any_overlay()) {
        let mut fixture = view.opened_at(size);
        if fixture.model.is_open(OpenOverlay::Pane(MAP)) {
            // It is not scrolled.
            return Ok(());
        }
        // A table keeps the widths that its columns needed anywhere.
        fixture.press(KeyCode::End);
        body(&fixture);
        fixture.press(KeyCode::Home);
        let start = body(&fixture);
        fixture.press(KeyCode::End);
        let end = body(&fixture);
        let is_blank = |body: &str| body.lines().skip(1).all(|row| row.trim().is_empty());
        prop_assert!(!is_blank(&end) || is_blank(&start), "{view:?} {size:?}\n{end}");
        fixture.press(KeyCode::Down);
        prop_assert_eq!(&body(&fixture), &end, "{:?} {:?}: beyond the end", view, size);
        fixture.press(KeyCode::Home);
        prop_assert_eq!(&body(&fixture), &start, "{:?} {:?}: back at the start", view, size);
        fixture.press(KeyCode::Up);
        prop_assert_eq!(&body(&fixture), &start, "{:?} {:?}: above the start", view, size);
    }

    #[test]
    fn every_line_of_a_page_can_be_read((view, size) in any_overlay()) {
        let mut fixture = view.opened_at(size);
        let is_text = |content: &OverlayKind| !matches!(content, OverlayKind::Charts | OverlayKind::List(_));
        if fixture.model.overlay.as_ref().is_some_and(|overlay| is_text(&overlay.content)) {
            let lines = pages::overlay_text(&fixture.model);
            fixture.press(KeyCode::Home);
            let mut read = body(&fixture);
            for _ in 0..lines.len() {
                fixture.press(KeyCode::Down);
                read = read + "\n" + &body(&fixture);
            }
            for line in &lines {
                prop_assert!(read.contains(line.trim()), "{view:?} {size:?}: {line:?} in\n{read}");
            }
        }
    }
}

/// The number of towers on the screen: a symbol of a tower with the letter of a status behind it.
fn towers(map: &str) -> usize {
    let characters: Vec<char> = map.chars().collect();
    let is_tower = |pair: &&[char]| {
        "\u{28ff}\u{28c0}\u{2895}\u{2880}\u{28c9}".contains(pair[0]) && "NALDI?".contains(pair[1])
    };
    characters.windows(2).filter(is_tower).count()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn every_peer_is_on_the_map_or_counted_as_not_drawn(
        peers in prop_oneof![0..65_usize, 60..70_usize, 65..3000_usize],
        sizes in prop::collection::vec((20..=300_u16, 5..=100_u16), 3),
    ) {
        let mut fixture = Fixture::empty(80, 24);
        let status = |number: usize| Status::ALL[number % 5];
        fixture.peers = (0..peers).map(|n| peer(status(n), &format!("tower-{n}.example.org:1"), 1, None)).collect();
        fixture.refresh();
        fixture.press(KeyCode::Char('M'));
        for (width, height) in sizes.into_iter().chain([(20, 5), (80, 24), (300, 100)]) {
            fixture.resize(width, height);
            let map = body(&fixture);
            let (title, drawn) = (map.lines().next().unwrap_or_default().to_owned(), towers(&map));
            let hidden = peers - drawn;
            let counts = [
                format!("{} not drawn", format::count(hidden)),
                format!("{} of {}", format::count(drawn), format::count(peers)),
            ];
            let is_counted = counts.iter().any(|count| title.contains(count));
            prop_assert!(is_counted == (hidden > 0), "{peers} {width}x{height}: {drawn} drawn\n{title}\n{map}");
        }
    }
}
