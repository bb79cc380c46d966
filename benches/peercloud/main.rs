//! Compares the processor time of a peercloud node, in one run, with that of the npm package `peercloud` 0.1.3.
//!
//!     cargo bench -p clacks-peercloud --features npm --bench peercloud
//!
//! Everything runs on 127.0.0.1, each node in a process of its own. The nodes take turns, and each figure is the median of
//! the rounds. Processor time is what other programs disturb least: the figures are requests for each second of it.

#![allow(clippy::disallowed_methods, reason = "tests and benchmarks measure time")]

#[path = "../../tests/soak/figures.rs"]
mod figures;
mod http;
#[path = "../../tests/npm/install.rs"]
mod install;
mod node;

use std::thread;

use http::{Connection, member, request};
use node::{Kind, Process};

const ROUNDS: usize = 9;
/// Members that receive a broadcast.
const MEMBERS: usize = 8;
/// Connections on which messages are sent to a node.
const CONNECTIONS: usize = 4;
/// Requests and broadcasts before and in a measurement. The first ones let Node.js compile.
const WARM_UP: usize = 2000;
const REQUESTS: usize = 8_000;

/// Messages that a node answers, on connections that are kept.
fn answered_messages(kind: Kind) -> f64 {
    let node = Process::start(kind);
    member("m", node.address);
    let message = request("/message", "m", &format!(r#"{{"text":"{}"}}"#, "0".repeat(52)));
    let send = |count: usize| {
        thread::scope(|scope| {
            for _ in 0..CONNECTIONS {
                scope.spawn(|| {
                    let mut connection = Connection::to(node.address);
                    for _ in 0..count / CONNECTIONS {
                        let answer = connection.post(&message);
                        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
                    }
                });
            }
        });
    };
    send(WARM_UP);
    a_second_of_processor_time(REQUESTS, &node, || send(REQUESTS))
}

/// Checks that a node answers, each on a connection of its own.
fn answered_checks(kind: Kind) -> f64 {
    let node = Process::start(kind);
    let check = request("/status", "m", "{}");
    let send = |count: usize| {
        for _ in 0..count {
            let answer = Connection::to(node.address).post(&check);
            assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        }
    };
    send(WARM_UP);
    a_second_of_processor_time(REQUESTS, &node, || send(REQUESTS))
}

/// Messages that a node sends, in broadcasts to several members.
fn sent_messages(kind: Kind) -> f64 {
    let mut node = Process::start(kind);
    for number in 0..MEMBERS {
        member(&format!("m{number}"), node.address);
    }
    node.broadcast(WARM_UP / MEMBERS);
    let before = node.processor();
    node.broadcast(REQUESTS / MEMBERS);
    REQUESTS as f64 / node.processor().saturating_sub(before).as_secs_f64()
}

fn a_second_of_processor_time(requests: usize, node: &Process, make: impl FnOnce()) -> f64 {
    let before = node.processor();
    make();
    requests as f64 / node.processor().saturating_sub(before).as_secs_f64()
}

/// Measures a node of this kind: requests for each second of processor time.
type Measure = fn(Kind) -> f64;

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn main() {
    if std::env::args().any(|argument| argument == "--serve") {
        return node::serve();
    }
    let measurements: [(&str, Measure); 3] = [
        ("messages answered", answered_messages),
        ("checks answered, a connection each", answered_checks),
        ("messages sent to 8 members", sent_messages),
    ];
    println!("requests for each second of processor time");
    for (name, measure) in measurements {
        let (mut ours, mut package, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            let round = [Kind::Ours, Kind::Package].map(measure);
            ours.push(round[0]);
            package.push(round[1]);
            ratios.push(round[0] / round[1]);
        }
        let [ours, package, ratio] = [ours, package, ratios].map(|mut values| median(&mut values));
        println!("{name}: {ours:.0}, the package {package:.0}: {ratio:.1} times as many");
    }
}
