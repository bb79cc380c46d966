//! The life of a message.

use super::*;

fn queued(core: &Core) -> Vec<String> {
    core.queue(0..usize::MAX).map(|queued| queued.message.as_text().unwrap()).collect()
}

fn core_with_messages(messages: &[&str]) -> Core {
    let mut core = core();
    for message in messages {
        core.enqueue(Message::text(message), at(0)).unwrap();
    }
    core
}

#[test]
fn without_a_receiver_a_message_stays_at_its_position() {
    let mut core = core_with_messages(&["one"]);
    core.ignore(&address("rude:1"), at(0));
    assert!(send(&mut core, at(100)).is_empty());
    assert_eq!((core.poll_timeout(), queued(&core), core.in_flight()), (None, vec!["one".to_owned()], 0));
}

#[test]
fn a_failed_message_returns_to_the_tail_and_an_accepted_one_leaves() {
    for (outcome, left) in [
        (accepted(), &["two"] as &[_]),
        (failed(), &["two", "one"]),
        (DeliveryResult::refused(204), &["two", "one"]),
        (DeliveryResult::Failed(Failure::Stopped), &["two", "one"]),
        (DeliveryResult::SelfConnection, &["two", "one"]),
    ] {
        let mut core = core_with_messages(&["one", "two"]);
        core.add_peer(&address("peer:1"), at(0));
        let delivery = send_one(&mut core, at(1));
        assert_eq!((queued(&core), core.in_flight()), (vec!["two".to_owned()], 1));
        core.handle_delivery(delivery.id, outcome.clone(), at(2));
        assert_eq!(queued(&core), left, "{outcome:?}");
        let held: usize = left.iter().map(|text| text.len() + 2).sum();
        assert_eq!((core.held_bytes(), core.in_flight()), (held, 0), "{outcome:?}");
        // A second result of the same delivery changes nothing.
        core.handle_delivery(delivery.id, accepted(), at(3));
        assert_eq!(queued(&core), left, "{outcome:?}");
    }
}

#[test]
fn a_refusal_stores_only_the_beginning_of_a_message() {
    let mut core = core_with(|options| options.max_queue_messages = 1);
    core.enqueue(Message::text("one"), at(0)).unwrap();
    let (rude, sender) = (address("rude:1"), address("sender:1"));
    core.ignore(&rude, at(0));
    let large = "\u{1f5fc}".repeat(1 << 18);
    assert_eq!(receive(&mut core, &rude, &large, None, at(1)), 403);
    assert_eq!(receive(&mut core, &sender, &large, None, at(1)), 503);
    assert_eq!(receive(&mut core, &rude, "short", None, at(1)), 403);
    let previews: Vec<String> = events(&mut core)
        .into_iter()
        .filter_map(|event| if let Event::Refused(refusal) = event { refusal.preview } else { None })
        .collect();
    let cut = format!("\"{}…", "\u{1f5fc}".repeat(49));
    assert_eq!(previews, [cut.clone(), cut, "\"short\"".to_owned()]);
}

/// A node without room for a large message does not ask its sender to keep the small ones.
#[test]
fn a_sender_is_asked_to_pause_only_without_room_for_a_small_message() {
    const SMALL: usize = 15 << 10;
    let from: std::net::IpAddr = [10, 1, 0, 1].into();
    for (own, size, status) in [
        (200 << 10, SMALL, 200),
        (200 << 10, 150 << 10, 507),
        (310 << 10, SMALL, 503),
        (310 << 10, 150 << 10, 503),
    ] {
        for remote in [None, Some(from)] {
            let mut core = core_with(|options| options.max_queue_bytes = 320 << 10);
            core.enqueue(Message::text(&"x".repeat(own - 2)), at(0)).unwrap();
            let message = Message::text(&"y".repeat(size.saturating_sub(2)));
            let answer =
                core.receive(payload(Kind::Message, &address("sender:1"), message, None), remote, at(1));
            let pauses = answer.headers.iter().any(|(name, _)| name == "retry-after");
            assert_eq!((answer.status, pauses), (status, status == 503), "{own} {size} {remote:?}");
        }
    }
}

#[test]
fn every_sending_event_has_exactly_one_end_event() {
    let ends: [fn(&mut Core, DeliveryId); 4] = [
        |core, id| drop(core.handle_delivery(id, accepted(), at(2))),
        |core, id| drop(core.handle_delivery(id, failed(), at(2))),
        |core, id| drop(core.handle_delivery(id, DeliveryResult::SelfConnection, at(2))),
        |core, _| core.reclaim_in_flight(),
    ];
    for (number, end) in ends.into_iter().enumerate() {
        let mut core = core_with_messages(&["one"]);
        core.add_peer(&address("peer:1"), at(0));
        events(&mut core);
        let delivery = send_one(&mut core, at(1));
        assert!(matches!(events(&mut core)[..], [Event::MessageSending { .. }]));
        end(&mut core, delivery.id);
        let is_end = |event: &Event| {
            let returned = matches!(event, Event::MessageQueued { origin: Origin::Returned(_), .. });
            returned || matches!(event, Event::MessageDelivered { .. })
        };
        assert_eq!(events(&mut core).iter().filter(|event| is_end(event)).count(), 1, "end {number}");
    }
}

#[test]
fn a_returned_message_has_a_new_id_and_its_old_age() {
    let mut core = core();
    let id = core.enqueue(Message::text("one"), at(5)).unwrap();
    core.add_peer(&address("peer:1"), at(5));
    let delivery = send_one(&mut core, at(6));
    core.handle_delivery(delivery.id, failed(), at(7));
    let back = core.queue(0..1).next().unwrap();
    assert!(back.id > id);
    assert_eq!((back.since_ms, back.visits), (5, 1));
}

#[test]
fn a_falsy_message_is_accepted_and_not_queued() {
    let mut core = core();
    let sender = address("sender:1");
    for falsy in ["null", "false", "0", "-0.0", "\"\""] {
        let message = Message::from_json(falsy, 128).unwrap();
        assert_eq!(core.enqueue(message.clone(), at(0)), Err(EnqueueError::Empty));
        core.record_contact(&sender, None, at(0));
        events(&mut core);
        let answer =
            core.accept_payload(&sender, payload(Kind::Message, &sender, message, None), None, at(0));
        assert_eq!((answer, core.queue_len()), (Response::accepted(), 0), "{falsy}");
        assert!(matches!(events(&mut core)[..], [Event::MessageReceived { id: None, .. }]), "{falsy}");
    }
}

#[test]
fn only_messages_are_queued_but_every_payload_introduces_its_friend() {
    for kind in [Kind::Announce, Kind::Other] {
        let mut core = core();
        let (sender, friend) = (address("sender:1"), address("friend:1"));
        core.record_contact(&sender, None, at(0));
        let payload = payload(kind, &sender, Message::text("no"), Some(&friend));
        assert_eq!(core.accept_payload(&sender, payload, None, at(0)), Response::accepted());
        assert_eq!((core.queue_len(), status(&core, &friend)), (0, Some(Status::New)), "{kind:?}");
    }
}

#[test]
fn a_full_queue_responds_503_and_counts_messages_in_flight() {
    for change in [
        |options: &mut Options| options.max_queue_messages = 2,
        |options: &mut Options| {
            options.max_queue_bytes = 10;
        },
    ] {
        let mut core = core_with(change);
        let sender = address("sender:1");
        core.enqueue(Message::text("one"), at(0)).unwrap();
        assert_eq!(receive(&mut core, &sender, "two", None, at(0)), 200);
        let full = EnqueueError::Full { messages: 2, bytes: 10 };
        let deliveries = send(&mut core, at(1));
        assert_eq!(core.in_flight(), deliveries.len());
        assert_eq!(core.enqueue(Message::text("3"), at(2)), Err(full));
        events(&mut core);
        assert_eq!(receive(&mut core, &sender, "3", Some(&address("friend:1")), at(2)), 503);
        assert!(matches!(
            events(&mut core)[..],
            [Event::PeerUpdated { .. }, Event::Refused(Refusal { status: 503, .. }), Event::LimitsMet { .. }]
        ));
        assert_eq!(core.peer(&address("friend:1")), None);
        for delivery in deliveries {
            core.handle_delivery(delivery.id, failed(), at(3));
        }
        assert_eq!((core.queue_len(), core.held_bytes()), (2, 10));
        core.dequeue().unwrap();
        assert!(core.enqueue(Message::text("3"), at(2)).is_ok());
    }
}

#[test]
fn a_message_dropped_by_the_user_is_gone() {
    let mut core = core_with_messages(&["one", "two", "three"]);
    events(&mut core);
    let two = core.queue(1..2).next().unwrap().id;
    assert_eq!(core.drop_message(two).unwrap().message, Message::text("two"));
    assert_eq!(core.drop_message(two), None);
    assert_eq!(core.dequeue().unwrap().message, Message::text("one"));
    assert_eq!((queued(&core), core.held_bytes()), (vec!["three".to_owned()], 7));
    let dropped = |event: &Event| matches!(event, Event::MessageDropped { .. });
    assert_eq!(events(&mut core).iter().filter(|event| dropped(event)).count(), 2);
}

#[test]
fn reclaiming_returns_messages_in_the_order_of_sending() {
    let mut core = core_with_messages(&["one", "two", "three", "four"]);
    for port in 1..=3 {
        core.add_peer(&Address::new("peer", port).unwrap(), at(0));
    }
    core.announce(&address("other:1"), &mut rng()).unwrap();
    let deliveries = send(&mut core, at(1));
    assert_eq!((core.in_flight(), core.queue_len()), (3, 1));
    core.reclaim_in_flight();
    assert_eq!(queued(&core), ["four", "one", "two", "three"]);
    assert_eq!((core.in_flight(), core.held_bytes(), core.counters().failed), (0, 5 + 5 + 7 + 6, 0));
    assert!(core.peers().all(|peer| peer.failed == 0));
    for delivery in deliveries {
        core.handle_delivery(delivery.id, accepted(), at(2));
    }
    assert_eq!((core.queue_len(), core.counters().delivered), (4, 0));
    assert!(core.poll_timeout().is_some());
}

#[test]
fn a_delivery_reclaimed_before_it_was_polled_is_not_made() {
    let mut core = core_with_messages(&["one"]);
    core.add_peer(&address("peer:1"), at(0));
    core.handle_timeout(at(1), &mut rng());
    core.reclaim_in_flight();
    assert!(core.poll_delivery().is_none());
}

#[test]
fn every_visit_of_the_same_bytes_is_counted() {
    let mut core = core_with_messages(&["again"]);
    let sender = address("sender:1");
    receive(&mut core, &sender, "again", None, at(1));
    receive(&mut core, &sender, "other", None, at(1));
    receive(&mut core, &sender, "again", None, at(2));
    let visits: Vec<u32> = core.queue(0..9).map(|queued| queued.visits).collect();
    assert_eq!(visits, [1, 2, 1, 3]);
}

#[test]
fn the_counters_count_every_outcome() {
    let mut core = core_with_messages(&["one"]);
    let sender = address("sender:1");
    receive(&mut core, &sender, "two", None, at(0));
    let announce = payload(Kind::Announce, &sender, Message::null(), None);
    core.accept_payload(&sender, announce, None, at(0));
    let first = send_one(&mut core, at(1));
    core.handle_delivery(first.id, failed(), at(2));
    let second = send_one(&mut core, at(3));
    core.handle_delivery(second.id, accepted(), at(4));
    core.refuse(400, "no payload", None, None, None);
    let expected = Counters {
        received: 1,
        delivered: 1,
        failed: 1,
        enqueued: 1,
        announces: 1,
        refused: 1,
        ..Counters::default()
    };
    assert_eq!(core.counters(), expected);
    let peer = core.peer(&sender).unwrap();
    assert_eq!((peer.received, peer.delivered, peer.failed), (1, 1, 1));
    assert_eq!(peer.round_trip, Some(Duration::from_millis(20)));
}

#[test]
fn the_event_of_a_queued_message_has_visits_and_arrival_time() {
    let mut core = core();
    core.add_peer(&address("peer:1"), at(0));
    receive(&mut core, &address("peer:1"), "m", None, at(500));
    core.enqueue(Message::text("m"), at(700)).unwrap();
    let delivery = send(&mut core, at(1000)).remove(0);
    core.handle_delivery(delivery.id, failed(), at(2000));
    let queued = |event| match event {
        Event::MessageQueued { id, since_ms, visits, .. } => Some((id, since_ms, visits)),
        _ => None,
    };
    let queued: Vec<_> = events(&mut core).into_iter().filter_map(queued).collect();
    assert_eq!(queued, [(MessageId(1), 500, 1), (MessageId(2), 700, 1), (MessageId(3), 500, 1)]);
}

#[test]
fn a_new_send_rate_emits_an_event() {
    let mut core = core();
    core.set_send_rate(2.5, at(0)).unwrap();
    core.set_send_rate(0.0, at(0)).unwrap_err();
    assert_eq!(events(&mut core), [Event::SendRateChanged { rate: 2.5 }]);
}
