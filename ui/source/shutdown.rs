//! Leaving without losing what nobody else has: what that is, and handing it on when no screen is left to ask on.

use std::time::Duration;

use clacks_p2p::{
    core::PeerCounts,
    node::{DrainError, Overview},
};

/// What handing on may take when the system wants the program to end, and no longer waits soon after.
pub const WHEN_TOLD_TO_END: Duration = Duration::from_secs(5);
/// What it may take when the terminal has gone.
pub const WHEN_HUNG_UP: Duration = Duration::from_secs(2);

/// Why the screen was left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// The user wanted it, and knew what is lost.
    User,
    /// The system wants the program to end.
    Signal,
    /// The terminal has gone.
    HungUp,
}

impl Cause {
    /// How long messages are handed on, where nobody was asked about them.
    pub fn patience(self) -> Option<Duration> {
        match self {
            Self::User => None,
            Self::Signal => Some(WHEN_TOLD_TO_END),
            Self::HungUp => Some(WHEN_HUNG_UP),
        }
    }
}

/// The messages that only this node has, which are lost when it stops.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnsentCounts {
    /// Those that wait or are on their way.
    pub waiting: usize,
    /// Those that are held, and stay here unless they are released.
    pub held: usize,
    /// Whether there is a peer that could be tried.
    pub is_anybody_there: bool,
}

impl UnsentCounts {
    pub fn of(overview: &Overview) -> Self {
        let PeerCounts { new, alive, lost, dead, .. } = overview.peers;
        Self {
            waiting: overview.queued + overview.in_flight,
            held: overview.held,
            is_anybody_there: new + alive + lost + dead > 0,
        }
    }

    pub fn all(self) -> usize {
        self.waiting + self.held
    }

    /// How many are handed on, what is held among them or not.
    pub fn to_hand_on(self, with_held: bool) -> usize {
        if with_held { self.all() } else { self.waiting }
    }

    /// How many of those that were handed on are still here by now, be it that every peer refused them, so that they are
    /// held.
    pub fn left_of(self, now: Self, with_held: bool) -> usize {
        now.all().saturating_sub(self.all() - self.to_hand_on(with_held))
    }

    pub fn can_hand_on(self) -> bool {
        self.waiting > 0 && self.is_anybody_there
    }
}

/// How it went, in a line: how many of so many are gone, and why not more.
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

/// What is told when it begins.
pub fn begun(messages: usize, within: Duration) -> String {
    let messages = if messages == 1 { "1 message".to_owned() } else { format!("{messages} messages") };
    format!(
        "handing on {messages} before the end, for {} s at most; a second signal ends at once",
        within.as_secs()
    )
}
