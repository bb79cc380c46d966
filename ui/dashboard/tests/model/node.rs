//! A simulated node for the fixture. It executes the effects of the dashboard.

use clacks_language::command::NodeCommand;
use clacks_p2p::{
    Message,
    core::{Core, HeldBy, HeldMessage, MessageId, MessageState, Options, QueuedMessage, Status},
};
use clacks_source::{execute::HeldForEdit, execute_error::ExecuteError, restore::Before};

use crate::{
    state::message::{Effect, Msg},
    tests::fixture::{Fixture, address, now, queued},
};

/// Lists of the node: ids of queued and held messages, and peers with their status.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct State {
    pub waiting: Vec<MessageId>,
    pub held: Vec<MessageId>,
    pub peers: Vec<(String, Status)>,
}

impl State {
    pub(crate) fn of(fixture: &Fixture) -> Self {
        Self {
            waiting: fixture.queue.iter().map(|queued| queued.id).collect(),
            held: fixture.held.iter().map(|held| held.queued.id).collect(),
            peers: fixture.peers.iter().map(|peer| (peer.address.to_string(), peer.status)).collect(),
        }
    }
}

/// Returns the result text of a command. It is unique per command.
pub(crate) fn said(command: &NodeCommand) -> String {
    format!("said of {command:?}").chars().filter(char::is_ascii).take(60).collect()
}

/// Sends a message to the dashboard, executes and returns its effects, and refreshes the lists, as the event loop
/// does.
pub(crate) fn give(fixture: &mut Fixture, msg: Msg) -> Vec<Effect> {
    let asked = fixture.send(msg);
    for effect in &asked {
        carry_out(fixture, effect.clone());
    }
    fixture.refresh();
    asked
}

fn carry_out(fixture: &mut Fixture, effect: Effect) {
    match effect {
        Effect::Run(command) => run(fixture, vec![command]),
        Effect::RunAll(commands) => run(fixture, commands),
        Effect::Edit(id) => edit(fixture, id),
        Effect::ReturnMessage(id) => put_back(fixture, id),
        Effect::FinishEdit(editing, message) => {
            replace(fixture, editing.id, &message);
            if editing.returns_to_queue {
                put_back(fixture, editing.id);
            }
            let said = said(&NodeCommand::Replace(editing.id, message));
            fixture.send(Msg::EffectDone(Ok(said)));
        }
        Effect::Undo(before) => undo(fixture, before),
        Effect::RequestQuit => {
            fixture.refresh();
            fixture.send(Msg::ConfirmQuit);
        }
        Effect::Refresh => fixture.refresh(),
        _ => {}
    }
}

fn run(fixture: &mut Fixture, commands: Vec<NodeCommand>) {
    let (mut outcomes, mut dropped) = (Vec::new(), Vec::new());
    for command in commands {
        let is_done = change(fixture, &command, &mut dropped);
        let said = said(&command);
        outcomes.push((command, if is_done { Ok(said) } else { Err(ExecuteError::Aborted) }));
    }
    let before = if dropped.is_empty() { Vec::new() } else { vec![before(&dropped)] };
    fixture.send(Msg::CommandsRun(outcomes, before));
}

/// Executes a command. Returns whether it succeeded.
fn change(fixture: &mut Fixture, command: &NodeCommand, dropped: &mut Vec<Dropped>) -> bool {
    match command {
        NodeCommand::Enqueue(message) => {
            add(fixture, message);
            true
        }
        NodeCommand::Drop(id) => {
            let removed = remove(fixture, *id);
            let is_done = removed.is_some();
            dropped.extend(removed);
            is_done
        }
        NodeCommand::DropAll(None) => {
            let all: Vec<_> = State::of(fixture).waiting.into_iter().chain(State::of(fixture).held).collect();
            dropped.extend(all.into_iter().filter_map(|id| remove(fixture, id)));
            !dropped.is_empty()
        }
        NodeCommand::HoldOne(id) => hold(fixture, *id),
        NodeCommand::Release(id) => release(fixture, *id),
        NodeCommand::ReleaseAll => {
            let all = State::of(fixture).held;
            all.into_iter().filter(|id| release(fixture, *id)).count() > 0
        }
        NodeCommand::Replace(id, message) => replace(fixture, *id, message),
        NodeCommand::Ignore(peer) => set_status(fixture, &peer.to_string(), Status::Ignored),
        NodeCommand::Unignore(peer) => set_status(fixture, &peer.to_string(), Status::New),
        NodeCommand::Forget(peer) => {
            let count = fixture.peers.len();
            fixture.peers.retain(|known| known.address != *peer);
            fixture.peers.len() < count
        }
        _ => true,
    }
}

/// A dropped message with the reason for which it was held, if it was.
pub(crate) struct Dropped {
    queued: QueuedMessage,
    held: Option<HeldBy>,
}

/// Returns the former state for the undo of dropped messages.
fn before(dropped: &[Dropped]) -> Before {
    let mut core = Core::new(Options::new(address("tower:1"))).unwrap();
    let drop = |dropped: &Dropped| {
        let id = core.enqueue(dropped.queued.message.clone(), now()).unwrap();
        if dropped.held.is_some() {
            core.hold(id);
        }
        core.drop_these(&[id])
    };
    Before::Messages(dropped.iter().flat_map(drop).collect())
}

fn set_status(fixture: &mut Fixture, name: &str, status: Status) -> bool {
    let peer = fixture.peers.iter_mut().find(|peer| peer.address.to_string() == name);
    peer.map(|peer| peer.status = status).is_some()
}

fn next_number(fixture: &Fixture) -> u64 {
    let all = State::of(fixture);
    let last = all.waiting.iter().chain(&all.held).max();
    last.map_or(20, |id| id.to_string().parse::<u64>().unwrap_or(20)) + 1
}

/// Appends a message to the queue.
pub(crate) fn add(fixture: &mut Fixture, message: &Message) {
    let number = next_number(fixture);
    fixture.queue.push(queued(number, message.as_json(), 1, 1));
}

/// Removes a message, as if it was sent or dropped.
pub(crate) fn remove(fixture: &mut Fixture, id: MessageId) -> Option<Dropped> {
    if let Some(at) = fixture.queue.iter().position(|queued| queued.id == id) {
        return Some(Dropped { queued: fixture.queue.remove(at), held: None });
    }
    let at = fixture.held.iter().position(|held| held.queued.id == id)?;
    let held = fixture.held.remove(at);
    Some(Dropped { queued: held.queued, held: Some(held.by) })
}

fn hold(fixture: &mut Fixture, id: MessageId) -> bool {
    let Some(at) = fixture.queue.iter().position(|queued| queued.id == id) else { return false };
    let queued = fixture.queue.remove(at);
    fixture.held.push(HeldMessage::new(queued, HeldBy::Hand));
    fixture.held.sort_by_key(|held| held.queued.id);
    true
}

fn release(fixture: &mut Fixture, id: MessageId) -> bool {
    let number = next_number(fixture);
    let Some(at) = fixture.held.iter().position(|held| held.queued.id == id) else { return false };
    let mut released = fixture.held.remove(at).queued;
    released.id = number.to_string().parse().unwrap();
    fixture.queue.push(released);
    true
}

fn put_back(fixture: &mut Fixture, id: MessageId) {
    let Some(at) = fixture.held.iter().position(|held| held.queued.id == id) else { return };
    let held = fixture.held.remove(at).queued;
    let place = fixture.queue.partition_point(|queued| queued.id < id);
    fixture.queue.insert(place, held);
}

fn edit(fixture: &mut Fixture, id: MessageId) {
    let waited = hold(fixture, id);
    let message =
        fixture.held.iter().find(|held| held.queued.id == id).map(|held| held.queued.message.clone());
    fixture.send(match message {
        Some(message) => Msg::Editing(Box::new(HeldForEdit { id, message, waited })),
        None => Msg::EffectDone(Err(ExecuteError::UnknownMessage(id).into())),
    });
}

fn replace(fixture: &mut Fixture, id: MessageId, message: &Message) -> bool {
    let held = fixture.held.iter_mut().map(|held| &mut held.queued);
    let found = fixture.queue.iter_mut().chain(held).find(|queued| queued.id == id);
    found.map(|queued| queued.message = message.clone()).is_some()
}

fn undo(fixture: &mut Fixture, before: Vec<Before>) {
    for before in before {
        if let Before::Messages(messages) = before {
            messages.iter().for_each(|message| take_back(fixture, message));
        }
    }
    fixture.send(Msg::Undone(Ok("taken back".to_owned()), Vec::new()));
}

fn take_back(fixture: &mut Fixture, dropped: &MessageState) {
    let mut queued = dropped.queued().clone();
    queued.id = next_number(fixture).to_string().parse().unwrap();
    match dropped.held() {
        Some(by) => fixture.held.push(HeldMessage::new(queued, by)),
        None => fixture.queue.push(queued),
    }
}
