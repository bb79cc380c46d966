//! The plugin `persist` with an archive in a file.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use clacks_archive::{Access, Hash as ArchiveHash, Options, Sighting, SightingKind, Store, Unseen, open};
use clacks_plugins::builtin::{
    Context, Hash, Missed, Periodic, Persist, PersistOptions, Reading, Unseen as Read,
};
use tempfile::TempDir;

const MINUTE: u64 = 60_000;
const HOUR: u64 = 60 * MINUTE;

/// Maximum number of sightings of a message of which the gaps are compared.
const SIGHTINGS: usize = 1000;

/// The archive as the plugin reads it. A store waits for its disk, so it is read on a thread that may wait.
struct Reader(Arc<Mutex<Box<dyn Store>>>);

impl Reader {
    fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&mut dyn Store) -> Result<T, clacks_archive::ArchiveError> + Send + 'static,
    ) -> Reading<'_, T> {
        let store = Arc::clone(&self.0);
        Box::pin(async move {
            let reading = tokio::task::spawn_blocking(move || read(&mut **store.lock().expect("no panic")));
            reading.await.map_err(|error| error.to_string())?.map_err(|error| error.to_string())
        })
    }
}

impl Read for Reader {
    fn unseen(&self, before: u64, after: Option<(u64, Hash)>, limit: usize) -> Reading<'_, Vec<Missed>> {
        self.read(move |store| {
            let after = after.map(|(at, hash)| (at, ArchiveHash(hash)));
            let found = store.unseen_for(&Unseen { before, after, limit })?;
            let missed = found.into_iter().map(|found| Missed {
                hash: found.hash.0,
                json: found.json.untrusted().into(),
                last_seen: found.last_seen,
            });
            Ok(missed.collect())
        })
    }

    fn longest_gap(&self, hash: Hash) -> Reading<'_, Duration> {
        self.read(move |store| {
            let life = store.life(&ArchiveHash(hash), SIGHTINGS)?;
            let seen: Vec<u64> = life.iter().flat_map(|life| &life.sightings).map(|seen| seen.at).collect();
            let gaps = seen.windows(2).map(|pair| pair[1].saturating_sub(pair[0]));
            Ok(Duration::from_millis(gaps.max().unwrap_or(0)))
        })
    }
}

struct Test {
    persist: Persist,
    now: Arc<AtomicU64>,
    archive: Mutex<Box<dyn Store>>,
    _directory: TempDir,
}

impl Test {
    fn new() -> Self {
        let directory = TempDir::new().expect("a directory");
        let options = Options::in_file(directory.path().join("archive.db"));
        let archive = open(&options, "tower:8080", Access::Write).expect("a new archive");
        let reader = open(&options, "tower:8080", Access::Read).expect("a second connection");
        let now = Arc::new(AtomicU64::new(1_700_000_000_000));
        let clock = Arc::clone(&now);
        let context = Context {
            now: Arc::new(move || clock.load(Ordering::Relaxed)),
            random: Arc::new(|| 0.0),
            on_fault: Arc::new(|fault| panic!("{fault}")),
        };
        let reader = Arc::new(Reader(Arc::new(Mutex::new(reader))));
        let persist = Persist::new("persist", PersistOptions::default(), context, reader, None);
        Self {
            persist: persist.expect("valid options"),
            now,
            archive: Mutex::new(archive),
            _directory: directory,
        }
    }

    fn saw(&self, json: &str, kind: SightingKind) {
        let sighting = Sighting { json: json.into(), at: self.now.load(Ordering::Relaxed), kind, peer: None };
        self.archive.lock().expect("no panic").append(&[sighting], 0).expect("room on the disk");
    }

    fn pass(&self, ms: u64) {
        self.now.fetch_add(ms, Ordering::Relaxed);
    }

    async fn came_back(&self) -> Vec<String> {
        self.persist.tick().done().await.iter().map(ToString::to_string).collect()
    }
}

#[tokio::test]
async fn a_message_that_is_only_in_the_archive_comes_back_once() {
    let test = Test::new();
    // As it came, byte for byte.
    let json = r#"{ "b":1e2, "a":"\u00e9" }"#;
    test.saw(json, SightingKind::Received);
    test.pass(HOUR);
    assert_eq!(test.came_back().await, [""; 0]);
    test.pass(MINUTE);
    assert_eq!(test.came_back().await, [json]);
    test.saw(json, SightingKind::Reintroduced);
    test.pass(HOUR);
    assert_eq!(test.came_back().await, [""; 0]);
}

#[tokio::test]
async fn the_gaps_between_the_sightings_in_the_archive_count() {
    let test = Test::new();
    test.saw("1", SightingKind::Received);
    test.pass(2 * HOUR);
    test.saw("1", SightingKind::Received);
    test.pass(5 * HOUR);
    assert_eq!(test.came_back().await, [""; 0], "it was away for two hours before");
    test.pass(HOUR + MINUTE);
    assert_eq!(test.came_back().await, ["1"]);
}

#[tokio::test]
async fn more_messages_than_a_page_all_come_back() {
    let test = Test::new();
    (0..250).for_each(|index| test.saw(&index.to_string(), SightingKind::Received));
    test.pass(2 * HOUR);
    let mut back: Vec<String> = Vec::new();
    // Six come back in a minute.
    for _ in 0..50 {
        for json in test.came_back().await {
            test.saw(&json, SightingKind::Reintroduced);
            back.push(json);
        }
        test.pass(MINUTE);
    }
    back.sort_by_key(|json| json.parse::<u32>().expect("a number"));
    assert_eq!(back, (0..250).map(|index| index.to_string()).collect::<Vec<_>>());
}
