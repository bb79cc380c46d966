//! A process that is killed while it writes leaves whole batches behind.

use std::{
    collections::HashMap,
    env,
    io::{BufRead, BufReader},
    ops::ControlFlow,
    process::{Command, Stdio},
    thread,
    time::Duration,
};

use rand::{RngExt, SeedableRng, rngs::StdRng};

use super::{InFile, Place, received};
use crate::{Access, Exported, Sighting, Store, sqlite::Sqlite};

/// Rows of a batch.
const ROWS: u64 = 100;
/// How often the process is killed.
const TIMES: u64 = 20;
/// The variable with the file of the process that is killed. Without it that test does nothing.
const FILE: &str = "CLACKS_ARCHIVE_KILLED";
/// What that process prints when a batch is in the archive.
const WRITTEN: &str = "batch written";

/// A batch: its rows are of ten messages, of which nine are in every batch.
fn batch(number: u64) -> Vec<Sighting> {
    let json = |row: u64| match row % 10 {
        0 => format!("\"only in {number}\""),
        row => format!("\"in every batch {row}\""),
    };
    (0..ROWS).map(|row| received(&json(row), number)).collect()
}

/// Writes batches until it is killed. Each batch continues where the archive ends.
#[test]
#[ignore = "a part of another test"]
fn process_that_is_killed() {
    let Some(path) = env::var_os(FILE) else { return };
    let mut store = Sqlite::open(path.as_ref(), Access::Write).unwrap();
    let first = store.check().unwrap().sightings / ROWS;
    // The parent kills it long before the end.
    for number in first..first + 1_000_000 {
        store.append(&batch(number), 0).unwrap();
        println!("{WRITTEN}");
    }
}

#[test]
fn a_kill_leaves_whole_batches_and_a_sound_archive() {
    let place = InFile::new();
    let mut random = StdRng::seed_from_u64(7);
    let mut before = 0;
    for _ in 0..TIMES {
        let batches = random.random_range(1..20);
        write_and_kill(&place, batches, Duration::from_micros(random.random_range(0..4_000)));
        // Opened for reading and for writing it is the same.
        for access in [Access::Read, Access::Write] {
            let sightings = check(&mut *place.open(access).unwrap());
            assert!(sightings >= before + batches * ROWS, "{sightings} after {before} and {batches} batches");
        }
        before = place.open(Access::Read).unwrap().check().unwrap().sightings;
    }
}

/// Kills a process that writes, some time after it has written this number of batches.
fn write_and_kill(place: &InFile, batches: u64, after: Duration) {
    let mut child = Command::new(env::current_exe().unwrap())
        .args(["--exact", "tests::killed::process_that_is_killed", "--ignored", "--nocapture"])
        .env(FILE, place.path())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    // The pipe stays open, so that only the kill ends the process.
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let written = lines
        .by_ref()
        .map(Result::unwrap)
        .filter(|line| line.contains(WRITTEN))
        .take(batches as usize)
        .count();
    assert_eq!(written as u64, batches, "the process ended by itself");
    // The moment is random; whatever it writes at that moment must be whole or missing.
    thread::sleep(after);
    child.kill().unwrap();
    assert!(!child.wait().unwrap().success());
}

/// Checks the archive and returns the number of its sightings.
fn check(store: &mut dyn Store) -> u64 {
    let checked = store.check().unwrap();
    assert_eq!(checked.problems, [""; 0]);
    assert_eq!(checked.times, checked.sightings);
    let mut rows: HashMap<u64, u64> = HashMap::new();
    let mut each = |part: Exported<'_>| {
        if let Exported::Sighting(_, seen) = part {
            *rows.entry(seen.at).or_default() += 1;
        }
        ControlFlow::Continue(())
    };
    store.export(&mut each).unwrap();
    let batches = checked.sightings / ROWS;
    assert_eq!(rows.len() as u64, batches);
    assert!((0..batches).all(|number| rows.get(&number) == Some(&ROWS)), "{rows:?}");
    checked.sightings
}
