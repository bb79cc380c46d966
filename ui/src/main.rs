//! `clacks`: a terminal monitor with a complete clacks node inside.

mod accessible;
mod archive;
mod bootstrap;
mod cli;
mod config;
mod core_event;
mod demo;
mod headless;
mod json;
mod logging;
mod networks;
mod peer_list;
mod peercloud;
mod platform;
mod plugins;
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

use accessible::AccessibleOptions;
use archive::Archiving;
use bootstrap::Introducer;
use clacks_dashboard::run::{
    event_loop::Cause,
    source::{Source, Sources},
};
use clacks_feed::{Near, Network};
use clacks_language::{
    command::argument::{Existing, RecordCommand},
    saved_filter::StationFile,
};
use clacks_p2p::{Address, Node};
use clacks_p2p_feed::ClacksNetwork;
use clacks_plugins::Environment;
use clacks_recording::recorder::Recorder;
use clacks_terminal::stderr::report;
use cli::{Cli, Command};
use config::{Config, OtherNetwork, view::View};
use networks::Clacks;
use peer_list::PeerLists;
use platform::runtime;
use plugins::{PluginError, Plugins, Wanted};
use shutdown::{report_loss, stop};

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args_os().collect();
    let cli = match cli::parse(&arguments) {
        Ok(cli) => cli,
        Err(error) if error.use_stderr() => return report_failure(&cli::complaint(&error), 2),
        // Help and version are no errors.
        Err(error) => return ended(written(error.print())),
    };
    // Handles SIGXFSZ, so that a write beyond the file size limit fails like a write to a full disk instead of killing
    // the process.
    let _ = signal_hook::flag::register(signal_hook::consts::SIGXFSZ, Arc::default());
    let result = run(cli);
    clacks_session::lost_lines::lost().iter().for_each(|lost| report(&lost.summary()));
    ended(result)
}

fn ended(result: anyhow::Result<()>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        // A plugin that does not load is a mistake of the user, like a wrong option.
        Err(error) if error.is::<PluginError>() => report_failure(&format!("{error:#}"), 2),
        Err(error) => report_failure(&format!("{error:#}"), 1),
    }
}

fn report_failure(reason: &str, code: u8) -> ExitCode {
    report(reason);
    ExitCode::from(code)
}

/// Writes a text to standard output. A closed reader is no failure.
pub(crate) fn print(text: &str) -> anyhow::Result<()> {
    written(io::stdout().write_all(text.as_bytes()))
}

/// Flushes standard output and converts its error. A closed reader is no failure.
fn written(result: io::Result<()>) -> anyhow::Result<()> {
    match result.and_then(|()| io::stdout().flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(anyhow::anyhow!("cannot write the output: {error}"))
        }
        _ => Ok(()),
    }
}

/// Maximum number of open files that is requested: far more than the limits on connections need.
#[cfg(unix)]
const MAX_FILES: u64 = 65_536;

/// Raises the soft limit of open files to the maximum that needs no privileges. The default is often much lower, for
/// compatibility with old programs.
#[cfg(unix)]
fn raise_file_limit() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

    let limit = getrlimit(Resource::Nofile);
    let most = limit.maximum.map_or(MAX_FILES, |maximum| maximum.min(MAX_FILES));
    if limit.current.is_some_and(|current| current < most) {
        // If this fails, the node works with the current limit.
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
        Some(Command::Demo(demo)) => runtime.block_on(run_demo(*demo)),
        Some(Command::Replay(options)) => runtime.block_on(replay::run(*options)),
        Some(Command::Simulate(options)) => runtime.block_on(simulate::run(*options)),
        Some(Command::Peercloud(options)) => runtime.block_on(peercloud::run(*options)),
        Some(Command::Plugins(command)) => plugins::tools::run(&command),
        Some(Command::Archive(options)) => archive::run(*options),
        Some(Command::Config) => print(config::DEFAULT_FILE),
    };
    runtime.block_on(logging::finish());
    // Tasks that still block, such as name lookups, are not awaited.
    runtime.shutdown_background();
    result
}

/// Runs a node with the dashboard or in the accessible mode.
async fn monitor(config: &Config) -> anyhow::Result<()> {
    if config.view.accessible.unwrap_or_default() {
        let kept = config.kept_in()?.map(|directory| StationFile::in_directory(&directory));
        let kept = kept.map(|file| file.read(&networks::all()).map(|changed| (file, changed))).transpose()?;
        let options = AccessibleOptions { kept, ..AccessibleOptions::of(&config.view) };
        let Started { clacks, network, recorder, plugins, archiving } = start(config).await?;
        let node = clacks.node.clone();
        let result = accessible::run(network, Some(clacks), recorder, options, || {}).await;
        report_loss(&stop(&node).await);
        close(plugins).await;
        archive::close(archiving).await;
        return result;
    }
    // Checked before the node starts, so that a failure leaves no trace: no announce and no files.
    clacks_terminal::check_drawable(clacks_terminal::NODE_WITHOUT_SCREEN)?;
    let settings = config.view.settings(false)?;
    let settings = match config.kept_in()? {
        Some(directory) => settings.with_filter_directory(&directory, &networks::all())?,
        None => settings,
    };
    let settings = settings.with_history(config.view.history(config.data_directory()?.as_deref()));
    let beside = match config.with {
        Some(OtherNetwork::Peercloud) => Some(peercloud::Started::beside(config).await?),
        None => None,
    };
    let mut started = start(config).await?;
    let plugins = started.plugins.take();
    let archiving = started.archiving.take();
    let node = started.clacks.node.clone();
    let settings = settings.with_remark(self_peer_warning(&node, config));
    let (beside, cloud) = beside.map(peercloud::Started::begin).unzip();
    let result = clacks_dashboard::run::event_loop::run(started.sources(beside), &settings).await;
    // An error is most likely a lost terminal.
    shutdown::drain_after(*result.as_ref().unwrap_or(&Cause::HungUp), &node).await;
    report_loss(&stop(&node).await);
    close(plugins).await;
    archive::close(archiving).await;
    if let Some(cloud) = cloud {
        peercloud::close(&cloud).await;
    }
    result.map(drop)
}

/// Runs a node without a screen.
async fn headless(config: &Config) -> anyhow::Result<()> {
    let Started { clacks, network, recorder, plugins, archiving } = start(config).await?;
    let result = headless::run(clacks, network, recorder, true).await;
    close(plugins).await;
    archive::close(archiving).await;
    report_loss(&result?);
    Ok(())
}

/// Runs the demo network with the dashboard, in the accessible mode, or as JSON lines.
async fn run_demo(demo: cli::ClacksDemo) -> anyhow::Result<()> {
    let cli::ClacksDemo { demo, scripts } = demo;
    let view = demo.view.with_file(demo.file.as_deref())?;
    let is_accessible = view.accessible.unwrap_or_default();
    if !demo.no_screen && !is_accessible {
        clacks_terminal::check_drawable(clacks_terminal::NODE_WITHOUT_SCREEN)?;
    }
    let settings = view.settings(true)?.with_history(view.history(None));
    let network = demo::Network::start(&demo.options).await?;
    let node = network.node();
    let clacks = Clacks { node: node.clone(), peer_lists: PeerLists::new(Introducer::new(node), &[]) };
    let shown = networks::clacks(node);
    let wanted = Wanted {
        tables: &[],
        options: &scripts,
        directory: None,
        stores: None,
        environment: Environment::Demo,
    };
    let plugins = match wanted.start(node, &shown).await {
        Ok(plugins) => plugins,
        Err(error) => {
            network.stop().await;
            return Err(error.into());
        }
    };
    let shown: Arc<dyn Network> = shown;
    let result = match record(&shown, &view).await {
        // Lost messages of a demo need no report.
        Ok(recorder) if demo.no_screen => {
            headless::run(clacks, shown.clone(), recorder, false).await.map(drop)
        }
        Ok(recorder) if is_accessible => {
            let options = AccessibleOptions { demo: true, ..AccessibleOptions::of(&view) };
            accessible::run(shown, Some(clacks), recorder, options, || {}).await
        }
        Ok(recorder) => {
            let started = Started { clacks, network: shown, recorder, plugins: None, archiving: None };
            clacks_dashboard::run::event_loop::run(started.sources(None), &settings).await.map(drop)
        }
        Err(error) => Err(error),
    };
    network.stop().await;
    close(plugins).await;
    result
}

async fn close(plugins: Option<Plugins>) {
    if let Some(plugins) = plugins {
        plugins.close().await;
    }
}

/// A node that was started, with what belongs to it.
struct Started {
    clacks: Clacks,
    network: Arc<dyn Network>,
    recorder: Recorder,
    plugins: Option<Plugins>,
    archiving: Option<Archiving>,
}

impl Started {
    /// The sources of the dashboard: this node, and one of another network beside it.
    fn sources(self, beside: Option<Source>) -> Sources {
        let Self { clacks: Clacks { peer_lists, .. }, network, recorder, .. } = self;
        let clacks =
            Source::new(Near::new(network)).with_recorder(recorder).with_peer_lists(Arc::new(peer_lists));
        Sources::new([clacks].into_iter().chain(beside).collect())
    }
}

async fn start(config: &Config) -> anyhow::Result<Started> {
    // Before the node starts, so that an unwritable log file is reported before any announce.
    if let Some(warning) = config.log.without_effect() {
        report(&format!("warning: {warning}"));
    }
    let is_logged = config.log.open()?;
    let node = config.start().await?;
    node.warnings().iter().for_each(|warning| report(&format!("warning: {warning}")));
    if let Some(shortfall) = node.listening_shortfall() {
        report(shortfall);
    }
    if is_logged {
        logging::watch_clacks(&node);
    }
    // Before the first announce.
    let offered = networks::clacks(&node);
    let network: Arc<dyn Network> = offered.clone();
    let recorder = record(&network, &config.view).await?;
    let archiving = match archive::start(&network, &config.archive).await {
        Ok(archiving) => archiving,
        Err(error) => {
            stop(&node).await;
            return Err(error);
        }
    };
    let plugins = match start_plugins(config, &node, &offered).await {
        Ok(plugins) => plugins,
        Err(error) => {
            stop(&node).await;
            return Err(error);
        }
    };
    let introducer = Introducer::new(&node);
    if let Some(remark) = self_peer_warning(&node, config) {
        report(&format!("warning: {remark}"));
    }
    introducer.introduce(&other_peers(&node, config));
    let peer_lists = PeerLists::new(introducer, config.peers_from.as_deref().unwrap_or_default());
    Ok(Started { clacks: Clacks { node, peer_lists }, network, recorder, plugins, archiving })
}

/// Starts the plugins of the configuration.
async fn start_plugins(
    config: &Config,
    node: &Node,
    network: &Arc<ClacksNetwork>,
) -> anyhow::Result<Option<Plugins>> {
    let wanted = Wanted {
        tables: &config.plugins,
        options: &config.scripts,
        directory: config.script_directory.as_deref(),
        stores: config.kept_in()?.map(|directory| directory.join("scripts")),
        environment: Environment::Node,
    };
    Ok(wanted.start(node, network).await?)
}

/// The configured peers, without the node itself.
fn other_peers(node: &Node, config: &Config) -> Vec<Address> {
    let here = node.address();
    config.peers.iter().flatten().filter(|peer| **peer != here).cloned().collect()
}

/// A warning if the node itself was configured as a peer.
fn self_peer_warning(node: &Node, config: &Config) -> Option<String> {
    let here = node.address();
    let is_named = config.peers.iter().flatten().any(|peer| *peer == here);
    is_named.then(|| format!("--peer {here} is this node itself and is left out"))
}

/// Creates the recorder, and starts it if the options request a recording.
async fn record(network: &Arc<dyn Network>, view: &View) -> anyhow::Result<Recorder> {
    let mut recorder = Recorder::of(Arc::clone(network), view.record_size);
    if let Some(file) = &view.record {
        let start = RecordCommand::Start(file.to_path_buf(), Existing::Rotate);
        recorder.carry_out(start).await?;
    }
    Ok(recorder)
}
