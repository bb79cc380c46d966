//! The screen of the monitor.

use clacks_p2p::Node;

/// How the dashboard is to run.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Settings {
    /// Whether it watches the demo network.
    pub(crate) demo: bool,
    /// Whether it takes the mouse.
    pub(crate) mouse: bool,
}

/// Shows the node until the user leaves.
pub(crate) async fn run(_node: &Node, _settings: Settings) -> anyhow::Result<()> {
    Ok(tokio::signal::ctrl_c().await?)
}
