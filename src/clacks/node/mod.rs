//! The node on tokio: it listens, sends, saves its state, and drives the [core](crate::core).
//!
//! [`Node::builder`] starts a node and returns a handle. The handle takes commands, answers queries, and creates
//! [`Subscription`]s to events. All calls are cheap: the core is behind a lock that is held for microseconds, and the
//! node never waits for a subscriber, listener or peer while it holds it. Work on all peers or messages is done in
//! portions. Exceptions are a [snapshot](Node::snapshot) and a window of the queue, which hold the lock in proportion
//! to their size.

#![expect(clippy::disallowed_methods, reason = "the node is what reads the clock and draws seeds")]

mod builder;
mod certificate;
mod directory;
mod driver;
mod handle;
mod held;
mod hooks;
mod limits;
mod listener;
mod payload_hook;
mod peer_lists;
mod public_key;
mod reconfigure;
mod refused_hostnames;
mod remotes;
mod saved_state;
mod sender;
mod shared;
mod snapshot;
mod sockets;
mod start_warning;
mod state_changes;
mod state_file;
mod subscription;
mod trust;
mod undo;

pub use clacks_transport::files;
use hyper::header::HeaderName;

pub use crate::core::CertificateFingerprint;
pub use builder::{Builder, StartError};
pub use certificate::CertificateError;
pub use directory::DirectoryError;
pub use handle::{AnnounceError, Node, UnknownPeer};
pub use held::DrainError;
pub use hooks::{PluginDecision, Request};
pub use limits::Limits;
pub use payload_hook::{IncomingPayload, Judging, PayloadHook};
pub use snapshot::{Overview, Snapshot, SnapshotLimits, Unsent};
pub use start_warning::StartWarning;
pub use state_file::{StateError, StateFormError};
pub use subscription::{NumberedEvent, Subscription};
pub use trust::{CertificateState, TrustChange};

/// The request header that carries a random value of one run of a node, by which it recognises itself under a name
/// that it did not know. Other nodes ignore it.
static RUN_HEADER: HeaderName = HeaderName::from_static("clacks-run");
