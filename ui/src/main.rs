//! `clacks`: a terminal monitor with a whole clacks node inside.

mod accessible;
mod cli;
mod config;
mod demo;
mod headless;
mod logging;
mod platform;
#[cfg(test)]
mod readme;
mod replay;
mod shutdown;
mod simulate;

use std::{
    io::{self, Write},
    process::ExitCode,
    sync::Arc,
};

use clacks_dashboard::run::source::Source;
use clacks_language::{
    command::argument::{Existing, RecordCommand},
    saved_filter::StationFile,
};
use clacks_p2p::{Address, Node};
use clacks_recording::recorder::Recorder;
use clacks_source::{bootstrap::Introducer, peer_list::PeerLists, shutdown::Cause};
use clacks_terminal::report::tell;
use cli::{Cli, Command};
use config::{Config, view::View};
use platform::runtime;
use shutdown::{stop, tell_of_loss};

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args_os().collect();
    let cli = match cli::parse(&arguments) {
        Ok(cli) => cli,
        Err(error) if error.use_stderr() => return fail(&cli::complaint(&error), 2),
        // Help and version are no errors.
        Err(error) => return ended(written(error.print())),
    };
    // A limit on the size of files is as a full disk: a write fails, which whoever writes tells.
    let _ = signal_hook::flag::register(signal_hook::consts::SIGXFSZ, Arc::default());
    let result = run(cli);
    clacks_source::lost_lines::lost().iter().for_each(|lost| tell(&lost.summary()));
    ended(result)
}

fn ended(result: anyhow::Result<()>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&format!("{error:#}"), 1),
    }
}

fn fail(reason: &str, code: u8) -> ExitCode {
    tell(reason);
    ExitCode::from(code)
}

/// Writes a text to standard output. Nobody who reads it is no failure.
pub(crate) fn print(text: &str) -> anyhow::Result<()> {
    written(io::stdout().write_all(text.as_bytes()))
}

/// How the writing to standard output ended, when what was written is out.
fn written(result: io::Result<()>) -> anyhow::Result<()> {
    match result.and_then(|()| io::stdout().flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(anyhow::anyhow!("cannot write the output: {error}"))
        }
        _ => Ok(()),
    }
}

/// Files that a node may have open at most: many more than its limits on connections ask for.
#[cfg(unix)]
const MAX_FILES: u64 = 65_536;

/// Lets this process open as many files as the system allows without rights. Often that is many more than it may at
/// first, for the sake of old programs.
#[cfg(unix)]
fn raise_file_limit() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

    let limit = getrlimit(Resource::Nofile);
    let most = limit.maximum.map_or(MAX_FILES, |maximum| maximum.min(MAX_FILES));
    if limit.current.is_some_and(|current| current < most) {
        // Where it fails, the node makes do with what it has.
        let _ = setrlimit(Resource::Nofile, Rlimit { current: Some(most), ..limit });
    }
}

#[cfg(not(unix))]
fn raise_file_limit() {}

fn run(cli: Cli) -> anyhow::Result<()> {
    raise_file_limit();
    let runtime = runtime::start()?;
    let result = match cli.command {
        None => runtime.block_on(monitor(&cli.run.config()?)),
        Some(Command::Node(run)) => runtime.block_on(headless(&run.config()?)),
        Some(Command::Demo(demo)) => runtime.block_on(demonstrate(*demo)),
        Some(Command::Replay(options)) => runtime.block_on(replay::run(*options)),
        Some(Command::Simulate(options)) => runtime.block_on(simulate::run(*options)),
        Some(Command::Config) => print(config::DEFAULT_FILE),
    };
    // What still blocks, such as a look-up of a hostname, is not waited for.
    runtime.shutdown_background();
    result
}

/// A node on the screen, or told in sentences.
async fn monitor(config: &Config) -> anyhow::Result<()> {
    if config.view.accessible.unwrap_or_default() {
        let kept = config.kept_in()?.map(|directory| StationFile::in_directory(&directory));
        let kept = kept.map(|file| file.read().map(|changed| (file, changed))).transpose()?;
        let (filter, stations) = (config.view.filter.clone(), config.view.stations.clone());
        let options = accessible::AccessibleOptions {
            demo: false,
            filter,
            charset: config.view.charset(),
            stations,
            kept,
        };
        let (node, recorder, lists) = start(config).await?;
        let result = accessible::run(&node, recorder, lists, options).await;
        tell_of_loss(&stop(&node).await);
        return result;
    }
    // A node that is never seen should not have been heard of, nor leave anything behind.
    clacks_terminal::fit_to_draw_on(clacks_terminal::NODE_WITHOUT_SCREEN)?;
    let settings = config.view.settings(false)?;
    let settings = match config.kept_in()? {
        Some(directory) => settings.keep_in(&directory)?,
        None => settings,
    };
    let settings = settings.with_history(config.view.history(config.data_directory()?.as_deref()));
    let (node, recorder, lists) = start(config).await?;
    let settings = settings.with_remark(remark_on_ourselves(&node, config));
    let result =
        clacks_dashboard::run::event_loop::run(Source::live(&node, recorder, lists), &settings).await;
    // What went wrong is the terminal, most likely.
    shutdown::hand_on_after(*result.as_ref().unwrap_or(&Cause::HungUp), &node).await;
    tell_of_loss(&stop(&node).await);
    result.map(drop)
}

/// A node without a screen.
async fn headless(config: &Config) -> anyhow::Result<()> {
    let (node, recorder, lists) = start(config).await?;
    tell_of_loss(&headless::run(&node, recorder, lists, true).await?);
    Ok(())
}

/// The demo network, on the screen, told in sentences, or as JSON lines.
async fn demonstrate(demo: cli::Demo) -> anyhow::Result<()> {
    let view = demo.view.with_file(demo.file.as_deref())?;
    let is_accessible = view.accessible.unwrap_or_default();
    if !demo.no_screen && !is_accessible {
        clacks_terminal::fit_to_draw_on(clacks_terminal::NODE_WITHOUT_SCREEN)?;
    }
    let settings = view.settings(true)?.with_history(view.history(None));
    let network = demo::Network::start(&demo.options).await?;
    let node = network.node();
    let lists = PeerLists::new(Introducer::new(node), &[]);
    let result = match record(node, &view).await {
        // Nobody minds what is lost here.
        Ok(recorder) if demo.no_screen => headless::run(node, recorder, lists, false).await.map(drop),
        Ok(recorder) if is_accessible => {
            let (filter, stations) = (view.filter.clone(), view.stations.clone());
            let options = accessible::AccessibleOptions {
                demo: true,
                filter,
                charset: view.charset(),
                stations,
                kept: None,
            };
            accessible::run(node, recorder, lists, options).await
        }
        Ok(recorder) => {
            clacks_dashboard::run::event_loop::run(Source::live(node, recorder, lists), &settings)
                .await
                .map(drop)
        }
        Err(error) => Err(error),
    };
    network.stop().await;
    result
}

async fn start(config: &Config) -> anyhow::Result<(Node, Recorder, PeerLists)> {
    // Before the node starts, so that a log file that can't be written is told before a node is heard of.
    if let Some(warning) = config.without_effect() {
        tell(&format!("warning: {warning}"));
    }
    if let Some(file) = &config.log_file {
        logging::open(file, config.log_level.unwrap_or_default(), config.log_size.unwrap_or_default())?;
    }
    let node = config.start().await?;
    node.warnings().iter().for_each(|warning| tell(&format!("warning: {warning}")));
    if let Some(shortfall) = node.listening_shortfall() {
        tell(shortfall);
    }
    if config.log_file.is_some() {
        logging::watch(&node);
    }
    // Before the node is heard of.
    let recorder = record(&node, &config.view).await?;
    let introducer = Introducer::new(&node);
    if let Some(remark) = remark_on_ourselves(&node, config) {
        tell(&format!("warning: {remark}"));
    }
    introducer.introduce(&peers_beside(&node, config));
    let lists = PeerLists::new(introducer, config.peers_from.as_deref().unwrap_or_default());
    Ok((node, recorder, lists))
}

/// The peers that were named, without the node itself.
fn peers_beside(node: &Node, config: &Config) -> Vec<Address> {
    let here = node.address();
    config.peers.iter().flatten().filter(|peer| **peer != here).cloned().collect()
}

/// What to say if the node itself was named as a peer.
fn remark_on_ourselves(node: &Node, config: &Config) -> Option<String> {
    let here = node.address();
    let is_named = config.peers.iter().flatten().any(|peer| *peer == here);
    is_named.then(|| format!("--peer {here} is this node itself and is left out"))
}

/// What records the node, which it does at once if the options say so.
async fn record(node: &Node, view: &View) -> anyhow::Result<Recorder> {
    let mut recorder = Recorder::new(node, view.record_size);
    if let Some(file) = &view.record {
        let start = RecordCommand::Start(file.to_path_buf(), Existing::SetAside);
        recorder.carry_out(start).await.map_err(anyhow::Error::msg)?;
    }
    Ok(recorder)
}
