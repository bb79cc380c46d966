//! Held and replaced messages.

use super::*;

fn text(queued: &QueuedMessage) -> String {
    queued.message.as_text().unwrap()
}

fn waiting(core: &Core) -> Vec<String> {
    core.queue(0..usize::MAX).map(|queued| text(&queued)).collect()
}

fn held(core: &Core) -> Vec<String> {
    core.held(0..usize::MAX).map(|held| text(&held.queued)).collect()
}

fn enqueue(core: &mut Core, text: &str) -> MessageId {
    core.enqueue(Message::text(text), at(0)).unwrap()
}

fn core_with_messages(messages: &[&str]) -> Core {
    let mut core = core();
    for message in messages {
        enqueue(&mut core, message);
    }
    core
}

/// A rule that matches every message that contains this word.
fn rule(word: &'static str) -> HoldRule {
    HoldRule::new(word, move |queued| queued.message.as_json().contains(word))
}

fn lies_held(core: &Core, id: MessageId) -> Option<HeldBy> {
    core.held_message(id).map(|held| held.by.clone())
}

#[test]
fn a_held_message_is_not_sent() {
    let mut core = core_with_messages(&["one", "two", "three"]);
    let two = core.queue(1..2).next().unwrap().id;
    assert!(core.hold(two) && !core.hold(two));
    add_alive(&mut core, "peer:1");
    for (millis, text) in [(100, "one"), (200, "three")] {
        assert_eq!(send_one(&mut core, at(millis)).payload.message, Message::text(text));
    }
    assert_eq!((core.poll_timeout(), held(&core)), (None, vec!["two".to_owned()]));
    assert_eq!(lies_held(&core, two), Some(HeldBy::Hand));
}

#[test]
fn a_released_message_is_appended_with_its_age_and_sender() {
    let mut core = core();
    receive(&mut core, &address("sender:1"), "one", None, at(5));
    let one = core.queue(0..1).next().unwrap().id;
    core.hold(one);
    enqueue(&mut core, "two");
    events(&mut core);
    let id = core.release(one).unwrap();
    assert_eq!((core.release(one), core.release(id)), (None, None));
    let queued = core.queued_message(id).unwrap().clone();
    assert_eq!((queued.since_ms, &queued.from), (5, &Some(address("sender:1"))));
    assert_eq!(waiting(&core), ["two", "one"]);
    assert_eq!(events(&mut core), [Event::MessageReleased { was: one, queued }]);
}

#[test]
fn a_message_released_to_its_position_equals_one_never_held() {
    for held in 0..3 {
        let mut core = core_with_messages(&["one", "two", "three"]);
        let before: Vec<_> = core.queue(0..3).collect();
        let id = before[held].id;
        core.hold(id);
        events(&mut core);
        assert!(core.release_to_place(id) && !core.release_to_place(id));
        assert_eq!(core.queue(0..usize::MAX).collect::<Vec<_>>(), before);
        assert_eq!(events(&mut core), [Event::MessageReleased { was: id, queued: before[held].clone() }]);
        add_alive(&mut core, "peer:1");
        for (millis, text) in [(100, "one"), (200, "two"), (300, "three")] {
            assert_eq!(send_one(&mut core, at(millis)).payload.message, Message::text(text));
        }
    }
}

#[test]
fn a_new_rule_holds_a_message_released_to_its_position() {
    let mut core = core_with_messages(&["one", "two"]);
    let id = core.queue(0..1).next().unwrap().id;
    core.hold(id);
    core.set_hold_rule(Some(rule("one")));
    core.release_to_place(id);
    add_alive(&mut core, "peer:1");
    assert_eq!(send_one(&mut core, at(100)).payload.message, Message::text("two"));
    assert_eq!(lies_held(&core, id), Some(HeldBy::Rule));
}

#[test]
fn all_messages_are_released_in_the_order_of_their_ids() {
    let mut core = core_with_messages(&["one", "two", "three", "four"]);
    let ids: Vec<_> = core.queue(0..4).map(|queued| queued.id).collect();
    for index in [2, 0, 3] {
        core.hold(ids[index]);
    }
    assert_eq!(held(&core), ["one", "three", "four"]);
    assert_eq!((core.held_position(ids[3]), core.held_position(ids[1])), (Some(2), None));
    assert_eq!(core.release_all(), 3);
    assert_eq!((waiting(&core).join(" "), core.held_len()), ("two one three four".to_owned(), 0));
}

#[test]
fn a_rule_holds_written_received_and_returned_messages() {
    let mut core = core_with_messages(&["red 1"]);
    core.add_peer(&address("peer:1"), at(0));
    let delivery = send_one(&mut core, at(1));
    core.set_hold_rule(Some(rule("red")));
    events(&mut core);
    core.handle_delivery(delivery.id, failed(), at(2));
    enqueue(&mut core, "red 2");
    receive(&mut core, &address("peer:2"), "red 3", None, at(3));
    receive(&mut core, &address("peer:2"), "blue", None, at(3));
    assert_eq!(
        (held(&core).join(","), waiting(&core).join(",")),
        ("red 1,red 2,red 3".into(), "blue".into())
    );
    let origins: Vec<_> = events(&mut core)
        .into_iter()
        .filter_map(|event| match event {
            Event::MessageHeld { held: HeldMessage { by: HeldBy::Rule, .. }, origin } => origin,
            _ => None,
        })
        .collect();
    let expected = [Origin::Returned(address("peer:1")), Origin::Local, Origin::Received(address("peer:2"))];
    assert_eq!(origins, expected);
    assert_eq!((core.counters().enqueued, core.counters().received), (2, 2));
}

#[test]
fn a_new_rule_stops_queued_messages_without_a_search() {
    let mut core = core_with_messages(&["red 1", "red 2", "blue", "red 3"]);
    add_alive(&mut core, "peer:1");
    core.set_hold_rule(Some(rule("red")));
    assert_eq!(waiting(&core).len(), 4, "until it is its turn");
    assert_eq!(send_one(&mut core, at(10)).payload.message, Message::text("blue"));
    assert!(send(&mut core, at(20)).is_empty());
    assert_eq!(held(&core), ["red 1", "red 2", "red 3"]);
}

#[test]
fn a_rule_that_matches_a_long_queue_is_evaluated_in_portions() {
    let mut core = core();
    for number in 0..200 {
        enqueue(&mut core, &format!("red {number}"));
    }
    add_alive(&mut core, "peer:1");
    core.set_hold_rule(Some(rule("red")));
    for expected in [64, 128, 192, 200] {
        assert!(core.poll_timeout().is_some_and(|due| due <= at(10).uptime));
        assert!(send(&mut core, at(10)).is_empty());
        assert_eq!(core.held_len(), expected);
    }
    assert_eq!(core.poll_timeout(), None);
}

#[test]
fn a_search_holds_matching_messages_at_once() {
    let mut core = core_with_messages(&["red 1", "blue", "red 2"]);
    core.set_hold_rule(Some(rule("red")));
    core.hold_matching();
    assert_eq!((held(&core).join(","), waiting(&core).join(",")), ("red 1,red 2".into(), "blue".into()));
    // A search with a replaced rule holds nothing.
    let blue = core.queue(0..1).next().unwrap().id;
    core.hold_these(&rule("blue"), &[blue]);
    assert_eq!(waiting(&core), ["blue"]);
}

#[test]
fn a_removed_rule_keeps_its_held_messages_and_holds_no_more() {
    let mut core = core();
    core.set_hold_rule(Some(rule("red")));
    enqueue(&mut core, "red 1");
    assert_eq!(core.hold_rule().map(HoldRule::text), Some("red"));
    core.set_hold_rule(None);
    enqueue(&mut core, "red 2");
    assert_eq!((held(&core), waiting(&core)), (vec!["red 1".to_owned()], vec!["red 2".to_owned()]));
    assert!(core.hold_rule().is_none());
}

#[test]
fn a_released_message_passes_its_rule_but_not_the_next_one() {
    let mut core = core();
    core.set_hold_rule(Some(rule("red")));
    let id = enqueue(&mut core, "red");
    core.add_peer(&address("peer:1"), at(0));
    core.release(id);
    core.hold_matching();
    let delivery = send_one(&mut core, at(1));
    core.handle_delivery(delivery.id, failed(), at(2));
    assert_eq!(waiting(&core), ["red"]);
    core.set_hold_rule(Some(rule("red")));
    assert!(send(&mut core, at(3)).is_empty());
    assert_eq!(held(&core), ["red"]);
}

#[test]
fn held_messages_count_towards_the_limits_and_can_be_dropped() {
    let mut core = core_with(|options| options.max_queue_messages = 2);
    core.set_hold_rule(Some(rule("red")));
    let red = enqueue(&mut core, "red");
    enqueue(&mut core, "blue");
    assert_eq!((core.held_bytes(), core.queue_len(), core.held_len()), (5 + 6, 1, 1));
    assert!(matches!(core.enqueue(Message::text("3"), at(0)), Err(EnqueueError::Full { messages: 2, .. })));
    assert_eq!(receive(&mut core, &address("peer:1"), "3", None, at(0)), 503);
    assert_eq!(core.drop_message(red).map(|dropped| dropped.message), Some(Message::text("red")));
    assert_eq!((core.held_bytes(), core.held_len(), core.drop_message(red)), (6, 0, None));
    assert!(core.enqueue(Message::text("3"), at(0)).is_ok());
}

#[test]
fn undoing_a_drop_restores_all_of_the_message() {
    let mut core = core_with(|options| options.max_queue_messages = 2);
    assert_eq!(receive(&mut core, &address("peer:1"), "one", None, at(3)), 200);
    let held = enqueue(&mut core, "two");
    core.hold(held);
    let one = core.queue(0..1).next().unwrap().clone();
    let two = core.held_message(held).unwrap().clone();
    let dropped = core.drop_these(&[one.id, held]);
    assert_eq!((core.queue_len(), core.held_len(), core.held_bytes()), (0, 0, 0));
    events(&mut core);
    let restored = core.restore_messages(dropped.clone());
    assert_eq!((restored.waiting, restored.held, restored.error), (1, 1, None));
    assert_eq!((core.queued_message(one.id), core.held_message(held)), (Some(one), Some(&two)));
    assert_eq!((core.queue_len(), core.held_len(), core.held_bytes()), (1, 1, 10));
    assert!(matches!(
        events(&mut core)[..],
        [
            Event::MessageRestored { was: None, held: None, .. },
            Event::MessageRestored { was: None, held: Some(HeldBy::Hand), .. }
        ]
    ));
    core.drop_these(&[held]);
    enqueue(&mut core, "three");
    let refused = core.restore_messages(dropped[1..].to_vec());
    assert!(matches!(refused.error, Some(EnqueueError::Full { messages: 2, .. })), "{refused:?}");
    core.dequeue();
    core.set_draining(true);
    assert_eq!(core.restore_messages(refused.refused).error, Some(EnqueueError::Draining));
}

#[test]
fn a_restored_message_is_held_if_the_current_rule_matches() {
    let mut core = core_with_messages(&["red"]);
    core.add_peer(&address("peer:1"), at(0));
    let id = core.queue(0..1).next().unwrap().id;
    let dropped = core.drop_these(&[id]);
    core.set_hold_rule(Some(rule("red")));
    core.restore_messages(dropped);
    core.handle_timeout(at(9), &mut rng());
    assert!(core.poll_delivery().is_none());
    assert_eq!((core.queue_len(), held(&core)), (0, vec!["red".to_owned()]));
}

#[test]
fn a_message_is_replaced_at_its_position() {
    let mut core = core_with_messages(&["one", "two", "three"]);
    let ids: Vec<_> = core.queue(0..3).map(|queued| queued.id).collect();
    core.hold(ids[2]);
    events(&mut core);
    core.replace(ids[0], Message::text("first")).unwrap();
    core.replace(ids[2], Message::text("two")).unwrap();
    assert_eq!((waiting(&core), held(&core)), (vec!["first".into(), "two".into()], vec!["two".to_owned()]));
    assert_eq!(core.held_bytes(), 7 + 5 + 5);
    // Writing it again is not another visit.
    assert_eq!(core.held_message(ids[2]).unwrap().queued.visits, 1);
    assert_eq!(enqueue_visits(&mut core, "three"), 1);
    let queued = core.queued_message(ids[0]).unwrap().clone();
    let changed = Event::MessageChanged { before: Message::text("one"), queued, held: None };
    assert_eq!(events(&mut core)[0], changed);
}

fn enqueue_visits(core: &mut Core, text: &str) -> u32 {
    let id = enqueue(core, text);
    core.queued_message(id).unwrap().visits
}

/// The source of a message before it comes from a peer, and its number of visits then.
#[test]
fn visits_count_arrivals_and_the_first_writing() {
    for (before, visits) in [
        (&[] as &[&str], 1),
        (&["write"], 2),
        (&["write", "write"], 2),
        (&["write", "change", "change back"], 2),
        (&["come", "write", "change", "change back"], 2),
        (&["come", "come", "write"], 3),
    ] {
        let mut core = core();
        let mut id = MessageId(0);
        for what in before {
            match *what {
                "write" => id = enqueue(&mut core, "m"),
                "change" => core.replace(id, Message::text("other")).unwrap(),
                "change back" => core.replace(id, Message::text("m")).unwrap(),
                _ => assert_eq!(receive(&mut core, &address("peer:1"), "m", None, at(0)), 200),
            }
        }
        let arrivals = before.iter().filter(|what| **what == "come").count() as u32;
        let shown = core.queue(0..usize::MAX).map(|queued| queued.visits).max().unwrap_or(0);
        assert_eq!(shown, if before.is_empty() { 0 } else { arrivals.max(1) }, "{before:?}");
        receive(&mut core, &address("peer:1"), "m", None, at(1));
        let last = core.queue(0..usize::MAX).last().unwrap();
        assert_eq!(last.visits, visits, "{before:?}");
    }
}

#[test]
fn the_same_text_is_not_a_change() {
    let mut core = core_with_messages(&["one"]);
    let one = core.queue(0..1).next().unwrap().id;
    events(&mut core);
    assert_eq!(core.replace(one, Message::text("one")), Ok(()));
    assert_eq!((core.queued_message(one).unwrap().visits, events(&mut core)), (1, vec![]));
}

#[test]
fn an_invalid_text_does_not_replace_the_message() {
    let mut core = core_with(|options| options.max_queue_bytes = 12);
    let id = enqueue(&mut core, "12345");
    core.hold(id);
    events(&mut core);
    let falsy = Message::from_json("0", 128).unwrap();
    assert_eq!(core.replace(id, falsy), Err(ReplaceError::Refused(EnqueueError::Empty)));
    let full = EnqueueError::Full { messages: 1, bytes: 7 };
    assert_eq!(core.replace(id, Message::text("12345678901")), Err(ReplaceError::Refused(full)));
    assert_eq!((held(&core), core.held_bytes(), events(&mut core)), (vec!["12345".to_owned()], 7, vec![]));
    assert_eq!(core.replace(id, Message::text("1234567890")), Ok(()));
    assert_eq!(core.replace(MessageId(99), Message::text("1")), Err(ReplaceError::NotHere));
}

#[test]
fn the_rule_is_evaluated_for_a_replaced_text() {
    let mut core = core_with_messages(&["blue"]);
    core.set_hold_rule(Some(rule("red")));
    let id = core.queue(0..1).next().unwrap().id;
    core.replace(id, Message::text("red")).unwrap();
    assert_eq!(lies_held(&core, id), Some(HeldBy::Rule));
    core.replace(id, Message::text("green")).unwrap();
    assert_eq!(lies_held(&core, id), Some(HeldBy::Rule), "until it is released");
}

#[test]
fn a_message_in_flight_cannot_be_held_or_replaced() {
    let mut core = core_with_messages(&["one"]);
    core.add_peer(&address("peer:1"), at(0));
    let id = core.queue(0..1).next().unwrap().id;
    send_one(&mut core, at(1));
    assert!(!core.hold(id));
    assert_eq!(core.replace(id, Message::text("two")), Err(ReplaceError::NotHere));
}
