//! Failures on demand, for the tests that the terminal outlives them. Not in a release build.

use std::{env, io};

use tokio::signal::unix::{SignalKind, signal};

/// If the environment asks for it, starts a task that panics at SIGUSR1, as a task of the node might.
pub(crate) fn rehearse_panic() {
    if env::var_os("CLACKS_REHEARSE_PANIC").is_some() {
        tokio::spawn(async {
            if let Ok(mut asked) = signal(SignalKind::user_defined1()) {
                asked.recv().await;
                panic!("a panic that was rehearsed");
            }
        });
    }
}

/// If the environment asks for it, fails as a terminal might that is to be given to others for a while.
pub(crate) fn rehearse_failure() -> io::Result<()> {
    match env::var_os("CLACKS_REHEARSE_FAILURE") {
        Some(_) => Err(io::Error::other("a failure that was rehearsed")),
        None => Ok(()),
    }
}
