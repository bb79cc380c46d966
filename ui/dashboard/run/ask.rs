//! The check of the line that is being typed.

use clacks_feed::Call;
use clacks_language::command::{Command, EDIT, ViewCommand};

use crate::state::network::Network;

/// The call that says whether a line would be refused. `None` if the line is not for the node.
pub(crate) fn call_to_check(network: &Network, command: &Command) -> Option<Call> {
    match command {
        Command::View(ViewCommand::Edit(item) | ViewCommand::EditInEditor(item)) => {
            Some(Call::new(network.run, EDIT.into(), &**item))
        }
        Command::View(ViewCommand::Replay(command)) => Some(command.call(network.run)),
        command => network.call(command),
    }
}
