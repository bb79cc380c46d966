use tokio::sync::mpsc::UnboundedReceiver;

use crate::core::{Reply, SendId};

/// The replies to a message, an update or a goodbye, as they come in: one of each receiver.
///
/// Dropping it does not take the message back.
#[derive(Debug)]
pub struct Replies {
    pub(super) id: SendId,
    /// It holds at most one reply of each receiver, and the core bounds their bytes.
    pub(super) receiver: UnboundedReceiver<Reply>,
}

impl Replies {
    /// The number of the message in events.
    pub fn id(&self) -> SendId {
        self.id
    }

    /// Waits for the next reply. Returns `None` once every receiver has replied or failed to, or the node has stopped.
    pub async fn next(&mut self) -> Option<Reply> {
        self.receiver.recv().await
    }

    /// Waits for all replies, in the order in which they come.
    pub async fn all(mut self) -> Vec<Reply> {
        let mut all = Vec::new();
        while let Some(reply) = self.next().await {
            all.push(reply);
        }
        all
    }
}
