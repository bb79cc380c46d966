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

mod compact_entry;
mod event;
mod fingerprint;
mod held;
mod limit;
mod machine;
mod options;
mod packed_key;
mod peer;
mod peer_choice;
mod peers;
mod queue;
mod refusals;
mod restore;
mod send_timer;
mod shares;
#[cfg(test)]
mod tests;
mod visit_counts;

pub use clacks_transport::{Now, Scope};
pub use event::{Event, Failure, Introduction, Origin, Refusal};
pub use fingerprint::{CertificateFingerprint, FingerprintError};
pub use held::{HeldBy, HeldMessage, HoldRule};
pub use limit::{Limit, LimitCounts};
pub use machine::{Answer, Core, Counters, Delivery, DeliveryId, Outcome, Outputs, Reply};
pub use options::{Newcomers, Options, OptionsError};
pub use peer::{KnownPeer, Peer, PeerCounts, Status};
pub use peer_choice::Choice;
pub use queue::{EnqueueError, MessageId, QueuedMessage, ReplaceError};
pub use restore::{HoldState, MessageState, PeerState, RemoteState, RestoredMessages};
pub use shares::PlaceShare;
