//! What an archive in a file costs: processor time and bytes of a sighting, and the time of a search.
//!
//!     cargo bench -p clacks-archive --bench archive
//!
//! It writes a million sightings of a hundred thousand messages of about 110 bytes, in batches of a thousand, to a
//! temporary directory. `-- N` writes N sightings of N/10 messages. Nothing is asserted, because machines differ.

#![allow(clippy::disallowed_methods, reason = "benchmarks measure time")]

#[path = "../tests/soak/figures.rs"]
#[allow(dead_code, reason = "the soak prints more")]
mod figures;

use std::time::{Duration, Instant};

use clacks_archive::{
    Access, Hash, Keep, MAX_BATCH, Options, Order, Peer, Query, Retention, Sighting, SightingKind, Store,
    Unseen, open, prune_all,
};
use rand::{RngExt, SeedableRng, rngs::StdRng};

/// The words of the messages.
const WORDS: usize = 5_000;
/// Milliseconds between two sightings.
const STEP: u64 = 100;
/// Repetitions of a query. The processor time of a process is counted in steps that are longer than most queries.
const TIMES: u32 = 100;

fn main() {
    let number = std::env::args().find_map(|argument| argument.parse().ok()).unwrap_or(1_000_000);
    let directory = tempfile::tempdir().expect("a temporary directory can be created");
    let path = directory.path().join("archive.db");
    let mut store =
        open(&Options::in_file(&path), "bench:0", Access::Write).expect("an archive can be created");
    let mut random = StdRng::seed_from_u64(1);
    let messages: Vec<String> = (0..(number / 10).max(1)).map(|n| message(n, &mut random)).collect();

    let (wall, cpu) = (Instant::now(), processor_time());
    append(&mut *store, number, &messages, &mut random);
    let cpu = processor_time().saturating_sub(cpu);
    let each = |time: Duration| time.as_secs_f64() * 1e6 / number as f64;
    println!("{number} sightings of {} messages", messages.len());
    println!("  append                  {:8.1} us of processor time each", each(cpu));
    println!("                          {:8.1} us of real time each", each(wall.elapsed()));
    let bytes = store.check().expect("the archive can be checked").bytes;
    println!("  size                    {:8.1} bytes each", bytes as f64 / number as f64);
    drop(store);

    let mut store =
        open(&Options::in_file(&path), "bench:0", Access::Read).expect("the archive can be opened");
    queries(&mut *store, &messages);
    drop(store);
    prune(&path, number);
}

/// A message of about 110 bytes.
fn message(number: usize, random: &mut StdRng) -> String {
    let mut word = || random.random_range(0..WORDS);
    let text =
        format!("word{} word{} word{} word{} word{} word{}", word(), word(), word(), word(), word(), word());
    format!("{{\"class\":\"clacks\",\"number\":{number},\"text\":\"common {text} end\"}}")
}

fn append(store: &mut dyn Store, number: usize, messages: &[String], random: &mut StdRng) {
    let hosts: Vec<String> = (0..50).map(|n| format!("tower{n}.example.org")).collect();
    let mut written = 0;
    while written < number {
        let rows = MAX_BATCH.min(number - written);
        let sighting = |n: usize| Sighting {
            // Each message once, then any.
            json: messages
                .get(n)
                .unwrap_or_else(|| &messages[random.random_range(0..messages.len())])
                .as_str()
                .into(),
            at: n as u64 * STEP,
            kind: SightingKind::ALL[n % 4],
            peer: Some(Peer {
                hostname: hosts[n % 50].as_str().into(),
                port: 8080,
                status: Some("alive".into()),
            }),
        };
        let batch: Vec<_> = (written..written + rows).map(sighting).collect();
        store.append(&batch, 0).expect("a batch can be written");
        written += rows;
    }
}

fn queries(store: &mut dyn Store, messages: &[String]) {
    let search = |words: &str| Query { search: words.parse().ok(), ..Query::default() };
    let find = |store: &mut dyn Store, query: &Query| drop(store.find(query).expect("a search succeeds"));
    let best = Query { order: Order::Best, ..search("\"common word77\"") };
    for (name, query) in [
        ("two words, newest 50", search("common word7")),
        ("a word of every message", search("common")),
        ("a phrase, best 50", best),
        ("the start of a word", search("word123*")),
    ] {
        measure(name, || find(store, &query));
    }
    let unseen = Unseen { before: u64::MAX, after: None, limit: 50 };
    measure("not seen for a while", || drop(store.unseen_for(&unseen).expect("a query succeeds")));
    let hash = Hash::of(&messages[messages.len() / 2].as_str().into());
    measure("the life of a message", || drop(store.life(&hash, 100).expect("a query succeeds")));
}

fn measure(name: &str, mut run: impl FnMut()) {
    let before = processor_time();
    (0..TIMES).for_each(|_| run());
    let each = processor_time().saturating_sub(before) / TIMES;
    println!("  {name:24}{:8.2} ms of processor time", each.as_secs_f64() * 1e3);
}

/// Removes the older half.
fn prune(path: &std::path::Path, number: usize) {
    let mut store =
        open(&Options::in_file(path), "bench:0", Access::Write).expect("the archive can be opened");
    let retention = Retention { keep: Some(Keep(number as u64 / 2 * STEP)), max_size: None };
    let (before, mut last, mut worst) = (processor_time(), Instant::now(), Duration::ZERO);
    let pruned = prune_all(&mut *store, &retention, number as u64 * STEP, |_| {
        worst = worst.max(last.elapsed());
        last = Instant::now();
        true
    });
    let pruned = pruned.expect("the archive can be pruned");
    let spent = processor_time().saturating_sub(before).as_secs_f64();
    println!("  prune {} sightings  {spent:8.2} s of processor time", pruned.sightings);
    println!("  the longest step        {:8.2} ms of real time", worst.as_secs_f64() * 1e3);
}

fn processor_time() -> Duration {
    figures::Figures::of(std::process::id()).cpu
}
