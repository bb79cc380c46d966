//! The network's own fields of events in JSON.

pub(crate) mod failure;
pub mod parts;
