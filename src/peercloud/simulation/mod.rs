//! Many nodes on one virtual clock: which share of the lists is complete, with the rules of this library and with those of
//! the npm package.
//!
//! ```
//! use clacks_peercloud::simulation::{Rules, Scenario};
//!
//! let scenario = Scenario { nodes: 8, ..Scenario::default() };
//! let shares = scenario.run(Rules::Ours);
//! assert_eq!(shares.last(), Some(&1.0));
//! ```

mod cloud;
mod package;
#[cfg(test)]
mod tests;

use std::time::Duration;

#[cfg(test)]
pub(crate) use cloud::Cloud;
#[cfg(not(test))]
use cloud::Cloud;

/// Which rules the nodes follow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rules {
    /// Those of this library.
    Ours,
    /// Those of the npm package, as far as they concern lists.
    Package,
}

/// Something that goes on from a second to another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// The second in which it begins.
    pub from: u64,
    /// The second in which it has ended.
    pub to: u64,
}

impl Span {
    fn has(self, second: u64) -> bool {
        (self.from..self.to).contains(&second)
    }
}

/// What happens to the nodes of one cloud. All ask the first one to let them in.
#[derive(Debug, Clone, PartialEq)]
pub struct Scenario {
    /// Number of nodes. Default 40.
    pub nodes: usize,
    /// Time between the starts of two nodes. Default zero: all start at once.
    pub between_starts: Duration,
    /// When two in five nodes and the others do not reach each other. Default never.
    pub partition: Option<Span>,
    /// When requests and answers are lost, and which share of each. Default never.
    pub loss: Option<(Span, f64)>,
    /// When each node stands still once in 30 s, and for how long. Default never.
    pub stalls: Option<(Span, Duration)>,
    /// Number of seconds. Default 60.
    pub seconds: u64,
    /// Which random numbers are drawn. Default 1.
    pub seed: u64,
}

impl Default for Scenario {
    fn default() -> Self {
        Self {
            nodes: 40,
            between_starts: Duration::ZERO,
            partition: None,
            loss: None,
            stalls: None,
            seconds: 60,
            seed: 1,
        }
    }
}

/// How often a node stands still.
const STALL_INTERVAL: Duration = Duration::from_secs(30);

impl Scenario {
    /// Simulates it. Returns the share of nodes that list exactly all others, after each second.
    pub fn run(&self, rules: Rules) -> Vec<f64> {
        let mut cloud = Cloud::new(self.seed);
        let start = |cloud: &mut Cloud, seeds: &[usize]| match rules {
            Rules::Ours => cloud.start(seeds),
            Rules::Package => cloud.start_package(seeds),
        };
        let first = start(&mut cloud, &[]);
        for _ in 1..self.nodes {
            cloud.run(self.between_starts);
            start(&mut cloud, &[first]);
        }
        let mut shares = Vec::new();
        for second in 0..self.seconds {
            let is_split = self.partition.is_some_and(|span| span.has(second));
            cloud.split = is_split.then_some(self.nodes * 2 / 5);
            cloud.loss = self.loss.filter(|(span, _)| span.has(second)).map_or(0.0, |(_, share)| share);
            let stalls = self.stalls.filter(|(span, _)| span.has(second));
            cloud.stalls = stalls.map(|(_, stall)| (stall, STALL_INTERVAL));
            cloud.run(Duration::from_secs(1));
            cloud.events.clear();
            shares.push(cloud.complete_lists() as f64 / self.nodes as f64);
        }
        shares
    }
}
