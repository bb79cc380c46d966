//! The end by force, for when the program was asked to end and does not.

use std::{ffi::c_int, process, thread, time::Duration};

use signal_hook::consts::SIGHUP;

use super::guard;

/// Why the program has to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    HungUp,
    Panicked,
    Signal(c_int),
}

impl Ending {
    /// How long the program may take to end by itself.
    fn grace(self) -> Duration {
        match self {
            // Time to hand on what only the node has and for the node to stop.
            Self::Signal(_) | Self::Panicked => Duration::from_secs(10),
            // The same in a hurry: reading from a terminal that has gone takes a whole core.
            Self::HungUp => Duration::from_secs(6),
        }
    }

    /// What a shell would report.
    fn exit_code(self) -> i32 {
        match self {
            Self::HungUp => 128 + SIGHUP,
            Self::Panicked => 101,
            Self::Signal(signal) => 128 + signal,
        }
    }
}

/// Ends the program when it has not ended by itself after a while.
///
/// A thread and not a task: the runtime's threads may be stuck, writing to a terminal that takes nothing.
pub(crate) fn end_by_force(ending: Ending) {
    // Where no thread can be started, nothing can be done about that either.
    let _ = thread::Builder::new().name("ending".into()).spawn(move || {
        thread::sleep(ending.grace());
        let _ = guard::restore();
        process::exit(ending.exit_code());
    });
}
