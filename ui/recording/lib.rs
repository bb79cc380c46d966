//! Records the events of a node to a file and replays them.
//!
//! A recording is a file of JSON lines. In version 2 they are those of the feed: the description of a node, states with
//! the rows of its lists, and events with the rows that they changed. [`recorder`] writes it, and [`replay`] plays it as a
//! source. It also plays older forms, for which the program passes the [`Format`](clacks_feed::mirror::Format) of the
//! network.

pub mod files;
pub mod jump;
pub mod left_out;
mod private;
mod raw_line;
pub mod recorder;
pub mod replay;
#[cfg(test)]
mod tests;
mod writer;

pub use self::jump::JumpError;
