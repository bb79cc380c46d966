//! Quitting: the question about unsent messages, and the time in which a node stops.

use std::time::Duration;

use clacks_feed::{Call, Outcome, Refusal, Run};
use clacks_p2p::core::{HeldBy, HeldMessage, Status};
use crossterm::event::{KeyCode, KeyEvent};

use super::{
    fixture::{Fixture, peer},
    held_and_edited::holding,
    networks::with_toy,
    stopping::stop,
};
use crate::state::message::{Effect, Msg};

fn hand_on() -> Vec<Effect> {
    vec![Effect::Stop(0, stop("hand-on"))]
}

fn hand_on_with_held() -> Vec<Effect> {
    vec![Effect::Stop(0, stop("release-and-hand-on"))]
}

fn key(character: char) -> KeyCode {
    KeyCode::Char(character)
}

#[track_caller]
fn assert_shows(fixture: &Fixture, text: &str) {
    assert!(fixture.screen().contains(text), "{text:?} in\n{}", fixture.screen());
}

/// Returns a dashboard whose node hands on its messages before it stops.
fn handing_on(width: u16, height: u16) -> Fixture {
    let mut fixture = Fixture::busy(width, height);
    fixture.press(key('q'));
    assert_eq!(fixture.press(key('s')), hand_on());
    fixture
}

/// Removes messages from the queue, as if they were delivered.
fn deliver(fixture: &mut Fixture, messages: usize) {
    fixture.queue.drain(..messages);
    fixture.refresh();
}

fn stopped() -> Msg {
    Msg::Stopped(0, Ok(Outcome::new("the node has stopped")))
}

#[test]
fn the_question_counts_messages_and_offers_possible_actions() {
    for (width, text) in [
        (80, "6 messages are only here: s hand on, q drop them, else stay"),
        (40, "s hand on, q drop them, else stay"),
        (20, "q drop them"),
    ] {
        let mut fixture = Fixture::busy(width, 24);
        fixture.press(key('q'));
        assert_shows(&fixture, text);
    }
    for (width, text) in [
        (80, "9 messages, 3 of them held, are only here"),
        (80, "s hand on, a release and hand on, q drop them, else stay"),
        (40, "q drop them, s hand on"),
    ] {
        let mut fixture = holding(width, 24);
        fixture.press(key('q'));
        assert_shows(&fixture, text);
    }
}

#[test]
fn held_messages_alone_can_be_drained() {
    for (width, text) in [
        (80, "3 held messages are only here"),
        (80, "a release and hand on, q drop them, else stay"),
        (40, "q drop them, a release"),
        (20, "q drop them"),
    ] {
        let mut fixture = holding(width, 24);
        fixture.queue.clear();
        fixture.refresh();
        fixture.press(key('q'));
        assert_shows(&fixture, text);
        assert_eq!(fixture.press(key('s')), [], "nothing waits");
        fixture.press(key('q'));
        assert_eq!(fixture.press(key('a')), hand_on_with_held());
    }
}

#[test]
fn without_peers_no_drain_is_offered() {
    for (width, text) in [
        (120, "9 messages, 3 of them held, are only here; no other node is known: q drop them, else stay"),
        (80, "9 messages, 3 of them held, are only here; no other node is known"),
        (40, "q drop them, else stay"),
        (20, "q drop them"),
    ] {
        let mut fixture = holding(width, 24);
        fixture.peers = vec![peer(Status::Ignored, "rude-tower:8081", 1, None)];
        fixture.refresh();
        for answer in ['s', 'a'] {
            fixture.press(key('q'));
            assert_shows(&fixture, text);
            assert_eq!(fixture.press(key(answer)), []);
            assert_eq!(fixture.model.stopping, None);
        }
    }
}

#[test]
fn the_program_quits_when_all_messages_are_sent() {
    let mut fixture = handing_on(80, 24);
    assert_shows(&fixture, "handed on 0 of 6, 30 s left  \u{2591}");
    deliver(&mut fixture, 3);
    fixture.later = Duration::from_secs(12);
    fixture.send(Msg::EffectDone(Ok("something else".to_owned())));
    fixture.refresh();
    assert_shows(&fixture, "handed on 3 of 6, 18 s left  \u{2588}");
    deliver(&mut fixture, 2);
    assert_eq!(fixture.send(stopped()), [Effect::AskToStop(0)]);
    assert_eq!(fixture.ask_to_stop(0), [Effect::Quit]);
}

#[test]
fn an_incomplete_drain_asks_again_with_the_reason() {
    for reason in ["handed on 3 of 6: no peer takes them", "handed on 3 of 6: the time was over"] {
        let mut fixture = handing_on(80, 24);
        deliver(&mut fixture, 3);
        assert_eq!(fixture.stop_fails(reason), []);
        assert_shows(&fixture, reason);
        assert_shows(&fixture, "s hand on, q drop them");
        assert_eq!(fixture.press(key('s')), hand_on());
        assert_shows(&fixture, "handed on 0 of 3");
    }
}

#[test]
fn after_a_drain_held_messages_are_asked_about() {
    let mut fixture = holding(80, 24);
    fixture.press(key('q'));
    assert_eq!(fixture.press(key('s')), hand_on());
    assert_shows(&fixture, "handed on 0 of 6");
    fixture.queue.clear();
    fixture.refresh();
    assert_eq!(fixture.stop_fails("handed on 6 messages; 3 held messages are only here"), []);
    assert_shows(&fixture, "handed on 6 messages; 3 held messages are only here");
    assert_shows(&fixture, "a release and hand on, q drop them");
    assert_eq!(fixture.press(key('a')), hand_on_with_held());
    assert_eq!(fixture.model.stop_progress().map(|progress| progress.total), Some(3));
}

#[test]
fn messages_refused_by_every_peer_are_not_counted_as_sent() {
    for with_held in [false, true] {
        let mut fixture = holding(80, 24);
        fixture.press(key('q'));
        fixture.press(key(if with_held { 'a' } else { 's' }));
        if with_held {
            fixture.held.clear();
        }
        fixture.held.push(HeldMessage::new(fixture.queue[0].clone(), HeldBy::Refused));
        fixture.queue.clear();
        fixture.refresh();
        let total = if with_held { 9 } else { 6 };
        assert_shows(&fixture, &format!("handed on {} of {total}", total - 1));
    }
}

#[test]
fn only_the_hinted_keys_end_a_drain() {
    let mut fixture = handing_on(80, 24);
    for other in ['i', 'I', 's', 'y', ':', 'x'] {
        assert_eq!(fixture.press(key(other)), []);
    }
    fixture.send(Msg::Paste("pasted".to_owned()));
    assert_shows(&fixture, "handed on 0 of 6");
    let cancel = Effect::CancelStop { network: 0, then_asks: false };
    assert_eq!(fixture.press(KeyCode::Esc), [cancel]);
    assert_eq!((fixture.model.stopping, &fixture.model.question), (None, &None));
    assert_eq!(fixture.send(stopped()), [], "it came too late");

    for burst in [vec!['q'], vec!['x', 'q', 'q', 'q']] {
        let mut fixture = handing_on(80, 24);
        let keys = burst.into_iter().map(|character| KeyEvent::from(key(character))).collect();
        let effects = fixture.send(Msg::Burst(keys));
        assert_eq!(effects, [Effect::CancelStop { network: 0, then_asks: true }]);
        assert_eq!(fixture.ask_to_stop(0), []);
        assert_shows(&fixture, "6 messages are only here: s hand on, q drop them");
    }
}

#[test]
fn a_drain_is_visible_and_can_be_ended_on_the_smallest_screen() {
    let mut fixture = handing_on(19, 4);
    assert_shows(&fixture, "0/6, 30 s left");
    assert_eq!(fixture.press(KeyCode::Esc), [Effect::CancelStop { network: 0, then_asks: false }]);
}

#[test]
fn a_drain_counts_down_on_the_screen() {
    let mut fixture = handing_on(80, 24);
    fixture.later = Duration::from_secs(300);
    fixture.refresh();
    assert!(fixture.model.changes_after() <= Duration::from_secs(1));
    assert_shows(&fixture, "0 s left");
}

#[test]
fn immediate_quit_asks_nothing() {
    let mut fixture = Fixture::busy(80, 24);
    fixture.write(":quit!");
    assert_eq!(fixture.press(KeyCode::Enter), [Effect::Quit]);
}

#[test]
fn each_network_is_asked_before_the_program_quits() {
    let (mut fixture, _toy) = with_toy(120, 24);
    let call = |how| Call::new(Run(7), "stop".into(), how);
    let refusal = Refusal::new("a card is on its way").offering("wait", call("wait"));
    fixture.refuses_to_stop = Some(refusal.offering("lose it", call("at-once")));
    fixture.press(key('q'));
    assert_shows(&fixture, "clacks: 6 messages are only here: s hand on, q drop them, else stay");
    assert_eq!(fixture.press(key('q')), []);
    assert_shows(&fixture, "toy: a card is on its way: s wait, q lose it, else stay");
    assert_eq!(fixture.press(key('s')), [Effect::Stop(1, call("wait"))]);
    assert_shows(&fixture, " stopping");
    fixture.refuses_to_stop = None;
    assert_eq!(fixture.send(Msg::Stopped(1, Ok(Outcome::new("stopped")))), [Effect::AskToStop(0)]);
    assert_eq!(fixture.ask_to_stop(0), [Effect::Quit]);
}

/// What loses messages, and what hands them on, happens only once the user has answered for every network.
#[test]
fn no_node_is_stopped_if_the_user_stays_at_the_next_question() {
    let (mut fixture, _toy) = with_toy(120, 24);
    let call = Call::new(Run(7), "stop".into(), "wait");
    fixture.refuses_to_stop = Some(Refusal::new("a card is on its way").offering("wait", call));
    for answer in ['q', 's'] {
        fixture.press(key('q'));
        assert_eq!(fixture.press(key(answer)), []);
        assert_shows(&fixture, "toy: a card is on its way: q wait, else stay");
        assert_eq!(fixture.press(key('x')), []);
        assert_eq!(fixture.model.stopping, None);
    }
}

#[test]
fn an_offer_that_does_not_stop_the_node_is_a_call_and_the_program_stays() {
    let mut fixture = Fixture::busy(120, 24);
    let run = stop("").run;
    let cancel = Call::new(run, "cancel".into(), "");
    let refusal = Refusal::new("messages are being handed on").offering("do not stop", cancel.clone());
    let refusal = refusal.offering("at once", stop("at-once"));
    fixture.send(Msg::StopRefused(0, refusal.clone()));
    assert_shows(&fixture, "messages are being handed on: 1 do not stop, q at once, else stay");
    assert_eq!(fixture.press(key('1')), [Effect::Call(cancel.clone())]);
    assert_eq!(fixture.model.stopping, None);
    fixture.send(Msg::Called(0, vec![(cancel, Ok(Outcome::new("stopped at 2 of 6")))]));
    assert_shows(&fixture, "stopped at 2 of 6");
    fixture.send(Msg::StopRefused(0, refusal));
    let effects = fixture.send(Msg::Key(KeyEvent::from(key('q'))));
    assert_eq!(effects, [Effect::AskToStop(1)]);
    assert_eq!(fixture.send(Msg::ConfirmQuit), [Effect::Stop(0, stop("at-once"))]);
}

#[test]
fn the_last_offer_is_made_whatever_it_does() {
    let mut fixture = Fixture::busy(120, 24);
    fixture.send(Msg::StopRefused(0, Refusal::new("busy").offering("hand on", stop("hand-on"))));
    assert_shows(&fixture, "busy: q hand on, else stay");
    assert_eq!(fixture.send(Msg::Key(KeyEvent::from(key('q')))), [Effect::AskToStop(1)]);
    assert_eq!(fixture.send(Msg::ConfirmQuit), hand_on());
}

#[test]
fn each_offer_has_a_key_of_its_own() {
    let mut fixture = Fixture::busy(160, 24);
    let other = |text| Call::new(stop("").run, "cancel".into(), text);
    let refusal = Refusal::new("busy").offering("one", stop("hand-on")).offering("two", stop("hand-on"));
    let refusal = refusal.offering("three", other("")).offering("four", other("x"));
    fixture.send(Msg::StopRefused(0, refusal));
    assert_shows(&fixture, "busy: s one, 1 two, 2 three, 3 four, q leave, else stay");
    assert_eq!(fixture.press(key('3')), [Effect::Call(other("x"))]);
}

#[test]
fn a_refusal_without_offers_can_be_left() {
    let mut fixture = Fixture::busy(80, 24);
    fixture.queue.clear();
    fixture.refresh();
    fixture.send(Msg::StopRefused(0, Refusal::new("not now")));
    assert_shows(&fixture, "not now: q leave, else stay");
    assert_eq!(fixture.press(key('x')), []);
    fixture.send(Msg::StopRefused(0, Refusal::new("not now")));
    assert_eq!(fixture.press(key('q')), [Effect::Quit]);
}

#[test]
fn a_frozen_screen_shows_the_progress_of_stopping() {
    let mut fixture = Fixture::busy(80, 24);
    fixture.model.toggle_frozen();
    fixture.press(key('q'));
    assert_eq!(fixture.press(key('s')), hand_on());
    deliver(&mut fixture, 3);
    assert_shows(&fixture, "handed on 3 of 6, 30 s left");
}
