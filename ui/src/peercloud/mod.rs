//! `clacks peercloud`: a node of a peercloud network on the screen, in sentences, or as JSON lines.

use std::{sync::Arc, time::Duration};

use clacks_dashboard::run::{
    event_loop,
    settings::DashboardSettings,
    source::{Source, Sources},
};
use clacks_feed::{Near, Network};
use clacks_language::saved_filter::StationFile;
use clacks_peercloud::Node;
use clacks_recording::recorder::Recorder;
use clacks_terminal::stderr::report;
use tokio::time::timeout;

use super::{
    accessible::{self, AccessibleOptions},
    cli::{Demo, Peercloud, PeercloudCommand},
    config::{
        Config,
        peercloud::{PeercloudConfig, PeercloudOptions},
        view::View,
    },
    headless, logging, networks,
};

mod demo;

/// Advice where the screen cannot be drawn.
const WITHOUT_SCREEN: &str =
    "`clacks peercloud --accessible` tells in sentences what happens, `clacks peercloud node` as JSON lines";

/// Runs `clacks peercloud` or one of its commands.
pub(crate) async fn run(options: Peercloud) -> anyhow::Result<()> {
    match options.command {
        None => monitor(&options.run.config()?).await,
        Some(PeercloudCommand::Node(run)) => {
            let started = Started::new(&run.config()?).await?;
            started.write_lines().await
        }
        Some(PeercloudCommand::Demo(demo)) => run_demo(*demo).await,
    }
}

/// Runs a node with the dashboard or in the accessible mode.
async fn monitor(config: &PeercloudConfig) -> anyhow::Result<()> {
    let is_accessible = config.view.accessible.unwrap_or_default();
    // Checked before the node starts, so that a failure leaves no trace.
    if !is_accessible {
        clacks_terminal::check_drawable(WITHOUT_SCREEN)?;
    }
    let settings = config.view.settings(false)?;
    let started = Started::new(config).await?;
    let directory = config.node.data_directory(started.node.port())?;
    if is_accessible {
        let kept = directory.map(|directory| StationFile::in_directory(&directory));
        let kept = kept.map(|file| file.read(&networks::all()).map(|changed| (file, changed))).transpose()?;
        return started.tell(AccessibleOptions { kept, ..AccessibleOptions::of(&config.view) }).await;
    }
    let history = config.view.history(directory.as_deref());
    let settings = match directory {
        Some(directory) => settings.with_filter_directory(&directory, &networks::all())?,
        None => settings,
    };
    let settings = settings.with_history(history).with_remark(unreachable(&config.node));
    started.show(&settings).await
}

/// Runs the demo cloud with the dashboard, in the accessible mode, or as JSON lines.
async fn run_demo(options: Demo) -> anyhow::Result<()> {
    let view = options.view.with_file(options.file.as_deref())?;
    let is_accessible = view.accessible.unwrap_or_default();
    if !options.no_screen && !is_accessible {
        clacks_terminal::check_drawable(WITHOUT_SCREEN)?;
    }
    let settings = view.settings(true)?.with_history(view.history(None));
    let cloud = demo::Cloud::start(&options.options).await?;
    let result = match Started::of(cloud.node().clone(), &view).await {
        Ok(started) if options.no_screen => started.write_lines().await,
        Ok(started) if is_accessible => {
            started.tell(AccessibleOptions { demo: true, ..AccessibleOptions::of(&view) }).await
        }
        Ok(started) => started.show(&settings).await,
        Err(error) => Err(error),
    };
    cloud.stop().await;
    result
}

/// A node that is prepared and has not begun, with what belongs to it. If it is dropped, nobody notices.
pub(crate) struct Started {
    node: Node,
    network: Arc<dyn Network>,
    recorder: Recorder,
}

impl Started {
    async fn new(config: &PeercloudConfig) -> anyhow::Result<Self> {
        // Before the node starts, so that an unwritable log file is reported before anybody is asked.
        if let Some(warning) = config.log.without_effect() {
            report(&format!("warning: {warning}"));
        }
        let is_logged = config.log.open()?;
        let node = start(&config.node).await?;
        let started = Self::of(node, &config.view).await?;
        if is_logged {
            logging::watch(started.network.clone());
        }
        Ok(started)
    }

    async fn of(node: Node, view: &View) -> anyhow::Result<Self> {
        let network = networks::peercloud(&node);
        let recorder = super::record(&network, view).await?;
        Ok(Self { node, network, recorder })
    }

    /// A node beside that of clacks, with the options of the environment and of the table `[peercloud]`.
    pub(crate) async fn beside(config: &Config) -> anyhow::Result<Self> {
        let node = start(&PeercloudOptions::of_environment(config.peercloud.clone())?).await?;
        let network = networks::peercloud(&node);
        if config.log.log_file.is_some() {
            logging::watch(network.clone());
        }
        let recorder = Recorder::of(network.clone(), config.view.record_size);
        Ok(Self { node, network, recorder })
    }

    /// Begins the node, which then has to be [closed](close). Returns its source and the node.
    pub(crate) fn begin(self) -> (Source, Node) {
        let Self { node, network, recorder } = self;
        let source = Source::new(Near::new(network)).with_recorder(recorder);
        node.begin();
        (source, node)
    }

    /// Shows the node on the screen until the end.
    async fn show(self, settings: &DashboardSettings) -> anyhow::Result<()> {
        let (source, node) = self.begin();
        let result = event_loop::run(Sources::new(vec![source]), settings).await;
        close(&node).await;
        result.map(drop)
    }

    /// Writes events as JSON lines until the end.
    async fn write_lines(self) -> anyhow::Result<()> {
        let Self { node, network, recorder } = self;
        headless::any_network::run(network, recorder, || node.begin(), close(&node)).await
    }

    /// Tells events in sentences until the end.
    async fn tell(self, options: AccessibleOptions) -> anyhow::Result<()> {
        let Self { node, network, recorder } = self;
        let result = accessible::run(network, None, recorder, options, || node.begin()).await;
        close(&node).await;
        result
    }
}

/// Prepares a node, and reports what its user should know.
async fn start(options: &PeercloudOptions) -> anyhow::Result<Node> {
    let node = options.prepare().await?;
    node.warnings().iter().for_each(|warning| report(&format!("warning: {warning}")));
    for warning in options.open_key().into_iter().chain(unreachable(options)) {
        report(&format!("warning: {warning}"));
    }
    Ok(node)
}

/// Says goodbye to the members and ends the node.
pub(crate) async fn close(node: &Node) {
    // A node that does not end in time ends with the process.
    let _ = timeout(closing_limit(node), node.close()).await;
}

/// Maximum time to close the node: that of its goodbye, and some for its tasks to end.
fn closing_limit(node: &Node) -> Duration {
    node.limits().goodbye_timeout + Duration::from_secs(2)
}

/// A warning if a configured peer could not check this node.
fn unreachable(options: &PeercloudOptions) -> Option<String> {
    let peer = options.unreachable_peer()?;
    Some(format!(
        "--peer {peer} is another machine, and cannot check a node that listens on this machine only; give --listen as well"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn closing_takes_no_less_than_the_goodbye_may() {
        for seconds in [1, 10, 24 * 3600] {
            let goodbye = Duration::from_secs(seconds);
            let node = Node::builder().limits(|limits| limits.goodbye_timeout = goodbye);
            assert!(closing_limit(&node.prepare().await.unwrap()) > goodbye, "{seconds} s");
        }
    }
}
