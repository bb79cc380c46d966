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

/// Bytes of the lines about one kind of events.
#[derive(Debug, Default)]
struct Sizes {
    lines: usize,
    version_1: usize,
    version_2: usize,
}

/// Both lines are written about each event of a node that sends to a peer, to a peer that is not there, and receives.
#[tokio::test(flavor = "multi_thread")]
async fn a_line_is_at_most_200_bytes_longer_than_a_line_of_version_1() {
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
    let mut sizes = BTreeMap::<String, Sizes>::new();
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
        let name = network.description().event(event.kind).unwrap().name.to_string();
        let sizes = sizes.entry(name).or_default();
        sizes.lines += 1;
        sizes.version_1 += recorded(typed, now).len();
        sizes.version_2 += line.len();
    }
    let all = |size: fn(&Sizes) -> usize| sizes.values().map(size).sum::<usize>() / LINES;
    let (version_1, version_2) = (all(|sizes| sizes.version_1), all(|sizes| sizes.version_2));
    let each = sizes.iter().map(|(name, Sizes { lines, version_1, version_2 })| {
        format!("{name}: {lines} lines, {} and {} bytes", version_1 / lines, version_2 / lines)
    });
    let each = each.collect::<Vec<_>>().join("\n");
    println!("{version_1} and {version_2} bytes\n{each}");
    assert!(version_2 <= version_1 + 200, "{version_1} and {version_2} bytes\n{each}");
}
