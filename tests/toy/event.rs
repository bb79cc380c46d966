use std::{ops::Range, sync::Arc};

use clacks_feed::{
    Direction, Key, Line, Now, Statuses, Text, Touched, TypedEvent, Types, Value,
    description::{EventId, Tone, TypeId},
};
use clacks_transport::event_ring::RingEvent;
use serde::Serialize;
use serde_json::value::RawValue;

use crate::{
    core::Happened,
    description::{BOXES, CARD, CARDS, DROPPED, FAILED, IN, NOTE, OUT, OWN, STAMPS, status},
    rows::stamp_key,
};

/// What the ring holds.
#[derive(Debug, Clone)]
pub(crate) enum Sent {
    Event(Now, Arc<ToyEvent>),
    Lagged(u64),
}

/// An event of a toy.
#[derive(Debug)]
pub struct ToyEvent(pub Happened);

/// The JSON of an event.
#[derive(Serialize, Default)]
struct Fields<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    card: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    r#box: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    limit: Option<u64>,
}

impl ToyEvent {
    pub(crate) fn kind(&self) -> EventId {
        EventId(match &self.0 {
            Happened::Posted(..) => 0,
            Happened::Received(..) => 1,
            Happened::Sent(..) => 2,
            Happened::Failed(..) => 3,
            Happened::Dropped(..) => 4,
            Happened::Restored(..) => 5,
            Happened::Stamped(..) => 6,
            Happened::Found(..) => 7,
            Happened::Changed(..) => 8,
            Happened::Forgotten(..) => 9,
            Happened::LimitChanged(..) => 10,
        })
    }

    fn card(&self) -> Option<u64> {
        match &self.0 {
            Happened::Posted(card, _)
            | Happened::Received(card, ..)
            | Happened::Sent(card, ..)
            | Happened::Failed(card, ..)
            | Happened::Dropped(card, _)
            | Happened::Restored(card, ..)
            | Happened::Stamped(card, _) => Some(*card),
            _ => None,
        }
    }

    /// The stamps that came, as indices.
    fn stamps(&self) -> Range<usize> {
        match self.0 {
            Happened::Received(..) => 0..1,
            Happened::Restored(_, _, stamps) => 0..stamps,
            Happened::Stamped(_, index) => index..index + 1,
            _ => 0..0,
        }
    }

    fn text(&self) -> Option<&Text> {
        match &self.0 {
            Happened::Posted(_, text)
            | Happened::Received(_, text, _)
            | Happened::Sent(_, text, ..)
            | Happened::Failed(_, text, _)
            | Happened::Dropped(_, text)
            | Happened::Restored(_, text, _) => Some(text),
            _ => None,
        }
    }

    fn box_name(&self) -> Option<&str> {
        match &self.0 {
            Happened::Received(_, _, name)
            | Happened::Sent(_, _, name, _)
            | Happened::Failed(_, _, name)
            | Happened::Found(name)
            | Happened::Changed(name, ..)
            | Happened::Forgotten(name) => Some(name),
            _ => None,
        }
    }
}

impl TypedEvent for ToyEvent {
    fn line(&self) -> Option<Line> {
        use Direction::{In, Note, Out, Own};
        let (direction, types, what, outcome, tone): (_, &[TypeId], _, _, _) = match &self.0 {
            Happened::Posted(..) => (Own, &[OWN, CARD], "", "posted", Tone::Plain),
            Happened::Received(..) => (In, &[IN, CARD], "", "accepted", Tone::Plain),
            Happened::Sent(..) => (Out, &[OUT, CARD], "", "delivered", Tone::Good),
            Happened::Failed(..) => (Out, &[OUT, CARD, FAILED], "the box is shut", "shut", Tone::Bad),
            Happened::Dropped(..) => (Own, &[OWN, CARD, DROPPED], "", "dropped", Tone::Bad),
            Happened::Restored(..) => (Own, &[OWN, CARD], "", "as before", Tone::Plain),
            Happened::Found(_) => (Note, &[NOTE], "found", "open", Tone::New),
            Happened::Changed(_, _, state) => (Note, &[NOTE], "status changed", state.name(), Tone::Plain),
            Happened::Forgotten(_) => (Note, &[NOTE], "forgotten", "", Tone::Plain),
            Happened::LimitChanged(_) => (Note, &[NOTE], "the maximum of cards was changed", "", Tone::Plain),
            Happened::Stamped(..) => return None,
        };
        let values = match &self.0 {
            Happened::Sent(_, _, _, took) => vec![Value::Took(*took)],
            Happened::Changed(_, was, _) => vec![Value::Status(Statuses::only(status(*was)))],
            _ => Vec::new(),
        };
        Some(Line {
            direction,
            types: Types::of(types.iter().copied()),
            peer: self.box_name().map(Key::new),
            item: self.card().map(|card| (CARDS, Key::from(card.to_string()))),
            text: self.text().cloned(),
            what: what.into(),
            outcome: outcome.into(),
            tone,
            values,
            ..Line::default()
        })
    }

    fn touched(&self) -> Touched {
        let card = self.card().map(|card| (CARDS, Key::from(card.to_string())));
        let stamp = |index| Some((STAMPS, stamp_key(self.card()?, index)));
        let stamps = self.stamps().filter_map(stamp);
        let peer = self.box_name().map(|name| (BOXES, Key::new(name)));
        let settings = matches!(self.0, Happened::LimitChanged(_));
        Touched { settings, ..Touched::rows(card.into_iter().chain(peer).chain(stamps)) }
    }

    fn json(&self) -> Box<RawValue> {
        let limit = if let Happened::LimitChanged(limit) = self.0 { Some(limit) } else { None };
        let text = self.text().map(Text::untrusted);
        let fields = Fields { card: self.card(), r#box: self.box_name(), text, limit };
        serde_json::value::to_raw_value(&fields).unwrap_or_default()
    }

    fn bytes(&self) -> usize {
        self.text().map_or(0, Text::len)
    }
}

impl RingEvent for Sent {
    fn size(&self) -> usize {
        match self {
            Self::Event(_, event) => event.bytes(),
            Self::Lagged(_) => 0,
        }
    }

    fn lagged(missed: u64) -> Self {
        Self::Lagged(missed)
    }
}
