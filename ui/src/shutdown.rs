//! The end of the program: unsent messages are drained or reported.

use std::time::Duration;

use clacks_p2p::{Node, node::Unsent};
use clacks_source::shutdown::{Cause, UnsentCounts, begun, told};
use clacks_terminal::stderr::report;

/// Maximum time for a node to stop.
pub(crate) const STOP_TIMEOUT: Duration = Duration::from_secs(3);

/// Stops the node and returns its unsent messages.
pub(crate) async fn stop(node: &Node) -> Unsent {
    tokio::time::timeout(STOP_TIMEOUT, node.stop()).await.unwrap_or_else(|_| node.remaining())
}

/// Reports lost messages on standard error.
pub(crate) fn report_loss(remaining: &Unsent) {
    let losses = [(remaining.messages.len(), "still in the queue"), (remaining.held.len(), "held here")];
    for (number, place) in losses {
        match number {
            0 => {}
            1 => report(&format!("1 message was {place} and is lost")),
            number => report(&format!("{number} messages were {place} and are lost")),
        }
    }
}

/// Drains unsent messages for a limited time if the user did not decide about them. Reports on standard error.
pub(crate) async fn drain_after(cause: Cause, node: &Node) {
    let Some(within) = cause.patience() else { return };
    let unsent = UnsentCounts::of(&node.overview());
    if !unsent.can_hand_on() {
        return;
    }
    report(&begun(unsent.waiting, within));
    let result = node.drain(within).await;
    let left = unsent.left_of(UnsentCounts::of(&node.overview()), false);
    report(&told(result, unsent.waiting, left));
}
