//! Makes the node known to the peers that it was told of at its start.

use std::time::Duration;

use clacks_p2p::{Address, Node, core::Failure, node::AnnounceError};

const FIRST_WAIT: Duration = Duration::from_secs(1);
const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// Announces the node to each peer in the background, again and again until the peer answers 200 or never will. The
/// node's events tell how it goes.
pub(crate) fn introduce(node: &Node, peers: &[Address]) {
    for peer in peers {
        tokio::spawn(keep_announcing(node.clone(), peer.clone()));
    }
}

async fn keep_announcing(node: Node, peer: Address) {
    let mut wait = FIRST_WAIT;
    while let Err(AnnounceError::Failed(failure)) = node.announce(&peer).await {
        if failure == Failure::Stopped {
            return;
        }
        // A peer that asks us to wait longer is not asked before.
        tokio::time::sleep(node.asked_to_wait(&peer).unwrap_or_default().max(wait)).await;
        wait = (wait * 2).min(LONGEST_WAIT);
    }
}
