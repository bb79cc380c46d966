//! `clacks simulate`: many nodes on one virtual clock.

mod progress;
mod scenarios;
mod table;

use std::{
    io::{self, Write},
    time::{Duration, Instant},
};

use clacks_p2p::simulation::{Report, Sample, Simulation};

use self::{progress::Progress, table::Document};

/// Deliveries between two looks at how far it is.
const AT_ONCE: u64 = 1000;

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// A scenario that comes with clacks (--list lists them), or a FILE.toml of yours
    #[arg(value_name = "SCENARIO", default_value = "grid")]
    scenario: String,
    /// List the scenarios that come with clacks
    #[arg(long)]
    list: bool,
    /// Print the scenario's file, to make one of yours of it
    #[arg(long)]
    print: bool,
    /// Change a part of the scenario, as in --set seed=7 or --set topology.width=40; may be given often
    #[arg(long, value_name = "NAME=VALUE")]
    set: Vec<String>,
    /// How often to measure, evenly over the scenario's duration
    #[arg(long, value_name = "NUMBER", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    samples: u32,
    #[command(flatten)]
    format: Format,
}

/// For whom it is printed.
#[derive(Debug, clap::Args)]
struct Format {
    /// Print everything as one JSON document
    #[arg(long, conflicts_with = "csv")]
    json: bool,
    /// Print the samples as CSV
    #[arg(long)]
    csv: bool,
}

/// Simulates a scenario and prints what became of it.
pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    if options.list {
        return print(&scenarios::list());
    }
    if options.print {
        return print(&scenarios::text(&options.scenario)?);
    }
    let scenario = scenarios::open(&options.scenario, &options.set)?;
    let began = Instant::now();
    let mut simulation = Simulation::new(scenario)?;
    let (samples, report) = simulate(&mut simulation, options.samples);
    let took = began.elapsed();
    print(&told(options, &simulation, &samples, &report)?)?;
    if !options.format.json && !options.format.csv {
        let rate = report.end.deliveries as f64 / took.as_secs_f64().max(f64::MIN_POSITIVE);
        let rate = table::grouped(rate as u64);
        crate::tell(&format!("simulated in {:.1} s, {rate} deliveries a second", took.as_secs_f64()));
    }
    Ok(())
}

/// The whole run, with samples on the way.
fn simulate(simulation: &mut Simulation, count: u32) -> (Vec<Sample>, Report) {
    let mut progress = Progress::new();
    let mut samples = vec![simulation.sample()];
    let every = simulation.scenario().duration / f64::from(count);
    for number in 1..=count {
        let until = Duration::try_from_secs_f64(every * f64::from(number)).unwrap_or(Duration::MAX);
        while simulation.run(until, AT_ONCE) && simulation.now() < until {
            progress.show(simulation);
        }
        samples.push(simulation.sample());
        if simulation.has_ended() {
            break;
        }
    }
    progress.end();
    (samples, simulation.report())
}

fn told(
    options: &Options,
    simulation: &Simulation,
    samples: &[Sample],
    report: &Report,
) -> anyhow::Result<String> {
    let scenario = simulation.scenario();
    if options.format.json {
        return Ok(serde_json::to_string(&Document { scenario, samples, report })? + "\n");
    }
    if options.format.csv {
        let rows: String = samples.iter().map(|sample| table::csv_row(sample) + "\n").collect();
        return Ok(format!("{}\n{rows}", table::CSV_HEAD));
    }
    Ok(table::table(scenario, report))
}

fn print(text: &str) -> anyhow::Result<()> {
    match io::stdout().write_all(text.as_bytes()) {
        // Nobody who reads it is no failure.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        written => Ok(written?),
    }
}
