//! Made-up names, and payloads with the names of others.

use std::{
    collections::BTreeMap,
    net::{IpAddr, Ipv4Addr},
};

use super::*;

const LIAR: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));
const HONEST: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 2));

/// Duration of a failing delivery to an address without a node, in milliseconds.
const FAILS_AFTER: u64 = 5_000;
/// Duration of a delivery to an alive peer, in milliseconds.
const ANSWERS_AFTER: u64 = 50;

fn made_up(number: u32) -> Address {
    address(&format!("nobody-{number}.example.org:1"))
}

/// A payload without a message from `remote`.
fn announce(core: &mut Core, remote: IpAddr, sender: &Address, friend: Option<&Address>, now: Now) {
    core.record_contact(sender, Some(remote), now);
    let announce = payload(Kind::Announce, sender, Message::null(), friend);
    assert_eq!(core.accept_payload(sender, announce, Some(remote), now).status, 200);
}

/// One hour of a node with default options and ten live peers. `tell` is called ten times per second. Returns the
/// numbers of messages that the live peers accepted, and of all sent ones.
fn simulate_hour(change: impl FnOnce(&mut Options), mut tell: impl FnMut(&mut Core, Now)) -> (u64, u64) {
    let mut core = core_with(|options| {
        options.send_rate = 1.0;
        change(options);
    });
    let living: Vec<Address> = (1..=10).map(|port| Address::new("living", port).unwrap()).collect();
    living.iter().for_each(|peer| add_alive(&mut core, &peer.to_string()));
    let (mut rng, mut sent) = (rng(), 0);
    let mut ends: BTreeMap<(u64, DeliveryId), DeliveryResult> = BTreeMap::new();
    for millis in (0..3_600_000).step_by(100) {
        let now = at(millis);
        while let Some(end) = ends.first_entry().filter(|end| end.key().0 <= millis) {
            let ((_, id), outcome) = end.remove_entry();
            core.handle_delivery(id, outcome, now);
        }
        if core.queue_len() == 0 {
            core.enqueue(Message::text("GNU Terry Pratchett"), now).unwrap();
        }
        tell(&mut core, now);
        core.handle_timeout(now, &mut rng);
        while let Some(delivery) = core.poll_delivery() {
            sent += 1;
            let is_living = living.contains(&delivery.to);
            let (lasts, outcome) =
                if is_living { (ANSWERS_AFTER, accepted()) } else { (FAILS_AFTER, failed()) };
            ends.insert((millis + lasts, delivery.id), outcome);
        }
        events(&mut core);
    }
    (core.counters().delivered, sent)
}

#[test]
fn made_up_friends_cost_live_peers_less_than_a_third_of_the_messages() {
    let (undisturbed, _) = simulate_hour(|_| {}, |_, _| {});
    let mut told = 0;
    let (disturbed, _) = simulate_hour(
        |_| {},
        |core, now| {
            for _ in 0..3 {
                told += 1;
                announce(core, LIAR, &address("liar:1"), Some(&made_up(told)), now);
            }
        },
    );
    let share = disturbed as f64 / undisturbed as f64;
    println!("{told} friends made up: {:.0} % of {undisturbed} messages", share * 100.0);
    assert!(told >= 100_000 && undisturbed > 3500, "{told} {undisturbed}");
    assert!(share > 0.7, "{share}");
}

/// As from so many addresses that no limit per address applies.
#[test]
fn every_second_message_goes_to_a_verified_peer_despite_made_up_names() {
    let mut told = 0;
    for by_their_word in [false, true] {
        let (disturbed, sent) = simulate_hour(
            |options| options.introductions_per_minute = 0,
            |core, now| {
                told += 1;
                let name = made_up(told % 20_000);
                // A second payload of the same sender makes it alive.
                for _ in 0..=usize::from(by_their_word) {
                    announce(core, LIAR, &name, None, now);
                }
            },
        );
        // The last message may be for another peer, and one for a live peer in flight.
        assert!(2 * disturbed + 2 >= sent && sent > 3500, "{disturbed} of {sent}");
    }
}

/// The receivers of the next messages, after five friends were named in reverse alphabetical order.
fn tried(newcomers: NewPeerPolicy) -> String {
    let mut core = core_with(|options| {
        (options.newcomers, options.max_in_flight_per_peer) = (newcomers, 64);
    });
    add_alive(&mut core, "living:1");
    events(&mut core);
    for (second, name) in ["e", "d", "c", "b", "a"].into_iter().enumerate() {
        let friend = Address::new(name, 1).unwrap();
        announce(&mut core, LIAR, &address("living:1"), Some(&friend), at(second as u64));
    }
    (0..5).for_each(|_| drop(core.enqueue(Message::text("GNU"), at(10))));
    let sent = (1..=5).map(|turn| send_one(&mut core, at(turn * 100_000)).to.hostname().to_owned());
    sent.collect::<Vec<_>>().join(" ")
}

#[test]
fn the_order_of_the_new_peers_can_be_chosen() {
    assert_eq!(tried(NewPeerPolicy::Oldest), "e d c b a");
    let always = tried(NewPeerPolicy::Always);
    assert!(!always.contains("living") && always != "e d c b a", "{always}");
    assert_eq!(tried(NewPeerPolicy::EverySecond).matches("living").count(), 2);
}

#[test]
fn introductions_are_counted_by_remote_address() {
    let mut core = core_with(|options| {
        (options.introductions_per_minute, options.introductions_burst) = (6, 3);
    });
    let mut sender = 0;
    let mut introduced = |core: &mut Core, remote, millis| {
        sender += 1;
        announce(core, remote, &made_up(sender), None, at(millis));
        core.peer(&made_up(sender)).is_some()
    };
    assert_eq!([1; 5].map(|_| introduced(&mut core, LIAR, 0)), [true, true, true, false, false]);
    assert!(introduced(&mut core, HONEST, 0));
    assert_eq!([10_000, 10_000].map(|millis| introduced(&mut core, LIAR, millis)), [true, false]);
    assert_eq!(core.counters().limits.of(Limit::Introductions), 3);
    // Known peers and peers that the user adds are not counted.
    announce(&mut core, LIAR, &made_up(1), None, at(10_000));
    assert_eq!(status(&core, &made_up(1)), Some(Status::Alive));
    assert!(core.add_peer(&made_up(99), at(10_000)));
}

#[test]
fn a_message_of_an_untracked_sender_is_accepted() {
    let mut core = core_with(|options| options.introductions_burst = 1);
    announce(&mut core, LIAR, &made_up(1), None, at(0));
    core.record_contact(&made_up(2), Some(LIAR), at(0));
    let message = payload(Kind::Message, &made_up(2), Message::text("hello"), Some(&made_up(3)));
    assert_eq!(core.accept_payload(&made_up(2), message, Some(LIAR), at(0)).status, 200);
    assert_eq!(
        (core.queue_len(), core.peers().count(), core.counters().limits.of(Limit::Introductions)),
        (1, 1, 2)
    );
}

#[test]
fn payloads_above_the_rate_get_429_and_one_event_per_second() {
    let mut core = core_with(|options| (options.payload_rate, options.payload_burst) = (0.5, 4));
    let answers = |core: &mut Core, remote, millis| {
        core.allow_payload(remote, at(millis)).map_err(|answer| answer.status)
    };
    assert_eq!(
        [0; 6]
            .map(|_| answers(&mut core, LIAR, 0))
            .map(|answer| answer.is_ok())
            .iter()
            .filter(|ok| **ok)
            .count(),
        4
    );
    assert_eq!(answers(&mut core, HONEST, 0), Ok(()));
    assert_eq!(answers(&mut core, LIAR, 999), Err(429));
    let answer = core.allow_payload(LIAR, at(1000)).unwrap_err();
    assert_eq!((answer.status, answer.headers), (429, vec![("retry-after".to_owned(), "1".to_owned())]));
    let mut told = events(&mut core);
    told.retain(|event| !matches!(event, Event::LimitsMet { .. }));
    assert!(
        told.iter().all(|event| matches!(event, Event::Refused(refusal) if refusal.remote == Some(LIAR)))
    );
    assert_eq!((told.len(), core.counters().limits.of(Limit::Payloads), core.counters().refused), (2, 4, 4));
    assert!(core.allow_payload(LIAR, at(2000)).is_ok());
}

/// A node with one message and one peer, which is alive only by a claim and may be added by the user.
fn with_claim(added_by_user: bool) -> (Core, Address) {
    let (mut core, peer) = (core(), address("claims:1"));
    if added_by_user {
        core.add_peer(&peer, at(0));
    } else {
        core.record_contact(&peer, Some(HONEST), at(0));
    }
    core.record_contact(&peer, Some(LIAR), at(1));
    assert!(core.peer(&peer).unwrap().is_unverified() && core.peer_counts().unverified == 1);
    core.enqueue(Message::text("1"), at(1)).unwrap();
    (core, peer)
}

/// Number of alive candidates for the next message, after one went to an unverified peer.
fn alive_after_a_try(core: &mut Core) -> usize {
    add_alive(core, "answers:1");
    core.record_contact(&address("stranger:1"), Some(LIAR), at(9));
    if !core.next_is_verified_only() {
        assert_eq!(send_one(core, at(100)).to, address("stranger:1"));
    }
    assert!(core.next_is_verified_only());
    core.free_peers().alive
}

#[test]
fn a_claim_does_not_reduce_the_trust_in_a_user_added_peer() {
    for (added_by_user, alive) in [(true, 2), (false, 1)] {
        assert_eq!(alive_after_a_try(&mut with_claim(added_by_user).0), alive);
        // This node lacked a resource, so the peer was not tried.
        let (mut core, _) = with_claim(added_by_user);
        let delivery = send_one(&mut core, at(2));
        core.handle_delivery(delivery.id, DeliveryResult::Failed(Failure::NoResources), at(3));
        assert_eq!(alive_after_a_try(&mut core), alive);
        // A peer that was tried is like any other.
        let (mut core, peer) = with_claim(added_by_user);
        let delivery = send_one(&mut core, at(2));
        core.handle_delivery(delivery.id, failed(), at(3));
        core.record_contact(&peer, Some(LIAR), at(4));
        assert_eq!(alive_after_a_try(&mut core), 1);
    }
}

#[test]
fn limit_hits_emit_one_event_per_second() {
    let mut core = core();
    let told = |core: &mut Core| -> Vec<u64> {
        let met =
            |event| if let Event::LimitsMet { met } = event { Some(met.of(Limit::Handshakes)) } else { None };
        events(core).into_iter().filter_map(met).collect()
    };
    assert!(told(&mut core).is_empty());
    (0..1000).for_each(|ms| core.record_limit_hit(Limit::Handshakes, at(ms)));
    assert_eq!(told(&mut core), [1], "the first at once");
    core.record_limit_hit(Limit::Connections, at(1000));
    (1000..2500).for_each(|ms| core.record_limit_hit(Limit::Handshakes, at(ms)));
    assert_eq!(told(&mut core), [1000, 2001], "with those in between");
    assert_eq!(core.counters().limits.total(), 2501);
}

#[test]
fn ignoring_an_ipv6_address_ignores_its_network() {
    let mut core = core();
    let [written, other, elsewhere] =
        ["2001:db8::7", "2001:db8::ffff:1:2:3", "2001:db8:0:1::7"].map(|remote| remote.parse().unwrap());
    assert!(core.ignore_remote(written) && !core.ignore_remote(other));
    assert_eq!(core.allow_payload(other, at(0)).map_err(|answer| answer.status), Err(403));
    assert!(!core.is_remote_ignored(elsewhere));
    assert_eq!(core.ignored_remotes().collect::<Vec<_>>(), [written]);
    assert!(core.unignore_remote(other) && !core.is_remote_ignored(written));
}

#[test]
fn a_sender_replaces_a_new_peer_at_the_limit() {
    let mut core = core_with(|options| options.max_new_peers = 2);
    let new = |core: &Core| core.peers().map(|peer| peer.address.to_string()).collect::<Vec<_>>();
    announce(&mut core, HONEST, &address("a:1"), Some(&address("b:1")), at(1));
    announce(&mut core, HONEST, &address("a:1"), Some(&address("c:1")), at(2));
    // The sender is alive by now.
    announce(&mut core, HONEST, &address("a:1"), Some(&address("d:1")), at(3));
    assert_eq!(new(&core), ["b:1", "c:1", "a:1"]);
    let met = |core: &Core| core.counters().limits.of(Limit::NewPeers);
    assert_eq!(met(&core), 1);
    events(&mut core);
    announce(&mut core, HONEST, &address("e:1"), None, at(4));
    assert_eq!((new(&core), met(&core)), (vec!["c:1".into(), "e:1".into(), "a:1".into()], 2));
    assert!(matches!(&events(&mut core)[0], Event::PeerForgotten { peer } if peer.address == address("b:1")));
    // A peer that the user adds is added beyond the limit, and stays.
    assert!(core.add_peer(&address("f:1"), at(5)) && core.peer_counts().new == 3);
    for port in 1..5 {
        announce(&mut core, HONEST, &Address::new("g", port).unwrap(), None, at(6));
    }
    assert!(core.peer(&address("f:1")).is_some());
}

#[test]
fn the_oldest_peer_that_never_responded_is_evicted() {
    let mut core = core_with(|options| options.max_peers = 4);
    add_alive(&mut core, "answers:1");
    core.ignore(&address("ignored:1"), at(0));
    assert!(core.add_peer(&address("named:1"), at(0)));
    announce(&mut core, LIAR, &made_up(1), None, at(1));
    for number in 2..50 {
        announce(&mut core, LIAR, &made_up(number), None, at(u64::from(number)));
        let known: Vec<_> = core.peers().map(|peer| peer.address).collect();
        let [answers, ignored, named] = ["answers:1", "ignored:1", "named:1"].map(address);
        assert_eq!(known, [named, made_up(number), answers, ignored]);
    }
    // No candidate for eviction is left.
    core.ignore(&made_up(49), at(50));
    announce(&mut core, LIAR, &made_up(50), None, at(50));
    assert!(core.peer(&made_up(50)).is_none() && core.peers().count() == 4);
}

#[test]
fn lost_and_dead_peers_are_evicted_after_those_that_never_responded() {
    let mut core = core_with(|options| (options.max_peers, options.max_new_peers) = (3, 3));
    let mut rng = rng();
    // One message for each peer, with its result.
    let mut deliver = |core: &mut Core, outcome: fn() -> DeliveryResult, millis| {
        core.enqueue(Message::text("hello"), at(millis)).unwrap();
        core.handle_timeout(at(millis), &mut rng);
        let delivery = core.poll_delivery().unwrap();
        core.handle_delivery(delivery.id, outcome(), at(millis));
        core.dequeue();
        delivery.to
    };
    let known = |core: &Core| core.peers().map(|peer| peer.address.to_string()).collect::<Vec<_>>();
    for (millis, name) in [(1, "first:1"), (2, "second:1"), (3, "third:1")] {
        core.record_contact(&address(name), Some(HONEST), at(millis));
        // Every second message is for peers that responded before.
        assert!((0..2).any(|_| deliver(&mut core, accepted, millis) == address(name)), "{name}");
    }
    // While all peers are alive, none is evicted.
    announce(&mut core, LIAR, &made_up(0), None, at(4));
    assert_eq!(known(&core), ["first:1", "second:1", "third:1"]);
    (5..200).for_each(|millis| drop(deliver(&mut core, failed, millis)));
    assert_eq!(core.peer_counts().lost, 3);
    // One of them claims to be alive.
    announce(&mut core, LIAR, &address("first:1"), None, at(201));
    announce(&mut core, LIAR, &made_up(1), None, at(202));
    assert_eq!(known(&core), ["nobody-1.example.org:1", "first:1", "third:1"]);
    // Made-up peers are evicted before them.
    announce(&mut core, LIAR, &made_up(2), None, at(203));
    assert_eq!(known(&core), ["nobody-2.example.org:1", "first:1", "third:1"]);
    assert_eq!(core.counters().limits.of(Limit::Peers), 3);
}

#[test]
fn a_claim_does_not_count_as_a_response() {
    let mut core = core();
    let peer = address("peer:1");
    let seen =
        |core: &Core| core.peer(&address("peer:1")).map(|peer| (peer.is_unverified(), peer.ever_responded));
    for _ in 0..2 {
        announce(&mut core, LIAR, &peer, None, at(0));
    }
    assert_eq!(seen(&core), Some((true, false)));
    core.enqueue(Message::text("hello"), at(0)).unwrap();
    let delivery = send_one(&mut core, at(1));
    events(&mut core);
    core.handle_delivery(delivery.id, accepted(), at(2));
    assert_eq!(seen(&core), Some((false, true)));
    assert!(events(&mut core).iter().any(|event| matches!(event, Event::ClaimConfirmed { .. })));

    core.enqueue(Message::text("hello"), at(2)).unwrap();
    let delivery = send_one(&mut core, at(3));
    core.handle_delivery(delivery.id, failed(), at(4));
    announce(&mut core, LIAR, &peer, None, at(5));
    assert_eq!((status(&core, &peer), seen(&core)), (Some(Status::Alive), Some((true, true))));
}

#[test]
fn an_unverified_peer_gets_one_message_at_a_time_and_is_never_a_friend() {
    let mut core = core();
    for number in 0..5 {
        core.enqueue(Message::text(&number.to_string()), at(0)).unwrap();
    }
    for _ in 0..2 {
        announce(&mut core, LIAR, &address("claims:1"), None, at(0));
    }
    assert_eq!(send_one(&mut core, at(1)).to, address("claims:1"));
    assert_eq!(core.poll_timeout(), None);
    add_alive(&mut core, "answers:1");
    assert!(send(&mut core, at(2)).iter().all(|delivery| delivery.payload.friend.is_none()));
}
