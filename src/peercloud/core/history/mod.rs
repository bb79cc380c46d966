//! What a node did and saw lately: messages with their replies, and whom it refused. It follows from the events, so a core
//! alone, such as one of a simulation, does not need it.

mod door;
mod messages;
#[cfg(test)]
mod tests;

use std::time::Duration;

pub use door::{Door, Visitor};
pub use messages::{Message, MessageCounts, MessageOrigin, Messages, Receiver};

use super::Event;

/// Bounds of a [`History`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct HistoryLimits {
    /// Maximum messages, sent and received. Default 1,000. The oldest is forgotten for another.
    pub max_messages: usize,
    /// Maximum bytes of the messages and their replies. Default 16 MiB. The last message is kept even if it is larger.
    pub max_bytes: usize,
    /// Maximum addresses whose requests were refused. Default 1,000. The one that was refused the longest ago is forgotten
    /// for another.
    pub max_addresses: usize,
}

impl Default for HistoryLimits {
    fn default() -> Self {
        Self { max_messages: 1000, max_bytes: 16 << 20, max_addresses: 1000 }
    }
}

/// The last messages and refused addresses of a node.
#[derive(Debug, Default)]
pub struct History {
    limits: HistoryLimits,
    messages: Messages,
    door: Door,
}

impl History {
    /// An empty history with these bounds.
    pub fn new(limits: HistoryLimits) -> Self {
        Self { limits, messages: Messages::default(), door: Door::default() }
    }

    /// Records an event. A refusal is marked as repeated if its address was reported within the last minute. Returns the
    /// event about what was forgotten because of it, if anything was.
    pub fn record(&mut self, event: &mut Event, now: Duration) -> Option<Event> {
        self.messages.record(event, now);
        self.door.record(event, now);
        let messages = self.messages.trim(&self.limits);
        let addresses = self.door.trim(self.limits.max_addresses);
        let is_empty = messages.is_empty() && addresses.is_empty();
        (!is_empty).then_some(Event::Forgotten { messages, addresses })
    }

    /// The bounds.
    pub fn limits(&self) -> &HistoryLimits {
        &self.limits
    }

    /// The bounds, to change them. What is too much is forgotten at the next event.
    pub fn limits_mut(&mut self) -> &mut HistoryLimits {
        &mut self.limits
    }

    /// The messages.
    pub fn messages(&self) -> &Messages {
        &self.messages
    }

    /// The refused addresses.
    pub fn door(&self) -> &Door {
        &self.door
    }
}
