//! A node of any network without a screen.

use std::{future::Future, sync::Arc};

use clacks_feed::{Network, description::Role};
use clacks_language::command::ViewCommand;
use clacks_recording::recorder::Recorder;

use super::{Commands, END_TIMEOUT, EventWriter, Session, write_end};
use crate::{
    json::{self, Record},
    platform::{
        input,
        output::{Closed, Output},
        signals::Signals,
    },
};

/// The answer to a query about a node of any network; `None` if the command has no answer without a screen.
pub(super) fn query(
    network: &dyn Network,
    line: u64,
    command: &ViewCommand,
) -> Option<Result<Record, String>> {
    let (role, number) = match command {
        ViewCommand::Peers => (Role::Peers, 0),
        ViewCommand::Queue => (Role::Messages, 0),
        ViewCommand::Held => (Role::Messages, 1),
        ViewCommand::Limits => return Some(Ok(json::any_network::limits(network, line))),
        ViewCommand::Help => {
            return Some(Ok(json::answers::help(network.now().unix_ms, line, network.description())));
        }
        _ => return None,
    };
    let description = network.description();
    Some(match json::any_network::list_of(description, role, number) {
        Some(list) => Ok(json::any_network::rows(network, line, list)),
        None => Err(format!("{} has no such list", description.network)),
    })
}

/// The answer to `:list NAME` at a node of any network.
pub(super) fn list_named(network: &dyn Network, line: u64, name: &str) -> Result<Record, String> {
    let description = network.description();
    let list = json::any_network::list_named(description, name);
    let list = list.ok_or_else(|| format!("{} has no list {name}", description.network))?;
    Ok(json::any_network::rows(network, line, list))
}

/// Lets the node begin, and runs until a signal or `:quit` requests the end, until the output is closed, or until the node
/// has stopped. Then stops it with `stop`, which must end in bounded time. The first line is the first event of the node.
///
/// # Errors
///
/// Returns a write error, unless the reader closed the output.
pub(crate) async fn run(
    network: Arc<dyn Network>,
    recorder: Recorder,
    begin: impl FnOnce(),
    stop: impl Future<Output = ()>,
) -> anyhow::Result<()> {
    let mut signals = Signals::catch()?;
    let commands = Commands::of(network.clone(), recorder, input::lines()?);
    let events = EventWriter::new(network.clone());
    let mut session = Session { commands, events, output: Output::open()? };
    begin();
    let written = async {
        // No answer comes before it.
        session.events.write_next(&session.output).await?;
        session.write_until_exit().await
    };
    let ended = tokio::select! {
        ended = written => ended.map(drop),
        _ = signals.next() => Ok(()),
    };
    let Session { commands: Commands { mut recorder, calls, .. }, events, output } = session;
    recorder.stop().await;
    tokio::select! {
        () = stop => {}
        // A second signal ends the program at once.
        _ = signals.next() => return Ok(()),
    }
    if let Err(closed) = ended {
        return closed.into_result();
    }
    let time = network.now().unix_ms;
    let end = write_end(events, None, calls, Record::new("stopped", time, ()), output);
    let written = tokio::select! {
        written = tokio::time::timeout(END_TIMEOUT, end) => written.ok(),
        _ = signals.next() => None,
    };
    written.map_or(Ok(()), |written| written.or_else(Closed::into_result))
}
