//! Records the events of a node to a file and replays them.
//!
//! A recording is a file of JSON lines. The first line is a header with a snapshot of the node's state. Each further
//! line is one event, in the form that `clacks node` prints, with more detail about peers and with the time of both of
//! the node's clocks. [`recorder`] writes it, [`tape`] reads it, [`ReplayedNode`] is the node's state at any
//! position, and [`player`] is the playback clock.

pub mod files;
mod jump;
pub mod left_out;
mod line;
mod parse;
pub mod player;
pub mod recorder;
#[cfg(any(test, feature = "testing"))]
#[allow(clippy::unwrap_used, clippy::missing_panics_doc, missing_docs, reason = "only tests call it")]
pub mod scripted;
mod state;
pub mod tape;
#[cfg(test)]
mod tests;

use clacks_p2p::node::SnapshotLimits;

pub use self::{jump::JumpError, parse::LineError, state::ReplayedNode};

/// The version of the format that is written, and the only one that is read.
const VERSION: u64 = 1;

/// How much of what the node knows and holds a recording begins with.
const LIMITS: SnapshotLimits = SnapshotLimits::new(20_000, 20_000, 8 << 20);

/// The longest line in bytes. The longest that is written begins a file: peers and messages as above, with the
/// characters of the messages escaped at worst.
const MAX_LINE: usize = 128 << 20;
