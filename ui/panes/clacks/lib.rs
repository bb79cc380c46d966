//! The pictures and pages of clacks in the dashboard, and what it derives from the events of clacks.
//!
//! They read the types of clacks from events and rows. An event of a recording of an older version may not be one of
//! clacks' own type; then it changes nothing here. The accessible mode speaks of the same facts and histories.

pub mod facts;
pub mod histories;
pub mod introductions;
mod items;
pub mod map;
pub mod message_history;
pub mod send_history;
pub mod shares;
pub mod tower;
pub mod why;

use clacks_feed::{Event, Now};
use clacks_p2p::core;
use clacks_p2p_feed::ClacksEvent;
use clacks_panes::NetworkPanes;

/// Creates all panes of clacks, without data.
pub fn panes() -> NetworkPanes {
    NetworkPanes {
        network: "clacks",
        panes: vec![
            Box::<tower::TowerPane>::default(),
            Box::<map::PeersPane>::default(),
            Box::<why::ChoicePane>::default(),
            Box::<histories::HistoriesPane>::default(),
        ],
    }
}

/// Returns the event of clacks in an event of the feed. `None` for an event of another network or another form.
fn core_event(event: &Event) -> Option<&core::Event> {
    event.get().map(|ClacksEvent(event)| event)
}

/// Returns a time of the feed as a time of clacks.
fn core_time(Now { uptime, unix_ms }: Now) -> core::Now {
    core::Now { uptime, unix_ms }
}
