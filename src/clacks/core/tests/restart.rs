//! Peers that are restored from an earlier run.

use proptest::{collection::vec, prelude::*, sample::select};

use super::*;

/// The peers of a node after a restart with this limit.
fn restarted(core: &Core, max_peers: usize) -> Core {
    let known: Vec<KnownPeer> = core.peers().map(KnownPeer::from).collect();
    let json = serde_json::to_string(&known).unwrap();
    let mut core = core_with(|options| options.max_peers = max_peers);
    core.restore(serde_json::from_str::<Vec<KnownPeer>>(&json).unwrap(), at(0));
    core
}

fn known(name: &str, status: Status, added_by_user: bool, ever_responded: bool) -> KnownPeer {
    KnownPeer { ever_responded, added_by_user, ..KnownPeer::from(Peer::new(address(name), status, at(0))) }
}

fn names(core: &Core) -> Vec<String> {
    core.peers().map(|peer| peer.address.hostname().to_owned()).collect()
}

#[test]
fn ignored_peers_are_restored_beyond_the_limit() {
    let mut core = core_with(|options| options.max_peers = 2);
    assert!(core.add_peer(&address("a:1"), at(0)) && core.add_peer(&address("b:1"), at(0)));
    assert!(core.ignore(&address("z:1"), at(0)));
    for (max_peers, expected) in [(2, &["a", "b", "z"][..]), (1, &["a", "z"]), (9, &["a", "b", "z"])] {
        let mut restarted = restarted(&core, max_peers);
        assert_eq!(names(&restarted), expected, "{max_peers}");
        assert_eq!(receive(&mut restarted, &address("z:1"), "hello", None, at(1)), 403);
    }
}

#[test]
fn a_restart_prefers_user_added_then_responding_peers() {
    // The alphabetical order is the reverse.
    let all = [
        known("a:1", Status::Lost, false, false),
        known("b:1", Status::Alive, false, false),
        known("c:1", Status::Alive, false, true),
        known("d:1", Status::Dead, false, true),
        known("e:1", Status::New, true, false),
        known("f:1", Status::Lost, true, true),
        known("g:1", Status::Ignored, false, false),
    ];
    for (max_peers, expected) in [
        (1, &["f", "g"][..]),
        (2, &["e", "f", "g"]),
        (3, &["c", "e", "f", "g"]),
        (4, &["c", "e", "f", "d", "g"]),
        (5, &["a", "c", "e", "f", "d", "g"]),
        (6, &["a", "b", "c", "e", "f", "d", "g"]),
    ] {
        let mut core = core_with(|options| options.max_peers = max_peers);
        core.restore(all.clone(), at(0));
        assert_eq!(names(&core), expected, "{max_peers}");
    }
}

/// A node whose peer has this status, if it is known.
fn with(status: Option<Status>, peer: &Address) -> Core {
    let mut core = core_with(|options| options.kill_timeout = Duration::ZERO);
    core.enqueue(Message::text("hello"), at(0)).unwrap();
    let fails = match status {
        Some(Status::Lost) => 1,
        Some(Status::Dead) => 2,
        _ => 0,
    };
    if status.is_some() {
        core.add_peer(peer, at(0));
    }
    if status == Some(Status::Alive) {
        core.record_contact(peer, None, at(0));
    }
    for time in 0..fails {
        let delivery = send_one(&mut core, at(10 * time));
        core.handle_delivery(delivery.id, failed(), at(10 * time + 1));
    }
    assert_eq!(super::status(&core, peer), status);
    core
}

#[test]
fn an_ignored_peer_keeps_its_former_status_over_a_restart() {
    let peer = address("peer:1");
    for status in [None, Some(Status::New), Some(Status::Alive), Some(Status::Lost), Some(Status::Dead)] {
        let mut core = with(status, &peer);
        core.ignore(&peer, at(1));
        assert_eq!(core.peer(&peer).unwrap().before_ignored, status);
        let mut restarted = restarted(&restarted(&core, 9), 9);
        assert!(restarted.unignore(&peer, at(2)));
        assert_eq!(super::status(&restarted, &peer), Some(status.unwrap_or(Status::New)));
        assert_eq!(restarted.peer(&peer).unwrap().before_ignored, None);
    }
}

#[test]
fn a_restart_remembers_that_a_peer_responded_and_evicts_it_later() {
    let mut core = core_with(|options| options.max_peers = 2);
    core.restore(
        [known("a:1", Status::Alive, false, true), known("b:1", Status::Alive, false, false)],
        at(0),
    );
    assert!(
        core.peer(&address("a:1")).unwrap().ever_responded
            && !core.peer(&address("b:1")).unwrap().ever_responded
    );
    core.record_contact(&address("c:1"), None, at(1));
    assert_eq!(names(&core), ["c", "a"]);
}

proptest! {
    /// The saved data of each peer is what it is restored with.
    #[test]
    fn a_restart_keeps_the_data_of_a_peer(
        peers in vec((0_u16..9, select(Status::ALL.to_vec()), any::<bool>(), any::<bool>()), 0..9),
    ) {
        let mut core = core();
        core.restore(peers.iter().map(|(port, status, added_by_user, ever_responded)| {
            known(&format!("peer:{}", port + 1), *status, *added_by_user, *ever_responded)
        }), at(0));
        let again = restarted(&core, 9);
        let brief = |core: &Core| core.peers().map(|peer| {
            (peer.address, peer.status == Status::Ignored, peer.added_by_user, peer.ever_responded, peer.before_ignored)
        }).collect::<Vec<_>>();
        prop_assert_eq!(brief(&core), brief(&again));
    }
}
