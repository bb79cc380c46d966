//! The node on tokio: an HTTP server and a client, which drive the [core](crate::core).
//!
//! [`Node::builder`] starts a node and returns a handle. The handle takes commands, answers queries, and creates
//! [`Subscription`]s to events. The core is behind a lock that is held for microseconds, and the node never waits for a
//! subscriber, handler or peer while it holds it.

#![expect(clippy::disallowed_methods, reason = "the node is what reads the clock and draws seeds")]

mod builder;
mod client;
mod driver;
mod handle;
mod handler;
mod join_memory;
mod limits;
#[cfg(any(test, feature = "testing"))]
mod manual;
mod paced_stream;
mod replies;
mod server;
mod shared;
mod sockets;
mod subscription;
#[cfg(test)]
mod tests;

pub use builder::{Auth, Builder, StartError, StartWarning};
pub use handle::{JoinError, Node};
pub use limits::{Limits, LimitsError};
#[cfg(any(test, feature = "testing"))]
pub use manual::ManualNode;
pub use replies::Replies;
pub use subscription::{NumberedEvent, Subscription};

/// How this library names itself to others, in `User-Agent` and `Server`. A node that does so accepts a record twice.
const AGENT: &str = concat!("clacks-peercloud/", env!("CARGO_PKG_VERSION"));
/// What [`AGENT`] of every version begins with.
const OURS: &str = "clacks-peercloud/";
