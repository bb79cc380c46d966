//! Execution of [`Effect`]s: at the node, on disk and at the terminal.

use std::{io, time::Instant};

use clacks_feed::{Key, description::ListId};
use clacks_language::{
    command::{NodeCommand, waits_for::WaitsFor},
    list_source::ListSource,
};
use clacks_p2p::Node;
use clacks_source::{
    precheck::REPLAY_SENDS_NOTHING,
    restore::{self, Before, execute_undoable},
};
use clacks_terminal::{
    Screen,
    clipboard::{self, Text},
};
use tokio::task::JoinSet;

use super::event_loop::{Dashboard, LoopState};
use crate::{
    state::{
        errors::{CommandRefusal, EffectError},
        message::{CommandResult, Effect, Msg},
    },
    update::update,
};

/// Maximum concurrent announcements of one command.
const MAX_CONCURRENT: usize = 16;

impl Dashboard {
    pub(crate) async fn execute(&mut self, effect: Effect) -> anyhow::Result<LoopState> {
        match effect {
            Effect::Run(command) => self.run_commands(vec![command]).await,
            Effect::RunAll(commands) => self.run_commands(commands).await,
            Effect::QueryAssist(question) => self.query_assist(question),
            Effect::AppendHistory(line) => {
                self.history.iter().for_each(|history| history.enqueue(line.clone()));
            }
            // Handled by the model.
            Effect::SetSending(_) | Effect::InsertText(_) => {}
            Effect::Edit(id) => self.start_line_edit(id),
            // The message may have been dropped or sent meanwhile.
            Effect::ReturnMessage(id) => drop(self.source.node().map(|node| node.release_to_place(id))),
            Effect::FinishEdit(editing, message) => self.finish_edit(editing, &message),
            Effect::OpenEditor(id) => return self.edit_in_editor(id).await,
            Effect::Undo(before) => self.undo(before),
            Effect::Refresh => self.refresh(),
            Effect::Suspend => {
                if let Err(error) = self.screen.suspend()? {
                    self.dispatch(Msg::EffectDone(Err(EffectError::Suspend(error))));
                }
                self.resize();
            }
            Effect::Redraw => self.screen.redraw()?,
            Effect::Copy(text) => self.copy(text),
            Effect::CopyItems(list, keys) => {
                let text = self.item_texts(list, &keys);
                self.copy(text);
            }
            Effect::WriteRows(target, rows) => self.spawn_effect(async move {
                let written =
                    tokio::task::spawn_blocking(move || clacks_source::export::write(&target, &rows)).await;
                Ok(written??)
            }),
            Effect::RingBell => self.ring_bell()?,
            Effect::SaveStations(stations) => self.stations.iter().for_each(|kept| kept.save(&stations)),
            Effect::SetMouse(on) => self.screen.set_mouse(on)?,
            Effect::RequestQuit => {
                // Include the most recent changes of the queue.
                self.refresh();
                let effects = update(&mut self.model, self.source.now(), Msg::ConfirmQuit);
                return Ok(if effects.contains(&Effect::Quit) {
                    LoopState::Quit
                } else {
                    LoopState::Running
                });
            }
            Effect::Record(command) => {
                let failure = self.model.recording_failure.take();
                match (self.source.record(&command), failure) {
                    (Ok(()), _) => {}
                    // The command acknowledges the failure.
                    (Err(_), Some(failure)) => {
                        self.dispatch(Msg::EffectDone(Ok(format!("the recording ended: {failure}"))));
                    }
                    (Err(error), None) => self.dispatch(Msg::EffectDone(Err(error))),
                }
            }
            Effect::ReadPeers(source) => self.read_peer_lists(source),
            Effect::Replay(command) => self.control_replay(command),
            Effect::StartDrain { with_held } => self.start_drain(with_held),
            Effect::CancelDrain => {
                self.drain.shutdown().await;
                self.source.node().iter().for_each(|node| node.resume());
            }
            Effect::Quit => return Ok(LoopState::Quit),
        }
        Ok(LoopState::Running)
    }

    async fn run_commands(&mut self, commands: Vec<NodeCommand>) {
        let Some(node) = self.source.node() else {
            self.dispatch(Msg::EffectDone(Err(CommandRefusal::new(REPLAY_SENDS_NOTHING).into())));
            return;
        };
        // They are all of one kind.
        let waits_for = commands.first().map_or(WaitsFor::Nothing, NodeCommand::waits_for);
        if waits_for != WaitsFor::Nothing {
            // The dashboard goes on meanwhile.
            let (node, replies) = (node.clone(), self.replies.0.clone());
            tokio::spawn(async move {
                let (outcomes, before) = run_concurrently(&node, commands, MAX_CONCURRENT).await;
                // An error means that the dashboard is closed.
                let _ = replies.send(Msg::CommandsRun(outcomes, before)).await;
            });
            return;
        }
        let (outcomes, before) = run_concurrently(node, commands, 1).await;
        self.dispatch(Msg::CommandsRun(outcomes, before));
    }

    /// Restores the state before a command. Runs in the background, because restoring a hold rule visits the whole
    /// queue.
    fn undo(&mut self, before: Vec<Before>) {
        let Some(node) = self.source.node().cloned() else { return };
        let replies = self.replies.0.clone();
        tokio::task::spawn_blocking(move || {
            let (said, left) = restore::undo(&node, before);
            // An error means that the dashboard is closed.
            let _ = replies.blocking_send(Msg::Undone(said, left));
        });
    }

    /// Runs work that takes longer than a frame in the background, and reports its result.
    pub(crate) fn spawn_effect(
        &self,
        work: impl Future<Output = Result<String, EffectError>> + Send + 'static,
    ) {
        let replies = self.replies.0.clone();
        tokio::spawn(async move {
            // An error means that the dashboard is closed.
            let _ = replies.send(Msg::EffectDone(work.await)).await;
        });
    }

    fn copy(&self, text: Text) {
        self.spawn_effect(async { Ok(clipboard::copy(text).await?) });
    }

    /// Reads a peer list, or all configured ones, in the background.
    pub(crate) fn read_peer_lists(&mut self, asked: Option<ListSource>) {
        let Some(lists) = self.source.peer_lists().cloned() else { return };
        let replies = self.replies.0.clone();
        tokio::spawn(async move {
            let read = lists.read_all(asked).await;
            // An error means that the dashboard is closed.
            let _ = replies
                .send(read.map_or_else(|error| Msg::EffectDone(Err(error.into())), Msg::PeersRead))
                .await;
        });
    }

    /// Starts the drain in the background.
    fn start_drain(&mut self, with_held: bool) {
        let Some(node) = self.source.node().cloned() else { return };
        self.drain.spawn(async move {
            if with_held {
                node.drain_with_held(crate::state::shutdown::DRAIN_TIME_LIMIT).await
            } else {
                node.drain(crate::state::shutdown::DRAIN_TIME_LIMIT).await
            }
        });
    }

    pub(crate) fn ring_bell(&mut self) -> io::Result<()> {
        if self.bell.may_ring(Instant::now()) { Screen::ring() } else { Ok(()) }
    }

    /// Returns the texts of items, one per line.
    fn item_texts(&self, list: ListId, keys: &[Key]) -> Text {
        let rows = self.source.rows(list, keys);
        let texts = rows.iter().flatten().map(|row| self.model.item_text(list, row));
        Text::new(&texts.collect::<Vec<_>>().join("\n"))
    }
}

/// Executes commands, at most `at_once` concurrently. With 1 they run in order. Returns the results, and the former
/// state as far as it can be restored.
async fn run_concurrently(
    node: &Node,
    commands: Vec<NodeCommand>,
    at_once: usize,
) -> (Vec<CommandResult>, Vec<Before>) {
    let (mut outcomes, mut all_before) = (Vec::with_capacity(commands.len()), Vec::new());
    let mut running = JoinSet::new();
    let mut take = |(command, (result, before))| {
        all_before.extend::<Vec<Before>>(before);
        outcomes.push((command, result));
    };
    for command in commands {
        if running.len() >= at_once {
            running.join_next().await.and_then(Result::ok).into_iter().for_each(&mut take);
        }
        let node = node.clone();
        running.spawn(async move { (command.clone(), execute_undoable(&node, command).await) });
    }
    // A panic is reported elsewhere.
    while let Some(done) = running.join_next().await {
        done.into_iter().for_each(&mut take);
    }
    (outcomes, all_before)
}
