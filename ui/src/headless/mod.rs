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
    leaving::{self, AtStake, WHEN_TOLD_TO_END},
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

/// Runs until a signal or `:quit` asks it to stop, or nobody reads its output any more; then hands on what only this
/// node has, if that is wanted, and stops the node. Returns the messages that are lost if nobody could be told of them.
/// Output that can't be written, other than for want of a reader, ends it with an error.
pub(crate) async fn run(node: &Node, mut recorder: Recorder, hands_on: bool) -> anyhow::Result<Remaining> {
    let mut signals = Signals::catch()?;
    let mut session = Session {
        node,
        recorder: &mut recorder,
        lines: input::lines()?,
        number: 0,
        announces: JoinSet::new(),
        story: Story::new(node),
        output: Output::open()?,
    };
    let mut is_in_a_hurry = false;
    let ended = tokio::select! {
        ended = session.run() => ended,
        _ = signals.next() => Ok(Leave::WhenHandedOn),
    };
    let ended = match ended {
        Ok(Leave::WhenHandedOn) if hands_on => tokio::select! {
            ended = session.hand_on() => ended,
            _ = signals.next() => {
                is_in_a_hurry = true;
                Ok(None)
            }
        },
        ended => ended.map(|_| None),
    };
    let Session { announces, story, output, .. } = session;
    recorder.stop().await;
    let handed_on = match ended {
        Ok(handed_on) => handed_on,
        Err(closed) => return end_without_output(node, closed, hands_on).await,
    };
    let remaining = tokio::select! {
        remaining = crate::stop(node) => remaining,
        // Somebody is in a hurry.
        _ = signals.next() => return Ok(node.remaining()),
    };
    if is_in_a_hurry {
        return Ok(remaining);
    }
    let goodbye = say_goodbye(node.now().unix_ms, &remaining, story, handed_on, announces, output);
    let told = tokio::select! {
        told = tokio::time::timeout(GOODBYE, goodbye) => told.ok(),
        _ = signals.next() => None,
    };
    match told {
        Some(Ok(())) => Ok(Remaining::default()),
        Some(Err(closed)) => end_without_output(node, closed, hands_on).await,
        None => Ok(remaining),
    }
}

/// Stops the node, whose output nobody reads any more or can't be written, which is a failure. What is lost is told
/// before that if anybody minds.
async fn end_without_output(node: &Node, closed: Closed, is_to_be_told: bool) -> anyhow::Result<Remaining> {
    let remaining = crate::stop(node).await;
    match closed.into_result() {
        Ok(()) => Ok(remaining),
        Err(error) => {
            if is_to_be_told {
                crate::tell_of_loss(&remaining);
            }
            Err(error)
        }
    }
}

/// How somebody wants to leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Leave {
    WhenHandedOn,
    AtOnce,
}

struct Session<'a> {
    node: &'a Node,
    recorder: &'a mut Recorder,
    lines: mpsc::Receiver<input::Line>,
    /// Of the line that was read last.
    number: u64,
    announces: JoinSet<Record>,
    story: Story,
    output: Output,
}

impl Session<'_> {
    async fn run(&mut self) -> Result<Leave, Closed> {
        self.output.write(record::ready(self.node).into_line()).await?;
        self.talk().await
    }

    /// Tells and answers until somebody wants to leave or the node has stopped.
    async fn talk(&mut self) -> Result<Leave, Closed> {
        let Self { node, recorder, lines, number, announces, story, output } = self;
        tokio::select! {
            told = story.tell(output) => told.map(|()| Leave::AtOnce),
            answered = answer(node, recorder, lines, number, announces, output) => answered,
            closed = output.closed() => Err(closed),
        }
    }

    /// Hands on what only this node has, for a while, unless `:quit!` ends that. Tells and answers meanwhile; a reader
    /// who is stuck holds up none of it. Returns what there is to tell of it.
    async fn hand_on(&mut self) -> Result<Option<Record>, Closed> {
        let node = self.node;
        let at_stake = AtStake::of(&node.overview());
        if !at_stake.can_hand_on() {
            return Ok(None);
        }
        let begun = record::handing_on(node.now().unix_ms, at_stake.waiting, WHEN_TOLD_TO_END);
        let meanwhile = async {
            self.output.write(begun.into_line()).await?;
            while self.talk().await? != Leave::AtOnce {}
            Ok(None)
        };
        tokio::select! {
            result = node.hand_on(WHEN_TOLD_TO_END) => {
                let left = AtStake::of(&node.overview()).waiting;
                let told = leaving::told(result, at_stake.waiting, left);
                Ok(Some(record::handed_on(node.now().unix_ms, at_stake.waiting, left, &told)))
            }
            ended = meanwhile => ended,
        }
    }
}

/// Carries out one line of the input after the other, until `:quit`. The end of the input ends nothing.
///
/// An announce takes as long as the other node takes; meanwhile the next lines are carried out.
async fn answer(
    node: &Node,
    recorder: &mut Recorder,
    lines: &mut mpsc::Receiver<input::Line>,
    number: &mut u64,
    announces: &mut JoinSet<Record>,
    output: &Output,
) -> Result<Leave, Closed> {
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
        *number += 1;
        let number = *number;
        let command = match &line {
            Ok(line) => Command::parse(line).map_err(|error| error.to_string()),
            Err(error) => Err(error.to_string()),
        };
        match command {
            Ok(Command::View(ViewCommand::Quit)) => return Ok(Leave::WhenHandedOn),
            Ok(Command::View(ViewCommand::QuitAtOnce)) => return Ok(Leave::AtOnce),
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
        ViewCommand::Peers => Some(record::peers(time, line, &node.peers(), &node.ignored_remotes())),
        ViewCommand::Queue => Some(record::queue(time, line, &node.queue_window(0..usize::MAX))),
        ViewCommand::Held => Some(record::held(time, line, &node.held_window(0..usize::MAX))),
        ViewCommand::Limits => Some(record::limits(time, line, node)),
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
    handed_on: Option<Record>,
    mut announces: JoinSet<Record>,
    output: Output,
) -> Result<(), Closed> {
    story.tell_the_rest(&output).await?;
    if let Some(handed_on) = handed_on {
        output.write(handed_on.into_line()).await?;
    }
    // The node has given them up.
    while let Some(done) = announces.join_next().await {
        write_answer(done, &output).await?;
    }
    output.write(record::stopped(time, remaining).into_line()).await?;
    output.finish().await
}
