//! The dashboard: cost of a frame, cost while idle, start time, and size.

use std::{
    process::Command,
    time::{Duration, Instant},
};

use serde_json::Value;
use tempfile::TempDir;

use crate::{
    Wanted,
    figures::Figures,
    note,
    session::{Launch, Session},
    state,
    table::{Table, median},
};

/// The program.
const PROGRAM: &str = env!("CARGO_BIN_EXE_clacks");
/// In the first minute the ages on the screen change every second.
const FIRST_MINUTE: Duration = Duration::from_secs(62);
/// Duration of the idle measurement.
const IDLE: Duration = Duration::from_secs(30);
/// Number of starts.
const STARTS: usize = 9;

const FRAMES: &str = "drawing a frame at 200x60";
const IDLING: &str = "an open dashboard while nothing happens";
const STARTING: &str = "start to first frame, 10,000 peers to load";
const SIZE: &str = "the release binary";

pub(crate) fn run(wanted: &Wanted, table: &mut Table) {
    for (name, measure) in
        [(FRAMES, frames as fn(&mut Table)), (IDLING, idling), (STARTING, starting), (SIZE, size)]
    {
        if wanted.is(name) {
            note(name);
            measure(table);
        }
    }
}

/// A test of the dashboard crate measures the frames, because it can use the model and the view.
fn frames(table: &mut Table) {
    let output = Command::new(env!("CARGO"))
        .args(["test", "--release", "--package", "clacks-dashboard", "--lib", "--"])
        .args(["--ignored", "--exact", "--nocapture", "tests::cost::frames_of_many_and_of_ten"])
        .output()
        .expect("cargo runs");
    let text = String::from_utf8_lossy(&output.stdout);
    let figures = text.lines().find_map(|line| line.split_once("frames: "));
    let figures = figures.unwrap_or_else(|| panic!("{text}{}", String::from_utf8_lossy(&output.stderr))).1;
    let figures: Value = serde_json::from_str(figures).expect("JSON");
    let figure = |load: &str, quantile: &str| figures[load][quantile].as_f64().unwrap_or(f64::NAN);
    let ratio = figure("many", "median") / figure("ten", "median");
    let told = format!(
        "p99 {:.0} µs, median {:.0} µs: {ratio:.2} × that with ten of each; {:.0} µs before it for what has happened",
        figure("many", "p99"),
        figure("many", "median"),
        figures["catch_up"].as_f64().unwrap_or(f64::NAN),
    );
    let is_met = figure("many", "p99") < 4000.0 && ratio <= 1.25;
    table.row(FRAMES, told, "p99 under 4,000 µs, 1.25 × that with ten of each", is_met);
}

/// Launches the dashboard of a node with this many peers, and returns its data directory.
fn launch(peers: u32) -> (Launch, TempDir) {
    let directory = tempfile::tempdir().expect("a directory");
    state::leave(directory.path(), peers).expect("a file");
    let path = directory.path().to_str().expect("a name of letters");
    (Launch::new(&["--hostname", "127.0.0.1", "--port", "0", "--data-dir", path]), directory)
}

fn idling(table: &mut Table) {
    let (launch, _directory) = launch(100);
    let session = launch.start();
    std::thread::sleep(FIRST_MINUTE);
    let used = |session: &Session| {
        (Figures::of(session.pid().as_raw_pid() as u32), session.emulator.written().len())
    };
    let (before, bytes) = used(&session);
    std::thread::sleep(IDLE);
    let (after, bytes_after) = used(&session);
    // The time of an ended thread is unknown.
    assert_eq!(before.threads, after.threads, "a thread began or ended: measure again");
    let (cpu, cpu_after) = (before.cpu, after.cpu);
    let share = cpu_after.saturating_sub(cpu).as_secs_f64() / IDLE.as_secs_f64() * 100.0;
    let bytes = bytes_after - bytes;
    let told = format!("{share:.3} % of a core, {bytes} bytes in {} s", IDLE.as_secs());
    table.row(IDLING, told, "0.2 % of a core, no bytes", share < 0.2 && bytes == 0);
}

fn starting(table: &mut Table) {
    let times: Vec<f64> = (0..STARTS)
        .map(|_| {
            let (launch, _directory) = launch(10_000);
            let began = Instant::now();
            let session = launch.start();
            let took = began.elapsed().as_secs_f64() * 1e3;
            // The screen shows all of them.
            session.wait_for("10kL");
            took
        })
        .collect();
    let told = format!("{:.0} ms", median(&times));
    table.row(STARTING, told, "150 ms", median(&times) < 150.0);
}

fn size(table: &mut Table) {
    let bytes = std::fs::metadata(PROGRAM).map_or(f64::NAN, |file| file.len() as f64);
    table.row(SIZE, format!("{:.1} MB stripped", bytes / 1e6), "12 MB", bytes < 12e6);
}
