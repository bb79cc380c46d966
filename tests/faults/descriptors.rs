//! A node without free file descriptors.

use std::{
    cell::Cell,
    fs,
    net::TcpStream,
    time::{Duration, Instant},
};

use rustix::process::Resource;

use crate::{
    limit::limit,
    process::{Home, Process, eventually},
    support::FakePeer,
};

/// File descriptors that it can still open.
const SPARE: u64 = 6;
/// Number of connections to it: more than it can accept.
const CONNECTIONS: usize = 30;
/// Duration of the measurement.
const WHILE: Duration = Duration::from_secs(2);

fn descriptors(process: &Process) -> u64 {
    fs::read_dir(format!("/proc/{}/fd", process.id())).unwrap().count() as u64
}

/// The processor time of all threads of the process.
fn cpu_time(process: &Process) -> Duration {
    let threads = fs::read_dir(format!("/proc/{}/task", process.id())).unwrap();
    let ran = |thread: fs::DirEntry| -> u64 {
        let text = fs::read_to_string(thread.path().join("schedstat")).unwrap_or_default();
        text.split_whitespace().next().and_then(|nanoseconds| nanoseconds.parse().ok()).unwrap_or(0)
    };
    Duration::from_nanos(threads.map(|thread| ran(thread.unwrap())).sum())
}

#[test]
fn a_node_serves_again_after_a_shortage_of_descriptors() {
    let home = Home::new();
    let mut tower = home.node(&[]);
    let mut node = home.node(&["--log-file", "clacks.log", "--log-level", "warn"]);
    // The messages of the two nodes cost little processor time.
    for each in [&mut tower, &mut node] {
        each.ask(":rate 2");
    }
    node.ask(&format!(":announce {}", tower.address()));
    limit(&node, Resource::Nofile, Some(descriptors(&node) + SPARE));
    let connect = |_| TcpStream::connect(("127.0.0.1", node.port())).unwrap();
    let connections: Vec<TcpStream> = (0..CONNECTIONS).map(connect).collect();
    let log = || fs::read_to_string(home.path().join("clacks.log")).unwrap_or_default();
    eventually("it can't accept one more", || log().contains("cannot accept a connection"));

    // No client closes a connection, but the node closes one for a client that sends something.
    tower.say("said to a node without descriptors");
    until_received(&mut node, "said to a node without descriptors");

    let (began, spent) = (Instant::now(), cpu_time(&node));
    node.ask("said while nothing can be opened");
    std::thread::sleep(WHILE.saturating_sub(began.elapsed()));
    let (spent, time) = (cpu_time(&node).saturating_sub(spent), began.elapsed());
    assert!(spent < time / 5, "it span: {spent:?} of {time:?}");
    assert!(log().lines().count() < 5, "one line for all that time: {}", log());

    drop(connections);
    tower.until(|line| line["message"] == "said while nothing can be opened");
    tower.say("said afterwards");
    until_received(&mut node, "said afterwards");
}

/// Limit on open files: too few for a connection to each peer.
const MAX_FILES: u64 = 200;
/// Number of peers, at different addresses.
const PEERS: u8 = 200;

#[test]
fn idle_connections_to_peers_leave_descriptors_for_inbound_ones() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let peer = runtime.block_on(FakePeer::everywhere());
    let home = Home::new();
    let script = format!("ulimit -n {MAX_FILES} && exec \"$0\" \"$@\"");
    let options =
        ["node", "--hostname", "127.0.0.1", "--port", "0", "--no-state", "--handshake-timeout", "10m"];
    let mut command = home.command("/bin/sh");
    let mut node = Process::start(command.args(["-c", &script, env!("CARGO_BIN_EXE_clacks")]).args(options));
    let connect = |_| TcpStream::connect(("127.0.0.1", node.port())).unwrap();
    let honest: Vec<TcpStream> = (0..20).map(connect).collect();
    for number in 1..=PEERS {
        node.ask(&format!(":add 127.0.1.{number}:{}", peer.address().port()));
    }
    node.ask(":rate 200");
    for number in 0..2 * u32::from(PEERS) {
        node.say(&format!("message {number}"));
    }
    let delivered = Cell::new(0);
    node.until(|line| {
        assert_ne!(line["event"], "delivery_failed", "{line}");
        delivered.set(delivered.get() + u32::from(line["event"] == "message_delivered"));
        delivered.get() == 2 * u32::from(PEERS)
    });
    assert!(descriptors(&node) < MAX_FILES);
    for client in &honest {
        client.set_nonblocking(true).unwrap();
        let read = client.peek(&mut [0]).map_err(|error| error.kind());
        assert_eq!(read, Err(std::io::ErrorKind::WouldBlock), "it is open still");
    }
}

/// Asserts that no peer becomes lost until then, because the shortage is the node's own.
fn until_received(node: &mut Process, message: &str) {
    node.until(|line| {
        assert_ne!(line["peer"]["status"], "lost", "{line}");
        line["event"] == "message_received" && line["message"] == message
    });
}
