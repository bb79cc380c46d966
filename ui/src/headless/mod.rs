//! `clacks node`: a node without a screen. Commands come in, JSON lines go out.

use std::{fmt::Display, sync::Arc, time::Duration};

use clacks_feed::{Call, Network, description::Description};
use clacks_language::{
    command::{Command, ViewCommand},
    list_source::ListSource,
};
use clacks_p2p::{Node, node::Unsent};
use clacks_p2p_feed::{UnsentCounts, handing_on_ended};
use clacks_recording::recorder::Recorder;
use event_writer::EventWriter;
use tokio::{
    sync::mpsc,
    task::{JoinError, JoinSet},
};

use super::{
    json::{self, Record},
    networks::{self, Clacks},
    peer_list::{self, PeerLists},
    platform::{
        input,
        output::{Closed, Output},
        signals::Signals,
    },
    shutdown::{self, WHEN_TOLD_TO_END},
};

pub(crate) mod any_network;
pub(crate) mod event_writer;
#[cfg(test)]
mod tests;

/// Maximum time for the reader of the output to read the remaining lines after the node has stopped.
const END_TIMEOUT: Duration = Duration::from_secs(10);

/// Maximum number of announces, stops and list reads in progress. At the limit, further lines of the input wait.
const MAX_IN_PROGRESS: usize = 64;

/// Runs until a signal or `:quit` requests the end, or until the output is closed. Then drains unsent messages if
/// requested, and stops the node. Returns lost messages that could not be reported. A write error other than a closed
/// reader is returned as an error.
pub(crate) async fn run(
    clacks: Clacks,
    network: Arc<dyn Network>,
    recorder: Recorder,
    drains: bool,
) -> anyhow::Result<Unsent> {
    let mut signals = Signals::catch()?;
    let node = &clacks.node.clone();
    let commands = Commands::new(clacks, network.clone(), recorder)?;
    let mut session = Session { commands, events: EventWriter::new(network), output: Output::open()? };
    let mut exits_now = false;
    let ended = tokio::select! {
        ended = session.run(json::ready(node)) => ended,
        _ = signals.next() => Ok(Leave::AfterDrain),
    };
    let ended = match ended {
        Ok(Leave::AfterDrain) if drains => tokio::select! {
            ended = session.drain(node) => ended,
            _ = signals.next() => {
                exits_now = true;
                Ok(None)
            }
        },
        ended => ended.map(|_| None),
    };
    let Session { commands: Commands { mut recorder, calls, .. }, events, output } = session;
    recorder.stop().await;
    let drain_record = match ended {
        Ok(drain_record) => drain_record,
        Err(closed) => return end_without_output(node, closed, drains).await,
    };
    let remaining = tokio::select! {
        remaining = shutdown::stop(node) => remaining,
        // A second signal ends the program at once.
        _ = signals.next() => return Ok(node.remaining()),
    };
    if exits_now {
        return Ok(remaining);
    }
    let end = write_end(events, drain_record, calls, json::stopped(node.now().unix_ms, &remaining), output);
    let written = tokio::select! {
        written = tokio::time::timeout(END_TIMEOUT, end) => written.ok(),
        _ = signals.next() => None,
    };
    match written {
        Some(Ok(())) => Ok(Unsent::default()),
        Some(Err(closed)) => end_without_output(node, closed, drains).await,
        None => Ok(remaining),
    }
}

/// Stops the node after its output was closed or failed. Reports lost messages on standard error before that if
/// `reports_loss`.
async fn end_without_output(node: &Node, closed: Closed, reports_loss: bool) -> anyhow::Result<Unsent> {
    let remaining = shutdown::stop(node).await;
    match closed.into_result() {
        Ok(()) => Ok(remaining),
        Err(error) => {
            if reports_loss {
                shutdown::report_loss(&remaining);
            }
            Err(error)
        }
    }
}

/// The kind of exit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Leave {
    AfterDrain,
    AtOnce,
}

/// A node of any network without a screen.
struct Session {
    commands: Commands,
    events: EventWriter,
    output: Output,
}

/// Executes the lines of the input.
struct Commands {
    network: Arc<dyn Network>,
    /// `None`: the node is of another network.
    clacks: Option<Clacks>,
    recorder: Recorder,
    lines: mpsc::Receiver<input::Line>,
    /// Number of the last line that was read.
    number: u64,
    /// Calls that wait for other nodes.
    calls: JoinSet<Record>,
    /// Configured lists of peers, read at the start. Nothing waits for them.
    configured: JoinSet<Vec<Record>>,
    /// Lists of peers that the input requested. They are not awaited at the end.
    list_reads: JoinSet<Vec<Record>>,
}

impl Session {
    /// Writes the first line, then events and answers as [`write_until_exit`](Self::write_until_exit) does.
    async fn run(&mut self, ready: Record) -> Result<Leave, Closed> {
        self.output.write(ready.into_line()).await?;
        self.write_until_exit().await
    }

    /// Writes events and answers until an exit is requested or the node has stopped.
    async fn write_until_exit(&mut self) -> Result<Leave, Closed> {
        let Self { commands, events, output } = self;
        tokio::select! {
            written = events.write_events(output) => written.map(|()| Leave::AtOnce),
            answered = commands.execute_lines(output) => answered,
            closed = output.closed() => Err(closed),
        }
    }

    /// Drains unsent messages for a limited time, unless `:quit!` ends that. Events and answers are written meanwhile;
    /// a stuck reader does not delay the drain. Returns the record to write about it.
    async fn drain(&mut self, node: &Node) -> Result<Option<Record>, Closed> {
        let unsent = UnsentCounts::at(node);
        if !unsent.can_hand_on() {
            return Ok(None);
        }
        let start = json::handing_on(node.now().unix_ms, unsent.waiting, WHEN_TOLD_TO_END);
        let meanwhile = async {
            self.output.write(start.into_line()).await?;
            while self.write_until_exit().await? != Leave::AtOnce {}
            Ok(None)
        };
        tokio::select! {
            result = node.drain(WHEN_TOLD_TO_END) => {
                let left = unsent.left_of(UnsentCounts::at(node), false);
                let written = handing_on_ended(result, unsent.waiting, left);
                Ok(Some(json::handed_on(node.now().unix_ms, unsent.waiting, left, &written)))
            }
            ended = meanwhile => ended,
        }
    }
}

impl Commands {
    /// Reads standard input for a node of clacks, and starts to read the configured lists of peers.
    fn new(clacks: Clacks, network: Arc<dyn Network>, recorder: Recorder) -> anyhow::Result<Self> {
        let mut commands = Self::of(network, recorder, input::lines()?);
        for source in clacks.peer_lists.configured() {
            let Clacks { node, peer_lists: lists } = clacks.clone();
            let source = source.clone();
            commands.configured.spawn(async move {
                peer_list::json::peers_read(node.now().unix_ms, &lists.read(source).await)
            });
        }
        Ok(Self { clacks: Some(clacks), ..commands })
    }

    /// Reads lines for a node of any network.
    fn of(network: Arc<dyn Network>, recorder: Recorder, lines: mpsc::Receiver<input::Line>) -> Self {
        Self {
            network,
            clacks: None,
            recorder,
            lines,
            number: 0,
            calls: JoinSet::new(),
            configured: JoinSet::new(),
            list_reads: JoinSet::new(),
        }
    }

    /// The time of the node, in Unix milliseconds.
    fn time(&self) -> u64 {
        self.network.now().unix_ms
    }

    /// Executes the lines of the input in order, until `:quit`. The end of the input ends nothing.
    ///
    /// An announce and a stop take as long as other nodes, and a list of peers as long as its server. Meanwhile the next
    /// lines are executed.
    async fn execute_lines(&mut self, output: &Output) -> Result<Leave, Closed> {
        loop {
            let has_room = self.calls.len() + self.list_reads.len() < MAX_IN_PROGRESS;
            let line = tokio::select! {
                Some(done) = self.calls.join_next() => {
                    write_answers(done.map(|record| vec![record]), output).await?;
                    continue;
                }
                Some(done) = self.configured.join_next() => {
                    write_answers(done, output).await?;
                    continue;
                }
                Some(done) = self.list_reads.join_next() => {
                    write_answers(done, output).await?;
                    continue;
                }
                said = self.recorder.said() => {
                    if let Err(reason) = said {
                        let failed = json::answers::failed(self.time(), &reason.to_string());
                        output.write(failed.into_line()).await?;
                    }
                    continue;
                }
                Some(line) = self.lines.recv(), if has_room => line,
            };
            self.number += 1;
            let command = match &line {
                Ok(line) => {
                    Command::parse(line, self.network.description()).map_err(|error| error.to_string())
                }
                Err(error) => Err(error.to_string()),
            };
            if let Some(leave) = self.start_command(command, output).await? {
                return Ok(leave);
            }
        }
    }

    /// Executes a command, or starts it if it takes a while.
    async fn start_command(
        &mut self,
        command: Result<Command, String>,
        output: &Output,
    ) -> Result<Option<Leave>, Closed> {
        let number = self.number;
        let record = match command {
            Ok(Command::View(ViewCommand::Quit)) => return Ok(Some(Leave::AfterDrain)),
            Ok(Command::View(ViewCommand::QuitAtOnce)) => return Ok(Some(Leave::AtOnce)),
            Ok(Command::View(ViewCommand::Record(command))) => {
                let done = self.recorder.carry_out(command).await;
                answered(self.time(), number, done)
            }
            Ok(Command::View(command)) => match (&self.clacks, command) {
                (Some(clacks), ViewCommand::PeersFrom(source)) => {
                    let Clacks { node, peer_lists: lists } = clacks.clone();
                    self.list_reads.spawn(async move { read_peers(&node, number, &lists, source).await });
                    return Ok(None);
                }
                (clacks, command) => {
                    let node = clacks.as_ref().map(|clacks| &clacks.node);
                    answer_view_command(node, &*self.network, number, &command)
                }
            },
            Ok(command) => {
                let Some(call) = networks::call(&*self.network, &command) else {
                    let refused = answered(self.time(), number, Err::<String, _>(networks::NO_TEXTS));
                    output.write(refused.into_line()).await?;
                    return Ok(None);
                };
                let is_slow =
                    networks::waits_for_another_node(&call) && !networks::holds_up_the_next_line(&call);
                let called = answer_call(self.network.clone(), number, call);
                if is_slow {
                    self.calls.spawn(called);
                    return Ok(None);
                }
                called.await
            }
            Err(reason) => answered(self.time(), number, Err::<String, _>(reason)),
        };
        output.write(record.into_line()).await?;
        Ok(None)
    }
}

/// Reads one list of peers, or all configured ones. Returns what was read, then the answer to the command.
async fn read_peers(node: &Node, line: u64, lists: &PeerLists, source: Option<ListSource>) -> Vec<Record> {
    let read = lists.read_all(source).await;
    let time = node.now().unix_ms;
    let list_reads = read.as_deref().unwrap_or_default();
    let records = list_reads.iter().flat_map(|reading| peer_list::json::peers_read(time, reading));
    let answer = match &read {
        Ok(readings) => answered(time, line, peer_list::summary(readings)),
        Err(error) => answered(time, line, Err(error)),
    };
    records.chain([answer]).collect()
}

async fn write_answers(answers: Result<Vec<Record>, JoinError>, output: &Output) -> Result<(), Closed> {
    // A panic of a task is reported by the panic hook.
    for record in answers.unwrap_or_default() {
        output.write(record.into_line()).await?;
    }
    Ok(())
}

async fn answer_call(network: Arc<dyn Network>, line: u64, call: Call) -> Record {
    let done = match network.clone().call(call).await {
        Ok(outcome) => Ok(outcome.text.untrusted().to_owned()),
        Err(refusal) => Err(refusal.text.untrusted().to_owned()),
    };
    answered(network.now().unix_ms, line, done)
}

fn answer_view_command(
    node: Option<&Node>,
    network: &dyn Network,
    line: u64,
    command: &ViewCommand,
) -> Record {
    let answer = match (command, node) {
        (ViewCommand::List(name), _) => Some(any_network::list_named(network, line, name)),
        (_, Some(node)) => query(node, network.description(), line, command).map(Ok),
        (_, None) => any_network::query(network, line, command),
    };
    let reason = match (command, answer) {
        (_, Some(Ok(record))) => return record,
        (_, Some(Err(reason))) => reason,
        (ViewCommand::Edit(item), _) => {
            format!("write the new text behind the number, as in :edit {item} TEXT")
        }
        _ => "that is for the dashboard; here every event is a line".to_owned(),
    };
    answered(network.now().unix_ms, line, Err::<String, _>(reason))
}

fn answered(time: u64, line: u64, done: Result<String, impl Display>) -> Record {
    match done {
        Ok(text) => json::answers::reply(time, line, &text),
        Err(reason) => json::answers::error(time, line, &reason.to_string()),
    }
}

/// The answer to a query; `None` if the command has no answer without a screen.
fn query(node: &Node, network: &Description, line: u64, command: &ViewCommand) -> Option<Record> {
    let time = node.now().unix_ms;
    match command {
        ViewCommand::Peers => Some(json::answers::peers(time, line, &node.peers(), &node.ignored_remotes())),
        ViewCommand::Queue => Some(json::answers::queue(time, line, &node.queue_window(0..usize::MAX))),
        ViewCommand::Held => Some(json::answers::held(time, line, &node.held_window(0..usize::MAX))),
        ViewCommand::Limits => Some(json::answers::limits(time, line, node)),
        ViewCommand::Help => Some(json::answers::help(time, line, network)),
        // Commands of the screen, and those that the caller handles.
        _ => None,
    }
}

/// Writes the events until the node stopped, and the last line.
async fn write_end(
    events: EventWriter,
    drain_record: Option<Record>,
    mut calls: JoinSet<Record>,
    stopped: Record,
    output: Output,
) -> Result<(), Closed> {
    events.write_remaining(&output).await?;
    if let Some(drain_record) = drain_record {
        output.write(drain_record.into_line()).await?;
    }
    // The node has cancelled them.
    while let Some(done) = calls.join_next().await {
        write_answers(done.map(|record| vec![record]), &output).await?;
    }
    output.write(stopped.into_line()).await?;
    output.finish().await
}
