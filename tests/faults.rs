//! Messages and state under faults of connections, nodes, disks, clocks and the process itself.
//!
//! Each node has an address of its own in 127.0.0.0/8, which only Linux provides without configuration.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "what fails here fails a test")]

mod support;

#[path = "faults/clock.rs"]
mod clock;
#[path = "faults/connections.rs"]
mod connections;
#[path = "faults/descriptors.rs"]
mod descriptors;
#[path = "faults/disk.rs"]
mod disk;
#[path = "faults/killed.rs"]
mod killed;
#[path = "faults/limit.rs"]
mod limit;
#[path = "faults/network.rs"]
mod network;
#[path = "headless/process.rs"]
#[allow(dead_code, reason = "made for the tests without a screen, which use the rest")]
mod process;
#[path = "terminal/screen.rs"]
#[allow(dead_code, reason = "made for the tests in a terminal, which use the rest")]
mod screen;
#[path = "terminal/session.rs"]
#[allow(dead_code, reason = "made for the tests in a terminal, which use the rest")]
mod session;
#[path = "faults/tower.rs"]
mod tower;
