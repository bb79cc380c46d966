//! Shutdown without losing unsent messages: their counts, and the drain without a confirmation.

use std::time::Duration;

use clacks_p2p::{
    core::PeerCounts,
    node::{DrainError, Overview},
};

/// Maximum time of the drain after a termination signal; a service manager kills the process soon after.
pub const WHEN_TOLD_TO_END: Duration = Duration::from_secs(5);
/// Maximum time of the drain after a hangup.
pub const WHEN_HUNG_UP: Duration = Duration::from_secs(2);

/// The cause of the shutdown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// The user quit and confirmed the loss of unsent messages.
    User,
    /// A termination signal.
    Signal,
    /// The terminal was closed.
    HungUp,
}

impl Cause {
    /// Maximum time of the drain; `None` if the user has already decided about unsent messages.
    pub fn patience(self) -> Option<Duration> {
        match self {
            Self::User => None,
            Self::Signal => Some(WHEN_TOLD_TO_END),
            Self::HungUp => Some(WHEN_HUNG_UP),
        }
    }
}

/// Counts of the messages that are lost when the node stops.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct UnsentCounts {
    /// Queued messages and those in flight.
    pub waiting: usize,
    /// Held messages, which the drain keeps unless they are released.
    pub held: usize,
    /// Whether a peer is known that is not ignored.
    pub is_anybody_there: bool,
}

impl UnsentCounts {
    /// Reads the counts of a node.
    pub fn of(overview: &Overview) -> Self {
        let PeerCounts { new, alive, lost, dead, .. } = overview.peers;
        Self {
            waiting: overview.queued + overview.in_flight,
            held: overview.held,
            is_anybody_there: new + alive + lost + dead > 0,
        }
    }

    /// The sum of waiting and held messages.
    pub fn all(self) -> usize {
        self.waiting + self.held
    }

    /// The number of messages to drain, with or without the held ones.
    pub fn to_hand_on(self, with_held: bool) -> usize {
        if with_held { self.all() } else { self.waiting }
    }

    /// The number of drained messages that are still here, given the counts `now`. Includes messages that are held
    /// because every peer refused them.
    pub fn left_of(self, now: Self, with_held: bool) -> usize {
        now.all().saturating_sub(self.all() - self.to_hand_on(with_held))
    }

    /// Whether a drain makes sense: messages wait, and a peer is known.
    pub fn can_hand_on(self) -> bool {
        self.waiting > 0 && self.is_anybody_there
    }
}

/// Reports the end of the drain in one line. `left` of `total` messages were not delivered.
pub fn told(result: Result<(), DrainError>, total: usize, left: usize) -> String {
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
pub fn begun(messages: usize, within: Duration) -> String {
    let messages = if messages == 1 { "1 message".to_owned() } else { format!("{messages} messages") };
    format!(
        "handing on {messages} before the end, for {} s at most; a second signal ends at once",
        within.as_secs()
    )
}
