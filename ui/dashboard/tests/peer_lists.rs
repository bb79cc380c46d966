//! Reading of peer lists in the dashboard.

use std::path::PathBuf;

use clacks_language::list_source::ListSource;

use super::{fixture::Fixture, replaying::in_replay};
use crate::state::{
    message::{Effect, Msg},
    peer_lists::ListsRead,
};

fn source(name: &str) -> ListSource {
    ListSource::File(PathBuf::from(name))
}

fn with_a_bad_line() -> ListsRead {
    let rows = vec!["line 4: this is not UTF-8 text (peers.txt)".to_owned()];
    ListsRead { rows, summary: Ok("peers.txt: 12 addresses read, 3 new, 1 bad line".to_owned()) }
}

#[track_caller]
fn assert_shows(fixture: &Fixture, text: &str) {
    assert!(fixture.screen().contains(text), "{text:?} in\n{}", fixture.screen());
}

#[test]
fn the_peers_command_reads_one_list_or_all_and_nothing_in_a_replay() {
    let mut fixture = Fixture::busy(80, 24);
    fixture.write(":peers-from ~/peers.txt");
    let asked = fixture.press(crossterm::event::KeyCode::Enter);
    assert_eq!(asked, [Effect::ReadPeers(Some(source("~/peers.txt")))]);
    fixture.write(":peers-from");
    assert_eq!(fixture.press(crossterm::event::KeyCode::Enter), [Effect::ReadPeers(None)]);
    let mut replay = in_replay(Fixture::busy(80, 24));
    replay.write(":peers-from peers.txt");
    assert_eq!(replay.press(crossterm::event::KeyCode::Enter), []);
    assert_shows(&replay, "nothing is sent");
}

#[test]
fn a_notice_summarises_the_list_and_the_traffic_has_the_invalid_lines() {
    let mut fixture = Fixture::busy(120, 40);
    fixture.send(Msg::PeersRead(with_a_bad_line()));
    assert_shows(&fixture, "peers.txt: 12 addresses read, 3 new, 1 bad line");
    assert_shows(&fixture, "line 4: this is not UTF-8");
    let unread = "other was not read: this is no regular file";
    let summary = Err(format!("1 of 2 lists: 12 addresses read, 3 new; {unread}"));
    fixture.send(Msg::PeersRead(ListsRead { rows: vec![unread.to_owned()], summary }));
    assert_shows(&fixture, "1 of 2 lists: 12 addresses read, 3 new; other was not read: this is no regu");
    let row = fixture.model.log.newest().unwrap();
    assert_eq!(row.line.what.untrusted(), "other was not read: this is no regular file");
}

#[test]
fn new_rows_on_a_frozen_screen_are_counted() {
    let mut fixture = Fixture::busy(80, 24);
    fixture.press(crossterm::event::KeyCode::Char(' '));
    fixture.send(Msg::PeersRead(with_a_bad_line()));
    assert_eq!(fixture.model.frozen.as_ref().map(|frozen| frozen.hidden_rows), Some(1));
}
