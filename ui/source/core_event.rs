//! The events of a clacks node inside those of the feed. Only what needs the types of clacks uses this.

use clacks_feed::Event;
use clacks_p2p::core;
use clacks_p2p_feed::ClacksEvent;

/// The event of clacks in an event of the feed. `None` for an event of another network.
pub fn core_event(event: &Event) -> Option<&core::Event> {
    event.get().map(|ClacksEvent(event)| event)
}

/// The time of an event.
pub fn core_time(event: &Event) -> core::Now {
    core::Now { uptime: event.now.uptime, unix_ms: event.now.unix_ms }
}
