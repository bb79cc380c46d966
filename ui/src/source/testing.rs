//! Nodes and lists for tests of other rooms.

use clacks_p2p::Node;

use super::{bootstrap::Introducer, peer_list::PeerLists};

/// What reads lists for a node of which none are configured.
pub(crate) fn no_lists(node: &Node) -> PeerLists {
    PeerLists::new(Introducer::new(node), &[])
}
