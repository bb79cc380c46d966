//! Attacks on a node that runs as a process of its own, and what they cost the node, its user and its honest peers.
//!
//! Each scenario prints one line of figures, what is asked of them, and whether they are within that. In an ordinary
//! run of the tests all of them are shortened and run side by side; each has to be within its bound. To measure:
//!
//! ```text
//! cargo test -p clacks-monitor --test attacks -- --full [NAME…] [--binary PATH] [--check] [--seconds N]
//! ```
//!
//! `NAME` is a part of the names of the scenarios that run, and `--list` lists them. With `--binary` another binary of
//! `clacks` is attacked, so that two versions can be compared. Without `--check` a full run fails for nothing but a
//! scenario that can't be carried out. `--seconds` is how long the siege lasts, 1800 if it is not said.
//!
//! All peers are scripts of this harness, and all addresses are of 127.0.0.0/8 and `::1`.

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
