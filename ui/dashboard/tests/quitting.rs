//! Quitting: the question about unsent messages, and the drain.

use std::time::Duration;

use clacks_p2p::{
    core::{HeldBy, HeldMessage, Status},
    node::DrainError,
};
use crossterm::event::{KeyCode, KeyEvent};

use super::{
    fixture::{Fixture, peer},
    held_and_edited::holding,
};
use crate::state::message::{Effect, Msg};

const HAND_ON: Effect = Effect::StartDrain { with_held: false };

fn key(character: char) -> KeyCode {
    KeyCode::Char(character)
}

#[track_caller]
fn assert_shows(fixture: &Fixture, text: &str) {
    assert!(fixture.screen().contains(text), "{text:?} in\n{}", fixture.screen());
}

/// Returns a dashboard with a running drain.
fn drain_progress(width: u16, height: u16) -> Fixture {
    let mut fixture = Fixture::busy(width, height);
    fixture.press(key('q'));
    assert_eq!(fixture.press(key('s')), [HAND_ON]);
    fixture
}

/// Removes messages from the queue, as if they were delivered.
fn deliver(fixture: &mut Fixture, messages: usize) {
    fixture.queue.drain(..messages);
    fixture.refresh();
}

#[test]
fn the_question_counts_messages_and_offers_possible_actions() {
    for (width, text) in [
        (80, "s hands them on first, q drops 6 messages, else stay"),
        (40, "s hand on, q drop 6, else stay"),
        (20, "q drops 6, s"),
    ] {
        let mut fixture = Fixture::busy(width, 24);
        fixture.press(key('q'));
        assert_shows(&fixture, text);
    }
    for (width, text) in [
        (80, "s hands on 6 first, a the 3 held too, q drops 9 messages, else stay"),
        (40, "s hand on 6, a +3 held, q drop"),
    ] {
        let mut fixture = holding(width, 24);
        fixture.press(key('q'));
        assert_shows(&fixture, text);
    }
}

#[test]
fn held_messages_alone_can_be_drained() {
    for (width, text) in [
        (80, "a hands on what is held first, q drops 3 messages, else stay"),
        (40, "a hand on 3 held, q drop"),
        (20, "q drops 3, a"),
    ] {
        let mut fixture = holding(width, 24);
        fixture.queue.clear();
        fixture.refresh();
        fixture.press(key('q'));
        assert_shows(&fixture, text);
        assert_eq!(fixture.press(key('s')), [], "nothing waits");
        fixture.press(key('q'));
        assert_eq!(fixture.press(key('a')), [Effect::StartDrain { with_held: true }]);
    }
}

#[test]
fn without_peers_no_drain_is_offered() {
    for (width, text) in [
        (80, "q drops 9 messages, else stay  (nobody is there to take them)"),
        (40, "q drops 9 messages, else stay"),
        (20, "q drops 9"),
    ] {
        let mut fixture = holding(width, 24);
        fixture.peers = vec![peer(Status::Ignored, "rude-tower:8081", 1, None)];
        fixture.refresh();
        for answer in ['s', 'a'] {
            fixture.press(key('q'));
            assert_shows(&fixture, text);
            assert_eq!(fixture.press(key(answer)), []);
            assert_eq!(fixture.model.drain_progress(), None);
        }
    }
}

#[test]
fn the_program_quits_when_all_messages_are_sent() {
    let mut fixture = drain_progress(80, 24);
    assert_shows(&fixture, "handed on 0 of 6, 30 s left  \u{2591}");
    deliver(&mut fixture, 3);
    fixture.later = Duration::from_secs(12);
    fixture.send(Msg::EffectDone(Ok("something else".to_owned())));
    assert_shows(&fixture, "handed on 3 of 6, 18 s left  \u{2588}");
    deliver(&mut fixture, 2);
    assert_eq!(fixture.send(Msg::DrainFinished(Ok(()))), [Effect::Quit]);
}

#[test]
fn an_incomplete_drain_asks_again_with_the_reason() {
    for (error, reason) in [
        (DrainError::NobodyThere, "handed on 3 of 6: no peer takes them"),
        (DrainError::OutOfTime, "handed on 3 of 6: the time was over"),
    ] {
        let mut fixture = drain_progress(80, 24);
        deliver(&mut fixture, 3);
        assert_eq!(fixture.send(Msg::DrainFinished(Err(error))), [Effect::CancelDrain]);
        assert_shows(&fixture, reason);
        assert_shows(&fixture, "s hands them on first, q drops 3 messages");
        assert_eq!(fixture.press(key('s')), [HAND_ON]);
        assert_shows(&fixture, "handed on 0 of 3");
    }
}

#[test]
fn after_a_drain_held_messages_are_asked_about() {
    let mut fixture = holding(80, 24);
    fixture.press(key('q'));
    assert_eq!(fixture.press(key('s')), [HAND_ON]);
    assert_shows(&fixture, "handed on 0 of 6");
    fixture.queue.clear();
    fixture.refresh();
    assert_eq!(fixture.send(Msg::DrainFinished(Ok(()))), [Effect::CancelDrain]);
    assert_shows(&fixture, "handed on 6 messages");
    assert_shows(&fixture, "a hands on what is held first");
    assert_eq!(fixture.press(key('a')), [Effect::StartDrain { with_held: true }]);
    assert_eq!(fixture.model.drain_progress().map(|handing_on| handing_on.total), Some(3));
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
        fixture.send(Msg::DrainFinished(Ok(())));
        let total = if with_held { 9 } else { 6 };
        assert_shows(&fixture, &format!("handed on {} of {total}; the rest is held", total - 1));
    }
}

#[test]
fn only_the_hinted_keys_end_a_drain() {
    let mut fixture = drain_progress(80, 24);
    for other in ['i', 'I', 's', 'y', ':', 'x'] {
        assert_eq!(fixture.press(key(other)), []);
    }
    fixture.send(Msg::Paste("pasted".to_owned()));
    assert_shows(&fixture, "handed on 0 of 6");
    assert_eq!(fixture.press(KeyCode::Esc), [Effect::CancelDrain]);
    assert_eq!((fixture.model.drain_progress(), &fixture.model.question), (None, &None));
    assert_shows(&fixture, "handed on 0 of 6; what is left is as before");
    assert_eq!(fixture.send(Msg::DrainFinished(Ok(()))), [], "it came too late");

    for burst in [vec!['q'], vec!['x', 'q', 'q', 'q']] {
        let mut fixture = drain_progress(80, 24);
        let keys = burst.into_iter().map(|character| KeyEvent::from(key(character))).collect();
        let effects = fixture.send(Msg::Burst(keys));
        assert_eq!(effects, [Effect::CancelDrain, Effect::RequestQuit]);
        assert_eq!(fixture.send(Msg::ConfirmQuit), []);
        assert_shows(&fixture, "q drops 6 messages");
    }
}

#[test]
fn a_drain_is_visible_and_can_be_ended_on_the_smallest_screen() {
    let mut fixture = drain_progress(19, 4);
    assert_shows(&fixture, "0/6, 30 s left");
    assert_eq!(fixture.press(KeyCode::Esc), [Effect::CancelDrain]);
}

#[test]
fn a_drain_counts_down_on_the_screen() {
    let mut fixture = drain_progress(80, 24);
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
