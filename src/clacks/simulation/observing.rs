//! What is seen of the simulated network: each node, samples of all, and the report at the end.

use crate::core::{Core, PeerCounts};

use super::{
    Report, Sample, Scenario, Simulation, addresses::Addresses, faults::OutageProbe, packets::Packet,
};

/// The nodes whose longest distance is measured in a sample, evenly spread: with all of them, measuring a million would
/// take longer than simulating them.
const MEASURED: u32 = 2000;

impl Simulation {
    /// What is simulated.
    pub fn scenario(&self) -> &Scenario {
        &self.scenario
    }

    /// Messages that were delivered so far, as their senders know.
    pub fn deliveries(&self) -> u64 {
        self.deliveries
    }

    /// How often the first 64 messages came by a node, counted from 0.
    pub fn visits(&self, node: u32) -> u32 {
        self.trace.visits_of(node)
    }

    /// Whether a node, counted from 0, is up.
    pub fn is_up(&self, node: u32) -> bool {
        self.sim_nodes[node as usize].core.is_some()
    }

    /// How many peers a node, counted from 0, knows as new or alive; 0 while it is down.
    pub fn known(&self, node: u32) -> u32 {
        let counts = self.sim_nodes[node as usize].core.as_ref().map(Core::peer_counts);
        counts.map_or(0, |PeerCounts { new, alive, .. }| (new + alive) as u32)
    }

    /// The longest distance between a node, counted from 0, and a peer that it knows as new or alive: the difference of
    /// their numbers, as in the measurements of the protocol's author.
    pub fn distance(&self, node: u32) -> u32 {
        let live = self.sim_nodes[node as usize].core.iter().flat_map(Core::live_peers);
        let numbers = live.filter_map(Addresses::node);
        numbers.map(|peer| peer.abs_diff(node)).max().unwrap_or(0)
    }

    /// How the network is now. Takes as long as there are nodes.
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
            duplicates: self.trace.duplicates().saturating_sub(self.unconfirmed()),
            longest_queue: queues.max().unwrap_or(0) as u32,
        };
        self.watch();
        sample
    }

    /// Messages that a receiver has and of which the sender will give up its copy as soon as the answer is there.
    fn unconfirmed(&self) -> u64 {
        let is_there = |packet: &&Packet| {
            packet.taken.is_some_and(|failures| self.sim_nodes[packet.to as usize].failures == failures)
        };
        let messages = self.packets.iter().filter(|packet| packet.message.is_some());
        messages.filter(is_there).count() as u64
    }

    /// What became of the whole run, to be asked at its end.
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
