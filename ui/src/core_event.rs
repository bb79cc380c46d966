//! The events of a clacks node inside those of the feed. Only what needs the types of clacks uses this.

use clacks_feed::Event;
use clacks_p2p::{DEFAULT_MAX_DEPTH, Message, core};
use clacks_p2p_feed::ClacksEvent;

use clacks_session::traffic::row::Row;

/// The event of clacks in an event of the feed. `None` for an event of another network.
pub(crate) fn core_event(event: &Event) -> Option<&core::Event> {
    event.get().map(|ClacksEvent(event)| event)
}

/// The time of an event.
pub(crate) fn core_time(event: &Event) -> core::Now {
    core::Now { uptime: event.now.uptime, unix_ms: event.now.unix_ms }
}

/// The message of a row of the traffic. `None` if it has none.
pub(crate) fn message_of(row: &Row) -> Option<Message> {
    let json = row.json()?;
    Some(
        Message::from_json(json.untrusted(), DEFAULT_MAX_DEPTH)
            .unwrap_or_else(|_| Message::text(json.untrusted())),
    )
}
