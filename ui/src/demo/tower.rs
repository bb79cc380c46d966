use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use clacks_p2p::{Address, Message, Node, node::StartError};

use super::conversation::Conversation;

/// A node of the demo network, which can fall and be rebuilt at the same address with the same certificate.
#[derive(Debug)]
pub(super) struct Tower {
    address: Address,
    send_rate: f64,
    /// Keeps its certificate.
    directory: PathBuf,
    conversation: Arc<Conversation>,
    /// While it stands.
    node: Option<Node>,
    /// What the user said and it held when it fell.
    rescued: Vec<Message>,
}

impl Tower {
    pub(super) async fn build(
        directory: &Path,
        send_rate: f64,
        conversation: &Arc<Conversation>,
    ) -> Result<Self, StartError> {
        let node = start(directory, send_rate, 0, conversation).await?;
        Ok(Self {
            address: node.address(),
            send_rate,
            directory: directory.to_owned(),
            conversation: Arc::clone(conversation),
            node: Some(node),
            rescued: Vec::new(),
        })
    }

    pub(super) fn address(&self) -> &Address {
        &self.address
    }

    /// Its node, while it stands.
    pub(super) fn node(&self) -> Option<&Node> {
        self.node.as_ref()
    }

    /// Stops it. What the user said is kept until it is rebuilt; the lines of the conversation are lost with it.
    pub(super) async fn fall(&mut self) {
        let Some(node) = self.node.take() else { return };
        let held = node.stop().await.messages.into_iter().map(|queued| queued.message);
        self.rescued.extend(held.filter(|message| !self.conversation.fell_silent(message)));
    }

    /// Starts it where it stood.
    pub(super) async fn rebuild(&mut self) -> Result<(), StartError> {
        let node = start(&self.directory, self.send_rate, self.address.port(), &self.conversation).await?;
        for message in self.rescued.drain(..) {
            // Its queue is empty, so there is room.
            let _ = node.enqueue(message);
        }
        self.node = Some(node);
        Ok(())
    }
}

async fn start(
    directory: &Path,
    send_rate: f64,
    port: u16,
    conversation: &Arc<Conversation>,
) -> Result<Node, StartError> {
    let builder = Node::builder().hostname("127.0.0.1").port(port).send_rate(send_rate);
    let node = builder.data_dir(directory).keep_state(false).start().await?;
    let conversation = Arc::clone(conversation);
    node.on_message_received(move |_, message| conversation.goes_on(&message).then_some(message));
    Ok(node)
}
