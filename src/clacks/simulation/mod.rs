//! A simulation of many nodes on one virtual clock, without sockets.
//!
//! Every simulated node is a real [`Core`](crate::core::Core). A [`Scenario`] adds the network: latencies, losses,
//! failures of nodes, and the initial peers. The same scenario with the same seed always gives the same run.
//!
//! ```
//! use std::time::Duration;
//! use clacks_p2p::simulation::{Scenario, Simulation};
//!
//! let mut simulation = Simulation::new(Scenario::default())?;
//! simulation.run_until(Duration::from_secs(60));
//! let sample = simulation.sample();
//! println!("after a minute the message was at {:.0} % of the nodes", sample.visited * 100.0);
//! # assert!(sample.visited > 0.1);
//! # Ok::<(), clacks_p2p::simulation::ScenarioError>(())
//! ```

mod addresses;
mod event_queue;
mod faults;
mod latency;
mod memory;
mod network;
mod observing;
mod packets;
mod prefetch;
mod sample;
mod scenario;
#[cfg(test)]
mod tests;
mod topology;
mod trace;

pub use latency::Latency;
pub use network::Simulation;
pub use sample::{Outage, Report, Sample};
pub use scenario::{Churn, Flood, MessagePlacement, Outages, Partition, Scenario, ScenarioError};
pub use topology::Topology;
