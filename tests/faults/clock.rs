//! Jumps of the wall clock. Only displayed times may follow them.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use clacks_p2p::{
    Address, Message,
    core::{Core, Delivery, DeliveryResult, Failure, Now, Options},
};
use rand::{SeedableRng, rngs::StdRng};
use serde_json::Value;

use crate::{
    process::{Home, Process, eventually},
    session::{ENTER, Launch},
};

const HOUR: i64 = 3600;

/// A wall clock for some processes.
struct WallClock {
    library: PathBuf,
    wrong_by: PathBuf,
}

impl WallClock {
    /// A correct clock, stored in this directory.
    fn in_directory(directory: &Path) -> Self {
        let clock =
            Self { library: directory.join("clock.so"), wrong_by: directory.join("clock-is-wrong-by") };
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/faults/clock.c");
        let mut compiler = Command::new("cc");
        compiler.args(["-shared", "-fPIC", "-o"]).args([&clock.library, &source]).arg("-ldl");
        assert!(compiler.status().unwrap().success());
        clock.set(0);
        clock
    }

    /// Sets the clock this many seconds fast.
    fn set(&self, seconds: i64) {
        let beside = self.wrong_by.with_extension("new");
        fs::write(&beside, seconds.to_string()).unwrap();
        fs::rename(beside, &self.wrong_by).unwrap();
    }

    fn variables(&self) -> [(&'static str, &str); 2] {
        [("LD_PRELOAD", &self.library), ("CLOCK_IS_WRONG_BY", &self.wrong_by)]
            .map(|(name, path)| (name, path.to_str().unwrap()))
    }
}

/// Sends a message from one node to the other. Returns the wall-clock time at which the other reports it, in seconds.
fn exchange(from: &mut Process, to: &mut Process, message: &str) -> i64 {
    from.ask(message);
    let came = to.until(|line| line["event"] == "message_received" && line["message"] == message);
    came["time"].as_i64().unwrap() / 1000
}

fn status_of(node: &mut Process, port: u64) -> String {
    let reply = node.ask(":peers");
    let mut peers = reply["peers"].as_array().unwrap().iter();
    let peer = peers.find(|peer| peer["port"] == port).unwrap();
    peer["status"].as_str().unwrap().to_owned()
}

#[test]
fn a_node_is_unaffected_by_a_jump_of_the_wall_clock() {
    let home = Home::new();
    let clock = WallClock::in_directory(home.path());
    let mut tower = home.node(&[]);
    let arguments = ["node", "--hostname", "127.0.0.1", "--port", "0", "--send-rate", "100"];
    let kept = ["--data-dir", "data", "--log-file", "clacks.log", "--log-level", "debug"];
    let mut node = Process::start(home.clacks(&arguments).args(kept).envs(clock.variables()));
    node.ask(&format!(":announce {}", tower.address()));
    // Nothing listens there: the peer is lost after the first try, and dead after a try an hour later.
    node.ask(":add 127.0.0.1:9");
    let fails_to_reach_9 = |line: &Value| line["event"] == "delivery_failed" && line["peer"]["port"] == 9;
    let before = exchange(&mut tower, &mut node, "before");
    node.until(fails_to_reach_9);

    clock.set(-HOUR);
    let back = exchange(&mut tower, &mut node, "an hour back");
    assert!(back < before - HOUR / 2, "its clock went back: {before}, then {back}");
    exchange(&mut node, &mut tower, "sent an hour back");
    clock.set(3 * HOUR);
    let ahead = exchange(&mut tower, &mut node, "three hours ahead");
    assert!(ahead > before + HOUR, "its clock went ahead: {before}, then {ahead}");
    exchange(&mut node, &mut tower, "sent three hours ahead");
    node.until(fails_to_reach_9);
    assert_eq!(status_of(&mut node, 9), "lost", "that was not an hour");
    clock.set(-HOUR);

    node.ask(":ignore 192.0.2.1:80");
    let state = || fs::read_to_string(home.path().join("data/peers.json")).unwrap_or_default();
    eventually("the state is written", || state().contains("192.0.2.1"));
    let log = fs::read_to_string(home.path().join("clacks.log")).unwrap();
    assert!(log.contains("message received"), "{log}");
    node.say(":quit");
    node.stopped();
    let mut next = home.node(&["--data-dir", "data"]);
    exchange(&mut next, &mut tower, "and the next run knows the tower");
}

#[test]
fn a_dashboard_shows_events_after_a_jump_of_the_wall_clock() {
    let home = Home::new();
    let clock = WallClock::in_directory(home.path());
    let launch = Launch::lonely_node();
    let mut session = clock
        .variables()
        .into_iter()
        .fold(launch, |launch, (name, value)| launch.variable(name, value))
        .start();
    for (number, wrong_by) in [-HOUR, 3 * HOUR, -HOUR, 0].into_iter().enumerate() {
        clock.set(wrong_by);
        // Not all at once, because that would count as a paste.
        session.type_in(":");
        session.wait_until("the cursor", |screen| !screen.hide_cursor());
        session.type_in(&format!("add 192.0.2.{number}:80"));
        session.wait_for(&format!(":add 192.0.2.{number}:80"));
        session.type_in(ENTER);
        session.wait_for(&format!("added 192.0.2.{number}:80"));
        // The focus returns to the lists by itself.
        session.wait_for("SAY  press i to write");
    }
    session.send(rustix::process::Signal::TERM);
    assert!(session.wait_for_exit().success());
}

/// The events of a core in one hour, for a given wall clock.
fn life(unix_ms: impl Fn(u64) -> u64) -> Vec<String> {
    let mut core = Core::new(Options::new("me:1".parse().unwrap())).unwrap();
    let mut rng = StdRng::seed_from_u64(1);
    let mut told = Vec::new();
    let peers: Vec<Address> = (1..6).map(|port| Address::new("peer", port).unwrap()).collect();
    for second in 0..2 * HOUR as u64 {
        let now = Now { uptime: Duration::from_secs(second), unix_ms: unix_ms(second * 1000) };
        if let Some(peer) = peers.get(second as usize) {
            core.add_peer(peer, now);
            core.enqueue(Message::text(&format!("message {second}")), now).unwrap();
        }
        core.handle_timeout(now, &mut rng);
        while let Some(Delivery { id, to, payload, .. }) = core.poll_delivery() {
            told.push(format!("{second}: {to} gets {:?}", payload.message));
            // The first peer accepts everything, and the others nothing. Accepted messages return.
            let outcome = if to == peers[0] {
                core.enqueue(payload.message, now).unwrap();
                DeliveryResult::accepted(Duration::ZERO)
            } else {
                DeliveryResult::Failed(Failure::TimedOut)
            };
            core.handle_delivery(id, outcome, now);
        }
        told.push(format!("{second}: {:?}, next at {:?}", core.peer_counts(), core.poll_timeout()));
        while core.poll_event().is_some() {}
    }
    told
}

#[test]
fn a_core_does_not_depend_on_the_wall_clock() {
    let right = life(|now| 1_800_000_000_000 + now);
    assert!(right.last().unwrap().contains("dead: 4"), "{:?}", right.last());
    let jumps_back =
        |now: u64| if now < 1_800_000 { 1_800_000_000_000 + now } else { 1_799_996_400_000 + now };
    assert!(right == life(jumps_back));
    assert!(right == life(|now| 1_800_000_000_000 - now), "a clock that runs backwards");
    assert!(right == life(|_| 0));
    assert!(right == life(|now| if now % 2000 == 0 { u64::MAX } else { 0 }));
}
