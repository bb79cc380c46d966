//! The JSON of events, written and read.

pub mod events;
pub mod parts;
