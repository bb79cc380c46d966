//! The events of a node as events of the feed.

mod line;
mod touched;

use clacks_feed::{Line, Touched, TypedEvent, description::EventId};
use clacks_p2p::core::Event;
use clacks_transport::event_ring::RingEvent;
use serde_json::value::RawValue;

use crate::json::{events::EventLine, parts::Detail};

/// An event of a clacks node.
#[derive(Debug, Clone, PartialEq)]
pub struct ClacksEvent(pub Event);

/// The id of a kind of events: its position in the description.
pub(crate) fn kind_of(event: &Event) -> EventId {
    EventId(match event {
        Event::MessageReceived { .. } => 0,
        Event::MessageQueued { .. } => 1,
        Event::MessageSending { .. } => 2,
        Event::MessageDelivered { .. } => 3,
        Event::DeliveryFailed { .. } => 4,
        Event::MessageDropped { .. } => 5,
        Event::MessageHeld { .. } => 6,
        Event::MessageReleased { .. } => 7,
        Event::MessageChanged { .. } => 8,
        Event::MessageRestored { .. } => 9,
        Event::HoldRuleChanged { .. } => 10,
        Event::PeerDiscovered { .. } => 11,
        Event::PeerUpdated { .. } => 12,
        Event::PeerChanged { .. } => 13,
        Event::ClaimConfirmed { .. } => 14,
        Event::PeerForgotten { .. } => 15,
        Event::AnnounceReceived { .. } => 16,
        Event::Announced { .. } => 17,
        Event::AnnounceFailed { .. } => 18,
        Event::FoundOurselves { .. } => 19,
        Event::RemoteIgnored { .. } => 20,
        Event::RemoteUnignored { .. } => 21,
        Event::Refused(_) => 22,
        Event::LimitsMet { .. } => 23,
        Event::SendRateChanged { .. } => 24,
        Event::Lagged(_) => 25,
        _ => 26,
    })
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
