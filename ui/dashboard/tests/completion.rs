//! Completion and hints while typing.

use crossterm::event::KeyCode;
use ratatui::style::Modifier;

use super::calls::{network, runs};
use super::{fixture::Fixture, held_and_edited::holding};
use crate::{
    model::Focus,
    state::message::{Effect, Msg},
};

pub(crate) fn writing(text: &str) -> Fixture {
    let mut fixture = Fixture::busy(80, 24);
    fixture.write(text);
    fixture
}

pub(crate) fn draft(fixture: &Fixture) -> &str {
    fixture.model.input.draft()
}

pub(crate) fn enqueues(text: &str) -> Effect {
    Effect::Call(network().say(text).unwrap())
}

/// Returns the row of the input.
pub(crate) fn row(fixture: &Fixture) -> String {
    let row = usize::from(fixture.model.screen.height) - 2;
    fixture.screen().lines().nth(row).unwrap().to_owned()
}

// === Completion ===

#[test]
fn tab_completes_a_command_and_then_its_arguments() {
    let mut fixture = writing(":ig");
    fixture.press(KeyCode::Tab);
    assert_eq!(draft(&fixture), ":ignore ");
    fixture.press(KeyCode::Tab);
    assert_eq!(draft(&fixture), ":ignore tower-9.example.org:8080");
    assert!(fixture.screen().contains("> tower-9.example.org:8080"), "{}", fixture.screen());
    fixture.press(KeyCode::Tab);
    assert_eq!(draft(&fixture), ":ignore grand-trunk.example.org:443");
    fixture.press(KeyCode::BackTab);
    fixture.press(KeyCode::BackTab);
    assert_eq!(draft(&fixture), ":ignore ip:192.0.2.7", "before the first comes the last");
    fixture.press(KeyCode::Esc);
    assert_eq!((draft(&fixture), fixture.model.focus), (":ignore ", Focus::Input));
    fixture.press(KeyCode::Esc);
    assert_eq!(fixture.model.focus, Focus::Lists);
}

#[test]
fn enter_accepts_a_choice_before_it_sends() {
    let mut fixture = writing(":ignore t8443");
    fixture.press(KeyCode::Tab);
    assert_eq!(draft(&fixture), ":ignore tower-3:8443", "the only one is written at once");
    let ignores = |name| vec![runs(&format!(":ignore {name}"))];
    assert_eq!(fixture.press(KeyCode::Enter), ignores("tower-3:8443"));
    fixture.write(":ignore tow");
    fixture.press(KeyCode::Tab);
    assert_eq!(draft(&fixture), ":ignore tower-", "what all of them begin with");
    fixture.press(KeyCode::Tab);
    assert_eq!(draft(&fixture), ":ignore tower-9.example.org:8080");
    assert_eq!(fixture.press(KeyCode::Enter), [], "it is taken and not yet sent");
    assert!(!fixture.screen().contains("> tower-9"), "{}", fixture.screen());
    assert_eq!(fixture.press(KeyCode::Enter), ignores("tower-9.example.org:8080"));
}

#[test]
fn typing_accepts_the_choice() {
    let mut fixture = writing(":forget tow");
    fixture.press(KeyCode::Tab);
    fixture.write("3");
    assert_eq!(draft(&fixture), ":forget tower-3");
    fixture.press(KeyCode::Tab);
    assert_eq!(draft(&fixture), ":forget tower-3:8443");
}

#[test]
fn message_numbers_are_completed_with_previews() {
    let mut fixture = writing(":drop ");
    fixture.press(KeyCode::Tab);
    assert_eq!(draft(&fixture), ":drop 11", "nothing is common to all of them");
    let screen = fixture.screen();
    let is_offered = |line: &str| line.trim_start().starts_with("12 ") && line.contains("seen the lamp oil?");
    assert!(screen.lines().any(is_offered), "{screen}");
    assert!(!screen.contains('\u{1b}') && !screen.contains('\u{202e}'));
    fixture.press(KeyCode::Down);
    assert_eq!(draft(&fixture), ":drop 12");
}

#[test]
fn held_messages_are_completed_by_their_numbers() {
    let mut fixture = holding(80, 24);
    fixture.held[0].queued.id = "12".parse().unwrap();
    fixture.write(":release 1");
    fixture.press(KeyCode::Tab);
    assert_eq!(draft(&fixture), ":release 12");
    assert_eq!(fixture.model.assist.submit_error(), None);
    fixture.control('u');
    fixture.write(":release 4");
    assert_eq!(fixture.model.assist.submit_error(), Some("4 is not held"));
}

#[test]
fn themes_are_completed_by_their_names() {
    let mut fixture = writing(":theme hi");
    fixture.press(KeyCode::Tab);
    assert_eq!(draft(&fixture), ":theme high");
}

#[test]
fn tab_leaves_a_line_that_is_not_a_command() {
    let mut fixture = writing("ihello");
    fixture.press(KeyCode::Tab);
    assert_eq!((draft(&fixture), fixture.model.focus), ("hello", Focus::Lists));
}

#[test]
fn nothing_to_complete_is_reported() {
    let mut fixture = writing(":add tow");
    fixture.press(KeyCode::Tab);
    assert_eq!((draft(&fixture), fixture.model.focus), (":add tow", Focus::Input));
    assert!(fixture.model.notice.as_ref().unwrap().text.contains("nothing that is known"));
}

// === What could follow ===

#[test]
fn an_argument_hint_is_not_part_of_the_line() {
    let mut fixture = writing(":announce");
    assert_eq!(row(&fixture), "!CMD  :announce HOST:PORT");
    fixture.press(KeyCode::Right);
    assert_eq!(draft(&fixture), ":announce", "there is nothing to take");
    fixture.write(" ");
    assert_eq!(row(&fixture), "!CMD  :announce HOST:PORT");
    fixture.write("x");
    assert_eq!(row(&fixture), "!CMD  :announce x");
}

#[test]
fn an_earlier_line_is_suggested_dimly_and_accepted_with_right() {
    let mut fixture = writing("ilamp oil");
    fixture.press(KeyCode::Enter);
    fixture.write("la");
    assert_eq!(row(&fixture), " SAY  lamp oil");
    let buffer = fixture.draw();
    let modifier = |column| buffer.cell((column, 22)).unwrap().modifier;
    assert!(!modifier(7).contains(Modifier::DIM) && modifier(8).contains(Modifier::DIM));
    fixture.press(KeyCode::Left);
    assert_eq!(row(&fixture), " SAY  la", "only at the end");
    fixture.press(KeyCode::Right);
    assert_eq!(draft(&fixture), "la");
    fixture.press(KeyCode::End);
    assert_eq!(draft(&fixture), "lamp oil");
}

#[test]
fn the_only_completion_is_suggested() {
    let mut fixture = writing(":unignore ");
    assert_eq!(row(&fixture), "!CMD  :unignore rude-tower:8081");
    fixture.press(KeyCode::Right);
    assert_eq!(draft(&fixture), ":unignore rude-tower:8081");
}

// === What was sent before ===

#[test]
fn the_history_is_searched_as_in_a_shell() {
    let mut fixture = writing("iGNU Terry");
    fixture.press(KeyCode::Enter);
    for sent in ["lamp oil", "gnu"] {
        fixture.write(sent);
        fixture.press(KeyCode::Enter);
    }
    fixture.write("draft");
    fixture.control('r');
    assert_eq!(row(&fixture), " SENT   : gnu");
    fixture.write("nu");
    assert_eq!(row(&fixture), " SENT  nu : gnu");
    fixture.control('r');
    assert_eq!(row(&fixture), " SENT  nu : GNU Terry");
    fixture.press(KeyCode::Esc);
    assert_eq!((draft(&fixture), fixture.model.focus), ("draft", Focus::Input));
    fixture.control('r');
    fixture.write("oil");
    assert_eq!(fixture.press(KeyCode::Enter), [], "it is taken and not yet sent");
    assert_eq!(draft(&fixture), "lamp oil");
    fixture.control('r');
    fixture.write("chess");
    assert!(row(&fixture).contains("nothing that was sent holds this"));
    fixture.control('g');
    assert_eq!(draft(&fixture), "lamp oil");
    assert_eq!(fixture.press(KeyCode::Enter), [enqueues("lamp oil")]);
}

#[test]
fn messages_and_commands_are_saved_without_repetition() {
    let mut fixture = writing("ihello");
    fixture.press(KeyCode::Enter);
    fixture.write("hello");
    fixture.press(KeyCode::Enter);
    fixture.press(KeyCode::Esc);
    fixture.write(":rate 2");
    fixture.press(KeyCode::Enter);
    fixture.write(":rate fast");
    fixture.press(KeyCode::Enter);
    assert_eq!(fixture.remembered, ["hello", ":rate 2"]);
}

#[test]
fn a_line_that_starts_with_a_space_is_not_saved() {
    let mut fixture = writing("i the key is under the mat");
    fixture.press(KeyCode::Enter);
    fixture.press(KeyCode::Up);
    assert_eq!(draft(&fixture), " the key is under the mat");
    fixture.send(Msg::Paste(" one\ntwo".to_owned()));
    fixture.press(KeyCode::Char('1'));
    assert_eq!(fixture.remembered, [""; 0]);
}
