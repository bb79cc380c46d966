//! Execution of [`Effect`]s at the node, on the disk and at the terminal.

use std::{io, time::Instant};

use clacks_language::{command::NodeCommand, list_source::ListSource};
use clacks_p2p::{Node, core::MessageId};
use clacks_source::{
    precheck::REPLAY_SENDS_NOTHING,
    restore::{self, Before, execute_undoable},
};
use clacks_terminal::{
    Screen,
    clipboard::{self, Text},
};
use tokio::task::JoinSet;

use super::event_loop::{Dashboard, Stay};
use crate::{
    state::message::{CommandResult, Effect, Msg},
    update::{copy, update},
};

/// Announces under way at once, of those that were asked for together.
const AT_ONCE: usize = 16;

impl Dashboard {
    pub(crate) async fn carry_out(&mut self, effect: Effect) -> anyhow::Result<Stay> {
        match effect {
            Effect::Run(command) => self.run_commands(vec![command]).await,
            Effect::RunAll(commands) => self.run_commands(commands).await,
            Effect::QueryAssist(question) => self.ask(question),
            Effect::AppendHistory(line) => self.history.iter().for_each(|history| history.add(line.clone())),
            // They were for the model.
            Effect::SetSending(_) | Effect::InsertText(_) => {}
            Effect::Edit(id) => self.edit(id),
            // It may have been dropped or sent meanwhile.
            Effect::ReturnMessage(id) => drop(self.source.node().map(|node| node.release_to_place(id))),
            Effect::FinishEdit(editing, message) => self.finish_edit(editing, &message),
            Effect::OpenEditor(id) => return self.edit_elsewhere(id).await,
            Effect::Undo(before) => self.undo(before),
            Effect::Refresh => self.refresh(),
            Effect::Suspend => {
                if let Err(error) = self.screen.suspend()? {
                    self.take(Msg::EffectDone(Err(format!("the program can't be stopped: {error}"))));
                }
                self.resize();
            }
            Effect::Redraw => self.screen.redraw()?,
            Effect::Copy(text) => self.reply_when_done(clipboard::copy(text)),
            Effect::CopyMessages(ids) => {
                let text = self.texts(&ids);
                self.reply_when_done(clipboard::copy(text));
            }
            Effect::WriteRows(target, rows) => self.reply_when_done(async move {
                let written =
                    tokio::task::spawn_blocking(move || clacks_source::export::write(&target, &rows)).await;
                written.unwrap_or_else(|error| Err(error.to_string()))
            }),
            Effect::RingBell => self.ring()?,
            Effect::SaveStations(stations) => self.stations.iter().for_each(|kept| kept.keep(&stations)),
            Effect::SetMouse(on) => self.screen.set_mouse(on)?,
            Effect::RequestQuit => {
                // What was typed a moment ago counts.
                self.refresh();
                let effects = update(&mut self.model, self.source.now(), Msg::ConfirmQuit);
                return Ok(if effects.contains(&Effect::Quit) { Stay::Leave } else { Stay::Open });
            }
            Effect::Record(command) => {
                let failure = self.model.recording_failure.take();
                match (self.source.record(&command), failure) {
                    (Ok(()), _) => {}
                    // It is acknowledged.
                    (Err(_), Some(failure)) => {
                        self.take(Msg::EffectDone(Ok(format!("the recording ended: {failure}"))));
                    }
                    (Err(reason), None) => self.take(Msg::EffectDone(Err(reason))),
                }
            }
            Effect::ReadPeers(source) => self.read_peers(source),
            Effect::Replay(command) => self.control(command),
            Effect::StartDrain { with_held } => self.hand_on(with_held),
            Effect::CancelDrain => {
                self.handing_on.shutdown().await;
                self.source.node().iter().for_each(|node| node.resume());
            }
            Effect::Quit => return Ok(Stay::Leave),
        }
        Ok(Stay::Open)
    }

    async fn run_commands(&mut self, commands: Vec<NodeCommand>) {
        let Some(node) = self.source.node() else {
            self.take(Msg::EffectDone(Err(REPLAY_SENDS_NOTHING.to_owned())));
            return;
        };
        let takes_long = |command: &NodeCommand| {
            matches!(
                command,
                NodeCommand::Announce(_)
                    | NodeCommand::Hold(_)
                    | NodeCommand::Unhold
                    | NodeCommand::DropAll(_)
            )
        };
        if commands.first().is_some_and(takes_long) {
            // The command waits for other nodes or visits the whole queue, so it runs in the background.
            let (node, replies) = (node.clone(), self.replies.0.clone());
            tokio::spawn(async move {
                let (outcomes, before) = run_all(&node, commands, AT_ONCE).await;
                // An error means that the dashboard is gone.
                let _ = replies.send(Msg::CommandsRun(outcomes, before)).await;
            });
            return;
        }
        let (outcomes, before) = run_all(node, commands, 1).await;
        self.take(Msg::CommandsRun(outcomes, before));
    }

    /// Puts back what was before a command. Where a hold rule is put back, that takes as long as the look at the whole
    /// queue; meanwhile the dashboard goes on.
    fn undo(&mut self, before: Vec<Before>) {
        let Some(node) = self.source.node().cloned() else { return };
        let replies = self.replies.0.clone();
        tokio::task::spawn_blocking(move || {
            let (said, left) = restore::undo(&node, before);
            // An error means that the dashboard is gone.
            let _ = replies.blocking_send(Msg::Undone(said, left));
        });
    }

    /// Does what takes longer than a frame, while the dashboard goes on, and tells how it went.
    pub(crate) fn reply_when_done(
        &self,
        work: impl Future<Output = Result<String, String>> + Send + 'static,
    ) {
        let replies = self.replies.0.clone();
        tokio::spawn(async move {
            // An error means that the dashboard is gone.
            let _ = replies.send(Msg::EffectDone(work.await)).await;
        });
    }

    /// Reads a list of peers, or all that are configured, while the dashboard goes on.
    pub(crate) fn read_peers(&mut self, asked: Option<ListSource>) {
        let Some(lists) = self.source.peer_lists().cloned() else { return };
        let replies = self.replies.0.clone();
        tokio::spawn(async move {
            let read = lists.read_all(asked).await;
            // An error means that the dashboard is gone.
            let _ =
                replies.send(read.map_or_else(|reason| Msg::EffectDone(Err(reason)), Msg::PeersRead)).await;
        });
    }

    /// Hands on what only the node has, while the dashboard goes on.
    fn hand_on(&mut self, with_held: bool) {
        let Some(node) = self.source.node().cloned() else { return };
        self.handing_on.spawn(async move {
            if with_held {
                node.drain_with_held(crate::state::shutdown::DRAIN_TIME_LIMIT).await
            } else {
                node.drain(crate::state::shutdown::DRAIN_TIME_LIMIT).await
            }
        });
    }

    pub(crate) fn ring(&mut self) -> io::Result<()> {
        if self.bell.may_ring(Instant::now()) { Screen::ring() } else { Ok(()) }
    }

    /// What these messages say, a line each.
    fn texts(&self, ids: &[MessageId]) -> Text {
        let queued = ids.iter().filter_map(|id| self.source.queued_message(*id));
        Text::new(&queued.map(|queued| copy::line(&queued.message)).collect::<Vec<_>>().join("\n"))
    }
}

/// Carries out commands, so many at a time: with one at a time, in their order. Returns how each went, and what was
/// before as far as it can be put back.
async fn run_all(
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
    // One that panicked is told of elsewhere.
    while let Some(done) = running.join_next().await {
        done.into_iter().for_each(&mut take);
    }
    (outcomes, all_before)
}
