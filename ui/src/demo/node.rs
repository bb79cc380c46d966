use std::{fmt, sync::Arc};

use clacks_p2p::{Address, Message, Node, node::StartError};

use super::conversation::Conversation;

const HOSTNAME: &str = "127.0.0.1";

/// A node of the demo network. It can be stopped and restarted with the same address and certificate.
#[derive(Debug)]
pub(crate) struct DemoNode {
    address: Address,
    send_rate: f64,
    certificate: Certificate,
    conversation: Arc<Conversation>,
    /// `None` while stopped.
    node: Option<Node>,
    /// Messages of the user that it had when it stopped.
    kept_messages: Vec<Message>,
}

impl DemoNode {
    pub(crate) async fn start(send_rate: f64, conversation: &Arc<Conversation>) -> anyhow::Result<Self> {
        let certificate = Certificate::make()?;
        let node = start(&certificate, send_rate, 0, conversation).await?;
        Ok(Self {
            address: node.address(),
            send_rate,
            certificate,
            conversation: Arc::clone(conversation),
            node: Some(node),
            kept_messages: Vec::new(),
        })
    }

    pub(crate) fn address(&self) -> &Address {
        &self.address
    }

    /// The running node; `None` while stopped.
    pub(crate) fn node(&self) -> Option<&Node> {
        self.node.as_ref()
    }

    /// Stops the node. Messages of the user are kept for the restart; lines of the conversation are dropped.
    pub(crate) async fn stop(&mut self) {
        let Some(node) = self.node.take() else { return };
        let held = node.stop().await.messages.into_iter().map(|queued| queued.message);
        self.kept_messages
            .extend(held.filter(|message| !self.conversation.on_stopped(message, &self.address)));
    }

    /// Restarts the node at the same address.
    pub(crate) async fn restart(&mut self) -> Result<(), StartError> {
        let node = start(&self.certificate, self.send_rate, self.address.port(), &self.conversation).await?;
        for message in self.kept_messages.drain(..) {
            // The new queue is empty, so there is space.
            let _ = node.enqueue(message);
        }
        self.node = Some(node);
        Ok(())
    }
}

/// A certificate that exists only in memory, so that the demo leaves no key behind.
struct Certificate {
    certificate: String,
    key: String,
}

impl Certificate {
    fn make() -> Result<Self, rcgen::Error> {
        let made = rcgen::generate_simple_self_signed([HOSTNAME.to_owned()])?;
        Ok(Self { certificate: made.cert.pem(), key: made.signing_key.serialize_pem() })
    }
}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Certificate").finish_non_exhaustive()
    }
}

async fn start(
    certificate: &Certificate,
    send_rate: f64,
    port: u16,
    conversation: &Arc<Conversation>,
) -> Result<Node, StartError> {
    let builder = Node::builder().hostname(HOSTNAME).port(port).send_rate(send_rate);
    let node = builder.certificate_pem(&certificate.certificate, &certificate.key).start().await?;
    conversation.follow(&node);
    Ok(node)
}
