//! What a clacks node offers to every face: the only crate that knows both the network clacks and the contract.
//!
//! [`ClacksNetwork`] makes a running node a [`Network`](clacks_feed::Network). A new kind of events is one struct in
//! [`event::kinds`].

pub mod description;
pub mod event;
pub mod figures;
pub mod json;
pub mod origins;
pub mod peer;
pub mod plugins;
pub mod read_back;
pub mod rows;
pub mod settings;
pub mod version_1;

mod commands;
mod node;
#[cfg(test)]
mod tests;

pub use commands::{UnsentCounts, told as handing_on_ended};
pub use event::{ClacksEvent, kind_of};
pub use node::ClacksNetwork;
