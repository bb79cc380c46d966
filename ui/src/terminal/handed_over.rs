//! Another program that has the terminal for a while.

use std::{io, process::ExitStatus, time::Duration};

use rustix::process::{Pid, Signal, kill_process};
use tokio::{
    process::{Child, Command},
    time::timeout,
};

use super::{
    Input,
    news::{self, News},
};

/// How long a program may take to end when it is asked to.
const PATIENCE: Duration = Duration::from_secs(1);

/// How it ended.
#[derive(Debug)]
pub(crate) enum Ended {
    ByItself(ExitStatus),
    /// This program is asked to end, and so the other one was. The terminal was not taken again.
    Asked(Input),
}

/// Runs a program until it ends, or until this one is to end.
pub(super) async fn run(program: &mut Command) -> io::Result<Ended> {
    let mut child = program.kill_on_drop(true).spawn()?;
    loop {
        tokio::select! {
            status = child.wait() => return status.map(Ended::ByItself),
            () = news::come() => if let Some(news) = news::take_end() {
                ask_to_end(&mut child).await;
                return Ok(Ended::Asked(as_input(news)));
            }
        }
    }
}

/// Politely, so that it saves what it has and leaves the terminal as it was.
async fn ask_to_end(child: &mut Child) {
    let pid = child.id().and_then(|pid| i32::try_from(pid).ok()).and_then(Pid::from_raw);
    if let Some(pid) = pid {
        let _ = kill_process(pid, Signal::TERM);
    }
    // What is left of it then is killed when it is dropped.
    let _ = timeout(PATIENCE, child.wait()).await;
}

fn as_input(news: News) -> Input {
    match news {
        News::Panicked => Input::Panicked,
        News::HungUp => Input::HungUp,
        News::Terminate | News::Stop | News::Resumed | News::Resized => Input::Terminate,
    }
}
