//! Signal handling in a thread.
//!
//! While the terminal is held, signals become notices for the dashboard. Afterwards, during the shutdown of the node,
//! they have their default effect, so a second Ctrl-C ends a slow shutdown.

use std::{
    ffi::c_int,
    io,
    sync::{
        OnceLock,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

use signal_hook::{
    consts::{SIGCONT, SIGHUP, SIGINT, SIGQUIT, SIGSTOP, SIGTERM, SIGTSTP, SIGWINCH},
    iterator::Signals,
    low_level,
};

use super::{
    guard, job_control,
    notices::{self, Notice},
    watchdog::{ExitReason, exit_after_grace},
};

const WATCHED: [c_int; 7] = [SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGTSTP, SIGCONT, SIGWINCH];

static WATCHING: OnceLock<()> = OnceLock::new();
/// Set while the process stops itself, so that the following SIGCONT is no notice.
static STOPPING: AtomicBool = AtomicBool::new(false);

/// Set after a hangup. It is reported several times: by [`hangup`](super::hangup), and by a SIGHUP each for the session
/// leader and the foreground group.
static HUNG_UP: AtomicBool = AtomicBool::new(false);

/// Set while another program has the terminal and the keyboard.
static HANDED_OVER: AtomicBool = AtomicBool::new(false);

/// Sets whether another program has the keyboard. Meanwhile SIGINT and SIGQUIT are ignored, because they are meant for
/// it.
pub(crate) fn set_handed_over(handed_over: bool) {
    HANDED_OVER.store(handed_over, Ordering::SeqCst);
}

/// Records a hangup. A later SIGHUP is ignored and does not count as a second signal.
pub(crate) fn record_hangup() {
    HUNG_UP.store(true, Ordering::SeqCst);
}

/// Starts the thread, once per process. It is no task of the runtime, so it works while the runtime's threads are
/// stuck.
///
/// # Errors
///
/// Fails if the handlers cannot be installed or the thread cannot be started.
pub(crate) fn watch() -> io::Result<()> {
    if WATCHING.set(()).is_ok() {
        let mut signals = Signals::new(WATCHED)?;
        thread::Builder::new().name("signals".into()).spawn(move || signals.forever().for_each(handle))?;
    }
    Ok(())
}

fn handle(signal: c_int) {
    match signal {
        // The keyboard sends these to all processes in the foreground.
        SIGINT | SIGQUIT if HANDED_OVER.load(Ordering::SeqCst) => {}
        // The other program keeps the terminal while we stop too, provided that a shell could continue us.
        SIGTSTP if HANDED_OVER.load(Ordering::SeqCst) => {
            if job_control::has_parent_shell() {
                let _ = stop_process();
            }
        }
        SIGQUIT => apply_default(signal),
        SIGHUP if HUNG_UP.load(Ordering::SeqCst) => {}
        _ if !guard::is_held() => apply_default(signal),
        SIGWINCH => notices::post(Notice::Resized),
        SIGTSTP => notices::post(Notice::Stop),
        SIGCONT if STOPPING.swap(false, Ordering::SeqCst) => {}
        SIGCONT => notices::post(Notice::Resumed),
        SIGHUP => {
            record_hangup();
            notices::post(Notice::HungUp);
            exit_after_grace(ExitReason::Signal(signal));
        }
        _ => {
            notices::post(Notice::Terminate);
            exit_after_grace(ExitReason::Signal(signal));
        }
    }
}

fn apply_default(signal: c_int) {
    let _ = guard::restore();
    let _ = low_level::emulate_default_handler(signal);
}

/// Stops the process with SIGSTOP, because SIGTSTP is handled. Returns when the process continues.
pub(crate) fn stop_process() -> io::Result<()> {
    STOPPING.store(true, Ordering::SeqCst);
    low_level::raise(SIGSTOP)
}
