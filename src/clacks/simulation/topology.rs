//! The initial peers of each node.

use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64;
use serde::{Deserialize, Serialize};

use super::ScenarioError;

/// The initial peers of each node.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Topology {
    /// A grid. Each node knows its eight neighbours.
    Grid {
        /// Nodes in a row.
        width: u32,
        /// Rows.
        height: u32,
    },
    /// A ring. Each node knows its nearest neighbours on both sides.
    Ring {
        /// Nodes.
        nodes: u32,
        /// Peers of a node on each side.
        #[serde(default = "one")]
        each_side: u32,
    },
    /// A random graph.
    Random {
        /// Nodes.
        nodes: u32,
        /// Peers of a node.
        degree: u32,
    },
    /// A small world: a ring in which some neighbours are replaced by distant nodes.
    SmallWorld {
        /// Nodes.
        nodes: u32,
        /// Peers of a node on each side.
        each_side: u32,
        /// The share of replaced neighbours: 0 to 1.
        rewired: f64,
    },
    /// All nodes know the first, which knows nobody. Most networks begin so.
    Seed {
        /// Nodes.
        nodes: u32,
    },
}

fn one() -> u32 {
    1
}

impl Topology {
    /// The number of nodes.
    pub fn nodes(self) -> u32 {
        match self {
            Self::Grid { width, height } => width.saturating_mul(height),
            Self::Ring { nodes, .. }
            | Self::Random { nodes, .. }
            | Self::SmallWorld { nodes, .. }
            | Self::Seed { nodes } => nodes,
        }
    }

    /// Number of nodes in a row of a picture: the columns of a grid, otherwise the side of a square.
    pub fn width(self) -> u32 {
        match self {
            Self::Grid { width, .. } => width,
            _ => f64::from(self.nodes()).sqrt().ceil() as u32,
        }
    }

    pub(super) fn check(self) -> Result<(), ScenarioError> {
        let nodes = self.nodes();
        if !(2..=super::scenario::MAX_NODES).contains(&nodes) {
            return Err(ScenarioError::Nodes(nodes));
        }
        let most = match self {
            Self::Grid { .. } | Self::Seed { .. } => 0,
            Self::Ring { each_side, .. } | Self::SmallWorld { each_side, .. } => each_side.saturating_mul(2),
            Self::Random { degree, .. } => degree,
        };
        if most >= nodes || most > MAX_NEIGHBOURS {
            return Err(ScenarioError::Neighbours { neighbours: most, nodes });
        }
        match self {
            Self::SmallWorld { rewired, .. } => {
                super::scenario::in_range("topology.rewired", rewired, 0.0, 1.0)
            }
            _ => Ok(()),
        }
    }

    /// The initial peers of a node. They are drawn from the seed and the number of the node alone, so they need not be
    /// stored.
    pub(super) fn neighbours(self, node: u32, seed: u64) -> Vec<u32> {
        match self {
            Self::Grid { width, height } => grid_neighbours(node, width, height),
            Self::Ring { nodes, each_side } => ring_neighbours(node, nodes, each_side).collect(),
            Self::Random { nodes, degree } => random_others(node, nodes, degree, &mut rng_of(node, seed)),
            Self::SmallWorld { nodes, each_side, rewired } => {
                let mut rng = rng_of(node, seed);
                let far =
                    |near| if rng.random_bool(rewired) { random_other(node, nodes, &mut rng) } else { near };
                ring_neighbours(node, nodes, each_side).map(far).collect()
            }
            Self::Seed { .. } if node == 0 => Vec::new(),
            Self::Seed { .. } => vec![0],
        }
    }
}

/// Maximum number of initial peers.
const MAX_NEIGHBOURS: u32 = 1000;

fn rng_of(node: u32, seed: u64) -> Pcg64 {
    // Not the seed itself, because the run uses it.
    Pcg64::seed_from_u64(seed ^ ((u64::from(node) + 1) << 32))
}

fn grid_neighbours(node: u32, width: u32, height: u32) -> Vec<u32> {
    let (x, y) = (i64::from(node % width), i64::from(node / width));
    let is_there = |(x, y): &(i64, i64)| (0..width.into()).contains(x) && (0..height.into()).contains(y);
    let ring_neighbours = (-1..=1).flat_map(|dy| (-1..=1).map(move |dx| (dx, dy)));
    let others = ring_neighbours.filter(|steps| *steps != (0, 0)).map(|(dx, dy)| (x + dx, y + dy));
    others.filter(is_there).map(|(x, y)| (y * i64::from(width) + x) as u32).collect()
}

fn ring_neighbours(node: u32, nodes: u32, each_side: u32) -> impl Iterator<Item = u32> {
    let steps = (1..=each_side).flat_map(move |step| [step, nodes - step]);
    steps.map(move |step| ((u64::from(node) + u64::from(step)) % u64::from(nodes)) as u32)
}

fn random_other(node: u32, nodes: u32, rng: &mut Pcg64) -> u32 {
    let number = rng.random_range(0..nodes - 1);
    number + u32::from(number >= node)
}

fn random_others(node: u32, nodes: u32, count: u32, rng: &mut Pcg64) -> Vec<u32> {
    let numbers = rand::seq::index::sample(rng, nodes as usize - 1, count as usize);
    numbers.into_iter().map(|number| number as u32).map(|number| number + u32::from(number >= node)).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn all_of(topology: Topology) -> Vec<Vec<u32>> {
        (0..topology.nodes()).map(|node| topology.neighbours(node, 5)).collect()
    }

    #[test]
    fn a_grid_node_knows_its_neighbours() {
        let grid = Topology::Grid { width: 3, height: 2 };
        assert_eq!(grid.neighbours(0, 0), [1, 3, 4]);
        assert_eq!(grid.neighbours(4, 0), [0, 1, 2, 3, 5]);
    }

    #[test]
    fn a_ring_closes() {
        let ring = Topology::Ring { nodes: 5, each_side: 2 };
        assert_eq!(ring.neighbours(0, 0), [1, 4, 2, 3]);
        assert_eq!(ring.neighbours(4, 0), [0, 3, 1, 2]);
    }

    #[test]
    fn random_neighbours_are_distinct_and_exclude_the_node() {
        for (node, others) in all_of(Topology::Random { nodes: 50, degree: 8 }).into_iter().enumerate() {
            let distinct: BTreeSet<_> = others.iter().copied().collect();
            assert!(distinct.len() == 8 && !distinct.contains(&(node as u32)) && distinct.last() < Some(&50));
        }
    }

    #[test]
    fn a_small_world_has_distant_neighbours() {
        let is_far = |node: u32, other: &u32| {
            let apart = node.abs_diff(*other);
            apart.min(1000 - apart) > 2
        };
        let far = |rewired| {
            let all = all_of(Topology::SmallWorld { nodes: 1000, each_side: 2, rewired });
            (0..)
                .zip(&all)
                .map(|(node, others)| others.iter().filter(|other| is_far(node, other)).count())
                .sum::<usize>()
        };
        assert_eq!(far(0.0), 0);
        assert!((300..500).contains(&far(0.1)), "{}", far(0.1));
    }
}
