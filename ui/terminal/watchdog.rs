//! A watchdog that ends the process if it does not end by itself.

use std::{ffi::c_int, process, thread, time::Duration};

use signal_hook::consts::SIGHUP;

use super::guard;

/// The reason why the program has to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ExitReason {
    HungUp,
    Panicked,
    Signal(c_int),
}

impl ExitReason {
    /// Time for the program to end by itself.
    fn grace(self) -> Duration {
        match self {
            // Time to drain unsent messages and to stop the node.
            Self::Signal(_) | Self::Panicked => Duration::from_secs(10),
            // Less time, because reading from a closed terminal uses a whole core.
            Self::HungUp => Duration::from_secs(6),
        }
    }

    /// The exit code that a shell would report.
    fn exit_code(self) -> i32 {
        match self {
            Self::HungUp => 128 + SIGHUP,
            Self::Panicked => 101,
            Self::Signal(signal) => 128 + signal,
        }
    }
}

/// Restores the terminal and exits after a grace period: 10 s after a signal or panic, 6 s after a hangup.
///
/// Runs in a thread, because the runtime's threads can be stuck in a write to the terminal.
pub(crate) fn exit_after_grace(reason: ExitReason) {
    // If no thread can be started, there is no fallback.
    let _ = thread::Builder::new().name("ending".into()).spawn(move || {
        thread::sleep(reason.grace());
        let _ = guard::restore();
        process::exit(reason.exit_code());
    });
}
