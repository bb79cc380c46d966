//! The thread that detects a hangup: a closed window or a broken connection.
//!
//! SIGHUP is not enough, because only the session leader and the foreground group receive it. The key reader cannot
//! detect it either: crossterm's reader then loops and uses a whole core.

use std::{io, sync::OnceLock, thread};

use rustix::{
    event::{PollFd, PollFlags, poll},
    io::Errno,
};

use super::{
    notices::{self, Notice},
    signals,
    watchdog::{ExitReason, exit_after_grace},
};

static WATCHING: OnceLock<()> = OnceLock::new();

/// Starts the thread, once per process.
///
/// # Errors
///
/// Fails if the thread cannot be started.
pub(crate) fn watch() -> io::Result<()> {
    if WATCHING.set(()).is_ok() {
        thread::Builder::new().name("hang-up".into()).spawn(report_hangup)?;
    }
    Ok(())
}

fn report_hangup() {
    if wait_for_hangup().contains(PollFlags::HUP) {
        signals::record_hangup();
        notices::post(Notice::HungUp);
        exit_after_grace(ExitReason::HungUp);
    }
}

/// Sleeps until the terminal is closed, which `poll` reports without requested events. Other flags mean that this
/// system cannot watch a terminal.
fn wait_for_hangup() -> PollFlags {
    let stdin = io::stdin();
    let mut terminal = [PollFd::new(&stdin, PollFlags::empty())];
    while let Err(Errno::INTR) = poll(&mut terminal, None) {}
    terminal[0].revents()
}
