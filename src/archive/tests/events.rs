//! Sightings of events of real networks.

use std::time::Duration;

use clacks_feed::{Body, Event as FeedEvent, JsonEvent, Now};
use clacks_p2p::{
    Address, Message,
    core::{Event, Failure, Origin, Peer, Status},
};
use clacks_p2p_feed::{description::describe, event::ClacksEvent};

use super::peer;
use crate::{Observer, Sighting, SightingKind};

fn now() -> clacks_p2p::core::Now {
    clacks_p2p::core::Now { uptime: Duration::from_secs(1), unix_ms: 77 }
}

fn events() -> Vec<(Event, Option<(SightingKind, bool)>)> {
    let address: Address = "tower:8080".parse().unwrap();
    let peer = Peer::new(address.clone(), Status::Alive, now());
    let message = Message::text("wind");
    let id = || "7".parse().unwrap();
    let received = Event::MessageReceived {
        peer: peer.clone(),
        message: message.clone(),
        id: Some(id()),
        held: None,
        visits: 0,
        remote: None,
    };
    let queued = |origin| Event::MessageQueued {
        id: id(),
        message: message.clone(),
        origin,
        since_ms: 1,
        visits: 0,
        place: None,
    };
    let delivered = Event::MessageDelivered {
        id: id(),
        peer: peer.clone(),
        message: message.clone(),
        place: None,
        round_trip: Duration::from_millis(1),
    };
    let failed = Event::DeliveryFailed {
        id: id(),
        peer: peer.clone(),
        message: message.clone(),
        failure: Failure::TimedOut,
    };
    let dropped = |from| Event::MessageDropped { id: id(), message: message.clone(), from, place: None };
    vec![
        (received, Some((SightingKind::Received, true))),
        (queued(Origin::Local), Some((SightingKind::Enqueued, false))),
        // It was seen when it was received, or when its delivery failed.
        (queued(Origin::Received(address.clone())), None),
        (queued(Origin::Returned(address.clone())), None),
        (delivered, Some((SightingKind::Delivered, true))),
        (failed, Some((SightingKind::Failed, true))),
        (dropped(None), Some((SightingKind::Dropped, false))),
        (Event::AnnounceReceived { peer, remote: None }, None),
        (Event::FoundOurselves { address }, None),
    ]
}

#[test]
fn events_of_clacks_are_sightings() {
    let observer = Observer::new(&describe("here:8080".into()), false);
    for (event, expected) in events() {
        let event = ClacksEvent(event).numbered(1, now());
        let expected = expected.map(|(kind, has_peer)| Sighting {
            json: "\"wind\"".into(),
            at: 77,
            kind,
            peer: has_peer.then(|| peer("tower", "alive")),
        });
        assert_eq!(observer.sighting(&event), expected, "{event:?}");
        // The same event of a node in another process.
        let fields = event.json().into_owned();
        let json = JsonEvent::new(None, fields, event.line(), event.touched());
        let far = FeedEvent { body: Body::Json(json.into()), ..event };
        assert_eq!(observer.sighting(&far), expected);
    }
}

#[test]
fn a_private_network_has_no_sightings_unless_somebody_asks() {
    let mut description = describe("here:8080".into());
    description.private = true;
    let event = ClacksEvent(events().remove(0).0).numbered(1, now());
    assert_eq!(Observer::new(&description, false).sighting(&event), None);
    assert!(Observer::new(&description, true).sighting(&event).is_some());
}

#[test]
fn messages_of_peercloud_are_sightings() {
    let description = clacks_peercloud_feed::description::describe("here".into());
    let observer = Observer::new(&description, false);
    let kind_of = |name: &str| {
        let kind = description.event_id(name).unwrap();
        let line = clacks_feed::Line {
            peer: Some("d34a77ca".into()),
            text: Some("[1]".into()),
            ..clacks_feed::Line::default()
        };
        let json = JsonEvent::new(None, Box::default(), Some(line), clacks_feed::Touched::default());
        let now = Now { uptime: Duration::ZERO, unix_ms: 3 };
        let event = FeedEvent { seq: 1, kind, now, by: None, body: Body::Json(json.into()) };
        observer.sighting(&event).map(|sighting| (sighting.kind, sighting.peer.unwrap().hostname))
    };
    assert_eq!(kind_of("message_received"), Some((SightingKind::Received, "d34a77ca".into())));
    assert_eq!(kind_of("request_sent"), Some((SightingKind::Sent, "d34a77ca".into())));
    assert_eq!(kind_of("reply_received"), None);
    assert_eq!(kind_of("member_added"), None);
}
