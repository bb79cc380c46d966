//! Execution of [`Effect`]s: at the node, on disk and at the terminal.

use std::{io, time::Instant};

use clacks_feed::{Call, Request};
use clacks_language::{command::argument::RecordCommand, list_source::ListSource};
use clacks_session::precheck::REPLAY_SENDS_NOTHING;
use clacks_terminal::{
    Screen,
    clipboard::{self, Text},
};

use super::{
    answers::Waiting,
    event_loop::{Dashboard, LoopState},
};
use crate::state::{
    errors::{CommandRefusal, EffectError},
    message::{Effect, Msg},
};

impl Dashboard {
    pub(crate) fn execute(&mut self, effect: Effect) -> anyhow::Result<LoopState> {
        match effect {
            Effect::Call(call) => self.call(vec![call]),
            Effect::CallAll(calls) => self.call(calls),
            Effect::QueryAssist(question) => self.query_assist(question),
            Effect::AppendHistory(line) => {
                self.history.iter().for_each(|history| history.enqueue(line.clone()));
            }
            // Handled by the model.
            Effect::SetSending(_) | Effect::InsertText(_) | Effect::ChooseStop(..) => {}
            Effect::Edit(item) => self.start_edit(item, false),
            Effect::CancelEdit(call) => self.cancel_edit(Some(call)),
            Effect::FinishEdit(editing, text) => self.finish_edit(editing, text),
            Effect::OpenEditor(item) => self.start_edit(item, true),
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
                let active = self.model.networks.position();
                self.request(active, Request::Rows { list, keys }, Waiting::Copy(list));
            }
            Effect::WriteRows(target, rows) => self.spawn_effect(async move {
                let written =
                    tokio::task::spawn_blocking(move || clacks_session::export::write(&target, &rows)).await;
                Ok(written??)
            }),
            Effect::RingBell => self.ring_bell()?,
            Effect::SaveStations(stations) => self.stations.iter().for_each(|kept| kept.save(&stations)),
            Effect::SetMouse(on) => self.screen.set_mouse(on)?,
            Effect::RequestQuit => {
                // Include the most recent changes of the lists.
                self.refresh();
                self.begin_to_quit();
            }
            Effect::AskToStop(from) => self.ask_to_stop(from),
            Effect::Record(command) => self.record(&command),
            Effect::ReadPeers(source) => self.read_peer_lists(source),
            Effect::Replay(command) => self.control_replay(command),
            Effect::Stop(network, call) => self.request(network, Request::Call(call), Waiting::Stop),
            Effect::CancelStop { network, then_asks } => self.cancel_stop(network, then_asks),
            Effect::Quit => return Ok(LoopState::Quit),
        }
        Ok(LoopState::Running)
    }

    /// Starts or stops a recording of the network that is shown.
    fn record(&mut self, command: &RecordCommand) {
        let failure = self.model.recording_failure.take();
        let active = self.model.networks.position();
        match (self.sources.record(active, command), failure) {
            (Ok(()), _) => {}
            // The command acknowledges the failure.
            (Err(_), Some(failure)) => {
                self.dispatch(Msg::EffectDone(Ok(format!("the recording ended: {failure}"))));
            }
            (Err(error), None) => self.dispatch(Msg::EffectDone(Err(error))),
        }
    }

    /// Makes calls for one network.
    fn call(&mut self, calls: Vec<Call>) {
        match calls.first().and_then(|call| self.network_of(call)) {
            Some(network) if self.is_replay(network) => {
                self.dispatch(Msg::EffectDone(Err(CommandRefusal::new(REPLAY_SENDS_NOTHING).into())));
            }
            Some(network) => self.make_calls(network, calls),
            None => {}
        }
    }

    pub(crate) fn is_replay(&self, network: usize) -> bool {
        self.sources.get(network).is_some_and(|source| source.replay().is_some())
    }

    /// Makes the call that undoes a command.
    fn undo(&mut self, call: Call) {
        if let Some(network) = self.network_of(&call) {
            self.request(network, Request::Call(call.clone()), Waiting::Undo(call));
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

    pub(crate) fn copy(&self, text: Text) {
        self.spawn_effect(async { Ok(clipboard::copy(text).await?) });
    }

    /// Reads a peer list, or all configured ones, in the background.
    pub(crate) fn read_peer_lists(&mut self, asked: Option<ListSource>) {
        let active = self.model.networks.position();
        let Some(lists) = self.sources.peer_lists(active).cloned() else {
            self.model.notify_error("no list of peers is read here".to_owned());
            return;
        };
        let replies = self.replies.0.clone();
        tokio::spawn(async move {
            // An error means that the dashboard is closed.
            let _ = replies.send(Msg::PeersRead(lists.read(asked).await)).await;
        });
    }

    pub(crate) fn ring_bell(&mut self) -> io::Result<()> {
        if self.bell.may_ring(Instant::now()) { Screen::ring() } else { Ok(()) }
    }
}
