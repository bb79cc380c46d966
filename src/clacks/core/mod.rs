//! The node as a state machine: peers, queue, whom to send to next. No socket, no clock, no thread.
//!
//! A shell feeds a [`Core`] what happened and carries out what it asks for:
//!
//! ```text
//!   a payload arrived     ──▶ allow_payload, see_sender, take_payload ──▶ Answer
//!   the send timer fired  ──▶ handle_timeout           ┐
//!   a delivery ended      ──▶ handle_delivery          ├─▶ poll_delivery, poll_event, poll_timeout
//!   the user's commands   ──▶ enqueue, ignore, hold, … ┘
//! ```
//!
//! Time comes in as [`Now`], randomness as an argument. After each input the shell drains
//! [`Core::poll_delivery`] and [`Core::poll_event`] and asks [`Core::poll_timeout`] when to come back.

mod allowance;
mod choice;
mod event;
mod held;
mod limit;
mod machine;
mod options;
mod pace;
mod peer;
mod peers;
mod place;
mod queue;
mod refusals;
mod restore;
mod scope;
mod shares;
mod sightings;
#[cfg(test)]
mod tests;
mod waiting;

#[cfg(feature = "node")]
pub(crate) use allowance::Allowance;
pub use choice::Choice;
pub use event::{Event, Failure, Introduction, Origin, Refusal};
pub use held::{HeldBy, HeldMessage, HoldRule};
pub use limit::{Limit, LimitCounts};
pub use machine::{Answer, Core, Counters, Delivery, DeliveryId, Outcome, Outputs, Reply};
pub use options::{Newcomers, Options, OptionsError};
pub use peer::{KnownPeer, Peer, PeerCounts, Status};
#[cfg(feature = "node")]
pub(crate) use place::{network, place};
pub use queue::{EnqueueError, MessageId, QueuedMessage, ReplaceError};
pub use restore::{HoldState, MessageState, PeerState, RemoteState, RestoredMessages};
pub use scope::Scope;
pub use shares::PlaceShare;

use std::time::Duration;

/// The time at which something happens, on both clocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Now {
    /// Since the node started, on a clock that never goes back; what timers are measured by.
    pub uptime: Duration,
    /// Milliseconds since the Unix epoch; what people are shown. This clock may jump.
    pub unix_ms: u64,
}
