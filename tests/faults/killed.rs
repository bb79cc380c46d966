//! `kill -9` at critical times.

use std::{
    collections::BTreeSet,
    fs,
    path::Path,
    time::{Duration, Instant},
};

use rand::{RngExt, SeedableRng, rngs::StdRng};
use serde_json::Value;

use crate::process::{Home, Process};

/// Number of kills while the state is written.
const KILLS: usize = 40;
/// Number of kills during a first start.
const FIRST_STARTS: usize = 12;
/// Number of peers that are added between two writes.
const CHANGES: usize = 50;
/// Maximum delay of the kill after the first sign of a write: longer than a write takes.
const AFTER_THE_FIRST_SIGN: Duration = Duration::from_millis(20);
const SEED: u64 = 9;

/// Waits until the directory contains a file with this text in its name, or the process has ended.
fn wait_for_file(directory: &Path, part: &str, process: &mut Process) {
    let holds_it = || {
        let entries = fs::read_dir(directory).into_iter().flatten().flatten();
        entries.map(|entry| entry.file_name()).any(|name| name.to_string_lossy().contains(part))
    };
    // A busy loop, because the moment is short.
    while !holds_it() && process.is_running() {}
}

fn spin(time: Duration) {
    let began = Instant::now();
    while began.elapsed() < time {
        std::hint::spin_loop();
    }
}

fn known(node: &mut Process) -> BTreeSet<String> {
    let reply = node.ask(":peers");
    let peers = reply["peers"].as_array().unwrap();
    peers.iter().map(|peer| peer["hostname"].as_str().unwrap().to_owned()).collect()
}

fn unfinished(directory: &Path) -> usize {
    let entries = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().file_name());
    entries.filter(|name| name.to_string_lossy().ends_with(".unfinished")).count()
}

/// Ignores some more peers. Returns their names.
fn change(node: &mut Process, round: usize) -> BTreeSet<String> {
    let names: BTreeSet<String> = (0..CHANGES).map(|number| format!("peer-{round}-{number}")).collect();
    names.iter().for_each(|name| node.say(&format!(":ignore {name}:80")));
    let last = |line: &Value| line["line"] == CHANGES + 1;
    node.until(last);
    names
}

#[test]
fn a_killed_writer_leaves_the_old_or_the_new_state_file() {
    let home = Home::new();
    let data = home.path().join("data");
    let mut rng = StdRng::seed_from_u64(SEED);
    let (mut before, mut more) = (BTreeSet::new(), BTreeSet::new());
    let (mut old, mut new, mut inside) = (0, 0, 0);
    for round in 0..KILLS {
        // A successful start shows that the state is complete.
        let mut node = home.node(&["--data-dir", "data"]);
        assert_eq!(unfinished(&data), 0, "what the one before had begun is gone");
        let known = known(&mut node);
        let all: BTreeSet<_> = before.union(&more).cloned().collect();
        assert!(known.is_superset(&before) && known.is_subset(&all), "neither the old state nor a newer one");
        if round > 0 {
            *(if known == before { &mut old } else { &mut new }) += 1;
        }
        before = known;
        more = change(&mut node, round);
        node.say(":quit");
        wait_for_file(&data, ".unfinished", &mut node);
        spin(AFTER_THE_FIRST_SIGN.mul_f64(rng.random::<f64>().powi(2)));
        node.kill();
        inside += unfinished(&data);
    }
    println!(
        "{KILLS} kills, {inside} inside of a write: then the old state was read {old} times, a newer one {new} times"
    );
    assert!(inside > 0, "no kill came while the state was written");
}

#[test]
fn a_killed_first_start_does_not_prevent_the_next_start() {
    let mut rng = StdRng::seed_from_u64(SEED);
    for _ in 0..FIRST_STARTS {
        let home = Home::new();
        let arguments = ["node", "--hostname", "127.0.0.1", "--port", "0", "--data-dir", "data"];
        let mut first = Process::start_unread(&mut home.clacks(&arguments)).process;
        wait_for_file(&home.path().join("data"), "", &mut first);
        spin(AFTER_THE_FIRST_SIGN.mul_f64(rng.random::<f64>()));
        first.kill();
        home.node(&["--data-dir", "data"]).ask("it runs");
        assert_eq!(unfinished(&home.path().join("data")), 0);
    }
}
