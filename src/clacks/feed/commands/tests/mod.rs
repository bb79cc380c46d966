//! The words of commands, and their undo, with nodes over real sockets.

mod refusals;
mod results;
mod undoing;

use std::sync::Arc;

use clacks_feed::{Call, Check, Name, Network, Outcome, Refusal, Run};
use clacks_p2p::{Builder, Node};

use crate::ClacksNetwork;

fn builder() -> Builder {
    Node::builder().hostname("127.0.0.1").port(0)
}

async fn start(builder: Builder) -> (Node, Arc<ClacksNetwork>) {
    let node = builder.start().await.unwrap();
    let network = ClacksNetwork::new(&node, Run(7));
    (node, network)
}

/// The call of a line, as a face makes it.
fn call(line: &str) -> Call {
    let (name, text) = match line.strip_prefix(':') {
        Some(rest) => rest.split_once(' ').unwrap_or((rest, "")),
        None => ("enqueue", line),
    };
    Call::new(Run(7), Name::new(name).unwrap(), text)
}

async fn carried_out(network: &Arc<ClacksNetwork>, line: &str) -> Result<Outcome, Refusal> {
    network.clone().call(call(line)).await
}

/// The words of the result of a line.
async fn words(network: &Arc<ClacksNetwork>, line: &str) -> Result<String, String> {
    words_of(carried_out(network, line).await)
}

fn words_of(result: Result<Outcome, Refusal>) -> Result<String, String> {
    result
        .map(|outcome| outcome.text.untrusted().to_owned())
        .map_err(|refusal| refusal.text.untrusted().to_owned())
}

/// What is reported while a line is typed: `None` if it works.
fn typed(network: &ClacksNetwork, line: &str) -> Option<Check> {
    Some(network.check(&call(line))).filter(|check| *check != Check::Works)
}
