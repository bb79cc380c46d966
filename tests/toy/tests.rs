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
    use clacks_feed::{conformance::Recorded, conformance_tests};

    use super::Bench;

    conformance_tests!(Recorded::new(Bench::new()));

    /// The recording, 50 ms away.
    mod remote {
        use clacks_feed::{
            conformance::{Recorded, Remote},
            conformance_tests,
        };

        use super::Bench;

        conformance_tests!(Remote::new(Recorded::new(Bench::new())));
    }
}

/// The same node, 50 ms away.
mod remote {
    use clacks_feed::{conformance::Remote, conformance_tests};

    use super::Bench;

    conformance_tests!(Remote::new(Bench::new()));
}
