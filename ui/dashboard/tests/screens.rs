//! Snapshots of every view at common sizes.

use clacks_p2p::core::Status;
use clacks_p2p_panes::map::MAP;
use crossterm::event::KeyCode;

use super::{
    fixture::{Fixture, peer},
    held_and_edited::holding,
};
use crate::state::message::Msg;

const SIZES: [(u16, u16); 5] = [(40, 10), (80, 24), (120, 40), (160, 50), (200, 60)];

/// Returns the screens at all sizes after these keys.
fn screens(keys: &[KeyCode]) -> String {
    screens_after(|fixture| keys.iter().for_each(|key| drop(fixture.press(*key))))
}

/// Returns the screens at all sizes after this preparation.
fn screens_after(prepare: impl Fn(&mut Fixture)) -> String {
    let screen = |(width, height)| {
        let mut fixture = Fixture::busy(width, height);
        prepare(&mut fixture);
        format!("=== {width}x{height}\n{}\n", fixture.screen())
    };
    SIZES.into_iter().map(screen).collect()
}

#[test]
fn empty() {
    let screens: Vec<String> =
        SIZES.iter().map(|(width, height)| Fixture::empty(*width, *height).screen()).collect();
    insta::assert_snapshot!(screens.join("\n=====\n"));
}

#[test]
fn busy() {
    insta::assert_snapshot!(screens(&[]));
}

#[test]
fn a_map() {
    insta::assert_snapshot!(screens(&[KeyCode::Char('M')]));
}

#[test]
fn messages_in_flight_on_the_map() {
    let screen = |(width, height)| {
        let mut fixture = Fixture::lively(width, height);
        fixture.press(KeyCode::Char('M'));
        format!("=== {width}x{height}\n{}\n", fixture.screen())
    };
    insta::assert_snapshot!(SIZES.map(screen).concat());
}

#[test]
fn a_map_without_peers_and_with_one() {
    let mut fixture = Fixture::empty(80, 24);
    fixture.press(KeyCode::Char('M'));
    let nobody = fixture.screen();
    fixture.peers.push(peer(Status::New, "tower-9.example.org:8080", 1, None));
    fixture.refresh();
    insta::assert_snapshot!(format!("{nobody}\n=====\n{}", fixture.screen()));
}

#[test]
fn a_map_of_a_crowd() {
    let mut fixture = Fixture::busy(120, 40);
    for port in 1..=200 {
        let status = [Status::New, Status::Alive, Status::Alive, Status::Lost, Status::Dead][port % 5];
        fixture.peers.push(peer(status, &format!("tower:{port}"), 1, None));
    }
    fixture.press(KeyCode::Char('M'));
    insta::assert_snapshot!(fixture.screen());
}

#[test]
fn the_selected_peer_is_visible_in_any_crowd() {
    let mut fixture = Fixture::busy(80, 24);
    fixture.peers = (1..=300).map(|port| peer(Status::Lost, &format!("tower:{port}"), 1, None)).collect();
    fixture.press(KeyCode::Char('M'));
    let towers = {
        let (pane, _) = fixture.model.view_named("map").unwrap();
        pane.all_text(MAP)
    };
    assert_eq!(towers.len(), 64);
    for address in towers {
        fixture.select_peer(&address.parse().unwrap());
        fixture.refresh();
        let marks = fixture.screen().matches('>').count();
        assert_eq!(marks, 2, "{address}, on the map and below it:\n{}", fixture.screen());
    }
}

#[test]
fn a_zoomed_list() {
    insta::assert_snapshot!(screens(&[KeyCode::Char('z')]));
}

#[test]
fn a_message_in_full_beside_the_lists() {
    let mut fixture = Fixture::busy(200, 60);
    fixture.press(KeyCode::Tab);
    (0..2).for_each(|_| drop(fixture.press(KeyCode::Down)));
    insta::assert_snapshot!(fixture.screen());
}

#[test]
fn frozen_traffic() {
    insta::assert_snapshot!(screens(&[KeyCode::Tab, KeyCode::Tab, KeyCode::Up, KeyCode::Up]));
}

#[test]
fn a_peer_in_full() {
    insta::assert_snapshot!(screens(&[KeyCode::Down, KeyCode::Enter]));
}

#[test]
fn a_message_in_full() {
    insta::assert_snapshot!(screens(&[KeyCode::Tab, KeyCode::Down, KeyCode::Down, KeyCode::Enter]));
}

#[test]
fn a_search_in_a_message() {
    let open = [KeyCode::Tab, KeyCode::Down, KeyCode::Down, KeyCode::Enter];
    let keys: Vec<_> = open.into_iter().chain("/es".chars().map(KeyCode::Char)).collect();
    insta::assert_snapshot!(screens(&keys));
}

#[test]
fn the_palette() {
    insta::assert_snapshot!(screens(&[KeyCode::Char('?')]));
}

#[test]
fn a_filtered_palette() {
    let keys = "?ignore".chars().map(KeyCode::Char).chain([KeyCode::Down]).collect::<Vec<_>>();
    insta::assert_snapshot!(screens(&keys));
}

#[test]
fn a_command_being_typed() {
    insta::assert_snapshot!(screens(&[KeyCode::Char(':'), KeyCode::Char('a')]));
}

#[test]
fn held_messages() {
    let screen = |(width, height)| {
        let mut fixture = holding(width, height);
        let lists = fixture.screen();
        fixture.press(KeyCode::Char('H'));
        fixture.press(KeyCode::Down);
        format!("=== {width}x{height}\n{}\n--- before\n{lists}\n", fixture.screen())
    };
    let screens: String = SIZES.into_iter().map(screen).collect();
    insta::assert_snapshot!(screens);
}

#[test]
fn nothing_held() {
    insta::assert_snapshot!(screens(&[KeyCode::Char('H')]));
}

#[test]
fn the_question_before_quitting() {
    insta::assert_snapshot!(screens(&[KeyCode::Char('q')]));
}

#[test]
fn a_drain_before_quitting() {
    insta::assert_snapshot!(screens_after(|fixture| {
        fixture.press(KeyCode::Char('q'));
        fixture.press(KeyCode::Char('s'));
        fixture.queue.drain(..2);
        fixture.refresh();
    }));
}

#[test]
fn a_filter_with_an_error_below() {
    let mut fixture = Fixture::busy(80, 24);
    fixture.press(KeyCode::BackTab);
    fixture.write("/gnu");
    fixture.press(KeyCode::Enter);
    fixture.fail("announce to [tower:1]: no success: connection refused \u{1b}[31m");
    insta::assert_snapshot!(fixture.screen());
}

#[test]
fn a_completion_popup() {
    let begun = ":for".chars().map(KeyCode::Char);
    let keys: Vec<_> = begun.chain([KeyCode::Tab, KeyCode::Tab, KeyCode::Tab]).collect();
    insta::assert_snapshot!(screens(&keys));
}

#[test]
fn an_invalid_line() {
    insta::assert_snapshot!(screens_after(|fixture| fixture.write(":announce to wer")));
}

#[test]
fn the_question_after_a_paste_of_lines() {
    insta::assert_snapshot!(screens_after(|fixture| {
        fixture.send(Msg::Paste("one\ntwo\nthree\n".to_owned()));
    }));
}

#[test]
fn a_narrow_traffic_shows_short_addresses_whole() {
    // The traffic has 63 columns beside the lists.
    let fixture = Fixture::busy(110, 35);
    let traffic = fixture.model.areas().unwrap().traffic;
    assert_eq!(traffic.width, 63);
    let rows = fixture.screen();
    let of_traffic = rows
        .lines()
        .filter(|row| row.chars().skip(traffic.x.into()).collect::<String>().contains("sto-lat:8080"));
    assert_eq!(of_traffic.count(), 2, "{rows}");
}
