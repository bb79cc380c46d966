//! Queries: the state of each node, samples of the network, and the final report.

use crate::core::{Core, PeerCounts};

use super::{
    Report, Sample, Scenario, Simulation, addresses::Addresses, faults::OutageProbe, packets::Packet,
};

/// Maximum number of nodes whose distance is measured in a sample, evenly spread. Measuring all of a million nodes
/// would take longer than simulating them.
const MEASURED: u32 = 2000;

impl Simulation {
    /// The scenario.
    pub fn scenario(&self) -> &Scenario {
        &self.scenario
    }

    /// Number of deliveries so far, as the senders know.
    pub fn deliveries(&self) -> u64 {
        self.deliveries
    }

    /// Number of visits of the first 64 messages to a node, counted from 0.
    pub fn visits(&self, node: u32) -> u32 {
        self.trace.visits_of(node)
    }

    /// Whether a node, counted from 0, is up.
    pub fn is_up(&self, node: u32) -> bool {
        self.sim_nodes[node as usize].core.is_some()
    }

    /// Number of new and alive peers of a node, counted from 0; 0 while it is down.
    pub fn known(&self, node: u32) -> u32 {
        let counts = self.sim_nodes[node as usize].core.as_ref().map(Core::peer_counts);
        counts.map_or(0, |PeerCounts { new, alive, .. }| (new + alive) as u32)
    }

    /// The longest distance between a node, counted from 0, and one of its new or alive peers. The distance is the
    /// difference of their numbers, as in the measurements of the protocol's author.
    pub fn distance(&self, node: u32) -> u32 {
        let live = self.sim_nodes[node as usize].core.iter().flat_map(Core::live_peers);
        let numbers = live.filter_map(Addresses::node);
        numbers.map(|peer| peer.abs_diff(node)).max().unwrap_or(0)
    }

    /// Measures the network. Takes time linear in the number of nodes.
    pub fn sample(&mut self) -> Sample {
        let up: Vec<u32> = (0..self.scenario.nodes()).filter(|node| self.is_up(*node)).collect();
        let known = || up.iter().map(|node| self.known(*node));
        let queues = self.sim_nodes.iter().filter_map(|sim_node| sim_node.core.as_ref()).map(Core::queue_len);
        let measured = up.iter().step_by(up.len().div_ceil(MEASURED as usize).max(1));
        let sample = Sample {
            at: self.seconds(),
            deliveries: self.deliveries,
            failures: self.failures,
            visited: self.trace.visited(),
            known: mean(known()),
            least_known: known().min().unwrap_or(0),
            most_known: known().max().unwrap_or(0),
            distance: mean(measured.map(|node| self.distance(*node))),
            up: up.len() as u32,
            lost: self.trace.lost(),
            duplicates: self.trace.duplicates().saturating_sub(self.count_unconfirmed()),
            longest_queue: queues.max().unwrap_or(0) as u32,
        };
        self.watch();
        sample
    }

    /// Number of messages that a receiver has accepted while the response to the sender is on the way.
    fn count_unconfirmed(&self) -> u64 {
        let is_there = |packet: &&Packet| {
            packet.accepted_by.is_some_and(|failures| self.sim_nodes[packet.to as usize].failures == failures)
        };
        let messages = self.packets.iter().filter(|packet| packet.message.is_some());
        messages.filter(is_there).count() as u64
    }

    /// The result of the run, for its end.
    pub fn report(&mut self) -> Report {
        Report {
            end: self.sample(),
            reached: self.trace.reached(),
            returned: self.trace.returned(),
            outage: self.faults.outage.as_ref().map(OutageProbe::outage),
            flood: self.flood_rates(),
        }
    }
}

fn mean(numbers: impl Iterator<Item = u32>) -> f64 {
    let (sum, count) =
        numbers.fold((0_u64, 0_u64), |(sum, count), number| (sum + u64::from(number), count + 1));
    if count == 0 { 0.0 } else { sum as f64 / count as f64 }
}
