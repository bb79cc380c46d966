//! A whole node with peers: what it sends, its peers and trusted certificates, its saved state, its start and its stop.

#![allow(clippy::disallowed_methods, reason = "tests and benchmarks measure time")]

mod support;

#[path = "node/certificates.rs"]
mod certificates;
#[path = "node/connections.rs"]
mod connections;
#[path = "node/delivery.rs"]
mod delivery;
#[path = "node/flow.rs"]
mod flow;
#[path = "node/handing_on.rs"]
mod handing_on;
#[path = "node/holding.rs"]
mod holding;
#[path = "node/hooks.rs"]
mod hooks;
#[path = "node/network.rs"]
mod network;
#[path = "node/payload_hook.rs"]
mod payload_hook;
#[path = "node/peers.rs"]
mod peers;
#[path = "node/plugins.rs"]
mod plugins;
#[path = "node/reach.rs"]
mod reach;
#[path = "node/reconfigure.rs"]
mod reconfigure;
#[path = "node/start.rs"]
mod start;
#[path = "node/state.rs"]
mod state;
#[path = "node/stop.rs"]
mod stop;
#[path = "node/watchers.rs"]
mod watchers;
