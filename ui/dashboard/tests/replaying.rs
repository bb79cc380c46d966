//! Replay of a recording.

use std::time::Duration;

use clacks_feed::Playback;
use clacks_language::command::playback::{Jump, ReplayCommand, Speed};
use clacks_session::precheck::REPLAY_SENDS_NOTHING;
use crossterm::event::{KeyCode, KeyModifiers, MouseButton, MouseEvent, MouseEventKind};

use super::fixture::Fixture;
use crate::{
    model::Focus,
    state::message::{Effect, Msg},
};

pub(crate) fn in_replay(mut fixture: Fixture) -> Fixture {
    fixture.model.replay = Some(Playback {
        position: Duration::from_secs(65),
        length: Duration::from_secs(750),
        speed: 4.0,
        paused: false,
        at_end: false,
        jumping: None,
    });
    fixture.refresh();
    fixture
}

fn replay() -> Fixture {
    in_replay(Fixture::busy(80, 24))
}

fn hints(fixture: &Fixture) -> String {
    fixture.screen().lines().last().unwrap_or_default().to_owned()
}

#[test]
fn a_replay() {
    let sizes = [(40, 10), (80, 24), (120, 40)];
    let screen = |(width, height)| in_replay(Fixture::busy(width, height)).screen();
    insta::assert_snapshot!(sizes.map(screen).join("\n=====\n"));
}

#[test]
fn the_header_counts_damaged_lines_of_the_recording() {
    let mut fixture = replay();
    let header = |fixture: &Fixture| fixture.screen().lines().next().unwrap_or_default().to_owned();
    assert!(!header(&fixture).contains("damaged"), "{}", header(&fixture));
    for (lines, told) in [(1, "  1 damaged line skipped"), (3, "  3 damaged lines skipped")] {
        fixture.model.damaged_lines = lines;
        assert!(header(&fixture).contains(told), "{}", header(&fixture));
    }
    fixture.resize(40, 10);
    assert!(header(&fixture).contains("  3 damaged"), "{}", header(&fixture));
}

#[test]
fn an_empty_replay_does_not_suggest_sending() {
    let fixture = in_replay(Fixture::empty(80, 24));
    let screen = fixture.screen();
    assert!(!screen.contains("write a message") && !screen.contains("announce"), "{screen}");
    assert_eq!(screen.matches("this is a replay; : takes commands").count(), 3, "{screen}");
}

#[test]
fn replay_keys_are_hinted_first() {
    let mut fixture = replay();
    assert!(hints(&fixture).starts_with("p pause  . step  [ back  ] on  ? keys  + faster  : cmd  q quit"));
    fixture.press(KeyCode::Enter);
    assert!(hints(&fixture).starts_with("Esc close  p pause  . step  [ back  ] on"), "{}", hints(&fixture));
    fixture.press(KeyCode::Esc);
    fixture.model.replay.as_mut().unwrap().at_end = true;
    assert!(hints(&fixture).starts_with("[ back  ? keys"), "{}", hints(&fixture));
}

#[test]
fn replay_keys_work_in_overlays() {
    let mut fixture = replay();
    for _ in 0..2 {
        for (key, command) in [
            ('p', ReplayCommand::Pause),
            ('.', ReplayCommand::Step),
            ('+', ReplayCommand::Speed(Speed::Faster)),
            ('-', ReplayCommand::Speed(Speed::Slower)),
            ('[', ReplayCommand::Jump(Jump::Back(Duration::from_secs(10)))),
            ('}', ReplayCommand::Jump(Jump::On(Duration::from_secs(60)))),
        ] {
            assert_eq!(fixture.press(KeyCode::Char(key)), [Effect::Replay(command)], "{key}");
        }
        fixture.press(KeyCode::Enter);
    }
}

#[test]
fn commands_that_send_are_refused_in_a_replay() {
    let refused = |fixture: &Fixture| {
        let notice = fixture.model.notice.as_ref().unwrap();
        assert_eq!((notice.text.as_str(), fixture.model.focus), (REPLAY_SENDS_NOTHING, Focus::Lists));
        assert!(fixture.model.question.is_none());
    };
    for key in ['i', 'I', 'a', 'F'] {
        let mut fixture = replay();
        assert_eq!(fixture.press(KeyCode::Char(key)), [], "{key}");
        refused(&fixture);
    }
    let mut fixture = replay();
    for key in [KeyCode::Char('v'), KeyCode::Down, KeyCode::Char('v'), KeyCode::Char('I')] {
        fixture.press(key);
    }
    refused(&fixture);
    for text in ["a parcel for Lipwig", "one\ntwo\nthree"] {
        let mut fixture = replay();
        assert_eq!(fixture.send(Msg::Paste(text.to_owned())), []);
        refused(&fixture);
    }
}

#[test]
fn a_click_on_the_input_of_a_replay_starts_a_command() {
    let mut fixture = replay();
    let row = fixture.model.areas().unwrap().input.y;
    let kind = MouseEventKind::Down(MouseButton::Left);
    fixture.send(Msg::Mouse(MouseEvent { kind, column: 30, row, modifiers: KeyModifiers::NONE }));
    assert_eq!((fixture.model.focus, fixture.model.input.draft()), (Focus::Input, ":"));
    fixture.write("jump 2m");
    let jump = ReplayCommand::Jump(Jump::To(Duration::from_secs(120)));
    assert!(fixture.press(KeyCode::Enter).contains(&Effect::Replay(jump)));
}

#[test]
fn the_palette_of_a_replay_has_its_keys_and_disables_sending() {
    let mut fixture = replay();
    fixture.write("?pause or");
    assert!(fixture.screen().contains("> p           :pause"), "{}", fixture.screen());
    let mut fixture = replay();
    fixture.write("?:announce");
    assert!(fixture.screen().contains(REPLAY_SENDS_NOTHING), "{}", fixture.screen());
    let mut fixture = Fixture::busy(80, 24);
    fixture.write("?:jump");
    assert!(fixture.screen().contains("this is no replay"), "{}", fixture.screen());
}
