//! How much longer a line of version 2 is than the line of version 1 about the same event.

use std::{collections::BTreeMap, future::poll_fn, sync::Arc};

use clacks_feed::{
    Network, Run, Watched,
    json::{EventParts, Record, Writer},
    mirror::{ChangeReader, Changes},
};
use clacks_p2p::{Message, Node, core};
use clacks_p2p_feed::{ClacksEvent, ClacksNetwork, version_1::recorded};

/// Lines that are compared.
const LINES: usize = 600;

/// The largest difference of two lines about one kind of events, in bytes, and the lines.
type Longest = BTreeMap<String, (usize, String, String)>;

/// Maximum bytes that a line may be longer. The rows of a message, its peer and its origin are in it.
const MOST: usize = 280;

/// Kinds of events that the nodes of the test have.
const KINDS: [&str; 9] = [
    "announced",
    "delivery_failed",
    "message_delivered",
    "message_dropped",
    "message_held",
    "message_queued",
    "message_received",
    "peer_discovered",
    "peer_updated",
];

/// Both lines are written about each event of a node that sends to a peer, to a peer that is not there, and receives. The
/// rows of an event are read when it is written, and later events may have changed them, so no line is an exception.
#[tokio::test(flavor = "multi_thread")]
async fn every_line_is_at_most_280_bytes_longer_than_a_line_of_version_1() {
    let node = || Node::builder().hostname("127.0.0.1").port(0).send_rate(500.0);
    let (tower, other) = (node().start().await.unwrap(), node().start().await.unwrap());
    let network = ClacksNetwork::new(&tower, Run(1)) as Arc<dyn Network>;
    let mut watch = network.watch();
    let mut reader = ChangeReader::start(&*network, 0).0.keeping_texts();
    tower.announce(&other.address()).await.unwrap();
    tower.add_peer(&"127.0.0.1:1".parse().unwrap());
    for number in 0..30 {
        tower.enqueue(Message::text(&format!("GNU Terry Pratchett {number}"))).unwrap();
        other.enqueue(Message::text(&format!("a message from elsewhere {number}"))).unwrap();
    }
    for text in ["held", "dropped"] {
        let id = tower.enqueue(Message::text(text)).unwrap();
        assert!(if text == "held" { tower.hold(id) } else { tower.drop_these(&[id]).len() == 1 });
    }
    let mut longest = Longest::new();
    for _ in 0..LINES {
        let Some(Watched::Event(event)) = poll_fn(|cx| watch.poll_next(cx)).await else {
            panic!("events were missed")
        };
        let Changes { rows, totals, settings } = reader.read(&*network, &event);
        let record = Record { rows: &rows, totals: &totals, settings: settings.as_deref() };
        let parts = EventParts { record: Some(record), ..EventParts::default() };
        let mut line = Vec::new();
        Writer::new(network.description()).event(&mut line, &event, &parts);
        let ClacksEvent(typed) = event.get().unwrap();
        let now = core::Now { uptime: event.now.uptime, unix_ms: event.now.unix_ms };
        let version_1 = recorded(typed, now);
        let longer = line.len().saturating_sub(version_1.len());
        let name = network.description().event(event.kind).unwrap().name.to_string();
        let known = longest.entry(name).or_insert((0, String::new(), String::new()));
        if longer >= known.0 {
            *known = (longer, version_1, String::from_utf8(line).unwrap());
        }
    }
    for (name, (longer, version_1, version_2)) in &longest {
        println!("{name}: {longer} bytes longer");
        assert!(*longer <= MOST, "{name}: {longer} bytes longer\n{version_1}\n{version_2}");
    }
    let missing = KINDS.iter().find(|name| !longest.contains_key(**name));
    assert_eq!(missing, None, "there was no such event");
}
