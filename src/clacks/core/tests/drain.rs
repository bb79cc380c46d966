//! Draining before a node stops.

use super::*;

/// A node with this many messages that sends one every 1,000 seconds.
fn slow_core(messages: usize) -> Core {
    let mut core = core_with(|options| options.send_rate = 0.001);
    for number in 1..=messages {
        core.enqueue(Message::text(&number.to_string()), at(0)).unwrap();
    }
    core
}

#[test]
fn a_resource_shortage_while_draining_does_not_change_the_peer() {
    for draining in [false, true] {
        let mut core = core();
        add_alive(&mut core, "peer:1");
        core.enqueue(Message::text("hello"), at(0)).unwrap();
        core.set_draining(draining);
        let delivery = send_one(&mut core, at(1));
        core.handle_delivery(delivery.id, DeliveryResult::Failed(Failure::NoResources), at(2));
        let peer = core.peer(&address("peer:1")).unwrap();
        assert_eq!((peer.status, peer.last_attempt_ok, peer.failed), (Status::Alive, true, 0));
        assert_eq!((core.queue_len(), core.counters().failed), (1, 1));
        // It is not tried continuously.
        let next = core.poll_timeout().unwrap();
        assert!(!draining || next > at(2).uptime, "{next:?}");
    }
}

#[test]
fn a_draining_node_refuses_messages_and_accepts_announces() {
    let mut core = slow_core(1);
    let sender = address("peer:1");
    core.set_draining(true);
    let message = payload(Kind::Message, &sender, Message::text("no"), Some(&address("friend:1")));
    core.record_contact(&sender, None, at(0));
    let answer = core.accept_payload(&sender, message, None, at(0));
    assert_eq!((answer.status, core.queue_len()), (503, 1));
    assert_eq!(answer.headers, [("retry-after".to_owned(), "60".to_owned())]);
    let announce = payload(Kind::Announce, &sender, Message::null(), None);
    assert_eq!(core.accept_payload(&sender, announce, None, at(0)), Response::accepted());
    assert_eq!(core.enqueue(Message::text("no"), at(0)), Err(EnqueueError::Draining));

    core.set_draining(false);
    assert_eq!(receive(&mut core, &sender, "yes", None, at(1)), 200);
    assert!(core.enqueue(Message::text("yes"), at(0)).is_ok());
}

#[test]
fn a_draining_node_counts_only_a_full_queue_as_a_limit_hit() {
    for (room, counted) in [(1, 1), (2, 0)] {
        let mut core = core_with(|options| options.max_queue_messages = room);
        core.enqueue(Message::text("1"), at(0)).unwrap();
        core.set_draining(true);
        assert_eq!(receive(&mut core, &address("peer:1"), "2", None, at(1)), 503);
        assert_eq!((core.counters().limits.of(Limit::Queue), core.counters().refused), (counted, 1));
    }
}

#[test]
fn a_draining_node_sends_up_to_the_maximum_in_flight_at_once() {
    let mut core = slow_core(100);
    add_alive(&mut core, "a:1");
    add_alive(&mut core, "b:1");
    assert_eq!(send(&mut core, at(0)).len(), 1, "at the send rate");
    core.set_draining(true);
    let mut under_way = send(&mut core, at(1));
    assert_eq!(under_way.len(), 15, "eight to each of the two");
    let mut delivered = 0;
    while !under_way.is_empty() {
        for delivery in under_way {
            core.handle_delivery(delivery.id, accepted(), at(1));
            delivered += 1;
        }
        under_way = send(&mut core, at(1));
    }
    assert_eq!((delivered, core.queue_len(), core.in_flight()), (99, 0, 1));
}

#[test]
fn draining_keeps_held_messages() {
    let mut core = slow_core(2);
    let first = core.queue(0..1).next().unwrap().id;
    core.hold(first);
    add_alive(&mut core, "a:1");
    core.set_draining(true);
    assert_eq!(send_one(&mut core, at(1)).payload.message, Message::text("2"));
    assert_eq!((core.held_len(), core.poll_timeout()), (1, None));
}

/// The held messages with their ids and reasons.
fn held_by(core: &Core) -> Vec<(MessageId, String, HeldBy)> {
    let text = |held: &HeldMessage| held.queued.message.as_text().unwrap();
    core.held(0..usize::MAX).map(|held| (held.queued.id, text(held), held.by.clone())).collect()
}

#[test]
fn draining_with_held_messages_sends_them_and_holds_the_rest_again() {
    // Numbers of accepted messages, and of messages in flight when the drain ends.
    for (accepted, on_the_way) in [(0, 0), (0, 2), (1, 0), (2, 3), (4, 2), (6, 0)] {
        let mut core = slow_core(1);
        let rule = HoldRule::new("red", |queued: &QueuedMessage| queued.message.as_json().contains("red"));
        core.set_hold_rule(Some(rule));
        for text in ["red a", "b", "red c", "d", "red e"] {
            core.enqueue(Message::text(text), at(0)).unwrap();
        }
        let ids: Vec<_> = core.queue(0..9).map(|queued| queued.id).collect();
        ids[1..].iter().for_each(|id| assert!(core.hold(*id)));
        let before = held_by(&core);
        assert_eq!((before.len(), core.queue_len()), (5, 1));
        add_alive(&mut core, "a:1");
        core.drain_with_held();
        let mut under_way = send(&mut core, at(1));
        assert_eq!((under_way.len(), core.held_len()), (6, 0));
        let rest = under_way.split_off(accepted);
        let gone: Vec<_> =
            under_way.iter().map(|delivery| delivery.payload.message.as_text().unwrap()).collect();
        under_way
            .into_iter()
            .for_each(|delivery| drop(core.handle_delivery(delivery.id, super::accepted(), at(1))));
        let (fails_now, fails_later) = rest.split_at(rest.len() - on_the_way);
        for delivery in fails_now {
            core.handle_delivery(delivery.id, failed(), at(2));
        }
        core.set_draining(false);
        for delivery in fails_later {
            core.handle_delivery(delivery.id, failed(), at(3));
        }
        let expected: Vec<_> = before.into_iter().filter(|(_, text, _)| !gone.contains(text)).collect();
        assert_eq!(held_by(&core), expected, "{accepted} accepted, {on_the_way} on the way");
        assert_eq!(core.hold_rule().map(HoldRule::text), Some("red"));
        assert_eq!(core.queue_len(), usize::from(!gone.contains(&"1".to_owned())));
        // A release is not undone.
        core.release_all();
        core.set_draining(false);
        assert_eq!(core.held_len(), 0);
    }
}

#[test]
fn a_draining_node_tries_lost_peers_only_without_others_and_slowly() {
    let mut core = slow_core(50);
    let (live, bad) = (address("good:1"), address("bad:1"));
    add_alive(&mut core, "good:1");
    add_alive(&mut core, "bad:1");
    core.set_draining(true);
    let mut probes = 0;
    let mut now = 1;
    while core.queue_len() > 10 {
        for delivery in send(&mut core, at(now)) {
            probes += usize::from(delivery.to == bad);
            let outcome = if delivery.to == bad { failed() } else { accepted() };
            core.handle_delivery(delivery.id, outcome, at(now));
        }
        now += 1;
    }
    assert!((1..=8).contains(&probes), "{probes} probes of the bad peer");
    assert!(!core.has_no_receiver());

    core.ignore(&live, at(now));
    let began = now;
    while !core.has_no_receiver() {
        for delivery in send(&mut core, at(now)) {
            core.handle_delivery(delivery.id, failed(), at(now));
        }
        now += 1;
        assert!(now < began + 1000);
    }
    core.handle_timeout(at(now), &mut rng());
    assert!(core.poll_delivery().is_none(), "the next try waits");
}

#[test]
fn there_is_no_receiver_without_peers_or_after_each_lost_peer_failed() {
    let mut core = slow_core(10);
    assert!(core.has_no_receiver());
    core.ignore(&address("rude:1"), at(0));
    assert!(core.has_no_receiver());
    for port in 1..=3 {
        core.add_peer(&Address::new("peer", port).unwrap(), at(0));
    }
    core.set_draining(true);
    assert!(!core.has_no_receiver());
    let under_way = send(&mut core, at(1));
    assert_eq!(under_way.len(), 3);
    for delivery in under_way {
        assert!(!core.has_no_receiver(), "one may still take it");
        core.handle_delivery(delivery.id, failed(), at(1));
    }
    assert!(core.has_no_receiver());
    core.record_contact(&address("peer:2"), None, at(2));
    assert!(!core.has_no_receiver());
    let delivery = send(&mut core, at(3)).remove(0);
    core.handle_delivery(delivery.id, accepted(), at(3));
    assert!(!core.has_no_receiver());
}
