//! Commands on marked items, and their undo.

use std::time::Duration;

use clacks_language::command::NodeCommand::{self, Announce, Drop, Forget, Ignore, Unignore};
use clacks_p2p::{
    Message,
    core::{Core, Event, Now, Options, Status},
};
use clacks_source::{
    execute_error::ExecuteError,
    restore::{Before, UndoError},
};
use crossterm::event::KeyCode;

use super::fixture::{self, Fixture, address, now, peer};
use crate::{
    state::message::{Effect, Msg},
    update::update,
};

const DOWN: KeyCode = KeyCode::Down;

fn key(character: char) -> KeyCode {
    KeyCode::Char(character)
}

/// Returns a dashboard with these rows of the peer list marked.
fn marked(rows: &[usize]) -> Fixture {
    let mut fixture = Fixture::busy(80, 24);
    for row in 0..=6 {
        if rows.contains(&row) {
            fixture.press(key('v'));
        }
        fixture.press(DOWN);
    }
    fixture.press(KeyCode::Home);
    fixture
}

fn all(command: fn(clacks_p2p::Address) -> NodeCommand, names: &[&str]) -> Vec<Effect> {
    vec![Effect::RunAll(names.iter().map(|name| command(address(name))).collect())]
}

/// Reports success of the commands, except those on this peer.
fn ran(fixture: &mut Fixture, commands: Vec<NodeCommand>, fails: &str) {
    let outcome = |command: NodeCommand| {
        let result = match &command {
            Ignore(peer) if peer.to_string() == fails => Err(ExecuteError::PeerAlreadyIgnored(peer.clone())),
            Ignore(peer) => Ok(format!("ignored {peer}")),
            Unignore(peer) => Ok(format!("{peer} is no longer ignored")),
            other => Ok(format!("{other:?}")),
        };
        (command, result)
    };
    let outcomes: Vec<_> = commands.into_iter().map(outcome).collect();
    let before =
        outcomes.iter().filter(|(_, result)| result.is_ok()).filter_map(|(command, _)| match command {
            Ignore(peer) | Unignore(peer) => Some(not_known(&peer.to_string())),
            _ => None,
        });
    let before = before.collect();
    fixture.send(Msg::CommandsRun(outcomes, before));
}

/// Returns the former state of an unknown address.
fn not_known(name: &str) -> Before {
    Before::Peer(Core::new(Options::new(address("tower:1"))).unwrap().peer_state(&address(name)))
}

fn undoes(names: &[&str]) -> Vec<Effect> {
    vec![Effect::Undo(names.iter().map(|name| not_known(name)).collect())]
}

fn receive(fixture: &mut Fixture, name: &str, times: usize) {
    for _ in 0..times {
        let (peer, message) = (peer(Status::Alive, name, 0, None), Message::text("x"));
        fixture.happen(Event::MessageReceived {
            peer,
            message,
            id: None,
            visits: 1,
            remote: None,
            held: None,
        });
    }
}

fn line(fixture: &Fixture, text: &str) -> String {
    fixture.screen().lines().find(|line| line.contains(text)).unwrap_or_default().to_owned()
}

#[test]
fn a_command_on_marked_peers_asks_once_with_the_count() {
    for (pressed, asked, effects) in [
        ('I', "ignore 2 peers? y/n", all(Ignore, &["grand-trunk.example.org:443", "sto-lat:8080"])),
        ('U', "unignore 2 peers? y/n", all(Unignore, &["grand-trunk.example.org:443", "sto-lat:8080"])),
        ('F', "forget 2 peers? y/n", all(Forget, &["grand-trunk.example.org:443", "sto-lat:8080"])),
        ('a', "announce to 2 peers? y/n", all(Announce, &["grand-trunk.example.org:443", "sto-lat:8080"])),
    ] {
        let mut fixture = marked(&[1, 4]);
        assert!(fixture.screen().contains("PEERS  2 marked"), "{}", fixture.screen());
        assert_eq!(fixture.press(key(pressed)), [], "it is asked first");
        assert!(fixture.screen().contains(asked), "{}", fixture.screen());
        assert_eq!(fixture.press(key('y')), effects);
        assert!(!fixture.screen().contains("y/n"));
    }
}

#[test]
fn any_other_key_means_no_and_a_paste_is_no_answer() {
    let mut fixture = marked(&[1, 4]);
    for no in [key('n'), KeyCode::Enter, KeyCode::Esc, key('Y'), key('I')] {
        fixture.press(key('I'));
        assert_eq!(fixture.press(no), [], "{no:?}");
        assert!(!fixture.screen().contains("y/n"));
    }
    fixture.press(key('I'));
    assert_eq!(fixture.send(Msg::Paste("y".to_owned())), []);
    assert!(fixture.screen().contains("y/n"), "it is still asked");
    assert_eq!(fixture.control('c'), []);
    assert!(fixture.screen().contains("2 marked"), "no takes no mark away");
}

#[test]
fn an_answer_acts_on_the_items_of_the_question() {
    let mut fixture = marked(&[1, 4]);
    fixture.press(key('F'));
    fixture.peers.retain(|peer| peer.address.to_string() != "sto-lat:8080");
    fixture.refresh();
    assert_eq!(fixture.press(key('y')), all(Forget, &["grand-trunk.example.org:443", "sto-lat:8080"]));
}

#[test]
fn a_command_on_a_single_item_does_not_ask() {
    let mut fixture = Fixture::busy(80, 24);
    fixture.press(DOWN);
    fixture.press(key('v'));
    let alone = [Effect::Run(Ignore(address("grand-trunk.example.org:443")))];
    assert_eq!(fixture.press(key('I')), alone, "the marked one is the selected one");
    fixture.press(DOWN);
    assert_eq!(fixture.press(key('I')), [], "another is marked than is selected");
    assert!(fixture.screen().contains("ignore 1 peer? y/n"), "{}", fixture.screen());
    fixture.press(key('n'));
    fixture.press(key('V'));
    assert_eq!(fixture.press(key('I')), [Effect::Run(Ignore(address("tower-3:8443")))]);
}

#[test]
fn a_mark_follows_its_peer_and_is_removed_with_it() {
    let mut fixture = marked(&[1]);
    assert!(line(&fixture, "grand-tr").starts_with(" *A alive"), "{}", fixture.screen());
    fixture.peers.swap(1, 6);
    fixture.refresh();
    assert!(line(&fixture, "grand-tr").starts_with(" *A alive"), "{}", fixture.screen());
    assert!(line(&fixture, "rude-tower").starts_with("  I ignored"), "{}", fixture.screen());
    fixture.peers.remove(6);
    fixture.refresh();
    assert!(!fixture.screen().contains("marked"), "{}", fixture.screen());
    assert_eq!(fixture.press(key('I')), [], "what was meant has gone");
    assert!(fixture.screen().contains("what was marked has gone"), "{}", fixture.screen());
    assert_eq!(fixture.press(key('I')), [Effect::Run(Ignore(address("tower-9.example.org:8080")))]);
}

#[test]
fn marked_messages_are_dropped_together_and_the_selected_row_shows_its_mark() {
    let mut fixture = Fixture::busy(80, 24);
    fixture.press(KeyCode::Tab);
    fixture.press(key('v'));
    fixture.press(DOWN);
    fixture.press(key('v'));
    assert!(fixture.screen().contains(">*12 has anyone"), "{}", fixture.screen());
    assert!(fixture.screen().contains("QUEUE  2 marked"), "{}", fixture.screen());
    fixture.press(DOWN);
    fixture.press(key('x'));
    assert!(fixture.screen().contains("drop 2 messages? y/n"), "{}", fixture.screen());
    let ids = ["11", "12"].map(|id| Drop(id.parse().unwrap()));
    assert_eq!(fixture.press(key('y')), [Effect::RunAll(ids.to_vec())]);
    ran(&mut fixture, ids.to_vec(), "");
    assert!(fixture.screen().contains("dropped 2 messages"), "{}", fixture.screen());
    assert!(!fixture.screen().contains("marked"), "what is dealt with is not marked any more");
}

#[test]
fn marks_of_the_peers_do_not_act_from_the_traffic() {
    let mut fixture = marked(&[1, 4]);
    fixture.press(KeyCode::BackTab);
    fixture.press(KeyCode::Up);
    assert_eq!(fixture.press(key('I')), [Effect::Run(Ignore(address("rude-tower:8081")))]);
}

#[test]
fn an_ignore_reports_the_share_of_the_peer_and_can_be_undone() {
    let mut fixture = Fixture::busy(120, 40);
    receive(&mut fixture, "tower-3:8443", 2);
    ran(&mut fixture, vec![Ignore(address("tower-3:8443"))], "");
    let said =
        "ignored tower-3:8443; 66 % of the last hour's messages came through it; u takes it back, 10 s";
    assert!(fixture.screen().contains(said), "{}", fixture.screen());
    assert_eq!(fixture.press(key('u')), undoes(&["tower-3:8443"]));
    fixture.send(Msg::Undone(Ok("tower-3:8443 is alive again".to_owned()), Vec::new()));
    assert!(fixture.screen().contains("tower-3:8443 is alive again"), "{}", fixture.screen());
    assert_eq!(fixture.press(key('u')), [], "once");
    assert!(fixture.screen().contains("there is nothing to take back"), "{}", fixture.screen());
}

#[test]
fn the_undo_offer_fits_narrow_screens_and_expires_after_ten_seconds() {
    let mut fixture = Fixture::busy(40, 10);
    ran(&mut fixture, vec![Ignore(address("tower-3:8443"))], "");
    assert!(fixture.screen().contains("; u takes it back, 10 s"), "{}", fixture.screen());
    let later = |seconds| Now { uptime: now().uptime + Duration::from_secs(seconds), ..now() };
    let press = |fixture: &mut Fixture, seconds| {
        update(&mut fixture.model, later(seconds), Msg::Key(key('u').into()))
    };
    assert_eq!(press(&mut fixture, 10), []);
    assert!(fixture.screen().contains("the last ignore is more than 10 s ago"), "{}", fixture.screen());
    let mut fixture = Fixture::busy(40, 10);
    ran(&mut fixture, vec![Ignore(address("tower-3:8443"))], "");
    assert_eq!(press(&mut fixture, 9), undoes(&["tower-3:8443"]));
}

#[test]
fn peers_ignored_together_are_unignored_together() {
    let mut fixture = marked(&[1, 2]);
    receive(&mut fixture, "tower-3:8443", 1);
    let both = ["grand-trunk.example.org:443", "tower-3:8443"].map(|name| Ignore(address(name)));
    ran(&mut fixture, both.to_vec(), "");
    assert!(fixture.screen().contains("ignored 2 peers; 100 %"), "{}", fixture.screen());
    assert_eq!(fixture.press(key('u')), undoes(&["grand-trunk.example.org:443", "tower-3:8443"]));
}

#[test]
fn a_failed_item_of_several_is_reported_and_stays_marked() {
    let mut fixture = marked(&[1, 6]);
    let both = ["grand-trunk.example.org:443", "rude-tower:8081"].map(|name| Ignore(address(name)));
    ran(&mut fixture, both.to_vec(), "rude-tower:8081");
    let told = "ignored 1 of 2 peers; rude-tower:8081 is ignored already";
    assert!(fixture.screen().contains(told), "{}", fixture.screen());
    assert!(fixture.screen().contains("1 marked"), "{}", fixture.screen());
    assert_eq!(fixture.press(key('u')), undoes(&["grand-trunk.example.org:443"]));
}

#[test]
fn the_last_command_is_undone_first() {
    let mut fixture = Fixture::busy(80, 24);
    for command in [Ignore(address("a:1")), Ignore(address("b:1")), Unignore(address("b:1"))] {
        ran(&mut fixture, vec![command], "");
    }
    for name in ["b:1", "b:1", "a:1"] {
        assert_eq!(fixture.press(key('u')), undoes(&[name]));
    }
}

/// Executes the drop of these rows of the queue, as the node does.
fn dropped(fixture: &mut Fixture, rows: &[usize]) -> Vec<Before> {
    let queued: Vec<_> = rows.iter().map(|row| fixture.queue[*row].clone()).collect();
    fixture.queue.retain(|waiting| !queued.contains(waiting));
    let outcomes = queued.iter().map(|queued| (Drop(queued.id), Ok(format!("dropped {}", queued.id))));
    let outcomes = outcomes.collect();
    let before: Vec<_> = queued.iter().map(|queued| fixture::dropped(&[queued.message.as_json()])).collect();
    fixture.send(Msg::CommandsRun(outcomes, before.clone()));
    fixture.refresh();
    before
}

#[test]
fn a_dropped_message_is_restored() {
    for (width, height) in [(40, 10), (80, 24)] {
        let mut fixture = Fixture::busy(width, height);
        fixture.press(KeyCode::Tab);
        assert_eq!(fixture.press(key('x')), [Effect::Run(Drop("11".parse().unwrap()))]);
        let before = dropped(&mut fixture, &[0]);
        assert!(fixture.screen().contains("dropped 11; u takes it back, 10 s"), "{}", fixture.screen());
        assert_eq!(fixture.press(key('u')), [Effect::Undo(before)]);
        let said = "1 message is back at the place in the queue".to_owned();
        fixture.send(Msg::Undone(Ok(said), Vec::new()));
        assert!(fixture.screen().contains("1 message is back at the place in"), "{}", fixture.screen());
        assert_eq!(fixture.press(key('u')), [], "once");
    }
}

#[test]
fn marked_messages_dropped_together_are_restored_together() {
    let mut fixture = Fixture::busy(80, 24);
    ran(&mut fixture, vec![Ignore(address("a:1"))], "");
    let before = dropped(&mut fixture, &[0, 2]);
    assert!(fixture.screen().contains("dropped 2 messages; u takes them back, 10 s"), "{}", fixture.screen());
    assert_eq!(fixture.press(key('u')), [Effect::Undo(before)]);
    assert_eq!(fixture.press(key('u')), undoes(&["a:1"]));
}

#[test]
fn a_failed_undo_can_be_repeated_until_it_expires() {
    let mut fixture = Fixture::busy(80, 24);
    let before = dropped(&mut fixture, &[0]);
    fixture.press(key('u'));
    fixture.send(Msg::Undone(Err(UndoError::Nothing("the queue is full".to_owned())), before.clone()));
    assert!(fixture.screen().contains("not undone: the queue is full"), "{}", fixture.screen());
    assert_eq!(fixture.press(key('u')), [Effect::Undo(before)]);
    dropped(&mut fixture, &[0]);
    fixture.later = Duration::from_secs(10);
    assert_eq!(fixture.press(key('u')), []);
    assert!(fixture.screen().contains("there is nothing to take back"), "{}", fixture.screen());
}

#[test]
fn a_partly_failed_drop_is_reported_and_restores_the_rest() {
    let mut fixture = Fixture::busy(140, 40);
    let (first, second) = (fixture.queue[0].id, fixture.queue[1].id);
    let gone = Err(ExecuteError::UnknownMessage(second));
    let outcomes = vec![(Drop(first), Ok("dropped 11".to_owned())), (Drop(second), gone)];
    let before = vec![fixture::dropped(&["one"])];
    fixture.send(Msg::CommandsRun(outcomes, before.clone()));
    let told = "dropped 1 of 2 messages; 12 neither waits nor is held; a message that comes back has a new number; \
                u takes it back, 10 s";
    assert!(fixture.screen().contains(told), "{}", fixture.screen());
    assert_eq!(fixture.press(key('u')), [Effect::Undo(before)]);
}

#[test]
fn every_undoable_command_offers_undo() {
    let id = "11".parse().unwrap();
    for (command, said) in [
        (Forget(address("a:1")), "forgot a:1"),
        (NodeCommand::Trust(address("a:1")), "a:1 is trusted"),
        (NodeCommand::HoldOne(id), "held 11"),
        (NodeCommand::Release(id), "released 11"),
        (NodeCommand::ReleaseAll, "released 2 messages"),
        (NodeCommand::Unhold, "no longer held: red"),
        (NodeCommand::Rate(2.0), "sends 2 messages a second at most"),
        (NodeCommand::Replace(id, Message::text("x")), "changed 11"),
    ] {
        let mut fixture = Fixture::busy(80, 24);
        let before = vec![Before::Rate(1.0)];
        fixture.send(Msg::CommandsRun(vec![(command, Ok(said.to_owned()))], before.clone()));
        assert!(fixture.screen().contains(&format!("{said}; u takes it back, 10 s")), "{}", fixture.screen());
        assert_eq!(fixture.press(key('u')), [Effect::Undo(before)]);
        // A command that changed nothing offers no undo.
        fixture.send(Msg::CommandsRun(
            vec![(NodeCommand::ShowHold, Ok("no message is held".to_owned()))],
            Vec::new(),
        ));
        assert!(!fixture.screen().contains("takes it back"), "{}", fixture.screen());
    }
}

#[test]
fn forgetting_asks_unless_the_command_is_typed() {
    let forgets = [Effect::Run(Forget(address("tower-9.example.org:8080")))];
    for (width, height) in [(40, 10), (80, 24)] {
        let mut fixture = Fixture::busy(width, height);
        assert_eq!(fixture.press(key('F')), []);
        assert!(fixture.screen().contains("SURE? y forgets tower-9.example.org"), "{}", fixture.screen());
        assert_eq!(fixture.press(key('n')), []);
        fixture.press(key('F'));
        fixture.peers.swap(0, 1);
        fixture.refresh();
        assert_eq!(fixture.press(key('y')), forgets, "the one that was asked about");
    }
    let mut fixture = Fixture::busy(80, 24);
    fixture.write(":forget tower-9.example.org:8080");
    assert_eq!(fixture.press(KeyCode::Enter), forgets);
}

#[test]
fn a_peer_page_shows_the_share_of_the_peer() {
    let mut fixture = Fixture::busy(80, 24);
    receive(&mut fixture, "tower-9.example.org:8080", 1);
    fixture.press(KeyCode::Enter);
    assert!(
        fixture.screen().contains("share         50 % of the last hour's messages"),
        "{}",
        fixture.screen()
    );
}
