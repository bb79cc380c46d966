//! The events of a node as events of the feed.

pub mod kinds;
mod line;
#[cfg(test)]
mod tests;
mod touched;

use std::sync::Arc;

use clacks_feed::{Body, Line, Touched, TypedEvent, description::EventId};
use clacks_p2p::core::{Event, Now};
use clacks_transport::event_ring::RingEvent;
use serde_json::value::RawValue;

use crate::peer::Detail;
use kinds::EventLine;

/// An event of a clacks node.
#[derive(Debug, Clone, PartialEq)]
pub struct ClacksEvent(pub Event);

impl ClacksEvent {
    /// This event as one of the feed, with its number in its run and its time.
    pub fn numbered(self, seq: u64, now: Now) -> clacks_feed::Event {
        let Now { uptime, unix_ms } = now;
        let (kind, now) = (kind_of(&self.0), clacks_feed::Now { uptime, unix_ms });
        clacks_feed::Event { seq, kind, now, by: None, body: Body::Typed(Arc::new(self)) }
    }
}

/// The id of an event's kind in the [description](crate::description::describe).
pub fn kind_of(event: &Event) -> EventId {
    EventId(u8::try_from(kinds::position(event)).unwrap_or(u8::MAX))
}

impl TypedEvent for ClacksEvent {
    fn line(&self) -> Option<Line> {
        kinds::line(&self.0)
    }

    fn touched(&self) -> Touched {
        kinds::touched(&self.0)
    }

    fn json(&self) -> Box<RawValue> {
        let line = EventLine::new(&self.0, Detail::Brief);
        // Nothing that is written here fails: no maps, and messages are valid JSON.
        serde_json::value::to_raw_value(&line).unwrap_or_default()
    }

    fn bytes(&self) -> usize {
        self.0.size()
    }

    /// Of a peer the JSON has its address, its status and since when. Its counters are 0.
    fn read(kind: &str, json: &RawValue) -> Option<Self> {
        let line = EventLine::read(kind, json.get()).ok()??;
        line.event().ok()?.map(Self)
    }
}
