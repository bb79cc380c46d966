use clacks_p2p::{Builder, Node};

use crate::support::{Answer, Client, FakePeer, assert_no_task_panicked, builder, payload, start};

/// A node and an honest peer that accepts everything. Messages reach the peer one by one, in the order in which the
/// node accepted them.
pub(crate) struct Tower {
    pub(crate) node: Node,
    pub(crate) peer: FakePeer,
    honest_messages: u32,
}

impl Tower {
    pub(crate) async fn start() -> Self {
        Self::of(builder()).await
    }

    pub(crate) async fn of(builder: Builder) -> Self {
        let node = start(builder.options(|options| options.max_in_flight = 1)).await;
        let peer = FakePeer::start().await;
        assert!(node.add_peer(peer.address()));
        Self { node, peer, honest_messages: 0 }
    }

    /// A payload from the honest peer.
    pub(crate) fn payload(&self, message: &str) -> String {
        payload(self.peer.address(), message)
    }

    pub(crate) async fn connect(&self) -> Client {
        Client::connect(&self.node).await
    }

    /// Posts a body on a new connection.
    pub(crate) async fn post(&self, body: impl AsRef<[u8]>) -> Answer {
        self.connect().await.post(body).await
    }

    /// Asserts that the next message that reaches the peer is this one.
    pub(crate) async fn passes_on(&mut self, message: &str) {
        let received = self.peer.next().await.message();
        assert!(received == message, "passed on {}, not {}", start_of(&received), start_of(message));
    }

    /// The head of the request with which a message reaches the peer.
    pub(crate) async fn peer_head(&mut self) -> String {
        assert_eq!(self.post(self.payload("\"what is your head?\"")).await.status, 200);
        self.peer.next().await.head
    }

    /// Asserts that an honest client is served and its message is the next that reaches the peer, so that nothing
    /// before it was accepted.
    pub(crate) async fn still_works(&mut self, after: &str) {
        self.honest_messages += 1;
        let message = format!(r#""honest {}""#, self.honest_messages);
        let answer = self.post(self.payload(&message)).await;
        assert_eq!((answer.status, answer.body.as_str()), (200, ""), "after {after}");
        self.passes_on(&message).await;
        assert_no_task_panicked();
    }
}

fn start_of(text: &str) -> &str {
    text.get(..200).unwrap_or(text)
}
