//! Runs a command at the node and says in a line what came of it.

use clacks_p2p::Node;

use crate::command::NodeCommand;

/// A stand-in until the commands are carried out.
pub(crate) async fn execute(_node: &Node, command: NodeCommand) -> Result<String, String> {
    Err(format!("not there yet: {command:?}"))
}
