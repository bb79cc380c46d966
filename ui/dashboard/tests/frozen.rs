//! The frozen screen, and permanent notes about failures.

use std::{io, time::Duration};

use clacks_p2p::{
    Message,
    core::{Event, Limit, MessageId, PeerChoice, PeerCounts, Status},
};
use clacks_recording::{files::FileError, recorder::RecordingError};
use clacks_session::{lost_lines::LostLines, traffic::row::Row};
use crossterm::event::KeyCode;

use super::calls::{done, on_held};
use super::{
    fixture::{Fixture, peer, queued},
    focus::{OVERLAYS, opening, typed},
    held_and_edited::held_messages,
};
use crate::state::{layout::Pane, message::Msg};

const SIZES: [(u16, u16); 4] = [(40, 10), (80, 24), (120, 40), (200, 60)];

fn key(character: char) -> KeyCode {
    KeyCode::Char(character)
}

/// Returns a dashboard with queued, held and sent messages and a saved filter.
fn lively(width: u16, height: u16) -> Fixture {
    let mut fixture = Fixture::lively(width, height);
    fixture.hold_rule = Some("size>1k".to_owned());
    fixture.held = held_messages();
    typed(&mut fixture, ":station 1 noise\n");
    fixture.model.focus_list(Pane::Peers);
    fixture.refresh();
    fixture
}

/// Changes everything over more than a minute: messages arrive, are sent, held and dropped, peers appear and change.
fn much_happens(fixture: &mut Fixture) {
    for number in 0..300_u16 {
        fixture.later += Duration::from_millis(270);
        let sender = peer(Status::Alive, &format!("crowd-{number}:1"), 0, None);
        let message = Message::text(&format!("noise {number}"));
        let id = "99".parse::<MessageId>().unwrap();
        let gnu = Message::text("GNU Terry Pratchett");
        let lost = peer(Status::Lost, "sto-lat:8080", 0, None);
        let choice = PeerChoice::new(9, PeerCounts::default());
        for event in [
            Event::PeerUpdated { peer: sender.clone(), from: Status::New },
            Event::MessageReceived {
                peer: sender,
                message,
                id: Some(id),
                visits: 3,
                remote: None,
                held: None,
            },
            Event::MessageSending { id, peer: lost.clone(), message: gnu.clone(), choice },
            Event::MessageDelivered {
                id,
                peer: lost,
                message: gnu,
                round_trip: Duration::from_millis(5),
                place: None,
            },
        ] {
            fixture.happen(event);
        }
    }
    fixture.queue.remove(0);
    fixture.queue.extend((200..260).map(|number| queued(number, "\"more\"", 1, 1)));
    fixture.held.remove(0);
    fixture.hold_rule = None;
    fixture.limits.count(Limit::Peers);
    fixture.peers.insert(0, peer(Status::New, "another:1", 0, None));
    fixture.peers.remove(2);
    fixture.refresh();
}

/// Returns the rows between the header, which is not frozen, and the last lines.
fn body(fixture: &Fixture) -> Vec<String> {
    let rows = fixture.screen().lines().skip(1).map(str::to_owned).collect::<Vec<_>>();
    // The title of the traffic counts new rows.
    let without_count =
        |row: String| row.split_once("TRAFFIC").map_or(row.clone(), |(before, _)| before.to_owned());
    rows.into_iter().map(without_count).collect()
}

/// Checks that no row changes while much happens.
fn stays_as_it_is(fixture: &mut Fixture, what: &str) {
    let before = body(fixture);
    much_happens(fixture);
    let after = body(fixture);
    let changed: Vec<_> = before.iter().zip(&after).filter(|(before, after)| before != after).collect();
    assert!(changed.is_empty(), "{what}: {changed:#?}");
}

#[test]
fn a_frozen_screen_does_not_change() {
    for (width, height) in SIZES {
        for pane in [Pane::Peers, Pane::Queue, Pane::Traffic] {
            for zoom in [false, true] {
                let mut fixture = lively(width, height);
                fixture.model.pane = pane;
                if zoom {
                    fixture.press(key('z'));
                }
                fixture.press(KeyCode::Down);
                fixture.press(key(' '));
                fixture.model.notice = None;
                fixture.refresh();
                stays_as_it_is(&mut fixture, &format!("{width}x{height} {pane:?} zoom {zoom}"));
            }
        }
    }
}

#[test]
fn overlays_on_a_frozen_screen_do_not_change() {
    for (width, height) in [(80, 24), (200, 60)] {
        for overlay in OVERLAYS {
            for opens_first in [false, true] {
                let mut fixture = lively(width, height);
                if !opens_first {
                    fixture.model.toggle_frozen();
                }
                typed(&mut fixture, opening(overlay));
                assert_eq!(fixture.model.open_overlay(), Some(overlay));
                if opens_first {
                    fixture.model.toggle_frozen();
                }
                fixture.model.notice = None;
                fixture.refresh();
                stays_as_it_is(&mut fixture, &format!("{width}x{height} {overlay:?}, first: {opens_first}"));
            }
        }
    }
}

#[test]
fn changes_of_held_messages_by_the_user_are_visible_on_a_frozen_screen() {
    let mut fixture = lively(80, 24);
    fixture.press(key(' '));
    fixture.press(key('H'));
    fixture.refresh();
    assert!(fixture.screen().contains("buy lamp oil"), "{}", fixture.screen());
    fixture.held.remove(0);
    fixture.refresh();
    assert!(fixture.screen().contains("buy lamp oil"), "it went by itself");
    fixture.send(Msg::Called(0, vec![done(on_held("drop", &["7"]), "dropped 7")]));
    fixture.refresh();
    assert!(!fixture.screen().contains("buy lamp oil"), "{}", fixture.screen());
}

#[test]
fn frozen_traffic_does_not_change() {
    for (width, height) in SIZES {
        let mut fixture = Fixture::busy(width, height);
        let noise = |fixture: &mut Fixture, number: u32| {
            let event = Event::MessageReceived {
                peer: peer(Status::Alive, "crowd:1", 0, None),
                message: Message::text(&format!("noise {number} {}", "x".repeat(2000))),
                id: None,
                visits: 1,
                remote: None,
                held: None,
            };
            fixture.happen(event);
        };
        fixture.model.pane = Pane::Traffic;
        fixture.press(key('z'));
        // The widths of the columns follow from all visible rows, so a long one is there from the start.
        noise(&mut fixture, 0);
        (0..4).for_each(|_| drop(fixture.press(KeyCode::Up)));
        let rows = |fixture: &Fixture| body(fixture)[1..].to_vec();
        let before = rows(&fixture);
        // Far more than the log stores.
        (0..40).for_each(|_| (0..300).for_each(|number| noise(&mut fixture, number)));
        fixture.refresh();
        assert_eq!(rows(&fixture)[..3], before[..3], "{width}x{height}");
    }
}

#[test]
fn a_failed_recording_or_log_is_shown_until_acknowledged() {
    for (width, height) in SIZES {
        let mut fixture = Fixture::busy(width, height);
        fixture.model.recording_size = Some(1_000_000);
        fixture.refresh();
        fixture.model.recording_size = None;
        fixture.model.recording_size = Some(1_000_000);
        let error = io::Error::other("No space left on device");
        let failure = FileError::Io { path: "x.jsonl".into(), error };
        fixture.send(Msg::Recorded(Err(RecordingError::Stopped(failure))));
        fixture.model.recording_size = None;
        fixture.lost_lines = Some(LostLines { lines: 12, reason: "No space left on device".to_owned() });
        fixture.refresh();
        fixture.send(Msg::EffectDone(Ok("something else".to_owned())));
        fixture.later = Duration::from_secs(3600);
        fixture.refresh();
        let header = fixture.screen().lines().next().unwrap().to_owned();
        assert!(header.contains("REC FAILED"), "{header}");
        assert!(width < 80 || header.contains("LOG FAILED, 12 lost"), "{header}");
        let told: Vec<_> =
            fixture.model.log.shown().map(|row| row.line.what.untrusted().to_owned()).collect();
        assert!(
            told.contains(&"the recording ended: cannot write x.jsonl: No space left on device".to_owned())
        );
        let kind =
            fixture.model.log.shown().find(|row| row.line.what.untrusted().starts_with("the recording"));
        let kind = kind.map(Row::word);
        assert_eq!(kind, Some("note"), "it is about no peer");
        assert!(told.iter().any(|what| what.starts_with("12 lines of the log could not be written")));
        // The next recording has not failed.
        fixture.send(Msg::Recorded(Ok("records to y.jsonl".to_owned())));
        assert!(!fixture.screen().contains("REC FAILED"));
    }
}

#[test]
fn a_recording_that_never_started_is_not_shown_as_failed() {
    let mut fixture = Fixture::busy(80, 24);
    fixture.send(Msg::Recorded(Err(RecordingError::Start(FileError::Foreign("x.jsonl".into())))));
    let screen = fixture.screen();
    assert!(screen.contains("is there already") && !screen.contains("REC FAILED"), "{screen}");
}
