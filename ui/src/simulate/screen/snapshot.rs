//! The snapshot that the worker thread sends to the screen. Its size is bounded by the screen.

use std::sync::Arc;

use clacks_p2p::simulation::{Sample, Simulation};

use super::grid::Grid;

/// Maximum number of nodes whose distances are read for one map, because each reads all its known peers.
const MOST_DISTANCES: u32 = 50_000;

/// The measurement that the map shows: the three of the protocol's author.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Measure {
    /// Number of messages that passed a node.
    Visits,
    /// Number of known peers.
    Known,
    /// Distance of the farthest known peer.
    Distance,
}

impl Measure {
    pub(crate) fn next(self) -> Self {
        match self {
            Self::Visits => Self::Known,
            Self::Known => Self::Distance,
            Self::Distance => Self::Visits,
        }
    }

    fn of(self, simulation: &Simulation, node: u32) -> u32 {
        match self {
            Self::Visits => simulation.visits(node),
            Self::Known => simulation.known(node),
            Self::Distance => simulation.distance(node),
        }
    }
}

/// The stage of a simulation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    /// The nodes are being created.
    Preparing,
    Running,
    Paused,
    Ended,
}

/// A cell of the map.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Cell {
    /// There is no node here.
    Nothing,
    /// All nodes here are down.
    Down,
    /// The mean of the nodes that are up.
    Mean(f32),
}

/// The map: one cell per cell of the grid, row by row.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Heat {
    pub(crate) measure: Measure,
    pub(crate) grid: Grid,
    pub(crate) cells: Vec<Cell>,
}

impl Heat {
    pub(crate) fn nothing() -> Self {
        Self { measure: Measure::Visits, grid: Grid::default(), cells: Vec::new() }
    }

    pub(crate) fn of(simulation: &Simulation, measure: Measure, grid: Grid) -> Self {
        let nodes = simulation.scenario().nodes();
        let width = simulation.scenario().topology.width().max(1);
        let every = if measure == Measure::Distance { grid.every(nodes, MOST_DISTANCES) } else { 1 };
        // Per cell: the sum of the sampled values, their number, and whether any node is up.
        let mut sums = vec![(0_u64, 0_u32, None); grid.cells()];
        for node in 0..nodes {
            let (column, row) = (node % width, node / width);
            let Some(sum) = sums.get_mut(grid.cell(column, row)) else { continue };
            let is_up = simulation.is_up(node);
            sum.2 = Some(is_up || sum.2 == Some(true));
            if is_up && grid.stands_for_others(column, row, every) {
                sum.0 += u64::from(measure.of(simulation, node));
                sum.1 += 1;
            }
        }
        let cells = sums.into_iter().map(|(sum, looked_at, is_any_up)| match is_any_up {
            None => Cell::Nothing,
            Some(false) => Cell::Down,
            Some(true) => Cell::Mean((sum as f64 / f64::from(looked_at.max(1))) as f32),
        });
        Self { measure, grid, cells: cells.collect() }
    }

    /// The value of the brightest cell.
    pub(crate) fn most(&self) -> f32 {
        let values = self.cells.iter().map(|cell| if let Cell::Mean(mean) = cell { *mean } else { 0.0 });
        values.fold(0.0, f32::max)
    }
}

/// One point of the plots.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Point {
    /// The virtual clock in seconds.
    pub(crate) at: f64,
    /// The share of the nodes that a message has visited, 0 to 1.
    pub(crate) visited: f64,
    /// Mean number of known peers.
    pub(crate) known: f64,
    pub(crate) deliveries: u64,
}

impl From<&Sample> for Point {
    fn from(sample: &Sample) -> Self {
        let Sample { at, visited, known, deliveries, .. } = *sample;
        Self { at, visited, known, deliveries }
    }
}

/// The state of a simulation at one time.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Snapshot {
    pub(crate) stage: Stage,
    pub(crate) seed: u64,
    /// The virtual clock in seconds.
    pub(crate) at: f64,
    /// The part of the scenario that is over, 0 to 1.
    pub(crate) progress: f64,
    pub(crate) deliveries: u64,
    /// Recent speed in virtual seconds per second, and recent deliveries per second of real time.
    pub(crate) speed: f64,
    pub(crate) rate: f64,
    /// Figures of all nodes. They take longer to compute, so they can be older than the rest.
    pub(crate) sample: Option<Sample>,
    pub(crate) points: Arc<[Point]>,
    pub(crate) heat: Arc<Heat>,
}

impl Snapshot {
    /// The snapshot before the nodes exist.
    pub(crate) fn preparing(seed: u64) -> Self {
        Self {
            stage: Stage::Preparing,
            seed,
            at: 0.0,
            progress: 0.0,
            deliveries: 0,
            speed: 0.0,
            rate: 0.0,
            sample: None,
            points: Arc::new([]),
            heat: Arc::new(Heat::nothing()),
        }
    }
}
