//! The networks that the program knows: one function each, which makes a node a network of the feed.

use std::sync::Arc;

use clacks_feed::{Network, Run, Source};
use clacks_p2p::Node;
use clacks_p2p_feed::ClacksNetwork;

/// A node of clacks. Call it within the runtime of the node.
pub(crate) fn clacks(node: &Node) -> Arc<dyn Network> {
    ClacksNetwork::new(node, Run(rand::random()))
}

/// Nodes of other networks that the dashboard shows beside the node of clacks: one line each.
pub(crate) fn others() -> Vec<Box<dyn Source>> {
    vec![]
}
