//! The events of a node as events of the feed.

mod line;
mod touched;

use std::sync::Arc;

use clacks_feed::{Body, Line, Touched, TypedEvent, description::EventId};
use clacks_peercloud::core::{Event, Now};
use clacks_transport::event_ring::RingEvent;
use serde_json::value::RawValue;

use crate::json::events::{self, EventFields};

pub(crate) use line::failure_text;

/// An event of a peercloud node.
#[derive(Debug, Clone, PartialEq)]
pub struct PeercloudEvent(pub Event);

impl PeercloudEvent {
    /// This event as one of the feed, with its number in its run and its time.
    pub fn numbered(self, seq: u64, now: Now) -> clacks_feed::Event {
        let Now { uptime, unix_ms } = now;
        let (kind, now) = (kind_of(&self.0), clacks_feed::Now { uptime, unix_ms });
        clacks_feed::Event { seq, kind, now, by: None, body: Body::Typed(Arc::new(self)) }
    }
}

/// The id of an event's kind in the [description](crate::description::describe).
pub fn kind_of(event: &Event) -> EventId {
    EventId(u8::try_from(events::position(event)).unwrap_or(u8::MAX))
}

impl TypedEvent for PeercloudEvent {
    fn line(&self) -> Option<Line> {
        line::line(&self.0)
    }

    fn touched(&self) -> Touched {
        touched::touched(&self.0)
    }

    fn json(&self) -> Box<RawValue> {
        // Nothing that is written here fails: no maps, and values are valid JSON.
        serde_json::value::to_raw_value(&EventFields::new(&self.0)).unwrap_or_default()
    }

    fn bytes(&self) -> usize {
        self.0.size()
    }

    fn read(kind: &str, json: &RawValue) -> Option<Self> {
        events::read(kind, json.get()).map(Self)
    }
}
