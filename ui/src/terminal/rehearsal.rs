//! A panic on demand, for the test that the terminal outlives it. Not in a release build.

use std::env;

use tokio::signal::unix::{SignalKind, signal};

/// If the environment asks for it, starts a task that panics at SIGUSR1, as a task of the node might.
pub(super) fn rehearse_panic() {
    if env::var_os("CLACKS_REHEARSE_PANIC").is_some() {
        tokio::spawn(async {
            if let Ok(mut asked) = signal(SignalKind::user_defined1()) {
                asked.recv().await;
                panic!("a panic that was rehearsed");
            }
        });
    }
}
