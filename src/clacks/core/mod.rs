//! The node as a state machine: its peers, its queue, and the choice of receivers. No socket, clock or thread.
//!
//! The shell around a [`Core`] passes inputs to it and carries out its outputs:
//!
//! ```text
//!   a payload arrived     ──▶ allow_payload, record_contact, accept_payload ──▶ Response
//!   the send timer fired  ──▶ handle_timeout           ┐
//!   a delivery ended      ──▶ handle_delivery          ├─▶ poll_delivery, poll_event, poll_timeout
//!   a user's command      ──▶ enqueue, ignore, hold, … ┘
//! ```
//!
//! Time is an argument, [`Now`], and so is the random number generator. After each input the shell drains
//! [`Core::poll_delivery`] and [`Core::poll_event`], and asks [`Core::poll_timeout`] when to call
//! [`Core::handle_timeout`] next.

mod compact_entry;
mod event;
mod fingerprint;
mod held;
mod judgement;
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
#[cfg(feature = "node")]
pub(crate) use event::Saved;
pub use event::{Discovery, Event, Failure, Origin, Refusal};
pub use fingerprint::{CertificateFingerprint, FingerprintError};
pub use held::{HeldBy, HeldMessage, HoldRule, PluginHold};
pub use judgement::{Judgement, PluginMessage, PluginReport, Verdict};
pub use machine::{
    Arrival, Core, Counters, Delivery, DeliveryId, DeliveryResult, Judged, Outputs, Reply, Response,
};
pub use options::{Limit, LimitCounts, NewPeerPolicy, Options, OptionsError};
pub use peer::{KnownPeer, Peer, PeerCounts, Status};
pub use peer_choice::PeerChoice;
pub use queue::{EnqueueError, MessageId, QueuedMessage, ReplaceError};
pub use restore::{HoldState, MessageState, PeerState, RemoteState, RestoredMessages};
pub use shares::{PlaceRank, PlaceShare};
