//! What signals do, and the thread that takes them.
//!
//! While the terminal is held they are news for the dashboard. Afterwards, while the node winds up, they do what they
//! do to any program, so that a second Ctrl-C ends one that takes too long.

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
    watchdog::{Ending, end_by_force},
};

const WATCHED: [c_int; 7] = [SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGTSTP, SIGCONT, SIGWINCH];

static WATCHING: OnceLock<()> = OnceLock::new();
/// Set while we stop ourselves: the SIGCONT that ends it is no news.
static STOPPING: AtomicBool = AtomicBool::new(false);

/// Set once the terminal has gone, which is told several times: by the watch on it, and by a SIGHUP each for the leader
/// of the session and for those in the foreground.
static HUNG_UP: AtomicBool = AtomicBool::new(false);

/// Set while another program has the terminal and the keyboard.
static HANDED_OVER: AtomicBool = AtomicBool::new(false);

/// Says whether another program has the keyboard, and so what comes from it.
pub fn hand_over(handed_over: bool) {
    HANDED_OVER.store(handed_over, Ordering::SeqCst);
}

/// Says that the terminal has gone: a SIGHUP is no news from now on, and no second signal from somebody in a hurry.
pub(crate) fn note_hang_up() {
    HUNG_UP.store(true, Ordering::SeqCst);
}

/// Starts the watch, once for the life of the process.
///
/// It is no task of the runtime, so that it can act while the runtime's threads are stuck.
pub fn watch() -> io::Result<()> {
    if WATCHING.set(()).is_ok() {
        let mut signals = Signals::new(WATCHED)?;
        thread::Builder::new().name("signals".into()).spawn(move || signals.forever().for_each(handle))?;
    }
    Ok(())
}

fn handle(signal: c_int) {
    match signal {
        // They come from the keyboard, to all in the foreground.
        SIGINT | SIGQUIT if HANDED_OVER.load(Ordering::SeqCst) => {}
        // The terminal is as the other program left it: it stops with us, if anybody could continue us.
        SIGTSTP if HANDED_OVER.load(Ordering::SeqCst) => {
            if job_control::is_above() {
                let _ = stop_here();
            }
        }
        SIGQUIT => by_default(signal),
        SIGHUP if HUNG_UP.load(Ordering::SeqCst) => {}
        _ if !guard::is_held() => by_default(signal),
        SIGWINCH => notices::tell(Notice::Resized),
        SIGTSTP => notices::tell(Notice::Stop),
        SIGCONT if STOPPING.swap(false, Ordering::SeqCst) => {}
        SIGCONT => notices::tell(Notice::Resumed),
        SIGHUP => {
            note_hang_up();
            notices::tell(Notice::HungUp);
            end_by_force(Ending::Signal(signal));
        }
        _ => {
            notices::tell(Notice::Terminate);
            end_by_force(Ending::Signal(signal));
        }
    }
}

fn by_default(signal: c_int) {
    let _ = guard::restore();
    let _ = low_level::emulate_default_handler(signal);
}

/// Stops the process and returns when it goes on. It is SIGSTOP that does it, because SIGTSTP is taken.
pub(crate) fn stop_here() -> io::Result<()> {
    STOPPING.store(true, Ordering::SeqCst);
    low_level::raise(SIGSTOP)
}
