use std::{fmt, sync::Arc};

use clacks_p2p::{Address, Message, Node, node::StartError};

use super::conversation::Conversation;

const HOSTNAME: &str = "127.0.0.1";

/// A node of the demo network, which can fall and be rebuilt at the same address with the same certificate.
#[derive(Debug)]
pub(crate) struct Tower {
    address: Address,
    send_rate: f64,
    certificate: Certificate,
    conversation: Arc<Conversation>,
    /// While it stands.
    node: Option<Node>,
    /// What the user said and it held when it fell.
    rescued: Vec<Message>,
}

impl Tower {
    pub(crate) async fn build(send_rate: f64, conversation: &Arc<Conversation>) -> anyhow::Result<Self> {
        let certificate = Certificate::make()?;
        let node = start(&certificate, send_rate, 0, conversation).await?;
        Ok(Self {
            address: node.address(),
            send_rate,
            certificate,
            conversation: Arc::clone(conversation),
            node: Some(node),
            rescued: Vec::new(),
        })
    }

    pub(crate) fn address(&self) -> &Address {
        &self.address
    }

    /// Its node, while it stands.
    pub(crate) fn node(&self) -> Option<&Node> {
        self.node.as_ref()
    }

    /// Stops it. What the user said is kept until it is rebuilt; the lines of the conversation are lost with it.
    pub(crate) async fn fall(&mut self) {
        let Some(node) = self.node.take() else { return };
        let held = node.stop().await.messages.into_iter().map(|queued| queued.message);
        self.rescued.extend(held.filter(|message| !self.conversation.fell_silent(message, &self.address)));
    }

    /// Starts it where it stood.
    pub(crate) async fn rebuild(&mut self) -> Result<(), StartError> {
        let node = start(&self.certificate, self.send_rate, self.address.port(), &self.conversation).await?;
        for message in self.rescued.drain(..) {
            // Its queue is empty, so there is room.
            let _ = node.enqueue(message);
        }
        self.node = Some(node);
        Ok(())
    }
}

/// What a tower is known by, kept in memory alone: however the demo ends, it leaves no keys behind.
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
