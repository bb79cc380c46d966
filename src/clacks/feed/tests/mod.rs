mod calls;
mod drafts;
mod origins;
mod protocol;
mod retrying;
mod sending;
mod stopping;

use std::{
    future::{poll_fn, ready},
    sync::Arc,
};

use clacks_feed::{
    Call, Check, Key, Name, Network, Run, Value, Watched,
    conformance::{CountingAllocator, Specimen},
    conformance_tests,
};
use clacks_p2p::{
    Address, Message, Node,
    core::{Event, Limit, MessageId},
    protocol::{Kind, Payload},
};
use rand::{RngExt, rngs::StdRng};
use tokio::runtime::Runtime;

use crate::{
    ClacksNetwork,
    description::{HELD, PEERS, QUEUE, describe},
    event::kinds::KINDS,
    plugins::{Asked, PluginStatus, PluginTable},
};

/// A node that sends nothing by itself, so that nothing happens between two steps.
struct Quiet {
    network: Arc<ClacksNetwork>,
    node: Node,
    _runtime: Runtime,
}

impl Quiet {
    fn new() -> Self {
        Self::with_room_for(200_000)
    }

    /// A node whose queue has room for this number of messages.
    fn with_room_for(messages: usize) -> Self {
        let runtime = Runtime::new().unwrap();
        let start = || async {
            let options = |options: &mut clacks_p2p::core::Options| {
                (options.max_queue_messages, options.max_queue_bytes) = (messages, 256 << 20);
                (options.payload_rate, options.introductions_per_minute) = (0.0, 0);
            };
            Node::builder().hostname("127.0.0.1").port(0).send_rate(0.001).options(options).start().await
        };
        let node = runtime.block_on(start()).unwrap();
        runtime.block_on(use_up_the_first_send(&node));
        let _within = runtime.enter();
        let network = ClacksNetwork::new(&node, Run(7));
        network.set_plugins(Arc::new(TwoPlugins));
        Self { network, node, _runtime: runtime }
    }

    fn peer(random: &mut StdRng) -> Address {
        let number = random.random_range(0..30);
        format!("peer{}.example.org:{}", number / 3, 80 + number * 37).parse().unwrap()
    }
}

/// A script and a plugin of the program.
#[derive(Debug)]
struct TwoPlugins;

impl PluginTable for TwoPlugins {
    fn plugins(&self) -> Vec<PluginStatus> {
        ["tune-in", "formatter"]
            .map(|name| PluginStatus {
                name: name.into(),
                state: "running".to_owned(),
                ..PluginStatus::default()
            })
            .into()
    }

    fn reload(&self, name: Option<&str>) -> Asked {
        let told = format!("loaded {} again", name.unwrap_or("all"));
        Box::pin(ready(Ok(told)))
    }

    fn command(&self, name: &str, words: &str) -> Asked {
        let told = format!("{name} got {words}");
        Box::pin(ready(Ok(told)))
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

#[test]
fn every_limit_that_is_counted_belongs_to_one_setting() {
    let description = describe("a node".into());
    for limit in Limit::ALL {
        let gauge = format!("met_{}", limit.name());
        assert!(description.gauge(&gauge).is_some(), "{gauge}");
        let settings = description
            .settings
            .iter()
            .filter(|setting| setting.met.as_ref().is_some_and(|met| *met == *gauge));
        assert_eq!(settings.count(), 1, "{gauge}");
    }
}

#[tokio::test]
async fn other_spellings_of_commands_mean_the_same() {
    let network = calls::network().await;
    for line in [
        "say hello",
        "add tower:80",
        "block tower:80",
        "unblock tower:80",
        "ban tower:80",
        "unban tower:80",
        "rm tower:80",
    ] {
        let call = Call::new(
            Run(7),
            Name::new(line.split(' ').next().unwrap()).unwrap(),
            line.split_once(' ').unwrap().1,
        );
        assert_eq!(network.check(&call), Check::Works, "{line}");
        network.do_call(call).await.unwrap();
    }
    assert_eq!((network.node().queue_len(), network.node().peers().len()), (1, 0));
}

#[tokio::test]
async fn a_received_message_that_the_rule_holds_is_reported_in_one_line() {
    let network = calls::network().await;
    network.line("hold red").await.unwrap();
    let mut watch = network.watch();
    let sender: Address = "tower:80".parse().unwrap();
    for text in ["red", "blue"] {
        network.node().receive(payload(sender.clone(), Message::text(text)), None);
    }
    network.line("edit 1 reddish").await.unwrap();
    let mut lines = Vec::new();
    while lines.len() < 3 {
        let Some(Watched::Event(event)) = poll_fn(|cx| watch.poll_next(cx)).await else { panic!() };
        lines.extend(event.line().filter(|line| line.text.is_some()));
    }
    let told = lines.iter().map(|line| (line.outcome.untrusted(), line.item.clone().unwrap().0));
    assert!(told.eq([("held", HELD), ("queued", QUEUE), ("changed", HELD)]), "{lines:?}");
    let peer = network.rows(PEERS, &["tower:80".into()]).pop().flatten().unwrap();
    let heard =
        network.description().list(PEERS).unwrap().columns.iter().position(|column| column.name == "heard");
    assert!(matches!(peer.cells[heard.unwrap()], Value::At(_)), "{peer:?}");
}

#[tokio::test]
async fn a_peer_is_shown_with_its_certificate_and_when_it_was_heard() {
    let (network, other) = (calls::network().await, calls::builder().start().await.unwrap());
    let there = other.address();
    network.line(&format!("add {there}")).await.unwrap();
    let columns = &network.description().list(PEERS).unwrap().columns;
    let places =
        ["heard", "certificate"].map(|name| columns.iter().position(|column| column.name == name).unwrap());
    let cells = || {
        let row = network.rows(PEERS, &[there.to_string().into()]).pop().flatten().unwrap();
        places.map(|place| row.cells[place].clone())
    };
    assert_eq!(cells(), [Value::None, Value::None]);
    network.line(&format!("announce {there}")).await.unwrap();
    let [heard, certificate] = cells();
    assert!(matches!(heard, Value::At(_)), "{heard:?}");
    assert_eq!(certificate, Value::text(other.certificate().to_string().into()));
    // A peer that refuses answers as well; a change of its certificate is an event.
    other.stop().await;
    let other = calls::builder().port(there.port()).start().await.unwrap();
    network.line(&format!("announce {there}")).await.unwrap_err();
    let mut watch = network.watch();
    network.line(&format!("trust {there}")).await.unwrap();
    let Some(Watched::Event(event)) = poll_fn(|cx| watch.poll_next(cx)).await else { panic!() };
    assert_eq!(event.touched().rows, [(PEERS, Key::from(there.to_string()))]);
    assert_eq!(cells()[1], Value::text(other.certificate().to_string().into()));
}

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator;

conformance_tests!(Quiet::new());

mod remote {
    use clacks_feed::{conformance::Remote, conformance_tests};

    use super::Quiet;

    conformance_tests!(Remote::new(Quiet::new()));
}
