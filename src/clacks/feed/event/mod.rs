//! The events of a node as events of the feed.

mod line;
mod touched;

use clacks_feed::{Line, Touched, TypedEvent, description::EventId};
use clacks_p2p::core::Event;
use clacks_transport::event_ring::RingEvent;
use serde_json::value::RawValue;

use crate::json::{
    events::{self, EventLine},
    parts::Detail,
};

/// An event of a clacks node.
#[derive(Debug, Clone, PartialEq)]
pub struct ClacksEvent(pub Event);

/// The id of an event's kind. The description has the kinds in the order of their JSON.
pub(crate) fn kind_of(event: &Event) -> EventId {
    EventId(u8::try_from(events::position(event)).unwrap_or(u8::MAX))
}

impl TypedEvent for ClacksEvent {
    fn line(&self) -> Option<Line> {
        line::line(&self.0)
    }

    fn touched(&self) -> Touched {
        touched::touched(&self.0)
    }

    fn json(&self) -> Box<RawValue> {
        let line = EventLine::new(&self.0, Detail::Brief);
        // Nothing that is written here fails: no maps, and messages are valid JSON.
        serde_json::value::to_raw_value(&line).unwrap_or_default()
    }

    fn bytes(&self) -> usize {
        self.0.size()
    }
}
