//! What happens at a node, kept in a file and played again.
//!
//! A recording is a file of JSON lines: a first line that says what it is and what the node knew and held when it
//! began, then one for each event, in the form that `clacks node` prints, with more about the peers and with the time on
//! both of the node's clocks. [`recorder`] writes it, [`tape`] reads it, [`state`] is what the node knew and held at
//! any point of it, and [`player`] is the clock by which it is played.

#[cfg(test)]
pub(crate) mod scripted;

pub(crate) mod files;
mod jump;
pub(crate) mod left_out;
mod line;
mod parse;
pub(crate) mod player;
pub(crate) mod recorder;
mod state;
pub(crate) mod tape;

#[cfg(test)]
pub(crate) mod tests;

use clacks_p2p::node::SnapshotLimits;

/// The version of the format that is written, and the only one that is read.
const VERSION: u64 = 1;

/// How much of what the node knows and holds a recording begins with.
const LIMITS: SnapshotLimits = SnapshotLimits::new(20_000, 20_000, 8 << 20);

/// The longest line in bytes. The longest that is written begins a file: peers and messages as above, with the
/// characters of the messages escaped at worst.
const MAX_LINE: usize = 128 << 20;
