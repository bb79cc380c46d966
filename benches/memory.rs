//! Memory for each message that waits and for each peer that is known: that of a process of its own with a million of
//! them, less that of one with none.

use std::process::Command;

use clacks_p2p::{
    Address,
    core::{Core, Now, Options},
};

use crate::{Wanted, figures::Figures, load, note, table::Table};

const MESSAGES: u32 = 1_000_000;
const PEERS: u32 = 100_000;

pub(crate) fn run(wanted: &Wanted, table: &mut Table) {
    for (name, what, count, most) in [
        ("memory for a queued message of 64 B", "messages", MESSAGES, 120.0),
        ("memory for a known peer without a certificate", "peers", PEERS, 400.0),
    ] {
        if wanted.is(name) {
            note(name);
            let each = (resident(what, count) - resident(what, 0)) / f64::from(count);
            table.row(name, format!("{each:.0} B"), &format!("{most} B"), each <= most);
        }
    }
}

/// The resident memory of a process that holds so many, in bytes.
fn resident(what: &str, count: u32) -> f64 {
    let program = std::env::current_exe().expect("this program is a file");
    let output = Command::new(program).args([format!("--measure={what}"), count.to_string()]).output();
    let output = output.expect("the process runs").stdout;
    String::from_utf8_lossy(&output).trim().parse().expect("a number")
}

/// What that process does.
pub(crate) fn measure(arguments: &[String]) {
    let count = arguments[1].parse().expect("a number");
    let core = match arguments[0].as_str() {
        "--measure=messages" => with_messages(count),
        "--measure=peers" => with_peers(count),
        other => panic!("not understood: {other}"),
    };
    println!("{}", Figures::of(std::process::id()).memory);
    drop(core);
}

fn core() -> Core {
    let mut options = Options::new(Address::new("127.0.0.1", 1).expect("an address"));
    (options.max_queue_messages, options.max_queue_bytes) = (usize::MAX, usize::MAX);
    (options.max_peers, options.max_new_peers) = (usize::MAX, usize::MAX);
    Core::new(options).expect("options that may be")
}

const NOW: Now = Now { uptime: std::time::Duration::ZERO, unix_ms: 0 };

fn with_messages(count: u32) -> Core {
    let mut core = core();
    for number in 0..count {
        core.enqueue(load::message(number, 64), NOW).expect("there is room");
        while core.poll_event().is_some() {}
    }
    core
}

/// Known peers, each with a hostname of its own, in the order in which the dashboard lists them.
pub(crate) fn with_peers(count: u32) -> Core {
    let mut core = core();
    for number in 0..count {
        core.see_sender(&peer(number), None, NOW);
        while core.poll_event().is_some() {}
    }
    core.last_peers(1);
    core
}

pub(crate) fn peer(number: u32) -> Address {
    Address::new(&format!("tower-{number}.example.org"), 8080).expect("an address")
}
