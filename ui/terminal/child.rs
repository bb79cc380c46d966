//! Runs another program in the terminal.

use std::{io, process::ExitStatus, time::Duration};

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process, kill_process_group, waitid};
use tokio::{
    process::{Child, Command},
    signal::unix::{SignalKind, signal},
    time::timeout,
};

use super::{
    input::Input,
    job_control,
    notices::{self, Notice},
};

/// Maximum time between the termination request and the kill.
const TERMINATION_TIMEOUT: Duration = Duration::from_secs(1);

/// The end of the program.
#[derive(Debug)]
pub enum ChildExit {
    /// The program exited with this status.
    Exited(ExitStatus),
    /// This program received this request to end, and forwarded it to the child. The terminal was not entered again.
    TerminationRequested(Input),
}

/// Runs a program until it ends, or until this program has to end.
///
/// With a parent shell the child stays in our process group: both stop together, and the shell continues both. Without
/// one the child gets its own group and is continued as soon as it stops.
///
/// # Errors
///
/// Fails if the program cannot be started.
pub(crate) async fn run(program: &mut Command) -> io::Result<ChildExit> {
    if job_control::has_parent_shell() {
        let mut child = program.kill_on_drop(true).spawn()?;
        return wait(&mut child, None).await;
    }
    // A signal before this registration would be lost.
    let changes = signal(SignalKind::child())?;
    let mut child = program.process_group(0).kill_on_drop(true).spawn()?;
    // Fails if the terminal does not belong to our session: then it has no foreground group.
    let is_given = pid_of(&child).is_some_and(|group| job_control::set_foreground(group).is_ok());
    let ended = wait(&mut child, Some(changes)).await;
    if is_given {
        job_control::set_own_foreground()?;
    }
    ended
}

/// Waits until the program has ended. With `changes` it is continued whenever it has stopped.
async fn wait(child: &mut Child, mut changes: Option<tokio::signal::unix::Signal>) -> io::Result<ChildExit> {
    loop {
        continue_if_stopped(child, changes.is_some());
        let change = async {
            match &mut changes {
                Some(changes) => drop(changes.recv().await),
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            status = child.wait() => return status.map(ChildExit::Exited),
            () = change => {}
            () = notices::posted() => if let Some(notice) = notices::pop_termination() {
                terminate(child).await;
                return Ok(ChildExit::TerminationRequested(as_input(notice)));
            }
        }
    }
}

fn continue_if_stopped(child: &Child, has_own_group: bool) {
    let Some(pid) = pid_of(child).filter(|_| has_own_group) else { return };
    let options = WaitIdOptions::STOPPED | WaitIdOptions::NOHANG;
    if let Ok(Some(_)) = waitid(WaitId::Pid(pid), options) {
        let _ = kill_process_group(pid, Signal::CONT);
    }
}

fn pid_of(child: &Child) -> Option<Pid> {
    child.id().and_then(|pid| i32::try_from(pid).ok()).and_then(Pid::from_raw)
}

/// Asks the program to end, so that it can save its data and restore the terminal.
async fn terminate(child: &mut Child) {
    if let Some(pid) = pid_of(child) {
        let _ = kill_process(pid, Signal::TERM);
    }
    // After the time-out the program is killed when it is dropped.
    let _ = timeout(TERMINATION_TIMEOUT, child.wait()).await;
}

fn as_input(notice: Notice) -> Input {
    match notice {
        Notice::Panicked => Input::Panicked,
        Notice::HungUp => Input::HungUp,
        Notice::Terminate | Notice::Stop | Notice::Resumed | Notice::Resized => Input::Terminate,
    }
}
