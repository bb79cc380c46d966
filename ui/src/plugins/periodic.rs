//! Plugins that do something from time to time.

use std::{sync::Arc, time::Duration};

use clacks_p2p::{Message, Node, core::Status};
use clacks_plugins::{
    HostPort,
    builtin::{Crawled, Periodic},
};
use tokio::time::{MissedTickBehavior, interval};

use super::hook::host_port;

/// Calls a plugin about once a second, and queues the messages that it returns.
pub(super) async fn run(plugin: Arc<dyn Periodic>, node: Node) {
    let mut seconds = interval(Duration::from_secs(1));
    seconds.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let max_depth = node.options().max_depth;
    loop {
        seconds.tick().await;
        for json in plugin.tick().done().await {
            let queued = Message::from_json(&json, max_depth)
                .map_err(|error| error.to_string())
                .and_then(|message| node.enqueue(message).map_err(|error| error.to_string()));
            if let Err(reason) = queued {
                tracing::warn!("a message of a plugin was not queued: {reason}");
            }
        }
    }
}

/// A node whose peers a plugin collects.
pub(super) struct CrawledNode(pub(super) Node);

impl Crawled for CrawledNode {
    fn this_node(&self) -> HostPort {
        host_port(&self.0.address())
    }

    fn peers(&self, limit: usize) -> Vec<HostPort> {
        let peers = self.0.peers();
        let named = peers.iter().filter(|peer| peer.status == Status::Alive && peer.last_attempt_ok);
        named.take(limit).map(|peer| host_port(&peer.address)).collect()
    }
}
