//! The events of a node for scripts.

use std::{future::poll_fn, sync::Arc};

use clacks_feed::Network;
use clacks_plugins::script::Scripts;

use crate::headless::event_writer::line;

/// Passes each event to the scripts, as the line that `clacks node` prints, until the node stops.
pub(super) async fn publish(scripts: Arc<Scripts>, network: Arc<dyn Network>) {
    let mut events = network.watch();
    while let Some(event) = poll_fn(|cx| events.poll_next(cx)).await {
        if scripts.wants_events() {
            scripts.publish(&line(&*network, &event).into());
        }
    }
}
