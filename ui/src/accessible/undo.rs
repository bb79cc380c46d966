//! `:undo` in the accessible mode.

use clacks_language::command::{NodeCommand, target::IgnoreTarget};
use clacks_p2p::Node;
use clacks_source::{
    restore::{self, STAYS, execute_undoable},
    undo::Undo,
};

/// The recent commands that can be undone.
#[derive(Debug, Default)]
pub(crate) struct UndoHistory(Undo);

impl UndoHistory {
    /// Executes a command, and stores the state before it for `:undo`.
    pub(crate) async fn execute(&mut self, node: &Node, command: NodeCommand) -> Result<String, String> {
        let ignored = match &command {
            NodeCommand::Ignore(peer) => Some(IgnoreTarget::Peer(peer.clone())),
            NodeCommand::IgnoreRemote(remote) => Some(IgnoreTarget::Remote(*remote)),
            _ => None,
        };
        let (result, before) = execute_undoable(node, command).await;
        let ignored = ignored.filter(|_| result.is_ok()).into_iter().collect();
        let can_be_undone = self.0.remember(before, ignored, node.now());
        result
            .map(|result| if can_be_undone { with_undo_hint(&result) } else { result })
            .map_err(|error| error.to_string())
    }

    /// Undoes the last command.
    pub(crate) async fn undo(&mut self, node: &Node) -> Result<String, String> {
        self.0.forget_old(node.now());
        let before = self.0.take(node.now()).map_err(|reason| reason.to_string())?;
        let of_node = node.clone();
        // The undo of a hold rule checks the whole queue, so it runs on a blocking thread. It fails only if the program
        // ends.
        let undone = tokio::task::spawn_blocking(move || restore::undo(&of_node, before)).await;
        let (result, left) = undone.map_err(|_| "that failed".to_owned())?;
        self.0.remember(left, Vec::new(), node.now());
        result.map_err(|error| error.to_string())
    }
}

fn with_undo_hint(result: &str) -> String {
    format!("{result}; :undo takes it back, for {} seconds", STAYS.as_secs())
}
