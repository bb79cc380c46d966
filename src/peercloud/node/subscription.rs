use clacks_transport::{event_ring::RingEvent, subscription};

use crate::{
    core::{CheckResult, Event, Reply},
    protocol::{Id, Json},
};

/// The events of a node from the time of the subscription.
///
/// The node never waits for a subscriber. At most 4,096 events with 64 MiB of messages are kept for slow ones. A
/// subscriber that falls behind gets one [`Event::Lagged`] with the number of missed events, then the oldest event that
/// is still kept.
pub type Subscription = subscription::Subscription<Event>;

/// An event with its number and its time.
pub type NumberedEvent = subscription::NumberedEvent<Event>;

impl RingEvent for Event {
    /// Bytes that the event keeps alive beyond its own size: those of messages, replies and reasons.
    fn size(&self) -> usize {
        match self {
            Self::MessageReceived { message, reply, .. } => {
                message.size() + reply.as_ref().map_or(0, Json::size)
            }
            Self::Sent { body, receivers, .. } => body.size() + receivers.len() * size_of::<Id>(),
            Self::Replied { reply, .. } => reply.size(),
            Self::Replies { replies, .. } => replies.iter().map(Reply::size).sum(),
            Self::Refused { reason, .. } => reason.len(),
            Self::Checked { result: CheckResult::Failed(failure), .. }
            | Self::Alone { failure: Some(failure) } => failure.size(),
            Self::MemberAdded { member, .. }
            | Self::MemberUpdated { member }
            | Self::MemberRemoved { member, .. } => member.data.size(),
            _ => 0,
        }
    }

    fn lagged(missed: u64) -> Self {
        Self::Lagged(missed)
    }
}
