//! Screens of a network that is not clacks, beside it and from a recording.

use std::{
    sync::Arc,
    task::{Context, Poll, Waker},
    time::Duration,
};

use clacks_feed::{Call, Key, News, Outcome, Source as _, Text};
use clacks_language::command::{
    argument::{Existing, RecordCommand},
    motion_setting::Setting,
};
use clacks_recording::{recorder::Recorder, replay::Replay};
use clacks_toy::{Toy, core::BoxState};
use clacks_widgets::animation::Animations;
use crossterm::event::{KeyCode, KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
use jiff::tz::TimeZone;

use super::fixture::Fixture;
use crate::{
    state::{
        layout::Pane,
        list::Selection,
        message::Msg,
        network::{Network, Networks},
        snapshot::Snapshot,
    },
    update::{palette_items::items, results::report},
};

/// Starts a toy with some boxes and cards.
pub(crate) fn toy() -> Arc<Toy> {
    let toy = Toy::start(1);
    toy.pass(Duration::from_secs(100));
    toy.with_core(|core, now| {
        for name in ["ankh", "morpork", "quirm"] {
            core.find(name, now);
        }
        core.post("a card from here".into(), now);
    });
    toy.pass(Duration::from_secs(40));
    toy
}

/// Does something at a toy that makes a row of the traffic.
pub(crate) fn receive(toy: &Toy) {
    toy.with_core(|core, now| _ = core.receive(Text::new("a card from \u{1b}[31m afar"), "ankh", now));
}

/// Returns a dashboard with clacks and a toy.
pub(crate) fn with_toy(width: u16, height: u16) -> (Fixture, Arc<Toy>) {
    let (mut fixture, toy) = (Fixture::busy(width, height), toy());
    fixture.add_network(toy.clone());
    receive(&toy);
    fixture.catch_up();
    (fixture, toy)
}

#[test]
fn the_input_stays_open_after_a_message_and_its_list_is_behind_it() {
    let (mut fixture, _) = with_toy(120, 40);
    fixture.model.networks.activate(1);
    let (run, cards) =
        (fixture.model.networks.active().run, fixture.model.networks.active().beside(1).unwrap());
    let opened = |command: &'static str| {
        let outcome = Outcome::new("sent").opening(cards, Key::new("1"));
        [(Call::new(run, command.into(), "a card"), Ok(outcome))]
    };
    for (command, has_input) in [("post", true), ("search", false)] {
        fixture.model.focus_list(Pane::Peers);
        fixture.model.focus_input();
        report(&mut fixture.model, 1, &opened(command));
        assert_eq!(fixture.model.focus_owner().is_input(), has_input, "{command}");
        assert_eq!(fixture.model.pane, Pane::Queue, "{command}");
        assert_eq!(
            fixture.model.networks.active().list(cards).unwrap().selected,
            Selection::key(Key::new("1"))
        );
    }
}

#[test]
fn a_network_is_named_in_full_or_by_its_beginning() {
    let (mut fixture, _toy) = with_toy(120, 40);
    fixture.write(":net to");
    fixture.press(KeyCode::Enter);
    assert_eq!(fixture.model.networks.active().description.network.as_str(), "toy");
    fixture.write(":net nothing");
    fixture.press(KeyCode::Enter);
    let refused = "there is no network nothing; there is clacks, toy";
    assert!(fixture.screen().contains(refused), "{}", fixture.screen());
}

#[test]
fn one_network_alone_has_no_other_to_show() {
    let mut fixture = Fixture::busy(80, 24);
    fixture.press(KeyCode::Char('N'));
    assert!(fixture.screen().contains("there is no other network"), "{}", fixture.screen());
    assert!(fixture.screen().starts_with("clacks tower-a"), "{}", fixture.screen());
}

#[test]
fn the_traffic_has_the_rows_of_all_networks() {
    let (mut fixture, toy) = with_toy(120, 40);
    assert!(fixture.screen().contains("a card from"), "{}", fixture.screen());
    fixture.write(":filter ankh");
    fixture.press(KeyCode::Enter);
    receive(&toy);
    fixture.catch_up();
    assert_eq!(fixture.model.log.shown().count(), 2);
}

#[test]
fn the_screens_of_a_toy() {
    let screen = |(width, height)| {
        let (mut fixture, _toy) = with_toy(width, height);
        fixture.press(KeyCode::Char('N'));
        let lists = fixture.screen();
        fixture.press(KeyCode::Enter);
        format!("{lists}\n-----\n{}", fixture.screen())
    };
    insta::assert_snapshot!([(80, 24), (120, 40)].map(screen).join("\n=====\n"));
}

#[test]
fn what_only_clacks_has_is_refused_in_another_network() {
    let (mut fixture, _toy) = with_toy(120, 40);
    fixture.press(KeyCode::Char('N'));
    for key in ['M', 'T', 'W', 'O'] {
        fixture.press(KeyCode::Char(key));
        assert!(fixture.model.overlay.is_none(), "{key}");
        assert!(fixture.screen().contains("toy has no such view"), "{}", fixture.screen());
    }
}

/// Plays a recording to its end in a dashboard.
fn played(mut replay: Replay, width: u16, height: u16) -> Fixture {
    let mut fixture = Fixture::empty(width, height);
    let network =
        Network::new(replay.description().clone(), replay.run()).with_panes(&[clacks_p2p_panes::panes()]);
    fixture.model.networks = Networks::new(network, []);
    replay.jump(replay.playback().length);
    while !replay.playback().at_end {
        if let Poll::Ready(Some(News::Event(event))) =
            replay.poll_news(&mut Context::from_waker(Waker::noop()))
        {
            fixture.send(Msg::Event(0, event));
        }
    }
    let query = fixture.model.query();
    let snapshot = Snapshot {
        looks: vec![Arc::unwrap_or_clone(replay.look(&query.views[0]))],
        extra: query.extra,
        recording_size: None,
        lost_lines: None,
        replay: Some(replay.playback()),
    };
    fixture.send(Msg::Refreshed(Box::new(snapshot)));
    fixture
}

#[tokio::test]
async fn a_recording_of_a_toy_is_played_in_the_dashboard() {
    let (toy, directory) = (toy(), tempfile::tempdir().unwrap());
    let file = directory.path().join("toy.jsonl");
    let mut recorder = Recorder::of(toy.clone(), None);
    recorder.carry_out(RecordCommand::Start(file.clone(), Existing::Refuse)).await.unwrap();
    receive(&toy);
    recorder.carry_out(RecordCommand::Stop).await.unwrap();
    let replay = Replay::open(&file, &[], 1.0, TimeZone::UTC, |_| {}).unwrap();
    let screen = played(replay, 120, 40).screen();
    assert!(screen.starts_with("toy a toy in memory   REPLAY "), "{screen}");
    assert!(screen.contains("a card from"), "{screen}");
}

#[test]
fn an_open_item_shows_the_items_under_it_as_they_come() {
    let (mut fixture, toy) = with_toy(80, 24);
    fixture.press(KeyCode::Char('N'));
    fixture.press(KeyCode::Tab);
    fixture.press(KeyCode::Enter);
    fixture.catch_up();
    let card = fixture.model.open_item().expect("a card is open");
    let number = card.row.key.untrusted().parse().unwrap();
    assert!(!fixture.screen().contains("STAMPS"), "{}", fixture.screen());
    for place in ["ankh", "quirm \u{1b}[31m"] {
        toy.with_core(|core, _| core.stamp(number, Text::new(place)));
    }
    fixture.catch_up();
    let screen = fixture.screen();
    let line = |text: &str| screen.lines().position(|line| line.trim() == text);
    let title = line("STAMPS  2").unwrap_or_else(|| panic!("{screen}"));
    assert_eq!((line("ankh"), line(r"quirm \x1b[31m")), (Some(title + 1), Some(title + 2)), "{screen}");
    for number_of_place in 0..300 {
        toy.with_core(|core, _| core.stamp(number, Text::new(&format!("place {number_of_place}"))));
    }
    fixture.catch_up();
    fixture.press(KeyCode::Char('G'));
    assert!(fixture.screen().contains("and 102 more"), "{}", fixture.screen());
}

#[test]
fn a_list_is_sorted_by_any_column_and_narrowed() {
    let (mut fixture, _toy) = with_toy(120, 40);
    fixture.press(KeyCode::Char('N'));
    let keys = |fixture: &Fixture| {
        let rows = &fixture.model.networks.active().named("boxes").unwrap().rows;
        rows.iter().map(|row| row.key.untrusted().to_owned()).collect::<Vec<_>>()
    };
    let run = |fixture: &mut Fixture, line: &str| {
        fixture.write(line);
        fixture.press(KeyCode::Enter);
        // Sorted rows are collected in slices.
        fixture.catch_up();
    };
    assert_eq!(keys(&fixture), ["ankh", "morpork", "quirm"]);
    run(&mut fixture, ":sort name");
    run(&mut fixture, ":sort reverse");
    assert_eq!(keys(&fixture), ["quirm", "morpork", "ankh"], "{}", fixture.screen());
    run(&mut fixture, ":only name:r");
    assert_eq!(keys(&fixture), ["quirm", "morpork"]);
    run(&mut fixture, ":sort none");
    run(&mut fixture, ":only");
    assert_eq!(keys(&fixture), ["ankh", "morpork", "quirm"]);
    run(&mut fixture, ":sort nothing");
    assert!(fixture.screen().contains("this list can be sorted by name"), "{}", fixture.screen());
}

#[test]
fn a_click_on_the_header_sorts_the_list() {
    let mut fixture = Fixture::busy(120, 40);
    let area = fixture.model.areas().unwrap().peers;
    fixture.draw();
    let click = |fixture: &mut Fixture, column, row| {
        let kind = MouseEventKind::Down(MouseButton::Left);
        fixture.send(Msg::Mouse(MouseEvent { kind, column, row, modifiers: KeyModifiers::NONE }));
        fixture.model.networks.active().named("peers").unwrap().sort.clone()
    };
    let header = fixture.screen().lines().nth(usize::from(area.y) + 1).unwrap().to_owned();
    let column = area.x + u16::try_from(header.find("address").unwrap()).unwrap();
    let sorted = click(&mut fixture, column, area.y + 1).unwrap();
    assert_eq!((sorted.column.as_str(), sorted.descending), ("address", false));
    assert!(click(&mut fixture, column, area.y + 1).unwrap().descending);
    let before = fixture.selected_peer();
    click(&mut fixture, area.x + 3, area.y + 4);
    assert_ne!(fixture.selected_peer(), before, "a row is selected");
}

#[test]
fn the_settings_of_a_network_are_listed_with_their_use() {
    let (mut fixture, _toy) = with_toy(120, 40);
    fixture.press(KeyCode::Char('N'));
    fixture.press(KeyCode::Char('L'));
    let screen = fixture.screen();
    let row =
        screen.lines().find(|row| row.starts_with("cards at most")).unwrap_or_else(|| panic!("{screen}"));
    let cells: Vec<_> = row.split_whitespace().skip(3).collect();
    assert_eq!(cells, ["1,000", "2", "-"], "set to, used and met: {screen}");
}

#[test]
fn the_palette_lists_the_commands_of_the_network_that_is_shown() {
    let (mut fixture, _toy) = with_toy(120, 60);
    let lines = |fixture: &Fixture| {
        let items = items(&fixture.model);
        items.into_iter().map(|item| item.line).collect::<Vec<_>>().join("\n")
    };
    let has = |fixture: &Fixture, name: &str| lines(fixture).lines().any(|line| line.starts_with(name));
    assert!(has(&fixture, ":announce") && !has(&fixture, ":post"), "{}", lines(&fixture));
    fixture.press(KeyCode::Char('N'));
    assert!(!has(&fixture, ":announce") && has(&fixture, ":post "), "{}", lines(&fixture));
    assert!(has(&fixture, "O open"), "{}", lines(&fixture));
}

/// Returns the texts and notes of the choices at the end of a line.
fn offered(fixture: &mut Fixture, line: &str) -> Vec<String> {
    fixture.press(KeyCode::Esc);
    fixture.control('u');
    fixture.write(line);
    fixture.press(KeyCode::Tab);
    let choices = fixture.model.assist.popup().map_or(&[][..], |popup| &popup.completion.choices);
    let texts = choices.iter().map(|choice| format!("{} {}", choice.text, choice.note).trim_end().to_owned());
    let texts: Vec<_> = texts.collect();
    // One choice alone is inserted at once.
    if texts.is_empty() { vec![fixture.model.input.draft().to_owned()] } else { texts }
}

#[test]
fn the_commands_of_a_toy_are_completed_with_their_arguments() {
    let (mut fixture, toy) = with_toy(120, 40);
    fixture.press(KeyCode::Char('N'));
    toy.with_core(|core, now| _ = core.set_state("quirm", BoxState::Ignored, now));
    let mut offered = |line: &str| offered(&mut fixture, line);
    assert_eq!(offered(":pos"), [":post "], "the name of a command");
    assert_eq!(offered(":ann"), [":ann"], "clacks is not shown");
    assert_eq!(offered(":ignore "), ["ankh open", "morpork open"], "an item with a status");
    assert_eq!(offered(":ignore an"), [":ignore ankh"]);
    assert_eq!(offered(":unignore "), [":unignore quirm"]);
    let cards = offered(":drop ");
    assert!(cards.iter().any(|card| card.ends_with("a card from here")), "{cards:?}");
    let card = cards[0].split(' ').next().unwrap().to_owned();
    assert_eq!(offered(":drop here"), [format!(":drop {card}")], "an item by its text");
    assert_eq!(offered(":limit 1"), [":limit 1"], "there is nothing to complete in a number");
    assert_eq!(offered(":list bo"), [":list boxes"]);
}

#[test]
fn a_filter_is_completed_with_the_fields_of_a_toy() {
    let (mut fixture, _toy) = with_toy(120, 40);
    fixture.press(KeyCode::Char('N'));
    let mut offered = |line: &str| offered(&mut fixture, line);
    assert_eq!(offered(":filter fr"), [":filter from:"]);
    assert_eq!(offered(":filter from:mor"), [":filter from:morpork"], "a key of the list of peers");
    assert_eq!(offered(":filter type:sta"), [":filter type:sta"], "no type begins so");
    assert_eq!(offered(":filter type:ca"), [":filter type:card"]);
    assert_eq!(offered(":only sen"), [":only sent>"], "a column of the list that has the focus");
    assert_eq!(offered(":only status:sh"), [":only status:shut"]);
}

#[test]
fn the_help_of_a_toys_command_is_shown_while_it_is_typed() {
    let (mut fixture, _toy) = with_toy(120, 40);
    fixture.press(KeyCode::Char('N'));
    fixture.write(":limit 5");
    let screen = fixture.screen();
    assert!(screen.contains(":limit NUMBER   sets the maximum number of cards"), "{screen}");
}

#[test]
fn a_key_that_is_bound_to_a_command_of_another_network_says_so() {
    let (mut fixture, _toy) = with_toy(120, 40);
    fixture.press(KeyCode::Char('N'));
    let refused = |fixture: &mut Fixture, key| {
        fixture.press(KeyCode::Char(key));
        fixture.model.notice.as_ref().map(|notice| notice.text.as_str().to_owned()).unwrap_or_default()
    };
    assert_eq!(refused(&mut fixture, 'a'), "toy has no :announce");
    // The second list has the messages.
    fixture.press(KeyCode::Tab);
    assert_eq!(refused(&mut fixture, 'E'), "toy has no :edit");
}

#[test]
fn pictures_of_clacks_have_no_place_beside_another_network() {
    let (mut fixture, _toy) = with_toy(200, 60);
    fixture.model.motion = Animations::new(Setting::Full);
    let has_pictures = |fixture: &Fixture| {
        let areas = fixture.model.areas().unwrap();
        !areas.column.is_empty() && !areas.strip.is_empty()
    };
    assert!(has_pictures(&fixture));
    fixture.press(KeyCode::Char('N'));
    assert!(!has_pictures(&fixture), "{}", fixture.screen());
    for _ in 0..4 {
        fixture.press(KeyCode::Tab);
        assert_ne!(fixture.model.pane, Pane::Column);
    }
}
