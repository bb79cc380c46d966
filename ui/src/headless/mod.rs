//! The node without a screen: commands in, JSON lines out.

use std::time::Duration;

use clacks_p2p::{Node, Subscription};
use tokio::{
    sync::mpsc,
    task::{JoinError, JoinSet},
};

use crate::{
    command::{Command, NodeCommand, ViewCommand},
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

/// Announces under way before further lines of the input wait for one to end.
const MOST_ANNOUNCES: usize = 64;

/// Runs until a signal or `:quit` asks it to stop, or nobody reads its output any more; then stops the node.
pub(crate) async fn run(node: &Node) -> anyhow::Result<()> {
    let mut signals = Signals::catch()?;
    let mut events = node.subscribe();
    let mut announces = JoinSet::new();
    let output = Output::open();
    let session = async {
        output.write(record::ready(node)).await?;
        tokio::select! {
            told = tell(node, &mut events, &output) => told,
            answered = answer(node, input::lines(), &mut announces, &output) => answered,
            closed = output.closed() => Err(closed),
        }
    };
    tokio::select! {
        ended = session => if let Err(Closed) = ended { crate::stop(node).await; return Ok(()); },
        () = signals.next() => {}
    }
    tokio::select! {
        _ = tokio::time::timeout(GOODBYE, say_goodbye(node, events, announces, output)) => {}
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
///
/// An announce takes as long as the other node takes; meanwhile the next lines are carried out.
async fn answer(
    node: &Node,
    mut lines: mpsc::Receiver<input::Line>,
    announces: &mut JoinSet<Record>,
    output: &Output,
) -> Result<(), Closed> {
    let mut number = 0;
    loop {
        let line = tokio::select! {
            Some(done) = announces.join_next() => {
                write_answer(done, output).await?;
                continue;
            }
            Some(line) = lines.recv(), if announces.len() < MOST_ANNOUNCES => line,
            else => return std::future::pending().await,
        };
        number += 1;
        let command = match &line {
            Ok(line) => Command::parse(line).map_err(|error| error.to_string()),
            Err(error) => Err(error.to_string()),
        };
        match command {
            Ok(Command::View(ViewCommand::Quit)) => return Ok(()),
            Ok(Command::Node(NodeCommand::Announce(_))) => {
                let node = node.clone();
                announces.spawn(async move { carry_out(&node, number, command).await });
            }
            command => output.write(carry_out(node, number, command).await).await?,
        }
    }
}

async fn write_answer(answer: Result<Record, JoinError>, output: &Output) -> Result<(), Closed> {
    match answer {
        Ok(record) => output.write(record).await,
        // It panicked, which is told elsewhere.
        Err(_) => Ok(()),
    }
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
        ViewCommand::Log | ViewCommand::Filter(_) | ViewCommand::Quit => None,
    }
}

/// Stops the node and writes what happened up to then and what is lost.
async fn say_goodbye(node: &Node, mut events: Subscription, mut announces: JoinSet<Record>, output: Output) {
    let remaining = crate::stop(node).await;
    let time = node.now().unix_ms;
    while let Some(event) = events.try_next() {
        if output.write(record::happened(&event, time)).await.is_err() {
            return;
        }
    }
    // The node has given them up.
    while let Some(done) = announces.join_next().await {
        if write_answer(done, &output).await.is_err() {
            return;
        }
    }
    if output.write(record::stopped(time, &remaining)).await.is_ok() {
        output.finish().await;
    }
}
