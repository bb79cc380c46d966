//! `clacks` without a screen, as real processes: `clacks node` and `clacks demo --no-screen`.

#![allow(clippy::unwrap_used, reason = "what fails here fails a test")]

#[path = "headless/archive.rs"]
mod archive;
#[path = "headless/as_people_mean_it.rs"]
mod as_people_mean_it;
#[path = "headless/configuration.rs"]
mod configuration;
#[path = "headless/demo.rs"]
mod demo;
#[path = "headless/node.rs"]
mod node;
#[path = "headless/peer_lists.rs"]
mod peer_lists;
#[path = "headless/peercloud.rs"]
mod peercloud;
#[path = "headless/plugins.rs"]
mod plugins;
#[path = "headless/process.rs"]
#[allow(dead_code, reason = "the tests of faults use the rest")]
mod process;
#[path = "headless/refusals.rs"]
mod refusals;
#[path = "headless/same_output.rs"]
mod same_output;
#[path = "headless/scarce.rs"]
mod scarce;
