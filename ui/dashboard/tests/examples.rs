//! Peers, messages and traffic for the tests.

use std::time::Duration;

use clacks_p2p::{
    Address, Message,
    core::{
        Discovery, Event, Failure, MessageId, Now, Origin, Peer, PeerChoice, PeerCounts, QueuedMessage,
        Refusal, Status,
    },
};

use super::fixture::{NOON, UPTIME};

pub(crate) fn address(text: &str) -> Address {
    text.parse().unwrap()
}

pub(crate) fn peer(status: Status, text: &str, seconds: u64, round_trip: Option<u64>) -> Peer {
    let since =
        Now { uptime: UPTIME.saturating_sub(Duration::from_secs(seconds)), unix_ms: NOON - seconds * 1000 };
    let mut peer = Peer::new(address(text), status, since);
    peer.round_trip = round_trip.map(Duration::from_micros);
    (peer.delivered, peer.received, peer.failed) = (12, 7, 1);
    peer.ever_responded = round_trip.is_some();
    peer.last_attempt_ok = status == Status::Alive;
    peer
}

pub(crate) fn some_peers() -> Vec<Peer> {
    vec![
        peer(Status::New, "tower-9.example.org:8080", 1, None),
        peer(Status::Alive, "grand-trunk.example.org:443", 9, Some(11_800)),
        peer(Status::Alive, "tower-3:8443", 4, Some(420)),
        peer(Status::Alive, "[2001:db8::1]:8080", 300, Some(2_400_000)),
        peer(Status::Lost, "sto-lat:8080", 360, Some(31_000)),
        peer(Status::Dead, "quirm:8080", 7200, None),
        peer(Status::Ignored, "rude-tower:8081", 90_000, Some(5_000)),
    ]
}

pub(crate) fn queued(number: u64, json: &str, seconds: u64, visits: u32) -> QueuedMessage {
    QueuedMessage::new(
        number.to_string().parse::<MessageId>().unwrap(),
        Message::from_json(json, 128).unwrap(),
        UPTIME.saturating_sub(Duration::from_secs(seconds)).as_millis() as u64,
        visits,
        None,
        None,
    )
}

pub(crate) fn some_messages() -> Vec<QueuedMessage> {
    vec![
        queued(11, r#""GNU Terry Pratchett""#, 40, 42),
        queued(12, r#""has anyone seen the lamp oil?""#, 12, 1),
        queued(13, r#"{"kind":"chess","move":"e4","board":[["r","n"],[]]}"#, 5, 2),
        queued(14, r#""\u001b]52;c;aGk=\u0007 hostile \u202etxt.exe""#, 3, 1),
        queued(15, r#""wide \u4e16\u754c and \ud83d\uddfc""#, 1, 1),
    ]
}

pub(crate) fn some_traffic() -> Vec<Event> {
    let new = peer(Status::New, "tower-9.example.org:8080", 1, None);
    let alive = peer(Status::Alive, "grand-trunk.example.org:443", 9, None);
    let gnu = Message::text("GNU Terry Pratchett");
    let chess = Message::from_json(r#"{"kind":"chess","move":"e4"}"#, 128).unwrap();
    let id = "3".parse::<MessageId>().unwrap();
    let lost = peer(Status::Lost, "sto-lat:8080", 0, None);
    vec![
        Event::PeerDiscovered {
            peer: new.clone(),
            introduction: Discovery::Referral(alive.address.clone()),
            remote: None,
        },
        Event::MessageQueued {
            id,
            message: chess.clone(),
            origin: Origin::Local,
            since_ms: UPTIME.as_millis() as u64,
            visits: 1,
            place: None,
        },
        Event::MessageDelivered {
            id,
            peer: alive.clone(),
            message: chess.clone(),
            round_trip: Duration::from_millis(12),
            place: None,
        },
        Event::MessageReceived {
            peer: alive,
            message: gnu.clone(),
            id: Some(id),
            visits: 42,
            remote: None,
            held: None,
        },
        Event::DeliveryFailed {
            id,
            peer: lost.clone(),
            message: gnu.clone(),
            failure: Failure::Connection("connection refused".to_owned()),
        },
        Event::PeerUpdated { peer: lost, from: Status::Alive },
        Event::AnnounceReceived { peer: new, remote: None },
        Event::Refused(Refusal::new(
            403,
            "ignored".to_owned(),
            Some(address("rude-tower:8081")),
            Some(gnu.as_json().to_owned()),
            Some([192, 0, 2, 7].into()),
        )),
        Event::Lagged(312),
    ]
}

/// One message to a peer that accepts it, one to an unreachable peer, and one from a third.
pub(crate) fn messages_on_their_way() -> Vec<Event> {
    let gnu = Message::text("GNU Terry Pratchett");
    let [first, second, third] = ["7", "8", "9"].map(|id| id.parse::<MessageId>().unwrap());
    let (taker, sender) = (
        peer(Status::Alive, "grand-trunk.example.org:443", 9, None),
        peer(Status::Alive, "tower-3:8443", 4, None),
    );
    let lost = peer(Status::Lost, "sto-lat:8080", 0, None);
    let free = PeerCounts::from([(Status::Alive, 2), (Status::Lost, 1)]);
    let sending = |id, peer: &Peer| {
        let mut choice = PeerChoice::new(3_000, free);
        choice.alive_places = 1;
        Event::MessageSending { id, peer: peer.clone(), message: gnu.clone(), choice }
    };
    let failure = Failure::Connection("connection refused".to_owned());
    vec![
        sending(first, &lost),
        Event::DeliveryFailed { id: first, peer: lost.clone(), message: gnu.clone(), failure },
        sending(second, &taker),
        Event::MessageReceived {
            peer: sender,
            message: gnu.clone(),
            id: Some(third),
            visits: 43,
            remote: None,
            held: None,
        },
    ]
}
