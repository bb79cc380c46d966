//! Events about messages.

use std::net::IpAddr;

use clacks_p2p::{
    Message,
    core::{Event, HeldBy, HeldMessage, Origin, PeerChoice, PeerCounts, QueuedMessage},
};
use serde::{Deserialize, Serialize};

use super::Kind;
use crate::json::{
    failure::Failed,
    parts::{By, Counts, Described, Detail, Draw, Millis, Named, Text, Ticket, Wrong},
};

/// The origin of a message.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "origin", rename_all = "snake_case")]
enum CameFrom {
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

/// The fields of a message besides its number and its text.
#[derive(Debug, Serialize, Deserialize)]
struct Waits {
    since_ms: u64,
    visits: u32,
    sender: Option<Named>,
    place: Option<IpAddr>,
}

impl From<&QueuedMessage> for Waits {
    fn from(queued: &QueuedMessage) -> Self {
        let QueuedMessage { since_ms, visits, ref from, place, .. } = *queued;
        Self { since_ms, visits, sender: from.as_ref().map(Named::from), place }
    }
}

impl Waits {
    fn queued(self, id: Ticket, message: Text) -> QueuedMessage {
        let Self { since_ms, visits, sender, place } = self;
        let from = sender.map(|Named(address)| address);
        QueuedMessage::new(id.0, message.0, since_ms, visits, from, place)
    }
}

fn text(message: &Message) -> Text {
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
}

#[derive(Debug, Serialize, Deserialize)]
pub struct MessageDelivered {
    peer: Described,
    id: Ticket,
    message: Text,
    round_trip_ms: Millis,
}

impl Kind for MessageDelivered {
    fn of(event: &Event, detail: Detail) -> Option<Self> {
        let Event::MessageDelivered { id, peer, message, round_trip } = event else { return None };
        let (peer, id, message) = (detail.of(peer), Ticket(*id), text(message));
        Some(Self { peer, id, message, round_trip_ms: Millis(*round_trip) })
    }

    fn event(self) -> Result<Event, Wrong> {
        let Self { peer, id: Ticket(id), message: Text(message), round_trip_ms: Millis(round_trip) } = self;
        Ok(Event::MessageDelivered { id, peer: peer.into(), message, round_trip })
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
    fn of(event: &Event, detail: Detail) -> Option<Self> {
        let Event::DeliveryFailed { id, peer, message, failure } = event else { return None };
        let (peer, id, message) = (detail.of(peer), Ticket(*id), text(message));
        Some(Self { peer, id, message, failure: failure.into() })
    }

    fn event(self) -> Result<Event, Wrong> {
        let Self { peer, id: Ticket(id), message: Text(message), failure } = self;
        Ok(Event::DeliveryFailed { id, peer: peer.into(), message, failure: failure.into() })
    }
}

#[derive(Debug, Serialize, Deserialize)]
pub struct MessageDropped {
    id: Ticket,
    message: Text,
    sender: Option<Named>,
}

impl Kind for MessageDropped {
    fn of(event: &Event, _: Detail) -> Option<Self> {
        let Event::MessageDropped { id, message, from } = event else { return None };
        Some(Self { id: Ticket(*id), message: text(message), sender: from.as_ref().map(Named::from) })
    }

    fn event(self) -> Result<Event, Wrong> {
        let Self { id: Ticket(id), message: Text(message), sender } = self;
        Ok(Event::MessageDropped { id, message, from: sender.map(|Named(address)| address) })
    }
}

#[derive(Debug, Serialize, Deserialize)]
pub struct MessageHeld {
    id: Ticket,
    message: Text,
    #[serde(flatten)]
    waits: Waits,
    by: By,
    #[serde(flatten)]
    origin: CameFrom,
}

impl Kind for MessageHeld {
    fn of(event: &Event, _: Detail) -> Option<Self> {
        let Event::MessageHeld { held: HeldMessage { queued, by, .. }, origin } = event else { return None };
        let origin = origin.as_ref().map_or(CameFrom::Queue, CameFrom::from);
        let (id, message) = (Ticket(queued.id), text(&queued.message));
        Some(Self { id, message, waits: queued.into(), by: (*by).into(), origin })
    }

    fn event(self) -> Result<Event, Wrong> {
        let Self { id, message, waits, by, origin } = self;
        let held = HeldMessage::new(waits.queued(id, message), by.into());
        Ok(Event::MessageHeld { held, origin: origin.into() })
    }
}

#[derive(Debug, Serialize, Deserialize)]
pub struct MessageReleased {
    was: Ticket,
    id: Ticket,
    message: Text,
    #[serde(flatten)]
    waits: Waits,
}

impl Kind for MessageReleased {
    fn of(event: &Event, _: Detail) -> Option<Self> {
        let Event::MessageReleased { was, queued } = event else { return None };
        let (id, message) = (Ticket(queued.id), text(&queued.message));
        Some(Self { was: Ticket(*was), id, message, waits: queued.into() })
    }

    fn event(self) -> Result<Event, Wrong> {
        let Self { was: Ticket(was), id, message, waits } = self;
        Ok(Event::MessageReleased { was, queued: waits.queued(id, message) })
    }
}

#[derive(Debug, Serialize, Deserialize)]
pub struct MessageChanged {
    before: Text,
    id: Ticket,
    message: Text,
    #[serde(flatten)]
    waits: Waits,
}

impl Kind for MessageChanged {
    fn of(event: &Event, _: Detail) -> Option<Self> {
        let Event::MessageChanged { before, queued, .. } = event else { return None };
        let (id, message) = (Ticket(queued.id), text(&queued.message));
        Some(Self { before: text(before), id, message, waits: queued.into() })
    }

    fn event(self) -> Result<Event, Wrong> {
        let Self { before: Text(before), id, message, waits } = self;
        Ok(Event::MessageChanged { before, queued: waits.queued(id, message), held: None })
    }
}

#[derive(Debug, Serialize, Deserialize)]
pub struct MessageRestored {
    was: Option<Ticket>,
    id: Ticket,
    message: Text,
    #[serde(flatten)]
    waits: Waits,
    by: Option<By>,
}

impl Kind for MessageRestored {
    fn of(event: &Event, _: Detail) -> Option<Self> {
        let Event::MessageRestored { was, queued, held } = event else { return None };
        let (id, message) = (Ticket(queued.id), text(&queued.message));
        let (was, by) = (was.map(Ticket), held.map(By::from));
        Some(Self { was, id, message, waits: queued.into(), by })
    }

    fn event(self) -> Result<Event, Wrong> {
        let Self { was, id, message, waits, by } = self;
        let (was, held) = (was.map(|Ticket(was)| was), by.map(HeldBy::from));
        Ok(Event::MessageRestored { was, queued: waits.queued(id, message), held })
    }
}
