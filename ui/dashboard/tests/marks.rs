//! Commands on marked items, and their undo.

use std::time::Duration;

use clacks_feed::{Call, Key, Outcome, Refusal};
use clacks_p2p::{
    Message,
    core::{Event, Now, Status},
};
use crossterm::event::KeyCode;

use super::{
    calls::{done, on_held, on_peers, on_queue, runs, typed, undo, undoable},
    fixture::{Fixture, now, peer, time},
};
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

fn calls(call: Call) -> Vec<Effect> {
    vec![Effect::Call(call)]
}

/// Reports the success of a call that can be undone.
fn ran(fixture: &mut Fixture, call: Call, said: &str, token: &str) {
    fixture.send(Msg::Called(0, vec![undoable(call, said, token)]));
}

fn ignored(fixture: &mut Fixture, name: &str, token: &str) {
    ran(fixture, on_peers("ignore", &[name]), &format!("ignored {name}"), token);
}

fn undoes(token: &str) -> Vec<Effect> {
    vec![Effect::Undo(undo(token))]
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
    for (pressed, asked, call) in [
        ('I', "ignore 2 peers? y/n", on_peers("ignore", &["grand-trunk.example.org:443", "sto-lat:8080"])),
        (
            'U',
            "unignore 2 peers? y/n",
            on_peers("unignore", &["grand-trunk.example.org:443", "sto-lat:8080"]),
        ),
        ('F', "forget 2 peers? y/n", on_peers("forget", &["grand-trunk.example.org:443", "sto-lat:8080"])),
        (
            'a',
            "announce to 2 peers? y/n",
            on_peers("announce", &["grand-trunk.example.org:443", "sto-lat:8080"]),
        ),
    ] {
        let mut fixture = marked(&[1, 4]);
        assert!(fixture.screen().contains("PEERS  2 marked"), "{}", fixture.screen());
        assert_eq!(fixture.press(key(pressed)), [], "it is asked first");
        assert!(fixture.screen().contains(asked), "{}", fixture.screen());
        assert_eq!(fixture.press(key('y')), calls(call));
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
    let both = on_peers("forget", &["grand-trunk.example.org:443", "sto-lat:8080"]);
    assert_eq!(fixture.press(key('y')), calls(both));
}

#[test]
fn a_command_on_a_single_item_does_not_ask() {
    let mut fixture = Fixture::busy(80, 24);
    fixture.press(DOWN);
    fixture.press(key('v'));
    let alone = calls(on_peers("ignore", &["grand-trunk.example.org:443"]));
    assert_eq!(fixture.press(key('I')), alone, "the marked one is the selected one");
    fixture.press(DOWN);
    assert_eq!(fixture.press(key('I')), [], "another is marked than is selected");
    assert!(fixture.screen().contains("ignore 1 peer? y/n"), "{}", fixture.screen());
    fixture.press(key('n'));
    fixture.press(key('V'));
    assert_eq!(fixture.press(key('I')), calls(on_peers("ignore", &["tower-3:8443"])));
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
    assert_eq!(fixture.press(key('I')), calls(on_peers("ignore", &["tower-9.example.org:8080"])));
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
    let both = on_queue("drop", &["11", "12"]);
    assert_eq!(fixture.press(key('y')), calls(both.clone()));
    ran(&mut fixture, both, "dropped 2 messages", "1");
    assert!(fixture.screen().contains("dropped 2 messages"), "{}", fixture.screen());
    assert!(!fixture.screen().contains("marked"), "what is dealt with is not marked any more");
}

#[test]
fn marks_of_the_peers_do_not_act_from_the_traffic() {
    let mut fixture = marked(&[1, 4]);
    fixture.press(KeyCode::BackTab);
    fixture.press(KeyCode::Up);
    assert_eq!(fixture.press(key('I')), calls(on_peers("ignore", &["rude-tower:8081"])));
}

#[test]
fn an_ignore_reports_the_share_of_the_peer_and_can_be_undone() {
    let mut fixture = Fixture::busy(120, 40);
    receive(&mut fixture, "tower-3:8443", 2);
    ignored(&mut fixture, "tower-3:8443", "1");
    let said =
        "ignored tower-3:8443; 66 % of the last hour's messages came through it; u takes it back, 10 s";
    assert!(fixture.screen().contains(said), "{}", fixture.screen());
    assert_eq!(fixture.press(key('u')), undoes("1"));
    fixture.send(Msg::Undone(Ok(Outcome::new("tower-3:8443 is alive again")), None));
    assert!(fixture.screen().contains("tower-3:8443 is alive again"), "{}", fixture.screen());
    assert_eq!(fixture.press(key('u')), [], "once");
    assert!(fixture.screen().contains("there is nothing to take back"), "{}", fixture.screen());
}

#[test]
fn the_undo_offer_fits_narrow_screens_and_expires_after_ten_seconds() {
    let mut fixture = Fixture::busy(40, 10);
    ignored(&mut fixture, "tower-3:8443", "1");
    assert!(fixture.screen().contains("; u takes it back, 10 s"), "{}", fixture.screen());
    let later = |seconds| Now { uptime: now().uptime + Duration::from_secs(seconds), ..now() };
    let press = |fixture: &mut Fixture, seconds| {
        update(&mut fixture.model, time(later(seconds)), Msg::Key(key('u').into()))
    };
    assert_eq!(press(&mut fixture, 10), []);
    assert!(fixture.screen().contains("the last ignore is more than 10 s ago"), "{}", fixture.screen());
    let mut fixture = Fixture::busy(40, 10);
    ignored(&mut fixture, "tower-3:8443", "1");
    assert_eq!(press(&mut fixture, 9), undoes("1"));
}

#[test]
fn peers_ignored_together_are_unignored_together() {
    let mut fixture = marked(&[1, 2]);
    receive(&mut fixture, "tower-3:8443", 1);
    let both = on_peers("ignore", &["grand-trunk.example.org:443", "tower-3:8443"]);
    ran(&mut fixture, both, "ignored 2 peers", "1");
    assert!(fixture.screen().contains("ignored 2 peers; 100 %"), "{}", fixture.screen());
    assert_eq!(fixture.press(key('u')), undoes("1"));
}

#[test]
fn a_failed_item_of_several_is_reported_and_stays_marked() {
    let mut fixture = marked(&[1, 6]);
    let both = on_peers("ignore", &["grand-trunk.example.org:443", "rude-tower:8081"]);
    let outcome = Outcome::new("ignored 1 of 2 peers; rude-tower:8081 is ignored already");
    let outcome = outcome.undone_by(undo("1")).leaving([Key::new("rude-tower:8081")]);
    fixture.send(Msg::Called(0, vec![(both, Ok(outcome))]));
    let told = "ignored 1 of 2 peers; rude-tower:8081 is ignored already";
    assert!(fixture.screen().contains(told), "{}", fixture.screen());
    assert!(fixture.screen().contains("1 marked"), "{}", fixture.screen());
    assert_eq!(fixture.press(key('u')), undoes("1"));
}

#[test]
fn the_last_command_is_undone_first() {
    let mut fixture = Fixture::busy(80, 24);
    for (line, token) in [(":ignore a:1", "1"), (":ignore b:1", "2"), (":unignore b:1", "3")] {
        ran(&mut fixture, typed(line), "done", token);
    }
    for token in ["3", "2", "1"] {
        assert_eq!(fixture.press(key('u')), undoes(token));
    }
}

/// Drops these rows of the queue, as the node does.
fn dropped(fixture: &mut Fixture, rows: &[usize], token: &str) {
    let ids: Vec<_> = rows.iter().map(|row| fixture.queue[*row].id.to_string()).collect();
    fixture.queue.retain(|waiting| !ids.contains(&waiting.id.to_string()));
    let said =
        if let [id] = &ids[..] { format!("dropped {id}") } else { format!("dropped {} messages", ids.len()) };
    let ids: Vec<_> = ids.iter().map(String::as_str).collect();
    ran(fixture, on_queue("drop", &ids), &said, token);
    fixture.refresh();
}

#[test]
fn a_dropped_message_is_restored() {
    for (width, height) in [(40, 10), (80, 24)] {
        let mut fixture = Fixture::busy(width, height);
        fixture.press(KeyCode::Tab);
        assert_eq!(fixture.press(key('x')), calls(on_queue("drop", &["11"])));
        dropped(&mut fixture, &[0], "1");
        assert!(fixture.screen().contains("dropped 11; u takes it back, 10 s"), "{}", fixture.screen());
        assert_eq!(fixture.press(key('u')), undoes("1"));
        let said = "1 message is back at the place in the queue";
        fixture.send(Msg::Undone(Ok(Outcome::new(said)), None));
        assert!(fixture.screen().contains("1 message is back at the place in"), "{}", fixture.screen());
        assert_eq!(fixture.press(key('u')), [], "once");
    }
}

#[test]
fn marked_messages_dropped_together_are_restored_together() {
    let mut fixture = Fixture::busy(80, 24);
    ignored(&mut fixture, "a:1", "0");
    dropped(&mut fixture, &[0, 2], "1");
    assert!(fixture.screen().contains("dropped 2 messages; u takes them back, 10 s"), "{}", fixture.screen());
    assert_eq!(fixture.press(key('u')), undoes("1"));
    assert_eq!(fixture.press(key('u')), undoes("0"));
}

#[test]
fn a_failed_undo_can_be_repeated_until_it_expires() {
    let mut fixture = Fixture::busy(80, 24);
    dropped(&mut fixture, &[0], "0");
    fixture.press(key('u'));
    let failed = Refusal::new("not undone: the queue is full");
    fixture.send(Msg::Undone(Err(failed), Some(undo("1"))));
    assert!(fixture.screen().contains("not undone: the queue is full"), "{}", fixture.screen());
    assert_eq!(fixture.press(key('u')), undoes("1"));
    dropped(&mut fixture, &[0], "2");
    fixture.later = Duration::from_secs(10);
    assert_eq!(fixture.press(key('u')), []);
    assert!(fixture.screen().contains("there is nothing to take back"), "{}", fixture.screen());
}

#[test]
fn a_partly_failed_drop_is_reported_and_restores_the_rest() {
    let mut fixture = Fixture::busy(140, 40);
    let said =
        "dropped 1 of 2 messages; 12 neither waits nor is held; a message that comes back has a new number";
    let outcome = Outcome::new(said).undone_by(undo("1")).leaving([Key::new("12")]);
    fixture.send(Msg::Called(0, vec![(on_queue("drop", &["11", "12"]), Ok(outcome))]));
    let told = format!("{said}; u takes it back, 10 s");
    assert!(fixture.screen().contains(&told), "{}", fixture.screen());
    assert_eq!(fixture.press(key('u')), undoes("1"));
}

#[test]
fn every_undoable_command_offers_undo() {
    for (call, said) in [
        (on_peers("forget", &["a:1"]), "forgot a:1"),
        (on_peers("trust", &["a:1"]), "a:1 is trusted"),
        (on_queue("hold", &["11"]), "held 11"),
        (on_held("release", &["11"]), "released 11"),
        (typed(":release all"), "released 2 messages"),
        (typed(":unhold"), "no longer held: red"),
        (typed(":rate 2"), "sends 2 messages a second at most"),
        (typed(":edit 11 x"), "changed 11"),
    ] {
        let mut fixture = Fixture::busy(80, 24);
        ran(&mut fixture, call, said, "1");
        assert!(fixture.screen().contains(&format!("{said}; u takes it back, 10 s")), "{}", fixture.screen());
        assert_eq!(fixture.press(key('u')), undoes("1"));
        // A command that changed nothing offers no undo.
        fixture.send(Msg::Called(0, vec![done(typed(":hold"), "no message is held")]));
        assert!(!fixture.screen().contains("takes it back"), "{}", fixture.screen());
    }
}

#[test]
fn forgetting_asks_unless_the_command_is_typed() {
    let forgets = calls(on_peers("forget", &["tower-9.example.org:8080"]));
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
    assert_eq!(fixture.press(KeyCode::Enter), [runs(":forget tower-9.example.org:8080")]);
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
