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
    watchdog::{Ending, end_by_force},
};

static WATCHING: OnceLock<()> = OnceLock::new();

/// Starts the thread, once per process.
///
/// # Errors
///
/// Fails if the thread cannot be started.
pub fn watch() -> io::Result<()> {
    if WATCHING.set(()).is_ok() {
        thread::Builder::new().name("hang-up".into()).spawn(tell_when_gone)?;
    }
    Ok(())
}

fn tell_when_gone() {
    if wait_for_the_end().contains(PollFlags::HUP) {
        signals::note_hang_up();
        notices::tell(Notice::HungUp);
        end_by_force(Ending::HungUp);
    }
}

/// Sleeps until the terminal is closed, which `poll` reports without requested events. Other flags mean that this
/// system cannot watch a terminal.
fn wait_for_the_end() -> PollFlags {
    let stdin = io::stdin();
    let mut terminal = [PollFd::new(&stdin, PollFlags::empty())];
    while let Err(Errno::INTR) = poll(&mut terminal, None) {}
    terminal[0].revents()
}
