//! A node as a process of its own under a steady mix of honest and hostile clients, on loopback and at bounded rates,
//! for as long as it is told:
//!
//! ```text
//! cargo test --release -p clacks-monitor --test soak -- --minutes 30
//! ```
//!
//! It stops by itself, tells what became of each kind of client and what the node used meanwhile, and fails if the
//! node's memory at the end is above that of the middle by more than noise, if it kept a descriptor, if it did not
//! serve the honest, or if it did not end well.

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

/// For how long, if the arguments say. Those of the usual test harness may be among them.
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
