//! One address is one peer, in every spelling and in every way in which it is named.

use super::*;

/// Spellings of one address each, with another address.
const PLACES: [(&[&str], &str); 4] = [
    (
        &["tower.example.org:8080", "TOWER.example.org:8080", "Tower.Example.Org:8080"],
        "tower.example.com:8080",
    ),
    (&["[2001:db8::a]:80", "[2001:0DB8:0:0::A]:80", "[2001:db8:0:0:0:0:0:a]:80"], "[2001:db8::b]:80"),
    (&["127.0.0.1:9", "[::ffff:127.0.0.1]:9", "[::FFFF:7f00:1]:9"], "[::1]:9"),
    (&["localhost:9", "LOCALHOST:9", "lOcalhosT:9"], "localhost:10"),
];

type WayIn = fn(&mut Core, &Address);

/// Ways in which a peer becomes known.
const WAYS_IN: [(&str, WayIn); 6] = [
    ("sender", |core, name| drop(core.record_contact(name, None, at(1)))),
    ("friend", |core, name| assert_eq!(receive(core, &address("other:1"), "hello", Some(name), at(1)), 200)),
    ("added", |core, name| _ = core.add_peer(name, at(1))),
    ("announce", |core, name| {
        if let Some(id) = core.announce(name, &mut rng()) {
            core.handle_delivery(id, accepted(), at(1));
        }
    }),
    ("restored", |core, name| {
        let peer = Peer::new(name.clone(), Status::Lost, at(0));
        core.restore([KnownPeer::from(peer)], at(1));
    }),
    ("ignored", |core, name| _ = core.ignore(name, at(1))),
];

/// Calls `test` for every two spellings of an address, and another address.
fn for_each_two(mut test: impl FnMut(&Address, &Address, &Address)) {
    for (spellings, another) in PLACES {
        for one in spellings {
            for other in spellings {
                test(&address(one), &address(other), &address(another));
            }
        }
    }
}

fn of_place(core: &Core, name: &Address) -> Vec<Peer> {
    core.peers().filter(|peer| peer.address == *name).collect()
}

#[test]
fn another_spelling_of_a_known_peer_adds_no_second_peer() {
    for_each_two(|one, other, another| {
        for (first, way_in) in WAYS_IN {
            for (second, way_in_again) in WAYS_IN {
                let mut core = core();
                way_in(&mut core, one);
                way_in_again(&mut core, other);
                let peers = of_place(&core, one);
                let is_found = core.peer(other).is_some() && core.peer(another).is_none();
                assert!(peers.len() == 1 && is_found, "{one} {first}, {other} {second}: {peers:?}");
                // The first spelling is used on the wire.
                assert_eq!(peers[0].address.hostname(), one.hostname());
                way_in_again(&mut core, another);
                assert_eq!(of_place(&core, another).len(), 1);
            }
        }
    });
}

#[test]
fn an_ignored_peer_is_ignored_in_every_spelling() {
    for_each_two(|one, other, another| {
        for (way, way_in) in WAYS_IN {
            let mut core = core();
            way_in(&mut core, one);
            core.ignore(one, at(2));
            assert!(!core.ignore(other, at(2)), "{one} {way}");
            assert_eq!(receive(&mut core, other, "hello", None, at(3)), 403, "{one} {way}, {other}");
            assert_eq!(core.announce(other, &mut rng()), None);
            assert_eq!(receive(&mut core, another, "hello", None, at(3)), 200);
            WAYS_IN.into_iter().for_each(|(_, way_in)| way_in(&mut core, other));
            assert_eq!(status(&core, one), Some(Status::Ignored), "{one} {way}, {other}");
            // No message is sent there.
            while core.poll_delivery().is_some() {}
            assert!(send(&mut core, at(10_000)).iter().all(|delivery| delivery.to != *one));
            assert!(core.unignore(other, at(4)) && status(&core, one) != Some(Status::Ignored));
        }
    });
}

#[test]
fn of_two_spellings_in_a_state_file_the_ignored_one_wins() {
    for_each_two(|one, other, _| {
        for order in [[0, 1], [1, 0]] {
            let known = [(one, Status::Alive), (other, Status::Ignored)]
                .map(|(name, status)| KnownPeer::from(Peer::new(name.clone(), status, at(0))));
            let mut core = core();
            core.restore(order.map(|number| known[number].clone()), at(1));
            assert_eq!(core.peers().count(), 1);
            assert_eq!(receive(&mut core, one, "hello", None, at(2)), 403, "{one}, {other}");
        }
    });
}

#[test]
fn forgetting_and_aliases_apply_to_every_spelling() {
    for_each_two(|one, other, another| {
        let mut core = core();
        core.add_peer(one, at(0));
        assert!(core.forget(other) && core.peers().next().is_none());
        let announce = core.announce(one, &mut rng()).unwrap();
        core.handle_delivery(announce, DeliveryResult::SelfConnection, at(1));
        assert!(core.is_this_node(other) && !core.is_this_node(another));
        for (way, way_in) in WAYS_IN {
            way_in(&mut core, other);
            assert!(of_place(&core, one).is_empty(), "{other} {way}");
        }
    });
}

#[test]
fn deliveries_in_flight_count_for_every_spelling() {
    for_each_two(|one, other, _| {
        let mut core = core();
        core.enqueue(Message::text("1"), at(0)).unwrap();
        core.enqueue(Message::text("2"), at(0)).unwrap();
        core.add_peer(one, at(0));
        let delivery = send_one(&mut core, at(1));
        core.forget(one);
        core.add_peer(other, at(1));
        assert_eq!(core.poll_timeout(), None, "{one}, {other}");
        core.handle_delivery(delivery.id, accepted(), at(2));
        assert_eq!(core.peer(one).map(|peer| peer.delivered), Some(1));
    });
}
