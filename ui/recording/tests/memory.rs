//! How much memory the rows of a recording take.

use std::{fs, process::Command, sync::Arc, time::Duration};

use clacks_feed::{
    Network, Run, Window,
    json::{Change, EventParts, NodeLine, Reader, Record, Writer},
    mirror::Mirror,
};
use clacks_p2p::core;
use clacks_p2p_feed::{
    ClacksEvent,
    description::{PEERS, describe},
    rows::{Context, peer_row},
};

const PEERS_IN_ALL: u64 = 100_000;
/// Maximum growth of the process in bytes.
const MOST: u64 = 60_000_000;
/// Set in the process that is measured.
const CHILD: &str = "CLACKS_MEASURED";

/// The resident memory of this process in bytes.
fn resident() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() << 10
}

/// The resident memory is that of a process of its own, before the first row is read from its JSON and after the last
/// one.
#[test]
fn rows_of_100_000_peers_take_at_most_60_megabytes() {
    if std::env::var_os(CHILD).is_some() {
        return measure();
    }
    let name = "tests::memory::rows_of_100_000_peers_take_at_most_60_megabytes";
    let mut child = Command::new(std::env::current_exe().unwrap());
    let output = child.args(["--exact", name, "--nocapture"]).env(CHILD, "1").output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    let grown = text.lines().find_map(|line| line.split_once("grown by ")?.1.parse::<u64>().ok());
    let grown = grown.unwrap_or_else(|| panic!("{text}{}", String::from_utf8_lossy(&output.stderr)));
    println!("{grown} bytes");
    assert!(grown <= MOST, "{grown} bytes");
    // The rows themselves need more than this.
    assert!(grown > 20_000_000, "{grown} bytes");
}

fn measure() {
    let description = Arc::new(describe("tower:1".into()));
    let mirror = Mirror::new(Arc::clone(&description), Run(1));
    let reader = Reader::new(&description);
    let before = resident();
    let mut line = Vec::new();
    for number in 0..PEERS_IN_ALL {
        let now = core::Now { uptime: Duration::from_millis(number), unix_ms: number };
        let address = format!("peer{number}.example.org:8080").parse().unwrap();
        let mut peer = core::Peer::new(address, core::Status::ALL[number as usize % 5], now);
        peer.round_trip = number.is_multiple_of(3).then_some(Duration::from_micros(1250));
        (peer.delivered, peer.received, peer.failed) = (number % 1000, number % 90, number % 7);
        let changes = [Change::new(PEERS, peer_row(&peer, Context { started_unix_ms: 0 }))];
        let record = Record { rows: &changes, ..Record::default() };
        let event = ClacksEvent(core::Event::PeerChanged { peer }).numbered(number + 1, now);
        line.clear();
        Writer::new(&description).event(
            &mut line,
            &event,
            &EventParts { record: Some(record), ..EventParts::default() },
        );
        let text = std::str::from_utf8(&line).unwrap();
        let NodeLine::Event(event) = reader.node_line(text).unwrap() else { panic!("{text}") };
        mirror.apply(*event);
    }
    println!("grown by {}", resident() - before);
    assert_eq!(mirror.page(&Window::first(PEERS, 1)).total, 0, "nothing told the length");
}
