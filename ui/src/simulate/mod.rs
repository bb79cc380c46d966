//! `clacks simulate`: simulates a network of nodes on one virtual clock.

#[cfg(test)]
mod dynamics;
mod picture;
mod progress;
mod scenarios;
mod screen;
mod table;

use std::time::{Duration, Instant};

use clacks_p2p::simulation::{Report, Sample, Scenario, Simulation};
use clacks_text::paths::UserPath;
use clacks_widgets::theme::Theme;
use picture::PictureFile;
use progress::Progress;
use table::Document;

use super::config::{
    number,
    view::{HEADING as VIEW_HEADING, View},
};

/// Default number of samples.
const SAMPLES: u32 = 100;
/// Deliveries between two updates of the progress.
const AT_ONCE: u64 = 1000;

#[derive(Debug, clap::Args)]
pub(crate) struct SimulateOptions {
    /// A built-in scenario (--list lists them), or your own FILE.toml
    #[arg(value_name = "SCENARIO", default_value = "grid")]
    scenario: String,
    /// List the built-in scenarios
    #[arg(long)]
    list: bool,
    /// Print the file of the scenario, as a template for your own
    #[arg(long)]
    print: bool,
    /// Change a field of the scenario, as in --set seed=7 or --set topology.width=40; may be given more than once
    #[arg(long, value_name = "NAME=VALUE")]
    set: Vec<String>,
    /// Number of samples, evenly over the duration [default: 100; on the screen, as many as can be drawn]
    #[arg(long, value_name = "NUMBER", value_parser = samples)]
    samples: Option<u32>,
    #[command(flatten)]
    format: Format,
    #[command(flatten)]
    look: Look,
}

fn samples(text: &str) -> Result<u32, &'static str> {
    let samples = text.parse().ok().filter(|samples| (1..=100_000).contains(samples));
    samples.ok_or("a number of samples is whole and from 1 to 100000, such as 200")
}

/// The output format.
#[derive(Debug, clap::Args)]
struct Format {
    /// Print everything as one JSON document
    #[arg(long, conflicts_with = "csv")]
    json: bool,
    /// Print the samples as CSV
    #[arg(long)]
    csv: bool,
    /// Print only the table, without the screen
    #[arg(long)]
    no_screen: bool,
    /// Write the final picture of the screen to a FILE.svg, without the screen
    #[arg(long, value_name = "FILE")]
    picture: Option<UserPath>,
}

/// The options of the screen that a simulation uses.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = VIEW_HEADING)]
struct Look {
    /// Theme: auto, dark, light, mono, high, deuter, trit, the name of your own, or a FILE.toml [default: auto]
    #[arg(long, env = "CLACKS_THEME", value_name = "NAME")]
    theme: Option<String>,
    /// Show only ASCII characters [default: on if the locale is not UTF-8]
    #[arg(long, env = "CLACKS_ASCII", value_name = "BOOL", num_args = 0..=1, require_equals = true)]
    #[arg(default_missing_value = "true", value_parser = number::switch)]
    ascii: Option<bool>,
    /// Configuration file; only its theme and --ascii are used [default: as without a command]
    #[arg(long = "config", env = "CLACKS_CONFIG", value_name = "FILE")]
    config: Option<UserPath>,
}

impl Look {
    /// The options of the screen; `None` without a terminal.
    fn of_screen(self) -> anyhow::Result<Option<View>> {
        if clacks_terminal::check_drawable("").is_err() {
            return Ok(None);
        }
        Ok(Some(self.view()?).filter(|view| !view.accessible.unwrap_or_default()))
    }

    /// The theme of a picture. It does not depend on the terminal.
    fn of_picture(self) -> anyhow::Result<Theme> {
        if self.theme.is_none() && self.ascii.is_none() && self.config.is_none() {
            return Ok(Theme::default());
        }
        Ok(self.view()?.open_theme()?.theme())
    }

    fn view(self) -> anyhow::Result<View> {
        let view = View { theme: self.theme, ascii: self.ascii, ..View::default() };
        view.with_file(self.config.as_deref())
    }
}

impl Format {
    /// Whether the result is printed as a table.
    fn is_table(&self) -> bool {
        !self.json && !self.csv
    }

    /// Whether the screen is shown if standard output is a terminal.
    fn has_screen(&self) -> bool {
        self.is_table() && !self.no_screen && self.picture.is_none()
    }
}

/// Simulates a scenario, shows it on the screen if possible, and prints the result.
pub(crate) async fn run(options: SimulateOptions) -> anyhow::Result<()> {
    if options.list {
        return super::print(&scenarios::list());
    }
    if options.print {
        return super::print(&scenarios::text(&options.scenario)?);
    }
    let scenario = scenarios::open(&options.scenario, &options.set)?;
    if options.format.has_screen()
        && let Some(view) = options.look.clone().of_screen()?
    {
        return show(scenario, options.samples, &view).await;
    }
    run_at_once(scenario, options)
}

/// Shows the simulation, and prints the table after the terminal is restored.
async fn show(scenario: Scenario, samples: Option<u32>, view: &View) -> anyhow::Result<()> {
    match screen::run(scenario, samples, view.open_theme()?.theme()).await? {
        Some((scenario, report)) => super::print(&table::table(&scenario, &report)),
        None => Ok(()),
    }
}

/// Simulates at unlimited speed.
fn run_at_once(scenario: Scenario, options: SimulateOptions) -> anyhow::Result<()> {
    let SimulateOptions { samples, format, look, .. } = options;
    let picture = format.picture.as_deref();
    let picture =
        picture.map(|path| anyhow::Ok((PictureFile::new(path)?, look.of_picture()?))).transpose()?;
    let began = Instant::now();
    let mut simulation = Simulation::new(scenario)?;
    let (samples, report) = simulate(&mut simulation, samples.unwrap_or(SAMPLES));
    let took = began.elapsed();
    super::print(&told(&format, &simulation, &samples, &report)?)?;
    if let Some((file, theme)) = picture {
        file.write(&screen::picture::picture(&simulation, &samples, theme)?)?;
    }
    if format.is_table() {
        let rate = report.end.deliveries as f64 / took.as_secs_f64().max(f64::MIN_POSITIVE);
        let rate = clacks_text::format::grouped(rate as u64);
        clacks_terminal::stderr::report(&format!(
            "simulated in {:.1} s, {rate} deliveries a second",
            took.as_secs_f64()
        ));
    }
    Ok(())
}

/// Simulates the whole scenario and takes samples.
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
    format: &Format,
    simulation: &Simulation,
    samples: &[Sample],
    report: &Report,
) -> anyhow::Result<String> {
    let scenario = simulation.scenario();
    if format.json {
        return Ok(serde_json::to_string(&Document { scenario, samples, report })? + "\n");
    }
    if format.csv {
        let rows: String = samples.iter().map(|sample| table::csv_row(sample) + "\n").collect();
        return Ok(format!("{}\n{rows}", table::CSV_HEAD));
    }
    Ok(table::table(scenario, report))
}
