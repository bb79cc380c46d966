//! Events about messages.

use std::net::IpAddr;

use clacks_feed::{
    Direction::{In, Out, Own},
    Line, Touched, Value,
    description::{EventSpec, Field, Kind as FieldKind, Level, Tone},
};
use clacks_p2p::{
    Message,
    core::{Event, Origin, PeerChoice, PeerCounts},
};
use serde::{Deserialize, Serialize};

use super::{Kind, http, message, took};
use crate::{
    description::Type,
    event::{
        line::{Build, about, accepted, own},
        touched::{of_peer, origin, queued},
    },
    json::{
        failure::Failed,
        parts::{Counts, Draw, Millis, Named, Text, Ticket, Wrong},
    },
    peer::{Described, Detail},
};

/// The origin of a message.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "origin", rename_all = "snake_case")]
pub(super) enum CameFrom {
    Local,
    Received {
        from: Named,
    },
    Returned {
        from: Named,
    },
    /// It waited until it was held.
    Queue,
}

impl From<&Origin> for CameFrom {
    fn from(origin: &Origin) -> Self {
        match origin {
            Origin::Local => Self::Local,
            Origin::Received(from) => Self::Received { from: from.into() },
            Origin::Returned(from) => Self::Returned { from: from.into() },
        }
    }
}

impl From<CameFrom> for Option<Origin> {
    fn from(origin: CameFrom) -> Self {
        match origin {
            CameFrom::Local => Some(Origin::Local),
            CameFrom::Received { from: Named(from) } => Some(Origin::Received(from)),
            CameFrom::Returned { from: Named(from) } => Some(Origin::Returned(from)),
            CameFrom::Queue => None,
        }
    }
}

pub(super) fn text(message: &Message) -> Text {
    Text(message.clone())
}

#[derive(Debug, Serialize, Deserialize)]
pub struct MessageReceived {
    peer: Described,
    message: Text,
    id: Option<Ticket>,
    visits: u32,
    remote: Option<IpAddr>,
}

impl Kind for MessageReceived {
    const NAME: &str = "message_received";

    fn spec() -> EventSpec {
        message(Self::NAME, "a message came from a peer")
            .fields([Field::new("visits", FieldKind::Count)])
            .usually(In, &["in", "message"], Some("queued"), Tone::Plain)
    }

    fn of(event: &Event, detail: Detail) -> Option<Self> {
        let Event::MessageReceived { peer, message, id, visits, remote, .. } = event else { return None };
        let (peer, id) = (detail.of(peer), id.map(Ticket));
        Some(Self { peer, message: text(message), id, visits: *visits, remote: *remote })
    }

    fn event(self) -> Result<Event, Wrong> {
        let Self { peer, message: Text(message), id, visits, remote } = self;
        let id = id.map(|Ticket(id)| id);
        Ok(Event::MessageReceived { peer: peer.into(), message, id, visits, remote, held: None })
    }

    fn line(event: &Event) -> Option<Line> {
        let Event::MessageReceived { peer, message, id, held, visits, remote } = event else { return None };
        let line = about(In, &[Type::In, Type::Message], peer).of(message, *id).with_remote(*remote);
        let line = line.in_list(held.is_some());
        let outcome = match (id, held) {
            (None, _) => "not queued",
            (Some(_), None) => "queued",
            (Some(_), Some(_)) => "held",
        };
        // A message that was not queued has not been here.
        let visits = if *visits > 0 { Value::Count((*visits).into()) } else { Value::None };
        Some(line.ended(outcome, Tone::Plain).with([visits]))
    }

    fn touched(event: &Event) -> Touched {
        let Event::MessageReceived { peer, .. } = event else { return Touched::default() };
        Touched::rows([of_peer(peer)])
    }
}

#[derive(Debug, Serialize, Deserialize)]
pub struct MessageQueued {
    id: Ticket,
    message: Text,
    #[serde(flatten)]
    origin: CameFrom,
    since_ms: u64,
    visits: u32,
    place: Option<IpAddr>,
}

impl Kind for MessageQueued {
    const NAME: &str = "message_queued";

    fn spec() -> EventSpec {
        message(Self::NAME, "a message was appended to the queue").usually(
            Own,
            &["own", "message"],
            Some("queued"),
            Tone::Plain,
        )
    }

    fn of(event: &Event, _: Detail) -> Option<Self> {
        let Event::MessageQueued { id, message, origin, since_ms, visits, place } = event else {
            return None;
        };
        let (id, message, origin) = (Ticket(*id), text(message), origin.into());
        Some(Self { id, message, origin, since_ms: *since_ms, visits: *visits, place: *place })
    }

    fn event(self) -> Result<Event, Wrong> {
        let Self { id: Ticket(id), message: Text(message), origin, since_ms, visits, place } = self;
        let origin = Option::from(origin).ok_or_else(|| Wrong::field("origin"))?;
        Ok(Event::MessageQueued { id, message, origin, since_ms, visits, place })
    }

    fn line(event: &Event) -> Option<Line> {
        let Event::MessageQueued { id, message, origin: Origin::Local, .. } = event else { return None };
        Some(own(message, Some(*id)).ended("queued", Tone::Plain))
    }

    fn touched(event: &Event) -> Touched {
        let Event::MessageQueued { id, place, .. } = event else { return Touched::default() };
        Touched::rows([queued(*id)].into_iter().chain(origin(*place)))
    }
}

#[derive(Debug, Serialize, Deserialize)]
pub struct MessageSending {
    peer: Described,
    id: Ticket,
    message: Text,
    draw: Draw,
    free_peers: Counts,
    // Recordings of before it was told have none of these: each alive peer was drawn alike.
    for_proven: Option<bool>,
    alive_places: Option<u32>,
    at_place: Option<u32>,
}

impl Kind for MessageSending {
    const NAME: &str = "message_sending";

    fn spec() -> EventSpec {
        message(Self::NAME, "a message is being sent").level(Level::Debug)
    }

    fn of(event: &Event, detail: Detail) -> Option<Self> {
        let Event::MessageSending { id, peer, message, choice } = event else { return None };
        Some(Self {
            peer: detail.of(peer),
            id: Ticket(*id),
            message: text(message),
            draw: Draw(choice.draw),
            free_peers: choice.free.into(),
            for_proven: Some(choice.verified_only),
            alive_places: Some(choice.alive_places),
            at_place: Some(choice.at_place),
        })
    }

    fn event(self) -> Result<Event, Wrong> {
        let Self { id: Ticket(id), message: Text(message), draw: Draw(draw), .. } = self;
        let free = PeerCounts::from(self.free_peers);
        let mut choice = PeerChoice::new(draw, free);
        choice.verified_only = self.for_proven.unwrap_or_default();
        choice.alive_places = self.alive_places.unwrap_or(choice.alive_places);
        choice.at_place = self.at_place.unwrap_or(choice.at_place);
        Ok(Event::MessageSending { id, peer: self.peer.into(), message, choice })
    }

    fn touched(event: &Event) -> Touched {
        let Event::MessageSending { id, peer, .. } = event else { return Touched::default() };
        Touched::rows([queued(*id), of_peer(peer)])
    }
}

#[derive(Debug, Serialize, Deserialize)]
pub struct MessageDelivered {
    peer: Described,
    id: Ticket,
    message: Text,
    round_trip_ms: Millis,
}

impl Kind for MessageDelivered {
    const NAME: &str = "message_delivered";

    fn spec() -> EventSpec {
        message(Self::NAME, "a peer accepted a message").fields([took(), http()]).usually(
            Out,
            &["out", "message"],
            Some("delivered"),
            Tone::Good,
        )
    }

    fn of(event: &Event, detail: Detail) -> Option<Self> {
        let Event::MessageDelivered { id, peer, message, round_trip, .. } = event else { return None };
        let (peer, id, message) = (detail.of(peer), Ticket(*id), text(message));
        Some(Self { peer, id, message, round_trip_ms: Millis(*round_trip) })
    }

    fn event(self) -> Result<Event, Wrong> {
        let Self { peer, id: Ticket(id), message: Text(message), round_trip_ms: Millis(round_trip) } = self;
        Ok(Event::MessageDelivered { id, peer: peer.into(), message, place: None, round_trip })
    }

    fn line(event: &Event) -> Option<Line> {
        let Event::MessageDelivered { id, peer, message, round_trip, .. } = event else { return None };
        let line = about(Out, &[Type::Out, Type::Message], peer).of(message, Some(*id));
        Some(line.ended("delivered", Tone::Good).with(accepted(*round_trip)))
    }

    fn touched(event: &Event) -> Touched {
        let Event::MessageDelivered { id, peer, place, .. } = event else { return Touched::default() };
        Touched::rows([queued(*id), of_peer(peer)].into_iter().chain(origin(*place)))
    }
}

#[derive(Debug, Serialize, Deserialize)]
pub struct DeliveryFailed {
    peer: Described,
    id: Ticket,
    message: Text,
    #[serde(flatten)]
    failure: Failed,
}

impl Kind for DeliveryFailed {
    const NAME: &str = "delivery_failed";

    fn spec() -> EventSpec {
        message(Self::NAME, "a delivery failed; the message is queued or held again")
            .fields([took(), http()])
            .usually(Out, &["out", "message", "failed"], Some("no answer"), Tone::Bad)
    }

    fn of(event: &Event, detail: Detail) -> Option<Self> {
        let Event::DeliveryFailed { id, peer, message, failure } = event else { return None };
        let (peer, id, message) = (detail.of(peer), Ticket(*id), text(message));
        Some(Self { peer, id, message, failure: failure.into() })
    }

    fn event(self) -> Result<Event, Wrong> {
        let Self { peer, id: Ticket(id), message: Text(message), failure } = self;
        Ok(Event::DeliveryFailed { id, peer: peer.into(), message, failure: failure.into() })
    }

    fn line(event: &Event) -> Option<Line> {
        let Event::DeliveryFailed { id, peer, message, failure } = event else { return None };
        let types: &[_] = &[Type::Out, Type::Message, Type::Failed];
        Some(about(Out, types, peer).of(message, Some(*id)).failed(failure))
    }

    fn touched(event: &Event) -> Touched {
        let Event::DeliveryFailed { id, peer, .. } = event else { return Touched::default() };
        Touched::rows([queued(*id), of_peer(peer)])
    }
}
