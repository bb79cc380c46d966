//! The status table of the protocol, transition by transition.

use super::*;

const KILL_TIMEOUT: u64 = 10_000;
/// Time at which the peer got the status of the column, in milliseconds of uptime.
const THEN: u64 = 100_000;

/// An input that concerns a peer.
#[derive(Debug, Clone, Copy)]
enum Contact {
    Payload,
    Announced,
    SendTaken,
    SendFails,
    /// A send fails exactly at the kill timeout.
    SendFailsAtTimeout,
    SendFailsAfterTimeout,
    OurAnnounceTaken,
    NamedAsFriend,
    AddedByHand,
    /// Only time passes.
    Nothing,
    Ignore,
    IgnoreAndUnignore,
    Unignore,
}

use Contact::{
    AddedByHand, Announced, Ignore, IgnoreAndUnignore, NamedAsFriend, Nothing, OurAnnounceTaken,
    Payload as PayloadComes, SendFails, SendFailsAfterTimeout, SendFailsAtTimeout, SendTaken, Unignore,
};
use Status::{Alive, Dead, Ignored, Lost, New};

fn peer() -> Address {
    address("peer:2")
}

/// A node with one peer, which got this status at [`THEN`], and a message to send.
fn core_with_peer(status: Option<Status>) -> Core {
    let mut core = core_with(|options| options.kill_timeout = Duration::from_millis(KILL_TIMEOUT));
    core.enqueue(Message::text("GNU"), at(0)).unwrap();
    match status {
        None => {}
        Some(New) => assert!(core.add_peer(&peer(), at(THEN))),
        Some(Alive) => {
            core.add_peer(&peer(), at(0));
            core.record_contact(&peer(), None, at(THEN));
        }
        Some(Lost) => {
            core.add_peer(&peer(), at(0));
            end_send(&mut core, failed(), THEN);
        }
        Some(Dead) => {
            core.add_peer(&peer(), at(0));
            end_send(&mut core, failed(), 0);
            end_send(&mut core, failed(), THEN);
        }
        Some(Ignored) => assert!(core.ignore(&peer(), at(THEN))),
    }
    assert_eq!(super::status(&core, &peer()), status);
    events(&mut core);
    core
}

/// A message is sent at once, and the delivery ends at `when`. If the peer is ignored, it is ignored after the start.
fn end_send(core: &mut Core, outcome: DeliveryResult, when: u64) {
    let is_ignored = status(core, &peer()) == Some(Ignored);
    if is_ignored {
        core.unignore(&peer(), at(when));
    }
    let delivery = send_one(core, at(when));
    assert_eq!(delivery.to, peer());
    if is_ignored {
        core.ignore(&peer(), at(when));
        events(core);
    }
    core.handle_delivery(delivery.id, outcome, at(when));
}

fn happen(core: &mut Core, contact: Contact) {
    let soon = THEN + 1;
    match contact {
        Contact::Payload => {
            receive(core, &peer(), "hello", None, at(soon));
        }
        Announced => {
            core.record_contact(&peer(), None, at(soon));
            let announce = payload(Kind::Announce, &peer(), Message::null(), None);
            core.accept_payload(&peer(), announce, None, at(soon));
        }
        SendTaken => end_send(core, accepted(), soon),
        SendFails => end_send(core, failed(), soon),
        SendFailsAtTimeout => end_send(core, failed(), THEN + KILL_TIMEOUT),
        SendFailsAfterTimeout => end_send(core, failed(), THEN + KILL_TIMEOUT + 1),
        OurAnnounceTaken => {
            if let Some(announce) = core.announce(&peer(), &mut rng()) {
                core.handle_delivery(announce, accepted(), at(soon));
            }
        }
        NamedAsFriend => {
            receive(core, &address("other:3"), "hello", Some(&peer()), at(soon));
        }
        AddedByHand => {
            core.add_peer(&peer(), at(soon));
        }
        Nothing => {
            core.handle_timeout(at(THEN + 100 * KILL_TIMEOUT), &mut rng());
        }
        Ignore => {
            core.ignore(&peer(), at(soon));
        }
        IgnoreAndUnignore => {
            core.ignore(&peer(), at(soon));
            core.record_contact(&peer(), None, at(soon));
            assert!(core.unignore(&peer(), at(soon)));
        }
        Unignore => {
            core.unignore(&peer(), at(soon));
        }
    }
}

/// Rows: the input; the resulting status of a peer that was unknown, new, alive, lost, dead, ignored.
const TABLE: [(Contact, [Option<Status>; 6]); 13] = [
    (PayloadComes, [Some(New), Some(Alive), Some(Alive), Some(Alive), Some(Alive), Some(Ignored)]),
    (Announced, [Some(New), Some(Alive), Some(Alive), Some(Alive), Some(Alive), Some(Ignored)]),
    (SendTaken, [None, Some(Alive), Some(Alive), Some(Alive), Some(Alive), Some(Ignored)]),
    (SendFails, [None, Some(Lost), Some(Lost), Some(Lost), Some(Dead), Some(Ignored)]),
    (SendFailsAtTimeout, [None, Some(Lost), Some(Lost), Some(Lost), Some(Dead), Some(Ignored)]),
    (SendFailsAfterTimeout, [None, Some(Lost), Some(Lost), Some(Dead), Some(Dead), Some(Ignored)]),
    (OurAnnounceTaken, [Some(New), Some(Alive), Some(Alive), Some(Alive), Some(Alive), Some(Ignored)]),
    (NamedAsFriend, [Some(New), Some(New), Some(Alive), Some(Lost), Some(Dead), Some(Ignored)]),
    (AddedByHand, [Some(New), Some(New), Some(Alive), Some(Lost), Some(Dead), Some(Ignored)]),
    (Nothing, [None, Some(New), Some(Alive), Some(Lost), Some(Dead), Some(Ignored)]),
    (Ignore, [Some(Ignored), Some(Ignored), Some(Ignored), Some(Ignored), Some(Ignored), Some(Ignored)]),
    (IgnoreAndUnignore, [Some(New), Some(New), Some(Alive), Some(Lost), Some(Dead), Some(New)]),
    (Unignore, [None, Some(New), Some(Alive), Some(Lost), Some(Dead), Some(New)]),
];

const FROM: [Option<Status>; 6] = [None, Some(New), Some(Alive), Some(Lost), Some(Dead), Some(Ignored)];

/// Whether the input is possible for a peer with this status.
fn is_possible(contact: Contact, from: Option<Status>) -> bool {
    from.is_some() || !matches!(contact, SendTaken | SendFails | SendFailsAtTimeout | SendFailsAfterTimeout)
}

#[test]
fn every_transition_of_a_status_is_as_documented() {
    for (contact, row) in TABLE {
        for (from, to) in FROM.into_iter().zip(row) {
            if is_possible(contact, from) {
                let mut core = core_with_peer(from);
                happen(&mut core, contact);
                assert_eq!(status(&core, &peer()), to, "{contact:?} while {from:?}");
            }
        }
    }
}

/// A status changes if and only if an event reports it, and the time of the change is that of the input.
#[test]
fn every_change_of_status_emits_one_event_with_its_time() {
    for (contact, row) in TABLE {
        for (from, to) in FROM.into_iter().zip(row) {
            if !is_possible(contact, from) || matches!(contact, IgnoreAndUnignore) {
                continue;
            }
            let mut core = core_with_peer(from);
            happen(&mut core, contact);
            let told: Vec<(Option<Status>, Status)> =
                events(&mut core).into_iter().filter_map(|event| reported_peer(&event)).collect();
            let expected = if from == to { Vec::new() } else { vec![(from, to.unwrap())] };
            assert_eq!(told, expected, "{contact:?} while {from:?}");
            if let Some(known) = core.peer(&peer()) {
                let is_unchanged = known.since == at(THEN).uptime && known.time == at(THEN).unix_ms;
                assert!(
                    is_unchanged != (from != to) || is_resent(contact, from),
                    "{contact:?} while {from:?}"
                );
            }
        }
    }
}

/// For a delivery in flight to an ignored peer, the test lifts the ignore for a moment.
fn is_resent(contact: Contact, from: Option<Status>) -> bool {
    from == Some(Ignored)
        && matches!(contact, SendTaken | SendFails | SendFailsAtTimeout | SendFailsAfterTimeout)
}

fn reported_peer(event: &Event) -> Option<(Option<Status>, Status)> {
    match event {
        Event::PeerDiscovered { peer: told, .. } if told.address == peer() => Some((None, told.status)),
        Event::PeerUpdated { peer: told, from } if told.address == peer() => Some((Some(*from), told.status)),
        _ => None,
    }
}

#[test]
fn the_kill_timeout_starts_anew_after_each_return() {
    let mut core = core_with_peer(Some(Lost));
    core.record_contact(&peer(), None, at(THEN + KILL_TIMEOUT));
    end_send(&mut core, failed(), THEN + 2 * KILL_TIMEOUT);
    end_send(&mut core, failed(), THEN + 3 * KILL_TIMEOUT);
    assert_eq!(status(&core, &peer()), Some(Lost));
    end_send(&mut core, failed(), THEN + 3 * KILL_TIMEOUT + 1);
    assert_eq!(status(&core, &peer()), Some(Dead));
}

#[test]
fn the_event_says_how_a_peer_was_discovered() {
    let mut core = core();
    let [sender, friend, hand, announced, ignored] =
        ["sender:1", "friend:1", "hand:1", "announced:1", "ignored:1"].map(address);
    receive(&mut core, &sender, "hello", Some(&friend), at(0));
    core.add_peer(&hand, at(0));
    let announce = core.announce(&announced, &mut rng()).unwrap();
    core.handle_delivery(announce, accepted(), at(0));
    core.ignore(&ignored, at(0));
    let told: Vec<(Address, Discovery)> = events(&mut core)
        .into_iter()
        .filter_map(|event| match event {
            Event::PeerDiscovered { peer, introduction, .. } => Some((peer.address, introduction)),
            _ => None,
        })
        .collect();
    let expected = [
        (sender.clone(), Discovery::Inbound),
        (friend, Discovery::Referral(sender)),
        (hand, Discovery::Manual),
        (announced, Discovery::Announce),
        (ignored, Discovery::Manual),
    ];
    assert_eq!(told, expected);
}

#[test]
fn an_ignored_sender_gets_403_and_changes_nothing() {
    let mut core = core();
    core.ignore(&peer(), at(0));
    assert_eq!(receive(&mut core, &peer(), "hello", Some(&address("friend:1")), at(1)), 403);
    let announce = payload(Kind::Announce, &peer(), Message::null(), None);
    assert_eq!(core.accept_payload(&peer(), announce, None, at(1)).status, 403);
    assert_eq!((core.queue_len(), core.peers().count(), core.counters().refused), (0, 1, 2));
    assert_eq!(core.announce(&peer(), &mut rng()), None);
}

#[test]
fn a_failed_announce_adds_no_peer() {
    let mut core = core();
    let announce = core.announce(&peer(), &mut rng()).unwrap();
    core.handle_delivery(announce, failed(), at(1));
    assert_eq!(core.peers().count(), 0);
}

#[test]
fn an_accepted_announce_sets_the_round_trip_and_is_not_a_delivery() {
    for known in [false, true] {
        let mut core = core();
        if known {
            core.add_peer(&peer(), at(0));
        }
        let announce = core.announce(&peer(), &mut rng()).unwrap();
        core.handle_delivery(announce, accepted(), at(1));
        let reached = core.peer(&peer()).unwrap();
        let expected = (Some(Duration::from_millis(20)), 0);
        assert_eq!((reached.round_trip, reached.delivered), expected, "known: {known}");
    }
}

/// A peer of an earlier run with this status since this time.
fn known_since(status: Status, time: u64) -> KnownPeer {
    let address = address(&format!("{status}:1"));
    KnownPeer { address, status, time, ever_responded: false, added_by_user: false, before_ignored: None }
}

#[test]
fn restored_peers_keep_their_status_unless_they_were_new_or_alive() {
    let start = at(THEN);
    // An hour ago, at this moment, and in the future because the clock was set back.
    for (time, kept) in [
        (start.unix_ms - 3_600_000, start.unix_ms - 3_600_000),
        (start.unix_ms, start.unix_ms),
        (u64::MAX, start.unix_ms),
        (0, 0),
    ] {
        let mut core = core();
        core.restore(Status::ALL.map(|status| known_since(status, time)), start);
        let later = at(THEN + 500);
        for status in Status::ALL {
            let (expected, time) = match status {
                New | Alive => (Lost, start.unix_ms),
                stays => (stays, kept),
            };
            let known = core.peer(&address(&format!("{status}:1"))).unwrap();
            assert_eq!((known.status, known.time), (expected, time), "{status}");
            let age = Duration::from_millis(later.unix_ms - time);
            let shown = known.age(later);
            assert!(
                shown == age || !known.since.is_zero() && shown.as_millis() == 500,
                "{status}: {shown:?}"
            );
            let again = KnownPeer::from(known);
            assert_eq!((again.status, again.time), (expected, time), "it is kept so for the next run");
        }
    }
}

#[test]
fn a_restored_lost_peer_dies_after_the_kill_timeout_of_both_runs() {
    const HALF: u64 = KILL_TIMEOUT / 2;
    for (ago, time, expected) in [
        // The whole kill timeout remains, or half of it, or nothing.
        (0, THEN + KILL_TIMEOUT, Lost),
        (0, THEN + KILL_TIMEOUT + 1, Dead),
        (HALF, THEN + HALF, Lost),
        (HALF, THEN + HALF + 1, Dead),
        (u64::MAX, THEN + 1, Dead),
    ] {
        let mut core = core_with_peer(None);
        let since = at(THEN).unix_ms.saturating_sub(ago);
        core.restore([KnownPeer { address: peer(), ..known_since(Lost, since) }], at(THEN));
        end_send(&mut core, failed(), time);
        assert_eq!(status(&core, &peer()), Some(expected), "{ago} ms ago, at {time}");
    }
}

#[test]
fn a_peer_lost_again_in_this_run_starts_a_new_kill_timeout() {
    let mut core = core_with_peer(None);
    core.restore([KnownPeer { address: peer(), ..known_since(Lost, 0) }], at(THEN));
    core.record_contact(&peer(), None, at(THEN + 1));
    end_send(&mut core, failed(), THEN + 10);
    let known = core.peer(&peer()).unwrap();
    assert_eq!(
        (known.status, known.since, known.age(at(THEN + 30))),
        (Lost, at(THEN + 10).uptime, Duration::from_millis(20))
    );
}

#[test]
fn the_node_is_not_its_own_peer() {
    let mut core = core();
    for name in ["tower:1", "TOWER:1"].map(address) {
        assert!(!core.add_peer(&name, at(0)) && !core.ignore(&name, at(0)) && core.is_this_node(&name));
        assert_eq!(core.announce(&name, &mut rng()), None);
        assert_eq!(receive(&mut core, &name, "from us", Some(&name), at(0)), 200);
    }
    assert_eq!(core.peers().count(), 0);
    assert!(core.add_peer(&address("tower:2"), at(0)));
}

#[test]
fn an_alias_of_the_node_is_recognised_and_removed() {
    let mut core = core_with_peer(Some(New));
    end_send(&mut core, DeliveryResult::SelfConnection, THEN);
    assert!(core.is_this_node(&peer()) && !core.add_peer(&peer(), at(THEN)));
    assert_eq!((core.peers().count(), core.queue_len(), core.in_flight()), (0, 1, 0));
    receive(&mut core, &address("other:3"), "hello", Some(&peer()), at(THEN));
    assert_eq!(core.peer(&peer()), None);
}

#[test]
fn aliases_of_the_node_are_remembered_up_to_a_maximum() {
    let mut core = core();
    let names: Vec<_> = (1..=70).map(|port| Address::new("tower.example.org", port).unwrap()).collect();
    for name in &names {
        let id = core.announce(name, &mut rng()).unwrap();
        assert_eq!(core.poll_delivery().map(|delivery| delivery.id), Some(id));
        core.handle_delivery(id, DeliveryResult::SelfConnection, at(0));
    }
    let is_known: Vec<_> = names.iter().map(|name| core.is_this_node(name)).collect();
    assert_eq!(is_known, [[true; 64].as_slice(), &[false; 6]].concat());
}
