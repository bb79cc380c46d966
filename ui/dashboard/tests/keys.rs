//! Effects of keys, pastes and the mouse.

use clacks_p2p::{Message, core::Status};
use crossterm::event::{KeyCode, KeyModifiers, MouseButton, MouseEvent, MouseEventKind};

use super::calls::{on_peers, on_queue, runs};
use super::fixture::{Fixture, peer, queued};
use crate::{
    model::Focus,
    state::{
        layout::Pane,
        log_cursor::LogCursor,
        message::{Effect, Msg},
    },
};

fn ignores(name: &str) -> Vec<Effect> {
    vec![Effect::Call(on_peers("ignore", &[name]))]
}

fn selected(fixture: &Fixture) -> String {
    fixture.selected_peer().unwrap().to_string()
}

#[test]
fn the_selection_follows_its_peer() {
    let mut fixture = Fixture::busy(80, 24);
    (0..2).for_each(|_| drop(fixture.press(KeyCode::Down)));
    assert_eq!(selected(&fixture), "tower-3:8443");
    fixture.peers.remove(0);
    fixture.peers.rotate_left(3);
    fixture.peers.insert(0, peer(Status::New, "another:1", 0, None));
    fixture.refresh();
    assert_eq!(fixture.press(KeyCode::Char('I')), ignores("tower-3:8443"));
}

#[test]
fn a_forgotten_peer_passes_the_selection_to_its_neighbour() {
    let mut fixture = Fixture::busy(80, 24);
    fixture.press(KeyCode::Down);
    fixture.peers.remove(1);
    fixture.refresh();
    assert_eq!(selected(&fixture), "tower-3:8443");
    fixture.press(KeyCode::End);
    fixture.peers.pop();
    fixture.refresh();
    assert_eq!(selected(&fixture), "quirm:8080");
    fixture.peers.clear();
    fixture.refresh();
    assert_eq!(fixture.press(KeyCode::Char('I')), []);
}

#[test]
fn a_long_list_can_be_scrolled_to_both_ends() {
    let mut fixture = Fixture::busy(80, 24);
    fixture.peers = (1..=500).map(|port| peer(Status::Alive, &format!("tower:{port}"), 1, None)).collect();
    fixture.refresh();
    fixture.press(KeyCode::Home);
    (0..300).for_each(|_| drop(fixture.press(KeyCode::Down)));
    assert_eq!(selected(&fixture), "tower:301");
    fixture.press(KeyCode::End);
    assert_eq!(selected(&fixture), "tower:500");
    let (visible, at) =
        fixture.model.networks.active().named("peers").unwrap().visible(fixture.model.height(Pane::Peers));
    assert_eq!((visible.len(), at), (fixture.model.height(Pane::Peers), Some(visible.len() - 1)));
    (0..600).for_each(|_| drop(fixture.press(KeyCode::PageUp)));
    assert_eq!(selected(&fixture), "tower:1");
}

#[test]
fn the_selected_message_moves_up_and_passes_the_selection_on_when_sent() {
    let mut fixture = Fixture::busy(80, 24);
    fixture.press(KeyCode::Tab);
    (0..2).for_each(|_| drop(fixture.press(KeyCode::Down)));
    let drops = |number: &str| vec![Effect::Call(on_queue("drop", &[number]))];
    assert_eq!(fixture.press(KeyCode::Char('x')), drops("13"));
    fixture.queue.remove(0);
    fixture.refresh();
    assert_eq!(fixture.press(KeyCode::Char('x')), drops("13"));
    fixture.queue.remove(1);
    fixture.refresh();
    assert_eq!(fixture.press(KeyCode::Delete), [], "it is not the message that was seen");
    assert!(fixture.screen().contains("has gone"));
    assert_eq!(fixture.press(KeyCode::Delete), drops("14"));
    fixture.press(KeyCode::End);
    fixture.queue.push(queued(16, "1", 0, 1));
    fixture.refresh();
    assert_eq!(fixture.press(KeyCode::Char('x')), drops("15"));
}

#[test]
fn the_traffic_stops_following_on_up_and_resumes_at_the_end() {
    let mut fixture = Fixture::busy(80, 24);
    fixture.press(KeyCode::BackTab);
    assert_eq!(fixture.model.log_cursor, LogCursor::Following);
    (0..3).for_each(|_| drop(fixture.press(KeyCode::Up)));
    let before = fixture.screen();
    let id = "99".parse().unwrap();
    let (peer, message) = (peer(Status::Alive, "b:1", 0, None), Message::text("later"));
    for _ in 0..50 {
        let (peer, message) = (peer.clone(), message.clone());
        fixture.happen(clacks_p2p::core::Event::MessageReceived {
            peer,
            message,
            id: Some(id),
            visits: 1,
            remote: None,
            held: None,
        });
    }
    fixture.refresh();
    let rows = |screen: &str| screen.lines().skip(11).take(10).map(str::to_owned).collect::<Vec<_>>();
    let after = fixture.screen();
    assert!(
        rows(&before)
            .iter()
            .zip(rows(&after))
            .filter(|(_, after)| !after.contains("later"))
            .all(|(before, after)| before.is_empty() || *before == after),
        "{before}\n{after}"
    );
    assert!(after.contains("End follows"), "{after}");
    fixture.press(KeyCode::End);
    assert!(fixture.screen().contains("following"));
}

#[test]
fn a_draft_survives_escape_and_a_command_in_between() {
    let mut fixture = Fixture::busy(80, 24);
    fixture.write("ihello");
    fixture.press(KeyCode::Esc);
    assert_eq!((fixture.model.focus, fixture.model.input.draft()), (Focus::Lists, "hello"));
    fixture.write(":rate 2");
    let effects = fixture.press(KeyCode::Enter);
    assert_eq!(effects, [runs(":rate 2")]);
    assert_eq!((fixture.model.focus, fixture.model.input.draft()), (Focus::Lists, "hello"));
    fixture.press(KeyCode::Char('i'));
    let effects = fixture.press(KeyCode::Enter);
    assert_eq!(effects, [runs("hello")]);
    assert_eq!((fixture.model.focus, fixture.model.input.draft()), (Focus::Input, ""));
}

#[test]
fn a_frozen_screen_does_not_change_and_counts_new_rows() {
    let mut fixture = Fixture::busy(80, 24);
    let below = |fixture: &Fixture| fixture.screen().lines().skip(2).take(8).collect::<Vec<_>>().join("\n");
    fixture.press(KeyCode::Char(' '));
    let before = below(&fixture);
    fixture.peers.remove(0);
    fixture.queue.clear();
    let event = clacks_p2p::core::Event::Lagged(1);
    fixture.happen(event);
    fixture.refresh();
    assert_eq!(below(&fixture), before);
    assert!(fixture.screen().contains("HELD STILL, 1 more"), "{}", fixture.screen());
    fixture.press(KeyCode::Char(' '));
    assert_ne!(below(&fixture), before);
    assert_eq!(fixture.model.log_cursor, LogCursor::Following);
}

#[test]
fn the_filter_prompt_starts_with_the_active_filter() {
    let mut fixture = Fixture::busy(80, 24);
    fixture.press(KeyCode::BackTab);
    fixture.write("/gnu");
    fixture.press(KeyCode::Enter);
    assert!(fixture.screen().contains("/gnu 3 of 9"));
    fixture.press(KeyCode::Char('/'));
    assert_eq!(fixture.model.input.draft(), ":filter gnu");
    (0..3).for_each(|_| drop(fixture.press(KeyCode::Backspace)));
    fixture.press(KeyCode::Enter);
    assert!(!fixture.screen().contains("of 9"));
    fixture.press(KeyCode::Char(':'));
    fixture.press(KeyCode::Backspace);
    assert_eq!(fixture.press(KeyCode::Enter), []);
    assert_eq!(fixture.model.focus, Focus::Lists);
}

#[test]
fn an_invalid_command_stays_on_the_line() {
    let mut fixture = Fixture::busy(80, 24);
    fixture.write(":announce tower");
    assert_eq!(fixture.press(KeyCode::Enter), []);
    assert_eq!(fixture.model.input.draft(), ":announce tower");
    assert!(fixture.screen().contains(":announce takes HOST:PORT"));
    fixture.write(":1");
    assert_eq!(fixture.press(KeyCode::Enter), [runs(":announce tower:1")]);
}

#[test]
fn a_paste_is_text_in_every_view() {
    let mut fixture = Fixture::busy(80, 24);
    assert_eq!(fixture.send(Msg::Paste("qIFx\ty\n".to_owned())), []);
    assert_eq!((fixture.model.focus, fixture.model.input.draft()), (Focus::Input, "qIFx y"));
}

#[test]
fn quitting_asks_once_if_messages_would_be_lost() {
    let mut fixture = Fixture::busy(80, 24);
    assert_eq!(fixture.press(KeyCode::Char('q')), []);
    assert!(fixture.screen().contains("6 messages are only here: s hand on, q drop them, else stay"));
    assert_eq!(fixture.press(KeyCode::Char('I')), [], "another key only takes the question back");
    assert!(!fixture.screen().contains("QUIT?"));
    assert_eq!(fixture.press(KeyCode::Char('q')), []);
    assert_eq!(fixture.press(KeyCode::Char('q')), [Effect::Quit]);
    assert_eq!(fixture.control('c'), []);
    assert_eq!(fixture.control('c'), [Effect::Quit]);
}

#[test]
fn the_question_before_quitting_stays_until_it_is_answered() {
    let mut fixture = Fixture::busy(40, 7);
    fixture.write(":quit");
    fixture.press(KeyCode::Enter);
    fixture.send(Msg::EffectDone(Ok("announced to tower:1".to_owned())));
    assert!(fixture.screen().contains("q drop them, else stay"), "{}", fixture.screen());
    assert_eq!(fixture.send(Msg::Paste("y".to_owned())), [], "a paste is no answer");
    assert!(fixture.screen().contains("QUIT?"));
    let click = MouseEventKind::Down(MouseButton::Left);
    fixture.send(Msg::Mouse(MouseEvent { kind: click, column: 5, row: 5, modifiers: KeyModifiers::NONE }));
    assert_eq!(fixture.press(KeyCode::Char('q')), [], "a click took it back, so it is asked again");
    assert_eq!(fixture.press(KeyCode::Char('q')), [Effect::Quit]);
}

#[test]
fn a_forgotten_peer_in_a_long_list_does_not_move_the_selection() {
    let mut fixture = Fixture::busy(80, 24);
    fixture.peers = (1..=500).map(|port| peer(Status::Alive, &format!("tower:{port}"), 1, None)).collect();
    fixture.refresh();
    (0..300).for_each(|_| drop(fixture.press(KeyCode::Down)));
    fixture.peers.remove(300);
    fixture.refresh();
    assert_eq!(selected(&fixture), "tower:302");
}

#[test]
fn the_first_row_is_pinned_once_it_was_selected() {
    let mut fixture = Fixture::busy(80, 24);
    fixture.press(KeyCode::Down);
    fixture.press(KeyCode::Home);
    fixture.peers.insert(0, peer(Status::New, "another:1", 0, None));
    fixture.refresh();
    assert_eq!(fixture.press(KeyCode::Char('I')), ignores("tower-9.example.org:8080"));
}

#[test]
fn a_key_on_followed_traffic_only_freezes_it() {
    let mut fixture = Fixture::busy(80, 24);
    fixture.press(KeyCode::BackTab);
    let event = |name| clacks_p2p::core::Event::AnnounceReceived {
        peer: peer(Status::Alive, name, 0, None),
        remote: None,
    };
    fixture.happen(event("bad:1"));
    assert_eq!(fixture.press(KeyCode::Char('I')), []);
    fixture.happen(event("good:1"));
    assert_eq!(fixture.press(KeyCode::Char('I')), ignores("bad:1"));
}

#[test]
fn message_and_command_drafts_are_independent() {
    let mut fixture = Fixture::busy(80, 24);
    fixture.write("ihello");
    fixture.press(KeyCode::Esc);
    fixture.write(":announce tow");
    fixture.press(KeyCode::Esc);
    fixture.press(KeyCode::Char('i'));
    assert_eq!(fixture.model.input.draft(), "hello");
    fixture.press(KeyCode::Esc);
    fixture.press(KeyCode::Char(':'));
    assert_eq!(fixture.model.input.draft(), ":", "a new command starts empty");
    fixture.press(KeyCode::Esc);
    fixture.press(KeyCode::Char('/'));
    fixture.press(KeyCode::Up);
    assert_eq!(fixture.model.input.draft(), ":announce tow", "what gave way is in the history");
}

#[test]
fn an_overlay_says_when_its_peer_or_message_is_gone() {
    let mut fixture = Fixture::busy(80, 24);
    fixture.press(KeyCode::Enter);
    fixture.peers.remove(0);
    fixture.refresh();
    assert!(fixture.screen().contains("no longer known"), "{}", fixture.screen());
    fixture.press(KeyCode::Esc);
    fixture.press(KeyCode::Tab);
    fixture.press(KeyCode::Enter);
    fixture.queue.remove(0);
    fixture.refresh();
    assert!(fixture.screen().contains("no longer in the queue"), "{}", fixture.screen());
}

#[test]
fn quitting_does_not_ask_if_nothing_is_lost() {
    assert_eq!(Fixture::empty(80, 24).press(KeyCode::Char('q')), [Effect::Quit]);
    let mut demo = Fixture::busy(80, 24);
    demo.model.is_demo = true;
    assert_eq!(demo.press(KeyCode::Char('q')), [Effect::Quit]);
}

#[test]
fn control_c_clears_the_input_and_then_leaves_it() {
    let mut fixture = Fixture::empty(80, 24);
    fixture.write("iabc");
    fixture.control('c');
    assert_eq!((fixture.model.focus, fixture.model.input.draft()), (Focus::Input, ""));
    fixture.control('c');
    assert_eq!(fixture.model.focus, Focus::Lists);
    assert_eq!(fixture.control('c'), []);
    assert!(fixture.screen().contains("QUIT? Ctrl-C again leaves"), "{}", fixture.screen());
    assert_eq!(fixture.control('c'), [Effect::Quit]);
}

#[test]
fn letters_in_the_input_are_text() {
    let mut fixture = Fixture::busy(80, 24);
    fixture.write("iqIUFax?");
    assert_eq!(fixture.model.input.draft(), "qIUFax?");
}

#[test]
fn a_click_selects_and_the_wheel_scrolls_under_the_pointer() {
    let mut fixture = Fixture::busy(80, 24);
    let mouse = |kind, column, row| MouseEvent { kind, column, row, modifiers: KeyModifiers::NONE };
    fixture.send(Msg::Mouse(mouse(MouseEventKind::Down(MouseButton::Left), 5, 4)));
    fixture.refresh();
    assert_eq!(selected(&fixture), "tower-3:8443");
    fixture.send(Msg::Mouse(mouse(MouseEventKind::ScrollUp, 5, 20)));
    assert!(matches!(fixture.model.log_cursor, LogCursor::Frozen { .. }));
    assert_eq!(fixture.model.pane, Pane::Peers);
    let input = 22;
    fixture.send(Msg::Mouse(mouse(MouseEventKind::Down(MouseButton::Left), 5, input)));
    assert_eq!(fixture.model.focus, Focus::Input);
}

#[test]
fn the_peer_of_a_row_of_the_traffic_can_be_ignored() {
    let mut fixture = Fixture::busy(80, 24);
    fixture.press(KeyCode::BackTab);
    (0..1).for_each(|_| drop(fixture.press(KeyCode::Up)));
    assert_eq!(fixture.press(KeyCode::Char('I')), ignores("rude-tower:8081"));
}
