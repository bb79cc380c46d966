//! The end of the program: unsent messages are drained or reported.

use std::time::Duration;

use clacks_dashboard::run::event_loop::Cause;
use clacks_p2p::{Node, node::Unsent};
use clacks_p2p_feed::{UnsentCounts, handing_on_ended};
use clacks_terminal::stderr::report;

/// Maximum time for a node to stop.
pub(crate) const STOP_TIMEOUT: Duration = Duration::from_secs(3);

/// Maximum time of the drain after a termination signal; a service manager kills the process soon after.
pub(crate) const WHEN_TOLD_TO_END: Duration = Duration::from_secs(5);
/// Maximum time of the drain after a hangup.
pub(crate) const WHEN_HUNG_UP: Duration = Duration::from_secs(2);

/// Maximum time of the drain; `None` if the user has already decided about unsent messages.
fn patience(cause: Cause) -> Option<Duration> {
    match cause {
        Cause::User => None,
        Cause::Signal => Some(WHEN_TOLD_TO_END),
        Cause::HungUp => Some(WHEN_HUNG_UP),
    }
}

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
    let Some(within) = patience(cause) else { return };
    let unsent = UnsentCounts::at(node);
    if !unsent.can_hand_on() {
        return;
    }
    report(&begun(unsent.waiting, within));
    let result = node.drain(within).await;
    let left = unsent.left_of(UnsentCounts::at(node), false);
    report(&handing_on_ended(result, unsent.waiting, left));
}

/// Reports the start of the drain in one line.
pub(crate) fn begun(messages: usize, within: Duration) -> String {
    let messages = if messages == 1 { "1 message".to_owned() } else { format!("{messages} messages") };
    format!(
        "handing on {messages} before the end, for {} s at most; a second signal ends at once",
        within.as_secs()
    )
}
