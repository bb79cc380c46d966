//! A simulated node for the fixture. It executes the effects of the dashboard.

use clacks_feed::{Call, Draft, Key, Outcome};
use clacks_p2p::{
    Message,
    core::{HeldBy, HeldMessage, MessageId, QueuedMessage, Status},
};

use crate::{
    state::{
        errors::EffectError,
        message::{Effect, Msg},
    },
    tests::{
        calls::{self, done, message_of, new_text, on_held, refused, undoable},
        fixture::{Fixture, queued},
    },
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

/// Returns the result text of a call. It is unique per call.
pub(crate) fn said(call: &Call) -> String {
    let on: Vec<_> = call.on.iter().map(Key::untrusted).collect();
    format!("said of {} {} {on:?}", call.command, call.text.untrusted())
        .chars()
        .filter(char::is_ascii)
        .take(60)
        .collect()
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
        Effect::Call(call) => run(fixture, vec![call]),
        Effect::CallAll(calls) => run(fixture, calls),
        Effect::Edit(item) => edit(fixture, &item),
        Effect::CancelEdit(cancel) => put_back(fixture, cancel.text.untrusted().parse().unwrap()),
        Effect::FinishEdit(editing, text) => {
            replace(fixture, message_id(&editing.item), &message_of(&text).unwrap());
            if let Some(cancel) = &editing.draft.cancel {
                put_back(fixture, cancel.text.untrusted().parse().unwrap());
            }
            let said = said(&Call { text: text.into(), ..editing.draft.send });
            fixture.send(Msg::EffectDone(Ok(said)));
        }
        Effect::Undo(call) => undo(fixture, &call),
        Effect::RequestQuit => {
            fixture.refresh();
            fixture.begin_to_quit();
        }
        Effect::Refresh => fixture.refresh(),
        _ => {}
    }
}

fn run(fixture: &mut Fixture, calls: Vec<Call>) {
    let mut results = Vec::new();
    for call in calls {
        let mut dropped = Vec::new();
        let is_done = change(fixture, &call, &mut dropped);
        let said = said(&call);
        results.push(match is_done {
            true if dropped.is_empty() => done(call, &said),
            true => undoable(call, &said, &token(&dropped)),
            false => refused(call, "that failed"),
        });
    }
    fixture.send(Msg::Called(0, results));
}

/// The token that undoes a drop.
fn token(dropped: &[Dropped]) -> String {
    let dropped = dropped.iter().map(|dropped| (dropped.queued.message.as_json(), dropped.held.is_some()));
    serde_json::to_string(&dropped.collect::<Vec<_>>()).unwrap()
}

/// Makes a call. Returns whether it succeeded.
fn change(fixture: &mut Fixture, call: &Call, dropped: &mut Vec<Dropped>) -> bool {
    let text = call.text.untrusted();
    let keys: Vec<&str> =
        if call.on.is_empty() { vec![text] } else { call.on.iter().map(Key::untrusted).collect() };
    let ids = || keys.iter().filter_map(|key| key.parse::<MessageId>().ok());
    match (call.command.as_str(), text) {
        ("enqueue", text) => {
            add(fixture, &Message::text(text));
            true
        }
        ("json", text) => {
            add(fixture, &Message::from_json(text, 128).unwrap());
            true
        }
        ("drop", "all") => {
            let all: Vec<_> = State::of(fixture).waiting.into_iter().chain(State::of(fixture).held).collect();
            dropped.extend(all.into_iter().filter_map(|id| remove(fixture, id)));
            !dropped.is_empty()
        }
        ("drop", _) => {
            // A filter drops nothing here.
            dropped.extend(ids().filter_map(|id| remove(fixture, id)));
            ids().next().is_none() || !dropped.is_empty()
        }
        ("hold", _) => ids().next().is_none() || ids().filter(|id| hold(fixture, *id)).count() > 0,
        ("release", "all") => {
            let all = State::of(fixture).held;
            all.into_iter().filter(|id| release(fixture, *id)).count() > 0
        }
        ("release", _) => ids().filter(|id| release(fixture, *id)).count() > 0,
        ("edit", text) => {
            let (id, new) = text.split_once(' ').unwrap();
            message_of(new).is_ok_and(|message| replace(fixture, id.parse().unwrap(), &message))
        }
        ("ignore", _) => keys.iter().filter(|peer| set_status(fixture, peer, Status::Ignored)).count() > 0,
        ("unignore", _) => keys.iter().filter(|peer| set_status(fixture, peer, Status::New)).count() > 0,
        ("forget", _) => {
            let count = fixture.peers.len();
            fixture.peers.retain(|known| !keys.contains(&known.address.to_string().as_str()));
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

fn message_id(item: &Key) -> MessageId {
    item.untrusted().parse().unwrap()
}

fn edit(fixture: &mut Fixture, item: &Key) {
    let id = message_id(item);
    let waited = hold(fixture, id);
    let message =
        fixture.held.iter().find(|held| held.queued.id == id).map(|held| held.queued.message.clone());
    fixture.send(match message {
        Some(message) => {
            let id_text = id.to_string();
            let (send, cancel) = (on_held("edit", &[&id_text]), waited.then(|| calls::undo(&id_text)));
            Msg::Editing(0, item.clone(), Box::new(Draft { text: new_text(&message).into(), send, cancel }))
        }
        None => Msg::EffectDone(Err(EffectError::Other(format!("{id} is not here")))),
    });
}

fn replace(fixture: &mut Fixture, id: MessageId, message: &Message) -> bool {
    let held = fixture.held.iter_mut().map(|held| &mut held.queued);
    let found = fixture.queue.iter_mut().chain(held).find(|queued| queued.id == id);
    found.map(|queued| queued.message = message.clone()).is_some()
}

/// The token of an undo is what was dropped.
fn undo(fixture: &mut Fixture, call: &Call) {
    let dropped: Vec<(String, bool)> = serde_json::from_str(call.text.untrusted()).unwrap();
    for (json, was_held) in dropped {
        let queued = queued(next_number(fixture), &json, 1, 1);
        if was_held {
            fixture.held.push(HeldMessage::new(queued, HeldBy::Hand));
        } else {
            fixture.queue.push(queued);
        }
    }
    fixture.send(Msg::Undone(Ok(Outcome::new("taken back")), None));
}
