//! `clacks`: a terminal monitor with a whole clacks node inside.

mod command;
mod dashboard;
mod execute;
mod terminal;
mod untrusted;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let node = clacks_p2p::Node::builder().port(0).start().await?;
    dashboard::run(&node, dashboard::Settings { demo: false, mouse: true }).await
}
