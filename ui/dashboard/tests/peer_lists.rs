//! Reading of peer lists in the dashboard.

use std::path::PathBuf;

use clacks_language::list_source::ListSource;
use clacks_source::peer_list::{
    Contents, ReadError, Reading,
    parse::{BadLine, LineError},
};

use super::{fixture::Fixture, replaying::in_replay};
use crate::state::message::{Effect, Msg};

fn source(name: &str) -> ListSource {
    ListSource::File(PathBuf::from(name))
}

fn with_a_bad_line(name: &str) -> Reading {
    let reported = vec![BadLine { line: 4, reason: LineError::NotText }];
    Reading { source: source(name), result: Ok(Contents { read: 12, new: 3, bad: 1, reported }) }
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
    fixture.send(Msg::PeersRead(vec![with_a_bad_line("peers.txt")]));
    assert_shows(&fixture, "peers.txt: 12 addresses read, 3 new, 1 bad line");
    assert_shows(&fixture, "line 4: this is not UTF-8");
    let missing = Reading { source: source("other"), result: Err(ReadError::NotAFile) };
    fixture.send(Msg::PeersRead(vec![with_a_bad_line("peers.txt"), missing]));
    assert_shows(
        &fixture,
        "1 of 2 lists: 12 addresses read, 3 new, 1 bad line; other was not read: this is no regu",
    );
    let row = fixture.model.log.newest().unwrap();
    assert_eq!(row.line.what.untrusted(), "other was not read: this is no regular file");
}

#[test]
fn new_rows_on_a_frozen_screen_are_counted() {
    let mut fixture = Fixture::busy(80, 24);
    fixture.press(crossterm::event::KeyCode::Char(' '));
    fixture.send(Msg::PeersRead(vec![with_a_bad_line("peers.txt")]));
    assert_eq!(fixture.model.frozen.as_ref().map(|frozen| frozen.hidden_rows), Some(1));
}
