//! Job control: whether this process can be stopped, and the terminal's foreground group.

use std::io;

use nix::sys::signal::{SigSet, Signal};
use rustix::process::{Pid, getpgid, getpgrp, getpid, getppid, getsid};

/// Whether a parent shell could continue this process after a stop.
///
/// There is none if this process leads its session, as in a window or a container of its own, or if its process group
/// is orphaned: no process of the group has a parent in another group of the session.
pub fn has_parent_shell() -> bool {
    let Ok(session) = getsid(None) else { return true };
    if session == getpid() {
        return false;
    }
    let group = getpgrp();
    let mut parent = getppid();
    while let Some(pid) = parent {
        if getsid(Some(pid)) != Ok(session) {
            return false;
        }
        if getpgid(Some(pid)) != Ok(group) {
            return true;
        }
        // Another process of the same group, such as a script or a pipeline: check its parent.
        parent = match parent_of(pid) {
            Ok(parent) => parent,
            Err(_) => return true,
        };
    }
    false
}

/// The parent of a process. Fails if the system does not report it.
fn parent_of(pid: Pid) -> io::Result<Option<Pid>> {
    let status = std::fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero()))?;
    Ok(parse_parent(&status).and_then(Pid::from_raw))
}

/// Parses the parent from `/proc/PID/stat`. The program's name is in parentheses and can contain spaces and
/// parentheses.
fn parse_parent(status: &str) -> Option<i32> {
    let (_, behind_name) = status.rsplit_once(')')?;
    behind_name.split_whitespace().nth(1)?.parse().ok()
}

/// Makes a process group the foreground group of the terminal.
pub(crate) fn set_foreground(group: Pid) -> io::Result<()> {
    // A background process that changes the foreground group would be stopped by SIGTTOU.
    let mut blocked = SigSet::empty();
    blocked.add(Signal::SIGTTOU);
    let before = blocked.thread_swap_mask(nix::sys::signal::SigmaskHow::SIG_BLOCK)?;
    let given = rustix::termios::tcsetpgrp(io::stdin(), group);
    before.thread_set_mask()?;
    Ok(given?)
}

/// Makes our own process group the foreground group.
pub(crate) fn set_own_foreground() -> io::Result<()> {
    set_foreground(getpgrp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parent_is_found_for_any_program_name() {
        assert_eq!(parse_parent("12 (sh) S 7 12 12 34816 12"), Some(7));
        assert_eq!(parse_parent("12 (a) b (c)) T 8 12 12"), Some(8));
        assert_eq!(parse_parent(""), None);
    }
}
