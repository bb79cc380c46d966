//! Held messages and edited messages.

use clacks_feed::{Call, Draft, Key};
use clacks_p2p::core::{HeldBy, HeldMessage, QueuedMessage};
use clacks_p2p_feed::description::HELD;
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers, MouseEvent, MouseEventKind};

use super::calls::{done, on_held, on_peers, on_queue, typed, undo};
use super::fixture::{Fixture, address, queued};
use crate::state::{
    editing::Editing,
    message::{Effect, Msg},
};

fn held(mut queued: QueuedMessage, by: HeldBy, from: Option<&str>) -> HeldMessage {
    queued.from = from.map(address);
    HeldMessage::new(queued, by)
}

/// Three held messages.
pub(crate) fn held_messages() -> Vec<HeldMessage> {
    vec![
        held(queued(3, r#""buy lamp oil now""#, 300, 1), HeldBy::Rule, Some("rude-tower:8081")),
        held(queued(7, r#""GNU Terry Pratchet""#, 90, 1), HeldBy::Hand, None),
        held(
            queued(9, r#"{"kind":"spam","text":"\u001b]0;x\u0007"}"#, 8, 3),
            HeldBy::Rule,
            Some("a-tower-with-a-long-name.example.org:8443"),
        ),
    ]
}

/// Returns a dashboard with three held messages.
pub(crate) fn holding(width: u16, height: u16) -> Fixture {
    let mut fixture = Fixture::busy(width, height);
    fixture.hold_rule = Some("from:rude | size>1k".to_owned());
    fixture.held = held_messages();
    fixture.refresh();
    fixture
}

fn key(number: &str) -> Key {
    Key::new(number)
}

fn calls(call: Call) -> Vec<Effect> {
    vec![Effect::Call(call)]
}

/// The draft of a message. It is cancelled only if the message was in the queue.
fn draft(number: &str, text: &str, waited: bool) -> Draft {
    Draft { text: text.into(), send: on_held("edit", &[number]), cancel: waited.then(|| undo(number)) }
}

fn in_hand(number: &str, text: &str, waited: bool) -> Msg {
    Msg::Editing(0, key(number), Box::new(draft(number, text, waited)))
}

#[test]
fn a_message_of_the_queue_is_held_by_a_key() {
    let mut fixture = Fixture::busy(80, 24);
    fixture.press(KeyCode::Tab);
    fixture.press(KeyCode::Down);
    assert_eq!(fixture.press(KeyCode::Char('h')), calls(on_queue("hold", &["12"])));
}

#[test]
fn held_messages_are_released_dropped_and_edited_from_their_list() {
    let mut fixture = holding(80, 24);
    fixture.press(KeyCode::Char('H'));
    assert!(fixture.screen().contains("Esc close  r release"), "{}", fixture.screen());
    fixture.press(KeyCode::Down);
    assert_eq!(fixture.press(KeyCode::Char('r')), calls(on_held("release", &["7"])));
    assert_eq!(fixture.press(KeyCode::Char('x')), calls(on_held("drop", &["7"])));
    assert_eq!(fixture.press(KeyCode::Char('e')), [Effect::Edit(key("7"))]);
    assert_eq!(fixture.press(KeyCode::Char('E')), [Effect::OpenEditor(key("7"))]);
    fixture.press(KeyCode::End);
    assert_eq!(fixture.press(KeyCode::Char('r')), calls(on_held("release", &["9"])));
    fixture.press(KeyCode::Esc);
    assert!(fixture.model.overlay.is_none());
}

#[test]
fn releasing_all_held_messages_asks_first() {
    let mut fixture = holding(80, 24);
    fixture.press(KeyCode::Char('H'));
    assert_eq!(fixture.press(KeyCode::Char('R')), []);
    assert!(fixture.screen().contains("SURE? release 3 held messages? y/n"), "{}", fixture.screen());
    assert_eq!(fixture.press(KeyCode::Char('n')), []);
    fixture.press(KeyCode::Char('R'));
    assert_eq!(fixture.press(KeyCode::Char('y')), calls(typed(":release all")));
}

#[test]
fn a_key_acts_on_marked_held_messages_but_not_on_the_queue() {
    let mut fixture = holding(80, 24);
    fixture.press(KeyCode::Tab);
    fixture.press(KeyCode::Char('v'));
    fixture.press(KeyCode::Char('H'));
    for _ in 0..2 {
        fixture.press(KeyCode::Char('v'));
        fixture.press(KeyCode::Down);
    }
    assert!(fixture.screen().contains("2 marked"), "{}", fixture.screen());
    fixture.press(KeyCode::Char('r'));
    assert!(fixture.screen().contains("release 2 messages? y/n"), "{}", fixture.screen());
    let both = on_held("release", &["3", "7"]);
    assert_eq!(fixture.press(KeyCode::Char('y')), calls(both.clone()));
    fixture.send(Msg::Called(0, vec![done(both, "released 2 messages")]));
    assert_eq!((fixture.marks("held"), fixture.marks("queue")), (0, 1));
    fixture.press(KeyCode::Char('V'));
    assert_eq!(fixture.model.networks.active().marks(), 0);
}

/// No other node has them either.
#[test]
fn quitting_asks_about_held_messages() {
    let mut fixture = holding(80, 24);
    let waiting = fixture.unsent().waiting;
    fixture.press(KeyCode::Char('q'));
    let asked = format!("{} messages, 3 of them held, are only here", waiting + 3);
    assert!(fixture.screen().contains(&asked), "{}", fixture.screen());
    assert_eq!(fixture.press(KeyCode::Char('q')), [Effect::Quit]);
}

#[test]
fn the_wheel_scrolls_held_messages() {
    let mut fixture = holding(80, 24);
    fixture.press(KeyCode::Char('H'));
    let kind = MouseEventKind::ScrollDown;
    fixture.send(Msg::Mouse(MouseEvent { kind, column: 9, row: 9, modifiers: KeyModifiers::NONE }));
    assert_eq!(fixture.press(KeyCode::Char('r')), calls(on_held("release", &["9"])));
}

#[test]
fn a_key_does_not_act_on_the_selection_when_the_marked_messages_are_gone() {
    let mut fixture = holding(80, 24);
    fixture.press(KeyCode::Char('H'));
    fixture.press(KeyCode::Down);
    fixture.press(KeyCode::Char('v'));
    fixture.press(KeyCode::Up);
    fixture.held.remove(1);
    fixture.refresh();
    assert_eq!(fixture.press(KeyCode::Char('x')), []);
    assert_eq!(fixture.press(KeyCode::Char('x')), calls(on_held("drop", &["3"])));
}

#[test]
fn the_hold_rule_is_shown_changed_and_removed_in_the_held_list() {
    let mut fixture = holding(80, 24);
    fixture.press(KeyCode::Char('H'));
    assert!(fixture.screen().contains("held by a filter: from:rude | size>1k"));
    assert_eq!(fixture.press(KeyCode::Char('F')), calls(typed(":unhold")));
    fixture.press(KeyCode::Char('f'));
    assert_eq!(fixture.model.input.draft(), ":hold from:rude | size>1k");
    assert!(fixture.model.overlay.is_none());
}

#[test]
fn the_sender_of_a_held_message_can_be_ignored_and_its_text_copied() {
    let mut fixture = holding(80, 24);
    fixture.press(KeyCode::Char('H'));
    assert_eq!(fixture.press(KeyCode::Char('U')), calls(on_peers("unignore", &["rude-tower:8081"])));
    fixture.press(KeyCode::Down);
    assert_eq!(fixture.press(KeyCode::Char('I')), [], "it was written here");
    let copied = fixture.press(KeyCode::Char('y'));
    assert!(matches!(&copied[..], [Effect::Copy(_)]), "{copied:?}");
}

#[test]
fn a_key_does_not_act_on_the_successor_of_a_removed_held_message() {
    let mut fixture = holding(80, 24);
    fixture.press(KeyCode::Char('H'));
    fixture.press(KeyCode::Down);
    fixture.held.remove(1);
    fixture.refresh();
    assert_eq!(fixture.press(KeyCode::Char('x')), []);
    assert_eq!(fixture.press(KeyCode::Char('x')), calls(on_held("drop", &["9"])));
}

#[test]
fn a_long_held_list_can_be_scrolled_to_both_ends() {
    let mut fixture = holding(80, 24);
    let many = (100..600).map(|number| held(queued(number, "\"m\"", 1, 1), HeldBy::Hand, None));
    fixture.held = many.collect();
    fixture.refresh();
    fixture.press(KeyCode::Char('H'));
    fixture.press(KeyCode::End);
    assert_eq!(fixture.press(KeyCode::Char('r')), calls(on_held("release", &["599"])));
    (0..40).for_each(|_| drop(fixture.press(KeyCode::PageUp)));
    assert_eq!(fixture.press(KeyCode::Char('r')), calls(on_held("release", &["100"])));
    (0..300).for_each(|_| drop(fixture.press(KeyCode::Down)));
    assert_eq!(fixture.press(KeyCode::Char('r')), calls(on_held("release", &["400"])));
}

#[test]
fn an_edit_starts_with_the_text_and_returns_the_message_when_sent() {
    let mut fixture = Fixture::busy(80, 24);
    fixture.write("ia draft");
    fixture.press(KeyCode::Esc);
    fixture.press(KeyCode::Tab);
    assert_eq!(fixture.press(KeyCode::Char('e')), [Effect::Edit(key("11"))]);
    fixture.send(in_hand("11", "GNU Terry", true));
    assert_eq!(fixture.model.input.draft(), ":edit 11 GNU Terry");
    fixture.write(" Pratchett");
    let editing =
        Editing { network: 0, item: key("11"), draft: draft("11", "GNU Terry", true), opened_from: None };
    let expected = [Effect::FinishEdit(editing, "GNU Terry Pratchett".to_owned())];
    assert_eq!(fixture.press(KeyCode::Enter), expected);
    fixture.press(KeyCode::Char('i'));
    assert_eq!(fixture.model.input.draft(), "a draft");
}

#[test]
fn a_cancelled_edit_returns_the_message_and_keeps_the_text_in_the_history() {
    let mut fixture = Fixture::busy(80, 24);
    fixture.send(in_hand("11", "GNU Terry", true));
    fixture.write("!");
    assert_eq!(fixture.press(KeyCode::Esc), [Effect::CancelEdit(undo("11"))]);
    fixture.press(KeyCode::Char(':'));
    assert_eq!(fixture.model.input.draft(), ":");
    fixture.press(KeyCode::Up);
    assert_eq!(fixture.model.input.draft(), ":edit 11 GNU Terry!");
}

#[test]
fn an_edited_held_message_stays_held() {
    let mut fixture = holding(80, 24);
    fixture.press(KeyCode::Char('H'));
    fixture.send(in_hand("3", "buy lamp oil now", false));
    assert!(fixture.model.overlay.is_none());
    assert_eq!(fixture.press(KeyCode::Esc), []);
    assert!(fixture.model.is_held_open());

    fixture.send(in_hand("3", "buy lamp oil now", false));
    let text = "buy lamp oil now";
    let editing =
        Editing { network: 0, item: key("3"), draft: draft("3", text, false), opened_from: Some(HELD) };
    assert_eq!(fixture.press(KeyCode::Enter), [Effect::FinishEdit(editing, text.to_owned())]);
    assert!(fixture.model.is_held_open());
}

#[test]
fn the_history_does_not_leave_an_edit() {
    let mut fixture = Fixture::busy(80, 24);
    fixture.write("isent before");
    fixture.press(KeyCode::Enter);
    fixture.press(KeyCode::Esc);
    fixture.send(in_hand("11", "GNU", true));
    assert_eq!(fixture.press(KeyCode::Up), []);
    assert_eq!(fixture.press(KeyCode::Down), []);
    assert_eq!(fixture.model.input.draft(), ":edit 11 GNU");
    assert!(fixture.model.editing.is_some());
}

#[test]
fn an_invalid_edit_stays_on_the_line() {
    let mut fixture = Fixture::busy(80, 24);
    fixture.send(in_hand("11", "GNU", true));
    let editing = fixture.model.editing.clone().unwrap();
    fixture.write("!");
    let finished = fixture.press(KeyCode::Enter);
    assert!(finished.contains(&Effect::FinishEdit(editing.clone(), "GNU!".to_owned())), "{finished:?}");
    let (line, reason) = (":edit 11 GNU!".to_owned(), "11 is as it was: no room".to_owned());
    fixture.send(Msg::RetryEdit { editing, line, reason });
    assert_eq!(fixture.model.input.draft(), ":edit 11 GNU!");
    assert_eq!(fixture.press(KeyCode::Esc), [Effect::CancelEdit(undo("11"))]);
}

#[test]
fn an_invalid_command_keeps_the_edit_open() {
    let mut fixture = Fixture::busy(80, 24);
    fixture.send(in_hand("11", "GNU", true));
    (0..3).for_each(|_| drop(fixture.press(KeyCode::Backspace)));
    fixture.write(":json {");
    assert_eq!(fixture.press(KeyCode::Enter), []);
    assert_eq!(fixture.model.input.draft(), ":edit 11 :json {");
    assert!(fixture.model.editing.is_some());
}

#[test]
fn another_command_cancels_an_edit_and_returns_the_message() {
    use super::model::node::{State, give, said};
    let numbers =
        |fixture: &Fixture| State::of(fixture).waiting.iter().map(ToString::to_string).collect::<Vec<_>>();
    for (line, is_called, waiting) in [
        (":drop 12", true, &["11", "13", "14", "15"][..]),
        (":drop 13", true, &["11", "12", "14", "15"]),
        (":hold 12", true, &["11", "13", "14", "15"]),
        (":rate 2", true, &["11", "12", "13", "14", "15"]),
        ("", false, &["11", "12", "13", "14", "15"]),
    ] {
        let mut fixture = Fixture::busy(80, 24);
        let press = |fixture: &mut Fixture, code: KeyCode| drop(give(fixture, Msg::Key(code.into())));
        [KeyCode::Tab, KeyCode::Down, KeyCode::Char('e')]
            .into_iter()
            .for_each(|code| press(&mut fixture, code));
        assert_eq!(numbers(&fixture), ["11", "13", "14", "15"]);
        give(&mut fixture, Msg::Key(KeyEvent::new(KeyCode::Char('u'), KeyModifiers::CONTROL)));
        line.chars().for_each(|letter| press(&mut fixture, KeyCode::Char(letter)));
        press(&mut fixture, if line.is_empty() { KeyCode::Esc } else { KeyCode::Enter });
        assert_eq!(numbers(&fixture), waiting, "{line}");
        let told = fixture.model.notice.clone().map(|notice| notice.text);
        assert_eq!(told, is_called.then(|| said(&typed(line))), "{line}");
    }
}
