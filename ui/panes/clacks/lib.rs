//! The pictures and pages of clacks in the dashboard.
//!
//! They read the types of clacks from events and rows. An event of a recording of an older version may not be one of
//! clacks' own type; then it changes nothing here.

pub mod tower;

use clacks_feed::Event;
use clacks_p2p::core;
use clacks_p2p_feed::ClacksEvent;
use clacks_panes::Pane;

/// Name of the network.
const NETWORK: &str = "clacks";

/// Creates all panes of clacks, without data.
pub fn panes() -> Vec<Box<dyn Pane>> {
    vec![Box::<tower::TowerPane>::default()]
}

/// Returns the event of clacks in an event of the feed. `None` for an event of another network or another form.
fn core_event(event: &Event) -> Option<&core::Event> {
    event.get().map(|ClacksEvent(event)| event)
}
