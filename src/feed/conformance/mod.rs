//! The checks that every [`Network`] passes: those of a live node and those of a recording.
//!
//! The test crate of a network implements [`Specimen`] and calls the macro [`conformance_tests!`](crate::conformance_tests).
//! Random inputs come from a fixed seed, or from the environment variable `CLACKS_SEED`. A check prints its seed when it
//! fails.

mod allocations;
mod commands;
mod copies;
mod cost;
mod describing;
mod drafts;
mod events;
mod hostile;
mod loopback;
mod recorded;
mod remote;
mod sorting;
mod undoing;
mod walk;
mod watching;
mod windows;

use std::{
    pin::pin,
    sync::Arc,
    task::{Context, Poll, Wake, Waker},
    thread::{self, Thread},
    time::Duration,
};

use rand::{SeedableRng, rngs::StdRng};

#[cfg(test)]
pub(crate) use allocations::allocated_bytes;
pub use allocations::{CountingAllocator, an_idle_watch_allocates_nothing};
pub use commands::check_and_call_agree;
pub use copies::copies_follow_the_events;
pub use cost::the_cost_does_not_depend_on_the_length_of_lists;
pub use describing::the_description_is_valid;
pub use events::events_are_complete;
pub use hostile::hostile_texts_stay_texts;
pub use loopback::{Loopback, Pipe};
pub use recorded::Recorded;
pub use remote::Remote;
pub use sorting::sorted_windows_follow_the_events;
pub use undoing::undo_restores_what_a_call_changed;
pub use walk::{Contents, contents, walk};
pub use watching::slow_watchers_are_told_what_they_missed;
pub use windows::windows_are_parts_of_lists;

use crate::{Network, Watch, Watched};

/// A node under test, which the checks can disturb.
pub trait Specimen {
    /// The node.
    fn network(&self) -> Arc<dyn Network>;

    /// Lets something random happen, such as an item that comes, changes or goes, and a few events. Nothing goes on
    /// happening after it has returned.
    fn disturb(&mut self, random: &mut StdRng);

    /// Puts this text wherever a stranger can put one. Returns whether the node accepted it anywhere.
    fn receive(&mut self, text: &str) -> bool;

    /// Fills at least one list with this number of items, as far as the node's limits allow.
    fn fill(&mut self, items: usize);

    /// Lets time pass at the node. Returns whether the node's clock can be moved.
    fn pass(&mut self, _time: Duration) -> bool {
        false
    }

    /// Whether a command is left out: its success depends on other nodes, so that a call that works can fail, or it stops
    /// the node.
    fn depends_on_others(&self, _command: &str) -> bool {
        false
    }

    /// Whether the node carries out commands.
    fn has_commands(&self) -> bool {
        true
    }

    /// Whether the node is a recording, whose events have numbers already.
    fn is_recorded(&self) -> bool {
        false
    }

    /// Number of events in [`copies_follow_the_events`]: 20,000, or the environment variable `CLACKS_EVENTS`.
    fn events(&self) -> usize {
        std::env::var("CLACKS_EVENTS").ok().and_then(|events| events.parse().ok()).unwrap_or(20_000)
    }
}

/// Defines one test for each check. The argument is an expression that starts a new [`Specimen`].
#[macro_export]
macro_rules! conformance_tests {
    ($start:expr) => {
        $crate::conformance_tests! { @each $start =>
            the_description_is_valid
            windows_are_parts_of_lists
            copies_follow_the_events
            check_and_call_agree
            undo_restores_what_a_call_changed
            events_are_complete
            slow_watchers_are_told_what_they_missed
            hostile_texts_stay_texts
            the_cost_does_not_depend_on_the_length_of_lists
            an_idle_watch_allocates_nothing
            sorted_windows_follow_the_events
        }
    };
    (@each $start:expr => $($check:ident)*) => {
        $(
            #[test]
            fn $check() {
                $crate::conformance::$check(&mut $start);
            }
        )*
    };
}

/// Random numbers of a check, and the seed that is printed if the check fails.
struct Random {
    seed: u64,
    numbers: StdRng,
}

impl Random {
    fn new() -> Self {
        let seed = std::env::var("CLACKS_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(1983);
        Self { seed, numbers: StdRng::seed_from_u64(seed) }
    }
}

impl Drop for Random {
    fn drop(&mut self) {
        if thread::panicking() {
            eprintln!("random numbers of CLACKS_SEED={}", self.seed);
        }
    }
}

/// Everything that a watcher gets without waiting.
fn drain(watch: &mut dyn Watch) -> Vec<Watched> {
    let mut cx = Context::from_waker(Waker::noop());
    let mut all = Vec::new();
    while let Poll::Ready(Some(watched)) = watch.poll_next(&mut cx) {
        all.push(watched);
    }
    all
}

/// Waits for a future on this thread.
fn block_on<T>(future: impl Future<Output = T>) -> T {
    struct Unpark(Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut cx = Context::from_waker(&waker);
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut cx) {
            Poll::Ready(output) => return output,
            Poll::Pending => thread::park(),
        }
    }
}
