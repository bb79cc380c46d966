//! Attacks on a node in a process of its own, and their cost for the node, its user and its honest peers.
//!
//! Each scenario prints one line with its figures, the required limits, and whether the figures are within them. In an
//! ordinary test run all scenarios are shortened and run concurrently, and each must be within its limits. To measure:
//!
//! ```text
//! cargo test -p clacks-monitor --test attacks -- --full [NAME…] [--binary PATH] [--check] [--seconds N]
//! ```
//!
//! `NAME` is a part of the names of the scenarios to run; `--list` lists them. `--binary` attacks another binary of
//! `clacks`, so that two versions can be compared. Without `--check` a full run fails only if a scenario cannot be
//! carried out. `--seconds` is the duration of the siege. Default 1800.
//!
//! All peers are scripts of this test, and all addresses are in 127.0.0.0/8 and `::1`.

#[cfg(target_os = "linux")]
#[path = "attacks/churn.rs"]
mod churn;
#[cfg(target_os = "linux")]
#[path = "attacks/clients.rs"]
mod clients;
#[cfg(target_os = "linux")]
#[path = "attacks/descriptors.rs"]
mod descriptors;
#[cfg(target_os = "linux")]
#[path = "attacks/disk.rs"]
mod disk;
#[cfg(target_os = "linux")]
#[path = "attacks/fill.rs"]
mod fill;
#[cfg(target_os = "linux")]
#[path = "attacks/names.rs"]
mod names;
#[cfg(target_os = "linux")]
#[path = "attacks/peer.rs"]
mod peer;
#[cfg(target_os = "linux")]
#[path = "attacks/receivers.rs"]
mod receivers;
#[cfg(target_os = "linux")]
#[path = "attacks/runner.rs"]
mod runner;
#[cfg(target_os = "linux")]
#[path = "attacks/siege.rs"]
mod siege;
#[cfg(target_os = "linux")]
mod support;
#[cfg(target_os = "linux")]
#[path = "attacks/target.rs"]
mod target;

use std::process::ExitCode;

#[cfg(target_os = "linux")]
fn main() -> ExitCode {
    runner::main()
}

#[cfg(not(target_os = "linux"))]
fn main() -> ExitCode {
    println!("attacks: many addresses of one machine are there on Linux only");
    ExitCode::SUCCESS
}
