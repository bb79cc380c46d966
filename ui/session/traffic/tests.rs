use std::time::Duration;

use clacks_feed::{Direction, Key, filter::Scope};
use clacks_p2p::{
    Address, Message,
    core::{Event as CoreEvent, Failure, HeldBy, HeldMessage, Now, Origin, Peer, QueuedMessage, Status},
};
use clacks_text::charset::Charset;

use super::{
    every_event::{feed_event, network, row_of},
    row::Row,
    *,
};

fn note(log: &mut Log, event: CoreEvent, unix_ms: u64) -> bool {
    log.note(&feed_event(event, unix_ms), &network())
}

fn say(log: &mut Log, text: &str) {
    let (id, message) = ("9".parse().unwrap(), Message::text(text));
    let origin = Origin::Local;
    note(log, CoreEvent::MessageQueued { id, message, origin, since_ms: 0, visits: 1, place: None }, 0);
}

fn outcome(row: &Row) -> String {
    row.outcome(usize::MAX, Charset::Unicode).as_str().to_owned()
}

#[test]
fn is_bounded_in_rows_and_says_how_many_are_gone() {
    let mut log = Log::default();
    for number in 0..MAX_ROWS {
        say(&mut log, &number.to_string());
    }
    assert_eq!((log.total(), log.gone()), (MAX_ROWS, 0));
    (0..10).for_each(|number| say(&mut log, &number.to_string()));
    assert_eq!((log.total(), log.len(), log.gone()), (MAX_ROWS, MAX_ROWS, 10));
    assert_eq!(log.at(0).map(|row| row.number), Some(10));
}

#[test]
fn what_stands_still_on_the_screen_does_not_go_and_later_makes_room() {
    let mut log = Log::default();
    (0..MAX_ROWS).for_each(|number| say(&mut log, &number.to_string()));
    log.hold_from(Some(0));
    (MAX_ROWS..MAX_HELD_ROWS).for_each(|number| say(&mut log, &number.to_string()));
    assert_eq!((log.gone(), log.total()), (0, MAX_HELD_ROWS));
    say(&mut log, "one more than there is memory for");
    assert_eq!((log.gone(), log.total()), (1, MAX_HELD_ROWS));
    log.hold_from(None);
    (0..2 * MAX_ROWS).for_each(|_| say(&mut log, "again"));
    assert_eq!(log.total(), MAX_ROWS);
}

/// A message of so many bytes comes from a peer at a remote address.
fn receive(log: &mut Log, name: &str, remote: u8, size: usize) {
    let now = Now { uptime: Duration::ZERO, unix_ms: 0 };
    let peer = Peer::new(format!("{name}:1").parse().unwrap(), Status::Alive, now);
    let message = Message::text(&"x".repeat(size - 2));
    let remote = Some(IpAddr::from([192, 0, 2, remote]));
    note(log, CoreEvent::MessageReceived { peer, message, id: None, visits: 1, remote, held: None }, 0);
}

fn is_whole(row: &Row, size: usize) -> bool {
    row.line.text.as_ref().is_some_and(|text| text.len() == size)
}

#[test]
fn whatever_the_sizes_every_row_stays_and_one_sender_s_large_messages_lose_theirs_first() {
    for (large, count) in [(1_000_000, 17), (1_000_000, 30), (300_000, 80), (5000, 3500), (201, 9900)] {
        let mut log = Log::default();
        (0..40).for_each(|_| receive(&mut log, "friend", 1, 10_000));
        // Its names are made up.
        (0..count).for_each(|number| receive(&mut log, &format!("rude-{number}"), 2, large));
        assert_eq!((log.total(), log.gone()), (40 + count, 0), "{large}");
        assert!(log.kept.bytes() <= MAX_BYTES, "{} bytes", log.kept.bytes());
        assert!((0..40).all(|at| is_whole(log.at(at).unwrap(), 10_000)), "{large}");
        let cut: Vec<_> = log.shown().skip(40).filter(|row| !is_whole(row, large)).collect();
        assert_eq!(cut.len(), log.cuts(), "{large}");
        assert_eq!(cut.is_empty(), 400_000 + count * large <= MAX_BYTES, "{large}");
        for row in cut {
            assert!(row.characters().unwrap().starts_with("xxx"), "{row:?}");
            assert!(row.line.what.untrusted().starts_with("only the beginning of "), "{row:?}");
            assert_eq!(outcome(row), "not queued");
        }
        assert!(is_whole(log.newest().unwrap(), large), "the newest is the last to be cut");
    }
}

#[test]
fn what_each_kind_of_row_keeps_is_bounded() {
    let mut log = Log::default();
    let large = "x".repeat(1 << 20);
    (0..40).for_each(|_| say(&mut log, &large));
    (0..40).for_each(|_| log.note_text(large.clone(), 0));
    assert_eq!((log.total(), log.gone()), (80, 0));
    assert!(log.kept.bytes() <= MAX_BYTES);
    let texts: usize = log.shown().map(|row| row.line.what.len()).sum();
    assert!(texts < 80 * (4096 + 100));
    assert!(log.newest().unwrap().line.what.untrusted().ends_with("(1044480 more bytes not kept)"));
}

#[test]
fn a_failure_has_a_word_that_fits_and_is_not_its_reason_again() {
    for (failure, word) in [
        (Failure::Status(503), "refused"),
        (Failure::TimedOut, "no answer"),
        (Failure::Connection("connection refused".to_owned()), "unreachable"),
        (Failure::Connection("failed to lookup address information".to_owned()), "unreachable"),
        (Failure::Connection("connection reset by peer".to_owned()), "disconnected"),
        (Failure::NoResources, "not tried"),
        (Failure::Stopped, "stopped"),
        (Failure::NoRoom, "no room"),
    ] {
        let what = format!("announce: {failure}");
        let peer = "tower:1".parse().unwrap();
        let row = row_of(CoreEvent::AnnounceFailed { peer, failure }).unwrap();
        assert_eq!(row.outcome(12, Charset::Unicode).as_str(), word);
        assert_eq!(row.line.what.untrusted(), what);
        assert!(word.len() <= 12, "{word}");
    }
}

#[test]
fn what_the_rule_holds_as_it_comes_is_one_row() {
    let now = Now { uptime: Duration::ZERO, unix_ms: 0 };
    let peer = Peer::new("tower-3:8443".parse().unwrap(), Status::Alive, now);
    let (id, message) = ("7".parse().unwrap(), Message::text("red"));
    let from = Some(peer.address.clone());
    let queued = QueuedMessage::new(id, message.clone(), 0, 1, from, None);
    let held = HeldMessage::new(queued, HeldBy::Rule);
    let origin = Some(Origin::Received(peer.address.clone()));
    let mut log = Log::default();
    say(&mut log, "red");
    let received = CoreEvent::MessageReceived {
        peer,
        message,
        id: Some(id),
        visits: 1,
        remote: None,
        held: Some(HeldBy::Rule),
    };
    assert!(note(&mut log, received, 5));
    assert!(!note(&mut log, CoreEvent::MessageHeld { held, origin }, 5));
    let rows: Vec<_> = (0..log.len()).filter_map(|at| log.at(at)).collect();
    let shown: Vec<_> = rows.iter().map(|row| (row.number, outcome(row), row.now.unix_ms)).collect();
    assert_eq!(shown, [(0, "queued".to_owned(), 0), (1, "held".to_owned(), 5)]);
}

#[test]
fn what_becomes_of_a_message_is_own_only_if_it_was_written_here() {
    let (id, tower) = ("7".parse().unwrap(), "tower-3:8443".parse::<Address>().unwrap());
    for (from, direction, kind) in [(None, Direction::Own, "own"), (Some(tower), Direction::Note, "note")] {
        let message = Message::text("GNU");
        let text = Text::from(message.shared_text());
        let queued = QueuedMessage::new(id, message.clone(), 0, 1, from.clone(), None);
        let held = HeldMessage::new(queued.clone(), HeldBy::Hand);
        for (event, wanted) in [
            (CoreEvent::MessageHeld { held: held.clone(), origin: None }, "held"),
            (CoreEvent::MessageHeld { held, origin: Some(Origin::Local) }, "held"),
            (CoreEvent::MessageReleased { was: id, queued: queued.clone() }, "released"),
            (
                CoreEvent::MessageChanged { before: message.clone(), queued: queued.clone(), held: None },
                "changed",
            ),
            (
                CoreEvent::MessageDropped { id, message: message.clone(), from: from.clone(), place: None },
                "dropped",
            ),
            (CoreEvent::MessageRestored { was: None, queued, held: None }, "as before"),
        ] {
            let row = row_of(event).unwrap();
            let peer = from.as_ref().map(|from| Key::from(from.to_string()));
            assert_eq!((row.line.direction, &row.line.peer, &*outcome(&row)), (direction, &peer, wanted));
            let network = network();
            let is_of = |name: &str| row.line.types.contains(network.type_id(name).unwrap());
            assert!(is_of(kind) && is_of("message"), "{:?}", row.line.types);
            assert_eq!((is_of("dropped"), row.line.text.as_ref()), (wanted == "dropped", Some(&text)));
        }
    }
}

#[test]
fn a_filter_hides_and_gives_back() {
    let mut log = Log::default();
    ["red fish", "blue fish", "red bird"].iter().for_each(|text| say(&mut log, text));
    log.set_filter(Filter::parse("RED", Scope::Traffic(&network())).ok());
    say(&mut log, "red sun");
    say(&mut log, "blue sky");
    let shown: Vec<u64> =
        (0..log.len()).filter_map(|position| log.at(position)).map(|row| row.number).collect();
    assert_eq!(shown, [0, 2, 3]);
    assert_eq!(log.position(1), 1, "a hidden row stands where the next one does");
    log.set_filter(None);
    assert_eq!(log.len(), 5);
}
