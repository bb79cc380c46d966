//! Records the events of a node to a file and replays them.
//!
//! A recording is a file of JSON lines. In version 2 they are those of the feed: the description of a node, states with
//! the rows of its lists, and events with the rows that they changed. [`recorder`] writes it, and [`replay`] plays it as a
//! source, which also plays the older forms that a network knows.
//!
//! [`player`] and [`tape`] play version 1 alone. No face uses them any more; tests compare with them.

pub mod files;
pub mod jump;
pub mod left_out;
pub mod player;
mod private;
mod raw_line;
pub mod recorder;
pub mod replay;
pub mod tape;
#[cfg(test)]
mod tests;
mod version_1;
mod writer;

use clacks_p2p::node::{SnapshotLimits, files::open_regular};

pub use self::jump::JumpError;
#[cfg(any(test, feature = "testing"))]
pub use clacks_p2p_feed::version_1::scripted;
pub use clacks_p2p_feed::version_1::{LineError, ReplayedNode};

/// How much of what the node knows and holds a recording begins with.
const LIMITS: SnapshotLimits = SnapshotLimits::new(20_000, 20_000, 8 << 20);
