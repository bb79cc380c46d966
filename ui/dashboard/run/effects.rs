//! Execution of [`Effect`]s: at the node, on disk and at the terminal.

use std::{
    io,
    task::{Context, Poll, Waker},
    time::Instant,
};

use clacks_feed::{Call, Check, Doing, Key, Outcome, Refusal, Request, description::ListId};
use clacks_language::list_source::ListSource;
use clacks_source::precheck::REPLAY_SENDS_NOTHING;
use clacks_terminal::{
    Screen,
    clipboard::{self, Text},
};

use super::{
    answers::Waiting,
    event_loop::{Dashboard, LoopState},
};
use crate::{
    state::{
        errors::{CommandRefusal, EffectError},
        message::{Effect, Msg},
    },
    update::update,
};

impl Dashboard {
    pub(crate) async fn execute(&mut self, effect: Effect) -> anyhow::Result<LoopState> {
        match effect {
            Effect::Call(call) => self.call(vec![call]),
            Effect::CallAll(calls) => self.call(calls),
            Effect::QueryAssist(question) => self.query_assist(question),
            Effect::AppendHistory(line) => {
                self.history.iter().for_each(|history| history.enqueue(line.clone()));
            }
            // Handled by the model.
            Effect::SetSending(_) | Effect::InsertText(_) => {}
            Effect::Edit(item) => self.start_line_edit(item).await,
            Effect::CancelEdit(call) => self.cancel_edit(Some(call)),
            Effect::FinishEdit(editing, text) => self.finish_edit(editing, &text).await,
            Effect::OpenEditor(item) => return self.edit_in_editor(item).await,
            Effect::Undo(call) => self.undo(call),
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

    /// Makes calls. The results of those that take less than a frame are shown at once.
    fn call(&mut self, calls: Vec<Call>) {
        if let Some(at) = calls.first().and_then(|call| self.other_network(call)) {
            for call in calls {
                self.request(at, Request::Call(call.clone()), Waiting::Call(call));
            }
            return;
        }
        let Some(network) = self.source.network() else {
            self.dispatch(Msg::EffectDone(Err(CommandRefusal::new(REPLAY_SENDS_NOTHING).into())));
            return;
        };
        // Each is begun at once, one after the other.
        let doings: Vec<_> = calls.iter().map(|call| network.clone().call(call.clone())).collect();
        self.when_done(doings, move |results| Msg::Called(calls.into_iter().zip(results).collect()));
    }

    /// Makes the call that undoes a command.
    fn undo(&mut self, call: Call) {
        if let Some(at) = self.other_network(&call) {
            return self.request(at, Request::Call(call), Waiting::Undo);
        }
        let Some(network) = self.source.network() else { return };
        let (network, doing) = (network.clone(), network.clone().call(call.clone()));
        self.when_done(vec![doing], move |mut results| {
            let Some(result) = results.pop() else { return Msg::Called(Vec::new()) };
            let can_work = result.is_err() && network.check(&call) == Check::Works;
            Msg::Undone(result, can_work.then_some(call))
        });
    }

    /// Sends the results of calls that were begun.
    fn when_done(
        &mut self,
        doings: Vec<Doing>,
        msg: impl FnOnce(Vec<Result<Outcome, Refusal>>) -> Msg + Send + 'static,
    ) {
        let mut all = Box::pin(join_all(doings));
        match all.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(results) => self.dispatch(msg(results)),
            // The dashboard goes on meanwhile.
            Poll::Pending => {
                let replies = self.replies.0.clone();
                tokio::spawn(async move {
                    // An error means that the dashboard is closed.
                    let _ = replies.send(msg(all.await)).await;
                });
            }
        }
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
            // An error means that the dashboard is closed.
            let _ = replies.send(Msg::PeersRead(lists.read(asked).await)).await;
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

/// The results of calls, in the same order.
async fn join_all(doings: Vec<Doing>) -> Vec<Result<Outcome, Refusal>> {
    let mut results = Vec::with_capacity(doings.len());
    for doing in doings {
        results.push(doing.await);
    }
    results
}
