//! A soak test: a node in a process of its own with a steady mix of honest and hostile clients, on loopback, at bounded
//! rates and for a given time:
//!
//! ```text
//! cargo test --release -p clacks-monitor --test soak -- --minutes 30
//! ```
//!
//! It ends by itself and prints the results of each kind of client and the resources of the node. It fails if the
//! node's memory at the end exceeds that in the middle by more than noise, if the node kept a file descriptor, if it
//! did not serve an honest client, or if it did not stop cleanly.

#[cfg(target_os = "linux")]
#[path = "soak/clients.rs"]
mod clients;
#[cfg(target_os = "linux")]
#[path = "soak/figures.rs"]
mod figures;
#[cfg(target_os = "linux")]
#[path = "soak/node.rs"]
mod node;
#[cfg(target_os = "linux")]
#[path = "soak/run.rs"]
mod run;
#[cfg(target_os = "linux")]
mod support;

use std::{process::ExitCode, time::Duration};

const USAGE: &str = "soak: does nothing without a time; say -- --minutes 30 or -- --seconds 20";

fn main() -> ExitCode {
    let Some(time) = time(&std::env::args().skip(1).collect::<Vec<_>>()) else {
        println!("{USAGE}");
        return ExitCode::SUCCESS;
    };
    soak(time)
}

/// The duration, if the arguments contain one. Arguments of the usual test harness are ignored.
fn time(arguments: &[String]) -> Option<Duration> {
    let seconds = |name: &str, unit: f64| {
        let at = arguments.iter().position(|argument| argument == name)?;
        let number: f64 = arguments.get(at + 1)?.parse().ok()?;
        Duration::try_from_secs_f64(number * unit).ok()
    };
    seconds("--minutes", 60.0).or_else(|| seconds("--seconds", 1.0))
}

#[cfg(target_os = "linux")]
fn soak(time: Duration) -> ExitCode {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let complaints = runtime.expect("a runtime").block_on(run::run(time));
    for complaint in &complaints {
        println!("FAIL: {complaint}");
    }
    if complaints.is_empty() {
        println!("pass");
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

#[cfg(not(target_os = "linux"))]
fn soak(_time: Duration) -> ExitCode {
    println!("soak: what a process uses is only read on Linux");
    ExitCode::SUCCESS
}
