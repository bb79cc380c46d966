mod far;
mod scrolling;

use std::{sync::Arc, time::Duration};

use clacks_feed::{
    Network, Text,
    conformance::{CountingAllocator, Specimen},
    conformance_tests,
};
use rand::{RngExt, rngs::StdRng, seq::IndexedRandom};

use crate::{
    Toy,
    core::{BoxState, Core},
};

struct Bench(Arc<Toy>);

impl Bench {
    fn new() -> Self {
        Self(Toy::start(7))
    }
}

impl Specimen for Bench {
    fn network(&self) -> Arc<dyn Network> {
        self.0.clone()
    }

    fn disturb(&mut self, random: &mut StdRng) {
        self.0.pass(Duration::from_millis(random.random_range(1..20)));
        self.0.with_core(|core, now| disturb(core, random, now));
    }

    fn receive(&mut self, text: &str) -> bool {
        self.0.with_core(|core, now| {
            core.find(text, now);
            core.receive(Text::new(text), text, now).is_some()
        })
    }

    fn fill(&mut self, items: usize) {
        self.0.with_core(|core, now| {
            core.set_limit(items as u64);
            while core.post(Text::new("GNU Terry Pratchett"), now).is_some() {}
        });
    }

    fn pass(&mut self, time: Duration) -> bool {
        self.0.pass(time);
        true
    }
}

fn disturb(core: &mut Core, random: &mut StdRng, now: Duration) {
    let name = format!("box {}", random.random_range(0..40));
    let number = random_card(core, random);
    match random.random_range(0..10) {
        0 | 1 => core.find(&name, now),
        2 if random.random_ratio(1, 4) => core.forget(&name),
        3 => _ = core.set_state(&name, BoxState::Open, now),
        4 => core.send(&name, random.random::<bool>().then_some(Duration::from_millis(3)), now),
        5 => _ = core.post(Text::new("GNU Terry Pratchett"), now),
        6 => core.stamp(number, Text::new(&name)),
        7 if random.random_ratio(1, 2) => _ = core.drop_card(number),
        _ => {
            core.set_limit(80);
            _ = core.receive(Text::new("ook"), &name, now);
        }
    }
}

fn random_card(core: &Core, random: &mut StdRng) -> u64 {
    let numbers: Vec<_> = core.cards.keys().copied().collect();
    numbers.choose(random).copied().unwrap_or_default()
}

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator;

conformance_tests!(Bench::new());

/// The same node as its recording shows it: each line is written and read again.
mod recorded {
    use std::task::{Context, Poll, Waker};

    use clacks_feed::{
        Watch, Watched,
        json::{EventParts, Fit, Gauges, NodeLine, Reader, Record, Writer},
        mirror::{ChangeReader, Changes, Mirror},
    };

    use super::{Arc, Bench, Duration, Network, Specimen, StdRng, conformance_tests};

    struct Recording {
        bench: Bench,
        watch: Box<dyn Watch>,
        reader: ChangeReader,
        seq: u64,
        mirror: Arc<Mirror>,
    }

    impl Recording {
        fn new() -> Self {
            let bench = Bench::new();
            let toy = bench.network();
            let mirror = Mirror::new(Arc::clone(toy.description()), toy.run());
            let watch = toy.watch();
            let (reader, _) = ChangeReader::start(&*toy, 0);
            let mut recording = Self { bench, watch, reader, seq: 0, mirror };
            recording.restore();
            recording
        }

        /// Writes a whole state.
        fn restore(&mut self) {
            let toy = self.bench.network();
            let (reader, state) = ChangeReader::start(&*toy, self.seq);
            self.reader = reader.keeping_texts();
            let mut line = Vec::new();
            Writer::new(toy.description()).state(&mut line, &state);
            self.play(&line);
        }

        /// Records what happened, and plays it.
        fn go_on(&mut self) {
            let toy = self.bench.network();
            let description = Arc::clone(toy.description());
            let writer = Writer::new(&description);
            let mut cx = Context::from_waker(Waker::noop());
            while let Poll::Ready(Some(watched)) = self.watch.poll_next(&mut cx) {
                let Watched::Event(event) = watched else { panic!("a recorder that reads missed something") };
                self.seq = event.seq;
                let Changes { rows, totals, settings } = self.reader.read(&*toy, &event);
                let record = Record { rows: &rows, totals: &totals, settings: settings.as_deref() };
                let parts = EventParts { record: Some(record), ..EventParts::default() };
                let mut line = Vec::new();
                let fit = writer.event(&mut line, &event, &parts);
                self.play(&line);
                if fit != Fit::Whole {
                    self.restore();
                }
            }
            let mut line = Vec::new();
            writer.gauges(&mut line, &Gauges { now: None, values: toy.gauges() });
            self.play(&line);
            self.mirror.set_now(toy.now());
        }

        fn play(&self, line: &[u8]) {
            let line = std::str::from_utf8(line).unwrap();
            match Reader::new(self.mirror.description()).node_line(line).unwrap() {
                NodeLine::Event(event) => self.mirror.apply(*event),
                NodeLine::State(state) => self.mirror.restore(state),
                NodeLine::Gauges(gauges) => self.mirror.set_gauges(gauges.values),
                other => panic!("{other:?} is not in a recording"),
            }
        }
    }

    impl Specimen for Recording {
        fn network(&self) -> Arc<dyn Network> {
            self.mirror.clone()
        }

        fn disturb(&mut self, random: &mut StdRng) {
            self.bench.disturb(random);
            self.go_on();
        }

        fn receive(&mut self, text: &str) -> bool {
            let is_accepted = self.bench.receive(text);
            self.go_on();
            is_accepted
        }

        fn fill(&mut self, items: usize) {
            self.bench.fill(items);
            // More happened than a recorder may leave unread.
            self.watch = self.bench.network().watch();
            self.restore();
        }

        fn pass(&mut self, time: Duration) -> bool {
            self.bench.pass(time)
        }

        fn is_recorded(&self) -> bool {
            true
        }

        fn has_commands(&self) -> bool {
            false
        }
    }

    conformance_tests!(Recording::new());

    /// The recording, 50 ms away.
    mod remote {
        use clacks_feed::{conformance::Remote, conformance_tests};

        use super::Recording;

        conformance_tests!(Remote::new(Recording::new()));
    }
}

/// The same node, 50 ms away.
mod remote {
    use clacks_feed::{conformance::Remote, conformance_tests};

    use super::Bench;

    conformance_tests!(Remote::new(Bench::new()));
}
