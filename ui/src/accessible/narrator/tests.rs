use clacks_p2p::{
    Address, Message,
    core::{
        Discovery, Event, Failure, HeldBy, HeldMessage, Now, Origin, Peer, QueuedMessage, Refusal, Scope,
        Status,
    },
};
use clacks_text::testing::{hostile, is_hidden};
use proptest::prelude::*;

use crate::core_event::core_event;
use clacks_p2p_feed::{ClacksEvent, description::describe};

use super::{Event as FeedEvent, *};
use crate::accessible::{digest::MAX_PER_PERIOD, line};

const NOT_CONTACTED: &str = "03:04 not taken by tower-3:8443, not contacted: it is an address of this machine \
    itself, and only strangers named it: GNU.";

fn now(seconds: u64) -> Now {
    Now { uptime: Duration::from_secs(seconds), unix_ms: 1_767_323_045_000 + seconds * 1000 }
}

fn traffic(narrator: &Narrator) -> Vec<String> {
    narrator.log().shown().map(|row| narrator.sentence(row)).collect()
}

fn network() -> Arc<Description> {
    Arc::new(describe("tower:1".into()))
}

fn feed_event(event: Event, now: Now) -> FeedEvent {
    ClacksEvent(event).numbered(1, now)
}

fn narrate(narrator: &mut Narrator, event: Event, now: Now) -> Option<String> {
    let event = feed_event(event, now);
    let happening = match core_event(&event) {
        Some(Event::Lagged(missed)) => Happening::Missed(*missed, event.now),
        _ => Happening::Event(&event),
    };
    narrator.narrate(happening, now.uptime)
}

fn narrator() -> Narrator {
    Narrator { zone: TimeZone::UTC, ..Narrator::new(None, Charset::Unicode, network()) }
}

fn tower() -> Address {
    "tower-3:8443".parse().unwrap()
}

fn peer(status: Status) -> Peer {
    let mut peer = Peer::new(tower(), status, now(0));
    peer.last_attempt_ok = status == Status::Alive;
    peer
}

fn received(text: &str, visits: u32) -> Event {
    let (peer, message) = (peer(Status::Alive), Message::text(text));
    Event::MessageReceived { peer, message, id: "7".parse().ok(), visits, remote: None, held: None }
}

fn received_and_held(text: &str) -> Event {
    let Event::MessageReceived { peer, message, id, visits, remote, .. } = received(text, 1) else {
        unreachable!()
    };
    Event::MessageReceived { peer, message, id, visits, remote, held: Some(HeldBy::Rule) }
}

fn queued(text: &str) -> Event {
    let (id, message) = ("7".parse().unwrap(), Message::text(text));
    Event::MessageQueued {
        id,
        message,
        origin: Origin::Received(tower()),
        since_ms: 0,
        visits: 1,
        place: None,
    }
}

fn held_by_the_rule(text: &str) -> Event {
    let (id, message) = ("7".parse().unwrap(), Message::text(text));
    let queued = QueuedMessage::new(id, message, 0, 1, Some(tower()), None);
    let held = HeldMessage::new(queued, HeldBy::Rule);
    Event::MessageHeld { held, origin: Some(Origin::Received(tower())) }
}

#[test]
fn in_ascii_sentences_are_the_same_and_other_characters_are_escaped() {
    let mut narrator = Narrator { zone: TimeZone::UTC, ..Narrator::new(None, Charset::Ascii, network()) };
    let lost = Event::PeerUpdated { peer: peer(Status::Lost), from: Status::Alive };
    let said = narrate(&mut narrator, lost, now(0));
    assert_eq!(said.as_deref(), Some("03:04 tower-3:8443 is lost now, it was alive."));
    let said = take(&mut narrator, &"\u{e9}".repeat(100), now(0)).unwrap();
    assert!(said.is_ascii() && said.contains("\\u{e9}~"), "{said}");
}

/// Receives a message, which is then queued.
fn take(narrator: &mut Narrator, text: &str, now: Now) -> Option<String> {
    let text_of = narrate(narrator, received(text, 1), now);
    assert_eq!(narrate(narrator, queued(text), now), None);
    text_of
}

#[test]
fn every_event_has_a_sentence() {
    let (id, gnu, alive) = ("7".parse().unwrap(), Message::text("GNU"), peer(Status::Alive));
    let round_trip = Duration::from_millis(12);
    let refusal = Refusal::new(
        403,
        "the peer is ignored".to_owned(),
        Some(tower()),
        Some("\"hello\"".to_owned()),
        Some([127, 0, 0, 1].into()),
    );
    let delivered =
        Event::MessageDelivered { id, peer: alive.clone(), message: gnu.clone(), place: None, round_trip };
    let failed =
        Event::DeliveryFailed { id, peer: alive.clone(), message: gnu.clone(), failure: Failure::TimedOut };
    let mut narrator = narrator();
    let dropped = Event::MessageDropped { id, message: gnu.clone(), from: Some(tower()), place: None };
    for (event, sentence) in [
        (dropped, "03:04 message from tower-3:8443 dropped: GNU."),
        (delivered, "03:04 out to tower-3:8443: GNU, delivered in 12 ms."),
        (failed, "03:04 not taken by tower-3:8443, no answer in time: GNU."),
        (
            Event::PeerUpdated { peer: peer(Status::Lost), from: Status::Alive },
            "03:04 tower-3:8443 is lost now, it was alive.",
        ),
        (
            Event::PeerDiscovered { peer: peer(Status::New), introduction: Discovery::Inbound, remote: None },
            "03:04 tower-3:8443 made itself known; it is new.",
        ),
        (
            Event::Announced { peer: tower(), round_trip },
            "03:04 announce to tower-3:8443, accepted in 12 ms.",
        ),
        (Event::AnnounceReceived { peer: alive, remote: None }, "03:04 announce from tower-3:8443."),
        (
            Event::Refused(refusal),
            "03:04 from tower-3:8443, refused, HTTP 403: the peer is ignored (from 127.0.0.1): hello.",
        ),
        (Event::Lagged(312), "03:04 312 events were missed."),
    ] {
        assert_eq!(narrate(&mut narrator, event, now(0)).as_deref(), Some(sentence));
    }
}

#[test]
fn a_received_message_is_announced_with_its_outcome() {
    let mut narrator = narrator();
    for (visits, what) in [(1, "queued"), (42, "queued, 42 visits")] {
        let sentence = format!("03:04 in from tower-3:8443: GNU, {what}.");
        assert_eq!(narrate(&mut narrator, received("GNU", visits), now(0)), Some(sentence));
        assert_eq!(narrate(&mut narrator, queued("GNU"), now(0)), None);
    }
    let held = Some("03:04 in from tower-3:8443: GNU, held.".to_owned());
    assert_eq!(narrate(&mut narrator, received_and_held("GNU"), now(0)), held);
    assert_eq!(narrate(&mut narrator, held_by_the_rule("GNU"), now(0)), None);
    let missed = "03:04 3 events were missed.";
    assert_eq!(narrate(&mut narrator, Event::Lagged(3), now(0)).as_deref(), Some(missed));
}

#[test]
fn unverified_statuses_are_announced_as_claims() {
    let not_contacted = Event::DeliveryFailed {
        id: "7".parse().unwrap(),
        peer: peer(Status::Lost),
        message: Message::text("GNU"),
        failure: Failure::NotContacted(Scope::Loopback),
    };
    let mut claim = peer(Status::Alive);
    claim.last_attempt_ok = false;
    let remote = [192, 0, 2, 7].into();
    let mut narrator = narrator();
    for (event, sentence) in [
        (
            Event::PeerUpdated { peer: claim, from: Status::Dead },
            "03:04 tower-3:8443 is alive (claimed) now, it was dead.",
        ),
        (
            Event::ClaimConfirmed { peer: peer(Status::Alive) },
            "03:04 tower-3:8443 answered us at its address; it is alive.",
        ),
        (not_contacted, NOT_CONTACTED),
        (Event::RemoteIgnored { remote }, "03:04 connections from 192.0.2.7: ignored."),
        (Event::RemoteUnignored { remote }, "03:04 connections from 192.0.2.7: unignored."),
    ] {
        assert_eq!(narrate(&mut narrator, event, now(0)).as_deref(), Some(sentence));
    }
}

#[test]
fn the_effect_of_a_typed_command_is_not_announced_again() {
    let mut narrator = narrator();
    let (id, message) = ("7".parse().unwrap(), Message::text("hello"));
    let queued =
        Event::MessageQueued { id, message, origin: Origin::Local, since_ms: 0, visits: 1, place: None };
    assert_eq!(narrate(&mut narrator, queued, now(0)), None);
    assert_eq!(traffic(&narrator), ["03:04 own message queued: hello."]);
}

#[test]
fn a_flood_is_summarized_and_traffic_lists_its_end() {
    let mut narrator = narrator();
    let texts = (0..1000).filter(|n| take(&mut narrator, &n.to_string(), now(0)).is_some()).count();
    assert_eq!(texts, MAX_PER_PERIOD);
    assert_eq!(narrator.summary_due_at(), Some(PERIOD));
    assert!(narrator.summary(Duration::from_secs(9)).is_empty());
    let summary = "990 more in the last 10 s; :traffic tells the last ones, :filter fewer.";
    assert_eq!(narrator.summary(PERIOD), [summary]);
    assert!(traffic(&narrator).last().unwrap().contains(": 999,"));
}

#[test]
fn after_hold_still_the_number_of_events_is_announced() {
    let mut narrator = narrator();
    narrator.toggle_quiet();
    for number in 0..3 {
        assert_eq!(take(&mut narrator, &number.to_string(), now(0)), None);
    }
    assert!(narrator.toggle_quiet().contains("; 3 events were not told"));
    assert!(take(&mut narrator, "again", now(0)).is_some());
    assert_eq!(traffic(&narrator).len(), 4);
}

#[test]
fn a_bell_match_is_announced_as_such_and_counted() {
    let mut narrator = narrator();
    let number = |text: &str| text.parse().unwrap();
    narrator.derived.saved_filters.set(number("1"), Some("bell red".parse().unwrap()));
    narrator.derived.saved_filters.set(number("2"), Some("fish".parse().unwrap()));
    let texts = take(&mut narrator, "red fish", now(0)).unwrap();
    assert!(texts.starts_with("For a station: 03:04 in from"), "{texts}");
    assert!(narrator.pop_bell() && !narrator.pop_bell());
    assert!(take(&mut narrator, "blue fish", now(0)).unwrap().starts_with("03:04") && !narrator.pop_bell());
    let hits: Vec<_> = narrator.derived.saved_filters.iter().map(|(.., hits)| hits).collect();
    assert_eq!(hits, [1, 2]);
}

#[test]
fn a_filter_silences_other_traffic() {
    let mut narrator = narrator();
    take(&mut narrator, "red fish", now(0));
    let said = narrator.set_filter(narrator.filter_networks().parse("blue").ok());
    assert_eq!(said, "Only traffic is told that this admits: blue; so far 0 of 1.");
    assert_eq!(take(&mut narrator, "red bird", now(0)), None);
    assert!(take(&mut narrator, "blue bird", now(0)).is_some());
    assert_eq!(narrator.set_filter(None), "All traffic is told; so far 3 of 3.");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn every_sentence_is_one_harmless_line(text in hostile()) {
        let (mut narrator, peer) = (narrator(), peer(Status::Alive));
        let (id, message) = ("7".parse().unwrap(), Message::text(&text));
        let failure = Failure::Connection(text.clone());
        let refusal = Refusal::new(400, text.clone(), Some(tower()), Some(text.clone()), None);
        let events = [
            received(&text, 1),
            queued(&text),
            held_by_the_rule(&text),
            Event::DeliveryFailed { id, peer, message, failure },
            Event::Refused(refusal),
            Event::HoldRuleChanged { rule: Some(text.as_str().into()) },
        ];
        let said: Vec<_> = events.into_iter().filter_map(|event| narrator.narrate_all(Happening::Event(&feed_event(event, now(0))))).collect();
        prop_assert!(said.len() >= 4, "{:?}", said);
        for sentence in said {
            prop_assert!(!line(&sentence, Charset::Unicode).chars().any(is_hidden), "{:?}", sentence);
        }
    }
}
