//! The command palette.

use clacks_p2p::core::Status;
use crossterm::event::{KeyCode, MouseButton, MouseEvent, MouseEventKind};

use super::calls::{on_peers, runs};
use super::{
    fixture::{Fixture, peer},
    held_and_edited::holding,
};
use crate::{
    model::Focus,
    state::{
        layout::Pane,
        log_cursor::LogCursor,
        message::{Effect, Msg},
        overlay::OverlayKind,
    },
};

fn opened() -> Fixture {
    let mut fixture = Fixture::busy(80, 24);
    fixture.press(KeyCode::Char('?'));
    fixture
}

fn chosen(fixture: &Fixture) -> String {
    fixture.model.palette.as_ref().unwrap().selected_item().unwrap().line.clone()
}

#[test]
fn typing_filters_the_palette_and_enter_runs_the_item() {
    let mut fixture = opened();
    fixture.write("ign sel");
    assert_eq!(chosen(&fixture), ":ignore tower-9.example.org:8080");
    let ignores = [Effect::Call(on_peers("ignore", &["tower-9.example.org:8080"]))];
    assert_eq!(fixture.press(KeyCode::Enter), ignores);
    assert!(fixture.model.palette.is_none());
}

#[test]
fn the_palette_acts_on_the_selection_at_its_opening() {
    let mut fixture = opened();
    fixture.write("forget the");
    fixture.peers.insert(0, peer(Status::New, "another:1", 0, None));
    fixture.peers.remove(1);
    fixture.refresh();
    assert_eq!(fixture.press(KeyCode::Char('x')), [], "a letter is text");
    fixture.press(KeyCode::Backspace);
    fixture.control('u');
    fixture.write("remove selected peer");
    assert_eq!(fixture.press(KeyCode::Enter), [], "it is asked first");
    let forgets = [Effect::Call(on_peers("forget", &["tower-9.example.org:8080"]))];
    assert_eq!(fixture.press(KeyCode::Char('y')), forgets);
}

#[test]
fn the_palette_refuses_a_selection_that_is_gone() {
    let mut fixture = opened();
    fixture.write("selected item in full");
    fixture.peers.remove(0);
    fixture.refresh();
    fixture.press(KeyCode::Enter);
    assert!(fixture.model.overlay.is_none());
    assert!(fixture.screen().contains("what was selected when the list was opened has gone"));
}

#[test]
fn the_palette_acts_on_the_newest_row_at_its_opening() {
    let mut fixture = Fixture::busy(80, 24);
    fixture.press(KeyCode::BackTab);
    fixture.press(KeyCode::Char('?'));
    let newest = fixture.model.log.next_number() - 1;
    let event = clacks_p2p::core::Event::AnnounceReceived {
        peer: peer(Status::Alive, "late:1", 0, None),
        remote: None,
    };
    fixture.happen(event);
    fixture.write("selected item in full");
    fixture.press(KeyCode::Enter);
    let Some(OverlayKind::Row(row)) = fixture.model.overlay.as_ref().map(|overlay| &overlay.content) else {
        panic!("{}", fixture.screen())
    };
    assert_eq!(row.number, newest);
    assert!(matches!(fixture.model.log_cursor, LogCursor::Frozen { .. }));
}

#[test]
fn a_command_that_needs_an_argument_is_started_in_the_input() {
    let mut fixture = opened();
    fixture.write("certificate");
    assert_eq!(chosen(&fixture), ":trust HOST:PORT");
    fixture.press(KeyCode::Enter);
    assert_eq!((fixture.model.focus, fixture.model.input.draft()), (Focus::Input, ":trust "));
}

#[test]
fn unavailable_items_have_a_reason_and_are_last() {
    let mut fixture = opened();
    fixture.write("unignore");
    assert!(fixture.screen().contains("not now: it is not ignored"), "{}", fixture.screen());
    fixture.press(KeyCode::End);
    assert_eq!(fixture.press(KeyCode::Enter), []);
    assert!(fixture.model.palette.is_some(), "the list stays for another choice");
    let mut empty = Fixture::empty(80, 24);
    empty.write("?ignore selected");
    assert!(empty.screen().contains("not now: no peer is selected"), "{}", empty.screen());
}

#[test]
fn items_are_found_by_key_name() {
    let mut fixture = opened();
    fixture.write("I");
    assert_eq!(chosen(&fixture), ":ignore tower-9.example.org:8080");
    fixture.control('u');
    fixture.write("ctrl-l");
    assert_eq!(fixture.press(KeyCode::Enter), [Effect::Redraw]);
}

#[test]
fn the_palette_explains_statuses_and_filters() {
    let mut fixture = opened();
    fixture.write("a status");
    for status in ["N new", "A alive", "? alive?", "L lost", "D dead", "I ignored"] {
        assert!(fixture.screen().contains(status), "{}", fixture.screen());
    }
    fixture.press(KeyCode::Enter);
    assert!(fixture.model.palette.is_some(), "there is nothing to do about it");
    fixture.control('u');
    fixture.write("a filter size");
    assert!(fixture.screen().contains("size>200 size<1k"), "{}", fixture.screen());
}

#[test]
fn the_palette_asks_about_marked_items() {
    let mut fixture = Fixture::busy(80, 24);
    for key in [KeyCode::Char('v'), KeyCode::Down, KeyCode::Char('v')] {
        fixture.press(key);
    }
    fixture.write("?ignore");
    assert_eq!(fixture.press(KeyCode::Enter), []);
    assert!(fixture.screen().contains("SURE? ignore 2 peers? y/n"), "{}", fixture.screen());
    let both = ["grand-trunk.example.org:443", "tower-9.example.org:8080"];
    assert_eq!(fixture.press(KeyCode::Char('y')), [Effect::Call(on_peers("ignore", &both))]);
}

#[test]
fn the_palette_of_an_overlay_returns_to_it() {
    let mut fixture = Fixture::busy(80, 24);
    fixture.press(KeyCode::Enter);
    fixture.write("?announce this");
    assert_eq!(chosen(&fixture), ":announce tower-9.example.org:8080");
    fixture.press(KeyCode::Esc);
    assert!(fixture.model.palette.is_none() && fixture.model.overlay.is_some());
}

#[test]
fn the_palette_opens_from_the_input_and_keeps_the_draft() {
    let mut fixture = Fixture::busy(80, 24);
    fixture.write("ihello");
    fixture.press(KeyCode::F(1));
    fixture.write("delete the word before");
    fixture.press(KeyCode::Enter);
    assert_eq!((fixture.model.focus, fixture.model.input.draft()), (Focus::Input, ""));
}

#[test]
fn paste_and_mouse_only_filter_and_select() {
    let mut fixture = opened();
    assert_eq!(fixture.send(Msg::Paste("qu\nit".to_owned())), []);
    assert_eq!(fixture.model.palette.as_ref().unwrap().query(), "quit");
    fixture.control('u');
    let mouse = |kind, row| {
        Msg::Mouse(MouseEvent { kind, column: 5, row, modifiers: crossterm::event::KeyModifiers::NONE })
    };
    fixture.send(mouse(MouseEventKind::Down(MouseButton::Left), 4));
    assert_eq!(chosen(&fixture), ":", "the second row");
    let first = chosen(&fixture);
    fixture.send(mouse(MouseEventKind::ScrollDown, 4));
    assert_ne!(chosen(&fixture), first);
    assert_eq!(fixture.press(KeyCode::Esc), []);
    assert!(fixture.model.palette.is_none());
}

#[test]
fn the_palette_selection_stays_visible() {
    let mut fixture = opened();
    for key in [KeyCode::End, KeyCode::PageUp, KeyCode::Up, KeyCode::Home, KeyCode::PageDown, KeyCode::Down] {
        fixture.press(key);
        let line = chosen(&fixture);
        let row = fixture.screen().lines().find(|row| row.starts_with("> ")).unwrap_or_default().to_owned();
        let begin: String = line.chars().take(10).collect();
        assert!(row.contains(begin.trim()), "{key:?}: {line} is not in {row:?}");
    }
}

#[test]
fn commands_of_a_list_close_the_overlay() {
    for (wanted, pane) in [
        ("go to the list of peers", Pane::Peers),
        ("go to the queue", Pane::Queue),
        ("go to the traffic", Pane::Traffic),
    ] {
        let mut fixture = Fixture::busy(80, 24);
        fixture.press(KeyCode::Char('W'));
        fixture.write("?");
        fixture.write(wanted);
        fixture.press(KeyCode::Enter);
        assert_eq!((fixture.model.pane, fixture.model.overlay.is_none()), (pane, true), "{wanted}");
    }
    let mut fixture = Fixture::busy(80, 24);
    fixture.press(KeyCode::Char('W'));
    fixture.write("?zoom");
    fixture.press(KeyCode::Enter);
    assert!(fixture.model.is_zoomed && fixture.model.overlay.is_none());
}

#[test]
fn the_palette_confirms_the_same_commands_as_keys() {
    let mut fixture = holding(80, 24);
    fixture.write("H?release all held");
    assert_eq!(fixture.press(KeyCode::Enter), []);
    assert!(fixture.screen().contains("SURE? release 3 held messages? y/n"), "{}", fixture.screen());
    assert_eq!(fixture.press(KeyCode::Char('y')), [runs(":release all")]);
}
