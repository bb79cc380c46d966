//! Sending messages to one fast peer and to many, at maximum speed and at a rate.

use std::time::{Duration, Instant};

use crate::{
    ROUNDS, Wanted,
    load::{self, Way},
    note,
    server::{self, Kind, Server},
    table::{Table, median},
};

/// A rate above the speed of any node.
const FASTEST: &str = "100000";
/// Maximum messages for one node: more than it sends in a round.
const MOST: u32 = 300_000;
/// Rates, and the number of sends whose intervals are measured. Without a number, the sends of a round are counted.
const RATES: [(f64, Option<u64>); 5] =
    [(0.1, Some(3)), (1.0, Some(6)), (200.0, None), (1000.0, None), (10_000.0, None)];

pub(crate) fn run(wanted: &Wanted, table: &mut Table) {
    for (name, peers) in [("messages sent to one peer", 1), ("messages sent to 100 peers", server::PEERS)] {
        if wanted.is(name) {
            fastest(name, peers, wanted.round, table);
        }
    }
    if wanted.is("the send rate is met") {
        rates(wanted.round, table);
    }
}

/// Messages per second that a node sends to bare servers that accept all, compared with the package and a bare client.
fn fastest(name: &str, peers: u8, round: Duration, table: &mut Table) {
    note(name);
    let (mut of_package, mut of_bare, mut rates) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let [clacks, package] = [Kind::Clacks, Kind::Package].map(|kind| sent(kind, FASTEST, peers, round));
        let bare =
            load::send_from_one_core(Server::start(Kind::Bare).address, 64, Way::KeptAlive, round).rate();
        note(&format!("clacks {clacks:.0}/s, package {package:.0}/s, bare client {bare:.0}/s"));
        of_package.push(clacks / package);
        of_bare.push(clacks / bare);
        rates.push(clacks);
    }
    let (package, bare) = (median(&of_package), median(&of_bare));
    let figure = format!("{:.0}/s: {package:.1} × package, {bare:.2} × a bare client", median(&rates));
    table.row(name, figure, "20 × package, 0.5 × a bare client", package >= 20.0 && bare >= 0.5);
}

/// Messages per second that bare servers accept from one node.
fn sent(kind: Kind, rate: &str, peers: u8, round: Duration) -> f64 {
    // Twice the number that it may send, but few enough to be queued before the measurement begins.
    let messages =
        rate.parse::<f64>().map_or(MOST, |rate| (rate * 2.5 * round.as_secs_f64()) as u32).min(MOST);
    let (mut sink, _node) = sending(kind, rate, peers, messages);
    // The first messages open the connections.
    std::thread::sleep(round / 4);
    let (before, began) = (sink.count(), Instant::now());
    std::thread::sleep(round);
    (sink.count() - before) as f64 / began.elapsed().as_secs_f64()
}

/// The rate computed from the times of this many messages, each precise to one or two milliseconds.
fn sent_one_by_one(rate: f64, messages: u64) -> f64 {
    let (mut sink, _node) = sending(Kind::Clacks, &rate.to_string(), 4, messages as u32);
    let mut when = |message| {
        while sink.count() < message {
            std::thread::sleep(Duration::from_millis(1));
        }
        Instant::now()
    };
    let first = when(1);
    (messages - 1) as f64 / (when(messages) - first).as_secs_f64()
}

/// A bare server with this many addresses, and a node that sends to them.
fn sending(kind: Kind, rate: &str, peers: u8, messages: u32) -> (Server, Server) {
    let sink = Server::start(Kind::Bare);
    let mut node = Server::start_sending(kind, rate);
    for peer in 1..=peers {
        node.tell(&format!("peer 127.0.0.{peer}:{}", sink.address.port()));
    }
    node.tell(&format!("messages {messages}"));
    (sink, node)
}

fn rates(round: Duration, table: &mut Table) {
    let name = "the send rate is met";
    note(name);
    let off = RATES.map(|(rate, one_by_one)| {
        let sent = match one_by_one {
            Some(messages) => sent_one_by_one(rate, messages),
            None => sent(Kind::Clacks, &rate.to_string(), 4, round),
        };
        note(&format!("{rate}/s asked for, {sent:.4}/s sent"));
        (sent / rate - 1.0).abs()
    });
    let worst = off.into_iter().fold(0.0, f64::max);
    let figure = format!("{:.2} % off at worst, at 0.1, 1, 200, 1,000 and 10,000 a second", worst * 100.0);
    table.row(name, figure, "1 % off", worst <= 0.01);
}
