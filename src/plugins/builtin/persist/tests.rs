use std::collections::BTreeMap;

use sha2::{Digest, Sha256};

use super::*;
use crate::builtin::testing::{Surroundings, message, name, verdict};

const HOUR: Duration = Duration::from_secs(3600);
const MINUTE: Duration = Duration::from_secs(60);
const MS: Duration = Duration::from_millis(1);

/// An archive in memory: the times at which each message was seen.
#[derive(Default)]
struct Archive {
    seen: Mutex<BTreeMap<Arc<str>, Vec<u64>>>,
    is_broken: std::sync::atomic::AtomicBool,
}

impl Archive {
    fn saw(&self, json: &str, at: u64) {
        self.seen.lock().unwrap().entry(json.into()).or_default().push(at);
    }

    fn read<T>(&self, read: impl FnOnce(&BTreeMap<Arc<str>, Vec<u64>>) -> T) -> Result<T, String> {
        if self.is_broken.load(std::sync::atomic::Ordering::Relaxed) {
            return Err("the disk is gone".to_owned());
        }
        Ok(read(&self.seen.lock().unwrap()))
    }
}

fn hash(json: &str) -> Hash {
    Sha256::digest(json).into()
}

impl Unseen for Archive {
    fn unseen(&self, before: u64, after: Option<(u64, Hash)>, limit: usize) -> Reading<'_, Vec<Missed>> {
        let page = self.read(|seen| {
            let all = seen.iter().map(|(json, times)| Missed {
                hash: hash(json),
                json: Arc::clone(json),
                last_seen: times.last().copied().unwrap_or_default(),
            });
            let place = |missed: &Missed| (missed.last_seen, missed.hash);
            let is_wanted = |missed: &Missed| {
                missed.last_seen < before && after.is_none_or(|after| place(missed) > after)
            };
            let mut page: Vec<Missed> = all.filter(is_wanted).collect();
            page.sort_unstable_by_key(place);
            page.truncate(limit);
            page
        });
        Box::pin(async { page })
    }

    fn longest_gap(&self, wanted: Hash) -> Reading<'_, Duration> {
        let gap = self.read(|seen| {
            let times = seen.iter().find(|(json, _)| hash(json) == wanted).map(|(_, times)| times);
            let gaps = times.into_iter().flat_map(|times| times.windows(2).map(|pair| pair[1] - pair[0]));
            Duration::from_millis(gaps.max().unwrap_or(0))
        });
        Box::pin(async { gap })
    }
}

/// Without a random delay.
fn persist(options: PersistOptions) -> (Persist, Surroundings, Arc<Archive>) {
    let (surroundings, archive) = (Surroundings::default(), Arc::new(Archive::default()));
    let unseen = Arc::clone(&archive) as Arc<dyn Unseen>;
    let persist = Persist::new(name(), options, surroundings.context(), unseen, None).expect("valid options");
    (persist, surroundings, archive)
}

async fn came_back(persist: &Persist) -> Vec<String> {
    persist.tick().done().await.iter().map(ToString::to_string).collect()
}

#[tokio::test]
async fn a_message_that_nobody_has_any_more_comes_back_once() {
    let (persist, surroundings, archive) = persist(PersistOptions::default());
    archive.saw("\"GNU\"", surroundings.now());
    surroundings.pass(HOUR);
    assert_eq!(came_back(&persist).await, [""; 0]);
    surroundings.pass(MINUTE);
    assert_eq!(came_back(&persist).await, ["\"GNU\""]);
    archive.saw("\"GNU\"", surroundings.now());
    surroundings.pass(HOUR);
    assert_eq!(came_back(&persist).await, [""; 0]);
}

#[tokio::test]
async fn a_message_waits_three_times_as_long_as_it_was_away_before() {
    let (persist, surroundings, archive) = persist(PersistOptions::default());
    archive.saw("1", surroundings.now());
    surroundings.pass(2 * HOUR);
    archive.saw("1", surroundings.now());
    surroundings.pass(Duration::from_millis(6 * 3_600_000 - 1));
    assert_eq!(came_back(&persist).await, [""; 0]);
    surroundings.pass(MINUTE);
    assert_eq!(came_back(&persist).await, ["1"]);
}

#[tokio::test]
async fn a_message_that_is_seen_during_its_delay_does_not_come_back() {
    let (persist, surroundings, archive) = persist(PersistOptions::default());
    surroundings.draw(1.0 / 6.0);
    archive.saw("1", surroundings.now());
    archive.saw("2", surroundings.now());
    surroundings.pass(HOUR + MS);
    assert_eq!(came_back(&persist).await, [""; 0]);
    assert_eq!(verdict(&persist, &message("1")), Verdict::Pass);
    archive.saw("1", surroundings.now());
    surroundings.pass(Duration::from_millis(1_800_000 - 1));
    assert_eq!(came_back(&persist).await, [""; 0]);
    surroundings.pass(MS);
    assert_eq!(came_back(&persist).await, ["2"]);
}

#[tokio::test]
async fn only_some_come_back_in_a_minute() {
    let (persist, surroundings, archive) =
        persist(PersistOptions { at_most: 2, ..PersistOptions::default() });
    (0..5).for_each(|index| archive.saw(&index.to_string(), 0));
    surroundings.pass(HOUR + MS);
    let mut all = Vec::new();
    for number in [2, 2, 1, 0] {
        let back = came_back(&persist).await;
        assert_eq!(back.len(), number);
        back.iter().for_each(|json| archive.saw(json, surroundings.now()));
        all.extend(back);
        surroundings.pass(Duration::from_millis(59_999));
        assert_eq!(came_back(&persist).await, [""; 0], "the minute is not over");
        surroundings.pass(MS);
    }
    all.sort_unstable();
    assert_eq!(all, ["0", "1", "2", "3", "4"]);
}

#[tokio::test]
async fn only_messages_that_match_come_back_however_many_do_not() {
    let (_, surroundings, archive) = persist(PersistOptions::default());
    (0..2500).for_each(|index| archive.saw(&index.to_string(), 0));
    archive.saw("\"wanted\"", 1);
    let matches: Matches = Arc::new(|payload| payload.json.contains("wanted"));
    let (options, unseen) = (PersistOptions::default(), Arc::clone(&archive) as Arc<dyn Unseen>);
    let persist = Persist::new(name(), options, surroundings.context(), unseen, Some(matches)).unwrap();
    surroundings.pass(2 * HOUR);
    let mut all = Vec::new();
    for _ in 0..3 {
        all.extend(came_back(&persist).await);
        surroundings.pass(MINUTE);
    }
    assert_eq!(all, ["\"wanted\""], "each look goes on where the last one ended");
}

#[tokio::test]
async fn an_archive_that_cannot_be_read_is_reported() {
    let (persist, surroundings, archive) = persist(PersistOptions::default());
    archive.is_broken.store(true, std::sync::atomic::Ordering::Relaxed);
    assert_eq!(came_back(&persist).await, [""; 0]);
    assert_eq!(surroundings.faults(), ["the archive cannot be read: the disk is gone"]);
}

#[test]
fn the_time_has_a_minimum() {
    let options = PersistOptions { unseen_for: Duration::from_secs(599), ..PersistOptions::default() };
    let (context, archive) = (Surroundings::default().context(), Arc::new(Archive::default()));
    let error = Persist::new(name(), options, context, archive, None).err().expect("an error");
    assert_eq!(error.to_string(), "unseen-for must be at least ten minutes");
}

const NODES: usize = 100;
const PERSISTERS: usize = 5;

/// A network of nodes that know each other, in which each copy of a message moves once a second to a random node. The
/// first nodes have the plugin.
struct Network {
    persisters: Vec<(Persist, Surroundings, Arc<Archive>)>,
    /// Where the copies of each message are.
    copies: Vec<Vec<usize>>,
    random: u64,
    seconds: u64,
}

impl Network {
    fn new(messages: usize) -> Self {
        let options = || PersistOptions { unseen_for: SHORTEST, ..PersistOptions::default() };
        let persisters = (0..PERSISTERS).map(|_| persist(options())).collect();
        Self {
            persisters,
            copies: (0..messages).map(|index| vec![index % NODES]).collect(),
            random: 1,
            seconds: 0,
        }
    }

    fn draw(&mut self) -> f64 {
        self.random =
            self.random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.random >> 33) as f64 / f64::from(1_u32 << 31)
    }

    async fn run(&mut self, seconds: u64) {
        for _ in 0..seconds {
            self.seconds += 1;
            for index in 0..self.copies.len() {
                for copy in 0..self.copies[index].len() {
                    let to = (self.draw() * NODES as f64) as usize;
                    self.copies[index][copy] = to;
                    if let Some((persist, surroundings, archive)) = self.persisters.get(to) {
                        archive.saw(&index.to_string(), surroundings.now());
                        assert_eq!(verdict(persist, &message(&index.to_string())), Verdict::Pass);
                    }
                }
            }
            self.tick().await;
        }
    }

    async fn tick(&mut self) {
        for at in 0..PERSISTERS {
            let random = self.draw();
            let (persist, surroundings, archive) = &self.persisters[at];
            surroundings.pass(Duration::from_secs(1));
            surroundings.draw(random);
            if !self.seconds.is_multiple_of(10) {
                continue;
            }
            for json in came_back(persist).await {
                archive.saw(&json, surroundings.now());
                self.copies[json.parse::<usize>().unwrap()].push(at);
            }
        }
    }
}

#[tokio::test]
async fn nothing_multiplies_in_a_network_without_losses() {
    let mut network = Network::new(20);
    network.run(10_000).await;
    let most = network.copies.iter().map(Vec::len).max().unwrap();
    assert!((1..=2).contains(&most), "{:?}", network.copies.iter().map(Vec::len).collect::<Vec<_>>());
}

#[tokio::test]
async fn what_is_swallowed_everywhere_comes_back() {
    let mut network = Network::new(3);
    network.run(3000).await;
    network.copies.iter_mut().for_each(Vec::clear);
    network.run(10_000).await;
    let copies: Vec<usize> = network.copies.iter().map(Vec::len).collect();
    assert!(copies.iter().all(|copies| (1..=2).contains(copies)), "{copies:?}");
}
