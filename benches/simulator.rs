//! The speed of the simulator on one core: a grid of 100,000 nodes that know their neighbours, each with a message,
//! without limits per remote address, as in the scenario `city`.

use std::{
    process::Command,
    time::{Duration, Instant},
};

use clacks_p2p::simulation::{MessagePlacement, Scenario, Simulation, Topology};

use crate::{
    ROUNDS, Wanted,
    figures::Figures,
    note,
    table::{Table, median},
};

/// Rows and columns: 99,856 nodes.
const SIDE: u32 = 316;
/// Six messages per node.
const DELIVERIES: u64 = 600_000;

pub(crate) fn run(wanted: &Wanted, table: &mut Table) {
    let [speed, memory] = ["simulator: deliveries a second", "simulator: memory for a node"];
    if !wanted.is(speed) && !wanted.is(memory) {
        return;
    }
    note("simulator");
    let rounds: Vec<[f64; 4]> = (0..ROUNDS).map(|_| round()).collect();
    let [of_processor, of_clock, at_first, at_last] =
        [0, 1, 2, 3].map(|figure| median(&rounds.iter().map(|round| round[figure]).collect::<Vec<_>>()));
    let figure = format!("{of_processor:.0} of processor time, {of_clock:.0} of the clock");
    table.row(speed, figure, "1,000,000", of_processor >= 1e6);
    let figure = format!("{at_first:.0} B at the start, {at_last:.0} B after {DELIVERIES} deliveries");
    table.row(memory, figure, "under 2 KB", at_last < 2000.0);
}

/// Measures in a process of its own.
fn round() -> [f64; 4] {
    let program = std::env::current_exe().expect("this program is a file");
    let output =
        Command::new(program).args(["--measure=nodes", "0"]).output().expect("the process runs").stdout;
    let output = String::from_utf8_lossy(&output).into_owned();
    let figures: Vec<f64> = output.split_whitespace().filter_map(|figure| figure.parse().ok()).collect();
    figures.try_into().expect("four figures")
}

/// The role of that process.
pub(crate) fn measure() {
    let figures = || Figures::of(std::process::id());
    let nodes = f64::from(SIDE * SIDE);
    let empty = figures().memory as f64;
    let each = |memory: u64| (memory as f64 - empty) / nodes;
    let mut simulation = Simulation::new(scenario()).expect("it makes sense");
    let (first, began) = (figures(), Instant::now());
    simulation.run_until(Duration::MAX);
    let (took, last) = (began.elapsed().as_secs_f64(), figures());
    let deliveries = simulation.deliveries() as f64;
    let worked = last.cpu.saturating_sub(first.cpu).as_secs_f64();
    println!("{} {} {} {}", deliveries / worked, deliveries / took, each(first.memory), each(last.memory));
}

fn scenario() -> Scenario {
    Scenario {
        topology: Topology::Grid { width: SIDE, height: SIDE },
        announces: false,
        limits: false,
        messages: SIDE * SIDE,
        origin: MessagePlacement::Spread,
        deliveries: DELIVERIES,
        duration: 1e6,
        ..Scenario::default()
    }
}
