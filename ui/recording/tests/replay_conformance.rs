//! What a player shows passes the checks of every network: a toy is recorded into a file, which is played as it grows.

use std::{
    sync::Arc,
    task::{Context, Poll, Waker},
    time::Duration,
};

use clacks_feed::{
    Network, Source, Text,
    conformance::{CountingAllocator, Specimen},
    conformance_tests,
};
use rand::rngs::StdRng;
use tokio::runtime::{Builder, Runtime};

use super::toy::{Recorded, disturb};
use crate::replay::Replay;

struct Played {
    recorded: Recorded,
    replay: Replay,
    /// Only for its clock.
    runtime: Runtime,
}

impl Played {
    fn new() -> Self {
        let runtime = Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
        let recorded = Recorded::begin(7, u64::MAX);
        let replay = runtime.block_on(async { recorded.open() });
        Self { recorded, replay, runtime }
    }

    /// Plays what was recorded meanwhile.
    fn go_on(&mut self) {
        self.recorded.catch_up();
        let _within = self.runtime.enter();
        self.replay.extend();
        let mut cx = Context::from_waker(Waker::noop());
        while self.replay.playback().jumping.is_some() {
            while let Poll::Ready(Some(_)) = self.replay.poll_news(&mut cx) {}
        }
    }
}

impl Specimen for Played {
    fn network(&self) -> Arc<dyn Network> {
        self.replay.network()
    }

    fn disturb(&mut self, random: &mut StdRng) {
        disturb(&self.recorded.toy, random);
        self.go_on();
    }

    fn receive(&mut self, text: &str) -> bool {
        let toy = Arc::clone(&self.recorded.toy);
        let is_accepted = toy.with_core(|core, now| {
            core.set_limit(1000);
            core.find(text, now);
            core.receive(Text::new(text), text, now).is_some()
        });
        self.go_on();
        is_accepted
    }

    fn fill(&mut self, items: usize) {
        self.recorded.toy.with_core(|core, now| {
            core.set_limit(items as u64);
            while core.post(Text::new("GNU Terry Pratchett"), now).is_some() {}
        });
        // Reading the touched rows of so many events takes a toy long.
        self.recorded.skip();
        self.go_on();
    }

    fn pass(&mut self, time: Duration) -> bool {
        self.recorded.toy.pass(time);
        self.go_on();
        true
    }

    fn is_recorded(&self) -> bool {
        true
    }

    fn has_commands(&self) -> bool {
        false
    }

    fn events(&self) -> usize {
        5000
    }
}

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator;

conformance_tests!(Played::new());
