//! Fault injection for tests of the terminal's restoration. Not in release builds.

use std::{env, io};

use tokio::signal::unix::{SignalKind, signal};

/// If the environment requests it, starts a task that panics at SIGUSR1, like a panic in a task of the node.
pub(crate) fn inject_panic() {
    if env::var_os("CLACKS_REHEARSE_PANIC").is_some() {
        tokio::spawn(async {
            if let Ok(mut asked) = signal(SignalKind::user_defined1()) {
                asked.recv().await;
                panic!("a panic that was rehearsed");
            }
        });
    }
}

/// If the environment requests it, fails like a terminal that cannot be restored for another program.
pub(crate) fn inject_failure() -> io::Result<()> {
    match env::var_os("CLACKS_REHEARSE_FAILURE") {
        Some(_) => Err(io::Error::other("a failure that was rehearsed")),
        None => Ok(()),
    }
}
