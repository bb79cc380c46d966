//! The node without a screen: commands in, JSON lines out.

use std::time::Duration;

use clacks_p2p::{Node, Subscription};
use tokio::sync::mpsc;

use crate::{
    command::{Command, ViewCommand},
    execute::execute,
};

mod input;
mod output;
mod record;
mod signals;

use output::{Closed, Output};
use record::Record;
use signals::Signals;

/// What the reader of the output gets to read what was left when the node stopped.
const GOODBYE: Duration = Duration::from_secs(10);

/// Runs until a signal or `:quit` asks it to stop, or nobody reads its output any more; then stops the node.
pub(crate) async fn run(node: &Node) -> anyhow::Result<()> {
    let mut signals = Signals::catch()?;
    let mut events = node.subscribe();
    let output = Output::open();
    let session = async {
        output.write(record::ready(node)).await?;
        tokio::select! {
            told = tell(node, &mut events, &output) => told,
            answered = answer(node, input::lines(), &output) => answered,
            closed = output.closed() => Err(closed),
        }
    };
    tokio::select! {
        ended = session => if let Err(Closed) = ended { crate::stop(node).await; return Ok(()); },
        () = signals.next() => {}
    }
    tokio::select! {
        _ = tokio::time::timeout(GOODBYE, say_goodbye(node, events, output)) => {}
        // Somebody is in a hurry.
        () = signals.next() => {}
    }
    Ok(())
}

/// Writes what happens, until the node stops.
async fn tell(node: &Node, events: &mut Subscription, output: &Output) -> Result<(), Closed> {
    loop {
        // The room comes first: an event that was taken is never lost when this is given up.
        let room = output.room().await?;
        let Some(event) = events.next().await else { return Ok(()) };
        room.write(record::happened(&event, node.now().unix_ms));
    }
}

/// Carries out one line of the input after the other, until `:quit`. The end of the input ends nothing.
async fn answer(node: &Node, mut lines: mpsc::Receiver<input::Line>, output: &Output) -> Result<(), Closed> {
    let mut number = 0;
    while let Some(line) = lines.recv().await {
        number += 1;
        let command = match &line {
            Ok(line) => Command::parse(line).map_err(|error| error.to_string()),
            Err(error) => Err(error.to_string()),
        };
        if command == Ok(Command::View(ViewCommand::Quit)) {
            return Ok(());
        }
        output.write(carry_out(node, number, command).await).await?;
    }
    std::future::pending().await
}

async fn carry_out(node: &Node, line: u64, command: Result<Command, String>) -> Record {
    let done = match command {
        Ok(Command::Node(command)) => execute(node, command).await,
        Ok(Command::View(command)) => match look(node, line, &command) {
            Some(record) => return record,
            None => Err("that is for the dashboard; here every event is a line".to_owned()),
        },
        Err(reason) => Err(reason),
    };
    match done {
        Ok(text) => record::reply(node.now().unix_ms, line, &text),
        Err(reason) => record::error(node.now().unix_ms, line, &reason),
    }
}

/// The answer to a command that only asks; `None` if there is nothing here that it could ask for.
fn look(node: &Node, line: u64, command: &ViewCommand) -> Option<Record> {
    let time = node.now().unix_ms;
    match command {
        ViewCommand::Peers => Some(record::peers(time, line, &node.peers())),
        ViewCommand::Queue => Some(record::queue(time, line, &node.queue_window(0..usize::MAX))),
        ViewCommand::Help => Some(record::help(time, line)),
        ViewCommand::Traffic | ViewCommand::Filter(_) | ViewCommand::Quit => None,
    }
}

/// Stops the node and writes what happened up to then and what is lost.
async fn say_goodbye(node: &Node, mut events: Subscription, output: Output) {
    let remaining = crate::stop(node).await;
    let time = node.now().unix_ms;
    while let Some(event) = events.try_next() {
        if output.write(record::happened(&event, time)).await.is_err() {
            return;
        }
    }
    if output.write(record::stopped(time, &remaining)).await.is_ok() {
        output.finish().await;
    }
}
