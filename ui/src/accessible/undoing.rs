//! `:undo` where everything is told in sentences.

use clacks_p2p::{Node, core::Now};

use crate::{
    command::{NodeCommand, Party},
    dashboard::undo::{self, Dropped, Undo, Undoing},
    execute::{self, drop_matching, execute},
};

/// What was done of late and can be taken back.
#[derive(Debug, Default)]
pub(super) struct Undoable(Undo);

impl Undoable {
    /// Carries out a command, and remembers what takes it back.
    pub(super) async fn execute(&mut self, node: &Node, command: NodeCommand) -> Result<String, String> {
        let now = node.now();
        match command {
            NodeCommand::DropAll(filter) => {
                let removed = drop_matching(node, filter).await;
                let dropped: Vec<_> =
                    removed.into_iter().map(|(queued, held)| Dropped { queued, held }).collect();
                let said = execute::dropped(dropped.len());
                self.told(said, dropped, now)
            }
            NodeCommand::Drop(id) => {
                let held = node.held_message(id).map(|held| (held.queued, Some(held.by)));
                let before = held.or_else(|| node.queued_message(id).map(|queued| (queued, None)));
                let said = execute(node, NodeCommand::Drop(id)).await;
                let dropped = before.filter(|_| said.is_ok()).map(|(queued, held)| Dropped { queued, held });
                self.told(said, dropped.into_iter().collect(), now)
            }
            command => {
                let ignored = match &command {
                    NodeCommand::Ignore(peer) => Some(Party::Peer(peer.clone())),
                    NodeCommand::IgnoreRemote(remote) => Some(Party::Remote(*remote)),
                    _ => None,
                };
                let said = execute(node, command).await;
                match (said, ignored) {
                    (Ok(said), Some(ignored)) => {
                        self.0.note_ignored(vec![ignored], now);
                        Ok(with_undo(&said))
                    }
                    (said, _) => said,
                }
            }
        }
    }

    fn told(
        &mut self,
        said: Result<String, String>,
        dropped: Vec<Dropped>,
        now: Now,
    ) -> Result<String, String> {
        let can_be_undone = self.0.note_dropped(dropped, now);
        said.map(|said| if can_be_undone { with_undo(&said) } else { said })
    }

    /// Takes back what was done last.
    pub(super) async fn undo(&mut self, node: &Node) -> Result<String, String> {
        self.0.forget_old(node.now());
        match self.0.take_back(node.now())? {
            Undoing::Commands(commands) => {
                let mut told = Vec::new();
                for command in commands {
                    told.push(execute(node, command).await?);
                }
                Ok(told.join("; "))
            }
            Undoing::Messages(dropped) => put_back(node, dropped),
        }
    }
}

fn with_undo(said: &str) -> String {
    format!("{said}; :undo takes it back, for {} seconds", undo::STAYS.as_secs())
}

fn put_back(node: &Node, dropped: Vec<Dropped>) -> Result<String, String> {
    let (mut waiting, mut held, mut reason) = (0, 0, None);
    for message in dropped {
        match node.take_back(message.queued, message.held) {
            Ok(id) if node.held_message(id).is_some() => held += 1,
            Ok(_) => waiting += 1,
            Err(error) => reason = Some(error.to_string()),
        }
    }
    undo::told(waiting, held, reason.as_deref())
}
