//! Memory per queued message and per known peer: the memory of a process with very many of them, minus that of one with
//! few or none.

use std::{path::Path, process::Command};

use clacks_p2p::{Kind, Node, Payload, core::Core};

use crate::{
    Wanted,
    cores::{at, peer, with_peers},
    figures::Figures,
    load, note, simulator, state,
    table::Table,
};

const MESSAGES: u32 = 1_000_000;
const PEERS: u32 = 100_000;
/// Number of senders of the messages.
const SENDERS: u32 = 100;

pub(crate) fn run(wanted: &Wanted, table: &mut Table) {
    let name = "memory for a queued message of 64 B";
    if wanted.is(name) {
        note(name);
        // Minus what a node needs for the first of them, such as the table of visits.
        let [most, first] = [MESSAGES, MESSAGES / 10].map(|count| resident("messages", count));
        let each = (most - first) / f64::from(MESSAGES - MESSAGES / 10);
        table.row(name, format!("{each:.1} B"), "120 B", each <= 120.0);
    }
    let name = "memory for a known peer and its certificate";
    if wanted.is(name) {
        note(name);
        let each = (resident("peers", PEERS) - resident("peers", 0)) / f64::from(PEERS);
        table.row(name, format!("{each:.0} B"), "400 B", each <= 400.0);
    }
}

/// The resident memory in bytes of a process with this many of them.
fn resident(what: &str, count: u32) -> f64 {
    let directory = tempfile::tempdir().expect("a directory");
    if what == "peers" {
        state::leave(directory.path(), count).expect("a file");
    }
    let program = std::env::current_exe().expect("this program is a file");
    let mut command = Command::new(program);
    command.args([format!("--measure={what}"), count.to_string()]).arg(directory.path());
    let output = command.output().expect("the process runs").stdout;
    String::from_utf8_lossy(&output).trim().parse().expect("a number")
}

/// The role of that process.
pub(crate) fn measure(arguments: &[String]) {
    match arguments[0].as_str() {
        "--measure=messages" => {
            tell_memory_with(&with_messages(arguments[1].parse().expect("a number")));
        }
        "--measure=nodes" => simulator::measure(),
        "--measure=peers" => with_known_peers(Path::new(&arguments[2])),
        other => panic!("not understood: {other}"),
    }
}

fn tell_memory_with<T>(_held: &T) {
    println!("{}", Figures::of(std::process::id()).memory);
}

/// A node with peers from an earlier run, sorted as the dashboard lists them, that searches for an eviction candidate.
fn with_known_peers(directory: &Path) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let node = Node::builder().hostname("127.0.0.1").port(0).data_dir(directory);
    let node = runtime.block_on(node.start()).expect("a node starts");
    node.last_peers(1);
    node.add_peer(&peer(u32::MAX));
    tell_memory_with(&node);
}

fn with_messages(count: u32) -> Core {
    let mut core = with_peers(0);
    for number in 0..count {
        let (message, sender) = (load::message(number, 64), peer(number % SENDERS));
        core.receive(Payload { message, kind: Kind::Message, sender, friend: None }, None, at(0));
        while core.poll_event().is_some() {}
    }
    core
}
