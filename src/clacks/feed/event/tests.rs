use std::{sync::Arc, time::Duration};

use clacks_feed::{
    Body, JsonEvent, TypedEvent, Value,
    description::Description,
    json::{EventParts, NodeLine, Reader, Writer},
};
use clacks_p2p::{
    Address, Kind, Message,
    core::{
        Discovery, Event, Failure, HeldBy, HeldMessage, LimitCounts, Now, Origin, Peer, PeerChoice,
        PeerCounts, PluginHold, QueuedMessage, Refusal, Status,
    },
};

use super::{
    ClacksEvent, kind_of,
    kinds::{KINDS, line},
};
use crate::description::describe;

fn address() -> Address {
    "tower.example.org:8080".parse().unwrap()
}

/// A peer without what only the full form of an event has.
fn peer(status: Status) -> Peer {
    let mut peer = Peer::new(address(), status, Now { uptime: Duration::ZERO, unix_ms: 5 });
    peer.last_attempt_ok = status == Status::Alive;
    peer
}

fn queued() -> QueuedMessage {
    let message = Message::from_json(r#"{"a":[1.0e+2,"\ud800"]}"#, 100).unwrap();
    QueuedMessage::new(7.into(), message, 12, 3, Some(address()), Some([192, 0, 2, 7].into()))
}

fn of_messages() -> Vec<Event> {
    let (queued, peer, id) = (queued(), peer(Status::Alive), 7.into());
    let (message, remote) = (queued.message.clone(), queued.place);
    let mut free = PeerCounts::default();
    (free.new, free.alive) = (2, 1);
    vec![
        Event::MessageReceived {
            peer: peer.clone(),
            message: message.clone(),
            id: Some(id),
            visits: 3,
            remote,
            held: None,
        },
        Event::MessageQueued {
            id,
            message: message.clone(),
            origin: Origin::Returned(address()),
            since_ms: 12,
            visits: 3,
            place: remote,
        },
        Event::MessageSending {
            id,
            peer: peer.clone(),
            message: message.clone(),
            choice: PeerChoice::new(17, free),
        },
        Event::MessageDelivered {
            id,
            peer: peer.clone(),
            message: message.clone(),
            round_trip: Duration::from_micros(1500),
            place: None,
        },
        Event::DeliveryFailed { id, peer, message: message.clone(), failure: Failure::Status(503) },
        Event::MessageDropped { id, message: message.clone(), from: Some(address()), place: None },
        Event::MessageHeld { held: HeldMessage::new(queued.clone(), HeldBy::Rule), origin: None },
        Event::MessageReleased { was: 6.into(), queued: queued.clone() },
        Event::MessageChanged { before: message, queued: queued.clone(), held: None },
        Event::MessageRestored { was: Some(6.into()), queued, held: Some(HeldBy::Hand) },
    ]
}

fn of_peers() -> Vec<Event> {
    let remote = Some([192, 0, 2, 7].into());
    let introduction = Discovery::Referral(address());
    vec![
        Event::PeerDiscovered { peer: peer(Status::New), introduction, remote },
        Event::PeerUpdated { peer: peer(Status::Lost), from: Status::Alive },
        Event::PeerChanged { peer: peer(Status::Dead) },
        Event::ClaimConfirmed { peer: peer(Status::Alive) },
        Event::PeerForgotten { peer: peer(Status::Ignored) },
        Event::AnnounceReceived { peer: peer(Status::Alive), remote },
        Event::Announced { peer: address(), round_trip: Duration::from_millis(2) },
        Event::AnnounceFailed { peer: address(), failure: Failure::TimedOut },
        Event::FoundOurselves { address: address() },
    ]
}

fn of_plugins() -> Vec<Event> {
    let (message, remote) = (queued().message, Some([192, 0, 2, 7].into()));
    let discarded = |status, reason: Option<&str>, kind| Event::PayloadDiscarded {
        plugin: "filter".into(),
        status,
        reason: reason.map(str::to_owned),
        peer: peer(Status::Alive),
        kind,
        message: message.clone(),
        remote,
    };
    let rewritten = |after: &[Message]| Event::MessageRewritten {
        plugin: "reverse".into(),
        peer: peer(Status::Alive),
        before: message.clone(),
        after: after.into(),
        remote,
    };
    let gate = |reason: Option<&str>| {
        let by = PluginHold { plugin: "gate".into(), reason: reason.map(str::to_owned) };
        HeldBy::Plugin(Arc::new(by))
    };
    let held = |reason| {
        let held = HeldMessage::new(queued(), gate(reason));
        Event::MessageHeld { held, origin: Some(Origin::Received(address())) }
    };
    let failed = |line, is_suspended| {
        let reason = "attempt to call a nil value".to_owned();
        Event::PluginFailed { plugin: "gate".into(), reason, line, is_suspended }
    };
    vec![
        discarded(200, None, Kind::Announce),
        discarded(418, Some("no tea"), Kind::Message),
        rewritten(&[]),
        rewritten(&[Message::text("a"), message.clone()]),
        held(None),
        held(Some("too rude")),
        Event::MessageRestored { was: None, queued: queued(), held: Some(gate(Some("too rude"))) },
        Event::PluginLoaded { plugin: "gate".into(), is_reload: true },
        failed(None, false),
        failed(Some(4), true),
    ]
}

fn of_node() -> Vec<Event> {
    let remote = [192, 0, 2, 7].into();
    let preview = Some("\"a\u{202e}\"".to_owned());
    vec![
        Event::HoldRuleChanged { rule: Some("gnu".to_owned()) },
        Event::RemoteIgnored { remote },
        Event::RemoteUnignored { remote },
        Event::Refused(Refusal::new(403, "ignored".to_owned(), Some(address()), preview, Some(remote))),
        Event::LimitsMet { met: LimitCounts::default() },
        Event::SendRateChanged { rate: 2.5 },
        Event::Lagged(9),
    ]
}

/// The event as a face reads it from a line.
fn through_a_line(event: &clacks_feed::Event, description: &Description) -> clacks_feed::Event {
    let mut line = Vec::new();
    Writer::new(description).event(&mut line, event, &EventParts::default());
    let line = String::from_utf8(line).unwrap();
    match Reader::new(description).node_line(&line).unwrap() {
        NodeLine::Event(read) => read.event,
        other => panic!("{other:?}"),
    }
}

#[test]
fn every_event_is_read_from_its_json_line() {
    let description = describe("a node".into());
    let events = [of_messages(), of_peers(), of_plugins(), of_node()].concat();
    for (name, _) in KINDS {
        let kind = description.event_id(name).unwrap();
        assert!(events.iter().any(|event| kind_of(event) == kind), "an example of {name} is missing");
    }
    let now = Now { uptime: Duration::from_millis(81_234), unix_ms: 1_700_000_000_000 };
    for (event, seq) in events.into_iter().zip(1..) {
        let typed = ClacksEvent(event).numbered(seq, now);
        let read = through_a_line(&typed, &description);
        assert!(matches!(read.body, Body::Json(_)));
        assert_eq!((read.seq, read.kind, read.now), (typed.seq, typed.kind, typed.now));
        assert_eq!(read.get::<ClacksEvent>(), typed.get::<ClacksEvent>(), "{typed:?}");
    }
}

#[test]
fn a_message_that_was_not_queued_has_no_visits_in_its_line() {
    let Event::MessageReceived { peer, message, id, visits, remote, held } = of_messages().swap_remove(0)
    else {
        panic!("the first event is a message that came")
    };
    let values = |id, visits| {
        let (peer, message) = (peer.clone(), message.clone());
        line(&Event::MessageReceived { peer, message, id, visits, remote, held: held.clone() })
            .unwrap()
            .values
    };
    assert_eq!(values(id, visits), [Value::Count(3)]);
    assert_eq!(values(None, 0), [Value::None]);
}

#[test]
fn what_is_no_event_of_this_network_is_not_read() {
    let read = |name, json: &str| {
        let fields = serde_json::from_str(json).unwrap();
        clacks_feed::Event {
            body: Body::Json(Arc::new(JsonEvent::new(name, fields, None, clacks_feed::Touched::default()))),
            ..ClacksEvent(Event::Lagged(1)).numbered(1, Now { uptime: Duration::ZERO, unix_ms: 0 })
        }
    };
    let sent = r#"{"rate":2.5}"#;
    assert!(read(Some("send_rate_changed".into()), sent).get::<ClacksEvent>().is_some());
    for (name, json) in
        [("no_such_kind", sent), ("other", sent), ("send_rate_changed", r#"{"rate":0}"#), ("lagged", "{}")]
    {
        assert!(read(Some(name.into()), json).get::<ClacksEvent>().is_none(), "{name} {json}");
    }
    assert!(read(None, sent).get::<ClacksEvent>().is_none());
}

/// A type of another network, whose panes see the same events.
struct OtherNetwork(String);

impl TypedEvent for OtherNetwork {
    fn line(&self) -> Option<clacks_feed::Line> {
        None
    }

    fn touched(&self) -> clacks_feed::Touched {
        clacks_feed::Touched::default()
    }

    fn json(&self) -> Box<serde_json::value::RawValue> {
        Box::default()
    }

    fn bytes(&self) -> usize {
        0
    }

    fn read(kind: &str, _: &serde_json::value::RawValue) -> Option<Self> {
        Some(Self(kind.to_owned()))
    }
}

#[test]
fn an_event_is_read_once_for_each_type() {
    let description = describe("a node".into());
    let typed = ClacksEvent(Event::Lagged(9)).numbered(1, Now { uptime: Duration::ZERO, unix_ms: 0 });
    let read = through_a_line(&typed, &description);
    let first: *const OtherNetwork = read.get().unwrap();
    assert_eq!(read.get::<OtherNetwork>().unwrap().0, "lagged");
    assert_eq!(read.get::<ClacksEvent>().unwrap().0, Event::Lagged(9));
    assert_eq!(first, std::ptr::from_ref(read.clone().get::<OtherNetwork>().unwrap()));
    assert!(typed.get::<OtherNetwork>().is_none());
}
