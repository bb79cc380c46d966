//! The network's own fields of events in JSON.

pub mod events;
mod failure;
pub mod parts;
