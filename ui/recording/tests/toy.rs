//! Recordings of the toy network, and what it had at several times.

use std::{path::PathBuf, sync::Arc, time::Duration};

use clacks_feed::{
    Network, News, Source, Text, Value,
    conformance::{Contents, contents},
};
use clacks_language::command::argument::Existing;
use clacks_toy::{Toy, core::BoxState};
use jiff::tz::TimeZone;
use rand::{RngExt, SeedableRng, rngs::StdRng};
use tempfile::TempDir;

use crate::{
    files::Files,
    replay::Replay,
    writer::{Texts, Writer},
};

/// A toy that is recorded while it does random things.
pub(crate) struct Recorded {
    pub(crate) toy: Arc<Toy>,
    pub(crate) random: StdRng,
    writer: Writer,
    pub(crate) moments: Vec<Moment>,
    pub(crate) directory: TempDir,
}

/// What the toy had at one time.
pub(crate) struct Moment {
    pub(crate) uptime: Duration,
    contents: Contents,
    gauges: Vec<Value>,
    settings: Vec<Value>,
}

impl Moment {
    pub(crate) fn of(network: &dyn Network) -> Self {
        let (gauges, settings) = (network.gauges(), network.settings());
        Self { uptime: network.now().uptime, contents: contents(network), gauges, settings }
    }

    /// Panics if a network has something else.
    #[track_caller]
    pub(crate) fn is_of(&self, network: &dyn Network) {
        let found = Self::of(network);
        assert_eq!(found.contents, self.contents, "at {:?}", self.uptime);
        assert_eq!((found.gauges, found.settings), (self.gauges.clone(), self.settings.clone()));
    }
}

impl Recorded {
    /// Begins a recording with files of this size.
    pub(crate) fn begin(seed: u64, file_size: u64) -> Self {
        let (toy, directory) = (Toy::start(seed), TempDir::new().unwrap());
        let mut random = StdRng::seed_from_u64(seed);
        (0..30).for_each(|_| disturb(&toy, &mut random));
        let files = Files::create(&directory.path().join("r.jsonl"), Existing::Refuse, file_size).unwrap();
        let network = Arc::clone(&toy) as Arc<dyn Network>;
        let writer = Writer::begin(network, Texts::Recorded, files, Arc::default()).unwrap();
        Self { toy, random, writer, moments: Vec::new(), directory }
    }

    /// A whole recording.
    pub(crate) fn make(seed: u64, steps: usize) -> Self {
        let mut recorded = Self::begin(seed, u64::MAX);
        for step in 0..steps {
            recorded.step();
            if step % 40 == 39 {
                recorded.writer.state().unwrap();
            }
        }
        recorded.catch_up();
        recorded
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.directory.path().join("r.jsonl")
    }

    /// Does some random things, and keeps what there is then.
    pub(crate) fn step(&mut self) {
        for _ in 0..self.random.random_range(1..4) {
            disturb(&self.toy, &mut self.random);
        }
        self.catch_up();
        self.moments.push(Moment::of(&*self.toy));
        self.toy.pass(Duration::from_millis(self.random.random_range(1..9000)));
    }

    pub(crate) fn catch_up(&mut self) {
        self.writer.catch_up().unwrap();
        self.writer.gauges().unwrap();
        self.writer.flush().unwrap();
    }

    pub(crate) fn state(&mut self) {
        self.writer.state().unwrap();
        self.writer.flush().unwrap();
    }

    /// Records a state in place of what has happened since the last time.
    pub(crate) fn skip(&mut self) {
        self.writer.skip().unwrap();
        self.writer.flush().unwrap();
    }

    /// Ends the recording as it should.
    pub(crate) fn finish(self) -> (Vec<Moment>, TempDir) {
        self.writer.finish().unwrap();
        (self.moments, self.directory)
    }

    pub(crate) fn open(&self) -> Replay {
        Replay::open(&self.path(), &[], 1.0, TimeZone::UTC, |_| {}).unwrap()
    }
}

pub(crate) fn disturb(toy: &Toy, random: &mut StdRng) {
    let name = format!("box {}", random.random_range(0..9));
    toy.with_core(|core, now| {
        let number = random.random_range(0..60);
        match random.random_range(0..10) {
            0 | 1 => core.find(&name, now),
            2 if random.random_ratio(1, 4) => core.forget(&name),
            3 => _ = core.set_state(&name, BoxState::Open, now),
            4 => core.send(&name, random.random::<bool>().then_some(Duration::from_millis(3)), now),
            5 => _ = core.post(Text::new("GNU Terry Pratchett"), now),
            6 => core.stamp(number, Text::new(&name)),
            7 => _ = core.drop_card(number),
            8 if random.random_ratio(1, 4) => core.set_limit(number),
            _ => _ = core.receive(Text::new("ook \u{1b}[31m"), &name, now),
        }
    });
}

/// Polls until nothing is left to do before the next command. Returns what was reported.
pub(crate) async fn settle(replay: &mut Replay) -> Vec<News> {
    let mut news = Vec::new();
    loop {
        let playback = replay.playback();
        let has_work = playback.jumping.is_some() || !(playback.paused || playback.at_end);
        let polled = std::future::poll_fn(|cx| match replay.poll_news(cx) {
            std::task::Poll::Ready(news) => std::task::Poll::Ready(news),
            std::task::Poll::Pending if has_work => std::task::Poll::Pending,
            std::task::Poll::Pending => std::task::Poll::Ready(None),
        });
        match polled.await {
            Some(reported) => news.push(reported),
            None => return news,
        }
    }
}
