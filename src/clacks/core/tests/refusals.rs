//! Messages that peers refuse, peers that ask for a pause, and messages that are too large.

use super::*;

fn peers(core: &mut Core, count: u16) {
    (1..=count).for_each(|port| add_alive(core, &format!("peer:{port}")));
}

fn answered(status: u16, retry_after: Option<u64>) -> DeliveryResult {
    let retry_after = retry_after.map(Duration::from_secs);
    DeliveryResult::Answered(Reply { retry_after, ..Reply::new(status, Duration::ZERO) })
}

/// Sends until nothing is due for an hour. `end` gives the result of each delivery. Returns the receivers.
fn run(core: &mut Core, mut end: impl FnMut(&Delivery) -> DeliveryResult) -> Vec<Address> {
    let (mut now, mut sent) = (1000, Vec::new());
    while let Some(due) = core.poll_timeout().filter(|due| *due < Duration::from_secs(3600)) {
        now = now.max(due.as_millis() as u64 + 1);
        for delivery in send(core, at(now)) {
            sent.push(delivery.to.clone());
            let outcome = end(&delivery);
            core.handle_delivery(delivery.id, outcome, at(now));
        }
        assert!(sent.len() < 1000, "for ever");
    }
    sent
}

#[test]
fn a_message_that_every_peer_refuses_is_held_and_changes_no_peer() {
    for (status, count) in [(413, 1), (413, 2), (500, 3), (400, 5), (422, 12)] {
        let mut core = core();
        peers(&mut core, count);
        core.enqueue(Message::text(&"x".repeat(20_000)), at(0)).unwrap();
        let sent = run(&mut core, |_| answered(status, None));
        assert_eq!(sent.len(), 3, "{status} of {count}");
        let held: Vec<_> = core.held(0..9).map(|held| held.by.clone()).collect();
        assert_eq!((held, core.queue_len()), (vec![HeldBy::Refused], 0));
        assert!(core.peers().all(|peer| peer.status == Status::Alive));
        let origin =
            |event: &Event| matches!(event, Event::MessageHeld { origin: Some(Origin::Returned(_)), .. });
        assert!(events(&mut core).iter().any(origin));
        // A released message is tried like a new one.
        core.release_all();
        assert_eq!(run(&mut core, |_| accepted()).len(), 1);
    }
}

#[test]
fn a_message_that_some_refuse_goes_to_the_others() {
    for replies in 1..=2_u16 {
        let mut core = core();
        peers(&mut core, 6);
        core.enqueue(Message::text("m"), at(0)).unwrap();
        let refuses = |to: &Address| to.port() <= replies;
        let sent =
            run(&mut core, |delivery| if refuses(&delivery.to) { answered(500, None) } else { accepted() });
        let mut once = sent.clone();
        once.sort();
        once.dedup();
        assert_eq!((sent.len(), core.counters().delivered), (once.len(), 1));
    }
}

#[test]
fn refusals_of_many_ports_of_one_address_count_once() {
    let mut core = core();
    peers(&mut core, 11);
    core.enqueue(Message::text(&"x".repeat(20_000)), at(0)).unwrap();
    let remote = Some([192, 0, 2, 1].into());
    let refusal = DeliveryResult::Answered(Reply { remote, ..Reply::new(413, Duration::ZERO) });
    let sent = run(&mut core, |delivery| if delivery.to.port() > 10 { accepted() } else { refusal.clone() });
    assert_eq!((core.held_len(), core.counters().delivered), (0, 1), "{sent:?}");
}

#[test]
fn a_peer_that_refuses_everything_becomes_lost_and_its_refusals_do_not_count() {
    let mut core = core();
    peers(&mut core, 1);
    for text in ["1", "2", "3", "4"] {
        core.enqueue(Message::text(text), at(0)).unwrap();
    }
    let mut ended = 0;
    for now in 1..=10 {
        for delivery in send(&mut core, at(now)) {
            core.handle_delivery(delivery.id, answered(500, None), at(now));
            ended += 1;
            let expected = if ended < 3 { Status::Alive } else { Status::Lost };
            assert_eq!(status(&core, &delivery.to), Some(expected), "after {ended}");
        }
    }
    assert!(ended >= 3 && core.poll_timeout().is_some_and(|due| due >= Duration::from_secs(1)));
    assert_eq!(core.held_len(), 0);
}

#[test]
fn a_busy_peer_is_paused_as_requested_and_keeps_its_status() {
    for (code, asked, seconds) in
        [(503, Some(60), 60), (429, Some(0), 1), (503, Some(100_000), 3600), (429, None, 1)]
    {
        let mut core = core_with(|options| options.max_in_flight_per_peer = 1);
        peers(&mut core, 1);
        core.enqueue(Message::text("m"), at(0)).unwrap();
        let delivery = send_one(&mut core, at(1000));
        core.handle_delivery(delivery.id, answered(code, asked), at(1000));
        let until = Duration::from_secs(1 + seconds);
        assert_eq!((core.poll_timeout(), core.paused_until(&delivery.to)), (Some(until), Some(until)));
        assert_eq!((status(&core, &delivery.to), core.queue_len()), (Some(Status::Alive), 1));
        assert!(send(&mut core, at(seconds * 1000 + 999)).is_empty());
        send_one(&mut core, at(seconds * 1000 + 1000));
    }
}

/// New peers are sent to first, so one that is always busy would take the turns of the others.
#[test]
fn a_busy_new_peer_becomes_lost() {
    for code in [429, 503] {
        let mut core = core();
        core.add_peer(&address("new:1"), at(0));
        core.enqueue(Message::text("m"), at(0)).unwrap();
        let delivery = send_one(&mut core, at(1));
        core.handle_delivery(delivery.id, answered(code, Some(1)), at(1));
        assert_eq!(status(&core, &delivery.to), Some(Status::Lost), "{code}");
        let later = send_one(&mut core, at(1001));
        core.handle_delivery(later.id, accepted(), at(1002));
        assert_eq!(status(&core, &later.to), Some(Status::Alive), "{code}");
    }
}

#[test]
fn a_pause_of_one_peer_does_not_stop_others() {
    let mut core = core();
    peers(&mut core, 2);
    (0..20).for_each(|number| _ = core.enqueue(Message::text(&format!("m{number}")), at(0)));
    let busy = |to: &Address| to.port() == 1;
    let sent =
        run(&mut core, |delivery| if busy(&delivery.to) { answered(503, Some(3600)) } else { accepted() });
    assert!(sent.iter().filter(|to| busy(to)).count() <= 8, "those that were under way at once");
    assert_eq!(core.counters().delivered, 20);
}

#[test]
fn a_message_larger_than_nodes_accept_is_refused() {
    let mut core = core();
    let text = |size: usize| Message::text(&"x".repeat(size - 2));
    let most = Message::MAX_SIZE;
    let id = core.enqueue(text(most), at(0)).unwrap();
    let too_large = EnqueueError::TooLarge { size: most + 1, most };
    assert_eq!(core.enqueue(text(most + 1), at(0)), Err(too_large.clone()));
    assert_eq!(core.replace(id, text(most + 1)), Err(ReplaceError::Refused(too_large.clone())));
    assert_eq!(core.check_enqueue(&text(most + 1)), Err(too_large.clone()));
    assert_eq!(core.check_replace(id, &text(most + 1)), Err(ReplaceError::Refused(too_large)));
    assert_eq!(core.queue_len(), 1);
}

#[test]
fn a_rule_does_not_hold_a_changed_text_that_passes() {
    let mut core = core();
    let id = core.enqueue(Message::text("hold me"), at(0)).unwrap();
    let other = core.enqueue(Message::text("hold me too"), at(0)).unwrap();
    let rule = HoldRule::new("hold", |queued: &QueuedMessage| queued.message.as_json().contains("hold"));
    core.set_hold_rule(Some(rule.clone()));
    core.replace(id, Message::text("go")).unwrap();
    core.hold_these(&rule, &[id, other]);
    assert_eq!((core.queue_position(id), core.held_position(other)), (Some(0), Some(0)));
}

#[test]
fn dropping_many_returns_their_states_and_emits_an_event_for_each() {
    let mut core = core();
    let ids: Vec<_> =
        (0..6).map(|number| core.enqueue(Message::text(&number.to_string()), at(0)).unwrap()).collect();
    core.hold(ids[1]);
    core.hold(ids[4]);
    events(&mut core);
    let dropped = core.drop_these(&[ids[5], ids[1], ids[2], MessageId(99)]);
    let about: Vec<_> = dropped.iter().map(|state| (state.queued.id, state.held.clone())).collect();
    assert_eq!(about, [(ids[1], Some(HeldBy::Hand)), (ids[2], None), (ids[5], None)]);
    assert_eq!(events(&mut core).len(), 3);
    let restored = core.restore_messages(dropped);
    assert_eq!((restored.waiting, restored.held), (2, 1));
    assert_eq!((core.queue_len(), core.held_len()), (4, 2));
}

#[test]
fn the_last_limit_hit_of_a_burst_is_reported() {
    let mut core = core();
    (0..10).for_each(|_| core.record_limit_hit(Limit::Queue, at(100)));
    let counts = |core: &mut Core| {
        let met = |event| match event {
            Event::LimitsMet { met } => Some(met.of(Limit::Queue)),
            _ => None,
        };
        events(core).into_iter().filter_map(met).collect::<Vec<_>>()
    };
    assert_eq!((counts(&mut core), core.poll_timeout()), (vec![1], Some(at(1100).uptime)));
    send(&mut core, at(1100));
    assert_eq!((counts(&mut core), core.poll_timeout()), (vec![10], None));
}

#[test]
fn a_stop_fails_announces_in_flight_with_an_event() {
    let mut core = core();
    core.announce(&address("other:1"), &mut rng()).unwrap();
    core.reclaim_in_flight();
    let failed = Event::AnnounceFailed { peer: address("other:1"), failure: Failure::Stopped };
    assert_eq!(events(&mut core), [failed]);
}

#[test]
fn a_resource_shortage_does_not_mean_there_is_no_receiver() {
    let mut core = core();
    core.add_peer(&address("peer:1"), at(0));
    core.enqueue(Message::text("m"), at(0)).unwrap();
    let delivery = send_one(&mut core, at(1));
    core.handle_delivery(delivery.id, failed(), at(2));
    core.set_draining(true);
    let delivery = send_one(&mut core, at(1000));
    core.handle_delivery(delivery.id, DeliveryResult::Failed(Failure::NoResources), at(1001));
    assert!(!core.has_no_receiver());
}

/// A slow peer delays only messages that all other peers refused.
#[test]
fn refused_messages_wait_for_a_busy_peer_without_blocking_others() {
    let text = |large: bool, number: u16| {
        Message::text(&if large { "x".repeat(20_000 + usize::from(number)) } else { format!("m{number}") })
    };
    for refused in [1_u16, 2, 5, 30] {
        let mut core = core_with(|options| (options.send_rate, options.max_in_flight_per_peer) = (1000.0, 1));
        peers(&mut core, 2);
        let is_late = |to: &Address| to.port() == 1;
        (0..refused).for_each(|number| _ = core.enqueue(text(true, number), at(0)));
        let (mut late, mut delivered) = (None, 0);
        for now in 1..=4 * u64::from(refused) + 100 {
            if now == 2 * u64::from(refused) + 10 {
                assert_eq!(
                    core.queue_len() + core.held_len(),
                    usize::from(refused) - 1,
                    "the rest is refused"
                );
                (0..20).for_each(|number| _ = core.enqueue(text(false, number), at(now)));
            }
            for delivery in send(&mut core, at(now)) {
                if is_late(&delivery.to) {
                    late = Some(delivery.id);
                } else {
                    let is_refused = delivery.payload.message.size() > 20_000;
                    delivered += usize::from(!is_refused);
                    let outcome = if is_refused { answered(413, None) } else { accepted() };
                    core.handle_delivery(delivery.id, outcome, at(now));
                }
            }
        }
        assert!(late.is_some());
        assert_eq!(delivered, 20, "{refused}");
    }
}
