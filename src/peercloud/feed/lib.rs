//! What a peercloud node offers to every face: the only crate that knows both the network peercloud and the contract.
//!
//! [`PeercloudNetwork`] makes a running node a [`Network`](clacks_feed::Network). A new kind of events is one struct in
//! [`json`], one line in `event`, and one entry in `description`.

pub mod description;
pub mod json;

mod commands;
mod event;
mod figures;
mod node;
mod rows;
#[cfg(test)]
mod tests;

pub use event::{PeercloudEvent, kind_of};
pub use node::PeercloudNetwork;
