//! What stays: a screen that is held still, and notes about what failed.

use std::time::Duration;

use clacks_p2p::{
    Message,
    core::{Event, Status},
};
use crossterm::event::KeyCode;

use super::{
    super::{layout::Pane, log::Row, update::Msg},
    fixture::{Fixture, peer, queued},
};
use crate::log::LostLines;

const SIZES: [(u16, u16); 4] = [(40, 10), (80, 24), (120, 40), (200, 60)];

fn key(character: char) -> KeyCode {
    KeyCode::Char(character)
}

/// Something happens everywhere: messages come, are sent and dropped, peers become known and change, within this time.
fn much_happens(fixture: &mut Fixture) {
    for number in 0..300_u16 {
        let sender = peer(Status::Alive, &format!("crowd-{number}:1"), 0, None);
        let message = Message::text(&format!("noise {number}"));
        let id = "99".parse().ok();
        let event = Event::MessageReceived { peer: sender.clone(), message, id, visits: 3, remote: None };
        fixture.send(Msg::Node(event));
        fixture.send(Msg::Node(Event::PeerUpdated { peer: sender, from: Status::New }));
    }
    fixture.queue.remove(0);
    fixture.queue.extend((200..260).map(|number| queued(number, "\"more\"", 1, 1)));
    fixture.peers.insert(0, peer(Status::New, "another:1", 0, None));
    fixture.peers.remove(2);
    fixture.refresh();
}

/// The rows below the header, which goes on, and above the last lines.
fn body(fixture: &Fixture) -> Vec<String> {
    let screen = fixture.screen();
    let rows: Vec<_> = screen.lines().map(str::to_owned).collect();
    let Some(areas) = fixture.model.areas() else { return rows };
    // The tower is a moving picture.
    let (tower, summary) = (areas.tower, usize::from(areas.summary.height));
    let rows = rows.into_iter().zip(0_u16..).skip(1 + summary).map(|(row, y)| {
        let is_tower =
            |x: u16| (tower.left()..tower.right()).contains(&x) && (tower.top()..tower.bottom()).contains(&y);
        row.chars().zip(0_u16..).filter(|(_, x)| !is_tower(*x)).map(|(character, _)| character).collect()
    });
    // The title of the traffic counts what comes.
    let without_count =
        |row: String| row.split_once("TRAFFIC").map_or(row.clone(), |(before, _)| before.to_owned());
    rows.map(without_count).collect()
}

#[test]
fn a_screen_that_is_held_still_does_not_change_while_much_happens() {
    for (width, height) in SIZES {
        for pane in [Pane::Peers, Pane::Queue, Pane::Traffic] {
            for zoom in [false, true] {
                let mut fixture = Fixture::busy(width, height);
                fixture.model.pane = pane;
                if zoom {
                    fixture.press(key('z'));
                }
                fixture.press(KeyCode::Down);
                fixture.press(key(' '));
                fixture.refresh();
                let before = body(&fixture);
                much_happens(&mut fixture);
                let after = body(&fixture);
                let changed: Vec<_> =
                    before.iter().zip(&after).filter(|(before, after)| before != after).collect();
                assert!(changed.is_empty(), "{width}x{height} {pane:?} zoom {zoom}: {changed:#?}");
            }
        }
    }
}

#[test]
fn traffic_that_stands_still_does_not_change_however_much_comes() {
    for (width, height) in SIZES {
        let mut fixture = Fixture::busy(width, height);
        fixture.model.pane = Pane::Traffic;
        fixture.press(key('z'));
        (0..3).for_each(|_| drop(fixture.press(KeyCode::Up)));
        let rows = |fixture: &Fixture| body(fixture)[1..].to_vec();
        let before = rows(&fixture);
        // Far more than are kept otherwise.
        (0..40).for_each(|_| {
            (0..300).for_each(|number| {
                let sender = peer(Status::Alive, "crowd:1", 0, None);
                let message = Message::text(&format!("noise {number} {}", "x".repeat(2000)));
                let event =
                    Event::MessageReceived { peer: sender, message, id: None, visits: 1, remote: None };
                fixture.send(Msg::Node(event));
            });
        });
        fixture.refresh();
        assert_eq!(rows(&fixture)[..3], before[..3], "{width}x{height}");
    }
}

#[test]
fn a_recording_or_a_log_that_failed_is_told_until_it_is_acknowledged() {
    for (width, height) in SIZES {
        let mut fixture = Fixture::busy(width, height);
        fixture.model.recorded = Some(1_000_000);
        fixture.refresh();
        fixture.model.recorded = None;
        fixture.model.recorded = Some(1_000_000);
        let reason = "recording has stopped: cannot write x.jsonl: No space left on device".to_owned();
        fixture.send(Msg::Recorded(Err(reason)));
        fixture.model.recorded = None;
        fixture.lost_lines = Some(LostLines { lines: 12, reason: "No space left on device".to_owned() });
        fixture.refresh();
        fixture.send(Msg::Done(Ok("something else".to_owned())));
        fixture.later = Duration::from_secs(3600);
        fixture.refresh();
        let header = fixture.screen().lines().next().unwrap().to_owned();
        assert!(header.contains("REC FAILED"), "{header}");
        assert!(width < 80 || header.contains("LOG FAILED, 12 lost"), "{header}");
        let told: Vec<_> = fixture.model.log.shown().map(|row| row.what.clone()).collect();
        assert!(
            told.contains(&"the recording ended: cannot write x.jsonl: No space left on device".to_owned())
        );
        let kind = fixture.model.log.shown().find(|row| row.what.starts_with("the recording")).map(Row::kind);
        assert_eq!(kind, Some("note"), "it is about no peer");
        assert!(told.iter().any(|what| what.starts_with("12 lines of the log could not be written")));
        // The next that begins is not the one that failed.
        fixture.send(Msg::Recorded(Ok("records to y.jsonl".to_owned())));
        assert!(!fixture.screen().contains("REC FAILED"));
    }
}

#[test]
fn a_recording_that_never_began_has_not_failed() {
    let mut fixture = Fixture::busy(80, 24);
    fixture.send(Msg::Recorded(Err("x.jsonl is there already".to_owned())));
    let screen = fixture.screen();
    assert!(screen.contains("is there already") && !screen.contains("REC FAILED"), "{screen}");
}
