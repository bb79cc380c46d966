//! Key bindings of the user.

use crossterm::event::KeyCode;

use super::calls::{self, on_peers};
use super::fixture::Fixture;
use crate::{
    keymap::{Keymap, user::UserKeys},
    model::Focus,
    state::message::Effect,
};

#[derive(serde::Deserialize)]
struct File {
    #[serde(deserialize_with = "calls::read_keys")]
    keys: UserKeys,
}

fn with_keys(text: &str) -> Fixture {
    let mut fixture = Fixture::busy(80, 24);
    let file: File = clacks_text::toml::parse(text).unwrap();
    fixture.model.keymap = Keymap::default().with_user_keys(&file.keys);
    fixture
}

#[test]
fn a_user_key_runs_its_command_and_appears_in_hints_and_palette() {
    let mut fixture = with_keys("[keys.lists]\n'n' = ':ignore {peer}'\n'I' = ''\n'i' = ''\n'w' = ':say'");
    let ignores = [Effect::Call(on_peers("ignore", &["tower-9.example.org:8080"]))];
    assert_eq!(fixture.press(KeyCode::Char('n')), ignores);
    assert_eq!(fixture.press(KeyCode::Char('I')), []);
    let screen = fixture.screen();
    assert!(screen.contains("w say") && screen.contains("press w to write a message"), "{screen}");
    fixture.write("?ignore sel");
    assert!(fixture.screen().contains("> n           :ignore tower-9"), "{}", fixture.screen());
}

#[test]
fn an_unbound_key_does_not_edit() {
    let mut fixture = with_keys("[keys.input]\n'ctrl-w' = ''\n'ctrl-g' = ':leave'\n'backspace' = ''");
    fixture.write("itwo words");
    fixture.control('w');
    fixture.press(KeyCode::Backspace);
    assert_eq!(fixture.model.input.draft(), "two words");
    fixture.control('g');
    assert_eq!(fixture.model.focus, Focus::Lists);
}

#[test]
fn control_c_leaves_when_all_other_keys_are_rebound() {
    let mut fixture =
        with_keys("[keys.lists]\n'q' = ''\n[keys.overlay]\n'q' = ''\n'esc' = ''\n[keys.menu]\n'esc' = ''");
    fixture.model.is_demo = true;
    assert_eq!(fixture.press(KeyCode::Char('q')), []);
    fixture.press(KeyCode::Enter);
    fixture.press(KeyCode::Char('?'));
    fixture.press(KeyCode::Esc);
    assert!(fixture.model.palette.is_some());
    fixture.control('c');
    assert!(fixture.model.palette.is_none() && fixture.model.overlay.is_some());
    fixture.control('c');
    assert!(fixture.model.overlay.is_none());
    assert_eq!(fixture.control('c'), []);
    assert_eq!(fixture.control('c'), [Effect::Quit]);
}

#[test]
fn on_a_too_small_screen_the_users_quit_key_works() {
    let mut fixture = with_keys("[keys.lists]\n'q' = ''\n'Q' = ':quit'");
    fixture.model.is_demo = true;
    fixture.resize(19, 4);
    assert_eq!(fixture.press(KeyCode::Char('q')), []);
    assert_eq!(fixture.press(KeyCode::Char('Q')), [Effect::Quit]);
}

#[test]
fn texts_name_the_bound_keys() {
    let text = "[keys.lists]\n'i' = ''\n'w' = ':say'\n'3' = ''\n'f3' = ':station 3'";
    let mut fixture = with_keys(text);
    fixture.write(":stations");
    fixture.press(KeyCode::Enter);
    assert!(fixture.screen().contains("F3 tunes in"), "{}", fixture.screen());
    fixture.press(KeyCode::Esc);
    fixture.queue.clear();
    fixture.press(KeyCode::Char('W'));
    assert!(fixture.screen().contains("(w writes a message)"), "{}", fixture.screen());
}
