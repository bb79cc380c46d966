use std::time::Duration;

use clacks_p2p::core::{Failure, HeldMessage, MessageId, PluginHold, QueuedMessage, Status};

use super::{
    life::{End, MAX_PASSES, MAX_PEERS, Tally},
    *,
};

fn at(seconds: u64) -> Now {
    Now { uptime: Duration::from_secs(seconds), unix_ms: seconds * 1000 }
}

fn peer(name: &str) -> Peer {
    let mut peer = Peer::new(format!("{name}:1").parse().unwrap(), Status::Alive, at(0));
    peer.last_attempt_ok = true;
    peer
}

fn id() -> MessageId {
    "1".parse().unwrap()
}

fn came(text: &str, from: &str, visits: u32) -> Event {
    Event::MessageReceived {
        peer: peer(from),
        message: Message::text(text),
        id: Some(id()),
        visits,
        remote: None,
        held: None,
    }
}

fn went(text: &str, to: &str) -> Event {
    let round_trip = Duration::from_millis(3);
    Event::MessageDelivered {
        id: id(),
        peer: peer(to),
        message: Message::text(text),
        round_trip,
        place: None,
    }
}

fn counts(tally: &Tally) -> Vec<(String, u32)> {
    tally.peers().iter().map(|(peer, count)| (peer.to_string(), *count)).collect()
}

#[test]
fn a_stay_goes_on_after_a_drop_that_was_taken_back() {
    let mut lives = MessageHistories::default();
    let gnu = Message::text("GNU");
    let back = Event::MessageRestored { was: None, queued: queued("GNU", 1), held: None };
    lives.note(&back, at(0));
    assert!(lives.of(&gnu).is_none());
    lives.note(&came("GNU", "c", 1), at(1));
    lives.note(&Event::MessageDropped { id: id(), message: gnu.clone(), from: None, place: None }, at(2));
    lives.note(&back, at(3));
    lives.note(&went("GNU", "b"), at(4));
    let life = lives.of(&gnu).unwrap();
    let ends: Vec<_> = life.passes.iter().map(|pass| pass.end.clone()).collect();
    assert_eq!((life.visits, ends), (1, vec![End::Went(at(4), peer("b").address)]));
}

fn queued(text: &str, visits: u32) -> QueuedMessage {
    QueuedMessage::new(id(), Message::text(text), 0, visits, None, None)
}

fn ends(lives: &MessageHistories, text: &str) -> Vec<End> {
    let life = lives.of(&Message::text(text)).unwrap();
    life.passes.iter().map(|pass| pass.end.clone()).collect()
}

#[test]
fn what_is_held_at_once_has_come_and_what_was_held_on_the_way_comes_once() {
    let mut lives = MessageHistories::default();
    let held = |text, origin| {
        let held = HeldMessage::new(queued(text, 1), HeldBy::Rule);
        Event::MessageHeld { held, origin }
    };
    lives.note(&held("typed", Some(Origin::Local)), at(1));
    lives.note(&held("typed", None), at(2));
    let from_a = Origin::Received(peer("a").address);
    lives.note(&came("received", "a", 1), at(3));
    lives.note(&held("received", Some(from_a)), at(3));
    assert_eq!(
        (ends(&lives, "typed"), ends(&lives, "received")),
        (vec![End::StillHere], vec![End::StillHere])
    );
}

#[test]
fn a_change_ends_the_stay_of_one_text_and_begins_that_of_another() {
    let mut lives = MessageHistories::default();
    lives.note(&came("GUN", "a", 1), at(1));
    let changed =
        Event::MessageChanged { before: Message::text("GUN"), queued: queued("GNU", 7), held: None };
    lives.note(&changed, at(4));
    lives.note(&went("GNU", "b"), at(5));
    assert_eq!(ends(&lives, "GUN"), [End::Changed(at(4))]);
    assert_eq!(ends(&lives, "GNU"), [End::Went(at(5), peer("b").address)]);
    assert_eq!(lives.of(&Message::text("GNU")).unwrap().visits, 7);
}

#[test]
fn a_plugin_that_changes_holds_or_discards_a_message_is_named_in_its_life() {
    let mut lives = MessageHistories::default();
    let stays = |lives: &MessageHistories, text: &str| {
        let life = lives.of(&Message::text(text)).unwrap();
        life.passes.iter().map(crate::facts::life::stay).collect::<Vec<_>>()
    };
    let discarded = |status| Event::PayloadDiscarded {
        plugin: "filter".into(),
        status,
        reason: None,
        peer: peer("a"),
        kind: Kind::Message,
        message: Message::text("spam"),
        remote: None,
    };
    lives.note(&came("spam", "b", 1), at(0));
    lives.note(&discarded(200), at(1));
    lives.note(&discarded(403), at(2));
    assert_eq!(
        stays(&lives, "spam"),
        ["from b:1, still here", "from a:1, swallowed by filter", "from a:1, refused by filter with 403"]
    );
    let rewritten = Event::MessageRewritten {
        plugin: "reverse".into(),
        peer: peer("a"),
        before: Message::text("UNG"),
        after: [Message::text("GNU")].into(),
        remote: None,
    };
    lives.note(&rewritten, at(3));
    lives.note(&came("GNU", "a", 1), at(3));
    let by = PluginHold { plugin: "gate".into(), reason: None };
    let held = HeldMessage::new(queued("GNU", 1), HeldBy::Plugin(Arc::new(by)));
    lives.note(&Event::MessageHeld { held, origin: Some(Origin::Received(peer("a").address)) }, at(3));
    lives.note(&came("GNU", "a", 2), at(4));
    assert_eq!(stays(&lives, "UNG"), ["from a:1, changed by reverse"]);
    let first = "from a:1, put there by reverse, held by gate, still here";
    assert_eq!(stays(&lives, "GNU"), [first, "from a:1, still here"]);
}

#[test]
fn a_life_is_told_from_what_happened() {
    let mut lives = MessageHistories::default();
    let gnu = Message::text("GNU");
    lives.note(
        &Event::MessageQueued {
            id: id(),
            message: gnu.clone(),
            origin: Origin::Local,
            since_ms: 0,
            visits: 1,
            place: None,
        },
        at(0),
    );
    let failure = Failure::TimedOut;
    lives.note(&Event::DeliveryFailed { id: id(), peer: peer("a"), message: gnu.clone(), failure }, at(1));
    lives.note(&went("GNU", "b"), at(2));
    lives.note(&came("GNU", "c", 2), at(10));
    lives.note(&went("GNU", "b"), at(11));
    lives.note(&came("GNU", "c", 3), at(40));
    let life = lives.of(&gnu).unwrap();
    assert_eq!((life.visits, life.first, life.last), (3, at(0), at(40)));
    assert_eq!(life.interval(), Some(Duration::from_secs(20)));
    assert_eq!((life.shortest, life.longest), (Some(Duration::from_secs(10)), Some(Duration::from_secs(30))));
    assert_eq!(counts(&life.came_from), [("c:1".to_owned(), 2)]);
    assert_eq!(counts(&life.went_to), [("b:1".to_owned(), 2)]);
    let passes: Vec<_> =
        life.passes.iter().map(|pass| (pass.from.is_none(), pass.failed, pass.end.clone())).collect();
    let b = peer("b").address;
    assert_eq!(
        passes,
        [
            (true, 1, End::Went(at(2), b.clone())),
            (false, 0, End::Went(at(11), b)),
            (false, 0, End::StillHere)
        ]
    );
}

#[test]
fn what_keeps_coming_back_is_ranked_by_visits_then_by_the_last() {
    let mut lives = MessageHistories::default();
    for (text, visits) in [("often", 9), ("once", 1), ("early", 2), ("late", 2), ("often", 10)] {
        lives.note(&came(text, "a", visits), at(1));
    }
    let ranking: Vec<_> =
        lives.ranking().map(|life| (life.message.as_text().unwrap(), life.visits)).collect();
    assert_eq!(ranking, [("often".to_owned(), 10), ("late".to_owned(), 2), ("early".to_owned(), 2)]);
    assert_eq!(lives.returned(), 3);
}

#[test]
fn a_flood_of_new_messages_neither_fills_the_memory_nor_drives_out_what_returned() {
    let mut lives = MessageHistories::default();
    lives.note(&came("GNU", "a", 2), at(0));
    let large = "x".repeat(1 << 13);
    for number in 0..3 * MAX_MESSAGES as u64 {
        lives.note(&came(&format!("{number}{large}"), "b", 1), at(number));
    }
    assert!(lives.seen_once.kept.bytes() <= MAX_BYTES && lives.seen_once.by_pass.len() <= MAX_MESSAGES);
    assert_eq!(lives.known.len(), lives.seen_once.by_pass.len() + 1);
    for number in 0..3 * MAX_MESSAGES as u64 {
        lives.note(&came(&number.to_string(), "b", 3), at(number));
    }
    assert_eq!(lives.returned(), MAX_MESSAGES);
    assert_eq!(lives.known.len(), lives.seen_once.by_pass.len() + MAX_MESSAGES);
    assert_eq!(lives.ranking().count(), MAX_MESSAGES);
}

#[test]
fn passes_and_peers_are_bounded() {
    let mut lives = MessageHistories::default();
    for number in 0..200 {
        lives.note(&came("GNU", &format!("tower-{number}"), number + 1), at(u64::from(number)));
    }
    let life = lives.of(&Message::text("GNU")).unwrap();
    assert_eq!((life.passes.len(), life.came_from.peers().len()), (MAX_PASSES, MAX_PEERS));
    assert_eq!(life.came_from.others, 200 - MAX_PEERS as u32);
}

#[test]
fn a_tally_stays_in_order() {
    let mut tally = Tally::default();
    for name in ["a", "b", "c", "c", "b", "c"] {
        tally.count(&peer(name).address);
    }
    assert_eq!(counts(&tally), [("c:1".to_owned(), 3), ("b:1".to_owned(), 2), ("a:1".to_owned(), 1)]);
}

/// A message of so many bytes comes from a peer at a remote address.
fn large(lives: &mut MessageHistories, name: &str, remote: u8, text: &str, visits: u32) -> Message {
    let message = Message::text(text);
    let remote = Some([192, 0, 2, remote].into());
    let event = Event::MessageReceived {
        peer: peer(name),
        message: message.clone(),
        id: Some(id()),
        visits,
        remote,
        held: None,
    };
    lives.note(&event, at(1));
    message
}

#[test]
fn whoever_overtakes_others_stands_before_all_that_have_less() {
    let peers: Vec<Address> = ('a'..='e').map(|name| peer(&name.to_string()).address).collect();
    for order in [[0, 1, 2, 3, 4], [4, 3, 2, 1, 0], [2, 0, 4, 1, 3]] {
        let mut tally = Tally::default();
        for turn in 0..40_usize {
            // Each in its turn runs ahead by one more than the last.
            tally.count(&peers[order[turn * turn % 7 % 5]]);
            tally.count(&peers[order[turn / 8]]);
            let counts: Vec<_> = tally.peers().iter().map(|(_, count)| *count).collect();
            assert!(counts.is_sorted_by(|one, other| one >= other), "{order:?}, turn {turn}: {counts:?}");
        }
    }
}

#[test]
fn however_large_messages_are_their_lives_are_remembered_and_found_by_what_is_kept() {
    for visits in [1, 2] {
        let mut lives = MessageHistories::default();
        let padding = "x".repeat(1_000_000);
        let friendly: Vec<_> = (0..20)
            .map(|number| large(&mut lives, "friend", 1, &format!("{number}{}", &padding[..9000]), visits))
            .collect();
        let rude: Vec<_> = (0..30)
            .map(|number| {
                large(&mut lives, &format!("rude-{number}"), 2, &format!("{padding}{number}"), visits)
            })
            .collect();
        for message in &friendly {
            assert_eq!(lives.of(message).map(|life| &life.message), Some(message), "a friend's is whole");
        }
        let cut: Vec<_> =
            rude.iter().filter(|message| lives.of(message).unwrap().message != **message).collect();
        assert_eq!(cut.len(), 30 - 8, "as many as there is no memory for");
        for message in cut {
            let life = lives.of(message).unwrap();
            assert_eq!(life.stays, 1);
            assert_eq!(
                lives.of(&life.message).map(|found| found.number),
                Some(life.number),
                "by its beginning"
            );
            assert_eq!(lives.place(&life.message), lives.place(message));
        }
        assert!(lives.seen_once.kept.bytes() <= MAX_BYTES && lives.returned.kept.bytes() <= MAX_BYTES);
        // One that comes again is whole again.
        large(&mut lives, "rude-0", 2, &format!("{padding}0"), visits + 1);
        assert_eq!(lives.of(&rude[0]).map(|life| (&life.message, life.stays)), Some((&rude[0], 2)));
        assert_eq!(
            lives.beginnings.len(),
            lives.known.values().filter(|life| life.message.size() < 1000).count()
        );
        assert_eq!(lives.forgotten(), 0);
    }
}

#[test]
fn what_is_written_or_changed_here_again_has_not_come_back() {
    let typed = |text: &str, visits| Event::MessageQueued {
        id: id(),
        message: Message::text(text),
        origin: Origin::Local,
        since_ms: 0,
        visits,
        place: None,
    };
    let changed = |before: &str, text: &str| Event::MessageChanged {
        before: Message::text(before),
        queued: queued(text, 1),
        held: None,
    };
    let twice = vec![typed("m", 1), typed("m", 1)];
    let there_and_back = vec![typed("m", 1), changed("m", "other"), changed("other", "m")];
    for (before, stays) in [(twice, 2), (there_and_back, 2)] {
        let mut lives = MessageHistories::default();
        before.iter().zip(0..).for_each(|(event, second)| lives.note(event, at(second)));
        let life = lives.of(&Message::text("m")).unwrap();
        assert_eq!((life.visits, life.stays, life.interval(), lives.returned()), (1, stays, None, 0));
        lives.note(&came("m", "a", 2), at(100));
        let life = lives.of(&Message::text("m")).unwrap();
        assert_eq!((life.visits, life.interval(), lives.returned()), (2, Some(Duration::from_secs(100)), 1));
    }
}
