//! Several networks in one dashboard: clacks and the toy network.

use std::{sync::Arc, time::Duration};

use clacks_feed::{
    Call, Draft, Key, Outcome, Refusal,
    description::{CommandSpec, Description},
};
use clacks_p2p_feed::description::HELD;
use clacks_toy::Toy;
use crossterm::event::KeyCode;

use super::{
    calls::{done, on_queue, undo},
    fixture::Fixture,
};
use crate::state::{
    editing::Editing,
    message::{Effect, Msg},
    sending::Sending,
};

/// Returns a dashboard with both networks, and the node of the toy.
pub(crate) fn with_toy(width: u16, height: u16) -> (Fixture, Arc<Toy>) {
    let mut fixture = Fixture::busy(width, height);
    let toy = Toy::start(1);
    toy.pass(Duration::from_secs(100));
    toy.with_core(|core, now| {
        for name in ["ankh", "morpork", "quirm"] {
            core.find(name, now);
        }
        let now = now + Duration::from_secs(20);
        core.post("a card from here".into(), now);
        core.receive("a card from \u{1b}[31m afar".into(), "ankh", now);
    });
    toy.pass(Duration::from_secs(40));
    fixture.add_network(toy.clone());
    fixture.catch_up();
    (fixture, toy)
}

#[test]
fn the_header_counts_each_network_and_a_key_shows_the_next() {
    let (mut fixture, _toy) = with_toy(120, 40);
    let header = |fixture: &Fixture| fixture.screen().lines().next().unwrap().to_owned();
    assert!(header(&fixture).starts_with(" clacks 7 peers  toy 3 boxes  tower-a"), "{}", header(&fixture));
    fixture.press(KeyCode::Char('N'));
    assert_eq!(fixture.model.networks.active().description.network.as_str(), "toy");
    fixture.press(KeyCode::Char('N'));
    assert_eq!(fixture.model.networks.active().description.network.as_str(), "clacks");
}

/// Shows the toy, with the focus on its first list.
fn showing_toy() -> (Fixture, Arc<Toy>) {
    let (mut fixture, toy) = with_toy(120, 40);
    fixture.press(KeyCode::Char('N'));
    fixture.refresh();
    (fixture, toy)
}

fn toy_call(fixture: &Fixture, command: &'static str, text: &str) -> Call {
    Call::new(fixture.model.networks.active().run, command.into(), text)
}

#[test]
fn lines_are_commands_of_the_network_that_is_shown() {
    let (mut fixture, _toy) = showing_toy();
    let typed = |fixture: &mut Fixture, line: &str| {
        fixture.press(KeyCode::Char(':'));
        fixture.write(line.strip_prefix(':').unwrap());
        let effects = fixture.press(KeyCode::Enter);
        let reason = fixture.model.assist.submit_error().map(str::to_owned);
        fixture.press(KeyCode::Esc);
        (effects, reason)
    };
    let posts = Effect::Call(toy_call(&fixture, "post", "a card"));
    assert_eq!(typed(&mut fixture, ":post a card"), (vec![posts], None));
    for (line, reason) in [
        (":hold 3", "toy has no :hold"),
        (":hold", "toy has no :hold"),
        (":announce", "toy has no :announce"),
        (":peers-from list", "toy has no :peers-from"),
        (":map", "toy has no such view; :net clacks shows the network that has it"),
        (":frob", "there is no command :frob; :help lists them"),
        (":pos", "there is no command :pos; :post begins so"),
    ] {
        assert_eq!(typed(&mut fixture, line), (Vec::new(), Some(reason.to_owned())), "{line}");
    }
}

#[test]
fn keys_act_on_the_rows_of_the_network_that_is_shown() {
    let (mut fixture, _toy) = showing_toy();
    let boxes = fixture.model.networks.active().description.list_id("boxes").unwrap();
    let ignores = toy_call(&fixture, "ignore", "").on(boxes, [Key::new("ankh")]);
    assert_eq!(fixture.press(KeyCode::Char('I')), [Effect::Call(ignores)]);
    assert_eq!(fixture.press(KeyCode::Char('a')), []);
    assert!(fixture.screen().contains("toy has no :announce"), "{}", fixture.screen());
    assert!(!fixture.screen().contains("a announce"), "{}", fixture.screen());
}

#[test]
fn a_key_that_only_the_network_has_runs_its_command_unless_it_is_bound() {
    let (mut fixture, _toy) = showing_toy();
    let network = fixture.model.networks.active_mut();
    let mut description = Description::clone(&network.description);
    let boxes = description.list_id("boxes").unwrap();
    let on_boxes = |name: &'static str, key| CommandSpec::new(name, "does it").on(&["boxes"]).key(key);
    description.commands.extend([on_boxes("shake", 'J'), on_boxes("quake", 'q')]);
    network.description = description.into();
    let shakes = toy_call(&fixture, "shake", "").on(boxes, [Key::new("ankh")]);
    assert_eq!(fixture.press(KeyCode::Char('J')), [Effect::Call(shakes)]);
    assert!(!fixture.press(KeyCode::Char('q')).iter().any(|effect| matches!(effect, Effect::Call(_))));
}

#[test]
fn the_traffic_has_rows_of_each_network_and_a_filter_names_one() {
    let (mut fixture, toy) = with_toy(160, 40);
    assert!(!fixture.screen().contains("clacks out "), "one network needs no column: {}", fixture.screen());
    toy.with_core(|core, now| {
        core.receive("red card".into(), "ankh", now);
        core.send("ankh", Some(Duration::from_millis(12)), now);
    });
    fixture.catch_up();
    let screen = fixture.screen();
    for row in ["toy    in   ankh ", "toy    out  ankh ", "clacks out  sto-lat:8080 "] {
        assert!(screen.contains(row), "{row}: {screen}");
    }
    assert!(screen.contains("delivered 12 ms"), "{screen}");
    for (filter, wanted) in [("net:toy", 2), ("net:clacks", 8), ("took>10ms", 2), ("node:tower-a", 8)] {
        let filter = fixture.model.filter_networks().parse(filter).unwrap();
        fixture.model.log.set_filter(Some(filter.clone()));
        assert_eq!(fixture.model.log.len(), wanted, "{filter}");
    }
}

#[test]
fn results_belong_to_the_network_of_their_calls() {
    let (mut fixture, _toy) = with_toy(120, 40);
    fixture.press(KeyCode::Tab);
    fixture.press(KeyCode::Char('v'));
    assert_eq!(fixture.marks("queue"), 1);
    let marked = fixture.model.networks.active().named("queue").unwrap().selected_row().unwrap().key.clone();
    fixture.press(KeyCode::Char('N'));
    let (call, result) = done(on_queue("drop", &[marked.untrusted()]), "dropped 1 message");
    let opens = result.map(|outcome| Outcome { opens: Some((HELD, Key::new("7"))), ..outcome });
    fixture.send(Msg::Called(0, vec![(call, opens)]));
    assert!(fixture.model.overlay.is_none(), "a list of another network is not opened");
    let clacks = fixture.model.networks.get(0).unwrap();
    assert_eq!(clacks.marks(), 0);
}

#[test]
fn a_message_that_another_network_refuses_goes_to_the_history() {
    let (mut fixture, _toy) = with_toy(120, 40);
    let line = "hello".to_owned();
    fixture.model.sending = Some((0, Sending::Line { line, was_command: false }));
    fixture.press(KeyCode::Char('N'));
    let toy = fixture.model.networks.active();
    let post = Call::new(toy.run, "post".into(), "a card");
    fixture.send(Msg::Called(1, vec![(post, Ok(Outcome::new("posted")))]));
    assert!(fixture.model.sending.is_some(), "it waits for another network");
    let clacks = fixture.model.networks.get(0).unwrap();
    let says = clacks.description.says.clone().unwrap();
    let say = Call::new(clacks.run, says, "hello");
    fixture.send(Msg::Called(0, vec![(say, Err(Refusal::new("the queue is full")))]));
    assert_eq!((fixture.model.input.draft(), &fixture.model.sending), ("", &None));
}

#[test]
fn an_edit_belongs_to_its_network() {
    let (mut fixture, _toy) = with_toy(120, 40);
    fixture.press(KeyCode::Char('N'));
    let send = on_queue("edit", &["11"]);
    let draft = Draft { text: "GNU".into(), send, cancel: Some(undo("11")) };
    let effects = fixture.send(Msg::Editing(0, Key::new("11"), Box::new(draft.clone())));
    assert_eq!(effects, [Effect::CancelEdit(undo("11"))]);
    assert_eq!((fixture.model.input.draft(), &fixture.model.editing), ("", &None));
    let editing = Editing { network: 0, item: Key::new("11"), draft, opened_from: Some(HELD) };
    let (line, reason) = (":edit 11 GNU".to_owned(), "no".to_owned());
    let effects = fixture.send(Msg::RetryEdit { editing: editing.clone(), line, reason });
    assert_eq!(
        (effects.as_slice(), fixture.model.input.draft()),
        (&[Effect::CancelEdit(undo("11"))][..], "")
    );
    fixture.model.editing = Some(editing);
    fixture.press(KeyCode::Down);
    assert!(fixture.model.editing.is_none() && fixture.model.overlay.is_none());
}

#[test]
fn another_network_ends_the_preview_and_the_completion() {
    let (mut fixture, _toy) = with_toy(120, 40);
    fixture.press(KeyCode::Char(':'));
    fixture.write("only tower");
    let peers = fixture.model.networks.active().description.list_id("peers").unwrap();
    let filter =
        |fixture: &Fixture| fixture.model.networks.get(0).unwrap().list(peers).unwrap().filter.clone();
    assert!(filter(&fixture).is_some());
    fixture.model.show_network(Some("toy"));
    assert!(filter(&fixture).is_none() && fixture.model.filter_preview.is_none());
    assert!(fixture.model.assist.last_query.is_none() && fixture.model.assist.items.is_none());
}

#[test]
fn a_view_that_another_network_has_is_named_with_it() {
    let (mut fixture, _toy) = with_toy(120, 40);
    fixture.press(KeyCode::Char('N'));
    fixture.press(KeyCode::Char('H'));
    let screen = fixture.screen();
    assert!(screen.contains("toy has no such view; :net clacks shows the network that has it"), "{screen}");
}
