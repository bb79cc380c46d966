//! Records the events of a node to a file and replays them.
//!
//! A recording is a file of JSON lines. The first line is a header with a snapshot of the node's state. Each further
//! line is one event, in the form that `clacks node` prints, with more detail about peers and with the time of both of
//! the node's clocks. [`recorder`] writes it, [`tape`] reads it, [`ReplayedNode`] is the node's state at any
//! position, and [`player`] is the playback clock.

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
