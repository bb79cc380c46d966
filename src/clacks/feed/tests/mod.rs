mod calls;
mod drafts;
mod retrying;
mod stopping;

use std::sync::Arc;

use clacks_feed::{Network, Run, conformance::Specimen, conformance_tests};
use clacks_p2p::{
    Address, Message, Node,
    core::{Event, MessageId},
    protocol::{Kind, Payload},
};
use rand::{RngExt, rngs::StdRng};
use tokio::runtime::Runtime;

use crate::{ClacksNetwork, description::describe, json::events::KINDS};

/// A node that sends nothing by itself, so that nothing happens between two steps.
struct Quiet {
    network: Arc<ClacksNetwork>,
    node: Node,
    _runtime: Runtime,
}

impl Quiet {
    fn new() -> Self {
        let runtime = Runtime::new().unwrap();
        let start = || async {
            let options = |options: &mut clacks_p2p::core::Options| {
                (options.max_queue_messages, options.max_queue_bytes) = (200_000, 256 << 20);
                (options.payload_rate, options.introductions_per_minute) = (0.0, 0);
            };
            Node::builder().hostname("127.0.0.1").port(0).send_rate(0.001).options(options).start().await
        };
        let node = runtime.block_on(start()).unwrap();
        runtime.block_on(use_up_the_first_send(&node));
        let _within = runtime.enter();
        Self { network: ClacksNetwork::new(&node, Run(7)), node, _runtime: runtime }
    }

    fn peer(random: &mut StdRng) -> Address {
        let number = random.random_range(0..30);
        format!("peer{}.example.org:{}", number / 3, 80 + number * 37).parse().unwrap()
    }
}

/// A node sends its first message at once, and the next one after 1,000 seconds.
async fn use_up_the_first_send(node: &Node) {
    let mut events = node.subscribe();
    let nobody: Address = "127.0.0.1:1".parse().unwrap();
    node.add_peer(&nobody);
    let message = node.enqueue(Message::text("x")).unwrap();
    while !matches!(events.next().await, Some(Event::MessageQueued { id, .. }) if id != message) {}
    node.drop_matching(|_| true);
    node.forget(&nobody).unwrap();
}

fn payload(sender: Address, message: Message) -> Payload {
    Payload { message, kind: Kind::Message, sender, friend: None }
}

impl Specimen for Quiet {
    fn network(&self) -> Arc<dyn Network> {
        self.network.clone()
    }

    fn disturb(&mut self, random: &mut StdRng) {
        let peer = Self::peer(random);
        let id = self.node.read(|core| core.queue(0..1).next()).map(|head| head.id);
        let id = id.map_or(MessageId::from(1), |id| MessageId::from(id.number() + random.random_range(0..5)));
        let text = format!("message {}", random.random_range(0..20));
        match random.random_range(0..16) {
            0 => _ = self.node.add_peer(&peer),
            1 => _ = self.node.ignore(&peer),
            2 => _ = self.node.unignore(&peer),
            3 => _ = self.node.forget(&peer),
            4 => _ = self.node.hold(id),
            5 => _ = self.node.release_all(),
            6 | 7 => _ = self.node.drop_message(id),
            8 => _ = self.node.release(id),
            9 => _ = self.node.replace(id, Message::text(&text)),
            10 => _ = self.node.ignore_remote([192, 0, 2, random.random_range(0..9)].into()),
            11 => _ = self.node.unignore_remote([192, 0, 2, random.random_range(0..9)].into()),
            12 => _ = self.node.enqueue(Message::text(&text)),
            _ => {
                let remote = [198, 51, 100, random.random_range(0..4)].into();
                self.node.receive(payload(peer, Message::text(&text)), Some(remote));
            }
        }
    }

    fn receive(&mut self, text: &str) -> bool {
        let message = Message::text(text);
        let sender = "stranger.example.org:1".parse().unwrap();
        self.node.receive(payload(sender, message), None).status == 200
    }

    fn fill(&mut self, items: usize) {
        while self.node.queue_len() < items && self.node.enqueue(Message::text("GNU Terry Pratchett")).is_ok()
        {
        }
    }

    fn depends_on_others(&self, command: &str) -> bool {
        // A higher rate makes the node send.
        matches!(command, "announce" | "rate" | "stop")
    }
}

#[test]
fn the_description_has_the_kinds_of_events_in_the_order_of_their_json() {
    let description = describe("a node".into());
    let described = description.events.iter().map(|event| event.name.as_str());
    let written = KINDS.iter().map(|(name, _)| *name).chain(["other"]);
    assert!(described.eq(written), "a kind is missing in the description, or stands at another place");
}

conformance_tests!(Quiet::new());
