//! The limits of [`Options`], and the send rate.

use super::*;

fn core_with_messages(count: usize, change: impl FnOnce(&mut Options)) -> Core {
    let mut core = core_with(change);
    for number in 0..count {
        core.enqueue(Message::text(&number.to_string()), at(0)).unwrap();
    }
    core
}

fn add(core: &mut Core, name: &str, status: Status) {
    match status {
        Status::Alive => add_alive(core, name),
        _ => assert!(core.add_peer(&address(name), at(0))),
    }
}

#[test]
fn deliveries_in_flight_are_one_for_others_and_the_maximum_for_alive_peers() {
    for (status, most) in [(Status::New, 1), (Status::Alive, 3)] {
        let mut core = core_with_messages(10, |options| options.max_in_flight_per_peer = 3);
        add(&mut core, "peer:1", status);
        let deliveries = send(&mut core, at(10));
        assert_eq!((deliveries.len(), core.poll_timeout()), (most, None), "{status}");
        core.handle_delivery(deliveries[0].id, accepted(), at(11));
        assert!(core.poll_timeout().is_some());
        assert_eq!(send(&mut core, at(20)).len() + most - 1, 3);
    }
}

#[test]
fn a_lost_peer_gets_no_delivery_until_all_in_flight_ended() {
    let mut core = core_with_messages(10, |options| options.max_in_flight_per_peer = 3);
    add(&mut core, "peer:1", Status::Alive);
    for delivery in send(&mut core, at(1)) {
        assert_eq!(core.poll_timeout(), None);
        core.handle_delivery(delivery.id, failed(), at(2));
    }
    assert_eq!(send(&mut core, at(3)).len(), 1);
}

#[test]
fn a_removed_peer_that_returns_keeps_its_deliveries_in_flight() {
    let mut core = core_with_messages(3, |_| {});
    let peer = address("peer:1");
    core.add_peer(&peer, at(0));
    let delivery = send_one(&mut core, at(1));
    assert!(core.forget(&peer) && !core.forget(&peer) && core.add_peer(&peer, at(1)));
    assert_eq!(core.poll_timeout(), None);
    core.handle_delivery(delivery.id, failed(), at(2));
    assert_eq!(status(&core, &peer), Some(Status::Lost));
    let delivery = send_one(&mut core, at(3));
    assert_eq!(core.poll_timeout(), None);
    core.handle_delivery(delivery.id, accepted(), at(4));
    assert_eq!(status(&core, &peer), Some(Status::Alive));
}

#[test]
fn deliveries_in_flight_are_bounded_in_total() {
    let mut core = core_with_messages(100, |options| options.max_in_flight = 5);
    for port in 1..=20 {
        add(&mut core, &format!("peer:{port}"), Status::Alive);
    }
    let deliveries = send(&mut core, at(10));
    assert_eq!((deliveries.len(), core.in_flight(), core.poll_timeout()), (5, 5, None));
    core.handle_delivery(deliveries[2].id, failed(), at(11));
    assert_eq!(send(&mut core, at(20)).len(), 1);
}

#[test]
fn silent_peers_get_at_most_half_of_the_deliveries() {
    let mut core = core_with_messages(100, |options| options.max_in_flight = 5);
    for port in 1..=20 {
        core.add_peer(&Address::new("silent", port).unwrap(), at(0));
    }
    let deliveries = send(&mut core, at(10));
    assert_eq!((deliveries.len(), core.poll_timeout()), (3, None));
    ["alive:1", "alive:2"].into_iter().for_each(|name| add(&mut core, name, Status::Alive));
    let to_alive = send(&mut core, at(20));
    assert_eq!(to_alive.iter().map(|delivery| delivery.to.hostname()).collect::<Vec<_>>(), ["alive"; 2]);
    core.handle_delivery(deliveries[0].id, failed(), at(21));
    assert_eq!(send_one(&mut core, at(22)).to.hostname(), "silent");
}

#[test]
fn a_sender_beyond_the_limit_of_peers_is_served_but_not_added() {
    let mut core = core_with(|options| options.max_peers = 2);
    let stranger = address("stranger:1");
    assert!(core.add_peer(&address("a:1"), at(0)) && core.add_peer(&address("b:1"), at(0)));
    assert!(!core.add_peer(&stranger, at(0)));
    assert_eq!(receive(&mut core, &stranger, "hello", Some(&address("c:1")), at(0)), 200);
    assert_eq!((core.queue_len(), core.peers().count()), (1, 2));
    // Peers that the user ignores are added beyond the limit.
    assert!(core.ignore(&stranger, at(0)));
    assert_eq!(receive(&mut core, &stranger, "hello", None, at(0)), 403);
    core.forget(&address("a:1"));
    core.forget(&stranger);
    assert!(core.add_peer(&address("c:1"), at(0)));
}

#[test]
fn the_next_send_is_due_an_interval_after_the_last() {
    let mut core = core_with_messages(10, |options| options.send_rate = 2.0);
    add(&mut core, "peer:1", Status::Alive);
    let due = |core: &Core| core.poll_timeout().unwrap().as_millis();
    send_one(&mut core, at(10_000));
    assert_eq!(due(&core), 10_500);
    assert!(send(&mut core, at(10_499)).is_empty());
    send_one(&mut core, at(10_500));
    assert_eq!(due(&core), 11_000);
}

#[test]
fn a_new_rate_counts_from_now() {
    let mut core = core_with_messages(10, |options| options.send_rate = 0.001);
    add(&mut core, "peer:1", Status::Alive);
    send_one(&mut core, at(0));
    core.set_send_rate(10.0, at(5_000)).unwrap();
    assert_eq!((core.poll_timeout(), core.options().send_rate), (Some(Duration::from_millis(5_100)), 10.0));
}

#[test]
fn invalid_options_are_refused() {
    for rate in [0.0, -1.0, 0.000_9, 100_000.1, f64::NAN, f64::INFINITY] {
        assert!(core().set_send_rate(rate, at(0)).is_err(), "{rate}");
    }
    for rate in [0.001, 100_000.0] {
        assert!(core().set_send_rate(rate, at(0)).is_ok(), "{rate}");
    }
    let with_payload_rate = |payload_rate| Core::new(Options { payload_rate, ..Options::new(ourselves()) });
    for rate in [-0.001, 1_000_000.1, f64::NAN, f64::INFINITY] {
        assert!(with_payload_rate(rate).is_err(), "{rate}");
    }
    for rate in [0.0, 0.001, 1_000_000.0] {
        assert!(with_payload_rate(rate).is_ok(), "{rate}");
    }
    let zeros: [fn(&mut Options); 9] = [
        |options| options.send_rate = 0.0,
        |options| options.max_peers = 0,
        |options| options.payload_burst = 0,
        |options| options.introductions_burst = 0,
        |options| options.max_in_flight = 0,
        |options| options.max_in_flight_per_peer = 0,
        |options| options.max_queue_messages = 0,
        |options| options.max_queue_bytes = 0,
        |options| options.max_message_bytes = 0,
    ];
    for zero in zeros {
        let mut options = Options::new(ourselves());
        zero(&mut options);
        assert!(Core::new(options).is_err());
    }
    // Zeros that mean no limit or no time are valid.
    let options = Options {
        introductions_per_minute: 0,
        payload_rate: 0.0,
        max_new_peers: 0,
        max_depth: 0,
        kill_timeout: Duration::ZERO,
        ..Options::new(ourselves())
    };
    assert!(Core::new(options).is_ok());
}
