//! Disk writes that strangers cause: the log and the state file.

use std::{
    fs,
    net::{Ipv4Addr, SocketAddr},
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use serde_json::json;
use tokio::{
    task::JoinSet,
    time::{MissedTickBehavior, interval, sleep},
};

use crate::{
    clients::{DEAD_PORT, Poster, announce, post},
    runner::{Outcome, Scenario, Setting},
    target::Target,
};

/// Maximum bytes of log per hour.
const MOST_AN_HOUR: u64 = 1_000_000;
/// Maximum bytes of log in a shortened run, whose duration is not significant.
const MOST_SHORTENED: u64 = 16_000;
/// Number of payloads of a shortened run.
const PAYLOADS_SHORTENED: u64 = 400;
/// Payloads per second of the attacker.
const RATE: u64 = 900;

/// The payloads of the attacker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Posts {
    Broken,
    /// Announces of ever new names.
    Announces,
}

pub(crate) fn scenarios() -> Vec<Scenario> {
    let log = |(name, posts, addresses): (&str, Posts, u8)| {
        Scenario::new(name, move |setting| log(setting, posts, addresses))
    };
    let logs = [
        ("log-broken", Posts::Broken, 1),
        ("log-broken-16", Posts::Broken, 16),
        ("log-announces", Posts::Announces, 1),
    ];
    let state = [("state", false), ("state-names", true)].map(|(name, has_many_names)| {
        Scenario::new(name, move |setting| state(setting, has_many_names)).only_in_full(!has_many_names)
    });
    logs.map(log).into_iter().chain(state).collect()
}

async fn log(setting: Setting, posts: Posts, addresses: u8) -> Outcome {
    let target = Target::start(&setting, &["--log-file", "clacks.log", "--log-level", "info"]);
    let posted = Arc::new(AtomicU64::new(0));
    let (began, before) = (Instant::now(), log_size(target.home()));
    let mut attack = JoinSet::new();
    for host in 1..=addresses {
        let from = Ipv4Addr::new(127, 66, 0, host);
        // Several connections, so that the round trip is not the limit.
        for part in 0..(4 / addresses.min(4)) {
            let rate = RATE / u64::from(addresses.max(4));
            attack.spawn(post_on(target.address, from, part, rate, posts, Arc::clone(&posted)));
        }
    }
    if setting.is_full {
        sleep(Duration::from_secs(60)).await;
    } else {
        while posted.load(Ordering::Relaxed) < PAYLOADS_SHORTENED {
            sleep(Duration::from_millis(10)).await;
        }
    }
    let (posted, bytes) = (posted.load(Ordering::Relaxed), log_size(target.home()) - before);
    let seconds = began.elapsed().as_secs_f64();
    let an_hour = (bytes as f64 / seconds * 3600.0) as u64;
    let rate = posted as f64 / seconds;
    Outcome {
        figures: format!(
            "{bytes} bytes of log for {posted} payloads ({rate:.0} a second), {:.2} MB an hour",
            an_hour as f64 / 1e6
        ),
        asked: setting.pick("under 1 MB an hour".to_owned(), format!("under {MOST_SHORTENED} bytes")),
        is_within: setting.pick(an_hour < MOST_AN_HOUR, bytes < MOST_SHORTENED),
    }
}

/// Posts at a rate on one connection, and opens a new one when it is closed.
async fn post_on(
    node: SocketAddr,
    from: Ipv4Addr,
    part: u8,
    rate: u64,
    posts: Posts,
    posted: Arc<AtomicU64>,
) {
    let mut client = Poster::new(node, from);
    let mut turns = interval(Duration::from_micros(1_000_000 / rate));
    turns.set_missed_tick_behavior(MissedTickBehavior::Burst);
    for number in 0_u32.. {
        turns.tick().await;
        let [_, net, high, low] = number.to_be_bytes();
        let body = match posts {
            Posts::Broken => format!("{{\"message\": broken {number}"),
            Posts::Announces => announce(&format!("127.{}.{high}.{low}", 128 + part + net), DEAD_PORT),
        };
        if client.post(&body).await.is_ok() {
            posted.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// Bytes of the log, including rotated files.
fn log_size(directory: &Path) -> u64 {
    let files = fs::read_dir(directory).expect("the directory of the log").flatten();
    let logs = files.filter(|file| file.file_name().to_string_lossy().starts_with("clacks.log"));
    logs.filter_map(|file| file.metadata().ok()).map(|file| file.len()).sum()
}

/// A node with many peers. A stranger announces itself repeatedly, or strangers announce ever new names, each of which
/// changes the state.
async fn state(setting: Setting, has_many_names: bool) -> Outcome {
    const PER_SECOND: u32 = 5;
    const MOST: f64 = 100_000.0;
    let home = tempfile::tempdir().expect("a directory");
    let known = write_peers(&home.path().join("data"), setting.pick(99_000, 10_000));
    let file = home.path().join("data/peers.json");
    let modified = || fs::metadata(&file).and_then(|file| file.modified()).expect("a state file");
    let made = modified();
    let target = Target::start_in(&setting, home, &[]);
    // A state file of an earlier version is written completely at the first change.
    let _ = post(target.address, Ipv4Addr::new(127, 66, 1, 1), &announce("first.invalid", DEAD_PORT)).await;
    let began = Instant::now();
    while modified() == made && began.elapsed() < Duration::from_secs(90) {
        sleep(Duration::from_millis(100)).await;
    }
    let (began, before) = (Instant::now(), written(target.id()));
    let time = setting.pick(Duration::from_secs(120), Duration::from_secs(6));
    let mut turns = interval(Duration::from_secs(1) / PER_SECOND);
    let mut announces = 0;
    while began.elapsed() < time {
        turns.tick().await;
        // From several addresses, because each may introduce only some names.
        let host = if has_many_names { 1 + announces as u8 % 8 } else { 1 };
        let name = if has_many_names { format!("name-{announces}.invalid") } else { "127.66.0.1".to_owned() };
        let status = post(target.address, Ipv4Addr::new(127, 66, 0, host), &announce(&name, DEAD_PORT)).await;
        announces += u32::from(status.is_ok_and(|status| status == 200));
    }
    let bytes = written(target.id()) - before;
    let per_second = bytes as f64 / began.elapsed().as_secs_f64();
    Outcome {
        figures: format!(
            "{:.1} kB a second written for {announces} announces, with {:.1} MB of known peers",
            per_second / 1e3,
            known as f64 / 1e6
        ),
        asked: setting.pick("under 100 kB a second", "less than a tenth of the state file in all").to_owned(),
        is_within: setting.pick(per_second < MOST, bytes < known / 10),
    }
}

/// Writes a state file with this many peers. Returns its size.
fn write_peers(directory: &Path, count: usize) -> u64 {
    fs::create_dir(directory).expect("a data directory");
    let hostname = |number: usize| format!("tower-{number:06}.example.org");
    let peer = |number| {
        json!({"hostname": hostname(number), "port": 8080, "status": "alive", "time": 1_767_323_045_000_u64,
            "reached": true})
    };
    let pin =
        |number| json!({"hostname": hostname(number), "port": 8080, "sha256": format!("{number:064x}")});
    let peers: Vec<_> = (0..count).map(peer).collect();
    let pins: Vec<_> = (0..count).map(pin).collect();
    let text = serde_json::to_vec_pretty(&json!({"version": 1, "peers": peers, "pins": pins})).expect("JSON");
    fs::write(directory.join("peers.json"), &text).expect("a state file");
    text.len() as u64
}

/// Bytes that a process has written to disk, or to any file system if the directory is not on a disk.
fn written(process: u32) -> u64 {
    let text = fs::read_to_string(format!("/proc/{process}/io")).expect("the node runs");
    let number = |name: &str| -> u64 {
        let line = text.lines().find_map(|line| line.strip_prefix(name));
        line.and_then(|number| number.trim().parse().ok()).unwrap_or(0)
    };
    match number("write_bytes:") {
        0 => number("wchar:"),
        bytes => bytes,
    }
}
