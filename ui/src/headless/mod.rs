//! The node without a screen: commands in, JSON lines out.

use std::time::Duration;

use clacks_p2p::{Node, node::Remaining};
use tokio::{
    sync::mpsc,
    task::{JoinError, JoinSet},
};

use crate::{
    command::{Command, NodeCommand, ViewCommand},
    execute::execute,
    recording::recorder::Recorder,
};

pub(crate) mod input;
mod output;
pub(crate) mod record;
pub(crate) mod signals;
mod story;

pub(crate) use output::{Closed, Output};
use record::Record;
use signals::Signals;
use story::Story;

/// What the reader of the output gets to read what was left when the node stopped.
const GOODBYE: Duration = Duration::from_secs(10);

/// Announces under way before further lines of the input wait for one to end.
const MOST_ANNOUNCES: usize = 64;

/// Runs until a signal or `:quit` asks it to stop, or nobody reads its output any more; then stops the node. Returns
/// the messages that are lost if nobody could be told of them.
pub(crate) async fn run(node: &Node, mut recorder: Recorder) -> anyhow::Result<Remaining> {
    let mut signals = Signals::catch()?;
    let mut story = Story::new(node);
    let mut announces = JoinSet::new();
    let output = Output::open();
    let session = async {
        output.write(record::ready(node).into_line()).await?;
        tokio::select! {
            told = story.tell(&output) => told,
            answered = answer(node, &mut recorder, input::lines(), &mut announces, &output) => answered,
            closed = output.closed() => Err(closed),
        }
    };
    tokio::select! {
        ended = session => if let Err(Closed) = ended {
            recorder.stop().await;
            return Ok(crate::stop(node).await);
        },
        _ = signals.next() => {}
    }
    recorder.stop().await;
    let remaining = tokio::select! {
        remaining = crate::stop(node) => remaining,
        // Somebody is in a hurry.
        _ = signals.next() => return Ok(node.remaining()),
    };
    let goodbye = say_goodbye(node.now().unix_ms, &remaining, story, announces, output);
    let told = tokio::select! {
        told = tokio::time::timeout(GOODBYE, goodbye) => matches!(told, Ok(Ok(()))),
        _ = signals.next() => false,
    };
    Ok(if told { Remaining::default() } else { remaining })
}

/// Carries out one line of the input after the other, until `:quit`. The end of the input ends nothing.
///
/// An announce takes as long as the other node takes; meanwhile the next lines are carried out.
async fn answer(
    node: &Node,
    recorder: &mut Recorder,
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
            said = recorder.said() => {
                if let Err(reason) = said {
                    output.write(record::failed(node.now().unix_ms, &reason).into_line()).await?;
                }
                continue;
            }
            Some(line) = lines.recv(), if announces.len() < MOST_ANNOUNCES => line,
        };
        number += 1;
        let command = match &line {
            Ok(line) => Command::parse(line).map_err(|error| error.to_string()),
            Err(error) => Err(error.to_string()),
        };
        match command {
            Ok(Command::View(ViewCommand::Quit)) => return Ok(()),
            Ok(Command::View(ViewCommand::Record(command))) => {
                let done = recorder.carry_out(command).await;
                output.write(answered(node, number, done).into_line()).await?;
            }
            Ok(Command::Node(NodeCommand::Announce(_))) => {
                let node = node.clone();
                announces.spawn(async move { carry_out(&node, number, command).await });
            }
            command => output.write(carry_out(node, number, command).await.into_line()).await?,
        }
    }
}

async fn write_answer(answer: Result<Record, JoinError>, output: &Output) -> Result<(), Closed> {
    match answer {
        Ok(record) => output.write(record.into_line()).await,
        // It panicked, which is told elsewhere.
        Err(_) => Ok(()),
    }
}

async fn carry_out(node: &Node, line: u64, command: Result<Command, String>) -> Record {
    let done = match command {
        Ok(Command::Node(command)) => execute(node, command).await,
        Ok(Command::View(ViewCommand::Edit(id))) => {
            Err(format!("write the new text behind the number, as in :edit {id} TEXT"))
        }
        Ok(Command::View(command)) => match look(node, line, &command) {
            Some(record) => return record,
            None => Err("that is for the dashboard; here every event is a line".to_owned()),
        },
        Err(reason) => Err(reason),
    };
    answered(node, line, done)
}

fn answered(node: &Node, line: u64, done: Result<String, String>) -> Record {
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
        ViewCommand::Held => Some(record::held(time, line, &node.held_window(0..usize::MAX))),
        ViewCommand::Help => Some(record::help(time, line)),
        // Those of the screen, and what ends the program before it comes here.
        _ => None,
    }
}

/// Writes what happened until the node stopped, and what is lost.
async fn say_goodbye(
    time: u64,
    remaining: &Remaining,
    story: Story,
    mut announces: JoinSet<Record>,
    output: Output,
) -> Result<(), Closed> {
    story.tell_the_rest(&output).await?;
    // The node has given them up.
    while let Some(done) = announces.join_next().await {
        write_answer(done, &output).await?;
    }
    output.write(record::stopped(time, remaining).into_line()).await?;
    output.finish().await
}
