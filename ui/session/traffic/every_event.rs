//! Every event, in each way that makes another row of the traffic.

use std::{
    sync::{Arc, LazyLock},
    time::Duration,
};

use clacks_p2p::{
    Address, Kind, Message,
    core::{
        Discovery, Event, Failure, HeldBy, HeldMessage, Now, Origin, Peer, PluginHold, QueuedMessage,
        Refusal, Scope, Status,
    },
};

use clacks_feed::description::Description;
use clacks_p2p_feed::{ClacksEvent, description::describe};

use super::row::Row;

/// The rows that events make, each with everything that the event can say.
pub(crate) fn rows_of_every_event() -> Vec<Row> {
    let message_events =
        [Message::text("a"), Message::text("long text")].iter().flat_map(of_message).collect();
    let events = [message_events, of_peers(), of_others()].concat();
    events.into_iter().filter_map(row_of).collect()
}

/// The description of a node of clacks.
pub(crate) fn network() -> Arc<Description> {
    static NETWORK: LazyLock<Arc<Description>> = LazyLock::new(|| Arc::new(describe("tower:1".into())));
    Arc::clone(&NETWORK)
}

/// The event as one of the feed.
pub(crate) fn feed_event(event: Event, unix_ms: u64) -> clacks_feed::Event {
    ClacksEvent(event).numbered(1, Now { uptime: Duration::ZERO, unix_ms })
}

/// The row that an event makes.
pub(crate) fn row_of(event: Event) -> Option<Row> {
    Row::of(&feed_event(event, 0), &network())
}

fn address() -> Address {
    "ab:1".parse().unwrap()
}

fn peer(status: Status) -> Peer {
    Peer::new(address(), status, Now { uptime: Duration::ZERO, unix_ms: 0 })
}

fn failures() -> [Failure; 3] {
    [Failure::TimedOut, Failure::Status(503), Failure::NotContacted(Scope::Private)]
}

fn of_message(message: &Message) -> Vec<Event> {
    let remote = Some([192, 0, 2, 7].into());
    let (id, message) = ("7".parse().unwrap(), message.clone());
    let froms = [None, Some(address())];
    let mut events = vec![Event::MessageReceived {
        peer: peer(Status::Alive),
        message: message.clone(),
        id: Some(id),
        visits: 1,
        remote,
        held: None,
    }];
    let queued = |origin| Event::MessageQueued {
        id,
        message: message.clone(),
        origin,
        since_ms: 0,
        visits: 1,
        place: remote,
    };
    events.push(queued(Origin::Local));
    events.push(Event::MessageDelivered {
        id,
        peer: peer(Status::Alive),
        message: message.clone(),
        round_trip: Duration::ZERO,
        place: None,
    });
    events.extend(failures().map(|failure| Event::DeliveryFailed {
        id,
        peer: peer(Status::Lost),
        message: message.clone(),
        failure,
    }));
    for from in froms {
        events.push(Event::MessageDropped { id, message: message.clone(), from: from.clone(), place: None });
        let queued = QueuedMessage::new(id, message.clone(), 0, 1, from, remote);
        let held = HeldMessage::new(queued.clone(), HeldBy::Hand);
        events.push(Event::MessageHeld { held, origin: Some(Origin::Local) });
        events.push(Event::MessageReleased { was: id, queued: queued.clone() });
        events.push(Event::MessageChanged { before: message.clone(), queued: queued.clone(), held: None });
        events.push(Event::MessageRestored { was: None, queued, held: None });
    }
    events.extend(of_plugins(&message));
    events
}

/// What plugins do with a message.
fn of_plugins(message: &Message) -> Vec<Event> {
    let remote = Some([192, 0, 2, 7].into());
    let discarded = |status, kind, reason: Option<&str>| Event::PayloadDiscarded {
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
    let held = |reason: Option<&str>| {
        let id = "7".parse().unwrap();
        let queued = QueuedMessage::new(id, message.clone(), 0, 1, Some(address()), remote);
        let by = PluginHold { plugin: "gate".into(), reason: reason.map(str::to_owned) };
        let held = HeldMessage::new(queued, HeldBy::Plugin(Arc::new(by)));
        Event::MessageHeld { held, origin: Some(Origin::Received(address())) }
    };
    vec![
        discarded(200, Kind::Message, None),
        discarded(418, Kind::Message, Some("no tea")),
        discarded(403, Kind::Announce, None),
        rewritten(&[]),
        rewritten(&[Message::text("b")]),
        rewritten(&[message.clone(), message.clone()]),
        held(None),
        held(Some("rude")),
    ]
}

fn of_peers() -> Vec<Event> {
    let remote = Some([192, 0, 2, 7].into());
    let statuses = [Status::New, Status::Alive, Status::Lost];
    let of_status = |status| {
        [
            Event::PeerDiscovered { peer: peer(status), introduction: Discovery::Inbound, remote },
            Event::PeerUpdated { peer: peer(status), from: Status::New },
            Event::PeerChanged { peer: peer(status) },
            Event::ClaimConfirmed { peer: peer(status) },
            Event::PeerForgotten { peer: peer(status) },
            Event::AnnounceReceived { peer: peer(status), remote },
        ]
    };
    let failed = failures().map(|failure| Event::AnnounceFailed { peer: address(), failure });
    let announced = Event::Announced { peer: address(), round_trip: Duration::ZERO };
    statuses.into_iter().flat_map(of_status).chain(failed).chain([announced]).collect()
}

fn of_others() -> Vec<Event> {
    let remote = [192, 0, 2, 7].into();
    let refused = |preview: Option<&str>, sender| {
        Event::Refused(Refusal::new(
            403,
            "ignored".to_owned(),
            sender,
            preview.map(str::to_owned),
            Some(remote),
        ))
    };
    let failed = |line, is_suspended| {
        let reason = "attempt to call a nil value".to_owned();
        Event::PluginFailed { plugin: "gate".into(), reason, line, is_suspended }
    };
    vec![
        Event::HoldRuleChanged { rule: Some("a".to_owned()) },
        Event::HoldRuleChanged { rule: None },
        Event::RemoteIgnored { remote },
        Event::RemoteUnignored { remote },
        refused(Some("\"a\""), Some(address())),
        refused(None, None),
        Event::FoundOurselves { address: address() },
        Event::PluginLoaded { plugin: "gate".into(), is_reload: false },
        Event::PluginLoaded { plugin: "gate".into(), is_reload: true },
        failed(None, false),
        failed(Some(4), true),
        Event::SendRateChanged { rate: 2.0 },
        Event::Lagged(7),
    ]
}

/// An event that is not above has to be added there: this names all of them, with whether they make a row.
#[test]
fn every_event_is_among_them() {
    let source = include_str!("../../../src/clacks/core/event.rs");
    let all = source.split("pub enum Event {").nth(1).unwrap().split("\n}").next().unwrap();
    let names = all
        .lines()
        .filter_map(|line| line.strip_prefix("    "))
        .filter(|line| line.starts_with(char::is_uppercase));
    let here = include_str!("every_event.rs");
    // Neither makes a row: one says which message is sent, the other counts.
    let without_row = ["MessageSending", "LimitsMet"];
    let mut count = 0;
    for name in names.map(|line| line.split(|c: char| !c.is_alphanumeric()).next().unwrap()) {
        assert!(here.contains(&format!("Event::{name}")) || without_row.contains(&name), "{name}");
        count += 1;
    }
    assert!(count > 20, "{count}");
}
