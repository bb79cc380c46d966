//! The share of one machine, or of one slow peer, of messages and slots.

use std::{collections::BTreeMap, net::IpAddr};

use super::*;

fn machine(number: u8) -> IpAddr {
    IpAddr::from([10, number, 0, 1])
}

fn accepted_by(remote: Option<IpAddr>, round_trip: Duration) -> DeliveryResult {
    DeliveryResult::Answered(Reply { remote, ..Reply::new(200, round_trip) })
}

/// The peer accepts an announce at this machine.
fn add_at(core: &mut Core, peer: &Address, remote: Option<IpAddr>) {
    for _ in 0..2 {
        core.record_contact(peer, None, at(0));
    }
    let id = core.announce(peer, &mut rng()).unwrap();
    while core.poll_delivery().is_some() {}
    core.handle_delivery(id, accepted_by(remote, Duration::from_millis(1)), at(0));
}

/// The receivers of this many messages, each accepted at once, and the friends named with them.
fn receivers(
    core: &mut Core,
    messages: u64,
    remote_of: impl Fn(&Address) -> IpAddr,
) -> Vec<(Address, Option<Address>)> {
    let mut rng = rng();
    let mut receivers = Vec::new();
    for number in 0..messages {
        let now = at(1000 + number);
        core.enqueue(Message::text("GNU Terry Pratchett"), now).unwrap();
        core.handle_timeout(now, &mut rng);
        let delivery = core.poll_delivery().unwrap();
        let remote = remote_of(&delivery.to);
        core.handle_delivery(delivery.id, accepted_by(Some(remote), Duration::from_millis(1)), now);
        receivers.push((delivery.to, delivery.payload.friend));
        events(core);
    }
    receivers
}

/// A machine gets one share of messages and friends, whatever its number of names or ports.
#[test]
fn a_machine_with_many_names_gets_the_share_of_one() {
    const HONEST: u8 = 5;
    let liar = machine(100);
    for names in [1_u16, 2, 10, 99, 500] {
        let mut core = core();
        let honest: Vec<Address> =
            (1..=HONEST).map(|number| address(&format!("honest-{number}:1"))).collect();
        for (number, peer) in (1..).zip(&honest) {
            add_at(&mut core, peer, Some(machine(number)));
        }
        for port in 1..=names {
            add_at(&mut core, &Address::new("liar", port).unwrap(), Some(liar));
        }
        let is_honest = |peer: &Address| honest.iter().position(|honest| honest == peer);
        let sent = receivers(&mut core, 3000, |peer| {
            is_honest(peer).map_or(liar, |number| machine(number as u8 + 1))
        });
        let share = |count: usize| count as f64 / sent.len() as f64;
        let messages = share(sent.iter().filter(|(to, _)| is_honest(to).is_none()).count());
        let friends = share(
            sent.iter()
                .filter(|(_, friend)| friend.as_ref().is_some_and(|friend| is_honest(friend).is_none()))
                .count(),
        );
        let fair = 1.0 / f64::from(HONEST + 1);
        assert!((messages / fair - 1.0).abs() < 0.2, "{names} names: {messages} of the messages");
        assert!(friends < 1.3 * fair, "{names} names: {friends} of the friends");
        // Each of its names is equally likely.
        let to_liar: BTreeMap<&Address, usize> = sent.iter().fold(BTreeMap::new(), |mut counts, (to, _)| {
            *counts.entry(to).or_default() += usize::from(is_honest(to).is_none());
            counts
        });
        assert!(to_liar.values().all(|count| *count <= 40 + 600 / usize::from(names)), "{to_liar:?}");
    }
}

/// The peers of a machine move with it. A peer with an unknown machine counts as one.
#[test]
fn the_address_of_the_last_response_counts_as_the_machine() {
    let mut core = core();
    for port in 1..=20 {
        add_at(&mut core, &Address::new("moves", port).unwrap(), Some(machine(1)));
    }
    add_at(&mut core, &address("stays:1"), Some(machine(2)));
    let moved = |to: &Address| if to.hostname() == "moves" { machine(3) } else { machine(2) };
    let sent = receivers(&mut core, 2000, moved);
    let to_stays = sent.iter().filter(|(to, _)| to.hostname() == "stays").count();
    // At two machines, then at three, and at two again after all have moved.
    assert!((600..1100).contains(&to_stays), "{to_stays}");
}

#[test]
fn the_event_says_how_the_receiver_was_chosen() {
    let mut core = core();
    for port in 1..=3 {
        add_at(&mut core, &Address::new("one", port).unwrap(), Some(machine(1)));
    }
    add_at(&mut core, &address("other:1"), Some(machine(2)));
    add_at(&mut core, &address("anywhere:1"), None);
    events(&mut core);
    for number in 0..50 {
        core.enqueue(Message::text("hello"), at(number)).unwrap();
        let delivery = send_one(&mut core, at(number));
        let choice = events(&mut core).into_iter().find_map(|event| match event {
            Event::MessageSending { choice, .. } => Some(choice),
            _ => None,
        });
        let at_place = if delivery.to.hostname() == "one" { 3 } else { 1 };
        let told = choice.map(|choice| (choice.free.alive, choice.alive_places, choice.at_place));
        assert_eq!(told, Some((5, 3, at_place)), "{}", delivery.to);
        let remote = match delivery.to.hostname() {
            "one" => Some(machine(1)),
            "other" => Some(machine(2)),
            _ => None,
        };
        core.handle_delivery(delivery.id, accepted_by(remote, Duration::from_millis(1)), at(number));
        events(&mut core);
    }
}

/// When a peer is slow.
#[derive(Debug, Clone, Copy)]
enum Slow {
    Always,
    /// After this many fast responses.
    After(u32),
    /// At every n-th response.
    Each(u32),
}

/// Messages per second that four fast peers accept beside this many slow ones, in five minutes at a send rate of 50.
fn served(slow: u16, how: Slow, place: impl Fn(&Address) -> Option<IpAddr>) -> f64 {
    const SECONDS: u64 = 300;
    let mut core = core_with(|options| options.send_rate = 50.0);
    let peers = (1..=4)
        .map(|port| Address::new("fast", port))
        .chain((1..=slow).map(|port| Address::new("slow", port)));
    for peer in peers.map(Result::unwrap) {
        add_at(&mut core, &peer, place(&peer));
    }
    let (mut rng, mut ends, mut asked) = (rng(), BTreeMap::new(), BTreeMap::<Address, u32>::new());
    let mut to_fast = 0;
    for millis in (0..SECONDS * 1000).step_by(10) {
        while let Some(end) = ends.first_entry().filter(
            |end: &std::collections::btree_map::OccupiedEntry<'_, (u64, DeliveryId), DeliveryResult>| {
                end.key().0 <= millis
            },
        ) {
            let ((_, id), outcome) = end.remove_entry();
            core.handle_delivery(id, outcome, at(millis));
        }
        while core.queue_len() < 10 {
            core.enqueue(Message::text("GNU Terry Pratchett"), at(millis)).unwrap();
        }
        core.handle_timeout(at(millis), &mut rng);
        while let Some(delivery) = core.poll_delivery() {
            let times = asked.entry(delivery.to.clone()).or_default();
            *times += 1;
            let is_fast = delivery.to.hostname() == "fast"
                || match how {
                    Slow::Always => false,
                    Slow::After(some) => *times <= some,
                    Slow::Each(nth) => *times % nth != 0,
                };
            let lasts = if is_fast { 10 } else { 9500 };
            to_fast += u64::from(delivery.to.hostname() == "fast");
            let outcome = accepted_by(place(&delivery.to), Duration::from_millis(lasts));
            ends.insert((millis + lasts, delivery.id), outcome);
        }
        events(&mut core);
    }
    to_fast as f64 / SECONDS as f64
}

/// The machine of a peer, if known.
type PlaceOf = fn(&Address) -> Option<IpAddr>;

/// Each peer at its own machine, all slow ones at one, all at one, and all at unknown machines.
const PLACES: [(&str, PlaceOf); 4] = [
    ("apart", |peer| {
        Some(IpAddr::from([
            10,
            u8::from(peer.hostname() == "fast"),
            (peer.port() / 256) as u8,
            (peer.port() % 256) as u8,
        ]))
    }),
    ("at two", |peer| {
        Some(if peer.hostname() == "fast" { IpAddr::from([10, 9, 0, peer.port() as u8]) } else { machine(1) })
    }),
    ("together", |_| Some(machine(1))),
    ("unknown", |_| None),
];

#[test]
fn slow_peers_leave_a_share_for_fast_peers() {
    for (slow, how) in [
        (8, Slow::Always),
        (16, Slow::Always),
        (100, Slow::Always),
        (16, Slow::After(20)),
        (16, Slow::Each(2)),
    ] {
        for (where_they_are, place) in PLACES {
            let fair = 50.0 * 4.0 / f64::from(4 + slow);
            let served = served(slow, how, place);
            println!("{slow} slow {how:?}, {where_they_are}: {served:.1} a second, fair: {fair:.1}");
            assert!(served > 0.95 * fair, "{slow} {how:?} {where_they_are}: {served} of {fair}");
        }
    }
}

#[test]
fn a_single_peer_gets_the_maximum_per_peer() {
    let mut core = core();
    (0..100).for_each(|number| drop(core.enqueue(Message::text(&number.to_string()), at(0))));
    add_at(&mut core, &address("alone:1"), Some(machine(1)));
    assert_eq!(send(&mut core, at(10)).len(), core.options().max_in_flight_per_peer);
}

/// A server that responds to everything with a page is not a node, until it sends a payload from its address.
#[test]
fn a_server_that_is_not_a_node_does_not_become_verified() {
    let (page, elsewhere) = (address("page:1"), machine(9));
    let with_body = |remote| {
        DeliveryResult::Answered(Reply { has_body: true, ..Reply::new(200, remote_took()) }).at(remote)
    };
    for speaks_before in [false, true] {
        let mut core = core();
        add_at(&mut core, &address("node:1"), Some(machine(1)));
        add_at(&mut core, &address("node:2"), Some(machine(2)));
        if speaks_before {
            core.record_contact(&page, Some(machine(3)), at(0));
        } else {
            // A referral from the same machine proves nothing.
            let other = address("other:1");
            core.receive(payload(Kind::Other, &other, Message::null(), Some(&page)), Some(machine(3)), at(0));
            core.forget(&other);
        }
        (0..200).for_each(|number| drop(core.enqueue(Message::text(&number.to_string()), at(1))));
        let (mut to_page, mut named, mut sent) = (0, 0, 0);
        for millis in 1..150 {
            for delivery in send(&mut core, at(millis)) {
                sent += 1;
                to_page += u32::from(delivery.to == page);
                named += u32::from(delivery.payload.friend.as_ref() == Some(&page));
                let outcome = match delivery.to.hostname() {
                    "page" => with_body(machine(3)),
                    _ => accepted_by(Some(machine(delivery.to.port() as u8)), remote_took()),
                };
                core.handle_delivery(delivery.id, outcome, at(millis));
            }
        }
        let peer = core.peer(&page).unwrap();
        assert!(sent > 100 && peer.ever_responded && peer.status == Status::Alive);
        assert_eq!((peer.last_attempt_ok, peer.is_unverified()), (speaks_before, !speaks_before));
        assert_eq!(named > 0, speaks_before);
        assert!(to_page <= sent / 2 + 1, "{to_page} of {sent}");
        events(&mut core);
        let confirmed = |core: &mut Core| {
            events(core)
                .iter()
                .filter(|event| matches!(event, Event::ClaimConfirmed { peer } if peer.last_attempt_ok))
                .count()
        };
        core.record_contact(&page, Some(elsewhere), at(200));
        assert_eq!(confirmed(&mut core), 0);
        core.record_contact(&page, Some(machine(3)), at(201));
        core.record_contact(&page, Some(machine(3)), at(202));
        assert_eq!(confirmed(&mut core), usize::from(!speaks_before));
        assert!(core.peer(&page).unwrap().last_attempt_ok);
    }
}

fn remote_took() -> Duration {
    Duration::from_millis(5)
}

impl DeliveryResult {
    /// The same response from this remote address.
    fn at(self, remote: IpAddr) -> Self {
        match self {
            Self::Answered(reply) => Self::Answered(Reply { remote: Some(remote), ..reply }),
            other => other,
        }
    }
}

#[test]
fn an_announce_without_room_fails_with_no_room() {
    let mut core = core_with(|options| options.max_peers = 1);
    core.add_peer(&address("stays:1"), at(0));
    events(&mut core);
    let id = core.announce(&address("other:1"), &mut rng()).unwrap();
    let ended = core.handle_delivery(id, accepted(), at(1));
    assert_eq!(ended, DeliveryResult::Failed(Failure::NoRoom));
    let told = events(&mut core)
        .into_iter()
        .any(|event| event == Event::AnnounceFailed { peer: address("other:1"), failure: Failure::NoRoom });
    assert!(told && core.peer(&address("other:1")).is_none());
}

/// One machine with many responding names and ports does not exclude others for good.
#[test]
fn responding_peers_of_one_address_are_evicted_for_other_addresses_only() {
    for (has_body, crowd) in
        [(false, machine(99)), (true, machine(99)), (false, "2001:db8::1".parse().unwrap())]
    {
        let mut core = core_with(|options| (options.max_peers, options.introductions_per_minute) = (30, 0));
        let honest = |number: u8| address(&format!("honest-{number}:1"));
        (0..20).for_each(|number| add_at(&mut core, &honest(number), Some(machine(number))));
        let own = |number: u16| Address::new("liar", number).unwrap();
        for number in 1..100 {
            core.record_contact(&own(number), Some(crowd), at(0));
            if core.peer(&own(number)).is_some() {
                let id = core.announce_suggested(&own(number), &mut rng()).unwrap();
                let reply = Reply { remote: Some(crowd), has_body, ..Reply::new(200, Duration::ZERO) };
                core.handle_delivery(id, DeliveryResult::Answered(reply), at(0));
            }
        }
        let count = |core: &Core| (0..30).filter(|number| core.peer(&honest(*number)).is_some()).count();
        let last = core.peers().map(|peer| peer.address).filter(|peer| peer.hostname() == "liar").max();
        assert_eq!(
            (count(&core), core.peers().count(), last),
            (20, 30, Some(own(10))),
            "its own find no room"
        );
        for number in 20..29 {
            core.record_contact(&honest(number), Some(machine(number)), at(1));
            assert!(core.peer(&honest(number)).is_some(), "{number}");
            add_at(&mut core, &honest(number), Some(machine(number)));
        }
        assert_eq!((count(&core), core.peers().count()), (29, 30));
        core.record_contact(&honest(29), Some(machine(29)), at(1));
        assert_eq!(count(&core), 29, "each has one");
    }
}

/// A source that introduces many peers, or many names of one address, do not evict others.
#[test]
fn the_largest_group_is_evicted_first() {
    let names: [fn(u16) -> Address; 2] = [
        |number| address(&format!("made-up-{number}:1")),
        |number| Address::new("10.0.0.1", number).unwrap(),
    ];
    for (by_place, name) in [false, true].into_iter().zip(names) {
        for (max_peers, max_new_peers) in [(1000, 30), (30, 1000)] {
            let mut core = core_with(|options| {
                (options.max_peers, options.max_new_peers) = (max_peers, max_new_peers);
                options.introductions_per_minute = 0;
            });
            let honest = |number: u8| address(&format!("honest-{number}:1"));
            for number in 0..20 {
                core.record_contact(&honest(number), Some(machine(number)), at(number.into()));
            }
            for number in 1..500 {
                // One source of names in the first case, as many sources as names in the second.
                let source = if by_place {
                    IpAddr::from([11, (number / 256) as u8, (number % 256) as u8, 1])
                } else {
                    machine(99)
                };
                core.record_contact(&name(number), Some(source), at(1000 + u64::from(number)));
            }
            let left = (0..20).filter(|number| core.peer(&honest(*number)).is_some()).count();
            assert_eq!(left, 20, "by place: {by_place}, {max_peers} peers, {max_new_peers} new");
            assert_eq!(core.peers().count(), 30);
            // One more honest peer finds room among the made-up ones, also as a friend.
            core.record_contact(&honest(20), Some(machine(20)), at(2000));
            receive(&mut core, &honest(0), "hello", Some(&honest(21)), at(2001));
            assert!(core.peer(&honest(20)).is_some() && core.peers().count() <= 31);
            if !by_place && max_new_peers == 30 {
                let friend = payload(Kind::Other, &honest(0), Message::null(), Some(&honest(22)));
                core.accept_payload(&honest(0), friend, Some(machine(0)), at(2002));
                assert!(core.peer(&honest(22)).is_some());
            }
        }
    }
}
