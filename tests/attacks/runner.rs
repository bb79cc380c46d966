//! The scenarios, their selection and their output.

use std::{fmt, path::PathBuf, pin::Pin, process::ExitCode, sync::Arc, time::Duration};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::{
    sync::Semaphore,
    task::{JoinError, JoinSet},
};

use crate::{churn, descriptors, disk, fill, names, receivers, siege};

/// Maximum concurrent scenarios of a shortened run.
const SIDE_BY_SIDE: usize = 6;
/// Default duration of the siege in a full run.
const SIEGE: Duration = Duration::from_secs(1800);

/// The settings of a scenario.
#[derive(Debug, Clone)]
pub(crate) struct Setting {
    /// The `clacks` binary to attack.
    pub(crate) binary: PathBuf,
    /// Whether the run is full and not shortened.
    pub(crate) is_full: bool,
    pub(crate) siege: Duration,
}

impl Setting {
    /// Selects the value for a full or a shortened run.
    pub(crate) fn pick<T>(&self, full: T, shortened: T) -> T {
        if self.is_full { full } else { shortened }
    }
}

/// The result of a scenario.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) figures: String,
    pub(crate) asked: String,
    pub(crate) is_within: bool,
}

type Running = Pin<Box<dyn Future<Output = Outcome> + Send>>;

/// A scenario with its name.
#[derive(Clone)]
pub(crate) struct Scenario {
    name: String,
    /// Whether it is skipped in a shortened run, because a similar one runs.
    only_in_full: bool,
    run: Arc<dyn Fn(Setting) -> Running + Send + Sync>,
}

impl Scenario {
    pub(crate) fn new<F>(name: impl Into<String>, run: impl Fn(Setting) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Outcome> + Send + 'static,
    {
        Self { name: name.into(), only_in_full: false, run: Arc::new(move |setting| Box::pin(run(setting))) }
    }

    pub(crate) fn only_in_full(self, only_in_full: bool) -> Self {
        Self { only_in_full, ..self }
    }
}

fn all() -> Vec<Scenario> {
    [
        fill::scenarios(),
        names::scenarios(),
        churn::scenarios(),
        receivers::scenarios(),
        disk::scenarios(),
        descriptors::scenarios(),
        siege::scenarios(),
    ]
    .concat()
}

/// The command line.
struct Request {
    setting: Setting,
    names: Vec<String>,
    is_checked: bool,
    only_lists: bool,
}

impl Request {
    /// Arguments of the usual test harness are ignored.
    fn read(mut arguments: impl Iterator<Item = String>) -> Self {
        let binary = PathBuf::from(env!("CARGO_BIN_EXE_clacks"));
        let setting = Setting { binary, is_full: false, siege: SIEGE };
        let mut request = Self { setting, names: Vec::new(), is_checked: false, only_lists: false };
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                "--full" => request.setting.is_full = true,
                "--check" => request.is_checked = true,
                "--list" => request.only_lists = true,
                "--binary" => {
                    request.setting.binary = arguments.next().expect("a file behind --binary").into();
                }
                "--seconds" => {
                    let seconds = arguments.next().and_then(|seconds| seconds.parse().ok());
                    request.setting.siege = Duration::from_secs(seconds.expect("a number behind --seconds"));
                }
                name if !name.starts_with('-') => request.names.push(name.to_owned()),
                _ => {}
            }
        }
        request.is_checked |= !request.setting.is_full;
        request
    }

    fn scenarios(&self) -> Vec<Scenario> {
        let is_wanted = |scenario: &Scenario| {
            let added_by_user = self.names.iter().any(|name| scenario.name.contains(name));
            (self.names.is_empty() || added_by_user) && (self.setting.is_full || !scenario.only_in_full)
        };
        all().into_iter().filter(is_wanted).collect()
    }
}

pub(crate) fn main() -> ExitCode {
    let request = Request::read(std::env::args().skip(1));
    if request.only_lists {
        request.scenarios().iter().for_each(|scenario| println!("{}", scenario.name));
        return ExitCode::SUCCESS;
    }
    lift_limit_on_files();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let missed = runtime.expect("a runtime").block_on(run(&request));
    if missed == 0 || !request.is_checked { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Runs the scenarios and prints their results. Returns how many exceeded their limits.
async fn run(request: &Request) -> usize {
    let side_by_side = Arc::new(Semaphore::new(request.setting.pick(1, SIDE_BY_SIDE)));
    let mut running = JoinSet::new();
    for scenario in request.scenarios() {
        let (setting, side_by_side) = (request.setting.clone(), Arc::clone(&side_by_side));
        running.spawn(async move {
            let _turn = side_by_side.acquire_owned().await;
            // In a task of its own, so that a panic is reported with its name.
            let outcome = tokio::spawn((scenario.run)(setting)).await;
            let is_within = outcome.as_ref().is_ok_and(|outcome| outcome.is_within);
            println!("{:29} {}", scenario.name, Line(outcome));
            is_within
        });
    }
    running.join_all().await.into_iter().filter(|is_within| !is_within).count()
}

/// A result as it is printed.
struct Line(Result<Outcome, JoinError>);

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Ok(Outcome { figures, asked, is_within }) => {
                let judged = if *is_within { "within" } else { "MISSED" };
                write!(f, "{figures}; asked: {asked}: {judged}")
            }
            Err(error) => write!(f, "MISSED: {error}"),
        }
    }
}

/// Raises the limit on open files to its maximum, because attackers hold many connections.
fn lift_limit_on_files() {
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    // If that fails, scenarios that need more say so.
    let _ = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum });
}
