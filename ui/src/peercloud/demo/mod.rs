//! A demo cloud: members in this process that talk to each other over loopback.

use std::sync::Arc;

use clacks_peercloud::{Json, Node};
use rand::{SeedableRng, rngs::StdRng};
use tokio::{sync::oneshot, task::JoinHandle};

use crate::{demo::DemoOptions, shutdown::STOP_TIMEOUT};

mod conversation;
mod member;
mod supervisor;

use conversation::Conversation;
use member::{Member, at_free_port, next_rng};
use supervisor::Supervisor;

/// The name of the watched node among the members.
const OWN_NAME: &str = "you";

/// A running demo cloud with the watched node.
#[derive(Debug)]
pub(crate) struct Cloud {
    node: Node,
    /// Dropping it ends the members.
    keep: oneshot::Sender<()>,
    supervisor: JoinHandle<()>,
}

impl Cloud {
    /// Starts the members and prepares the watched node.
    pub(crate) async fn start(options: &DemoOptions) -> anyhow::Result<Self> {
        let mut rng = StdRng::seed_from_u64(options.seed);
        let conversation = Arc::new(Conversation::new()?);
        let mut members: Vec<Member> = Vec::new();
        for number in 0..usize::from(options.nodes) {
            let first = members.first().map(Member::address);
            let peers: Vec<_> = first.into_iter().collect();
            let rng = next_rng(&mut rng);
            members.push(Member::start(number, &peers, options.speed, &conversation, rng).await?);
        }
        let peers: Vec<_> = members.first().map(Member::address).into_iter().collect();
        let data = Json::of(&serde_json::json!({ "name": OWN_NAME }))?;
        let node =
            at_free_port(|port| Node::builder().port(port).peers(peers.clone()).data(data.clone())).await?;
        let (keep, stopped) = oneshot::channel();
        let own = node.local_address();
        let supervisor = Supervisor { members, own, conversation, speed: options.speed, rng };
        Ok(Self { node, keep, supervisor: tokio::spawn(supervisor.run(stopped)) })
    }

    /// The watched node, which has not begun.
    pub(crate) fn node(&self) -> &Node {
        &self.node
    }

    /// Ends the members. The watched node is closed already.
    pub(crate) async fn stop(self) {
        drop(self.keep);
        // Members that do not end in time end with the process.
        let _ = tokio::time::timeout(STOP_TIMEOUT, self.supervisor).await;
    }
}
