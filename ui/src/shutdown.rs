//! The end of the program: unsent messages are drained or reported.

use std::time::Duration;

use clacks_dashboard::run::event_loop::Cause;
use clacks_p2p::{
    Node,
    core::PeerCounts,
    node::{DrainError, Overview, Unsent},
};
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
    let unsent = UnsentCounts::of(&node.overview());
    if !unsent.can_hand_on() {
        return;
    }
    report(&begun(unsent.waiting, within));
    let result = node.drain(within).await;
    let left = unsent.left_of(UnsentCounts::of(&node.overview()), false);
    report(&told(result, unsent.waiting, left));
}

/// Counts of the messages that are lost when the node stops.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct UnsentCounts {
    /// Queued messages and those in flight.
    pub(crate) waiting: usize,
    /// Held messages, which the drain keeps unless they are released.
    pub(crate) held: usize,
    /// Whether a peer is known that is not ignored.
    pub(crate) is_anybody_there: bool,
}

impl UnsentCounts {
    /// Reads the counts of a node.
    pub(crate) fn of(overview: &Overview) -> Self {
        let PeerCounts { new, alive, lost, dead, .. } = overview.peers;
        Self {
            waiting: overview.queued + overview.in_flight,
            held: overview.held,
            is_anybody_there: new + alive + lost + dead > 0,
        }
    }

    /// The sum of waiting and held messages.
    pub(crate) fn all(self) -> usize {
        self.waiting + self.held
    }

    /// The number of messages to drain, with or without the held ones.
    pub(crate) fn to_hand_on(self, with_held: bool) -> usize {
        if with_held { self.all() } else { self.waiting }
    }

    /// The number of drained messages that are still here, given the counts `now`. Includes messages that are held
    /// because every peer refused them.
    pub(crate) fn left_of(self, now: Self, with_held: bool) -> usize {
        now.all().saturating_sub(self.all() - self.to_hand_on(with_held))
    }

    /// Whether a drain makes sense: messages wait, and a peer is known.
    pub(crate) fn can_hand_on(self) -> bool {
        self.waiting > 0 && self.is_anybody_there
    }
}

/// Reports the end of the drain in one line. `left` of `total` messages were not delivered.
pub(crate) fn told(result: Result<(), DrainError>, total: usize, left: usize) -> String {
    let gone = total.saturating_sub(left);
    match result {
        Ok(()) if left > 0 => format!("handed on {gone} of {total}; the rest is held"),
        Ok(()) if total == 1 => "handed on 1 message".to_owned(),
        Ok(()) => format!("handed on {total} messages"),
        Err(reason) => format!("handed on {gone} of {total}: {}", why(reason)),
    }
}

fn why(reason: DrainError) -> &'static str {
    match reason {
        DrainError::NobodyThere => "no peer takes them",
        DrainError::OutOfTime => "the time was over",
        _ => "the node has stopped",
    }
}

/// Reports the start of the drain in one line.
pub(crate) fn begun(messages: usize, within: Duration) -> String {
    let messages = if messages == 1 { "1 message".to_owned() } else { format!("{messages} messages") };
    format!(
        "handing on {messages} before the end, for {} s at most; a second signal ends at once",
        within.as_secs()
    )
}
